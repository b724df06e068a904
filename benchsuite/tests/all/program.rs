//! The program itself, as a person runs it.

use std::path::Path;
use std::process::{Command, Output};

use crate::common::benchsuite;

/// The message of a run that must fail, on one line: the display wraps it.
fn failure(output: &Output) -> String {
    assert!(!output.status.success(), "it should have failed: {}", String::from_utf8_lossy(&output.stdout));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!text.contains("panicked"), "{text}");
    text.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn json(path: &Path) -> serde_json::Value {
    let text = std::fs::read_to_string(path).expect("the run wrote it");
    serde_json::from_str(&text).expect("it is JSON")
}

/// A short run of one architecture that only Table 14 lists: two networks.
const SHORT: [&str; 8] =
    ["reproduce", "W-A", "--arch", "SiLU16,SiLU16,SiLU16", "--iterations", "200", "--out", "run"];

#[test]
fn usage_names_what_a_person_typed() {
    let help = |runner: Option<&str>| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_benchsuite"));
        program.args(["simulate", "--help"]).env_remove("BENCHSUITE_RUNNER");
        if let Some(runner) = runner {
            program.env("BENCHSUITE_RUNNER", runner);
        }
        String::from_utf8_lossy(&program.output().expect("the program starts").stdout).into_owned()
    };
    assert!(help(None).contains("Usage: benchsuite simulate"));
    assert!(help(Some("cargo xtask")).contains("Usage: cargo xtask simulate"));
}

#[test]
fn the_list_names_every_experiment() {
    let folder = tempfile::tempdir().unwrap();
    let output = benchsuite(folder.path(), &["reproduce", "--list"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("W-A"));
}

#[test]
fn options_that_make_no_sense_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (
            ["reproduce", "W-Q", "--seed", "1"],
            "no experiment is called `W-Q`, did you mean `W-A`?; known: W-A",
        ),
        (["reproduce", "W-A", "--tier", "huge"], "no tier is called `huge`; known: smoke, quick, paper"),
        (["reproduce", "W-A", "--arch", "SiLU9"], "architecture `SiLU9` is in none of the published tables"),
        (["reproduce", "W-A", "--jobs", "0"], "--jobs 0: it must be at least 1"),
        (["reproduce", "W-A", "--resume", "--seed=1"], "holds no run to resume"),
        (["reproduce", "--resume", "--seed", "1"], "holds no run to resume"),
    ] {
        let message = failure(&benchsuite(folder.path(), &arguments));
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_folder_that_cannot_be_written_and_one_with_other_things_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "mine").unwrap();
    let message = failure(&benchsuite(folder.path(), &["reproduce", "W-A", "--out", "file/run"]));
    assert!(message.contains("file/run") && message.contains("--out"), "{message}");

    std::fs::create_dir(folder.path().join("thesis")).unwrap();
    std::fs::write(folder.path().join("thesis/text.tex"), "mine").unwrap();
    let message = failure(&benchsuite(folder.path(), &["reproduce", "W-A", "--out", "thesis"]));
    assert!(message.contains("is not empty and holds no run"), "{message}");
    assert_eq!(std::fs::read_dir(folder.path().join("thesis")).unwrap().count(), 1);
    assert_eq!(std::fs::read_to_string(folder.path().join("file")).unwrap(), "mine");
}

#[test]
fn a_short_run_leaves_a_whole_report_and_damage_to_its_files_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let output = benchsuite(folder.path(), &SHORT);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let run = folder.path().join("run");

    let results = json(&run.join("results.json"));
    let results = results.as_array().unwrap();
    assert_eq!(results.len(), 93);
    for result in results {
        for key in [
            "id",
            "source",
            "published",
            "measured",
            "spread",
            "unit",
            "tolerance",
            "verdict",
            "command",
            "tier",
            "seeds",
        ] {
            assert!(result.get(key).is_some(), "{key} is missing from {result}");
        }
        // Two hundred iterations are no verdict on two million.
        assert_eq!(result["verdict"], "NOT_RUN");
        assert!(result["reason"].is_string());
    }
    let measured = results.iter().filter(|r| r["measured"].is_number()).count();
    // Mean and greatest error of two networks, the share and the ratio; no t test of one pair.
    assert_eq!(measured, 6);
    let manifest = json(&run.join("manifest.json"));
    assert_eq!(manifest["datasets"].as_object().unwrap().len(), 4);
    assert_eq!(manifest["starts"].as_array().unwrap().len(), 1);
    let html = std::fs::read_to_string(run.join("report.html")).unwrap();
    assert!(html.contains("not comparable with the paper") && html.contains("<svg"));
    assert!(std::fs::read_to_string(run.join("report.md")).unwrap().contains("figures/fig16-data.svg"));
    assert_eq!(std::fs::read_to_string(run.join("metrics.jsonl")).unwrap().lines().count(), 40);
    let model = run.join("models/scarce-PINN-SiLU16-SiLU16-SiLU16.onnx");
    assert!(run.join("figures/fig17-scarce.svg").is_file() && model.is_file());

    // Its files are listed, and the list tells damage. The front page takes its numbers and links to it.
    let output = benchsuite(folder.path(), &["verify", "run"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("run: "));
    let results_path = run.join("results.json");
    let whole = std::fs::read(&results_path).unwrap();
    std::fs::write(&results_path, "[]").unwrap();
    let message = failure(&benchsuite(folder.path(), &["verify", "."]));
    assert!(message.contains("results.json holds something else"), "{message}");
    std::fs::write(&results_path, &whole).unwrap();
    // A run without its configuration is not passed over.
    std::fs::rename(run.join("config.json"), folder.path().join("kept-aside")).unwrap();
    let message = failure(&benchsuite(folder.path(), &["verify", "."]));
    assert!(message.contains("config.json is gone"), "{message}");
    std::fs::rename(folder.path().join("kept-aside"), run.join("config.json")).unwrap();
    let output = benchsuite(folder.path(), &["report", "."]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let front = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(front.contains("<a href=\"run/report.html\">") && front.contains("Kainth et al. 2025"));
    let message = failure(&benchsuite(folder.path(), &["verify", "run/models"]));
    assert!(message.contains("holds no run"), "{message}");

    // A finished run is not overwritten; resuming it writes the report anew.
    let message = failure(&benchsuite(folder.path(), &SHORT));
    assert!(message.contains("already holds a finished run"), "{message}");
    let resume = |more: &[&str]| benchsuite(folder.path(), &[&SHORT[..], &["--resume"], more].concat());
    std::fs::remove_file(run.join("report.html")).unwrap();
    let output = resume(&[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(run.join("report.html").is_file());
    assert_eq!(json(&run.join("results.json")).as_array().unwrap(), results);
    let message = failure(&resume(&["--seed", "2"]));
    assert!(
        message.contains("`networks` is") || message.contains("`seed` is 1 there and 2 here"),
        "{message}"
    );

    // Runs of a smaller tier are not kept.
    let message = failure(&benchsuite(folder.path(), &["keep", "run", "--into", "kept"]));
    assert!(message.contains("only runs of tier paper are kept"), "{message}");
    assert!(!folder.path().join("kept").exists());

    // One byte of a data set, of an exported network, of a checkpoint.
    let network = run.join("networks/scarce-PINN-SiLU16-SiLU16-SiLU16");
    let cases = [
        (run.join("data/validation.safetensors"), "data set `validation`"),
        (model, "is damaged: its SHA-256"),
        (network.join("checkpoint.safetensors"), "is not a whole checkpoint"),
    ];
    for (path, words) in cases {
        if path.ends_with("checkpoint.safetensors") {
            std::fs::remove_file(network.join("result.json")).unwrap();
        }
        let whole = std::fs::read(&path).unwrap();
        let mut bytes = whole.clone();
        let at = bytes.len() - 3;
        bytes[at] ^= 0x10;
        std::fs::write(&path, &bytes).unwrap();
        let message = failure(&resume(&[]));
        assert!(message.contains(words), "{message}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "it was overwritten");
        std::fs::write(&path, whole).unwrap();
    }
    assert!(resume(&[]).status.success());
}

#[test]
fn doctor_says_what_is_missing_and_what_it_would_enable() {
    let folder = tempfile::tempdir().unwrap();
    let output = benchsuite(folder.path(), &["doctor"]);
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for word in ["threads", "SIMD", "ONNX Runtime", "CUDA", "TensorRT", "disk", "→"] {
        assert!(text.contains(word), "{word} is missing from\n{text}");
    }
}
