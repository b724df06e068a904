//! Systems with a mass matrix, singular or not: `M y' = f(t, y)`.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use crate::common::erased;
use approx::assert_relative_eq;
use ode_solvers::problems::{Problem, Robertson};
use ode_solvers::{
    Lanes, Linearize, Mass, Method, Options, Rosenbrock, Scalar, SolveError, StateSpace, StepSize, System,
    Tolerance, consistent_start, integrate_adaptive, solve, tableau,
};

/// The methods that take a mass matrix.
const METHODS: [Method; 9] = [
    Method::BackwardEuler,
    Method::Rosenbrock23,
    Method::Rodas3P,
    Method::Rodas4,
    Method::Rodas4P,
    Method::Rodas5,
    Method::Rodas5P,
    Method::Rodas5Pe,
    Method::Rodas5Pr,
];

macro_rules! states {
    ($system:ty, $dim:literal, autonomous = $autonomous:literal, $mass:expr) => {
        impl StateSpace for $system {
            fn dim(&self) -> usize {
                $dim
            }
            fn is_autonomous(&self) -> bool {
                $autonomous
            }
            fn mass(&self) -> Mass {
                $mass
            }
        }
    };
}

/// Robertson's reaction with the conservation of mass in place of the third equation.
struct RobertsonDae;

states!(RobertsonDae, 3, autonomous = true, Mass::Diagonal(vec![1.0, 1.0, 0.0]));

impl<T: Scalar> System<T> for RobertsonDae {
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
        Robertson::SHORT.rhs(t, y, dy);
        dy[2] = y[0] + y[1] + y[2] - 1.0;
    }
}

#[test]
fn robertson_with_its_conservation_law_is_solved() {
    for problem in [Robertson::SHORT, Robertson::LONG] {
        let about = problem.describe();
        for method in [Method::Rodas4, Method::Rodas5, Method::Rodas5P, Method::Rodas5Pe, Method::Rodas5Pr] {
            let step = StepSize::Adaptive(Tolerance::new(1e-7, 1e-15));
            let y = solve(&RobertsonDae, method, step, about.span, &about.y0, &Options::end()).unwrap();
            for (y, r) in y.last().iter().zip(&about.end) {
                assert_relative_eq!(*y, *r, max_relative = 1e-5, epsilon = 1e-14);
            }
            assert!((y.last().iter().sum::<f64>() - 1.0).abs() < 1e-14);
        }
    }
}

/// x = cos t, y = sin t, z = e^(sin t) with 0 = z² − e^(2y): nonlinear where it is algebraic.
struct Lifted;

states!(Lifted, 3, autonomous = true, Mass::Diagonal(vec![1.0, 1.0, 0.0]));

impl<T: Scalar> System<T> for Lifted {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        let one = y[2] / y[1].exp();
        dy[0] = -y[1] * one;
        dy[1] = y[0] * one * one;
        dy[2] = y[2] * y[2] - (y[1] * 2.0).exp();
    }
}

fn lifted(t: f64) -> [f64; 3] {
    [t.cos(), t.sin(), t.sin().exp()]
}

/// The same with time in the algebraic equations, each of which reads the other's state alone: no
/// pivot lies on the diagonal.
struct Crossed;

states!(Crossed, 3, autonomous = false, Mass::Diagonal(vec![1.0, 0.0, 0.0]));

impl<T: Scalar> System<T> for Crossed {
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
        dy[0] = -y[1] * y[0].exp() / (y[2] * y[2]);
        dy[1] = y[2].powi(3) - (3.0 * t.cos()).exp().sqrt();
        dy[2] = y[1] - t.sin();
    }
}

/// x = cos t: e^x / z² = 1 with z = e^(cos t / 2).
fn crossed(t: f64) -> [f64; 3] {
    [t.cos(), t.sin(), (0.5 * t.cos()).exp()]
}

fn error(
    system: &dyn Linearize,
    method: Method,
    steps: u32,
    times: &[f64],
    exact: fn(f64) -> [f64; 3],
) -> f64 {
    let step = StepSize::Fixed(2.0 / f64::from(steps));
    let s = solve(system, method, step, (0.0, 2.0), &exact(0.0), &Options::save_at(times)).unwrap();
    let state = |(k, &t): (usize, &f64)| {
        s.state(k).iter().zip(exact(t)).map(|(y, e)| (y - e).abs()).fold(0.0, f64::max)
    };
    times.iter().enumerate().map(state).fold(0.0, f64::max)
}

#[test]
fn methods_keep_their_order_on_index_one() {
    let between: Vec<f64> = (1..60).map(|k| 2.0 * f64::from(k) / 61.0).collect();
    for method in METHODS {
        for (times, p) in [(&[2.0][..], method.order()), (&between, method.dense_order())] {
            let lifted = [64, 128].map(|n| error(&Lifted, method, n, times, lifted));
            let crossed = [64, 128].map(|n| error(&Crossed, method, n, times, crossed));
            for (name, [coarse, fine]) in [("lifted", lifted), ("crossed", crossed)] {
                let measured = (coarse / fine).log2();
                assert!(
                    measured > f64::from(p) - 0.25,
                    "{name} by {method}, {} times: {measured}",
                    times.len()
                );
            }
        }
    }
}

/// `M y' = f` with a regular matrix that is not diagonal, against `y' = M⁻¹ f`.
#[test]
fn a_regular_matrix_is_the_same_as_its_inverse_on_the_other_side() {
    struct Coupled;
    states!(
        Coupled,
        2,
        autonomous = false,
        Mass::Entries(vec![(0, 0, 2.0), (0, 1, 1.0), (1, 0, 1.0), (1, 1, 3.0)])
    );
    impl<T: Scalar> System<T> for Coupled {
        fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
            dy[0] = -y[0] * y[1] + t.sin();
            dy[1] = y[0] - y[1] * 2.0;
        }
    }
    struct Inverted;
    states!(Inverted, 2, autonomous = false, Mass::Identity);
    impl<T: Scalar> System<T> for Inverted {
        fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
            let mut f = [T::default(); 2];
            Coupled.rhs(t, y, &mut f);
            dy[0] = (f[0] * 3.0 - f[1]) / 5.0;
            dy[1] = (f[1] * 2.0 - f[0]) / 5.0;
        }
    }
    for method in METHODS {
        let step = || StepSize::Fixed(0.05);
        let a = solve(&Coupled, method, step(), (0.0, 2.0), &[1.0, 0.5], &Options::default()).unwrap();
        let b = solve(&Inverted, method, step(), (0.0, 2.0), &[1.0, 0.5], &Options::default()).unwrap();
        for (a, b) in a.y.iter().zip(&b.y) {
            // Differences in time see rounding of the right-hand sides.
            assert_relative_eq!(*a, *b, max_relative = 1e-8);
        }
    }
}

#[test]
fn lanes_and_the_sparse_form_take_a_mass_matrix_too() {
    /// Six copies of `Lifted`, large enough for the sparse form.
    struct Six;
    states!(Six, 18, autonomous = true, Mass::Diagonal([1.0, 1.0, 0.0].repeat(6)));
    impl<T: Scalar> System<T> for Six {
        fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
            for (y, dy) in y.chunks_exact(3).zip(dy.chunks_exact_mut(3)) {
                Lifted.rhs(t, y, dy);
            }
        }
    }
    let tolerance = Tolerance::new(1e-8, 1e-8);
    let step = StepSize::Adaptive(tolerance.clone());
    let end =
        solve(&Six, Method::Rodas5P, step, (0.0, 2.0), &lifted(0.0).repeat(6), &Options::end()).unwrap();
    let y0 = lifted(0.0).map(Lanes::<f64, 8>::from).repeat(6);
    let mut stepper = Rosenbrock::new(&tableau::RODAS5P, 18);
    let lanes =
        integrate_adaptive(erased(&Six), &mut stepper, &tolerance, (0.0, 2.0), &y0, &Options::end()).unwrap();
    for (k, (y, lane)) in end.last().iter().zip(lanes.last()).enumerate() {
        assert_relative_eq!(*y, lifted(2.0)[k % 3], epsilon = 1e-6);
        assert_relative_eq!(lane.0[3], *y, max_relative = 1e-9);
    }
}

#[test]
fn an_inconsistent_start_is_named_and_mended() {
    let step = || StepSize::Adaptive(Tolerance::new(1e-6, 1e-8));
    let run = |y0: &[f64]| solve(&Lifted, Method::Rodas5P, step(), (0.0, 1.0), y0, &Options::end());
    let error = run(&[1.0, 0.0, 1.5]).unwrap_err();
    assert!(matches!(&error, SolveError::InconsistentStart { state, .. } if state == "y[2]"), "{error}");
    let y0 = consistent_start(&Lifted, 0.0, &[1.0, 0.0, 1.5]).unwrap();
    assert_relative_eq!(y0[2], 1.0, epsilon = 1e-14);
    assert_eq!(y0[..2], [1.0, 0.0]);
    assert_relative_eq!(run(&y0).unwrap().last()[2], 1f64.sin().exp(), max_relative = 1e-5);
    let y0 = consistent_start(&Crossed, 0.5, &[0.5f64.cos(), 3.0, 1.0]).unwrap();
    for (y, e) in y0.iter().zip(crossed(0.5)) {
        assert_relative_eq!(*y, e, max_relative = 1e-12);
    }
}

#[test]
fn what_cannot_be_solved_is_refused() {
    let options = Options::end();
    let step = || StepSize::Fixed(0.1);
    for method in [Method::Tsit5, Method::RungeKutta4, Method::RushLarsen1, Method::Ros3P] {
        let error = solve(&Lifted, method, step(), (0.0, 1.0), &lifted(0.0), &options).unwrap_err();
        assert_eq!(error, SolveError::MassNotTaken, "{method}");
    }
    /// The algebraic equation does not read the algebraic state: index 2.
    struct Pendulum;
    states!(Pendulum, 2, autonomous = true, Mass::Diagonal(vec![1.0, 0.0]));
    impl<T: Scalar> System<T> for Pendulum {
        fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
            dy[0] = y[1];
            dy[1] = y[0] - 1.0;
        }
    }
    let error = solve(&Pendulum, Method::Rodas5P, step(), (0.0, 1.0), &[1.0, 0.0], &options).unwrap_err();
    assert!(matches!(error, SolveError::NotIndexOne { .. }), "{error}");
    struct Wrong(Mass);
    impl StateSpace for Wrong {
        fn dim(&self) -> usize {
            2
        }
        fn mass(&self) -> Mass {
            self.0.clone()
        }
    }
    impl<T: Scalar> System<T> for Wrong {
        fn rhs(&self, _t: f64, _y: &[T], dy: &mut [T]) {
            dy.fill(T::from(0.0));
        }
    }
    for mass in [
        Mass::Diagonal(vec![1.0]),
        Mass::Diagonal(vec![1.0; 3]),
        Mass::Diagonal(vec![1.0, f64::NAN]),
        Mass::Entries(vec![(0, 2, 1.0)]),
    ] {
        let wrong = Wrong(mass);
        let error = solve(&wrong, Method::Rodas5P, step(), (0.0, 1.0), &[1.0, 0.0], &options).unwrap_err();
        assert!(matches!(error, SolveError::InvalidMass { .. }), "{error}");
    }
}
