//! Elementary functions of `f64` registers, with fused multiply-adds.
//!
//! Reductions and coefficients are those of [`crate::elements`]; fused operations take half of the
//! time and leave last places that differ from those of plain ones.

use super::register::Fused;

pub(super) const LN2_HI: f64 = 6.93147180369123816490e-01;
pub(super) const LN2_LO: f64 = 1.90821492927058770002e-10;
/// 1.5 · 2⁵²: adding it rounds to a whole number.
const ROUND: f64 = 6755399441055744.0;

/// a + b·x.
#[inline(always)]
fn line<R: Fused<Element = f64>>(x: R, a: f64, b: f64) -> R {
    R::splat(b).mul_add(x, R::splat(a))
}

/// `x = n ln 2 + r`: returns `n` and `eʳ − 1`.
#[inline(always)]
fn reduce<R: Fused<Element = f64>>(x: R) -> (R, R) {
    let round = R::splat(ROUND);
    let n = x.mul_add(R::splat(core::f64::consts::LOG2_E), round).sub(round);
    let r = n.neg_mul_add(R::splat(LN2_LO), n.neg_mul_add(R::splat(LN2_HI), x));
    let r2 = r.mul(r);
    let r4 = r2.mul(r2);
    // 1/k! from k = 2.
    let a = line(r, 1.0 / 24.0, 1.0 / 120.0).mul_add(r2, line(r, 0.5, 1.0 / 6.0));
    let b = line(r, 1.0 / 40320.0, 1.0 / 362880.0).mul_add(r2, line(r, 1.0 / 720.0, 1.0 / 5040.0));
    let c = line(r, 1.0 / 479001600.0, 1.0 / 6227020800.0)
        .mul_add(r2, line(r, 1.0 / 3628800.0, 1.0 / 39916800.0));
    (n, c.mul_add(r4, b).mul_add(r4, a).mul_add(r2, r))
}

#[inline(always)]
pub(super) fn exp<R: Fused<Element = f64>>(x: R) -> R {
    // NaN stays.
    let (n, p) = reduce(R::splat(-746.0).max(R::splat(710.0).min(x)));
    p.add(R::splat(1.0)).scale(n)
}

#[inline(always)]
pub(super) fn exp_m1<R: Fused<Element = f64>>(x: R) -> R {
    let (n, p) = reduce(R::splat(-40.0).max(R::splat(710.0).min(x)));
    // 2ⁿ⁻¹, since 2¹⁰²⁴ is not a number.
    let half = R::splat(0.5).scale(n);
    let y = p.mul_add(half, half.sub(R::splat(0.5)));
    R::select_lt(x.abs(), R::splat(1e-300), x, y.add(y))
}

#[inline(always)]
pub(super) fn ln<R: Fused<Element = f64>>(x: R) -> R {
    let (k, m) = x.split();
    let f = m.sub(R::splat(1.0));
    let s = f.div(f.add(R::splat(2.0)));
    let z = s.mul(s);
    let w = z.mul(z);
    let even = line(w, 2.222219843214978396e-01, 1.531383769920937332e-01)
        .mul_add(w, R::splat(3.999999999940941908e-01));
    let odd = line(w, 1.818357216161805012e-01, 1.479819860510658591e-01)
        .mul_add(w, R::splat(2.857142874366239149e-01))
        .mul_add(w, R::splat(6.666666666666735130e-01));
    let half_square = f.mul(R::splat(0.5)).mul(f);
    let tail = s.mul(odd.mul_add(z, even.mul_add(w, half_square)));
    let small = k.mul_add(R::splat(LN2_LO), tail);
    let y = k.mul_add(R::splat(LN2_HI), f.sub(half_square.sub(small)));
    // ∞ and NaN are their own logarithms, 0 has −∞, and what is below none.
    let y = R::select_lt(x, R::splat(f64::INFINITY), y, x);
    let y = R::select_lt(x, R::splat(0.0), R::splat(f64::NAN), y);
    R::select_lt(x.abs(), R::splat(f64::from_bits(1)), R::splat(f64::NEG_INFINITY), y)
}

#[inline(always)]
pub(super) fn tanh<R: Fused<Element = f64>>(x: R) -> R {
    // (e⁻²ˣ − 1)/(e⁻²ˣ + 1) of |x|, with the sign of x.
    let e = exp_m1(x.abs().mul(R::splat(-2.0)));
    e.neg().div(e.add(R::splat(2.0))).copysign(x)
}
