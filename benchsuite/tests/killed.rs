//! Killed at any moment and resumed, a run ends with the same bits.

#![cfg(unix)]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PINN: &str = "networks/scarce-PINN-SiLU16-SiLU16-SiLU16";

/// A run of two networks that takes a second or more and saves its state all the time.
fn start(out: &Path, resume: bool) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_benchsuite"));
    command
        .args(["reproduce", "W-A", "--arch", "SiLU16,SiLU16,SiLU16", "--iterations", "20000"])
        .args(["--save-every", "0.05", "--jobs", "2", "--out"])
        .arg(out)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    if resume {
        command.arg("--resume");
    }
    command.spawn().expect("the program starts")
}

/// Waits until the PINN's first checkpoint is there and its training still goes on.
fn wait_for_checkpoint(run: &Path, child: &mut Child) {
    let started = Instant::now();
    while !run.join(PINN).join("checkpoint.safetensors").exists() {
        assert!(child.try_wait().expect("a child of ours").is_none(), "it ended before its first checkpoint");
        assert!(started.elapsed() < Duration::from_secs(60), "no checkpoint");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn finish(child: Child) {
    let output = child.wait_with_output().expect("a child of ours");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill is there");
    assert!(status.success());
}

#[test]
fn a_killed_run_resumes_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    finish(start(&whole, false));

    let mut child = start(&killed, false);
    wait_for_checkpoint(&killed, &mut child);
    signal(&child, "-KILL");
    child.wait().unwrap();
    assert!(!killed.join(PINN).join("result.json").exists(), "it was not killed in the middle");
    assert!(!killed.join("results.json").exists());

    // A second time, by Ctrl-C: it saves, says how to go on, and ends with the code of shells.
    let mut child = start(&killed, true);
    std::thread::sleep(Duration::from_millis(200));
    let still_running = child.try_wait().unwrap().is_none();
    if still_running {
        signal(&child, "-INT");
    }
    let output = child.wait_with_output().unwrap();
    if still_running && output.status.code() != Some(0) {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(130), "{text}");
        assert!(text.contains("--resume") && text.contains("--iterations 20000"), "{text}");
    }

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
