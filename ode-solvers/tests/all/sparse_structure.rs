//! The structure of Jacobians: found from the model, coloured, ordered.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use crate::common::HodgkinHuxley;
use ode_solvers::problems::{Hires, Oregonator, Pollution};
use ode_solvers::sparse::{Compression, Depends, SparseError, SparsityPattern, Symbolic};
use ode_solvers::{Linearize, Scalar, StateSpace, System};
use proptest::prelude::*;

/// Couples its states through a branch, and not at all through a constant.
struct Branching;

impl StateSpace for Branching {
    fn dim(&self) -> usize {
        5
    }
}

impl<T: Scalar> System<T> for Branching {
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
        dy[0] = T::select_lt(y[1], T::from(0.5), y[2] * y[0], y[3].exp());
        dy[1] = y[1].powi(0) + 2.0;
        dy[2] = y[2].max(y[4]) * 0.0;
        dy[3] = if t < 1.0 { y[0] } else { y[4].tanh() };
        dy[4] = T::from(t);
    }
}

fn columns(pattern: &SparsityPattern) -> Vec<Vec<usize>> {
    (0..pattern.dim()).map(|i| pattern.row(i).states().collect()).collect()
}

#[test]
fn the_structure_does_not_depend_on_values() {
    let before = SparsityPattern::of(&Branching, 0.0).unwrap();
    assert_eq!(columns(&before), [vec![0, 1, 2, 3], vec![1], vec![2, 4], vec![0, 3], vec![4]]);
    let after = SparsityPattern::of(&Branching, 1.0).unwrap();
    assert_eq!(columns(&after)[3], [3, 4]);
    assert_eq!(before.entries(), 10);
    assert!(before.contains(3, 0) && !before.contains(0, 4) && !before.contains(9, 0));
}

#[test]
fn sets_of_states() {
    let set = Depends::on(3) + Depends::on(127) * Depends::on(64).exp() - 1.0;
    assert_eq!(set.states().collect::<Vec<_>>(), [3, 64, 127]);
    assert_eq!(set.count(), 3);
    assert_eq!(Depends::on(128), Depends::from(7.0));
}

#[test]
fn what_does_not_fit_is_named() {
    let error = SparsityPattern::from_entries(3, [(0, 0), (1, 3)]).unwrap_err();
    assert_eq!(error, SparseError::EntryOutside { row: 1, column: 3, dim: 3 });
    let error = SparsityPattern::from_entries(129, []).unwrap_err();
    assert_eq!(error, SparseError::TooLarge { dim: 129, max: 128 });
    assert!(SparsityPattern::from_entries(128, [(127, 0)]).unwrap().contains(127, 0));
    let empty = SparsityPattern::from_entries(0, []).unwrap();
    assert_eq!((Compression::new(&empty).colours(), Symbolic::new(&empty).factor_entries()), (0, 0));
}

/// The compressed Jacobian against the dense one, which must be zero outside the pattern.
fn check_jacobian<S: Linearize + System<Depends>>(system: &S, y: &[f64]) {
    let n = y.len();
    let pattern = SparsityPattern::of(system, 0.0).unwrap();
    let plan = Compression::new(&pattern);
    let mut dense = vec![0.0; n * n];
    system.jacobian(0.0, y, &mut dense);
    let mut values = vec![f64::NAN; pattern.entries()];
    system.jacobian_entries(0.0, y, &plan, &mut values);
    for ((i, j), value) in plan.entries().zip(&values) {
        assert_eq!(dense[i + j * n], *value, "({i}, {j})");
    }
    for (k, value) in dense.iter().enumerate() {
        assert!(*value == 0.0 || pattern.contains(k % n, k / n), "({}, {})", k % n, k / n);
    }
}

proptest! {
    #[test]
    fn compressed_jacobians_equal_dense_ones(y in prop::collection::vec(0.05..0.95f64, 20)) {
        check_jacobian(&HodgkinHuxley, &[y[0] * 150.0 - 100.0, y[1], y[2], y[3]]);
        check_jacobian(&Branching, &y[..5]);
        check_jacobian(&Oregonator, &y[..3]);
        check_jacobian(&Hires, &y[..8]);
        check_jacobian(&Pollution, &y);
    }

    #[test]
    fn no_two_columns_of_a_colour_share_a_row(
        dim in 1..40usize,
        entries in prop::collection::vec((0..40usize, 0..40usize), 0..120),
    ) {
        let entries = entries.into_iter().map(|(i, j)| (i % dim, j % dim));
        let pattern = SparsityPattern::from_entries(dim, entries).unwrap();
        let plan = Compression::new(&pattern);
        for i in 0..dim {
            let mut seen = vec![false; plan.colours()];
            for j in pattern.row(i).states() {
                prop_assert!(!std::mem::replace(&mut seen[plan.colour(j)], true));
            }
        }
        let mut positions: Vec<_> = plan.entries().collect();
        positions.sort_unstable();
        positions.dedup();
        prop_assert_eq!(positions.len(), pattern.entries());
        prop_assert!(positions.iter().all(|&(i, j)| pattern.contains(i, j)));
    }
}

/// The Jacobians' structures of published models.
fn published() -> Vec<(String, SparsityPattern)> {
    let text = include_str!("../data/jacobian_patterns.json");
    let file: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).unwrap();
    let models = file.into_iter().filter(|(name, _)| name != "provenance");
    let pattern = |rows: serde_json::Value| {
        let rows: Vec<Vec<usize>> = serde_json::from_value(rows).unwrap();
        let entries = rows.iter().enumerate().flat_map(|(i, row)| row.iter().map(move |&j| (i, j)));
        SparsityPattern::from_entries(rows.len(), entries).unwrap()
    };
    models.map(|(name, rows)| (name, pattern(rows))).collect()
}

/// Costs are part of the promise: a change shows here.
#[test]
fn the_work_for_published_models() {
    let work: Vec<_> = published()
        .iter()
        .map(|(name, pattern)| {
            let (plan, colours) = (Symbolic::new(pattern), Compression::new(pattern).colours());
            let mut order: Vec<_> = plan.order().collect();
            order.sort_unstable();
            assert!(order.iter().copied().eq(0..pattern.dim()));
            (
                name.clone(),
                [pattern.dim(), pattern.entries(), plan.fill()],
                [plan.factor_flops(), plan.solve_flops(), colours],
            )
        })
        .collect();
    let expected = [
        ("hodgkin_huxley_1952", [4, 10, 0], [9, 16, 4]),
        ("luo_rudy_1991", [8, 24, 0], [27, 40, 8]),
        ("ohara_rudy_2011", [41, 221, 10], [490, 421, 37]),
        ("ten_tusscher_panfilov_2006", [19, 76, 0], [120, 133, 17]),
    ];
    assert_eq!(work, expected.map(|(name, size, flops)| (name.to_owned(), size, flops)));
}
