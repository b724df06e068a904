//! Lines of 16 numbers and the instructions that work on them.
//!
//! A [`Line`] is one register of AVX-512, two of AVX2, four of a machine with neither. All else in
//! this module's neighbours is written once over [`Simd`]: a layout, a tail or a formula cannot
//! differ from one machine to another. A value of a type that is [`Simd`] is the proof that the
//! machine has its instructions.

use super::level::Task;

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

    /// Does a task in a function of its own, compiled for these instructions: what several tasks have in
    /// common is compiled once.
    fn apart<K: Task>(self, task: K) -> K::Output;
}

/// 1.5·2²³: adding it rounds an `f32` below 2²² to the nearest integer, whose value then stands in
/// the low bits.
pub(crate) const ROUND: f32 = 12_582_912.0;
