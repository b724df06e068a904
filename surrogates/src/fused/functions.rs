//! exp, tanh, sine and the activations on lines, with derivatives.
//!
//! Largest errors, measured against `f64` by the tests below, in units in the last place: exp 2,
//! eˣ − 1 and the logistic function 3, tanh 5. Sine and cosine: 2e-7 absolute up to |x| = 8192;
//! beyond that each lane is handed to the standard library. The polynomials are those of
//! [`crate::Real`].

use super::simd::{LANES, Line, ROUND, Simd};
use crate::Activation;

/// eʳ − 1 and 2ⁿ with x = n·ln 2 + r, for |x| ≤ 87.
#[inline(always)]
fn split<S: Simd>(s: S, x: S::V) -> (S::V, S::V) {
    let shifted = s.fma(x, s.splat(core::f32::consts::LOG2_E), s.splat(ROUND));
    let n = s.sub(shifted, s.splat(ROUND));
    // ln 2 in two parts; the first has so few digits that n·part is exact.
    let r = s.fma(n, s.splat(-0.693_359_4), x);
    let r = s.fma(n, s.splat(2.121_944_4e-4), r);
    let p = s.fma(s.splat(1.987_569_2e-4), r, s.splat(1.398_2e-3));
    let p = s.fma(p, r, s.splat(8.333_452e-3));
    let p = s.fma(p, r, s.splat(4.166_579_6e-2));
    let p = s.fma(p, r, s.splat(1.666_666_6e-1));
    let p = s.fma(p, r, s.splat(0.5));
    (s.fma(p, s.mul(r, r), r), s.power_of_two(shifted))
}

/// Into ±limit; NaN stays.
#[inline(always)]
fn clamp<S: Simd>(s: S, limit: f32, x: S::V) -> S::V {
    s.max(s.splat(-limit), s.min(s.splat(limit), x))
}

/// 1/(1 + e⁻ˣ)
#[inline(always)]
fn logistic<S: Simd>(s: S, x: S::V) -> S::V {
    let minus = s.sub(s.splat(0.0), clamp(s, 87.0, x));
    let (p, scale) = split(s, minus);
    s.reciprocal(s.add(s.fma(p, scale, scale), s.splat(1.0)))
}

/// eˣ − 1
#[inline(always)]
fn exp_m1<S: Simd>(s: S, x: S::V) -> S::V {
    let (p, scale) = split(s, clamp(s, 87.0, x));
    // 2ⁿ(1 + p) − 1 = 2ⁿp + (2ⁿ − 1): nothing cancels for n = 0.
    s.fma(p, scale, s.sub(scale, s.splat(1.0)))
}

/// tanh x = e/(e + 2) with e = e²ˣ − 1, which loses nothing near 0.
#[inline(always)]
fn tanh<S: Simd>(s: S, x: S::V) -> S::V {
    // Beyond 10 the nearest number is 1.
    let x = clamp(s, 10.0, x);
    let (p, scale) = split(s, s.add(x, x));
    let e = s.fma(p, scale, s.sub(scale, s.splat(1.0)));
    s.mul(e, s.reciprocal(s.add(e, s.splat(2.0))))
}

/// Up to where the reduction of an angle is accurate.
const SIN_LIMIT: f32 = 8192.0;

#[inline(always)]
fn sin_cos<S: Simd>(s: S, x: S::V) -> (S::V, S::V) {
    if !s.within(x, SIN_LIMIT) {
        return sin_cos_any(s, x);
    }
    let shifted = s.fma(x, s.splat(core::f32::consts::FRAC_2_PI), s.splat(ROUND));
    let n = s.sub(shifted, s.splat(ROUND));
    // π/2 in three parts; n·part is exact for the first two.
    let r = s.fma(n, s.splat(-1.570_312_5), x);
    let r = s.fma(n, s.splat(-4.837_513e-4), r);
    let r = s.fma(n, s.splat(-7.549_79e-8), r);
    let z = s.mul(r, r);
    let p = s.fma(s.splat(-1.951_529_6e-4), z, s.splat(8.332_161e-3));
    let p = s.fma(p, z, s.splat(-1.666_665_5e-1));
    let sin = s.fma(s.mul(p, z), r, r);
    let q = s.fma(s.splat(2.443_315_7e-5), z, s.splat(-1.388_731_6e-3));
    let q = s.fma(q, z, s.splat(4.166_664_6e-2));
    let cos = s.fma(q, s.mul(z, z), s.fma(z, s.splat(-0.5), s.splat(1.0)));
    s.rotate(shifted, sin, cos)
}

#[cold]
#[inline(always)]
fn sin_cos_any<S: Simd>(s: S, x: S::V) -> (S::V, S::V) {
    let mut sin = Line::ZERO;
    s.store(x, &mut sin);
    let mut cos = sin;
    for i in 0..LANES {
        (sin.0[i], cos.0[i]) = sin.0[i].sin_cos();
    }
    (s.load(&sin), s.load(&cos))
}

/// σ(z), σ'(z), σ''(z) for the activation of number `KIND`. What is not used is not computed.
#[inline(always)]
pub(super) fn activation<S: Simd, const KIND: u8>(s: S, z: S::V) -> (S::V, S::V, S::V) {
    let (zero, one, two) = (s.splat(0.0), s.splat(1.0), s.splat(2.0));
    if KIND == Activation::SiLU as u8 {
        let sigma = logistic(s, z);
        let bend = s.fnma(sigma, sigma, sigma);
        let c = s.fnma(two, sigma, one);
        (s.mul(z, sigma), s.fma(z, bend, sigma), s.mul(bend, s.fma(z, c, two)))
    } else if KIND == Activation::Tanh as u8 {
        let t = tanh(s, z);
        let slope = s.fnma(t, t, one);
        (t, slope, s.mul(s.mul(s.splat(-2.0), t), slope))
    } else if KIND == Activation::ELU as u8 {
        // NaN is not positive and so passes through the exponential.
        let e = exp_m1(s, z);
        let slope = s.add(e, one);
        (s.if_positive(z, z, e), s.if_positive(z, one, slope), s.if_positive(z, zero, slope))
    } else if KIND == Activation::ReLU as u8 {
        // 0·z is 0, and NaN for NaN.
        (s.if_positive(z, z, s.mul(z, zero)), s.if_positive(z, one, zero), zero)
    } else {
        let (sin, cos) = sin_cos(s, z);
        (sin, cos, s.sub(zero, sin))
    }
}
