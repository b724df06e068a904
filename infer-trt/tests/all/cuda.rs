//! Kernels without a GPU: their text as C on this machine, through NVIDIA's compiler where it is set
//! up, and what happens without a driver.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::common::{ACTS, Act, Folder, Graph, Net, error, ranges};
use infer_trt::cuda::{self, Way};
use infer_trt::{InferError, Precision, Provider, SessionOptions, open, probe};

/// Compiles a network's text as C and runs rows through it.
fn run_as_c(folder: &Folder, text: &str, x: &[f32], n_in: usize, n_out: usize) -> Vec<f32> {
    let main = format!(
        "\n#include <stdio.h>\n#include <stdlib.h>\nint main(void) {{\n  const long long n = {};\n  \
         float *x = malloc(n * {n_in} * 4), *y = malloc(n * {n_out} * 4);\n  \
         if (fread(x, 4, n * {n_in}, stdin) != (size_t)(n * {n_in})) return 1;\n  network(n, x, y);\n  \
         return fwrite(y, 4, n * {n_out}, stdout) != (size_t)(n * {n_out});\n}}\n",
        x.len() / n_in
    );
    let source = folder.write("network.c", format!("{text}{main}").as_bytes());
    let program = folder.path().join("network");
    let cc = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let output = Command::new(cc).args(["-O1", "-o"]).args([&program, &source]).arg("-lm").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let bytes: Vec<u8> = x.iter().flat_map(|v| v.to_le_bytes()).collect();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

#[test]
fn the_kernel_computes_the_network() {
    let folder = Folder::new();
    // All activations in one network, with blocks of every size, and one as wide as can be.
    let hidden: Vec<(Act, usize)> = ACTS.iter().enumerate().map(|(k, &act)| (act, 7 + 4 * k)).collect();
    for (seed, hidden, n_out) in
        [(1, hidden, 3), (2, vec![(Act::Silu, 64), (Act::Tanh, 64)], 2), (3, vec![], 1)]
    {
        let net = Net::random(seed, 3, &hidden, n_out);
        let text = cuda::network_source(folder.model(&net.model()), Way::Registers, 1 << 20).unwrap();
        let x = net.inputs(5, 500);
        let y = run_as_c(&folder, &text, &x, 3, n_out);
        let reference: Vec<f64> = x.chunks(3).flat_map(|x| net.eval(x)).collect();
        let error = error(&y, &reference, &ranges(&reference, n_out));
        assert!(error < 1e-6, "{hidden:?}: {error:e}");
    }
}

#[test]
fn the_kernel_lets_nan_pass_and_saturates() {
    let folder = Folder::new();
    for act in [Act::Silu, Act::Sigmoid, Act::Tanh, Act::Elu, Act::Relu] {
        let mut g = Graph::default();
        let x = g.node("Identity", &["x"]);
        match act {
            Act::Silu => {
                let s = g.node("Sigmoid", &[&x]);
                g.node("Mul", &[&x, &s]);
            }
            act => {
                g.node(&format!("{act:?}"), &[&x]);
            }
        }
        let text = cuda::network_source(folder.model(&g.model(1, 1)), Way::Registers, 1 << 20).unwrap();
        let y = run_as_c(&folder, &text, &[f32::NAN, 1e30, -1e30], 1, 1);
        assert!(y[0].is_nan(), "{act:?}: {y:?}");
        for (y, x) in [(y[1], 1e30_f32), (y[2], -1e30)] {
            let exact = act.eval(f64::from(x));
            // The least sigmoid is 2^-60.
            assert!((f64::from(y) - exact).abs() <= 1e-18, "{act:?} of {x:e}: {y:e}");
        }
    }
}

#[test]
fn what_a_kernel_cannot_hold_is_refused_with_a_way_out() {
    let folder = Folder::new();
    for (way, width, remedy) in [
        (Way::Registers, 65, "`Way::MatrixUnits`"),
        (Way::Registers, 128, "`Way::MatrixUnits`"),
        (Way::Registers, 129, "`tensorrt`"),
        (Way::MatrixUnits, 129, "`tensorrt`"),
    ] {
        let wide = folder.model(&Net::random(1, 3, &[(Act::Tanh, width)], 2).model());
        let error = cuda::network_source(wide, way, 1 << 20).unwrap_err();
        let refused = matches!(error, InferError::Refused { .. });
        assert!(refused && error.to_string().contains(remedy), "{remedy}: {error}");
    }
    let mut g = Graph::default();
    g.node("Softmax", &["x"]);
    let error = cuda::network_source(folder.model(&g.model(3, 3)), Way::Registers, 1 << 20).unwrap_err();
    assert!(matches!(error, InferError::Unsupported { .. }), "{error}");
}

#[test]
fn without_a_gpu_every_provider_that_needs_one_says_what_is_missing() {
    if probe::cuda().status.is_present() {
        return;
    }
    let folder = Folder::new();
    let path = folder.model(&Net::random(1, 3, &[(Act::Tanh, 4)], 2).model());
    let cache = folder.path().join("engines");
    let tensorrt = |precision| Provider::TensorRt { precision, cache: Some(cache.clone()) };
    for provider in
        [Provider::OrtCuda, tensorrt(Precision::F32), tensorrt(Precision::Bf16), Provider::FusedCuda]
    {
        let error = open(&path, &provider, &SessionOptions::default()).err().unwrap();
        let InferError::Unavailable { provider: named, reason, remedy } = &error else {
            panic!("another error: {error}");
        };
        assert_eq!(named, &provider);
        assert!(!reason.is_empty() && remedy.len() > 20, "{error}");
    }
    assert!(!cache.exists(), "nothing is written for an engine that cannot be built");
    assert!(matches!(cuda::Device::open(0), Err(InferError::Unavailable { .. })));
}

#[test]
#[ignore = "needs NVIDIA's run-time compiler: cargo xtask setup nvrtc"]
fn nvidias_compiler_takes_the_kernel() {
    let folder = Folder::new();
    let hidden: Vec<(Act, usize)> = ACTS.iter().map(|&act| (act, 16)).collect();
    let wide = vec![(Act::Silu, 128); 5];
    for (way, hidden) in [
        (Way::Registers, hidden.clone()),
        (Way::Registers, vec![(Act::Silu, 64); 3]),
        (Way::MatrixUnits, hidden),
        (Way::MatrixUnits, wide),
    ] {
        let net = Net::random(1, 3, &hidden, 2);
        let text = cuda::network_source(folder.model(&net.model()), way, 1 << 20).unwrap();
        for (major, minor) in [(8, 0), (9, 0)] {
            let ptx = cuda::compile(&text, major, minor).unwrap();
            assert!(ptx.contains(".entry network") && ptx.contains(&format!("sm_{major}{minor}")));
            assert_eq!(ptx.contains("mma.sync"), way == Way::MatrixUnits);
            // Activations are in registers: nothing lies in a thread's own memory, apart from what
            // the sine of very large arguments takes.
            let sine = hidden.iter().any(|(act, _)| *act == Act::Sin);
            assert!(sine || !ptx.contains(".local"), "{hidden:?}");
        }
    }
    let error = cuda::compile("extern \"C\" __global__ void k() { x = 1; }", 9, 0).unwrap_err();
    assert!(error.to_string().contains("identifier \"x\" is undefined"), "{error}");
    assert!(cuda::compile("a\0b", 9, 0).unwrap_err().to_string().contains("zero byte"));
}

/// Networks on a device in both ways: shapes that fill no tile, all activations, weights that stay and
/// weights that are fetched layer by layer, numbers of rows that fill no block.
#[test]
#[ignore = "needs an NVIDIA GPU"]
fn a_gpu_computes_the_network() {
    let folder = Folder::new();
    let device = cuda::Device::open(0).unwrap();
    let all: Vec<(Act, usize)> = ACTS.iter().enumerate().map(|(k, &act)| (act, 7 + 4 * k)).collect();
    let wide = vec![(Act::Tanh, 128), (Act::Silu, 128), (Act::Silu, 128), (Act::Elu, 77)];
    for (seed, hidden, n_in, n_out) in [
        (1, all, 3, 3),
        (2, vec![(Act::Silu, 64), (Act::Tanh, 64), (Act::Tanh, 64)], 3, 2),
        (3, vec![], 9, 1),
        (4, wide, 11, 13),
    ] {
        let net = Net::random(seed, n_in, &hidden, n_out);
        let path = folder.model(&net.model());
        let whole: Vec<f64> = net.inputs(5, 1000).chunks(n_in).flat_map(|x| net.eval(x)).collect();
        let ranges = ranges(&whole, n_out);
        for &way in Way::ALL {
            let mut network = match cuda::Network::open(&device, &path, Some(way), 1 << 20) {
                Err(InferError::Refused { .. }) => continue,
                network => network.unwrap(),
            };
            assert_eq!(network.way(), way);
            for rows in [1000, 1, 33, 0] {
                let mut x = net.inputs(5, rows);
                if rows == 33 {
                    x[4 * n_in] = f32::NAN;
                }
                let mut y = vec![7.0; rows * n_out];
                network.run(&x, &mut y).unwrap();
                let mut reference: Vec<f64> = x.chunks(n_in).flat_map(|x| net.eval(x)).collect();
                if rows == 33 {
                    // The row with NaN, and no other.
                    for (k, y) in y.iter_mut().enumerate() {
                        assert_eq!(y.is_nan(), k / n_out == 4, "{way:?} {k}");
                    }
                    y.drain(4 * n_out..5 * n_out);
                    reference.drain(4 * n_out..5 * n_out);
                }
                let error = error(&y, &reference, &ranges);
                assert!(error < 5e-6, "{way:?} {hidden:?}: {error:e}");
            }
            let (x, mut y) = (net.inputs(5, 100), vec![0.0; 100 * n_out]);
            assert_eq!(network.seconds(&x, &mut y, 3).unwrap().len(), 3);
        }
    }
    // A graph without a layer has no weights.
    let mut g = Graph::default();
    g.node("Tanh", &["x"]);
    let path = folder.model(&g.model(3, 3));
    for &way in Way::ALL {
        let mut network = cuda::Network::open(&device, &path, Some(way), 1 << 20).unwrap();
        let mut y = [7.0; 6];
        network.run(&[0.0, 0.5, -1.0, 9.0, 1.0, -9.0], &mut y).unwrap();
        for (y, x) in y.iter().zip([0.0_f32, 0.5, -1.0, 9.0, 1.0, -9.0]) {
            assert!((y - x.tanh()).abs() < 1e-6, "{way:?}: {y} for {x}");
        }
    }
    assert!(device.peak().unwrap() > 1e11 && device.bandwidth().unwrap() > 1e9);
}

/// ONNX Runtime's CUDA provider, in batches that are all of one size, shorter at the end, and empty.
#[test]
#[ignore = "needs an NVIDIA GPU and the GPU build of ONNX Runtime"]
fn onnx_runtime_computes_the_network_on_a_gpu() {
    let folder = Folder::new();
    let net = Net::random(1, 3, &[(Act::Silu, 32), (Act::Tanh, 32)], 2);
    let path = folder.model(&net.model());
    let options = SessionOptions::default().with_chunk(100);
    let mut session = open(&path, &Provider::OrtCuda, &options).unwrap();
    let whole: Vec<f64> = net.inputs(5, 1000).chunks(3).flat_map(|x| net.eval(x)).collect();
    let ranges = ranges(&whole, 2);
    for rows in [100, 250, 0, 7] {
        let (x, mut y) = (net.inputs(5, rows), vec![7.0; 2 * rows]);
        session.run(&x, &mut y).unwrap();
        let reference: Vec<f64> = x.chunks(3).flat_map(|x| net.eval(x)).collect();
        let error = error(&y, &reference, &ranges);
        // Factors rounded to TF32 would give some 1e-3.
        assert!(error < 5e-6, "{error:e}");
    }
}
