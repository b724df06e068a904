//! Elementary functions of `f32` registers: see the double ones.

use super::register::Fused;

const LN2_HI: f32 = 0.693359375;
const LN2_LO: f32 = -2.121_944_4e-4;
/// 1.5 · 2²³: adding it rounds to a whole number.
const ROUND: f32 = 12582912.0;

/// a + b·x.
#[inline(always)]
fn line<R: Fused<Element = f32>>(x: R, a: f32, b: f32) -> R {
    R::splat(b).mul_add(x, R::splat(a))
}

/// `x = n ln 2 + r`: returns `n` and `eʳ − 1`.
#[inline(always)]
fn reduce<R: Fused<Element = f32>>(x: R) -> (R, R) {
    let round = R::splat(ROUND);
    let n = x.mul_add(R::splat(core::f32::consts::LOG2_E), round).sub(round);
    let r = n.neg_mul_add(R::splat(LN2_LO), n.neg_mul_add(R::splat(LN2_HI), x));
    let r2 = r.mul(r);
    // 1/k! from k = 2.
    let a = line(r, 0.5, 1.0 / 6.0);
    let b = line(r, 1.0 / 24.0, 1.0 / 120.0);
    let c = line(r, 1.0 / 720.0, 1.0 / 5040.0);
    (n, c.mul_add(r2, b).mul_add(r2, a).mul_add(r2, r))
}

#[inline(always)]
pub(super) fn exp<R: Fused<Element = f32>>(x: R) -> R {
    // NaN stays.
    let (n, p) = reduce(R::splat(-104.0).max(R::splat(89.0).min(x)));
    p.add(R::splat(1.0)).scale(n)
}

#[inline(always)]
pub(super) fn exp_m1<R: Fused<Element = f32>>(x: R) -> R {
    let (n, p) = reduce(R::splat(-20.0).max(R::splat(89.0).min(x)));
    // 2ⁿ⁻¹, since 2¹²⁸ is not a number.
    let half = R::splat(0.5).scale(n);
    let y = p.mul_add(half, half.sub(R::splat(0.5)));
    R::select_lt(x.abs(), R::splat(1e-30), x, y.add(y))
}

#[inline(always)]
pub(super) fn ln<R: Fused<Element = f32>>(x: R) -> R {
    let (k, m) = x.split();
    let f = m.sub(R::splat(1.0));
    let s = f.div(f.add(R::splat(2.0)));
    let z = s.mul(s);
    let w = z.mul(z);
    let even = line(w, 0.400_009_72, 0.242_790_79);
    let odd = line(w, 0.666_666_63, 0.284_987_87);
    let half_square = f.mul(R::splat(0.5)).mul(f);
    let tail = s.mul(odd.mul_add(z, even.mul_add(w, half_square)));
    let small = k.mul_add(R::splat(9.058_000_6e-6), tail);
    let y = k.mul_add(R::splat(0.693_138_1), f.sub(half_square.sub(small)));
    // ∞ and NaN are their own logarithms, 0 has −∞, and what is below none.
    let y = R::select_lt(x, R::splat(f32::INFINITY), y, x);
    let y = R::select_lt(x, R::splat(0.0), R::splat(f32::NAN), y);
    R::select_lt(x.abs(), R::splat(f32::from_bits(1)), R::splat(f32::NEG_INFINITY), y)
}

#[inline(always)]
pub(super) fn tanh<R: Fused<Element = f32>>(x: R) -> R {
    // (e⁻²ˣ − 1)/(e⁻²ˣ + 1) of |x|, with the sign of x.
    let e = exp_m1(x.abs().mul(R::splat(-2.0)));
    e.neg().div(e.add(R::splat(2.0))).copysign(x)
}
