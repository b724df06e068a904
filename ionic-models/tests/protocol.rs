//! Pacing protocols: the logic with made-up beats, the result with real cells.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use approx::assert_abs_diff_eq;
use std::path::PathBuf;

use ionic_models::biomarkers::{Pattern, Response};
use ionic_models::protocol::*;
use ionic_models::{AnyCell, registry};
use ode_solvers::{Method, Options, SolveError, StepSize, Tolerance, solve};

fn integrate(
    cell: &dyn AnyCell,
    span: (f64, f64),
    y0: &[f64],
    save_at: &[f64],
) -> Result<Vec<f64>, SolveError> {
    let step = StepSize::Adaptive(Tolerance::new(1e-8, 1e-10));
    solve(cell, Method::Rodas5P, step, span, y0, &Options::save_at(save_at)).map(|s| s.y)
}

/// A beat that maps the first state; the second rests at 1.
fn beat(map: impl Fn(f64) -> f64, end: f64, y0: &[f64], save_at: &[f64]) -> Result<Vec<f64>, String> {
    let value = |t: f64| if t == end { map(y0[0]) } else { y0[0] };
    Ok(save_at.iter().flat_map(|&t| [value(t), 1.0]).collect())
}

const PACING: Pacing = Pacing { period: 100.0, duration: 1.0, amplitude: 0.5 };

fn settle(start: f64, map: impl Fn(f64) -> f64) -> SteadyState {
    let mut cell = registry::find("fitzhugh_nagumo", None).unwrap().cell();
    cell.set_state("U", start).unwrap();
    steady_state(&*cell, &PACING, &SteadyStateSettings::default(), |_, (_, end), y0, at| {
        beat(&map, end, y0, at)
    })
    .unwrap()
}

#[test]
fn fast_convergence_takes_few_beats() {
    let result = settle(0.0, |y| 1.0 + 0.5 * (y - 1.0));
    assert_eq!(result.outcome, Outcome::Converged);
    assert_abs_diff_eq!(result.state[0], 1.0, epsilon = 1e-4);
    assert!((10..20).contains(&result.beats), "{}", result.beats);
    assert_eq!(result.changes.len(), result.beats as usize);
}

#[test]
fn a_slow_creep_is_followed_to_its_end() {
    // Each change is a thousandth of what is left: the first small one comes far from the end.
    let settings = SteadyStateSettings { max_beats: 20_000, ..SteadyStateSettings::default() };
    let mut cell = registry::find("fitzhugh_nagumo", None).unwrap().cell();
    cell.set_state("U", 0.5).unwrap();
    let result = steady_state(&*cell, &PACING, &settings, |_, (_, end), y0, at| {
        beat(|y| 1.0 + 0.999 * (y - 1.0), end, y0, at)
    })
    .unwrap();
    assert_eq!(result.outcome, Outcome::Converged);
    let first_small = result.changes.iter().position(|&c| c <= settings.tolerance).unwrap();
    assert!((first_small as u32) < result.beats / 3, "{first_small} {}", result.beats);
    assert!((result.state[0] - 1.0).abs() < 1.2e-4, "{:?}", result.state);
}

#[test]
fn a_steady_drift_never_settles() {
    let result = settle(1.0, |y| y + 1e-5);
    let Outcome::NotConverged { change, remaining } = result.outcome else { panic!("{result:?}") };
    assert_abs_diff_eq!(change, 1e-5, epsilon = 1e-6);
    assert!(remaining > 1e-3, "{remaining}");
    assert_eq!(result.beats, 2000);
}

#[test]
fn alternans_is_seen() {
    let result = settle(0.5, |y| 2.0 - y);
    let Outcome::Alternans { difference, other } = &result.outcome else { panic!("{result:?}") };
    assert!((difference - 1.0 / 1.5).abs() < 1e-9, "{difference}");
    assert!((other[0] - result.state[0]).abs() > 0.9);
    assert!(result.beats < 12);
    // A decaying alternation is no alternans.
    assert_eq!(settle(0.5, |y| 1.0 - 0.9 * (y - 1.0)).outcome, Outcome::Converged);
    assert_eq!(settle(0.5, |y| 1.0 - 0.99 * (y - 1.0)).outcome, Outcome::Converged);
}

#[test]
fn chaos_and_nan_end_with_the_cap() {
    let result = settle(0.3, |y| 3.9 * y * (1.0 - y));
    assert!(matches!(result.outcome, Outcome::NotConverged { .. }), "{:?}", result.outcome);
    let result = settle(0.3, |_| f64::NAN);
    assert!(matches!(result.outcome, Outcome::NotConverged { change, .. } if change.is_nan()));
}

#[test]
fn failures_name_the_beat() {
    let cell = registry::find("fitzhugh_nagumo", None).unwrap().cell();
    let settings = SteadyStateSettings::default();
    let mut calls = 0;
    let fails = |_: &dyn AnyCell, _: (f64, f64), y0: &[f64], save_at: &[f64]| {
        calls += 1;
        if calls == 3 {
            Err("no more".to_owned())
        } else {
            Ok(vec![y0[0] + f64::from(calls); 2 * save_at.len()])
        }
    };
    let error = steady_state(&*cell, &PACING, &settings, fails).unwrap_err();
    assert_eq!(error.to_string(), "beat 3 at period 100: no more");
    let short = |_: &dyn AnyCell, _: (f64, f64), _: &[f64], _: &[f64]| Ok::<_, String>(vec![1.0; 3]);
    let error = steady_state(&*cell, &PACING, &settings, short).unwrap_err();
    assert!(matches!(error, ProtocolError::WrongLength { found: 3, .. }), "{error}");
}

#[test]
fn settings_that_make_no_sense() {
    let cell = registry::find("fitzhugh_nagumo", None).unwrap().cell();
    let refused = |pacing: Pacing, settings: SteadyStateSettings| {
        steady_state(&*cell, &pacing, &settings, |_, (_, end), y0, at| beat(|y| y, end, y0, at))
            .unwrap_err()
            .to_string()
    };
    let good = SteadyStateSettings::default;
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(refused(Pacing { period: bad, ..PACING }, good()).contains("period"));
        assert!(refused(Pacing { duration: bad, ..PACING }, good()).contains("duration"));
        assert!(refused(PACING, SteadyStateSettings { tolerance: bad, ..good() }).contains("tolerance"));
        assert!(
            refused(PACING, SteadyStateSettings { sample_every: bad, ..good() }).contains("sample_every")
        );
    }
    assert!(refused(Pacing { duration: 100.0, ..PACING }, good()).contains("duration"));
    assert!(refused(Pacing { amplitude: f64::NAN, ..PACING }, good()).contains("amplitude"));
    assert!(refused(PACING, SteadyStateSettings { max_beats: 0, ..good() }).contains("max_beats"));
    assert!(refused(PACING, SteadyStateSettings { sample_every: 1e-9, ..good() }).contains("sample_every"));

    let dynamic = DynamicRestitution { periods: vec![100.0], ..dynamic() };
    let error = dynamic_restitution(&*cell, &dynamic, |_, (_, end), y0, at| beat(|y| y, end, y0, at))
        .unwrap_err()
        .to_string();
    assert!(error.contains("no state called `V`"), "{error}");
    let few = DynamicRestitution { beats: 3, voltage: "U".into(), ..dynamic };
    assert!(
        dynamic_restitution(&*cell, &few, |_, (_, end), y0, at| beat(|y| y, end, y0, at))
            .unwrap_err()
            .to_string()
            .contains("four")
    );
    let percent = DynamicRestitution { beats: 4, percent: 100.0, ..few };
    assert!(
        dynamic_restitution(&*cell, &percent, |_, (_, end), y0, at| beat(|y| y, end, y0, at))
            .unwrap_err()
            .to_string()
            .contains("percentage")
    );
    let early = S2Restitution { s2_intervals: vec![1.0], voltage: "U".into(), ..premature() };
    assert!(
        s2_restitution(&*cell, &early, |_, (_, end), y0, at| beat(|y| y, end, y0, at))
            .unwrap_err()
            .to_string()
            .contains("s2_intervals")
    );
}

fn luo_rudy() -> Box<dyn AnyCell> {
    registry::find("luo_rudy_1991", None).unwrap().cell()
}

fn dynamic() -> DynamicRestitution {
    DynamicRestitution {
        periods: vec![1000.0, 700.0, 500.0],
        beats: 12,
        duration: 2.0,
        amplitude: -25.5,
        voltage: "V".to_owned(),
        percent: 90.0,
        sample_every: 0.5,
        tolerance: 1e-2,
    }
}

fn premature() -> S2Restitution {
    S2Restitution {
        s1: Pacing { period: 1000.0, duration: 2.0, amplitude: -25.5 },
        s1_beats: 12,
        s2_intervals: vec![1000.0, 700.0, 450.0],
        s2_amplitude: -25.5,
        watch: 800.0,
        voltage: "V".to_owned(),
        percent: 90.0,
        sample_every: 0.5,
    }
}

/// The state after 99 beats of an independent integration is the steady state.
#[test]
fn luo_rudy_settles_where_a_hundred_beats_lead() {
    let pacing = Pacing::published(registry::find("luo_rudy_1991", None).unwrap()).unwrap();
    let result = steady_state(&*luo_rudy(), &pacing, &SteadyStateSettings::default(), integrate).unwrap();
    assert_eq!(result.outcome, Outcome::Converged);
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/luo_rudy_1991_beat100.csv");
    let text = std::fs::read_to_string(file).unwrap();
    let row = text.lines().find(|l| l.starts_with("99000.0,")).unwrap();
    for (is, should) in result.state.iter().zip(row.split(',').skip(1)) {
        let should: f64 = should.parse().unwrap();
        assert!((is - should).abs() <= 5e-4 * should.abs(), "{is} {should} after {} beats", result.beats);
    }
}

#[test]
fn dynamic_restitution_shortens_with_the_period() {
    let points = dynamic_restitution(&*luo_rudy(), &dynamic(), integrate).unwrap();
    let apds: Vec<f64> = points
        .iter()
        .map(|p| match p.pattern {
            Some(Pattern::Steady { mean }) => mean,
            other => panic!("{other:?} at {}", p.period),
        })
        .collect();
    // The hundredth beat of an independent integration at 1 Hz: 360.723 ms.
    assert!((apds[0] - 360.723).abs() < 0.5, "{apds:?}");
    assert!(apds[0] > apds[1] + 5.0 && apds[1] > apds[2] + 5.0, "{apds:?}");
    for point in &points {
        let interval = point.diastolic_interval.unwrap();
        let end = point.responses[2].action_potential().unwrap().repolarised_at(90.0).unwrap();
        assert_abs_diff_eq!(interval + end, point.period, epsilon = 1e-9);
    }
}

#[test]
fn stimuli_that_come_too_fast_are_missed() {
    let fast = DynamicRestitution { periods: vec![120.0], beats: 20, ..dynamic() };
    let point = dynamic_restitution(&*luo_rudy(), &fast, integrate).unwrap().remove(0);
    assert_eq!(point.pattern, None);
    assert!(point.apds.iter().any(Option::is_none), "{point:?}");
}

#[test]
fn s2_restitution_of_luo_rudy() {
    let protocol = S2Restitution { s2_intervals: vec![1000.0, 700.0, 450.0, 60.0], ..premature() };
    let (regular, points) = s2_restitution(&*luo_rudy(), &protocol, integrate).unwrap();
    let s1 = regular.apd(90.0).unwrap();
    assert!((s1 - 360.723).abs() < 0.5, "{s1}");
    let apds: Vec<Option<f64>> = points.iter().map(|p| p.response.apd(90.0)).collect();
    // A stimulus after the regular interval is one more regular beat.
    assert!((apds[0].unwrap() - s1).abs() < 0.05, "{apds:?} {s1}");
    assert!(apds[0] > apds[1] && apds[1] > apds[2], "{apds:?}");
    // In the plateau there is no second action potential, and the interval is negative.
    assert!(points[3].diastolic_interval.unwrap() < 0.0);
    assert!(matches!(points[3].response, Response::StillDepolarised { .. }), "{:?}", points[3].response);
}
