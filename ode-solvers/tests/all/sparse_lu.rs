//! The sparse factorisation against a dense one with pivoting, and what guards it.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use std::sync::Arc;

use faer::prelude::{Mat, Solve};
use ode_solvers::sparse::{SparseError, SparseLu, SparsityPattern, Symbolic};
use ode_solvers::tableau::RODAS5P;
use ode_solvers::{
    FnSystem, Lanes, Linearize, Method, Options, Scalar, StateSpace, StepSize, System, Tolerance, solve,
};
use proptest::prelude::*;

/// A matrix: its structure, and −A without the diagonal's `shift`, row by row.
#[derive(Debug, Clone)]
struct Case {
    pattern: SparsityPattern,
    values: Vec<f64>,
    shift: f64,
    b: Vec<f64>,
}

impl Case {
    fn dense(&self) -> Mat<f64> {
        let n = self.pattern.dim();
        let mut a = Mat::zeros(n, n);
        let mut values = self.values.iter();
        for i in 0..n {
            for j in self.pattern.row(i).states() {
                a[(i, j)] = -values.next().unwrap();
            }
            a[(i, i)] += self.shift;
        }
        a
    }

    /// By faer's elimination with partial pivoting.
    fn reference(&self) -> Vec<f64> {
        let b = Mat::from_fn(self.b.len(), 1, |i, _| self.b[i]);
        let x = self.dense().partial_piv_lu().solve(&b);
        (0..self.b.len()).map(|i| x[(i, 0)]).collect()
    }

    fn lu<T: Scalar>(&self) -> SparseLu<T> {
        SparseLu::new(Arc::new(Symbolic::new(&self.pattern)))
    }
}

/// With `shift` well above the sum of a row's other entries the diagonal dominates.
fn case(shift: std::ops::Range<f64>) -> impl Strategy<Value = Case> {
    let positions = |n: usize| prop::collection::vec((0..n, 0..n), 0..5 * n);
    (1..48usize).prop_flat_map(move |n| (Just(n), positions(n), shift.clone())).prop_flat_map(
        |(n, positions, shift)| {
            let pattern = SparsityPattern::from_entries(n, positions).unwrap();
            let values = prop::collection::vec(-1.0..1.0f64, pattern.entries());
            (Just(pattern), values, Just(shift), prop::collection::vec(-1.0..1.0f64, n))
                .prop_map(|(pattern, values, shift, b)| Case { pattern, values, shift, b })
        },
    )
}

fn norm(x: &[f64]) -> f64 {
    x.iter().fold(0.0, |m, x| m.max(x.abs()))
}

proptest! {
    #[test]
    fn dominant_diagonals_are_solved_to_rounding(case in case(60.0..1e4)) {
        let mut lu = case.lu();
        lu.factorise(case.shift, &case.values).unwrap();
        let mut x = vec![0.0; case.b.len()];
        lu.solve_checked(&case.values, &case.b, &mut x, 1e-14).unwrap();
        for (x, reference) in x.iter().zip(case.reference()) {
            prop_assert!((x - reference).abs() < 1e-13 / case.shift);
        }
        // The unchecked solution is the same.
        let mut again = case.b.clone();
        lu.solve(&mut again);
        prop_assert_eq!(again, x);
    }

    /// Whatever the pivots are, a solution that passes the check is one of a system that differs by
    /// less than the limit in every entry.
    #[test]
    fn a_solution_that_passes_is_right(case in case(0.0..2.0)) {
        let mut lu = case.lu();
        if lu.factorise(case.shift, &case.values).is_err() {
            return Ok(());
        }
        let mut x = vec![0.0; case.b.len()];
        match lu.solve_checked(&case.values, &case.b, &mut x, 1e-12) {
            Ok(()) => {
                let a = case.dense();
                for i in 0..x.len() {
                    let terms = || (0..x.len()).map(|j| a[(i, j)] * x[j]);
                    let scale: f64 = terms().map(f64::abs).sum::<f64>() + case.b[i].abs();
                    prop_assert!((case.b[i] - terms().sum::<f64>()).abs() <= 2e-12 * scale);
                }
            }
            Err(SparseError::Unstable { backward_error, .. }) => {
                prop_assert!(backward_error.is_nan() || backward_error > 1e-12);
            }
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn a_lane_equals_the_scalar(cases in prop::collection::vec(prop::collection::vec(-1.0..1.0f64, 64), 4)) {
        let arrow = (1..12).flat_map(|i| [(0, i), (i, 0), (i, (i * 5) % 12)]);
        let pattern = SparsityPattern::from_entries(12, arrow).unwrap();
        let plan = Arc::new(Symbolic::new(&pattern));
        let m = pattern.entries();
        let lanes = |k: usize| Lanes::<f64, 4>::from_fn(|lane| cases[lane][k]);
        let mut together = SparseLu::<Lanes<f64, 4>>::new(plan.clone());
        together.factorise(Lanes::from(20.0), &(0..m).map(lanes).collect::<Vec<_>>()).unwrap();
        let mut x: Vec<_> = (0..12).map(|i| lanes(m + i)).collect();
        together.solve(&mut x);
        for (lane, case) in cases.iter().enumerate() {
            let mut alone = SparseLu::<f64>::new(plan.clone());
            alone.factorise(20.0, &case[..m]).unwrap();
            let mut y = case[m..m + 12].to_vec();
            alone.solve(&mut y);
            for (x, y) in x.iter().zip(&y) {
                prop_assert_eq!(x.0[lane].to_bits(), y.to_bits());
            }
        }
    }
}

#[test]
fn a_zero_pivot_is_reported() {
    let pattern = SparsityPattern::from_entries(2, [(0, 1), (1, 0)]).unwrap();
    let mut lu = SparseLu::<f64>::new(Arc::new(Symbolic::new(&pattern)));
    assert_eq!(lu.factorise(0.0, &[0.0, 1.0, 1.0, 0.0]), Err(SparseError::BadPivot { state: 0 }));
    assert!(matches!(lu.factorise(1.0, &[f64::NAN, 1.0, 1.0, 0.0]), Err(SparseError::BadPivot { .. })));
    // In one lane of four.
    let mut lu = SparseLu::<Lanes<f64, 4>>::new(lu.plan().clone().into());
    let one = Lanes::from(1.0);
    let first = Lanes([0.0, 1.0, 1.0, 1.0]);
    assert!(lu.factorise(one, &[first, one, one, Lanes::from(0.5)]).is_err());
}

#[test]
fn a_tiny_pivot_is_found_out() {
    let pattern = SparsityPattern::from_entries(2, [(0, 1), (1, 0)]).unwrap();
    let mut lu = SparseLu::<f64>::new(Arc::new(Symbolic::new(&pattern)));
    // [1e-20 1; 1 1]: without exchange of rows the second equation is lost.
    let values = [-1e-20, -1.0, -1.0, -1.0];
    lu.factorise(0.0, &values).unwrap();
    let mut x = [0.0; 2];
    let error = lu.solve_checked(&values, &[1.0, 2.0], &mut x, 1e-9).unwrap_err();
    assert!(matches!(error, SparseError::Unstable { state: 1, backward_error } if backward_error > 0.1));
}

/// In single precision the second solution has no digits; with the diagonal of a short step it misses
/// its equation by more than the equation has terms.
#[test]
fn what_underflows_says_nothing_about_pivots() {
    let pattern = SparsityPattern::from_entries(2, [(0, 1), (1, 0)]).unwrap();
    let mut lu = SparseLu::<Lanes<f32, 4>>::new(Arc::new(Symbolic::new(&pattern)));
    let numbers = |x: [f32; 4]| x.map(|x| Lanes([x; 4]));
    for shift in [1e2, 1e4, 1e6, 1e8, 1e12] {
        let values = numbers([-1.0, 3.0, 1e-30, -0.1]);
        lu.factorise(Lanes([shift; 4]), &values).unwrap();
        let mut x = [Lanes::from(0.0); 2];
        for small in [1e-30, 3e-38, 1e-38, 3e-39, 1e-40, 1e-43] {
            lu.solve_checked(&values, &[Lanes([50.0; 4]), Lanes([small; 4])], &mut x, 1e-4).unwrap();
        }
    }
}

/// On this diagonal `shift − J` cancels to its last digits. The solution is wrong by as much as the
/// first equation has to say, which is little beside `shift · x` and `J x` apart: a check against
/// those would let it pass.
#[test]
fn a_diagonal_that_cancels_hides_no_error() {
    let pattern = SparsityPattern::from_entries(2, [(0, 1), (1, 0)]).unwrap();
    let values = [0.9800727029665006, 8.934453361681733e-9, -0.07623672046326654, 0.9800727029665725];
    let case = Case {
        pattern,
        values: values.to_vec(),
        shift: 0.9800727029663945,
        b: vec![-0.009793147328310423, 1.460340774141553e-7],
    };
    let mut lu = case.lu::<f64>();
    lu.factorise(case.shift, &case.values).unwrap();
    let mut x = [0.0; 2];
    let error = lu.solve_checked(&case.values, &case.b, &mut x, 1e-12).unwrap_err();
    assert!(matches!(error, SparseError::Unstable { backward_error, .. } if backward_error > 0.5), "{error}");
    let reference = case.reference();
    assert!(
        (x[0] - reference[0]).abs() > 1e-3 * reference[0].abs()
            || (x[1] - reference[1]).abs() > 1e-3 * reference[1].abs()
    );
}

/// Pairs of equations `a' = λ a + b`, `b' = 0.3 b − a`.
struct Pairs {
    pairs: usize,
    lambda: f64,
}

impl StateSpace for Pairs {
    fn dim(&self) -> usize {
        2 * self.pairs
    }
    fn is_autonomous(&self) -> bool {
        true
    }
}

impl<T: Scalar> System<T> for Pairs {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        for k in (0..2 * self.pairs).step_by(2) {
            dy[k] = y[k] * self.lambda + y[k + 1];
            dy[k + 1] = y[k + 1] * 0.3 - y[k];
        }
    }
}

/// With `λ = 1/(γ dt)` the diagonal of `I/(γ dt) − J` vanishes: the step must find out, and pivot.
#[test]
fn steps_whose_pivots_are_bad_fall_back_to_pivoting() {
    let (dt, end) = (0.125, 0.5);
    let y0: Vec<f64> = (0..16).map(|i| 0.3 + 0.1 * f64::from(i)).collect();
    for perturbation in [0.0, 1e-15, 1e-14, 1e-12, 1e-8, 1e-3, 0.5] {
        let lambda = (1.0 + perturbation) / (dt * RODAS5P.gamma);
        let system = Pairs { pairs: 8, lambda };
        let dense = FnSystem::new(16, |t, y, dy| System::<f64>::rhs(&system, t, y, dy))
            .autonomous()
            .with_jacobian(|t, y, j| system.jacobian(t, y, j));
        let run = |system: &dyn Linearize| {
            solve(system, Method::Rodas5P, StepSize::Fixed(dt), (0.0, end), &y0, &Options::end()).unwrap()
        };
        let (sparse, dense) = (run(&system), run(&dense));
        for (a, b) in sparse.last().iter().zip(dense.last()) {
            assert!((a - b).abs() < 1e-7 * norm(dense.last()), "{perturbation}: {a} {b}");
        }
    }
}

/// What each equation reads changes at a stop.
struct Switching;

impl StateSpace for Switching {
    fn dim(&self) -> usize {
        12
    }
    fn is_autonomous(&self) -> bool {
        true
    }
    fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        out.extend([1.0, 2.0].iter().filter(|&&t| t0 < t && t < t1));
    }
}

impl<T: Scalar> System<T> for Switching {
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
        let shift = if t < 1.0 {
            1
        } else if t < 2.0 {
            5
        } else {
            1
        };
        for i in 0..12 {
            dy[i] = (y[(i + shift) % 12] - y[i]) * y[i] * 3.0;
        }
    }
}

#[test]
fn a_structure_that_changes_at_a_stop_is_followed() {
    let y0: Vec<f64> = (0..12).map(|i| 1.0 + 0.1 * f64::from(i)).collect();
    let dense = FnSystem::new(12, |t, y, dy| System::<f64>::rhs(&Switching, t, y, dy))
        .autonomous()
        .with_stops([1.0, 2.0])
        .with_jacobian(|t, y, j| Switching.jacobian(t, y, j));
    let step = StepSize::Adaptive(Tolerance::new(1e-6, 1e-8));
    let a = solve(&Switching, Method::Rodas5P, step.clone(), (0.0, 3.0), &y0, &Options::end()).unwrap();
    let b = solve(&dense, Method::Rodas5P, step, (0.0, 3.0), &y0, &Options::end()).unwrap();
    assert_eq!(a.stats.accepted, b.stats.accepted);
    for (a, b) in a.last().iter().zip(b.last()) {
        assert!((a - b).abs() < 1e-12 * b.abs(), "{a} {b}");
    }
}
