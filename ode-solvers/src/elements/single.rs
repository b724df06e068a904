//! `f32`.

use super::double;

/// 1.5 · 2²³: adding it rounds to an integer, which then stands in the lowest bits.
const ROUND: f32 = 12582912.0;
const LN2_HI: f32 = 0.693359375;
const LN2_LO: f32 = -2.121_944_4e-4;

/// 2ⁿ from `n + ROUND`, for −126 ≤ n ≤ 127.
#[inline(always)]
fn power_of_two(rounded: f32) -> f32 {
    f32::from_bits(rounded.to_bits().wrapping_add(127) << 23)
}

/// `x = n ln 2 + r`: returns `n` and `eʳ − 1`.
#[inline(always)]
fn reduce(x: f32) -> (f32, f32) {
    let n = (x * core::f32::consts::LOG2_E + ROUND) - ROUND;
    let r = (x - n * LN2_HI) - n * LN2_LO;
    let r2 = r * r;
    // 1/k! from k = 2.
    let a = (0.5 + r * (1.0 / 6.0)) + r2 * (1.0 / 24.0 + r * (1.0 / 120.0));
    let b = 1.0 / 720.0 + r * (1.0 / 5040.0);
    (n, r + r2 * (a + r2 * r2 * b))
}

/// Into [lo, hi]; NaN stays.
#[inline(always)]
fn clamp(x: f32, lo: f32, hi: f32) -> f32 {
    let x = if x < lo { lo } else { x };
    if x > hi { hi } else { x }
}

#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn exp(x: f32) -> f32 {
    let (n, p) = reduce(clamp(x, -104.0, 89.0));
    // In two factors: results below the smallest normal number are rounded once, at the end.
    let half = n * 0.5 + ROUND;
    let rest = n - (half - ROUND);
    (1.0 + p) * power_of_two(half) * power_of_two(rest + ROUND)
}

#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn exp_m1(x: f32) -> f32 {
    let (n, p) = reduce(clamp(x, -20.0, 89.0));
    // 2ⁿ⁻¹, since 2¹²⁸ is not a number.
    let half = power_of_two(n - 1.0 + ROUND);
    let y = (p * half + (half - 0.5)) * 2.0;
    if x.abs() < 1e-30 { x } else { y }
}

#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn ln(x: f32) -> f32 {
    const SQRT_HALF: u32 = 0x3f35_04f3;
    const ONE: u32 = 0x3f80_0000;
    let small = x < f32::MIN_POSITIVE;
    let (scaled, shift) = if small { (x * 33554432.0, 25.0) } else { (x, 0.0) };
    // x = 2ᵏ (1 + f) with √½ ≤ 1 + f < √2.
    let bits = scaled.to_bits().wrapping_add(ONE - SQRT_HALF);
    let k = f32::from_bits(0x4b00_0000 | (bits >> 23)) - (8388608.0 + 127.0) - shift;
    let f = f32::from_bits((bits & 0x007f_ffff) + SQRT_HALF) - 1.0;
    let s = f / (2.0 + f);
    let z = s * s;
    let w = z * z;
    let even = w * (0.400_009_72 + w * 0.242_790_79);
    let odd = z * (0.666_666_63 + w * 0.284_987_87);
    let half_square = 0.5 * f * f;
    let y = s * (half_square + (even + odd)) + k * 9.058_000_6e-6 - half_square + f + k * 0.693_138_1;
    let y = if x < f32::INFINITY { y } else { x };
    let y = if x > 0.0 { y } else { f32::NAN };
    if x == 0.0 { f32::NEG_INFINITY } else { y }
}

#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn tanh(x: f32) -> f32 {
    let e = exp_m1(x.abs() * -2.0);
    (-e / (e + 2.0)).copysign(x)
}

// Through f64, where the reduction is simple and exact.

#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn sin(x: f32) -> f32 {
    double::sin(f64::from(x)) as f32
}

#[cfg_attr(debug_assertions, inline(never))]
#[cfg_attr(not(debug_assertions), inline(always))]
pub(crate) fn cos(x: f32) -> f32 {
    double::cos(f64::from(x)) as f32
}
