//! The experiments of neural maps and of operators, as a person runs them.

#[cfg(unix)]
use std::path::Path;

use crate::common::{assert_not_kept, benchsuite, short_run, text};
#[cfg(unix)]
use crate::kill;

#[test]
fn a_part_runs_from_data_to_report_and_says_what_is_not_comparable() {
    let folder = tempfile::tempdir().unwrap();
    let short = ["reproduce", "K-FP", "--iterations", "16", "--out", "run"];
    let results = short_run(folder.path(), &short);
    let run = folder.path().join("run");
    let verdict = |id: &str| {
        let all = results.as_array().unwrap();
        all.iter().find(|r| r["id"] == id).unwrap()["verdict"].as_str().unwrap().to_owned()
    };
    // What is printed of the equations is true at any scale; what is printed of maps is not judged.
    for state in ["V", "n", "S"] {
        assert_eq!(verdict(&format!("K-FP/ode/original/{state}")), "PASS");
        assert_eq!(verdict(&format!("K-FP/ode/bistable/{state}")), "PASS");
    }
    for mu in ["mu1", "mu2", "mu3"] {
        assert_eq!(verdict(&format!("K-EIG/ode/bistable/{mu}")), "PASS");
    }
    assert_eq!(verdict("K-FP/map/original/validation"), "NOT_RUN");
    assert_eq!(verdict("K-PFXP/map"), "NOT_RUN");
    let report = text(&run.join("report.html"));
    for part in ["not comparable with the paper", "Fig. 10", "Fig. 6", "Deviations", "Run it again"] {
        assert!(report.contains(part), "{part} is missing");
    }
    assert!(run.join("models/bistable-0.005-1.onnx").exists());

    // A finished run is written anew without training, and comes out the same.
    let before = text(&run.join("findings.json"));
    let again = benchsuite(folder.path(), &[&short[..], &["--resume"]].concat());
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    assert_eq!(text(&run.join("findings.json")), before);

    assert_not_kept(folder.path());
    #[cfg(unix)]
    killed_after_its_fits_it_ends_with_the_same_bits(folder.path(), &short);
}

/// A run that has its data and its fits, but no map trained by Adam, no analysis and no report, is killed at any
/// moment of what is left, and resumed.
#[cfg(unix)]
fn killed_after_its_fits_it_ends_with_the_same_bits(folder: &Path, short: &[&str]) {
    let run = folder.join("run");
    let taken =
        |name: &str| !["analysis/", "-adam", "/models/", "results.json"].iter().any(|p| name.contains(p));
    let begun = |other: &Path| {
        for file in kill::files_below(&run, taken) {
            std::fs::create_dir_all(other.join(&file).parent().unwrap()).unwrap();
            std::fs::copy(run.join(&file), other.join(&file)).unwrap();
        }
        for fit in ["original-0.005-1", "bistable-0.005-1"] {
            std::fs::remove_file(other.join("maps").join(fit).join("result.json")).unwrap();
        }
    };
    let start = |other: &Path| {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_benchsuite"));
        program.args(&short[..4]).args(["--save-every", "0", "--resume", "--out"]).arg(other);
        program.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
        program.spawn().unwrap()
    };
    let (whole, other) = (folder.join("whole"), folder.join("other"));
    begun(&whole);
    begun(&other);
    let time = kill::took(start(&whole));
    let at_work = kill::kill_often(5, time.mul_f64(0.7), || start(&other));
    assert!(at_work >= 2, "nothing was at work when it was to be killed");
    kill::finish(start(&other));
    let compared = kill::assert_same(&run, &other);
    assert!(compared >= 25, "only {compared} files");
}

#[test]
fn operators_run_from_data_to_report_and_go_on_where_they_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let short = ["reproduce", "F", "--iterations", "18", "--out", "run", "--jobs", "1"];
    let output = benchsuite(folder.path(), &short);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("not comparable with the paper") && said.contains("report.html"), "{said}");
    let run = folder.path().join("run");
    let report = text(&run.join("report.html"));
    for part in ["not comparable with the paper", "F-RES", "F-TUNE", "F-EPOCHS", "APD90", "Deviations"] {
        assert!(report.contains(part), "{part} is missing");
    }
    let findings = text(&run.join("findings.json"));
    let found: serde_json::Value = serde_json::from_str(&findings).unwrap();
    let variables: Vec<usize> = found["nets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|n| n["errors"]["l2"].as_array().unwrap().len())
        .collect();
    assert_eq!(variables, [2, 4, 41]);
    for name in ["fhn", "hh", "ord"] {
        assert!(run.join(format!("models/{name}-constrained.onnx")).exists());
    }
    // The search's survivors reached the last rung, and nobody else.
    let candidates = found["candidates"].as_array().unwrap();
    let rungs: Vec<usize> = candidates.iter().map(|c| c["errors"].as_array().unwrap().len()).collect();
    assert_eq!(rungs, [2, 2, 1, 1, 1, 1, 1, 1]);

    // One network is trained again from its checkpoint, the others are taken as they are.
    std::fs::remove_file(run.join("networks/hh-constrained/result.json")).unwrap();
    let again = benchsuite(folder.path(), &[&short[..], &["--resume"]].concat());
    assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    let mut then: serde_json::Value = serde_json::from_str(&text(&run.join("findings.json"))).unwrap();
    then["nets"][1]["milliseconds_per_iteration"] = found["nets"][1]["milliseconds_per_iteration"].clone();
    assert_eq!(then, found);
}

#[test]
fn options_for_architectures_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = benchsuite(folder.path(), &["reproduce", "K", "--arch", "Tanh9"]);
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && why.contains("one architecture"), "{why}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
