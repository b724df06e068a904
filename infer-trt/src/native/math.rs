//! Activations of vectors, without branches except for the sine of very large arguments.
//!
//! The polynomials are minimax fits (Remez exchange in 40 digits, coefficients then rounded to
//! `f32`). With u = 2⁻²⁴ ≈ 6.0e-8 the unit of rounding, measured over every 97th `f32` against
//! `f64` functions on each instruction set, and held by a test over every 997th:
//!
//! | function | error |
//! |---|---|
//! | sigmoid | 3 u relative from −87 up; below, 2e-38 |
//! | SiLU | 3 u relative from −87 up; below, 1e-36 |
//! | tanh | 4 u relative |
//! | ELU (eˣ − 1 for x < 0) | 2 u relative |
//! | sin | 3 u absolute, any finite x |

use super::vector::Vector;

/// log₂ e
const LOG2_E: f32 = std::f32::consts::LOG2_E;
/// ln 2 in two parts, the first with so few digits that small multiples of it are exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// (eʳ − 1 − r)/r² for |r| ≤ ln 2 / 2; relative error of eʳ − 1: 1.4e-8.
const EXP: [f32; 5] = [0.5, 0.166_665_43, 0.041_666_28, 0.008_366_598, 0.001_394_647_3];
/// π in three parts: multiples up to 2¹³ of the first two are exact.
const PI: [f32; 3] = [3.140_625, 9.675_026e-4, 1.509_958e-7];
/// (sin r / r − 1)/r² in powers of r² for |r| ≤ π/2; absolute error of sin r: 5e-9.
const SIN: [f32; 4] = [-0.166_666_6, 0.008_333_088, -0.000_198_110_72, 2.608_827e-6];
/// Beyond this, multiples of π are no longer exact and the sine is taken value by value.
const SIN_LIMIT: f32 = 25_000.0;

/// Where eˣ, and 2ⁿ on the way to it, is a normal number.
const EXP_RANGE: [f32; 2] = [-87.3, 88.0];

/// x = n ln 2 + r with a whole n; returns (n, eʳ − 1). x lies in [`EXP_RANGE`] or is NaN.
#[inline(always)]
fn reduce<V: Vector>(x: V) -> (V, V) {
    let n = x.mul(V::splat(LOG2_E)).round();
    let r = n.mul_add(V::splat(-LN_2[0]), x);
    let r = n.mul_add(V::splat(-LN_2[1]), r);
    let q = V::splat(EXP[4])
        .mul_add(r, V::splat(EXP[3]))
        .mul_add(r, V::splat(EXP[2]))
        .mul_add(r, V::splat(EXP[1]))
        .mul_add(r, V::splat(EXP[0]));
    (n, r.mul(r).mul_add(q, r))
}

/// 1 + e⁻ˣ; −x at most the end of [`EXP_RANGE`].
#[inline(always)]
fn one_plus_exp_minus<V: Vector>(x: V) -> V {
    let (n, p) = reduce(V::splat(0.0).sub(x).at_least(V::splat(EXP_RANGE[0])));
    p.add(V::splat(1.0)).scale(n).add(V::splat(1.0))
}

/// eˣ − 1, x in [`EXP_RANGE`].
#[inline(always)]
fn exp_m1<V: Vector>(x: V) -> V {
    let (n, p) = reduce(x);
    let s = n.exp2();
    p.mul_add(s, s.sub(V::splat(1.0)))
}

/// 1/(1 + e⁻ˣ)
#[inline(always)]
pub(crate) fn sigmoid<V: Vector>(x: V) -> V {
    V::splat(1.0).div(one_plus_exp_minus(x.at_least(V::splat(-EXP_RANGE[1]))))
}

/// x/(1 + e⁻ˣ)
#[inline(always)]
pub(crate) fn silu<V: Vector>(x: V) -> V {
    // Below −88 the function is 0 to within 1e-36, for −∞ too.
    let x = x.at_least(V::splat(-EXP_RANGE[1]));
    x.div(one_plus_exp_minus(x))
}

/// tanh x
#[inline(always)]
pub(crate) fn tanh<V: Vector>(x: V) -> V {
    // e²ˣ − 1 over e²ˣ + 1: at 2x = ±20 this is ±1 in `f32`.
    let e = exp_m1(x.add(x).at_most(V::splat(20.0)).at_least(V::splat(-20.0)));
    e.div(e.add(V::splat(2.0)))
}

/// x for x > 0, α(eˣ − 1) otherwise
#[inline(always)]
pub(crate) fn elu<V: Vector>(x: V, alpha: V) -> V {
    let e = exp_m1(x.at_most(V::splat(0.0)).at_least(V::splat(EXP_RANGE[0])));
    x.where_positive(x, e.mul(alpha))
}

/// max(x, 0)
#[inline(always)]
pub(crate) fn relu<V: Vector>(x: V) -> V {
    x.at_least(V::splat(0.0))
}

/// sin x
#[inline(always)]
pub(crate) fn sin<V: Vector>(x: V) -> V {
    let n = x.mul(V::splat(std::f32::consts::FRAC_1_PI)).round();
    let r = n.mul_add(V::splat(-PI[0]), x);
    let r = n.mul_add(V::splat(-PI[1]), r);
    let r = n.mul_add(V::splat(-PI[2]), r);
    // sin(r + nπ) = (−1)ⁿ sin r; n/2 is a whole number or half way between two.
    let half = n.mul(V::splat(0.5));
    let odd = half.sub(half.round());
    let sign = odd.mul(odd).mul_add(V::splat(-8.0), V::splat(1.0));
    let s = r.mul(r);
    let q = V::splat(SIN[3])
        .mul_add(s, V::splat(SIN[2]))
        .mul_add(s, V::splat(SIN[1]))
        .mul_add(s, V::splat(SIN[0]));
    let y = r.mul(s).mul_add(q, r).mul(sign);
    let mut lanes = [0.0; 16];
    x.store(&mut lanes);
    // One test for all lanes, since it almost never fails.
    if lanes[..V::LANES].iter().all(|v| v.abs() <= SIN_LIMIT) {
        return y;
    }
    let mut values = [0.0; 16];
    y.store(&mut values);
    sin_beyond_limit(&lanes, &mut values);
    V::load(&values)
}

/// Replaces the sines of numbers beyond the limit; infinities give NaN. The others stay, so that a
/// row never depends on its neighbours.
#[cold]
#[inline(never)]
fn sin_beyond_limit(x: &[f32; 16], y: &mut [f32; 16]) {
    for (x, y) in x.iter().zip(y) {
        if x.abs() > SIN_LIMIT {
            *y = f64::from(*x).sin() as f32;
        }
    }
}
