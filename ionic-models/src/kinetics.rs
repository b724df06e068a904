//! Rate functions that many models share, each exact to rounding everywhere.
//!
//! `x/(eˣ − 1)` appears in linear-exponential rates (Hodgkin–Huxley's α_m) and in the
//! Goldman–Hodgkin–Katz flux equation. At `x = 0` it is 0/0, and near 0 its derivative, taken as
//! written, loses all digits. [`linoid`] has neither trouble, for values and for duals; the others
//! are built on it.
//!
//! Exponents are limited to 80: e⁸⁰ is finite in `f32`, and what is divided by it is zero at any
//! precision that matters. Without the limit O'Hara–Rudy's e⁴⁶⁰ overflows in single precision, and
//! the derivative of `1/(1 + eˣ)` is `∞·0` in any.

use ode_solvers::{Over, Scalar};

/// The largest exponent: e⁸⁰ is finite in `f32`.
const MAX_EXPONENT: f64 = 80.0;

/// Within this distance of zero [`linoid`] is a polynomial.
const NEAR_ZERO: f64 = 0.5;

/// B₂ₖ/(2k)!, k = 1 … 8: the Taylor coefficients of the even part of `x/(eˣ − 1)`. The first one
/// left out is below 2⁻⁵³ for |x| ≤ 1/2.
const BERNOULLI: [f64; 8] = [
    1.0 / 12.0,
    -1.0 / 720.0,
    1.0 / 30_240.0,
    -1.0 / 1_209_600.0,
    1.0 / 47_900_160.0,
    -691.0 / 1_307_674_368_000.0,
    1.0 / 74_724_249_600.0,
    -3_617.0 / 10_670_622_842_880_000.0,
];

/// The smaller of `x` and `limit`; NaN stays NaN.
#[inline(always)]
fn at_most<T: Scalar>(x: T, limit: f64) -> T {
    T::from(limit).min(x)
}

/// eˣ, with the exponent limited so that the result is finite in `f32` as well.
#[inline(always)]
pub fn exp<T: Scalar>(x: T) -> T {
    at_most(x, MAX_EXPONENT).exp()
}

/// [`exp`] of each: over plain numbers faster than one by one, if there are a few.
#[inline(always)]
pub fn exps<const N: usize, T: Scalar>(mut x: [T; N]) -> [T; N] {
    for x in &mut x {
        *x = at_most(*x, MAX_EXPONENT);
    }
    T::exps(x)
}

/// `x/(eˣ − 1)`, which is 1 at 0: value and derivative are exact to rounding on both sides.
#[inline(always)]
pub fn linoid<T: Scalar>(x: T) -> T {
    // Away from zero the quotient and its derivative are well conditioned. The side that is not taken
    // gets a harmless argument.
    let away = T::select_lt(x.abs(), T::from(NEAR_ZERO), T::from(1.0), x);
    linoid_by_parts(x, away / at_most(away, MAX_EXPONENT).exp_m1())
}

/// [`linoid`] of `x` whose exponential, [`exp`] or one of [`exps`], is at hand: within a few roundings.
#[inline(always)]
pub fn linoid_from<T: Scalar>(x: T, exp_x: T) -> T {
    let two = T::from(2.0);
    let exp_x = T::select_lt(x.abs(), T::from(NEAR_ZERO), two, exp_x);
    linoid_by_parts(x, x / (exp_x - 1.0))
}

/// [`linoid`] from its value where `x` is not near zero.
#[inline(always)]
fn linoid_by_parts<T: Scalar>(x: T, away: T) -> T {
    let q = x * x;
    let mut sum = T::from(BERNOULLI[7]);
    for &c in BERNOULLI[..7].iter().rev() {
        // Most numbers add a constant at less cost than a number.
        sum = if const { T::FUSES } { sum.mul_add(q, T::from(c)) } else { sum * q + c };
    }
    T::select_lt(x.abs(), T::from(NEAR_ZERO), sum * q - x * 0.5 + 1.0, away)
}

/// The sigmoid `1/(1 + eˣ)`: 1 far to the left, 0 far to the right, ½ at 0. Steady states of gates
/// are written with it: `falling((v + 77.5) / 8.0)` or, rising with V, `falling(-(v + 40.0) / 7.5)`.
#[inline(always)]
pub fn falling<T: Scalar>(x: T) -> T {
    falling_from(exp(x))
}

/// [`falling`] of what has this exponential.
#[inline(always)]
pub fn falling_from<T: Scalar>(exp_x: T) -> T {
    (exp_x + 1.0).recip()
}

/// [`falling`] of each: over plain numbers faster than one by one, if there are a few.
#[inline(always)]
pub fn fallings<const N: usize, T: Scalar>(x: [T; N]) -> [T; N] {
    let mut e = exps(x);
    for e in &mut e {
        *e = falling_from(*e);
    }
    e
}

/// `linoid(2x)` from `linoid(x)`, without another exponential.
#[inline(always)]
pub fn linoid_of_double<T: Scalar>(x: T, linoid_x: T) -> T {
    // e²ˣ − 1 = (eˣ − 1)(eˣ + 1), and eˣ + 1 = 2 + x/linoid(x). The denominator is at least 2.
    linoid_x * linoid_x * 2.0 / (linoid_x * 2.0 + x)
}

/// The Goldman–Hodgkin–Katz flux per unit permeability, `x·(c_in·eˣ − c_out)/(eˣ − 1)` with
/// `x = zVF/RT`, given `linoid(x)` (which currents of one valence share). Positive outward for a
/// cation. Multiply by `P·z·F` for a current.
#[inline(always)]
pub fn ghk<P: Scalar, T: Scalar + Over<P>>(x: T, linoid_x: T, c_in: T, c_out: P) -> T {
    // x·eˣ/(eˣ − 1) = x + x/(eˣ − 1).
    (x + linoid_x) * c_in - linoid_x * c_out
}

/// Derivative and rate of a gate that relaxes to `inf` with time constant `tau`.
#[inline(always)]
pub fn relax<T: Scalar>(y: T, inf: T, tau: T) -> (T, T) {
    let rate = -tau.recip();
    ((y - inf) * rate, rate)
}

/// Derivative and rate of a gate that relaxes to `inf` with rate `1/tau`.
#[inline(always)]
pub fn relax_at<T: Scalar>(y: T, inf: T, rate: T) -> (T, T) {
    (-(y - inf) * rate, -rate)
}

/// The rate `1/(1/rate + delay)` of what takes a fixed time in addition, in one division.
#[inline(always)]
pub fn slowed<T: Scalar>(rate: T, delay: f64) -> T {
    rate / (rate * delay + 1.0)
}

/// `yes` below `limit`, `no` above.
#[inline(always)]
pub fn below<T: Scalar>(v: T, limit: f64, yes: T, no: T) -> T {
    T::select_lt(v, T::from(limit), yes, no)
}

/// Derivative and rate of a gate that opens with rate `alpha` and closes with rate `beta`.
#[inline(always)]
pub fn open_close<T: Scalar>(y: T, alpha: T, beta: T) -> (T, T) {
    let rate = -(alpha + beta);
    (y * rate + alpha, rate)
}
