//! Several cells side by side: the steppers over lanes.

use crate::common::{Circle, HodgkinHuxley, erased};
use approx::assert_abs_diff_eq;
use ode_solvers::{
    Dual, Lanes, Method, Options, RungeKutta, RungeKuttaPair, RushLarsen, Scalar, SolveError, StepSize,
    System, Tolerance, integrate_adaptive, integrate_fixed, solve, tableau,
};

type Eight = Lanes<f64, 8>;

/// Eight axons with different potentials at the start.
fn start() -> [Eight; 4] {
    [Eight::from_fn(|i| -70.0 + 5.0 * i as f64), Eight::from(0.05), Eight::from(0.6), Eight::from(0.32)]
}

fn lane(y: &[Eight], i: usize) -> Vec<f64> {
    y.iter().map(|y| y.0[i]).collect()
}

#[test]
fn a_lane_equals_the_scalar_with_fixed_steps() {
    let options = Options::end();
    for (method, rush_larsen) in [
        (Method::ExplicitEuler, false),
        (Method::RungeKutta4, false),
        (Method::RushLarsen1, true),
        (Method::RushLarsen2, true),
    ] {
        let span = (0.0, 10.0);
        let lanes = if rush_larsen {
            let mut stepper = if method == Method::RushLarsen1 {
                RushLarsen::first_order(4)
            } else {
                RushLarsen::second_order(4)
            };
            integrate_fixed(erased(&HodgkinHuxley), &mut stepper, 0.01, span, &start(), &options)
        } else {
            let tableau = if method == Method::ExplicitEuler {
                &tableau::EXPLICIT_EULER
            } else {
                &tableau::RUNGE_KUTTA_4
            };
            let mut stepper = RungeKutta::new(tableau, 4);
            integrate_fixed(erased(&HodgkinHuxley), &mut stepper, 0.01, span, &start(), &options)
        };
        let lanes = lanes.unwrap();
        for i in 0..8 {
            let y0 = lane(&start(), i);
            let one = solve(&HodgkinHuxley, method, StepSize::Fixed(0.01), span, &y0, &options).unwrap();
            for (a, b) in lane(lanes.last(), i).iter().zip(one.last()) {
                assert!((a - b).abs() <= 1e-9 * b.abs(), "{method}: {a} {b}");
            }
        }
    }
}

#[test]
fn the_worst_lane_decides() {
    let tolerance = Tolerance::new(1e-8, 1e-8);
    let mut stepper = RungeKuttaPair::new(&tableau::TSIT5, 4);
    let lanes = integrate_adaptive(
        erased(&HodgkinHuxley),
        &mut stepper,
        &tolerance,
        (0.0, 20.0),
        &start(),
        &Options::end(),
    )
    .unwrap();
    let mut most = 0;
    for i in 0..8 {
        let y0 = lane(&start(), i);
        let step = StepSize::Adaptive(tolerance.clone());
        let one = solve(&HodgkinHuxley, Method::Tsit5, step, (0.0, 20.0), &y0, &Options::end()).unwrap();
        most = most.max(one.stats.accepted);
        for (a, b) in lane(lanes.last(), i).iter().zip(one.last()) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
    assert!(lanes.stats.accepted >= most, "{} < {most}", lanes.stats.accepted);
}

#[test]
fn single_precision_solves_as_well() {
    let y0 = Circle::exact(0.0).iter().map(|&x| Lanes::<f32, 16>::from(x)).collect::<Vec<_>>();
    let mut stepper = RungeKuttaPair::new(&tableau::TSIT5, 3);
    let tolerance = Tolerance::new(1e-5, 1e-6);
    let system: &dyn System<Lanes<f32, 16>> = &Circle;
    let end = integrate_adaptive(system, &mut stepper, &tolerance, (0.0, 2.0), &y0, &Options::end()).unwrap();
    for (y, e) in end.last().iter().zip(Circle::exact(2.0)) {
        assert_abs_diff_eq!(f64::from(y.0[7]), e, epsilon = 1e-4);
    }
}

#[test]
fn one_bad_lane_is_seen() {
    let mut y0 = start();
    y0[1].0[3] = f64::NAN;
    let mut stepper = RungeKutta::new(&tableau::EXPLICIT_EULER, 4);
    let error = integrate_fixed(erased(&HodgkinHuxley), &mut stepper, 0.01, (0.0, 1.0), &y0, &Options::end())
        .unwrap_err();
    assert!(matches!(&error, SolveError::InitialNotFinite { state, .. } if state == "m"));
    y0[1].0[3] = 1e200;
    let error = integrate_fixed(erased(&HodgkinHuxley), &mut stepper, 0.01, (0.0, 1.0), &y0, &Options::end())
        .unwrap_err();
    assert!(matches!(&error, SolveError::NotFinite { state, t: 0.0, .. } if state == "V"), "{error}");
}

#[test]
fn duals_carry_the_derivative_by_the_initial_state_through_a_solve() {
    // d/dy₀ of the end state, against a difference of two solves.
    let y0 = [-65.0, 0.05, 0.6, 0.32];
    let lifted: Vec<Dual<4>> = y0
        .iter()
        .enumerate()
        .map(|(i, &y)| if i == 0 { Dual::variable(y, 0) } else { Dual::constant(y) })
        .collect();
    let mut stepper = RungeKutta::new(&tableau::RUNGE_KUTTA_4, 4);
    let end =
        integrate_fixed(erased(&HodgkinHuxley), &mut stepper, 0.005, (0.0, 2.0), &lifted, &Options::end())
            .unwrap();
    let at = |v: f64| {
        let y0 = [v, 0.05, 0.6, 0.32];
        solve(&HodgkinHuxley, Method::RungeKutta4, StepSize::Fixed(0.005), (0.0, 2.0), &y0, &Options::end())
            .unwrap()
            .y
    };
    let (up, down) = (at(-65.0 + 1e-4), at(-65.0 - 1e-4));
    for i in 0..4 {
        let difference = (up[i] - down[i]) / 2e-4;
        let exact = end.last()[i].d[0];
        assert!((exact - difference).abs() < 1e-6 * (1.0 + exact.abs()), "{exact} {difference}");
    }
}

#[test]
fn lanes_evaluate_the_equations_of_the_scalar() {
    let y = start();
    let mut dy = [Eight::default(); 4];
    HodgkinHuxley.rhs(0.0, &y, &mut dy);
    for i in 0..8 {
        let mut one = [0.0; 4];
        HodgkinHuxley.rhs(0.0, &lane(&y, i), &mut one);
        for (a, b) in lane(&dy, i).iter().zip(one) {
            assert!((a - b).abs() <= 1e-12 * b.abs(), "{a} {b}");
        }
    }
    assert!(Eight::from_fn(|i| i as f64).worst() == 7.0);
}
