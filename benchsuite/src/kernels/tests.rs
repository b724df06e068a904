//! Texts of all models as C, and through NVIDIA's compiler.

mod adaptive;

use super::*;
use ionic_models::registry;
use std::fmt::Write as _;
use std::process::Command;

/// As many steps, of the model's own scale: stable for both methods.
const STEPS: usize = 40;

fn dt(entry: &Entry) -> f64 {
    match entry.time_unit {
        "ms" => 0.001,
        "s" => 1e-5,
        _ => 0.05,
    }
}

/// The stimulus of cell `m`.
fn drive(entry: &Entry, m: usize) -> f64 {
    entry.stimulus.depolarising * [0.0, 0.7][m]
}

/// What the model's function says, step by step.
fn expected(entry: &Entry, step: FixedStep, m: usize) -> Vec<f64> {
    let mut cell = entry.cell();
    cell.set_stimulus(ionic_models::Stimulus::constant(drive(entry, m)).unwrap());
    let mut y = cell.initial_state().to_vec();
    march(&*cell, step, dt(entry), STEPS, &mut y);
    y
}

/// What a program of C prints.
fn run(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (file, program) = (folder.path().join("all.c"), folder.path().join("all"));
    std::fs::write(&file, text).unwrap();
    let cc = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let output = Command::new(cc).args(["-O0", "-o"]).args([&program, &file]).arg("-lm").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = Command::new(program).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// All models in one program of C, both methods, two cells each, against the models' own function.
#[test]
fn every_model_as_c_does_what_its_function_does() {
    let mut text = Source::prelude(Precision::Double).to_owned();
    let mut main = String::from("#include <stdio.h>\nint main(void) {\n");
    let mut all = Vec::new();
    for (k, entry) in registry::models().iter().enumerate() {
        for (step, word) in [(FixedStep::Euler, "euler"), (FixedStep::RushLarsen, "rl")] {
            let name = format!("march_{k}_{word}");
            let source = source(entry, &name, step, Precision::Double).unwrap();
            assert_eq!((source.states(), source.own()), (entry.states.len(), 1), "{}", entry.id);
            text += source.text();
            let cell = entry.cell();
            let start: Vec<String> =
                cell.initial_state().iter().flat_map(|y| [format!("{y:?}"), format!("{y:?}")]).collect();
            let _ = writeln!(
                main,
                "  {{ double each[2] = {{{:?}, {:?}}}, y[] = {{{}}}; {name}(2, {STEPS}, {:?}, each, y);\n    \
                 for (int i = 0; i < {}; i++) printf(\"%.17g\\n\", y[i]); }}",
                drive(entry, 0),
                drive(entry, 1),
                start.join(", "),
                dt(entry),
                start.len()
            );
            all.push((entry, step));
        }
    }
    main += "  return 0;\n}\n";
    let text = run(&(text + &main));
    let mut found = text.lines().map(|l| l.parse::<f64>().unwrap());
    for (entry, step) in all {
        let cells = [expected(entry, step, 0), expected(entry, step, 1)];
        for i in 0..entry.states.len() {
            for cell in &cells {
                let (c, rust) = (found.next().unwrap(), cell[i]);
                let name = format!("{}/{} {step:?} {}", entry.id, entry.variant, entry.states[i].name);
                assert!((c - rust).abs() <= 1e-9 * (1.0 + rust.abs()), "{name}: {c:e} {rust:e}");
            }
        }
    }
    assert!(found.next().is_none());
}

#[test]
#[ignore = "needs NVIDIA's run-time compiler: cargo xtask setup nvrtc"]
fn nvidias_compiler_takes_every_model() {
    let mut text = Source::prelude(Precision::Single).to_owned();
    for (k, entry) in registry::models().iter().enumerate() {
        for (step, word) in [(FixedStep::Euler, "euler"), (FixedStep::RushLarsen, "rl")] {
            let source = source(entry, &format!("march_{k}_{word}"), step, Precision::Single).unwrap();
            text += source.text();
        }
    }
    let ptx = infer_trt::cuda::compile(&text, 9, 0).unwrap();
    assert_eq!(ptx.matches(".entry march_").count(), 2 * registry::models().len());
    // Single precision throughout.
    assert!(!ptx.contains(".f64"), "a number of double precision slipped in");
}
