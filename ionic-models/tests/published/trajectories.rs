//! Trajectories, against tight-tolerance integrations of the CellML encodings.

use ionic_models::{AnyCell, PulseTrain, Stimulus, registry};
use ode_solvers::{Method, Options, StepSize, Tolerance, solve};

use crate::table::{self, Table};

/// The published pacing protocol of a model.
fn paced(id: &str, variant: Option<&str>) -> Box<dyn AnyCell> {
    let entry = registry::find(id, variant).unwrap();
    let mut cell = entry.cell();
    cell.set_stimulus(Stimulus::pulse_train(entry.stimulus.pacing.unwrap()).unwrap());
    cell
}

fn tight() -> StepSize {
    StepSize::Adaptive(Tolerance::new(1e-10, 1e-12))
}

/// Starts from the table's first row and compares every row and state, in units of the state's range.
fn meets(cell: &dyn AnyCell, table: &Table, file: &str) {
    let times: Vec<f64> = table.rows.iter().map(|r| r[0]).collect();
    let span = (times[0], *times.last().unwrap());
    let y0 = &table.rows[0][1..];
    let solution = solve(cell, Method::Rodas5P, tight(), span, y0, &Options::save_at(times)).unwrap();
    let mut worst = (0.0, 0, 0);
    for (k, row) in table.rows.iter().enumerate() {
        for (i, (&is, &should)) in solution.state(k).iter().zip(&row[1..]).enumerate() {
            let error = (is - should).abs() / table.range[i];
            if error > worst.0 || error.is_nan() {
                worst = (error, k, i);
            }
        }
    }
    let (error, k, i) = worst;
    println!("{file}: {error:.2e} of the range, {} steps", solution.stats.accepted);
    assert!(
        error < 1e-6,
        "{file}: {} at t = {} differs by {error:.1e} of its range",
        cell.state_table()[i].name,
        table.rows[k][0],
    );
}

/// Beat 1 from the model's own initial state, beat 100 from the state after beat 99.
fn meets_both_beats(id: &str, variant: Option<&str>) {
    let cell = paced(id, variant);
    let stem = variant.map_or_else(|| id.to_owned(), |v| format!("{id}_{v}"));
    for beat in ["beat1", "beat100"] {
        let file = format!("{stem}_{beat}.csv");
        let table = table::read(&file);
        let cellml: Vec<_> = cell.state_table().iter().map(|s| s.cellml).collect();
        assert_eq!(cellml, table.names[1..], "{file}");
        if beat == "beat1" {
            assert_eq!(cell.initial_state(), &table.rows[0][1..], "{file}: initial state");
        }
        meets(cell.as_ref(), &table, &file);
    }
}

/// All beats in one go: the state after each recorded beat.
fn meets_all_beats(id: &str, variant: Option<&str>) {
    let cell = paced(id, variant);
    let stem = variant.map_or_else(|| id.to_owned(), |v| format!("{id}_{v}"));
    let file = format!("{stem}_beat_ends.csv");
    let table = table::read(&file);
    let range = table::read(&format!("{stem}_beat1.csv")).range;
    let times: Vec<f64> = table.rows.iter().map(|r| r[0] * 1000.0).collect();
    let span = (0.0, *times.last().unwrap());
    let y0 = cell.initial_state().to_vec();
    let solution =
        solve(cell.as_ref(), Method::Rodas5P, tight(), span, &y0, &Options::save_at(times)).unwrap();
    for (k, row) in table.rows.iter().enumerate() {
        for (i, (&is, &should)) in solution.state(k).iter().zip(&row[1..]).enumerate() {
            let error = (is - should).abs() / range[i];
            assert!(error < 1e-6, "{file}: beat {}, {}: {error:.1e}", row[0], table.names[i + 1]);
        }
    }
}

#[test]
fn luo_rudy_1991_meets_beats_1_and_100() {
    meets_both_beats("luo_rudy_1991", None);
}

#[test]
fn beeler_reuter_1977_meets_beats_1_and_100() {
    meets_both_beats("beeler_reuter_1977", None);
}

#[test]
fn ten_tusscher_panfilov_2006_meets_beats_1_and_100() {
    meets_both_beats("ten_tusscher_panfilov_2006", Some("epi"));
}

#[test]
fn ohara_rudy_2011_meets_beats_1_and_100() {
    meets_both_beats("ohara_rudy_2011", Some("endo"));
}

#[test]
#[ignore = "three hundred beats, seconds on a free machine: cargo xtask verify-models"]
fn all_hundred_beats_of_the_small_models() {
    meets_all_beats("luo_rudy_1991", None);
    meets_all_beats("beeler_reuter_1977", None);
    meets_all_beats("ten_tusscher_panfilov_2006", Some("epi"));
}

#[test]
#[ignore = "a hundred beats, seconds on a free machine: cargo xtask verify-models"]
fn all_hundred_beats_of_ohara_rudy_2011() {
    meets_all_beats("ohara_rudy_2011", Some("endo"));
}

/// Hodgkin–Huxley with rest at −60 mV, as Myokit encodes it: the same equations, other values.
fn axon_at_minus_60(stimulus: Stimulus) -> Box<dyn AnyCell> {
    let mut cell = registry::find("hodgkin_huxley_1952", None).unwrap().cell();
    for (name, value) in [("V_rest", -60.0), ("ina.ENa", 55.0), ("ik.EK", -72.0), ("ileak.Eleak", -50.613)] {
        assert_eq!(cell.set_parameter(name, value).unwrap(), None);
    }
    for (name, value) in [("membrane.V", -60.3), ("ina.m", 0.051), ("ina.h", 0.607), ("ik.n", 0.313)] {
        assert_eq!(cell.set_state(name, value).unwrap(), None);
    }
    cell.set_stimulus(stimulus);
    cell
}

#[test]
fn hodgkin_huxley_meets_the_constant_current() {
    let file = "hodgkin_huxley_1952_step.csv";
    let cell = axon_at_minus_60(Stimulus::constant(10.0).unwrap());
    let table = table::read(file);
    assert_eq!(cell.initial_state(), &table.rows[0][1..]);
    meets(cell.as_ref(), &table, file);
}

#[test]
fn hodgkin_huxley_meets_the_pulse() {
    let file = "hodgkin_huxley_1952_pulse.csv";
    let pulse = PulseTrain { start: 5.0, period: 1000.0, duration: 0.5, amplitude: 20.0, count: Some(1) };
    meets(axon_at_minus_60(Stimulus::pulse_train(pulse).unwrap()).as_ref(), &table::read(file), file);
}
