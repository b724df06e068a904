//! CUDA drivers that are old, damaged or no drivers: an error that says so, never a panic. Stubs take the
//! driver's place, so that what calls it also runs where no GPU is.

use std::path::Path;
use std::process::Command;

use crate::common::{Act, Folder, Net, error, ranges};
use infer_trt::cuda::{self, Columns, Course, Device, Network, Way};
use infer_trt::{InferError, Provider, SessionOptions, open, probe};

/// What a child process does.
const TASK: &str = "INFER_TEST_DRIVER";

/// Compiles a stub of the driver's, or of the run-time compiler's, library; `None` if there is no C
/// compiler.
fn stub(folder: &Folder, library: &str, source: &str, flags: &[&str]) -> Option<()> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let cc = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let mut command = Command::new(cc);
    command.args(["-shared", "-fPIC", "-w", "-O1", "-o"]).arg(folder.path().join(library));
    command.args(flags).arg(data.join(source));
    let network = folder.path().join("network.c");
    if source == "driver.c" && network.is_file() {
        command.arg("-DNETWORK").arg(network);
    }
    let output = match command.arg("-lm").output() {
        Ok(output) => output,
        Err(e) => {
            eprintln!("not tested: there is no C compiler ({e})");
            return None;
        }
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(())
}

fn driver(folder: &Folder, flags: &[&str]) -> Option<()> {
    stub(folder, "libcuda.so", "driver.c", flags)
}

/// A process loads one driver for good, so each case has a process of its own: this program again, running
/// [`child`] only. Returns what it prints.
fn in_a_process(folder: &Folder, task: &str) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "driver::child", "--include-ignored", "--nocapture"])
        .env(TASK, task)
        .env("LD_LIBRARY_PATH", folder.path())
        // The compiler is the stub, or the system's: none that a command has fetched.
        .env("XDG_CACHE_HOME", folder.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn network() -> Net {
    Net::random(7, 3, &[(Act::Silu, 9), (Act::Tanh, 8)], 2)
}

#[test]
#[ignore = "run by the tests of drivers, in processes of their own"]
fn child() {
    match std::env::var(TASK).as_deref() {
        Ok("open") => refusals(),
        Ok("compute") => compute(),
        _ => {}
    }
}

/// Asks for a driver in every way, and prints what is said.
fn refusals() {
    let item = probe::all().into_iter().find(|item| item.name == "CUDA").unwrap();
    println!("{}", item.status);
    let folder = Folder::new();
    let path = folder.model(&network().model());
    // Twice: a failure must not leave anything half loaded.
    for _ in 0..2 {
        for error in
            [Device::open(0).err(), open(&path, &Provider::FusedCuda, &SessionOptions::default()).err()]
        {
            match error {
                Some(e @ InferError::Unavailable { provider: Provider::FusedCuda, .. }) => println!("{e}"),
                Some(e) => panic!("another error: {e}"),
                None => {}
            }
        }
    }
}

/// Calls everything that needs a driver.
#[allow(unsafe_code, reason = "somebody has to vouch for a kernel's text")]
fn compute() {
    let item = probe::all().into_iter().find(|item| item.name == "CUDA").unwrap();
    assert!(item.status.is_present(), "{}", item.status);
    let device = Device::open(0).unwrap();
    assert_eq!(device.description(), "a stub, compute capability 9.0, driver for CUDA 13.0");
    assert!(device.peak().unwrap() > 0.0 && device.bandwidth().unwrap() > 0.0);
    assert!(matches!(Device::open(1), Err(InferError::Option { option: "device", .. })));

    let folder = Folder::new();
    let net = network();
    let path = folder.model(&net.model());
    let whole: Vec<f64> = net.inputs(5, 1000).chunks(3).flat_map(|x| net.eval(x)).collect();
    let ranges = ranges(&whole, 2);
    let agrees = |x: &[f32], y: &[f32]| {
        let reference: Vec<f64> = x.chunks(3).flat_map(|x| net.eval(x)).collect();
        let error = error(y, &reference, &ranges);
        assert!(error < 1e-6, "{error:e}");
    };
    let mut session = open(&path, &Provider::FusedCuda, &SessionOptions::default().with_chunk(64)).unwrap();
    for rows in [0, 1, 63, 64, 65, 1000] {
        let (x, mut y) = (net.inputs(5, rows), vec![7.0; 2 * rows]);
        session.run(&x, &mut y).unwrap();
        agrees(&x, &y);
    }
    let (x, mut y) = (net.inputs(6, 100), vec![7.0; 200]);
    let mut network = Network::open(&device, &path, Some(Way::Registers), 1 << 20).unwrap();
    assert_eq!(network.seconds(&x, &mut y, 3).unwrap(), [5e-4; 3]);
    agrees(&x, &y);
    Network::open(&device, &path, Some(Way::MatrixUnits), 1 << 20).unwrap();

    // Kernels that do nothing: what they are given comes back.
    let columns = Columns { states: 1, own: 0 };
    // SAFETY: the stub's kernels touch nothing.
    let kernel = unsafe { device.kernel("text", "kernel", columns) }.unwrap();
    assert_eq!(kernel.resources().unwrap(), cuda::Resources { registers: 32, local_bytes: 32 });
    let mut y = [1.0_f32, 2.0];
    assert_eq!(kernel.march(10, 0.1, &[], &mut y).unwrap(), 5e-4);
    let course = Course { edges: &[0.0, 1.0], levels: &[1.0], rtol: 1e-4, atol: &[1e-6], most: 10 };
    // SAFETY: as above.
    let adaptive = unsafe { device.adaptive_kernel::<f32>("text", "kernel", columns) }.unwrap();
    let done = adaptive.integrate(&course, &[], &mut y).unwrap();
    assert_eq!((done.members.len(), y), (2, [1.0, 2.0]));
    for (each, mut y, says) in [(&[][..], vec![0.0; 3], "3"), (&[1.0][..], vec![0.0; 2], "1")] {
        // SAFETY: as above.
        let pairs = unsafe { device.kernel("text", "kernel", Columns { states: 2, own: 0 }) }.unwrap();
        let error = pairs.march(1, 0.1, each, &mut y).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    // SAFETY: as above.
    let error = unsafe { device.kernel("text", "none", columns) }.err().unwrap().to_string();
    assert!(error.contains("find the kernel") && error.contains("an error of the stub"), "{error}");
    println!("all was called");
}

/// The text of the network, so that the stub computes it.
fn write_network(folder: &Folder) {
    let path = folder.model(&network().model());
    let text = cuda::network_source(path, Way::Registers, 1 << 20).unwrap();
    folder.write("network.c", text.as_bytes());
}

/// The stub has what the driver is asked for and nothing else (a unit test compares both), so that nothing
/// can be called that was not asked for.
#[test]
fn everything_runs_with_the_functions_that_are_asked_for() {
    // Also on a device without pools of memory, where memory is taken in another way.
    for flags in [&[][..], &["-DWITHOUT_POOLS"]] {
        let folder = Folder::new();
        write_network(&folder);
        let compiler = || stub(&folder, "libnvrtc.so", "compiler.c", &["-DMAJOR=13"]);
        if driver(&folder, flags).and_then(|()| compiler()).is_none() {
            return;
        }
        let text = in_a_process(&folder, "compute");
        assert!(text.contains("all was called"), "{text}");
    }
}

#[test]
fn a_driver_that_cannot_serve_is_an_error_with_a_remedy() {
    let cases: [(&[&str], &str, &str); 8] = [
        (&["-DVERSION=12060"], "serves CUDA 12.6, and 12.8 is needed", "update NVIDIA's driver"),
        (&["-DVERSION=11080"], "serves CUDA 11.8, and 12.8 is needed", "update NVIDIA's driver"),
        // A name is taken away by giving the function another.
        (&["-DcuInit=other"], "says CUDA 13.0 but lacks cuInit", "update NVIDIA's driver"),
        (&["-DcuEventElapsedTime_v2=other"], "lacks cuEventElapsedTime_v2", "update NVIDIA's driver"),
        (&["-DcuGetErrorString=other"], "lacks cuGetErrorString", "update NVIDIA's driver"),
        (&["-DcuDriverGetVersion=other"], "is no CUDA driver", "install NVIDIA's driver"),
        // What the library says that toolkits have in the driver's place for linking.
        (&["-DSTART=34"], "starting it failed", "install NVIDIA's driver"),
        (&["-DDEVICES=0"], "sees no device", "let a container see the device"),
    ];
    for (flags, reason, remedy) in cases {
        let folder = Folder::new();
        if driver(&folder, flags).is_none() {
            return;
        }
        let text = in_a_process(&folder, "open");
        // From the probe, and twice from a device and a session.
        let said = text.lines().filter(|line| line.contains(reason) && line.contains(remedy)).count();
        assert_eq!(said, 5, "{flags:?}: {text}");
    }
}

#[test]
fn a_compiler_newer_than_the_driver_is_an_error_with_a_remedy() {
    let folder = Folder::new();
    for (version, major, refused) in [("13000", "14", true), ("12090", "13", true), ("13010", "12", false)] {
        let (version, major) = (format!("-DVERSION={version}"), format!("-DMAJOR={major}"));
        let compiler = || stub(&folder, "libnvrtc.so", "compiler.c", &[&major]);
        if driver(&folder, &[&version]).and_then(|()| compiler()).is_none() {
            return;
        }
        let text = in_a_process(&folder, "open");
        let said = text.contains("(libnvrtc) is of CUDA") && text.contains("update NVIDIA's driver");
        assert_eq!(said, refused, "{version} {major}: {text}");
    }
}

#[test]
fn a_library_that_is_no_compiler_is_an_error() {
    let folder = Folder::new();
    let compiler = || stub(&folder, "libnvrtc.so", "compiler.c", &["-DMAJOR=13", "-DnvrtcGetPTX=other"]);
    if driver(&folder, &[]).and_then(|()| compiler()).is_none() {
        return;
    }
    let text = in_a_process(&folder, "open");
    assert!(text.contains("libnvrtc lacks nvrtcGetPTX;") && text.contains("setup nvrtc"), "{text}");
}
