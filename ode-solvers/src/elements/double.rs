//! `f64`.

/// 1.5 · 2⁵²: adding it rounds to an integer, which then stands in the lowest bits.
const ROUND: f64 = 6755399441055744.0;
const LN2_HI: f64 = 6.93147180369123816490e-01;
const LN2_LO: f64 = 1.90821492927058770002e-10;

/// 2ⁿ from `n + ROUND`, for −1022 ≤ n ≤ 1023.
#[inline(always)]
fn power_of_two(rounded: f64) -> f64 {
    f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52)
}

/// `x = n ln 2 + r`: returns `n` and `eʳ − 1`.
#[inline(always)]
fn reduce(x: f64) -> (f64, f64) {
    let n = (x * core::f64::consts::LOG2_E + ROUND) - ROUND;
    let r = (x - n * LN2_HI) - n * LN2_LO;
    let r2 = r * r;
    let r4 = r2 * r2;
    // 1/k! from k = 2.
    let a = (0.5 + r * (1.0 / 6.0)) + r2 * (1.0 / 24.0 + r * (1.0 / 120.0));
    let b = (1.0 / 720.0 + r * (1.0 / 5040.0)) + r2 * (1.0 / 40320.0 + r * (1.0 / 362880.0));
    let c = (1.0 / 3628800.0 + r * (1.0 / 39916800.0)) + r2 * (1.0 / 479001600.0 + r * (1.0 / 6227020800.0));
    (n, r + r2 * (a + r4 * (b + r4 * c)))
}

/// Into [lo, hi]; NaN stays.
#[inline(always)]
fn clamp(x: f64, lo: f64, hi: f64) -> f64 {
    let x = if x < lo { lo } else { x };
    if x > hi { hi } else { x }
}

#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn exp(x: f64) -> f64 {
    let (n, p) = reduce(clamp(x, -746.0, 710.0));
    // In two factors: results below the smallest normal number are rounded once, at the end.
    let half = n * 0.5 + ROUND;
    let rest = n - (half - ROUND);
    (1.0 + p) * power_of_two(half) * power_of_two(rest + ROUND)
}

#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn exp_m1(x: f64) -> f64 {
    let (n, p) = reduce(clamp(x, -40.0, 710.0));
    // 2ⁿ⁻¹, since 2¹⁰²⁴ is not a number.
    let half = power_of_two(n - 1.0 + ROUND);
    let y = (p * half + (half - 0.5)) * 2.0;
    if x.abs() < 1e-300 { x } else { y }
}

#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn ln(x: f64) -> f64 {
    const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const ONE: u64 = 0x3ff0_0000_0000_0000;
    let small = x < f64::MIN_POSITIVE;
    let (scaled, shift) = if small { (x * 18014398509481984.0, 54.0) } else { (x, 0.0) };
    // x = 2ᵏ (1 + f) with √½ ≤ 1 + f < √2.
    let bits = scaled.to_bits().wrapping_add(ONE - SQRT_HALF);
    let k = f64::from_bits(0x4330_0000_0000_0000 | (bits >> 52)) - (4503599627370496.0 + 1023.0) - shift;
    let f = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) + SQRT_HALF) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
    let odd = z
        * (6.666666666666735130e-01
            + w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
    let half_square = 0.5 * f * f;
    let y = k * LN2_HI - ((half_square - (s * (half_square + (even + odd)) + k * LN2_LO)) - f);
    let y = if x < f64::INFINITY { y } else { x };
    let y = if x > 0.0 { y } else { f64::NAN };
    if x == 0.0 { f64::NEG_INFINITY } else { y }
}

#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn tanh(x: f64) -> f64 {
    let e = exp_m1(x.abs() * -2.0);
    (-e / (e + 2.0)).copysign(x)
}

/// Beyond this |x| the reduction loses digits.
pub(crate) const TRIGONOMETRIC_RANGE: f64 = 1e6;

/// `x = n π/2 + r`: returns the last bits of `n`, `sin r` and `cos r`.
#[inline(always)]
fn quadrant(x: f64) -> (u64, f64, f64) {
    let rounded = x * core::f64::consts::FRAC_2_PI + ROUND;
    let n = rounded - ROUND;
    let r = ((x - n * 1.57079632673412561417e+00) - n * 6.07710050630396597660e-11)
        - n * 2.02226624879595063154e-21;
    let z = r * r;
    let w = z * z;
    let s = (8.33333333332248946124e-03 + z * -1.98412698298579493134e-04)
        + w * (2.75573137070700676789e-06
            + z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10));
    let sin = r + (z * r) * (-1.66666666666666324348e-01 + z * s);
    let c = z
        * (4.16666666666666019037e-02 + z * (-1.38888888888741095749e-03 + z * 2.48015872894767294178e-05))
        + (w * w)
            * (-2.75573143513906633035e-07
                + z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11));
    let half = 0.5 * z;
    let top = 1.0 - half;
    let cos = top + (((1.0 - top) - half) + z * c);
    (rounded.to_bits(), sin, cos)
}

#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn sin(x: f64) -> f64 {
    let (q, s, c) = quadrant(x);
    let y = if q & 1 == 0 { s } else { c };
    let y = f64::from_bits(y.to_bits() ^ ((q & 2) << 62));
    // The sign of zero.
    if x == 0.0 { x } else { y }
}

#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn cos(x: f64) -> f64 {
    let (q, s, c) = quadrant(x);
    let y = if q & 1 == 0 { c } else { s };
    f64::from_bits(y.to_bits() ^ ((q.wrapping_add(1) & 2) << 62))
}
