//! Jacobians from equations that were written down, against dual numbers.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use ode_solvers::tape::{Entries, Trace, program};
use ode_solvers::{Dual, Lanes, Linearize, Over, Scalar, StateSpace, System};
use proptest::prelude::*;

/// Every operation, with parameters of type `P`: each equation reads two or three states.
struct Everything<P> {
    p: [P; 3],
}

impl<P: Scalar> StateSpace for Everything<P> {
    fn dim(&self) -> usize {
        8
    }
    fn is_autonomous(&self) -> bool {
        true
    }
}

impl<P: Scalar, T: Scalar + Over<P>> System<T> for Everything<P> {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        let [p, q, r] = self.p;
        let shared = (y[0] * p + 1.0).exp();
        dy[0] = shared - y[0] * y[1] / (y[2] * y[2] + 1.0);
        dy[1] = (y[1] * y[1] + 0.5).ln() * q - (-shared).recip() + y[1].powi(-3).tanh();
        dy[2] = (y[2] * 0.1).exp_m1() / y[1] + T::from(p * q) - (y[3].abs() + 0.1).powf(1.4);
        dy[3] = y[3].sin() * y[4].cos() - (y[4] * y[4] + r).sqrt() * 3.0;
        // The side that is not taken is not finite.
        dy[4] = T::select_lt(y[4], T::from(r), y[5] * y[4], (y[4] - r).sqrt() * y[6]) + y[3].min(y[5]);
        dy[5] = -(y[5] - q) * ((y[6] + 1.2) * 0.0 + 2.0);
        dy[6] = y[6].powi(4) - y[6].powi(0) + y[7].max(y[6] * 2.0) / 7.0;
        // A constant.
        dy[7] = T::from(r) * 2.0 + 1.0;
    }
}

fn dense<T: Scalar>(trace: &Trace, y: &[T]) -> Vec<T> {
    let mut bound = program::<T>(trace, Entries::All).unwrap();
    let mut entries = vec![T::default(); bound.program().positions().len()];
    bound.jacobian(y, &mut entries);
    let n = y.len();
    let mut dense = vec![T::from(0.0); n * n];
    for (&(i, j), &entry) in bound.program().positions().iter().zip(&entries) {
        dense[i + j * n] = entry;
    }
    // The diagonal alone is the same.
    let mut bound = program::<T>(trace, Entries::Diagonal).unwrap();
    let mut diagonal = vec![T::default(); n];
    bound.jacobian(y, &mut diagonal);
    for i in 0..n {
        assert!(
            (diagonal[i] - dense[i * (n + 1)]).abs().worst() <= 1e-14 * (1.0 + diagonal[i].abs().worst())
        );
    }
    dense
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * (1.0 + a.abs().max(b.abs()))
}

fn states() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-2.0..2.0f64, 8)
}

proptest! {
    #[test]
    fn it_equals_duals(y in states(), p in prop::array::uniform3(0.1..2.0f64)) {
        let system = Everything { p };
        let mut expected = vec![0.0; 64];
        system.jacobian(0.0, &y, &mut expected);
        let found = dense(&Trace::of(&system, 0.0).unwrap(), &y);
        for k in 0..64 {
            prop_assert!(close(found[k], expected[k]), "({}, {}): {} {}", k % 8, k / 8, found[k], expected[k]);
        }
    }

    #[test]
    fn a_lane_equals_the_scalar(
        y in prop::collection::vec(states(), 8),
        p in prop::collection::vec(prop::array::uniform3(0.1..2.0f64), 8),
    ) {
        let lanes = |f: &dyn Fn(usize) -> f64| Lanes::<f64, 8>::from_fn(f);
        let together = Everything { p: [0, 1, 2].map(|k| lanes(&|lane| p[lane][k])) };
        let states: Vec<_> = (0..8).map(|i| lanes(&|lane| y[lane][i])).collect();
        let found = dense(&Trace::of(&together, 0.0).unwrap(), &states);
        // By duals of lanes.
        let mut duals = vec![Lanes::default(); 64];
        together.jacobian(0.0, &states, &mut duals);
        for lane in 0..8 {
            let alone = Everything { p: p[lane] };
            let alone = dense(&Trace::of(&alone, 0.0).unwrap(), &y[lane]);
            for k in 0..64 {
                prop_assert!(close(found[k].0[lane], alone[k]), "{k}: {} {}", found[k].0[lane], alone[k]);
                prop_assert!(close(duals[k].0[lane], alone[k]), "{k}: {} {}", duals[k].0[lane], alone[k]);
            }
        }
    }

    /// Second derivatives: the Jacobian over duals of the states, with parameters that carry
    /// derivatives too.
    #[test]
    fn duals_go_through_it(y in states(), p in prop::array::uniform3(0.1..2.0f64)) {
        let system = Everything { p: [Dual::<1>::constant(p[0]), Dual::variable(p[1], 0), Dual::constant(p[2])] };
        let x: Vec<Dual<1>> = y.iter().map(|&y| Dual::constant(y)).collect();
        let found = dense(&Trace::of(&system, 0.0).unwrap(), &x);
        let mut expected = vec![Dual::default(); 64];
        system.jacobian(0.0, &x, &mut expected);
        for k in 0..64 {
            prop_assert!(close(found[k].v, expected[k].v) && close(found[k].d[0], expected[k].d[0]), "{k}");
        }
    }
}

/// Systems with the same operations share a program, whatever their numbers are, and equal constants
/// are not confused with those that happened to be equal before.
#[test]
fn a_program_serves_all_parameters() {
    let y = [0.3, -0.7, 1.1, 0.4, 0.2, -1.3, 0.8, 0.5];
    for p in [[0.5, 0.5, 0.5], [0.5, 0.7, 0.5], [1.0, 2.0, 3.0], [0.5, 0.5, 0.5], [3.0, 2.0, 0.1]] {
        let system = Everything { p };
        let mut expected = vec![0.0; 64];
        system.jacobian(0.0, &y, &mut expected);
        for (a, b) in dense(&Trace::of(&system, 0.0).unwrap(), &y).iter().zip(&expected) {
            assert!(close(*a, *b), "{p:?}: {a} {b}");
        }
    }
    let of = |p| program::<f64>(&Trace::of(&Everything { p }, 0.0).unwrap(), Entries::All).unwrap();
    assert!(std::sync::Arc::ptr_eq(of([1.5, 2.5, 3.5]).program(), of([1.6, 2.6, 3.6]).program()));
}

#[test]
fn what_is_zero_by_structure_is_no_entry() {
    let trace = Trace::of(&Everything { p: [1.0, 2.0, 3.0] }, 0.0).unwrap();
    let bound = program::<f64>(&trace, Entries::All).unwrap();
    let program = bound.program();
    assert!(program.positions().is_sorted());
    // The last equation is a constant: its diagonal alone is there.
    assert_eq!(program.positions().iter().filter(|p| p.0 == 7).collect::<Vec<_>>(), [&(7, 7)]);
    let (pattern, plan) = program.plan().unwrap();
    assert_eq!((pattern.entries(), plan.dim()), (program.positions().len(), 8));
    assert!(program.stretches() <= program.operations());
}

/// A right-hand side that writes another one down while it is written down itself.
struct Nested;

impl StateSpace for Nested {
    fn dim(&self) -> usize {
        1
    }
}

impl<T: Scalar> System<T> for Nested {
    fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
        assert!(Trace::of(&Everything { p: [1.0; 3] }, 0.0).is_none());
        dy[0] = y[0] * 2.0;
    }
}

#[test]
fn one_at_a_time_is_written_down() {
    let trace = Trace::of(&Nested, 0.0).unwrap();
    assert_eq!(dense(&trace, &[1.0]), [2.0]);
}
