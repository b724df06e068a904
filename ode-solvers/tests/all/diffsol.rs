//! diffsol's methods behind `solve`: the same stops, times to record and errors as ours.
#![cfg(feature = "diffsol")]
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use crate::common::HodgkinHuxley;
use approx::assert_relative_eq;
use ode_solvers::problems::{Hires, Problem};
use ode_solvers::{
    Event, FnSystem, Linearize, Method, Options, Solution, SolveError, StepSize, Tolerance, solve,
    solve_with_events,
};

fn run(
    system: &dyn Linearize,
    method: Method,
    rtol: f64,
    end: f64,
    y0: &[f64],
    options: &Options,
) -> Result<Solution, SolveError> {
    let step = StepSize::Adaptive(Tolerance::new(rtol, rtol * 1e-2));
    solve(system, method, step, (0.0, end), y0, options)
}

#[test]
fn they_agree_with_ours_on_stiff_chemistry_and_on_an_axon() {
    let hires = Hires.describe();
    let (y0, end) = (hires.y0, hires.span.1);
    let axon = [-65.0, 0.05, 0.6, 0.32];
    for &method in Method::DIFFSOL {
        if method.is_stiff() {
            let ours = run(&Hires, Method::Rodas5P, 1e-10, end, &y0, &Options::end()).unwrap();
            let theirs = run(&Hires, method, 1e-8, end, &y0, &Options::end()).unwrap();
            for (a, b) in ours.last().iter().zip(theirs.last()) {
                assert_relative_eq!(a, b, max_relative = 1e-4);
            }
        }
        let options = Options::save_at((0..=250).map(|k| f64::from(k) * 0.1).collect::<Vec<_>>());
        let ours = run(&HodgkinHuxley, Method::Rodas5P, 1e-10, 25.0, &axon, &options).unwrap();
        let theirs = run(&HodgkinHuxley, method, 1e-8, 25.0, &axon, &options).unwrap();
        assert_eq!(theirs.t, ours.t);
        for (a, b) in ours.y.iter().zip(&theirs.y) {
            assert_relative_eq!(a, b, epsilon = 2e-2, max_relative = 1e-4);
        }
        assert!(theirs.stats.accepted > 20 && theirs.stats.rhs > theirs.stats.accepted, "{method}");
        assert_eq!(theirs.stats.jacobian > 0, method.is_stiff(), "{method}");
    }
}

#[test]
fn a_pulse_is_never_stepped_over_and_its_edge_belongs_to_what_follows() {
    for &method in Method::DIFFSOL {
        for width in [1e-6, 1e-3, 1.0] {
            let end = 437.1 + width;
            let pulse = FnSystem::new(1, move |t, _y, dy| {
                dy[0] = if (437.1..end).contains(&t) { 1.0 / width } else { 0.0 };
            })
            .with_stops([437.1, end]);
            let options = Options::save_at([0.0, 437.1, end, 1000.0]);
            let solution = run(&pulse, method, 1e-8, 1000.0, &[0.0], &options).unwrap();
            assert_eq!(solution.t, [0.0, 437.1, end, 1000.0]);
            for (y, expected) in solution.column(0).zip([0.0, 0.0, 1.0, 1.0]) {
                assert_relative_eq!(y, expected, epsilon = 1e-6);
            }
        }
    }
}

#[test]
fn every_step_is_recorded_where_nothing_else_is_asked_for() {
    for &method in Method::DIFFSOL {
        let y0 = [-65.0, 0.05, 0.6, 0.32];
        let options = Options { stops: vec![3.0], ..Options::default() };
        let solution = run(&HodgkinHuxley, method, 1e-6, 10.0, &y0, &options).unwrap();
        assert_eq!(solution.len() as u64, solution.stats.accepted + 1, "{method}");
        assert!(solution.t.is_sorted_by(|a, b| a < b), "{method}");
        assert!(solution.t.contains(&3.0) && solution.t.last() == Some(&10.0), "{method}");
        assert_eq!(solution.state(0), y0);
    }
}

#[test]
fn bad_input_and_failures_are_typed_and_keep_the_trajectory() {
    let y0 = [-65.0, 0.05, 0.6, 0.32];
    let grows = FnSystem::new(1, |_t, y, dy| dy[0] = y[0] * y[0]);
    for &method in Method::DIFFSOL {
        let tolerance = || StepSize::Adaptive(Tolerance::new(1e-6, 1e-8));
        let solved = |step, y0: &[f64], options: &Options| {
            solve(&HodgkinHuxley, method, step, (0.0, 10.0), y0, options)
        };
        let end = Options::end();
        assert!(matches!(solved(StepSize::Fixed(0.1), &y0, &end), Err(SolveError::NotFixed { .. })));
        let short = Options { dt_max: 0.1, ..Options::end() };
        assert!(matches!(
            solved(tolerance(), &y0, &short),
            Err(SolveError::InvalidOption { name: "dt_max", .. })
        ));
        assert!(matches!(solved(tolerance(), &y0[1..], &end), Err(SolveError::WrongLength { .. })));
        let nan = [f64::NAN, 0.0, 0.0, 0.0];
        assert!(matches!(solved(tolerance(), &nan, &end), Err(SolveError::InitialNotFinite { .. })));
        let zero = StepSize::Adaptive(Tolerance::new(1e-6, 0.0));
        assert!(matches!(solved(zero, &y0, &end), Err(SolveError::InvalidAtol { .. })));

        let crossing = [Event::rising(|_t, y| y[0])];
        let error = solve_with_events(&HodgkinHuxley, method, tolerance(), (0.0, 10.0), &y0, &end, &crossing);
        assert!(matches!(error, Err(SolveError::BeyondDiffsol { what: "events", .. })), "{error:?}");

        let few = Options { max_steps: 5, ..Options::end() };
        let error = solved(tolerance(), &y0, &few).unwrap_err();
        assert!(matches!(error, SolveError::TooManySteps { max_steps: 5, .. }), "{error}");
        assert!(error.partial().unwrap().t[0] > 0.0);

        // 1/(1 − t): there is nothing beyond t = 1.
        let error = solve(&grows, method, tolerance(), (0.0, 2.0), &[1.0], &Options::default()).unwrap_err();
        let partial = error.partial().unwrap();
        assert!(partial.len() > 10 && *partial.t.last().unwrap() < 1.01, "{error}");
        assert!(partial.y.iter().all(|y| y.is_finite()), "{error}");
    }
}

#[test]
fn they_are_found_by_name_and_are_none_of_ours() {
    for &method in Method::DIFFSOL {
        assert_eq!(method.name().parse::<Method>(), Ok(method));
        assert!(method.is_adaptive() && !Method::ALL.contains(&method));
        assert!(method.citation().contains("diffsol") && method.order() >= method.dense_order());
    }
}
