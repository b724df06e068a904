//! Lines of 16 numbers and the instructions that work on them.
//!
//! A [`Line`] is one register of AVX-512, two of AVX2, four of a machine with neither. All else in
//! this module's neighbours is written once over [`Simd`]: a layout, a tail or a formula cannot
//! differ from one machine to another. A value of a type that is [`Simd`] is the proof that the
//! machine has its instructions.

/// The number of rows in a line.
pub(crate) const LANES: usize = 16;

/// One number of 16 rows of the batch, or 16 numbers of one row, in one cache line.
#[derive(Debug, Clone, Copy, PartialEq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [f32; LANES]);

impl Line {
    pub(crate) const ZERO: Self = Self([0.0; LANES]);
}

/// An instruction set. `min`, `max` and comparisons let NaN in their second argument through.
pub(crate) trait Simd: Copy {
    /// The registers of one line.
    type V: Copy;
    /// One register of a line, and that in which a sum of products grows.
    type Sum: Copy;
    /// How many registers a line takes: it decides the shape of a tile.
    const REGISTERS: usize;

    fn load(self, x: &Line) -> Self::V;
    fn store(self, x: Self::V, to: &mut Line);
    fn splat(self, x: f32) -> Self::V;
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    fn sub(self, a: Self::V, b: Self::V) -> Self::V;
    fn mul(self, a: Self::V, b: Self::V) -> Self::V;
    /// `a·b + c`
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// `c − a·b`
    fn fnma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V;
    /// 1/x to 2 units in the last place, for normal x with a normal reciprocal.
    fn reciprocal(self, x: Self::V) -> Self::V;
    /// The smaller one; `x` if it is NaN.
    fn min(self, limit: Self::V, x: Self::V) -> Self::V;
    /// The larger one; `x` if it is NaN.
    fn max(self, limit: Self::V, x: Self::V) -> Self::V;
    /// `yes` where x > 0, else (and for NaN) `no`.
    fn if_positive(self, x: Self::V, yes: Self::V, no: Self::V) -> Self::V;
    /// 2ⁿ from `n + ROUND`, for −126 ≤ n ≤ 127.
    fn power_of_two(self, shifted: Self::V) -> Self::V;
    /// Sine and cosine of `n·π/2 + r` from `n + ROUND`, sin r and cos r.
    fn rotate(self, shifted: Self::V, sin: Self::V, cos: Self::V) -> (Self::V, Self::V);
    /// Whether |x| ≤ limit everywhere; false if there is NaN.
    fn within(self, x: Self::V, limit: f32) -> bool;

    fn zero_sum(self) -> Self::Sum;
    /// Adds the products lane by lane.
    fn accumulate(self, a: Self::V, b: Self::V, sum: Self::Sum) -> Self::Sum;
    /// Register `k` of a line, below [`Simd::REGISTERS`].
    fn register(self, x: &Line, k: usize) -> Self::Sum;
    /// Adds the products of one register: [`Simd::accumulate`] is this for all of a line, in their order.
    fn accumulate_register(self, a: Self::Sum, b: Self::Sum, sum: Self::Sum) -> Self::Sum;
    /// Adds the sums over the lanes.
    fn add_totals(self, sums: [Self::Sum; 4], to: &mut [f32; 4]);
}

/// 1.5·2²³: adding it rounds an `f32` below 2²² to the nearest integer, whose value then stands in
/// the low bits.
pub(crate) const ROUND: f32 = 12_582_912.0;

/// No instructions beyond the target's own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Baseline;

macro_rules! lanewise {
    ($($name:ident($($arg:ident),*) = $value:expr;)*) => {$(
        #[inline(always)]
        fn $name(self, $($arg: Self::V),*) -> Self::V {
            let mut out = [0.0; LANES];
            for i in 0..LANES {
                $(let $arg: f32 = $arg[i];)*
                out[i] = $value;
            }
            out
        }
    )*};
}

#[allow(clippy::needless_range_loop, reason = "several arrays advance together")]
impl Simd for Baseline {
    type V = [f32; LANES];
    type Sum = [f32; 4];
    const REGISTERS: usize = 4;

    #[inline(always)]
    fn load(self, x: &Line) -> Self::V {
        x.0
    }
    #[inline(always)]
    fn store(self, x: Self::V, to: &mut Line) {
        to.0 = x;
    }
    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        [x; LANES]
    }
    lanewise! {
        add(a, b) = a + b;
        sub(a, b) = a - b;
        mul(a, b) = a * b;
        fma(a, b, c) = a * b + c;
        fnma(a, b, c) = c - a * b;
        reciprocal(x) = 1.0 / x;
        min(limit, x) = if limit < x { limit } else { x };
        max(limit, x) = if limit > x { limit } else { x };
        if_positive(x, yes, no) = if x > 0.0 { yes } else { no };
        power_of_two(x) = f32::from_bits((x.to_bits() << 23).wrapping_add(0x3f80_0000));
    }
    #[inline(always)]
    fn rotate(self, shifted: Self::V, sin: Self::V, cos: Self::V) -> (Self::V, Self::V) {
        let (mut s, mut c) = (sin, cos);
        for i in 0..LANES {
            let q = shifted[i].to_bits();
            let (a, b) = if q & 1 == 0 { (sin[i], cos[i]) } else { (cos[i], sin[i]) };
            s[i] = f32::from_bits(a.to_bits() ^ ((q & 2) << 30));
            c[i] = f32::from_bits(b.to_bits() ^ ((q.wrapping_add(1) & 2) << 30));
        }
        (s, c)
    }
    #[inline(always)]
    fn within(self, x: Self::V, limit: f32) -> bool {
        x.iter().fold(true, |all, x| all & (x.abs() <= limit))
    }

    #[inline(always)]
    fn zero_sum(self) -> Self::Sum {
        [0.0; 4]
    }
    #[inline(always)]
    fn accumulate(self, a: Self::V, b: Self::V, mut sum: Self::Sum) -> Self::Sum {
        for i in 0..LANES {
            sum[i % 4] += a[i] * b[i];
        }
        sum
    }
    #[inline(always)]
    fn register(self, x: &Line, k: usize) -> Self::Sum {
        core::array::from_fn(|i| x.0[4 * k + i])
    }
    #[inline(always)]
    fn accumulate_register(self, a: Self::Sum, b: Self::Sum, sum: Self::Sum) -> Self::Sum {
        core::array::from_fn(|i| sum[i] + a[i] * b[i])
    }
    #[inline(always)]
    fn add_totals(self, sums: [Self::Sum; 4], to: &mut [f32; 4]) {
        for i in 0..4 {
            let s = sums[i];
            to[i] += (s[0] + s[2]) + (s[1] + s[3]);
        }
    }
}
