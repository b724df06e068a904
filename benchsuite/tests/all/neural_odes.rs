//! The experiment of the neural ODEs, as a person runs it.

use crate::common::{assert_not_kept, benchsuite, short_run, text};
#[cfg(unix)]
use crate::kill;

#[test]
fn a_short_run_goes_from_data_to_report_and_comes_out_the_same_when_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let short = ["reproduce", "P", "--iterations", "12", "--out", "run"];
    let started = std::time::Instant::now();
    let results = short_run(folder.path(), &short);
    let time = started.elapsed();
    let run = folder.path().join("run");
    assert!(results.as_array().unwrap().iter().all(|r| r["verdict"] == "NOT_RUN"));
    let report = text(&run.join("report.html"));
    for part in ["get no verdict", "PI-NODE-SR", "adjoint-quadrature", "What is ours", "Run it again"] {
        assert!(report.contains(part), "{part} is missing");
    }
    for model in ["pi-node-sr-1.onnx", "pi-node-sr-1.step.onnx", "pinn-1.onnx"] {
        assert!(run.join("models").join(model).exists(), "{model} is missing");
    }

    // A network that has no result yet goes on from its checkpoint, and the run comes out the same.
    let before: serde_json::Value = serde_json::from_str(&text(&run.join("findings.json"))).unwrap();
    std::fs::remove_file(run.join("trials/node-1/result.json")).unwrap();
    let again = benchsuite(folder.path(), &[&short[..], &["--resume"]].concat());
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    let mut after: serde_json::Value = serde_json::from_str(&text(&run.join("findings.json"))).unwrap();
    for (a, b) in
        after["networks"].as_array_mut().unwrap().iter_mut().zip(before["networks"].as_array().unwrap())
    {
        // Time alone may differ.
        a["microseconds_per_iteration"] = b["microseconds_per_iteration"].clone();
    }
    assert_eq!(after, before);

    assert_not_kept(folder.path());

    // Killed at any moment and resumed, another run ends with the same bits.
    #[cfg(unix)]
    {
        let other = folder.path().join("other");
        let start = || {
            let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_benchsuite"));
            program.args(&short[..4]).args(["--save-every", "0", "--out"]).arg(&other);
            program.args(other.join("config.json").exists().then_some("--resume"));
            program.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
            program.spawn().unwrap()
        };
        let at_work = kill::kill_often(5, time.mul_f64(0.7), start);
        assert!(at_work >= 2, "nothing was at work when it was to be killed");
        kill::finish(start());
        let compared = kill::assert_same(&run, &other);
        assert!(compared >= 40, "only {compared} files");
    }
}
