//! Killed at any moment and resumed, a run ends with the same bits.

mod pages;
mod several;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime};

use crate::damage;
use crate::kill::{finish, kill_often, took};

const PINN: &str = "networks/scarce-PINN-SiLU16-SiLU16-SiLU16";

/// A run of two networks that takes a second or more and saves its state all the time.
fn start(out: &Path, resume: bool) -> Child {
    start_long(out, "20000", resume)
}

/// The same with as many iterations as are asked for.
fn start_long(out: &Path, iterations: &str, resume: bool) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_benchsuite"));
    command
        .args(["reproduce", "W-A", "--arch", "SiLU16,SiLU16,SiLU16", "--iterations", iterations])
        .args(["--save-every", "0.05", "--jobs", "2", "--out"])
        .arg(out)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    if resume {
        command.arg("--resume");
    }
    command.spawn().expect("the program starts")
}

/// Waits until the PINN has a checkpoint, another than an earlier start left, and its training still goes on.
fn wait_for_checkpoint(run: &Path, earlier: Option<SystemTime>, child: &mut Child) {
    let started = Instant::now();
    while written(run).is_none_or(|time| Some(time) == earlier) {
        assert!(child.try_wait().expect("a child of ours").is_none(), "it ended before a checkpoint");
        assert!(started.elapsed() < Duration::from_secs(60), "no checkpoint");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// When the PINN's checkpoint was written.
fn written(run: &Path) -> Option<SystemTime> {
    std::fs::metadata(run.join(PINN).join("checkpoint.safetensors")).and_then(|m| m.modified()).ok()
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill is there");
    assert!(status.success());
}

#[test]
fn a_killed_run_resumes_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let time = took(start(&whole, false));

    let mut child = start(&killed, false);
    wait_for_checkpoint(&killed, None, &mut child);
    signal(&child, "-KILL");
    child.wait().unwrap();
    assert!(!killed.join(PINN).join("result.json").exists(), "it was not killed in the middle");
    assert!(!killed.join("results.json").exists());

    // By Ctrl-C it saves, says how to go on, and ends with the code of shells.
    let earlier = written(&killed);
    let mut child = start(&killed, true);
    wait_for_checkpoint(&killed, earlier, &mut child);
    signal(&child, "-INT");
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(text.contains("--resume") && text.contains("--iterations 20000"), "{text}");

    // Then at any moment: while data are read, networks trained, checkpoints or the report written.
    let killed_at_work = kill_often(4, time.mul_f64(0.5), || start(&killed, true));
    assert!(killed_at_work >= 2, "nothing was at work when it was to be killed");

    finish(start(&killed, true));
    let mut compared = 0;
    for network in [PINN, "networks/scarce-DDNN-SiLU16-SiLU16-SiLU16"] {
        let name = network.strip_prefix("networks/").unwrap();
        for file in [
            format!("{network}/checkpoint.safetensors"),
            format!("{network}/metrics.jsonl"),
            format!("models/{name}.onnx"),
        ] {
            let (a, b) =
                (std::fs::read(whole.join(&file)).unwrap(), std::fs::read(killed.join(&file)).unwrap());
            assert!(a == b, "{file} differs from that of the uninterrupted run");
            compared += 1;
        }
    }
    assert_eq!(compared, 6);
    assert_eq!(
        std::fs::read(whole.join("metrics.jsonl")).unwrap(),
        std::fs::read(killed.join("metrics.jsonl")).unwrap()
    );
}

fn benchsuite(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_benchsuite"));
    command.args(args).env("NO_COLOR", "1").stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a program said, on one line: messages are wrapped.
fn said(output: &Output) -> String {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    text.concat().replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Begins a sweep over two small networks.
fn begin(root: &Path, name: &str) -> PathBuf {
    let (plan, folder) = (root.join("plan.toml"), root.join(name));
    let body = "name = \"networks\"\nkind = \"trial\"\n[[section]]\nexperiment = \"W-BS2\"\nproblem = \"B_S\"\n\
                class = \"DDNN\"\nlayers = [\"SiLU8\", \"Tanh8\"]\ndepths = [1]\nbatch = 16\nseed = 1\n\
                samples = 20\niterations = 20000\nvalidate_every = 1000\n";
    std::fs::write(&plan, body).unwrap();
    let arguments = ["sweep", "new", plan.to_str().unwrap(), folder.to_str().unwrap(), "--expire", "20"];
    finish(benchsuite(&arguments).spawn().unwrap());
    folder
}

/// What trials found, without what depends on when and how fast they ran.
fn outcomes(folder: &Path) -> Vec<serde_json::Value> {
    let sweep = benchsuite::sweep::Folder::open(folder).unwrap();
    let results = sweep.results().unwrap().into_values();
    results
        .map(|record| {
            let mut outcome = record.outcome;
            for about in ["iteration_us", "finished"] {
                outcome.as_object_mut().unwrap().remove(about).expect("a result has it");
            }
            outcome
        })
        .collect()
}

#[test]
fn two_workers_killed_at_any_moment_train_the_same_networks() {
    let root = tempfile::tempdir().unwrap();
    let whole = begin(root.path(), "whole");
    let run = |folder: &Path| {
        benchsuite(&["sweep", "run", folder.to_str().unwrap(), "--jobs", "1"]).spawn().unwrap()
    };
    finish(run(&whole));
    let folder = begin(root.path(), "killed");
    let mut workers = [run(&folder), run(&folder)];
    let mut killed = 0;
    for seed in 0..6 {
        let mut chance = damage::Damage(seed);
        std::thread::sleep(Duration::from_millis(5 + chance.below(120) as u64));
        let victim = &mut workers[chance.below(2)];
        if victim.try_wait().unwrap().is_none() {
            victim.kill().unwrap();
            killed += 1;
        }
        victim.wait().unwrap();
        *victim = run(&folder);
    }
    workers.into_iter().for_each(finish);
    assert!(killed > 0, "nothing was at work when it was to be killed");
    assert_eq!(outcomes(&folder).len(), 2);
    assert_eq!(outcomes(&folder), outcomes(&whole));

    pages::a_report_is_whole_or_as_it_was(&folder);
}

/// A program that may write no file longer than so many blocks of 512 bytes, as on a full disk: the system refuses
/// the rest of it. No privilege is needed.
fn cramped(blocks: u32, args: &[&str]) -> Output {
    // Without the trap the signal would end it: that is another test.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_benchsuite")).args(args).env("NO_COLOR", "1");
    command.output().unwrap()
}

#[test]
fn where_there_is_no_room_it_says_so_and_goes_on_later() {
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("run");
    let mut args = vec!["reproduce", "W-A", "--arch", "SiLU16,SiLU16,SiLU16", "--iterations", "200", "--out"];
    args.push(out.to_str().unwrap());
    let mut refused = 0;
    // Room for less and less of the run: from nothing over data and checkpoints to all but the report.
    for blocks in [0, 2, 8, 24, 48] {
        let output = cramped(blocks, &args);
        if output.status.success() {
            continue;
        }
        let text = said(&output);
        assert_eq!(output.status.code(), Some(1), "{blocks} blocks: {text}");
        assert!(
            text.contains("File too large") && text.contains("disk is not full"),
            "{blocks} blocks: {text}"
        );
        refused += 1;
        if out.join("config.json").exists() && !args.contains(&"--resume") {
            args.push("--resume");
        }
        let litter = |folder: &Path| {
            let names = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name());
            names.filter(|n| n.to_string_lossy().contains("tmp")).count()
        };
        assert_eq!(
            litter(root.path()) + if out.exists() { litter(&out) } else { 0 },
            0,
            "half a file is left"
        );
    }
    assert!(refused >= 3, "there was room for all");
    let output = benchsuite(&args).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    let whole = root.path().join("whole");
    *args.iter_mut().find(|a| **a == out.to_str().unwrap()).unwrap() = whole.to_str().unwrap();
    args.retain(|a| *a != "--resume");
    finish(benchsuite(&args).spawn().unwrap());
    for file in ["checkpoint.safetensors", "metrics.jsonl"] {
        let file = Path::new(PINN).join(file);
        assert!(std::fs::read(out.join(&file)).unwrap() == std::fs::read(whole.join(&file)).unwrap());
    }
}

#[test]
fn folders_that_cannot_be_written_and_runs_at_work_are_refused_with_a_remedy() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    std::fs::write(&file, "").unwrap();
    // Permissions do not bind everybody; a folder below a file, and the system's own, do.
    let below = file.join("run");
    let places = if cfg!(target_os = "linux") { vec![below, "/proc/run".into()] } else { vec![below] };
    for place in places {
        let output =
            benchsuite(&["reproduce", "W-A", "--iterations", "10", "--out"]).arg(&place).output().unwrap();
        let text = said(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(place.to_str().unwrap()) && text.contains("choose another"), "{text}");
    }

    let run = root.path().join("run");
    // So long that it is surely at work while the second one starts.
    let long = "2000000";
    let mut child = start_long(&run, long, false);
    wait_for_checkpoint(&run, None, &mut child);
    let before = std::fs::read(run.join("manifest.json")).unwrap();
    let second = start_long(&run, long, true).wait_with_output().unwrap();
    let still_running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(still_running, "the first run ended before the second was refused");
    assert_eq!(second.status.code(), Some(1), "{}", said(&second));
    assert!(said(&second).contains("another process"), "{}", said(&second));
    assert_eq!(std::fs::read(run.join("manifest.json")).unwrap(), before, "the second one wrote");
}
