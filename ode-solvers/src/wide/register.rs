//! What an instruction set gives.

use crate::Element;

/// The instruction set that a register belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    /// What every machine of the target has.
    Any,
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// A register of several numbers, and its instructions.
///
/// All functions are inlined into code that is compiled for the instruction set; elsewhere they
/// must not be called ([`One`](super::One) and [`Several`](super::Several) see to it).
pub(crate) trait Register: Copy + PartialEq + Send + Sync + 'static {
    /// What it holds.
    type Element: Element;
    /// How many of them.
    const WIDTH: usize;
    /// Whose instructions it takes.
    const SET: Set;

    /// Reads the numbers from `at` on.
    fn load(x: &[Self::Element], at: usize) -> Self;
    /// Writes them there.
    fn store(self, x: &mut [Self::Element], at: usize);
    /// The same number everywhere.
    fn splat(x: Self::Element) -> Self;

    /// x + y.
    fn add(self, y: Self) -> Self;
    /// x − y.
    fn sub(self, y: Self) -> Self;
    /// x · y.
    fn mul(self, y: Self) -> Self;
    /// x · y + z, rounded once where there is an instruction for it.
    fn mul_add(self, y: Self, z: Self) -> Self;
    /// z − x · y, likewise.
    fn neg_mul_add(self, y: Self, z: Self) -> Self;
    /// x / y, within one unit in the last place.
    fn div(self, y: Self) -> Self;
    /// 1 / x, within one unit in the last place.
    fn recip(self) -> Self;
    /// √x.
    fn sqrt(self) -> Self;
    /// −x.
    fn neg(self) -> Self;
    /// |x|.
    fn abs(self) -> Self;
    /// The smaller; `y` where either is NaN.
    fn min(self, y: Self) -> Self;
    /// The larger; `y` where either is NaN.
    fn max(self, y: Self) -> Self;
    /// `yes` where a < b, `no` elsewhere.
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self;
    /// eˣ.
    fn exp(self) -> Self;
    /// eˣ − 1.
    fn exp_m1(self) -> Self;
    /// Natural logarithm.
    fn ln(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
}

/// What the elementary functions of [`double`](super::double) and [`single`](super::single) need
/// besides.
pub(super) trait Fused: Register {
    /// |x| with the sign of `y`.
    fn copysign(self, y: Self) -> Self;
    /// x · 2ⁿ for a whole `n`; subnormal results rounded once.
    fn scale(self, n: Self) -> Self;
    /// `x = 2ᵏ·m` with √½ ≤ m < √2 (about): returns `k` and `m`, for 0 < x < ∞.
    fn split(self) -> (Self, Self);
}
