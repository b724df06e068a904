//! exp, tanh, sine and the activations on lines, with derivatives.
//!
//! Largest errors, measured against `f64` by the tests below, in units in the last place: exp 2,
//! eˣ − 1 and the logistic function 3, tanh 5. Sine and cosine: 2e-7 absolute up to |x| = 8192;
//! beyond that each lane is handed to the standard library. The polynomials are those of
//! [`crate::Real`].

use super::simd::{Line, ROUND, Simd};
use crate::Activation;
use crate::real::{INV_SQRT_TAU, TAIL, TAIL_SCALE};

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

/// No exponential of an activation falls below e⁻³⁰. Numbers that small are nothing beside what they are
/// added to; but their products are subnormal, which processors compute far more slowly: a network of three layers
/// of 64 SiLU units took more than twenty times as long to train.
const TAIL_LIMIT: f32 = 30.0;

/// 1/(1 + e⁻ˣ), for |x| up to `limit`, which is at most 87; beyond, as there.
#[inline(always)]
fn logistic<S: Simd>(s: S, limit: f32, x: S::V) -> S::V {
    let minus = s.sub(s.splat(0.0), clamp(s, limit, x));
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

/// Φ(x) and φ(x) of the normal distribution, as [`crate::Real::normal`]; φ is at least e⁻³⁰/√τ.
#[inline(always)]
fn normal<S: Simd>(s: S, x: S::V) -> (S::V, S::V) {
    let (p, scale) = split(s, clamp(s, TAIL_LIMIT, s.mul(s.mul(x, x), s.splat(-0.5))));
    let density = s.mul(s.fma(p, scale, scale), s.splat(INV_SQRT_TAU as f32));
    let size = s.max(s.sub(s.splat(0.0), x), x);
    let t = s.reciprocal(s.fma(size, s.splat(TAIL_SCALE), s.splat(1.0)));
    let mut p = s.splat(TAIL[0]);
    for c in &TAIL[1..] {
        p = s.fma(p, t, s.splat(*c));
    }
    let tail = s.mul(s.mul(density, t), p);
    (s.if_positive(x, s.sub(s.splat(1.0), tail), tail), density)
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

/// tanh of several lines in lockstep, as a quotient of polynomials: fewer steps in a row than [`tanh`],
/// and lines that do not wait for each other. Largest error 7 units in the last place.
///
/// The coefficients are those of Eigen (`generic_fast_tanh_float`, Eigen 3.4, MPL-2.0), which TensorFlow's
/// and JAX's compiler takes too. Beyond ±7.9 the quotient is 1 in `f32`.
#[inline(always)]
pub(super) fn tanh_lines<S: Simd, const N: usize>(s: S, mut x: [S::V; N]) -> [S::V; N] {
    const ODD: [f32; 7] = [
        -2.760_768_5e-16,
        2.000_188e-13,
        -8.604_672e-11,
        5.122_297_2e-8,
        1.485_722_4e-5,
        6.372_619_3e-4,
        4.893_524_6e-3,
    ];
    const EVEN: [f32; 4] = [1.198_258_4e-6, 1.185_347_1e-4, 2.268_434_6e-3, 4.893_525e-3];
    let (mut square, mut p, mut q) = (x, [s.splat(ODD[0]); N], [s.splat(EVEN[0]); N]);
    for i in 0..N {
        x[i] = clamp(s, 7.905_311, x[i]);
        square[i] = s.mul(x[i], x[i]);
    }
    for c in &ODD[1..] {
        for i in 0..N {
            p[i] = s.fma(p[i], square[i], s.splat(*c));
        }
    }
    for c in &EVEN[1..] {
        for i in 0..N {
            q[i] = s.fma(q[i], square[i], s.splat(*c));
        }
    }
    for i in 0..N {
        x[i] = s.mul(s.mul(p[i], x[i]), s.reciprocal(q[i]));
    }
    x
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
    let mut cos = Line::ZERO;
    sin_cos_each(&mut sin, &mut cos);
    (s.load(&sin), s.load(&cos))
}

/// Replaces angles by their sines. Not inlined: it is hardly ever needed, and the same for every instruction set.
#[cold]
#[inline(never)]
fn sin_cos_each(sin: &mut Line, cos: &mut Line) {
    for (sin, cos) in sin.0.iter_mut().zip(&mut cos.0) {
        (*sin, *cos) = sin.sin_cos();
    }
}

/// σ(z), σ'(z), σ''(z) for the activation of number `KIND`. What is not used is not computed.
#[inline(always)]
pub(super) fn activation<S: Simd, const KIND: u8>(s: S, z: S::V) -> (S::V, S::V, S::V) {
    let (zero, one, two) = (s.splat(0.0), s.splat(1.0), s.splat(2.0));
    if KIND == Activation::SiLU as u8 {
        let sigma = logistic(s, TAIL_LIMIT, z);
        let bend = s.fnma(sigma, sigma, sigma);
        let c = s.fnma(two, sigma, one);
        (s.mul(z, sigma), s.fma(z, bend, sigma), s.mul(bend, s.fma(z, c, two)))
    } else if KIND == Activation::Tanh as u8 {
        let t = tanh(s, z);
        let slope = s.fnma(t, t, one);
        (t, slope, s.mul(s.mul(s.splat(-2.0), t), slope))
    } else if KIND == Activation::ELU as u8 {
        // Above 0 the exponential's part is 0, and below the other one: sums, and no choice, which in place
        // would become a masked store, far slower on some processors. NaN passes through both.
        let e = exp_m1(s, s.min(zero, z));
        let slope = s.add(e, one);
        (s.add(s.max(zero, z), e), slope, s.if_positive(z, zero, slope))
    } else if KIND == Activation::ReLU as u8 {
        (s.max(zero, z), s.if_positive(z, one, zero), zero)
    } else if KIND == Activation::GELU as u8 {
        let (p, density) = normal(s, z);
        (s.mul(z, p), s.fma(z, density, p), s.mul(density, s.fnma(z, z, two)))
    } else if KIND == Activation::LeakyReLU as u8 {
        let leak = s.splat(0.01);
        (s.fma(s.min(zero, z), leak, s.max(zero, z)), s.if_positive(z, one, leak), zero)
    } else {
        let (sin, cos) = sin_cos(s, z);
        (sin, cos, s.sub(zero, sin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fused::level::{Level, Task};
    use crate::fused::simd::LANES;

    /// One function of the list, on every line of a table.
    struct Apply<'a>(usize, &'a mut [Line]);

    impl Task for Apply<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, s: S) {
            for line in self.1 {
                let x = s.load(line);
                let y = match self.0 {
                    0 => logistic(s, 87.0, x),
                    1 => exp_m1(s, x),
                    2 => tanh(s, x),
                    3 => sin_cos(s, x).0,
                    4 => sin_cos(s, x).1,
                    6 => normal(s, x).0,
                    7 => normal(s, x).1,
                    _ => tanh_lines(s, [x])[0],
                };
                s.store(y, line);
            }
        }
    }

    fn apply(level: Level, function: usize, x: &[f32]) -> Vec<f32> {
        let mut lines: Vec<Line> = x
            .chunks(LANES)
            .map(|x| {
                let mut line = Line::ZERO;
                line.0[..x.len()].copy_from_slice(x);
                line
            })
            .collect();
        level.run(Apply(function, &mut lines));
        lines.iter().flat_map(|l| l.0).take(x.len()).collect()
    }

    /// Numbers on either side of zero. An interpreter is a thousand times slower.
    const FINE: i32 = if cfg!(miri) { 200 } else { 20_000 };

    /// Numbers from −`range` to `range`.
    fn over(range: f32) -> Vec<f32> {
        (-FINE..FINE).map(|i| i as f32 / FINE as f32 * range).collect()
    }

    const EXACT: [fn(f64) -> f64; 6] =
        [|x| 1.0 / (1.0 + (-x).exp()), f64::exp_m1, f64::tanh, f64::sin, f64::cos, f64::tanh];

    #[test]
    fn functions_are_accurate_on_every_instruction_set() {
        for level in Level::available() {
            for (function, range, ulps) in [
                (0, 80.0, 3.0),
                (0, 1.0, 3.0),
                (1, 20.0, 3.0),
                (1, 1e-2, 3.0),
                (2, 12.0, 5.0),
                (2, 1e-2, 5.0),
                (5, 12.0, 7.0),
                (5, 1e-2, 5.0),
            ] {
                let x = over(range);
                for (x, y) in x.iter().zip(apply(level, function, &x)) {
                    let exact = EXACT[function](f64::from(*x));
                    let exponent = (exact.abs() as f32).max(f32::MIN_POSITIVE).log2().floor() as i32;
                    let error = (f64::from(y) - exact).abs() / 2f64.powi(exponent - 23);
                    assert!(error <= ulps, "{level:?}: function {function} of {x} is off by {error}");
                }
            }
            for range in [3.0, 8000.0, 1e6] {
                let x = over(range);
                for function in [3, 4] {
                    for (x, y) in x.iter().zip(apply(level, function, &x)) {
                        let error = (f64::from(y) - EXACT[function](f64::from(*x))).abs();
                        assert!(error < 2e-7, "{level:?}: function {function} of {x} is off by {error}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_normal_distribution_is_accurate() {
        let exact: [fn(f64) -> f64; 2] =
            [|x| 0.5 * libm::erfc(-x * 0.5f64.sqrt()), |x| (-0.5 * x * x).exp() * INV_SQRT_TAU];
        for level in Level::available() {
            for (function, exact) in [6, 7].into_iter().zip(exact) {
                let x = over(20.0);
                for (x, y) in x.iter().zip(apply(level, function, &x)) {
                    let error = (f64::from(y) - exact(f64::from(*x))).abs();
                    assert!(error < 3e-7, "{level:?}: function {function} of {x} is off by {error}");
                }
            }
        }
    }

    /// Whatever comes in, no activation and no derivative that training multiplies is subnormal, nor are
    /// products of two of them.
    #[test]
    fn tails_stay_above_what_is_slow() {
        struct Tails<'a>(&'a Line, &'a mut Vec<Line>);
        impl Task for Tails<'_> {
            type Output = ();
            #[inline(always)]
            fn run<S: Simd>(self, s: S) {
                let z = s.load(self.0);
                let mut keep = |(value, slope, _): (S::V, S::V, S::V)| {
                    for v in [value, slope] {
                        let mut line = Line::ZERO;
                        s.store(v, &mut line);
                        self.1.push(line);
                    }
                };
                keep(activation::<S, { Activation::SiLU as u8 }>(s, z));
                keep(activation::<S, { Activation::GELU as u8 }>(s, z));
                keep(activation::<S, { Activation::ELU as u8 }>(s, z));
                keep(activation::<S, { Activation::Tanh as u8 }>(s, z));
            }
        }
        for level in Level::available() {
            for size in [1.0, 10.0, 29.0, 31.0, 60.0, 87.0, 89.0, 1e3, 1e6] {
                let mut line = Line::ZERO;
                for (i, x) in line.0.iter_mut().enumerate() {
                    *x = size * if i % 2 == 0 { 1.0 } else { -1.0 } * (1.0 + i as f32 / 100.0);
                }
                let mut found = Vec::new();
                level.run(Tails(&line, &mut found));
                for y in found.iter().flat_map(|line| line.0) {
                    assert!(y == 0.0 || y.abs() > 1e-16, "{level:?}: {y} near {size}");
                }
            }
        }
    }

    #[test]
    fn nan_goes_through_and_large_numbers_saturate() {
        for level in Level::available() {
            for function in 0..8 {
                let y = apply(level, function, &[f32::NAN, 0.5]);
                assert!(y[0].is_nan() && y[1].is_finite(), "{level:?}: function {function}");
            }
            assert_eq!(apply(level, 2, &[100.0, -100.0, 0.0]), [1.0, -1.0, 0.0]);
            assert_eq!(apply(level, 1, &[-1e9]), [-1.0]);
            assert!(apply(level, 3, &[f32::INFINITY])[0].is_nan());
        }
    }
}
