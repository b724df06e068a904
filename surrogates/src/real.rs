//! The number type of a network: `f32` to train and run, `f64` to check gradients sharply.

/// A floating-point type that networks are made of: `f32` or `f64`.
///
/// `f32` has its own exp, tanh, sine and cosine, without branches, so that the compiler turns a
/// loop over a slice into vector instructions. Their error is below 3 units in the last place.
/// They are the polynomials of the Cephes library (Moshier 1992, `expf`, `tanhf`, `sinf`).
/// `f64` uses the standard library: it serves the gradient checks, where speed does not matter.
///
/// `FMA` says whether a fused multiply-add is one instruction on the machine in use.
pub trait Real: dfdx::prelude::Dtype + core::ops::Neg<Output = Self> {
    /// The nearest number of this type.
    fn nearest(x: f64) -> Self;
    /// The number as `f64`.
    fn widen(self) -> f64;
    /// `self·a + b`.
    fn fma<const FMA: bool>(self, a: Self, b: Self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Absolute value.
    fn abs(self) -> Self;
    /// eˣ; `f32` saturates beyond ±87.
    fn exp<const FMA: bool>(self) -> Self;
    /// eˣ − 1, accurate near 0; `f32` saturates beyond ±87.
    fn exp_m1<const FMA: bool>(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh<const FMA: bool>(self) -> Self;
    /// Sine and cosine. `f32`: for |x| ≤ [`Real::SIN_LIMIT`].
    fn sin_cos<const FMA: bool>(self) -> (Self, Self);
    /// Sine and cosine of any number, by the standard library.
    fn sin_cos_any(self) -> (Self, Self);

    /// Up to where [`Real::sin_cos`] is accurate.
    const SIN_LIMIT: f64;

    /// Φ(x) and φ(x) = Φ'(x): distribution function and density of the normal distribution. `f32`: with an
    /// error of 3·10⁻⁷ (Abramowitz and Stegun 1964, 26.2.17).
    fn normal<const FMA: bool>(self) -> (Self, Self);

    /// 1/(1 + e⁻ˣ).
    #[inline(always)]
    fn sigmoid<const FMA: bool>(self) -> Self {
        Self::ONE / (Self::ONE + (-self).exp::<FMA>())
    }
}

impl Real for f64 {
    const SIN_LIMIT: f64 = f64::INFINITY;

    #[inline(always)]
    fn nearest(x: f64) -> Self {
        x
    }
    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }
    #[inline(always)]
    fn fma<const FMA: bool>(self, a: Self, b: Self) -> Self {
        if FMA { self.mul_add(a, b) } else { self * a + b }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        f64::abs(self)
    }
    #[inline(always)]
    fn exp<const FMA: bool>(self) -> Self {
        f64::exp(self)
    }
    #[inline(always)]
    fn exp_m1<const FMA: bool>(self) -> Self {
        f64::exp_m1(self)
    }
    #[inline(always)]
    fn tanh<const FMA: bool>(self) -> Self {
        f64::tanh(self)
    }
    #[inline(always)]
    fn sin_cos<const FMA: bool>(self) -> (Self, Self) {
        f64::sin_cos(self)
    }
    #[inline(always)]
    fn sin_cos_any(self) -> (Self, Self) {
        f64::sin_cos(self)
    }
    #[inline(always)]
    fn normal<const FMA: bool>(self) -> (Self, Self) {
        let root = core::f64::consts::FRAC_1_SQRT_2;
        (0.5 * libm::erfc(-self * root), f64::exp(-0.5 * self * self) * INV_SQRT_TAU)
    }
}

/// 1/√(2π)
pub(crate) const INV_SQRT_TAU: f64 = 0.398_942_280_401_432_7;

/// 1 − Φ(x) = φ(x)·t·p(t) with t = 1/(1 + [`TAIL_SCALE`]·x), the highest power first.
pub(crate) const TAIL: [f32; 5] = [1.330_274_5, -1.821_256, 1.781_478, -0.356_563_8, 0.319_381_54];
pub(crate) const TAIL_SCALE: f32 = 0.231_641_9;

/// 1.5·2²³: adding it rounds an `f32` below 2²² to the nearest integer, whose value then stands in
/// the low bits.
const ROUND: f32 = 12_582_912.0;

/// `n` and `r` with x = n·ln 2 + r, |r| ≤ ln 2 / 2, after clamping x to ±87.
#[inline(always)]
fn split_exponent<const FMA: bool>(x: f32) -> (i32, f32) {
    // Comparisons, not `clamp`: NaN goes through.
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 87.0 { 87.0 } else { x };
    let shifted = x.fma::<FMA>(core::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    // ln 2 in two parts; the first has so few digits that n·part is exact.
    let r = n.fma::<FMA>(-0.693_359_4, x);
    let r = n.fma::<FMA>(2.121_944_4e-4, r);
    (shifted.to_bits() as i32 - ROUND.to_bits() as i32, r)
}

/// eʳ − 1 for |r| ≤ ln 2 / 2.
#[inline(always)]
fn exp_m1_small<const FMA: bool>(r: f32) -> f32 {
    let p = 1.987_569_2e-4f32;
    let p = p.fma::<FMA>(r, 1.398_2e-3);
    let p = p.fma::<FMA>(r, 8.333_452e-3);
    let p = p.fma::<FMA>(r, 4.166_579_6e-2);
    let p = p.fma::<FMA>(r, 1.666_666_6e-1);
    let p = p.fma::<FMA>(r, 0.5);
    p.fma::<FMA>(r * r, r)
}

/// 2ⁿ for −126 ≤ n ≤ 127.
#[inline(always)]
fn power_of_two(n: i32) -> f32 {
    f32::from_bits(((n + 127) as u32) << 23)
}

impl Real for f32 {
    const SIN_LIMIT: f64 = 8192.0;

    #[inline(always)]
    fn nearest(x: f64) -> Self {
        x as f32
    }
    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }
    #[inline(always)]
    fn fma<const FMA: bool>(self, a: Self, b: Self) -> Self {
        if FMA { self.mul_add(a, b) } else { self * a + b }
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        f32::sqrt(self)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        f32::abs(self)
    }
    #[inline(always)]
    fn exp<const FMA: bool>(self) -> Self {
        let (n, r) = split_exponent::<FMA>(self);
        (exp_m1_small::<FMA>(r) + 1.0) * power_of_two(n)
    }
    #[inline(always)]
    fn exp_m1<const FMA: bool>(self) -> Self {
        let (n, r) = split_exponent::<FMA>(self);
        let p = exp_m1_small::<FMA>(r);
        // 2ⁿ(1 + p) − 1 = 2ⁿp + (2ⁿ − 1): nothing cancels for n = 0.
        let scale = power_of_two(n);
        scale.fma::<FMA>(p, scale - 1.0)
    }
    #[inline(always)]
    fn tanh<const FMA: bool>(self) -> Self {
        let a = self.abs();
        let large = 1.0 - 2.0 / (Real::exp::<FMA>(a + a) + 1.0);
        let large = large.copysign(self);
        let s = self * self;
        let p = -5.704_988_7e-3f32;
        let p = p.fma::<FMA>(s, 2.063_908_8e-2);
        let p = p.fma::<FMA>(s, -5.373_971_5e-2);
        let p = p.fma::<FMA>(s, 1.333_144_2e-1);
        let p = p.fma::<FMA>(s, -3.333_328e-1);
        let small = (p * s).fma::<FMA>(self, self);
        if a < 0.625 { small } else { large }
    }
    #[inline(always)]
    fn sin_cos<const FMA: bool>(self) -> (Self, Self) {
        let shifted = self.fma::<FMA>(core::f32::consts::FRAC_2_PI, ROUND);
        let n = shifted - ROUND;
        let quadrant = (shifted.to_bits()) & 3;
        // π/2 in three parts; n·part is exact for the first two.
        let r = n.fma::<FMA>(-1.570_312_5, self);
        let r = n.fma::<FMA>(-4.837_513e-4, r);
        let r = n.fma::<FMA>(-7.549_79e-8, r);
        let s = r * r;
        let p = -1.951_529_6e-4f32;
        let p = p.fma::<FMA>(s, 8.332_161e-3);
        let p = p.fma::<FMA>(s, -1.666_665_5e-1);
        let sin = (p * s).fma::<FMA>(r, r);
        let q = 2.443_315_7e-5f32;
        let q = q.fma::<FMA>(s, -1.388_731_6e-3);
        let q = q.fma::<FMA>(s, 4.166_664_6e-2);
        let cos = q.fma::<FMA>(s * s, s.fma::<FMA>(-0.5, 1.0));
        let (a, b) = if quadrant & 1 == 0 { (sin, cos) } else { (cos, sin) };
        let a = f32::from_bits(a.to_bits() ^ ((quadrant & 2) << 30));
        let b = f32::from_bits(b.to_bits() ^ (((quadrant + 1) & 2) << 30));
        (a, b)
    }
    #[inline(always)]
    fn sin_cos_any(self) -> (Self, Self) {
        f32::sin_cos(self)
    }
    #[inline(always)]
    fn normal<const FMA: bool>(self) -> (Self, Self) {
        let density = Real::exp::<FMA>(-0.5 * self * self) * INV_SQRT_TAU as f32;
        let t = 1.0 / self.abs().fma::<FMA>(TAIL_SCALE, 1.0);
        let mut p = TAIL[0];
        for c in &TAIL[1..] {
            p = p.fma::<FMA>(t, *c);
        }
        let tail = density * p * t;
        (if self > 0.0 { 1.0 - tail } else { tail }, density)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The largest error of an `f32` function over a grid, in units in the last place.
    fn worst(low: f64, high: f64, f: fn(f32) -> f32, exact: fn(f64) -> f64) -> f64 {
        let steps = 20_000;
        let error = |i: u32| {
            let x = (low + (high - low) * f64::from(i) / f64::from(steps)) as f32;
            let exact = exact(f64::from(x));
            let ulp = 2f64.powi((exact.abs() as f32).max(f32::MIN_POSITIVE).log2().floor() as i32 - 23);
            (f64::from(f(x)) - exact).abs() / ulp
        };
        (0..=steps).map(error).fold(0.0, f64::max)
    }

    fn assert_accurate<const FMA: bool>() {
        assert!(worst(-87.0, 87.0, Real::exp::<FMA>, f64::exp) < 2.0);
        assert!(worst(-1.0, 1.0, Real::exp::<FMA>, f64::exp) < 2.0);
        assert!(worst(-20.0, 20.0, Real::exp_m1::<FMA>, f64::exp_m1) < 3.0);
        assert!(worst(-1e-3, 1e-3, Real::exp_m1::<FMA>, f64::exp_m1) < 2.0);
        assert!(worst(-10.0, 10.0, Real::tanh::<FMA>, f64::tanh) < 2.0);
        assert!(worst(-1e-2, 1e-2, Real::tanh::<FMA>, f64::tanh) < 2.0);
        assert!(worst(-1.5, 1.5, |x| Real::sin_cos::<FMA>(x).0, f64::sin) < 2.0);
        // Near the zeros of sine and cosine the error is that of the reduced argument.
        for x in 0..100_000u32 {
            let x = x as f32 * 0.16 - 8000.0;
            let (s, c) = Real::sin_cos::<FMA>(x);
            let (sin, cos) = f64::from(x).sin_cos();
            assert!((f64::from(s) - sin).abs() < 2e-7 && (f64::from(c) - cos).abs() < 2e-7, "{x}: {s} {c}");
        }
    }

    #[test]
    fn single_precision_functions_are_accurate() {
        assert_accurate::<false>();
        assert_accurate::<true>();
    }

    #[test]
    fn large_arguments_saturate_and_nan_goes_through() {
        assert_eq!(Real::tanh::<false>(f32::INFINITY), 1.0);
        assert_eq!(Real::tanh::<false>(-100.0f32), -1.0);
        assert!(Real::exp::<false>(1e9f32).is_finite());
        assert!(Real::exp::<false>(f32::NEG_INFINITY) < 1e-37);
        assert_eq!(Real::exp_m1::<false>(-1e9f32), -1.0);
        for x in [
            Real::exp::<false>(f32::NAN),
            Real::exp_m1::<false>(f32::NAN),
            Real::tanh::<false>(f32::NAN),
            Real::sigmoid::<false>(f32::NAN),
        ] {
            assert!(x.is_nan());
        }
    }
}
