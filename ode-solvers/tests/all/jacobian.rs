//! Exact Jacobians against differences, and what happens with and without them.

use crate::common::HodgkinHuxley;
use approx::assert_abs_diff_eq;
use ode_solvers::problems::{Hires, Oregonator, Problem, VanDerPol};
use ode_solvers::{Dual, FnSystem, Linearize, Method, Options, Scalar, StepSize, System, Tolerance, solve};

/// By central differences with Richardson's extrapolation: error O(h⁴).
fn differences(system: &dyn Linearize, y: &[f64]) -> Vec<f64> {
    let n = y.len();
    let central = |j: usize, h: f64| {
        let side = |h: f64| {
            let (mut x, mut f) = (y.to_vec(), vec![0.0; n]);
            x[j] += h;
            system.rhs(0.0, &x, &mut f);
            f
        };
        let (up, down) = (side(h), side(-h));
        up.iter().zip(&down).map(|(u, d)| (u - d) / (2.0 * h)).collect::<Vec<_>>()
    };
    let column = |j: usize| {
        let h = 1e-3 * y[j].abs().max(1e-3);
        let (coarse, fine) = (central(j, h), central(j, 0.5 * h));
        coarse.into_iter().zip(fine).map(|(c, f)| f + (f - c) / 3.0).collect::<Vec<_>>()
    };
    (0..n).flat_map(column).collect()
}

fn check(system: &dyn Linearize, y: &[f64]) {
    let n = y.len();
    let mut exact = vec![0.0; n * n];
    system.jacobian(0.0, y, &mut exact);
    for (k, (e, d)) in exact.iter().zip(differences(system, y)).enumerate() {
        assert!((e - d).abs() < 1e-6 * (1.0 + e.abs()), "({}, {}): {e} {d}", k % n, k / n);
    }
}

#[test]
fn duals_equal_differences() {
    check(&HodgkinHuxley, &[-52.0, 0.1, 0.5, 0.4]);
    check(&HodgkinHuxley, &[-39.0, 0.3, 0.2, 0.6]);
    check(&VanDerPol, &[1.7, -0.3]);
    check(&Oregonator, &[3.0, 2.0, 10.0]);
    check(&Hires, &[0.7, 0.1, 0.2, 0.4, 0.3, 0.6, 0.5, 0.01]);
}

#[test]
fn every_function_of_a_dual_has_its_derivative() {
    type Function = (&'static str, fn(Dual<1>) -> Dual<1>, fn(f64) -> f64);
    let functions: [Function; 11] = [
        ("exp", |x| x.exp(), f64::exp),
        ("exp_m1", |x| x.exp_m1(), f64::exp_m1),
        ("ln", |x| x.ln(), f64::ln),
        ("sqrt", |x| x.sqrt(), f64::sqrt),
        ("tanh", |x| x.tanh(), f64::tanh),
        ("sin", |x| x.sin(), f64::sin),
        ("cos", |x| x.cos(), f64::cos),
        ("powi", |x| x.powi(-3), |x| x.powi(-3)),
        ("powf", |x| x.powf(2.5), |x| x.powf(2.5)),
        ("abs", |x| (-x).abs(), f64::abs),
        ("recip", |x| x.recip(), f64::recip),
    ];
    for (name, dual, plain) in functions {
        for x in [0.01, 0.3, 1.0, 2.7, 9.0] {
            let y = dual(Dual::variable(x, 0));
            let h = 1e-4 * x;
            let at = |h: f64| (plain(x + h) - plain(x - h)) / (2.0 * h);
            let expected = at(h) + (at(h) - at(2.0 * h)) / 3.0;
            assert!((y.v - plain(x)).abs() <= 4e-16 * y.v.abs(), "{name}");
            assert!(
                (y.d[0] - expected).abs() < 1e-8 * (1.0 + expected.abs()),
                "{name}({x}): {} {expected}",
                y.d[0]
            );
        }
    }
}

#[test]
fn derivatives_keep_their_digits_at_the_ends() {
    // Far out, where e^x − 1 is −1 and tanh is ±1, the derivatives are tiny and not zero.
    assert_eq!(Dual::<1>::variable(-50.0, 0).exp_m1().d[0], (-50f64).exp());
    let slope = Dual::<1>::variable(25.0, 0).tanh().d[0];
    assert!((slope / (4.0 * (-50f64).exp()) - 1.0).abs() < 1e-12, "{slope}");
    let slope = Dual::<1>::variable(-25.0, 0).tanh().d[0];
    assert!((slope / (4.0 * (-50f64).exp()) - 1.0).abs() < 1e-12, "{slope}");
    assert_eq!(Dual::<1>::variable(1000.0, 0).tanh().d[0], 0.0);
    // 0⁰·⁵ has no derivative; 0² has.
    assert_eq!(Dual::<1>::variable(0.0, 0).powf(2.0).d[0], 0.0);
    assert_eq!(Dual::<1>::variable(0.0, 0).powi(1).d[0], 1.0);
}

#[test]
fn a_closure_without_jacobian_solves_as_well() {
    let rhs = |_t: f64, y: &[f64], dy: &mut [f64]| System::<f64>::rhs(&Hires, 0.0, y, dy);
    let hires = Hires.describe();
    let (y0, end, reference) = (hires.y0, hires.span.1, hires.end);
    let step = StepSize::Adaptive(Tolerance::new(1e-6, 1e-9));
    let closure = FnSystem::new(8, rhs).autonomous();
    let solution = solve(&closure, Method::Rodas5P, step, (0.0, end), &y0, &Options::end()).unwrap();
    for (y, r) in solution.last().iter().zip(reference) {
        assert_abs_diff_eq!(*y, r, epsilon = 1e-5 * r);
    }
}
