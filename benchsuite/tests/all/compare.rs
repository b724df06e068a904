//! The command line `compare`, with the real program.

use std::process::{Command, Output};

use benchsuite::compare::report::Comparison;

fn compare(arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_benchsuite"));
    command.arg("compare").args(arguments.split_whitespace());
    // A library that somebody has built is none of this test's business.
    command.env_remove("IONIC_MODEL_LIBRARY").output().unwrap()
}

#[test]
fn ours_and_diffsol_on_an_axon_with_a_rival_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("results");
    let output = compare(&format!(
        "ode --tasks hh_pulse --tolerances 1e-4,1e-7 --rivals diffsol,cvode --methods tsit5,rodas5p \
         --rounds 2 --turn 0.001 --out {}",
        out.display()
    ));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("tsit5") && text.contains("best of ours / best rival"), "{text}");
    assert!(text.contains("not here: SUNDIALS CVODE") && text.contains("cargo xtask compare"), "{text}");

    let json = std::fs::read_to_string(out.join("compare-ode.json")).unwrap();
    let comparison: Comparison = serde_json::from_str(&json).unwrap();
    let solvers =
        ["tsit5", "rodas5p", "diffsol_bdf", "diffsol_tr_bdf2", "diffsol_esdirk34", "diffsol_tsit45"];
    assert_eq!(comparison.rows.len(), 2 * solvers.len());
    for row in &comparison.rows {
        assert!(solvers.contains(&row.solver.as_str()) && row.failure.is_none(), "{row:?}");
        assert!(row.repeats >= 2 && row.us_min > Some(0.0) && row.us_min <= row.us_median, "{row:?}");
        let error = row.error_mv.unwrap();
        assert!(error > comparison.references[0].check_mv && error < 5.0, "{row:?}");
    }
    assert!(comparison.accuracy.iter().any(|a| a.origin == "ours" && a.target_mv == 1e-2 && a.us.is_some()));
    assert!(comparison.origin.command.contains("compare ode --tasks hh_pulse"));
    assert!(std::fs::read_to_string(out.join("compare-ode.md")).unwrap().contains("| tsit5 |"));
    assert!(std::fs::read_to_string(out.join("work-precision-hh_pulse.svg")).unwrap().starts_with("<svg"));
}

#[test]
fn a_wrong_name_is_told_with_the_right_one() {
    let output = compare("ode --tasks lr90");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("lr91"));
}
