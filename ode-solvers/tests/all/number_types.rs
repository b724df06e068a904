//! Stiff steps over lanes and over dual numbers, against the same steps over `f64`.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use crate::common::{HodgkinHuxley, erased};
use approx::assert_relative_eq;
use ode_solvers::problems::{Hires, Problem, Robertson};
use ode_solvers::{
    Dual, Lanes, Linearize, Method, Options, Over, Rosenbrock, Scalar, SolveError, StateSpace, StepSize,
    System, Tolerance, integrate_adaptive, integrate_fixed, solve, tableau,
};

type Eight = Lanes<f64, 8>;

const AXON: [f64; 4] = [-65.0, 0.05, 0.6, 0.32];

fn tables() -> [&'static tableau::RosenbrockTableau; 3] {
    [&tableau::RODAS5P, &tableau::RODAS4, &tableau::ROS3P]
}

#[test]
fn equal_lanes_take_the_steps_of_one_cell() {
    let tolerance = Tolerance::new(1e-7, 1e-9);
    for table in tables() {
        let options = Options::save_at([1.3, 7.0, 20.0]);
        let one = integrate_adaptive(
            erased(&HodgkinHuxley),
            &mut Rosenbrock::new(table, 4),
            &tolerance,
            (0.0, 20.0),
            &AXON,
            &options,
        )
        .unwrap();
        let eight = integrate_adaptive(
            erased(&HodgkinHuxley),
            &mut Rosenbrock::new(table, 4),
            &tolerance,
            (0.0, 20.0),
            &AXON.map(Eight::from),
            &options,
        )
        .unwrap();
        assert!(one.stats.accepted.abs_diff(eight.stats.accepted) <= 1, "{}", table.name);
        for (x, y) in one.y.iter().zip(&eight.y) {
            for lane in y.0 {
                // Elementary functions of lanes are our own: roundings differ.
                assert_relative_eq!(lane, *x, max_relative = 1e-7);
            }
        }
    }
}

#[test]
fn every_lane_is_its_own_cell() {
    // Fixed steps: lanes share no step size with the cells on their own.
    let start = |lane: usize| AXON.map(|y| y * (1.0 + 0.02 * lane as f64));
    let y0: Vec<Eight> = (0..4).map(|i| Eight::from_fn(|lane| start(lane)[i])).collect();
    let lanes = integrate_fixed(
        erased(&HodgkinHuxley),
        &mut Rosenbrock::new(&tableau::RODAS5P, 4),
        0.02,
        (0.0, 10.0),
        &y0,
        &Options::end(),
    )
    .unwrap();
    for lane in 0..8 {
        let one = solve(
            &HodgkinHuxley,
            Method::Rodas5P,
            StepSize::Fixed(0.02),
            (0.0, 10.0),
            &start(lane),
            &Options::end(),
        )
        .unwrap();
        for (x, y) in one.last().iter().zip(lanes.last()) {
            assert_relative_eq!(y.0[lane], *x, max_relative = 1e-10);
        }
    }
}

/// `a' = λ a + b`, `b' = 0.3 b − a`, with λ of its own in each lane.
struct Pair<P>(P);

impl<P: Sync> StateSpace for Pair<P> {
    fn dim(&self) -> usize {
        2
    }
    fn is_autonomous(&self) -> bool {
        true
    }
}

impl<P: Copy + Sync, T: Scalar + Over<P>> System<T> for Pair<P> {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        dy[0] = y[0] * self.0 + y[1];
        dy[1] = y[1] * 0.3 - y[0];
    }
}

/// In one lane the diagonal of `I/(γ dt) − J` vanishes: all lanes fall back to pivoting, and none
/// suffers.
#[test]
fn a_bad_pivot_in_one_lane_spoils_no_lane() {
    let dt = 0.125;
    let lambda = |lane: usize| if lane == 3 { 1.0 / (dt * tableau::RODAS5P.gamma) } else { -(lane as f64) };
    let mut stepper = Rosenbrock::new(&tableau::RODAS5P, 2);
    let y0 = [Eight::from(0.3), Eight::from(0.4)];
    let system = Pair(Eight::from_fn(lambda));
    let lanes = integrate_fixed(erased(&system), &mut stepper, dt, (0.0, 0.5), &y0, &Options::end()).unwrap();
    for lane in 0..8 {
        let system = Pair(lambda(lane));
        let step = StepSize::Fixed(dt);
        let one = solve(&system, Method::Rodas5P, step, (0.0, 0.5), &[0.3, 0.4], &Options::end()).unwrap();
        for (x, y) in one.last().iter().zip(lanes.last()) {
            assert_relative_eq!(y.0[lane], *x, max_relative = 1e-9);
        }
    }
}

/// The derivatives of the end state by initial values, carried along with every step: of each state by each.
fn derivatives(system: &dyn Linearize<Dual<4>>, y0: &[f64], end: f64) -> Vec<Vec<f64>> {
    let n = y0.len();
    let mut rows = vec![Vec::new(); n];
    // As many at a time as the library's sensitivities carry, so that nothing is compiled for this test alone.
    for first in (0..n).step_by(4) {
        let variable = |(i, &y): (usize, &f64)| Dual::variable(y, i.wrapping_sub(first));
        let y0: Vec<Dual<4>> = y0.iter().enumerate().map(variable).collect();
        let mut stepper = Rosenbrock::new(&tableau::RODAS5P, n);
        let tolerance = Tolerance::new(1e-10, 1e-12);
        let solution =
            integrate_adaptive(system, &mut stepper, &tolerance, (0.0, end), &y0, &Options::end()).unwrap();
        for (row, y) in rows.iter_mut().zip(solution.last()) {
            row.extend(y.d.iter().take(n - first));
        }
    }
    rows
}

fn check_against_differences(
    system: &dyn Linearize,
    over_duals: &dyn Linearize<Dual<4>>,
    y0: &[f64],
    end: f64,
    scale: f64,
) {
    let step = StepSize::Adaptive(Tolerance::new(1e-12, 1e-18));
    let run = |y: &[f64]| {
        solve(system, Method::Rodas5P, step.clone(), (0.0, end), y, &Options::end()).unwrap().last().to_vec()
    };
    let exact = derivatives(over_duals, y0, end);
    for j in 0..y0.len() {
        let h = 1e-4 * y0[j].abs().max(scale);
        let side = |h: f64| {
            let mut y = y0.to_vec();
            y[j] += h;
            run(&y)
        };
        let (a, b, c, d) = (side(-2.0 * h), side(-h), side(h), side(2.0 * h));
        for i in 0..y0.len() {
            let slope = ((c[i] - b[i]) * 8.0 - (d[i] - a[i])) / (12.0 * h);
            let tolerance = 2e-6 * exact[i].iter().fold(0.0f64, |m, d| m.max(d.abs()));
            assert!((exact[i][j] - slope).abs() < tolerance, "({i}, {j}): {} {slope}", exact[i][j]);
        }
    }
}

#[test]
fn derivatives_of_the_solution_equal_differences() {
    check_against_differences(&HodgkinHuxley, &HodgkinHuxley, &AXON, 12.0, 0.1);
    let robertson = Robertson::SHORT;
    check_against_differences(&robertson, &robertson, &[0.9, 0.01, 0.09], 10.0, 0.01);
    let y0 = Hires.describe().y0;
    check_against_differences(&Hires, &Hires, &y0, 5.0, 0.01);
}

/// A parameter that carries a derivative, in a system with a closed form: `y' = λ (y − cos t) − sin t`.
#[test]
fn parameters_carry_derivatives_too() {
    struct Relaxing<P>(P);
    impl<P: Sync> StateSpace for Relaxing<P> {
        fn dim(&self) -> usize {
            1
        }
    }
    impl<P: Copy + Sync, T: Scalar + Over<P>> System<T> for Relaxing<P> {
        fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
            dy[0] = (y[0] - t.cos()) * self.0 - t.sin();
        }
    }
    // y = cos t + e^(λt), ∂y/∂λ = t e^(λt).
    let lambda = Dual::<1>::variable(-3.0, 0);
    let mut stepper = Rosenbrock::new(&tableau::RODAS5P, 1);
    let end = integrate_adaptive(
        erased(&Relaxing(lambda)),
        &mut stepper,
        &Tolerance::new(1e-9, 1e-11),
        (0.0, 1.5),
        &[Dual::from(2.0)],
        &Options::end(),
    )
    .unwrap()
    .last()[0];
    assert_relative_eq!(end.v, 1.5f64.cos() + (-4.5f64).exp(), max_relative = 1e-7);
    assert_relative_eq!(end.d[0], 1.5 * (-4.5f64).exp(), max_relative = 1e-6);
}

#[test]
fn a_jacobian_that_is_not_finite_in_one_lane_is_named() {
    struct Root;
    impl StateSpace for Root {
        fn dim(&self) -> usize {
            2
        }
        fn is_autonomous(&self) -> bool {
            true
        }
    }
    impl<T: Scalar> System<T> for Root {
        fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
            dy[0] = -y[0];
            dy[1] = -y[1].sqrt();
        }
    }
    let y0 = [Eight::from(1.0), Eight::from_fn(|lane| if lane == 5 { 0.0 } else { 1.0 })];
    let mut stepper = Rosenbrock::new(&tableau::RODAS5P, 2);
    let error = integrate_adaptive(
        erased(&Root),
        &mut stepper,
        &Tolerance::new(1e-6, 1e-6),
        (0.0, 0.1),
        &y0,
        &Options::end(),
    )
    .unwrap_err();
    assert!(
        matches!(&error, SolveError::JacobianNotFinite { equation, state, .. } if equation == "y[1]" && state == "y[1]"),
        "{error}"
    );
}
