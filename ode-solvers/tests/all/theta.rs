//! Backward Euler and the trapezoid: stability, kept Jacobians, other numbers, equations without a
//! solution.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use crate::common::{HodgkinHuxley, ProtheroRobinson, erased};
use approx::assert_relative_eq;
use ode_solvers::problems::{Hires, Problem, Robertson, VanDerPol};
use ode_solvers::{
    FnSystem, Lanes, Method, Options, SolveError, StepSize, ThetaMethod, Tolerance, integrate_fixed, solve,
    tableau,
};

#[test]
fn one_damps_what_is_stiff_and_the_other_does_not() {
    // Far from the slow solution: after a step of R(z) times the distance, with R(−∞) = 0 and −1.
    let system = ProtheroRobinson { lambda: -1e8 };
    let slow = |t: f64| (core::f64::consts::FRAC_PI_4 + t).sin();
    let distance = |method: Method, steps: u32| {
        let end = 0.1 * f64::from(steps);
        let step = StepSize::Fixed(0.1);
        let y = solve(&system, method, step, (0.0, end), &[slow(0.0) + 1.0], &Options::end()).unwrap();
        y.last()[0] - slow(end)
    };
    assert!(distance(Method::BackwardEuler, 1).abs() < 1e-6);
    for steps in 1..5 {
        let sign = if steps % 2 == 0 { 1.0 } else { -1.0 };
        assert!(
            (distance(Method::Trapezoid, steps) - sign).abs() < 1e-5,
            "{}",
            distance(Method::Trapezoid, steps)
        );
    }
}

#[test]
fn backward_euler_is_the_sum_of_a_geometric_series() {
    // y' = −2y: y₁ = y/(1 + 2h), for the trapezoid y (1 − h)/(1 + h).
    let decay = FnSystem::new(1, |_t, y, dy| dy[0] = -2.0 * y[0]);
    for (method, factor) in [(Method::BackwardEuler, 1.0 / 1.5), (Method::Trapezoid, 0.75 / 1.25)] {
        let step = StepSize::Fixed(0.25);
        let y = solve(&decay, method, step, (0.0, 2.5), &[3.0], &Options::default()).unwrap();
        for (k, y) in y.column(0).enumerate() {
            assert_relative_eq!(y, 3.0 * f64::powi(factor, k as i32), max_relative = 1e-10);
        }
    }
}

#[test]
fn jacobians_are_kept_while_they_serve() {
    let mut lines =
        vec!["problem        method          accept reject    rhs  jacob factor  solve".to_owned()];
    let problems: [&dyn Problem; 3] = [&Robertson::SHORT, &VanDerPol, &Hires];
    for problem in problems {
        let about = problem.describe();
        for method in [Method::BackwardEuler, Method::Trapezoid] {
            let step = StepSize::Adaptive(Tolerance::new(1e-4, 1e-4 * about.scale));
            let s = solve(problem, method, step, about.span, &about.y0, &Options::end()).unwrap().stats;
            assert!(2 * s.jacobian < s.accepted, "{} by {method}: {s:?}", about.name);
            lines.push(format!(
                "{:14} {:14} {:7} {:6} {:6} {:6} {:6} {:6}",
                about.name,
                method.name(),
                s.accepted,
                s.rejected,
                s.rhs,
                s.jacobian,
                s.factorisations,
                s.solves
            ));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_lane_is_its_own_cell() {
    let start = |lane: usize| [-65.0, 0.05, 0.6, 0.32].map(|y| y * (1.0 + 0.02 * lane as f64));
    for (method, table) in
        [(Method::BackwardEuler, &tableau::BACKWARD_EULER), (Method::Trapezoid, &tableau::TRAPEZOID)]
    {
        let y0: Vec<Lanes<f64, 8>> = (0..4).map(|i| Lanes::from_fn(|lane| start(lane)[i])).collect();
        let mut stepper = ThetaMethod::new(table, 4);
        let lanes =
            integrate_fixed(erased(&HodgkinHuxley), &mut stepper, 0.02, (0.0, 10.0), &y0, &Options::end())
                .unwrap();
        let single: Vec<Lanes<f32, 4>> =
            (0..4).map(|i| Lanes::from_fn(|lane| start(lane)[i] as f32)).collect();
        let mut stepper = ThetaMethod::new(table, 4);
        let single = integrate_fixed(
            erased(&HodgkinHuxley),
            &mut stepper,
            0.02,
            (0.0, 10.0),
            &single,
            &Options::end(),
        )
        .unwrap();
        for lane in 0..8 {
            let step = StepSize::Fixed(0.02);
            let one =
                solve(&HodgkinHuxley, method, step, (0.0, 10.0), &start(lane), &Options::end()).unwrap();
            for (i, x) in one.last().iter().enumerate() {
                assert_relative_eq!(lanes.last()[i].0[lane], *x, max_relative = 1e-7);
                let Some(single) = single.last()[i].0.get(lane) else { continue };
                assert_relative_eq!(f64::from(*single), *x, max_relative = 5e-3, epsilon = 1e-3);
            }
        }
    }
}

#[test]
fn equations_without_a_solution_are_an_error_that_says_so() {
    // y₁ = y + h f(y₁) jumps over its solution wherever y is within a step of 0.5.
    let switch = FnSystem::new(2, |_t, y, dy| {
        dy[0] = if y[0] < 0.5 { 1.0 } else { -1.0 };
        dy[1] = 0.0;
    })
    .with_names(["x", "z"]);
    let step = StepSize::Fixed(0.1);
    let error = solve(&switch, Method::BackwardEuler, step, (0.0, 2.0), &[0.05, 1.0], &Options::default())
        .unwrap_err();
    let SolveError::NotConverged { t, dt, state, partial } = &error else { panic!("{error}") };
    assert!((t - 0.4).abs() < 1e-9 && (dt - 0.1).abs() < 1e-9 && state == "x", "{error}");
    assert_eq!(partial.len(), 5);
    assert!(error.to_string().contains("take shorter steps"), "{error}");
}
