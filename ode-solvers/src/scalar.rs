//! The number a model is written over.

use core::fmt::Debug;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::{Kernel, Lanes, Twin, wide};

/// A number that a right-hand side can be evaluated with: `f64`, a dual number
/// ([`Dual`](crate::Dual)), or several cells side by side ([`Lanes`](crate::Lanes)).
///
/// A model written once over `T: Scalar` gives its values, its exact Jacobian and its vectorised
/// form. Three habits make that work:
///
/// * **Constants stand on the right** of an operator: `x * 2.0`, not `2.0 * x`; `-x + 1.0`, not
///   `1.0 - x`.
/// * **No `if` on a value.** Lanes take different branches at the same time:
///   [`select_lt`](Scalar::select_lt) evaluates both sides and picks one for each lane.
/// * **NaN goes through.** Every operation returns NaN for NaN, so that the solver sees it at the
///   step that made it.
pub trait Scalar:
    Copy
    + Default
    + Debug
    + PartialEq
    + Send
    + Sync
    + From<f64>
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
    + 'static
{
    /// eˣ.
    fn exp(self) -> Self;
    /// eˣ of several numbers. Plain numbers are put side by side for it, which is faster for several.
    /// Lanes, which are side by side already, and numbers that carry more take one after the other.
    #[inline(always)]
    fn exps<const N: usize>(mut x: [Self; N]) -> [Self; N] {
        for x in &mut x {
            *x = x.exp();
        }
        x
    }
    /// eˣ − 1, accurate near 0.
    fn exp_m1(self) -> Self;
    /// Natural logarithm; NaN below 0.
    fn ln(self) -> Self;
    /// Square root; NaN below 0.
    fn sqrt(self) -> Self;
    /// Integer power.
    fn powi(self, n: i32) -> Self;
    /// Real power of a positive number.
    fn powf(self, p: f64) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// Sine, argument in radians.
    fn sin(self) -> Self;
    /// Cosine, argument in radians.
    fn cos(self) -> Self;
    /// Absolute value.
    fn abs(self) -> Self;

    /// `yes` where `a < b`, `no` elsewhere (also where `a` or `b` is NaN). Both sides are
    /// evaluated: neither may trap, and the one not taken may be infinite or NaN without harm.
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self;

    /// The largest value over all lanes, NaN if any lane is NaN. Derivatives are not looked at.
    /// Step-size control decides with it: the worst lane speaks for all.
    fn worst(self) -> f64;

    /// The largest absolute value over all lanes and all derivatives carried along, NaN if any is
    /// NaN. An iteration has converged where this is small.
    #[inline(always)]
    fn largest(self) -> f64 {
        self.abs().worst()
    }

    /// Whether every lane, and every derivative carried along, is a finite number.
    fn all_finite(self) -> bool;

    /// Runs a kernel over numbers of this type, on the widest registers that the machine has for
    /// them. A type of your own writes `kernel.run::<Self>()`.
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output;

    /// As [`dispatch`](Self::dispatch), for loops over many numbers without elementary functions: over
    /// `f64` the compiler makes of them vectors as wide as the machine has.
    #[doc(hidden)]
    #[inline(always)]
    fn dispatch_loops<K: Kernel<Self>>(kernel: K) -> K::Output {
        Self::dispatch(kernel)
    }

    /// self · y + z; rounded once where the machine has an instruction for it and the kernel runs on
    /// its registers.
    #[inline(always)]
    fn mul_add(self, y: Self, z: Self) -> Self {
        self * y + z
    }

    /// z − self · y, likewise.
    #[inline(always)]
    fn neg_mul_add(self, y: Self, z: Self) -> Self {
        z - self * y
    }

    /// Whether [`mul_add`](Self::mul_add) is one instruction.
    #[doc(hidden)]
    const FUSES: bool = false;

    /// How many cells lie side by side.
    const LANES: usize = 1;

    /// A number that may differ from lane to lane; numbers without lanes have lane 0 alone.
    #[inline(always)]
    fn by_lane(mut value: impl FnMut(usize) -> f64) -> Self {
        Self::from(value(0))
    }

    /// The same numbers as a slice of `f64`, if that is what they are: linear algebra then takes
    /// libraries that know only `f64`.
    #[inline(always)]
    fn as_f64s(numbers: &mut [Self]) -> Option<&mut [f64]> {
        let _ = numbers;
        None
    }

    /// 1/x.
    #[inline(always)]
    fn recip(self) -> Self {
        Self::from(1.0) / self
    }

    /// The smaller of the two; `other` where `self` is NaN.
    #[inline(always)]
    fn min(self, other: Self) -> Self {
        Self::select_lt(self, other, self, other)
    }

    /// The larger of the two; `other` where `self` is NaN.
    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self::select_lt(other, self, self, other)
    }
}

/// A number that combines with parameters of type `P`: what a model needs of its state type.
///
/// Parameters are plain `f64` in an ordinary cell, shared by all lanes and without derivatives, so
/// that expressions of parameters alone are computed once. They are of the state's own type where
/// every lane is a different cell, or where derivatives with respect to parameters are wanted.
/// The trait is implemented for every type that has the operators.
pub trait Over<P>:
    Add<P, Output = Self> + Sub<P, Output = Self> + Mul<P, Output = Self> + Div<P, Output = Self> + From<P>
{
}

impl<T, P> Over<P> for T where
    T: Add<P, Output = T> + Sub<P, Output = T> + Mul<P, Output = T> + Div<P, Output = T> + From<P>
{
}

// SAFETY: a type has its own layout.
#[allow(unsafe_code, reason = "a promise about layout")]
unsafe impl Twin<Self> for f64 {}

impl Scalar for f64 {
    #[inline(always)]
    fn exp(self) -> Self {
        f64::exp(self)
    }
    #[inline(always)]
    fn exps<const N: usize>(x: [Self; N]) -> [Self; N] {
        wide::exps(x)
    }
    #[inline(always)]
    fn exp_m1(self) -> Self {
        f64::exp_m1(self)
    }
    #[inline(always)]
    fn ln(self) -> Self {
        f64::ln(self)
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
    #[inline(always)]
    fn powi(self, n: i32) -> Self {
        f64::powi(self, n)
    }
    #[inline(always)]
    fn powf(self, p: f64) -> Self {
        f64::powf(self, p)
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        f64::tanh(self)
    }
    #[inline(always)]
    fn sin(self) -> Self {
        f64::sin(self)
    }
    #[inline(always)]
    fn cos(self) -> Self {
        f64::cos(self)
    }
    #[inline(always)]
    fn abs(self) -> Self {
        f64::abs(self)
    }
    #[inline(always)]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        if a < b { yes } else { no }
    }
    #[inline(always)]
    fn worst(self) -> f64 {
        self
    }
    #[inline(always)]
    fn all_finite(self) -> bool {
        self.is_finite()
    }
    #[inline(always)]
    fn as_f64s(numbers: &mut [Self]) -> Option<&mut [f64]> {
        Some(numbers)
    }
    #[inline(always)]
    fn recip(self) -> Self {
        1.0 / self
    }
    #[inline(always)]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        if const { K::PLAIN_TOO } { wide::dispatch_plain(kernel) } else { kernel.run::<Self>() }
    }
    #[inline(always)]
    fn dispatch_loops<K: Kernel<Self>>(kernel: K) -> K::Output {
        Lanes::<f64, 8>::dispatch(Loops(kernel))
    }
}

/// Work on `f64` where the compiler may use the registers of lanes.
struct Loops<K>(K);

impl<K: Kernel<f64>> Kernel<Lanes<f64, 8>> for Loops<K> {
    type Output = K::Output;
    #[inline(always)]
    fn run<U: Twin<Lanes<f64, 8>>>(self) -> K::Output {
        self.0.run::<f64>()
    }
}
