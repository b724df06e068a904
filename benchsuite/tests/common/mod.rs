//! The program as a person starts it.

use std::path::Path;
use std::process::{Command, Output};

/// Runs the program in a folder.
pub(crate) fn benchsuite(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_benchsuite"))
        .current_dir(folder)
        .args(arguments)
        .env("NO_COLOR", "1")
        .env_remove("BENCHSUITE_RUNNER")
        .output()
        .expect("the program starts")
}

/// A file that a run wrote.
pub(crate) fn text(path: &Path) -> String {
    std::fs::read_to_string(path).expect("the run wrote it")
}

/// Runs an experiment at tier smoke into the folder `run`, and says what stands in its `results.json`.
pub(crate) fn short_run(folder: &Path, arguments: &[&str]) -> serde_json::Value {
    let output = benchsuite(folder, arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("not comparable with the paper") && said.contains("report.html"), "{said}");
    serde_json::from_str(&text(&folder.join("run/results.json"))).expect("it is JSON")
}

/// That a run of tier smoke is not kept.
pub(crate) fn assert_not_kept(folder: &Path) {
    let kept = benchsuite(folder, &["keep", "run", "--into", "kept"]);
    let why = String::from_utf8_lossy(&kept.stderr).into_owned();
    assert!(!kept.status.success() && why.contains("tier smoke"), "{why}");
    assert!(!folder.join("kept").exists());
}
