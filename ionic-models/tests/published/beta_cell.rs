//! The β-cell: the twelve printed numbers (Kuptsov, Stankevich, Bagautdinova 2022), and both Hopf
//! bifurcations.

use approx::assert_abs_diff_eq;
use ionic_models::models::ShermanRinzelKeizer1988;
use ionic_models::{Cell, Stimulus};
use ode_solvers::{Linearize, System};

fn cell(variant: &str, v_s: f64) -> Cell<ShermanRinzelKeizer1988> {
    let mut cell = Cell::variant(variant).unwrap().with_stimulus(Stimulus::none());
    cell.set_parameter("V_S", v_s).unwrap();
    cell
}

/// Newton's method with the exact Jacobian.
fn fixed_point(cell: &Cell<ShermanRinzelKeizer1988>) -> [f64; 3] {
    let mut y = [-50.0, 2e-3, 0.19];
    for _ in 0..50 {
        let (mut f, mut j) = ([0.0; 3], [0.0; 9]);
        cell.rhs(0.0, &y, &mut f);
        cell.jacobian(0.0, &y, &mut j);
        // n and S relax: their rows have a diagonal and a first column only.
        let pivot = j[0] - j[3] * j[1] / j[4] - j[6] * j[2] / j[8];
        let dv = -(f[0] - j[3] * f[1] / j[4] - j[6] * f[2] / j[8]) / pivot;
        y[0] += dv;
        y[1] -= (f[1] + j[1] * dv) / j[4];
        y[2] -= (f[2] + j[2] * dv) / j[8];
    }
    y
}

/// Coefficients of λ³ + aλ² + bλ + c, the characteristic polynomial of the Jacobian.
fn characteristic(cell: &Cell<ShermanRinzelKeizer1988>, y: &[f64; 3]) -> [f64; 3] {
    let mut j = [0.0; 9];
    cell.jacobian(0.0, y, &mut j);
    let at = |i: usize, k: usize| j[i + 3 * k];
    let minor = |i: usize, k: usize| at(i, i) * at(k, k) - at(i, k) * at(k, i);
    let det = at(0, 0) * minor(1, 2) - at(0, 1) * (at(1, 0) * at(2, 2) - at(1, 2) * at(2, 0))
        + at(0, 2) * (at(1, 0) * at(2, 1) - at(1, 1) * at(2, 0));
    [-(at(0, 0) + at(1, 1) + at(2, 2)), minor(0, 1) + minor(0, 2) + minor(1, 2), -det]
}

/// A root near `x`, by Newton's method.
fn root([a, b, c]: [f64; 3], mut x: f64) -> f64 {
    for _ in 0..50 {
        x -= (((x + a) * x + b) * x + c) / ((3.0 * x + 2.0 * a) * x + b);
    }
    x
}

/// Equal in all twelve printed digits.
fn printed(is: f64, should: f64) {
    let unit = 10f64.powi(should.abs().log10().floor() as i32 - 11);
    assert!((is - should).abs() <= 0.51 * unit, "{is:.15e} is not {should:.15e}");
}

#[test]
fn fixed_points_and_eigenvalues_to_every_printed_digit() {
    let table = [
        (
            "original",
            [-49.8970351642, 2.34518747091e-3, 0.199455092982],
            [20.7716586478, 0.0908342589553, -42.8844762759],
        ),
        (
            "bistable",
            [-50.6356914146, 2.05597931711e-3, 0.187922041216],
            [-0.159266916921, -19.5211202666, -38.7854045863],
        ),
    ];
    for (variant, point, eigenvalues) in table {
        let cell = cell(variant, -36.0);
        let y = fixed_point(&cell);
        for (is, should) in y.into_iter().zip(point) {
            printed(is, should);
        }
        let polynomial = characteristic(&cell, &y);
        for should in eigenvalues {
            printed(root(polynomial, should * 1.001), should);
        }
    }
}

#[test]
fn the_rest_is_stable_between_two_hopf_bifurcations() {
    // A pair of eigenvalues ±iω exists where ab = c, with ω² = b.
    let test = |v_s: f64| {
        let cell = cell("bistable", v_s);
        let [a, b, c] = characteristic(&cell, &fixed_point(&cell));
        (a * b - c, b)
    };
    for (mut low, mut high, v_s, omega) in
        [(-37.2, -36.9, -37.0527575222, 1.492607219), (-35.01, -34.95, -34.9757237771, 1.569089591)]
    {
        let sign = test(low).0.signum();
        assert_ne!(sign, test(high).0.signum());
        for _ in 0..60 {
            let mid = 0.5 * (low + high);
            if test(mid).0.signum() == sign { low = mid } else { high = mid }
        }
        assert!((low - v_s).abs() < 1e-6, "{low} {v_s}");
        assert_abs_diff_eq!(test(low).1.sqrt(), omega, epsilon = 1e-6);
    }
}
