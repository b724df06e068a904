//! Vectors of `f32`: one trait, and a type for each instruction set.
#![allow(
    clippy::needless_range_loop,
    reason = "iterators in a function as large as the kernel may stay calls"
)]

#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(target_arch = "x86_64")]
pub(crate) use self::x86::{F32x8, F32x16};
use super::math::{self, Columns};

/// As many `f32` as a register of the machine holds.
///
/// Its methods are to be called from functions compiled for the instruction set of the type: see
/// [`dispatch`](super::dispatch).
pub(crate) trait Vector: Copy {
    /// Values in a vector.
    const LANES: usize;
    /// Which lanes of a vector [`merge`](Vector::merge) takes.
    type Pick: Copy;

    /// For each lane, where it comes from; `None` leaves what is there.
    fn pick(from: &[Option<usize>; 16]) -> Self::Pick;
    /// `self` with lanes of `other`.
    fn merge(self, other: Self, pick: Self::Pick) -> Self;

    /// The same value everywhere.
    fn splat(x: f32) -> Self;
    /// The first [`LANES`](Vector::LANES) values of `x`, which must have as many.
    fn load(x: &[f32]) -> Self;
    /// Writes the first [`LANES`](Vector::LANES) values of `x`, which must have as many.
    fn store(self, x: &mut [f32]);
    /// a + b
    fn add(self, b: Self) -> Self;
    /// a − b
    fn sub(self, b: Self) -> Self;
    /// a b
    fn mul(self, b: Self) -> Self;
    /// a / b
    fn div(self, b: Self) -> Self;
    /// 1/a within 1.5 units of rounding, for a and 1/a that are normal numbers.
    #[inline(always)]
    fn reciprocal(self) -> Self {
        Self::splat(1.0).div(self)
    }
    /// a b + c, rounded once where the machine can.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// The smaller of a and `bound`; NaN stays NaN.
    fn at_most(self, bound: Self) -> Self;
    /// The larger of a and `bound`; NaN stays NaN.
    fn at_least(self, bound: Self) -> Self;
    /// `self` where `x > 0`, `other` elsewhere.
    fn where_positive(self, x: Self, other: Self) -> Self;
    /// The nearest whole number, for |a| < 2²².
    fn round(self) -> Self;
    /// 2ᵃ for a whole number a from −126 to 127; anything for NaN.
    fn exp2(self) -> Self;
    /// Replaces each a by 1 + e⁻ᵃ; |a| < 64, or NaN, which stays NaN. Relative error: 2 units of
    /// rounding, and for a < 0 a quarter of one more for each unit of a.
    #[inline(always)]
    fn one_plus_exp_minus<const T: usize, const C: usize>(a: &mut Columns<Self, T, C>) {
        let one = Self::splat(1.0);
        for c in 0..C {
            for t in 0..T {
                a[c][t] = Self::splat(0.0).sub(a[c][t]);
            }
        }
        let [n, p] = math::reduce(*a);
        for c in 0..C {
            for t in 0..T {
                a[c][t] = p[c][t].add(one).mul_add(n[c][t].exp2(), one);
            }
        }
    }
}

/// Four values in a plain array, for machines without wider vectors that are known here.
#[derive(Clone, Copy)]
pub(crate) struct Plain([f32; 4]);

/// 1.5 2²³: adding it to a small number leaves the nearest whole number in the lowest bits.
const ROUNDER: f32 = 12_582_912.0;

impl Plain {
    #[inline(always)]
    fn zip(self, b: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], b.0[i])))
    }
}

impl Vector for Plain {
    const LANES: usize = 4;
    type Pick = [Option<usize>; 4];

    #[inline(always)]
    fn pick(from: &[Option<usize>; 16]) -> Self::Pick {
        [from[0], from[1], from[2], from[3]]
    }
    #[inline(always)]
    fn merge(mut self, other: Self, pick: Self::Pick) -> Self {
        for (lane, from) in self.0.iter_mut().zip(pick) {
            if let Some(from) = from {
                *lane = other.0[from];
            }
        }
        self
    }

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self([x; 4])
    }
    #[inline(always)]
    fn load(x: &[f32]) -> Self {
        Self(std::array::from_fn(|i| x[i]))
    }
    #[inline(always)]
    fn store(self, x: &mut [f32]) {
        x[..4].copy_from_slice(&self.0);
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        self.zip(b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        self.zip(b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        self.zip(b, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        self.zip(b, |a, b| a / b)
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        // Without the instruction, `f32::mul_add` is a slow function call.
        if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
            Self(std::array::from_fn(|i| self.0[i].mul_add(b.0[i], c.0[i])))
        } else {
            self.mul(b).add(c)
        }
    }
    #[inline(always)]
    fn at_most(self, bound: Self) -> Self {
        self.zip(bound, |a, b| if b < a { b } else { a })
    }
    #[inline(always)]
    fn at_least(self, bound: Self) -> Self {
        self.zip(bound, |a, b| if b > a { b } else { a })
    }
    #[inline(always)]
    fn where_positive(self, x: Self, other: Self) -> Self {
        Self(std::array::from_fn(|i| if x.0[i] > 0.0 { self.0[i] } else { other.0[i] }))
    }
    #[inline(always)]
    fn round(self) -> Self {
        self.add(Self::splat(ROUNDER)).sub(Self::splat(ROUNDER))
    }
    #[inline(always)]
    fn exp2(self) -> Self {
        Self(std::array::from_fn(|i| f32::from_bits((self.0[i] + ROUNDER).to_bits().wrapping_add(127) << 23)))
    }
}
