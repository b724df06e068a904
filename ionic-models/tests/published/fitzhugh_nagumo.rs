//! FitzHugh–Nagumo: trajectories, limit cycles, excitation threshold.

use approx::assert_abs_diff_eq;
use ionic_models::{AnyCell, Stimulus, registry};
use ode_solvers::{Method, Options, Solution, StepSize, Tolerance, solve};
use serde_json::Value;

use crate::table;

pub(crate) fn vectors() -> Value {
    serde_json::from_str(&std::fs::read_to_string(table::path("oscillators.json")).unwrap()).unwrap()
}

pub(crate) fn floats(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// The cell of a test vector.
pub(crate) fn cell(case: &Value) -> Box<dyn AnyCell> {
    let entry = registry::find(case["model"].as_str().unwrap(), case["variant"].as_str()).unwrap();
    let mut cell = entry.cell();
    cell.set_stimulus(Stimulus::constant(case["stimulus"].as_f64().unwrap()).unwrap());
    for (name, value) in case["parameters"].as_object().unwrap() {
        cell.set_parameter(name, value.as_f64().unwrap()).unwrap();
    }
    cell
}

pub(crate) fn run(cell: &dyn AnyCell, t_end: f64, y0: &[f64], times: Vec<f64>) -> Solution {
    let step = StepSize::Adaptive(Tolerance::new(1e-11, 1e-13));
    solve(cell, Method::Rodas5P, step, (0.0, t_end), y0, &Options::save_at(times)).unwrap()
}

#[test]
fn trajectories_of_both_oscillators_meet_the_vectors() {
    let vectors = vectors();
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let times = floats(&case["t"]);
        let (cell, initial) = (cell(case), floats(&case["initial"]));
        assert_eq!(cell.initial_state(), initial);
        let solution = run(cell.as_ref(), *times.last().unwrap(), &initial, times.clone());
        for (k, t) in times.iter().enumerate() {
            for (is, should) in solution.state(k).iter().zip(floats(&case["states"][k])) {
                let error = (is - should).abs() / should.abs().max(1.0);
                assert!(error < 3e-8, "{} at {t}: {is}, {should}", case["model"]);
            }
        }
        if let Some(derivative) = case.get("derivative") {
            let mut dy = [0.0; 3];
            ode_solvers::System::rhs(cell.as_ref(), 0.0, &initial, &mut dy);
            for (is, should) in dy.into_iter().zip(floats(derivative)) {
                assert!((is - should).abs() <= 1e-13 * should.abs().max(1e-3), "{is} {should}");
            }
        }
    }
}

#[test]
fn limit_cycles_have_the_periods_and_extrema() {
    let mut compared = 0;
    for case in vectors()["cases"].as_array().unwrap().iter().filter(|c| c.get("period").is_some()) {
        let cell = cell(case);
        let (dt, n) = (1e-3, 260_001);
        let times: Vec<f64> = (0..n).map(|k| k as f64 * dt).collect();
        let solution = run(cell.as_ref(), times[n - 1], &[0.5, 0.0], times);
        let u: Vec<f64> = solution.column(0).collect();
        let rising: Vec<f64> = (100_000..n - 2)
            .filter(|&k| u[k - 1] < 0.5 && u[k] >= 0.5)
            .map(|k| crossing(&u[k - 2..k + 2], k as f64) * dt)
            .collect();
        let periods = rising.len() - 1;
        let period = (rising[periods] - rising[0]) / periods as f64;
        let should = case["period"].as_f64().unwrap();
        assert!((period - should).abs() < 1e-6, "{period} {should}");
        for (i, (low, high)) in floats(&case["min"]).into_iter().zip(floats(&case["max"])).enumerate() {
            let late = || solution.column(i).skip(100_000);
            assert_abs_diff_eq!(late().fold(f64::MAX, f64::min), low, epsilon = 3e-6);
            assert_abs_diff_eq!(late().fold(f64::MIN, f64::max), high, epsilon = 3e-6);
        }
        compared += 1;
    }
    assert_eq!(compared, 3);
}

/// Where the cubic through four samples at k−2 … k+1 reaches 0.5, by bisection between k−1 and k.
fn crossing(u: &[f64], k: f64) -> f64 {
    let cubic = |s: f64| {
        // Lagrange's form on the nodes −2, −1, 0, 1.
        -u[0] * (s + 1.0) * s * (s - 1.0) / 6.0 + u[1] * (s + 2.0) * s * (s - 1.0) / 2.0
            - u[2] * (s + 2.0) * (s + 1.0) * (s - 1.0) / 2.0
            + u[3] * (s + 2.0) * (s + 1.0) * s / 6.0
    };
    let (mut low, mut high) = (-1.0, 0.0);
    for _ in 0..60 {
        let mid = 0.5 * (low + high);
        if cubic(mid) < 0.5 { low = mid } else { high = mid }
    }
    k + low
}

/// The smallest initial excitation from which U exceeds 0.7.
#[test]
fn the_excitation_threshold() {
    let cell = registry::find("fitzhugh_nagumo", Some("werneck")).unwrap().cell();
    let times: Vec<f64> = (0..=2000).map(|k| f64::from(k) * 0.01).collect();
    let excited = |u0: f64| run(cell.as_ref(), 20.0, &[u0, 0.0], times.clone()).column(0).any(|u| u > 0.7);
    let (mut low, mut high) = (0.4, 0.5);
    while high - low > 1e-11 {
        let mid = 0.5 * (low + high);
        if excited(mid) { high = mid } else { low = mid }
    }
    let should = vectors()["fhn_threshold"].as_f64().unwrap();
    assert!((high - should).abs() < 1e-8, "{high} {should}");
    // Werneck's problem B: the same threshold, with the peak read off a time grid.
    assert!((high - 0.427981645796).abs() < 1e-6, "{high}");
}

/// Without a stimulus the other scaling rests at zero, and a pulse excites it.
#[test]
fn the_other_scaling_rests_and_fires() {
    let mut cell = registry::find("fitzhugh_nagumo", Some("pavia")).unwrap().cell();
    let times: Vec<f64> = (0..=1000).map(|k| f64::from(k) * 0.1).collect();
    let rest = run(cell.as_ref(), 100.0, &[0.0, 0.0], times.clone());
    assert_eq!(rest.last(), [0.0, 0.0]);
    let pulse = ionic_models::Pulse { start: 0.0, duration: 1.0, amplitude: 1.0 };
    cell.set_stimulus(Stimulus::pulses(vec![pulse]).unwrap());
    let fired = run(cell.as_ref(), 100.0, &[0.0, 0.0], times);
    let peak = fired.column(0).fold(f64::MIN, f64::max);
    assert!(peak > 0.9 && peak < 1.3, "{peak}");
    assert!(fired.last()[0].abs() < 0.05);
}
