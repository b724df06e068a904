//! The shared rate functions, against 50-digit arithmetic (mpmath 1.3).

use ionic_models::kinetics::{exp, falling, fallings, ghk, linoid, linoid_from, linoid_of_double};
use ode_solvers::{Dual, Lanes};

/// x, x/(eˣ − 1), its derivative.
const LINOID: [(f64, f64, f64); 21] = [
    (-700.0, 700.0, -1.0),
    (-80.5, 80.5, -1.0),
    (-30.0, 30.000000000002807, -0.9999999999972863),
    (-3.0, 3.157187089473768, -0.8869726799850767),
    (-0.7, 1.3905037045441242, -0.6147939219629686),
    (-0.5000001, 1.2707470995329038, -0.5826450542765451),
    (-0.5, 1.2707470412683992, -0.5826450380204165),
    (-0.4999, 1.2706887775774063, -0.5826287818107394),
    (-0.1, 1.050833194477505, -0.516661113094577),
    (-0.001, 1.000500083333332, -0.5001666666611111),
    (-1e-8, 1.000000005, -0.5000000016666667),
    (0.0, 1.0, -0.5),
    (1e-300, 1.0, -0.5),
    (1e-8, 0.999999995, -0.4999999983333333),
    (0.001, 0.999500083333332, -0.4998333333388889),
    (0.1, 0.9508331944775049, -0.4833388869054231),
    (0.4999, 0.7707887775774063, -0.4173712181892606),
    (0.5, 0.7707470412683991, -0.4173549619795836),
    (0.7, 0.6905037045441244, -0.3852060780370315),
    (3.0, 0.15718708947376786, -0.11302732001492334),
    (79.0, 3.875814837212932e-33, -3.826753889906439e-33),
];

#[test]
fn linoid_and_its_derivative_are_exact_to_rounding() {
    for (x, value, derivative) in LINOID {
        let l = linoid(Dual::<1>::variable(x, 0));
        assert!((l.v - value).abs() <= 3e-16 * value, "{x}: {} {value}", l.v);
        assert!((l.d[0] - derivative).abs() <= 3e-15 * derivative.abs(), "{x}: {} {derivative}", l.d[0]);
        assert_eq!(linoid(Lanes([x, 1.0])).0[0], l.v);
        if x.abs() < 80.0 {
            let single = linoid(Dual::<1, _>::variable(Lanes([x as f32]), 0));
            assert!((f64::from(single.v.0[0]) - value).abs() <= 3e-6 * value, "{x} in f32");
            assert!(
                (f64::from(single.d[0].0[0]) - derivative).abs() <= 1e-5 * derivative.abs(),
                "{x} in f32"
            );
        }
    }
    assert!(linoid(f64::NAN).is_nan());
}

/// From an exponential that is at hand: a few roundings more than without.
#[test]
fn linoid_and_falling_from_exponentials_are_the_same_functions() {
    for (x, value, derivative) in LINOID {
        let x = Dual::<1>::variable(x, 0);
        let l = linoid_from(x, exp(x));
        assert!((l.v - value).abs() <= 2e-15 * value, "{}: {} {value}", x.v, l.v);
        assert!((l.d[0] - derivative).abs() <= 1e-14 * derivative.abs(), "{}: {}", x.v, l.d[0]);
        let [a, b] = fallings([x.v, -x.v]);
        assert!((a - falling(x.v)).abs() <= 1e-15 && (b - falling(-x.v)).abs() <= 1e-15, "{}", x.v);
    }
    assert!(linoid_from(f64::NAN, f64::NAN).is_nan());
}

#[test]
fn linoid_of_double_is_linoid_of_twice() {
    for (x, value, derivative) in LINOID {
        let half = Dual::<1>::variable(0.5 * x, 0);
        let l = linoid_of_double(half, linoid(half));
        assert!((l.v - value).abs() <= 2e-15 * value, "{x}: {} {value}", l.v);
        assert!((0.5 * l.d[0] - derivative).abs() <= 1e-14 * derivative.abs(), "{x}: {}", l.d[0]);
    }
}

/// At zero the flux is c_in − c_out, with slope (c_in + c_out)/2; away from it the equation as
/// written; far away it is finite.
#[test]
fn the_ghk_flux_has_no_gap_at_zero() {
    let flux = |x: f64| {
        let x = Dual::<1>::variable(x, 0);
        ghk(x, linoid(x), Dual::constant(3.0), 5.0)
    };
    assert_eq!((flux(0.0).v, flux(0.0).d[0]), (-2.0, 4.0));
    for x in [-20.0f64, -2.0, -0.3, 0.3, 2.0, 20.0] {
        let written = x * (3.0 * x.exp() - 5.0) / x.exp_m1();
        assert!((flux(x).v - written).abs() <= 1e-14 * written.abs().max(1.0), "{x}");
    }
    assert!(flux(1e4).v.is_finite() && flux(-1e4).d[0].is_finite());
}

#[test]
fn exponents_are_limited_and_nan_is_kept() {
    assert_eq!(exp(1.0), 1f64.exp());
    assert_eq!(exp(1e4), 80f64.exp());
    assert!(exp(Lanes([1e4f32])).0[0].is_finite());
    assert_eq!(exp(-1e4), 0.0);
    assert!(exp(f64::NAN).is_nan());
    assert_eq!(falling(0.0), 0.5);
    let far = falling(Dual::<1>::variable(1e6, 0));
    assert!(far.v < 1e-34 && far.d[0] == 0.0);
}
