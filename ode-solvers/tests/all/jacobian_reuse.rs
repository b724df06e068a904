//! Jacobians that serve several steps: the order stays, the work is less, and where it may not be it is not.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use crate::common::{Driven, HodgkinHuxley, erased};
use ode_solvers::problems::{Hires, Problem, Robertson};
use ode_solvers::{
    Linearize, Mass, Method, Options, Rosenbrock, Scalar, SolveError, StateSpace, StepSize, System,
    Tolerance, integrate_fixed, solve, tableau,
};

fn keeping(jacobian_steps: u32) -> Options {
    Options { jacobian_steps, ..Options::end() }
}

/// The error at the end of steps of one length with the Jacobian of the start.
fn frozen(steps: u32) -> f64 {
    let mut stepper = Rosenbrock::new(&tableau::ROSENBROCK_23, 2).keeping_jacobian(u32::MAX);
    let (dt, y0, options) = (2.0 / f64::from(steps), Driven::exact(0.0), Options::end());
    let solution = integrate_fixed(erased(&Driven), &mut stepper, dt, (0.0, 2.0), &y0, &options).unwrap();
    assert_eq!((solution.stats.jacobian, solution.stats.factorisations), (1, 1));
    let exact = Driven::exact(2.0);
    solution.last().iter().zip(&exact).map(|(y, e)| (y - e).abs()).fold(0.0, f64::max)
}

#[test]
fn a_w_method_keeps_its_order_with_the_jacobian_of_the_start() {
    // Nonlinear, and time enters: ∂f/∂t is the old one as well.
    for steps in [128, 256, 512] {
        let order = (frozen(steps) / frozen(2 * steps)).log2();
        assert!((order - 2.0).abs() < 0.1, "{steps} steps: {order}");
    }
}

#[test]
fn methods_that_need_the_jacobian_take_it_for_every_step() {
    let step = || StepSize::Adaptive(Tolerance::new(1e-6, 1e-8));
    let y0 = [-65.0, 0.05, 0.6, 0.32];
    for &method in Method::ALL.iter().filter(|m| m.name().starts_with("ro") && **m != Method::Rosenbrock23) {
        let run = |k| solve(&HodgkinHuxley, method, step(), (0.0, 20.0), &y0, &keeping(k)).unwrap();
        let (plain, kept) = (run(1), run(50));
        assert_eq!(plain, kept, "{method}");
        assert_eq!(kept.stats.jacobian, kept.stats.accepted, "{method}");
    }
}

fn check(name: &str, system: &dyn Linearize, (y0, end): (&[f64], f64), scale: f64) {
    let at = |rtol: f64| StepSize::Adaptive(Tolerance::new(rtol, rtol * scale));
    let exact = solve(system, Method::Rodas5P, at(1e-10), (0.0, end), y0, &Options::end()).unwrap();
    for rtol in [1e-3, 1e-5] {
        let run = |k| solve(system, Method::Rosenbrock23, at(rtol), (0.0, end), y0, &keeping(k)).unwrap();
        let error = |y: &[f64]| {
            let scaled = y.iter().zip(exact.last()).map(|(y, e)| (y - e).abs() / (rtol * (scale + e.abs())));
            scaled.fold(0.0, f64::max)
        };
        let (fresh, kept) = (run(1), run(20));
        let s = kept.stats;
        let place = format!("{name} at {rtol:e}: {s:?}");
        assert_eq!(fresh.stats.jacobian, fresh.stats.accepted, "{place}");
        // A step in two at most takes a new Jacobian, and every step but those of equal length new factors.
        assert!(2 * s.jacobian <= s.accepted + s.rejected, "{place}");
        assert!(s.jacobian < s.factorisations && s.factorisations <= s.accepted + s.rejected, "{place}");
        let (before, after) = (error(fresh.last()), error(kept.last()));
        assert!(after < 4.0 * before.max(1.0), "{place}: errors {before} and {after}");
    }
}

#[test]
fn fewer_jacobians_than_steps_and_the_end_as_good() {
    check("axon", &HodgkinHuxley, (&[-65.0, 0.05, 0.6, 0.32], 50.0), 0.1);
    for (name, problem) in [("Robertson", &Robertson::SHORT as &dyn Problem), ("HIRES", &Hires)] {
        let about = problem.describe();
        check(name, problem, (&about.y0, about.span.1), about.scale);
    }
}

/// A decay whose rate fulfils an algebraic equation.
struct Algebraic;

impl StateSpace for Algebraic {
    fn dim(&self) -> usize {
        2
    }
    fn is_autonomous(&self) -> bool {
        true
    }
    fn mass(&self) -> Mass {
        Mass::Diagonal(vec![1.0, 0.0])
    }
}

impl<T: Scalar> System<T> for Algebraic {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        dy[0] = -y[0] * y[1];
        dy[1] = y[1] * y[1] * y[1] + y[1] - y[0];
    }
}

#[test]
fn systems_with_a_mass_matrix_take_a_new_jacobian_for_every_step() {
    let step = || StepSize::Adaptive(Tolerance::new(1e-5, 1e-7));
    let run =
        |k| solve(&Algebraic, Method::Rosenbrock23, step(), (0.0, 5.0), &[2.0, 1.0], &keeping(k)).unwrap();
    let (plain, kept) = (run(1), run(50));
    assert_eq!(plain, kept);
    assert_eq!(kept.stats.jacobian, kept.stats.accepted);
}

#[test]
fn no_step_at_all_is_refused() {
    let step = StepSize::Adaptive(Tolerance::new(1e-5, 1e-7));
    let error = solve(&Driven, Method::Rosenbrock23, step, (0.0, 1.0), &Driven::exact(0.0), &keeping(0));
    assert!(matches!(error, Err(SolveError::InvalidOption { name: "jacobian_steps", .. })), "{error:?}");
}
