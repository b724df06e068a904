//! Hodgkin–Huxley: derivatives, spike times, period and extrema.

use approx::assert_abs_diff_eq;
use ionic_models::{AnyCell, Stimulus, registry};
use ode_solvers::{Method, Options, StepSize, Tolerance, solve};

fn modern() -> Box<dyn AnyCell> {
    let mut cell = registry::find("hodgkin_huxley_1952", Some("modern")).unwrap().cell();
    cell.set_stimulus(Stimulus::constant(10.0).unwrap());
    cell
}

#[test]
fn derivatives_at_the_initial_state() {
    // 40-digit arithmetic.
    let published = [9.68515168, 0.01238553835539853, -0.00045552390654006853, -0.00042558393288580314];
    let cell = modern();
    let mut dy = [0.0; 4];
    cell.rhs(0.0, cell.initial_state(), &mut dy);
    for (is, should) in dy.into_iter().zip(published) {
        assert!((is - should).abs() < 1e-13, "{is} {should}");
    }
}

#[test]
fn spike_times_period_and_extrema() {
    let cell = modern();
    let n = 100_001;
    let times: Vec<f64> = (0..n).map(|k| k as f64 * 1e-3).collect();
    let tolerance = StepSize::Adaptive(Tolerance::new(1e-10, 1e-12));
    let y0 = cell.initial_state().to_vec();
    let solution =
        solve(cell.as_ref(), Method::Rodas5P, tolerance, (0.0, 100.0), &y0, &Options::save_at(times))
            .unwrap();
    let v: Vec<f64> = solution.column(0).collect();
    let spikes: Vec<f64> = (1..n)
        .filter(|&k| v[k - 1] < 0.0 && v[k] >= 0.0)
        .map(|k| (k as f64 - v[k] / (v[k] - v[k - 1])) * 1e-3)
        .collect();
    let expected = [1.924, 16.850, 31.502, 46.141, 60.780, 75.418, 90.056];
    assert_eq!(spikes.len(), expected.len());
    // Three decimals, some of them cut, not rounded.
    for (is, should) in spikes.iter().zip(expected) {
        assert!((is - should).abs() < 1e-3, "{is} {should}");
    }
    assert_abs_diff_eq!(spikes[6] - spikes[5], 14.639, epsilon = 1e-3);
    let max = |from: usize, to: usize| v[from..to].iter().copied().fold(f64::MIN, f64::max);
    assert_abs_diff_eq!(max(0, 10_000), 40.225, epsilon = 6e-4);
    assert_abs_diff_eq!(max(80_000, n), 30.433, epsilon = 6e-4);
    let min = v[80_000..].iter().copied().fold(f64::MAX, f64::min);
    assert!((min + 74.897).abs() < 6e-4, "{min}");
}

/// The published initial state of the 1952 convention is its rest: four to five digits are printed.
#[test]
fn the_squid_axon_starts_at_rest() {
    let cell = registry::find("hodgkin_huxley_1952", Some("squid_1952")).unwrap().cell();
    let mut dy = [0.0; 4];
    cell.rhs(0.0, cell.initial_state(), &mut dy);
    for d in dy {
        assert!(d.abs() < 1e-3, "{dy:?}");
    }
}
