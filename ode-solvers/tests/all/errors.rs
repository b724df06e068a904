//! Bad input and solves that fail.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use crate::common::{Circle, HodgkinHuxley};
use approx::assert_abs_diff_eq;
use ode_solvers::{
    FnSystem, Linearize, Method, Options, SaveAt, Scalar, SolveError, StateSpace, StepSize, System,
    Tolerance, solve,
};

fn adaptive() -> StepSize {
    StepSize::Adaptive(Tolerance::new(1e-6, 1e-8))
}

/// The error of a solve over (0, 1) with Rodas5P.
fn failure(system: &dyn Linearize, step: StepSize, y0: &[f64], options: &Options) -> SolveError {
    solve(system, Method::Rodas5P, step, (0.0, 1.0), y0, options).unwrap_err()
}

#[test]
fn bad_input_is_named() {
    let y0 = Circle::exact(0.0);
    let with = |options: Options| failure(&Circle, adaptive(), &y0, &options).to_string();
    let tolerance =
        |t: Tolerance| failure(&Circle, StepSize::Adaptive(t), &y0, &Options::default()).to_string();
    insta::assert_snapshot!(
        [
            failure(&Circle, adaptive(), &[1.0, f64::NAN, 0.0], &Options::default()).to_string(),
            failure(&Circle, adaptive(), &[1.0], &Options::default()).to_string(),
            failure(
                &HodgkinHuxley,
                StepSize::Adaptive(Tolerance::per_state(1e-6, [1e-8; 3])),
                &[0.0; 4],
                &Options::default()
            )
            .to_string(),
            failure(
                &HodgkinHuxley,
                StepSize::Adaptive(Tolerance::per_state(1e-6, [1e-8, 0.0, 1e-8, 1e-8])),
                &[0.0; 4],
                &Options::default()
            )
            .to_string(),
            tolerance(Tolerance::new(-1e-6, 1e-8)),
            tolerance(Tolerance::new(1e-6, f64::INFINITY)),
            tolerance(Tolerance::new(f64::NAN, 1.0)),
            failure(&Circle, StepSize::Fixed(0.0), &y0, &Options::default()).to_string(),
            failure(&Circle, StepSize::Fixed(f64::NAN), &y0, &Options::default()).to_string(),
            with(Options::save_at([0.5, 1.5])),
            with(Options::save_at([0.5, 0.25])),
            with(Options::save_at([f64::NAN])),
            with(Options::save_at([])),
            with(Options { stops: vec![f64::NAN], ..Options::default() }),
            with(Options { max_steps: 0, ..Options::default() }),
            with(Options { dt_init: Some(-1.0), ..Options::default() }),
            with(Options { dt_min: -1.0, ..Options::default() }),
            with(Options { dt_min: 1.0, dt_max: 0.5, ..Options::default() }),
            solve(&Circle, Method::RungeKutta4, adaptive(), (0.0, 1.0), &y0, &Options::default())
                .unwrap_err()
                .to_string(),
            solve(&Circle, Method::Tsit5, adaptive(), (1.0, 1.0), &y0, &Options::default())
                .unwrap_err()
                .to_string(),
            solve(&Circle, Method::Tsit5, adaptive(), (1.0, 0.0), &y0, &Options::default())
                .unwrap_err()
                .to_string(),
            solve(&Circle, Method::Tsit5, adaptive(), (0.0, f64::INFINITY), &y0, &Options::default())
                .unwrap_err()
                .to_string(),
            failure(&FnSystem::new(0, |_, _, _| ()), adaptive(), &[], &Options::default()).to_string(),
            // The feature `diffsol` adds names.
            "rk5".parse::<Method>().unwrap_err().to_string().split(", diffsol").next().unwrap().to_owned(),
        ]
        .join("\n")
    );
}

#[test]
fn a_right_hand_side_that_becomes_nan_is_caught_where_it_happens() {
    let system = FnSystem::new(2, |t, y, dy| {
        dy[0] = -y[0];
        dy[1] = if t < 0.625 { y[0] } else { f64::NAN };
    })
    .with_names(["V", "m"]);
    for &method in Method::ALL {
        let step = if method.is_adaptive() { adaptive() } else { StepSize::Fixed(0.0625) };
        let options = Options { save_at: SaveAt::End, ..Options::default() };
        let error = solve(&system, method, step, (0.0, 1.0), &[1.0, 0.0], &options).unwrap_err();
        let (t, state) = match &error {
            SolveError::NotFinite { t, state, .. } => (*t, state.as_str()),
            SolveError::JacobianNotFinite { t, equation, .. } => (*t, equation.as_str()),
            other => panic!("{method}: {other}"),
        };
        assert_eq!(state, "m", "{method}");
        let tolerance = if method.is_adaptive() { 1e-3 } else { 0.0625 };
        assert!((t - 0.625).abs() <= tolerance, "{method}: {error}");
        let partial = error.partial().unwrap();
        assert_eq!(partial.t.last(), Some(&t));
        assert!((partial.last()[0] - (-t).exp()).abs() < 0.04, "{method}");
        assert!(error.into_partial().is_some());
    }
}

#[test]
fn nan_from_the_start_is_no_endless_loop() {
    let system = FnSystem::new(1, |_t, _y, dy| dy[0] = f64::NAN);
    for method in [Method::Tsit5, Method::Rodas5P] {
        let error = solve(&system, method, adaptive(), (0.0, 1.0), &[1.0], &Options::default()).unwrap_err();
        assert!(
            matches!(error, SolveError::NotFinite { .. } | SolveError::JacobianNotFinite { .. }),
            "{error}"
        );
        assert_eq!(error.partial().unwrap().t, [0.0]);
    }
}

/// y' = y², which reaches infinity at t = 1/y₀.
struct Explosion;

impl StateSpace for Explosion {
    fn dim(&self) -> usize {
        2
    }
    fn state_name(&self, i: usize) -> String {
        ["calm", "wild"][i].to_owned()
    }
}

impl<T: Scalar> System<T> for Explosion {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        dy[0] = -y[0];
        dy[1] = y[1] * y[1];
    }
}

#[test]
fn a_solution_that_grows_without_bound_ends_with_its_name() {
    for method in [Method::Tsit5, Method::DormandPrince54, Method::Rodas5P, Method::Rodas4] {
        let error =
            solve(&Explosion, method, adaptive(), (0.0, 1.0), &[1.0, 2.0], &Options::default()).unwrap_err();
        let (SolveError::StepTooSmall { t, state, .. } | SolveError::NotFinite { t, state, .. }) = &error
        else {
            panic!("{method}: {error}")
        };
        assert!((t - 0.5).abs() < 1e-6, "{method}: {error}");
        assert_eq!(state, "wild");
        assert!(error.partial().unwrap().len() > 10);
    }
}

#[test]
fn the_limit_on_steps_and_the_shortest_step_hold() {
    let options = Options { max_steps: 7, ..Options::default() };
    let y0 = Circle::exact(0.0);
    let error = failure(&Circle, StepSize::Fixed(0.01), &y0, &options);
    let SolveError::TooManySteps { max_steps: 7, t, .. } = &error else { panic!("{error}") };
    assert_abs_diff_eq!(*t, 0.07, epsilon = 1e-15);
    assert_eq!(error.partial().unwrap().len(), 8);
    let options = Options { dt_min: 0.1, dt_init: Some(0.2), ..Options::default() };
    let step = StepSize::Adaptive(Tolerance::new(1e-12, 1e-12));
    let error = failure(&HodgkinHuxley, step, &[-20.0, 0.05, 0.6, 0.3], &options);
    assert!(matches!(&error, SolveError::StepTooSmall { .. }), "{error}");
    assert!(error.to_string().contains("of V is"), "{error}");
}

#[test]
fn a_clock_that_stands_still_is_an_error() {
    let error = solve(
        &Circle,
        Method::ExplicitEuler,
        StepSize::Fixed(1e-9),
        (1e9, 1e9 + 1.0),
        &Circle::exact(0.0),
        &Options::end(),
    );
    assert!(matches!(error, Err(SolveError::ClockStuck { .. })));
}

#[test]
fn a_singular_matrix_is_an_error_with_fixed_steps_and_avoided_by_adaptive_ones() {
    let gamma = ode_solvers::tableau::RODAS5P.gamma;
    // 1/(hγ) − J = 0 for h = 0.5.
    let rate = 1.0 / (0.5 * gamma);
    let system =
        FnSystem::new(1, move |_t, y, dy| dy[0] = rate * y[0]).with_jacobian(move |_t, _y, j| j[0] = rate);
    let error = failure(&system, StepSize::Fixed(0.5), &[1.0], &Options::default());
    assert!(matches!(&error, SolveError::SingularMatrix { t: 0.0, .. }), "{error}");
    let options = Options { dt_init: Some(0.5), ..Options::end() };
    let solution = solve(&system, Method::Rodas5P, adaptive(), (0.0, 1.0), &[1.0], &options).unwrap();
    assert_abs_diff_eq!(solution.last()[0] / rate.exp(), 1.0, epsilon = 1e-3);
    assert!(solution.stats.rejected > 0);
}
