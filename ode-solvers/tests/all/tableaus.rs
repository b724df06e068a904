//! Every table of coefficients against the order conditions.
#![allow(clippy::unwrap_used, reason = "a test that unwraps fails with the place it happened")]

use ode_solvers::tableau::{
    BOGACKI_SHAMPINE_32, DOP853, DORMAND_PRINCE_54, EXPLICIT_EULER, ExplicitPair, ExplicitTableau, HEUN,
    Interpolant, MIDPOINT, RODAS3P, RODAS4, RODAS4P, RODAS5, RODAS5P, RODAS5PE, RODAS5PR, ROS3P,
    ROSENBROCK_23, RUNGE_KUTTA_4, RosenbrockTableau, TSIT5,
};

const PAIRS: [&ExplicitPair; 4] = [&BOGACKI_SHAMPINE_32, &DORMAND_PRINCE_54, &TSIT5, &DOP853];
const EXPLICIT: [&ExplicitTableau; 8] = [
    &EXPLICIT_EULER,
    &HEUN,
    &MIDPOINT,
    &RUNGE_KUTTA_4,
    &BOGACKI_SHAMPINE_32.tableau,
    &DORMAND_PRINCE_54.tableau,
    &TSIT5.tableau,
    &DOP853.tableau,
];
const ROSENBROCK: [&RosenbrockTableau; 9] =
    [&ROSENBROCK_23, &ROS3P, &RODAS3P, &RODAS4, &RODAS4P, &RODAS5, &RODAS5P, &RODAS5PE, &RODAS5PR];

/// A rooted tree: the subtrees of its root.
#[derive(Clone, PartialEq, PartialOrd)]
struct Tree(Vec<Tree>);

impl Tree {
    fn order(&self) -> u32 {
        1 + self.0.iter().map(Tree::order).sum::<u32>()
    }

    fn density(&self) -> f64 {
        f64::from(self.order()) * self.0.iter().map(Tree::density).product::<f64>()
    }

    /// Of each stage: `single` are the weights where one branch leaves, `several` where more do.
    fn weights(&self, single: &[Vec<f64>], several: &[Vec<f64>]) -> Vec<f64> {
        let matrix = if self.0.len() == 1 { single } else { several };
        let mut product = vec![1.0; matrix.len()];
        for child in &self.0 {
            let inner = child.weights(single, several);
            for (p, row) in product.iter_mut().zip(matrix) {
                *p *= row.iter().zip(&inner).map(|(a, b)| a * b).sum::<f64>();
            }
        }
        product
    }
}

/// All trees of an order: those of one order less with a leaf more somewhere, sorted, each once.
fn trees(order: u32) -> Vec<Tree> {
    fn grow(tree: &Tree) -> Vec<Tree> {
        let mut grown = vec![tree.clone()];
        grown[0].0.push(Tree(vec![]));
        for (i, child) in tree.0.iter().enumerate() {
            for larger in grow(child) {
                let mut copy = tree.clone();
                copy.0[i] = larger;
                grown.push(copy);
            }
        }
        for tree in &mut grown {
            tree.0.sort_by(|a, b| a.partial_cmp(b).unwrap());
        }
        grown
    }
    if order == 1 {
        return vec![Tree(vec![])];
    }
    let mut all: Vec<Tree> = trees(order - 1).iter().flat_map(grow).collect();
    all.sort_by(|a, b| a.partial_cmp(b).unwrap());
    all.dedup();
    all
}

/// The largest residual of the conditions up to `order`.
fn residual(b: &[f64], single: &[Vec<f64>], several: &[Vec<f64>], order: u32) -> f64 {
    let of = |tree: &Tree| {
        let sum: f64 = tree.weights(single, several).iter().zip(b).map(|(p, b)| p * b).sum();
        (sum - 1.0 / tree.density()).abs()
    };
    (1..=order).flat_map(trees).map(|tree| of(&tree)).fold(0.0, f64::max)
}

fn square(rows: &[&[f64]]) -> Vec<Vec<f64>> {
    let pad = |row: &&[f64]| row.iter().copied().chain(std::iter::repeat(0.0)).take(rows.len()).collect();
    rows.iter().map(pad).collect()
}

fn times(x: &[f64], m: &[Vec<f64>]) -> Vec<f64> {
    (0..m.len()).map(|j| x.iter().zip(m).map(|(x, row)| x * row[j]).sum()).collect()
}

fn minus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

#[test]
fn there_are_as_many_trees_as_there_should_be() {
    assert_eq!((1..=9).map(|p| trees(p).len()).collect::<Vec<_>>(), [1, 1, 2, 4, 9, 20, 48, 115, 286]);
}

#[test]
fn explicit_methods_satisfy_the_conditions_of_their_order_and_no_more() {
    for t in EXPLICIT {
        let a = square(t.a);
        for (row, c) in a.iter().zip(t.c) {
            assert!((row.iter().sum::<f64>() - c).abs() < 1e-13, "{}", t.name);
        }
        assert!(residual(t.b, &a, &a, t.order) < 1e-13, "{}", t.name);
        assert!(residual(t.b, &a, &a, t.order + 1) > 1e-5, "{}", t.name);
        if let Interpolant::Weights { w, .. } = t.interpolant {
            for (row, b) in w.iter().zip(t.b) {
                assert!((row.iter().sum::<f64>() - b).abs() < 1e-13, "{}", t.name);
            }
        }
        if let Interpolant::ExtraStages { order, c, a: extra, w } = t.interpolant {
            let all: Vec<&[f64]> = t.a.iter().chain(extra).copied().collect();
            let a = square(&all);
            for (row, c) in a.iter().zip(t.c.iter().chain(c)) {
                assert!((row.iter().sum::<f64>() - c).abs() < 1e-13, "{}", t.name);
            }
            for theta in [0.1, 0.5, 0.8, 1.0f64] {
                // The step from 0 to θ, as a method of its own: conditions for y(θ) scale with θ.
                let b: Vec<f64> =
                    w.iter().map(|row| row.iter().rev().fold(0.0, |s, &c| (s + c) * theta) / theta).collect();
                let scaled: Vec<Vec<f64>> =
                    a.iter().map(|row| row.iter().map(|a| a / theta).collect()).collect();
                assert!(residual(&b, &scaled, &scaled, order) < 1e-11 / theta.powi(6), "{} {theta}", t.name);
            }
        }
    }
    for pair in PAIRS {
        let a = square(pair.tableau.a);
        let embedded = minus(pair.tableau.b, pair.error);
        assert!(residual(&embedded, &a, &a, pair.embedded_order) < 1e-13, "{}", pair.tableau.name);
        assert!(residual(&embedded, &a, &a, pair.embedded_order + 1) > 1e-5, "{}", pair.tableau.name);
        if let Some(second) = pair.second {
            let embedded = minus(pair.tableau.b, second.error);
            assert!(residual(&embedded, &a, &a, second.order) < 1e-13, "{}", pair.tableau.name);
            assert!(residual(&embedded, &a, &a, second.order + 1) > 1e-5, "{}", pair.tableau.name);
        }
    }
}

#[test]
fn rosenbrock_methods_satisfy_the_conditions_of_their_order_and_no_more() {
    for t in ROSENBROCK {
        let s = t.stages();
        // Γ = (1/γ − C)⁻¹ by forward substitution, then α = AΓ (Hairer & Wanner II, sec. IV.7).
        let c_matrix = square(t.c_matrix);
        let mut gamma = vec![vec![0.0; s]; s];
        for i in 0..s {
            let sum = times(&c_matrix[i], &gamma);
            for j in 0..=i {
                gamma[i][j] = t.gamma * (f64::from(u8::from(i == j)) + sum[j]);
            }
        }
        let alpha: Vec<Vec<f64>> = square(t.a).iter().map(|row| times(row, &gamma)).collect();
        let beta: Vec<Vec<f64>> =
            alpha.iter().zip(&gamma).map(|(a, g)| a.iter().zip(g).map(|(a, g)| a + g).collect()).collect();
        for i in 0..s {
            assert!((alpha[i].iter().sum::<f64>() - t.c[i]).abs() < 1e-13, "{}: c", t.name);
            assert!((gamma[i].iter().sum::<f64>() - t.d[i]).abs() < 1e-13, "{}: d", t.name);
        }
        let b = times(t.b, &gamma);
        assert!(residual(&b, &beta, &alpha, t.order) < 2e-13, "{}", t.name);
        assert!(residual(&b, &beta, &alpha, t.order + 1) > 1e-4, "{}", t.name);
        let embedded = times(&minus(t.b, t.error), &gamma);
        assert!(residual(&embedded, &beta, &alpha, t.embedded_order) < 2e-13, "{}: embedded", t.name);
    }
}
