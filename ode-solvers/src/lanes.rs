//! Several cells side by side in one number.

use core::fmt::Debug;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::Scalar;
use crate::elements::{double, single};
use crate::wide;
use crate::{Kernel, Twin};

/// A floating-point type that lanes are made of: `f32` or `f64`.
///
/// Its functions have no branches, so that applied to all lanes they become vector instructions.
/// Largest errors, in units in the last place, over the whole range (measured by the tests): `exp`
/// 1, `exp_m1` 2, `ln` 1, `tanh` 3. `sin` and `cos`: 1.5 for |x| ≤ 10⁶; [`Lanes`] takes the standard
/// library beyond.
pub trait Element:
    Copy
    + Default
    + Debug
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + Into<f64>
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + sealed::Sealed
    + 'static
{
    /// The nearest number of this type.
    fn from_f64(x: f64) -> Self;
    /// eˣ. Overflows to infinity, and underflows through the subnormal numbers to 0.
    fn exp(self) -> Self;
    /// eˣ − 1, accurate near 0.
    fn exp_m1(self) -> Self;
    /// Natural logarithm; −∞ at 0 and NaN below.
    fn ln(self) -> Self;
    /// Square root.
    fn sqrt(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// Sine for |x| ≤ 10⁶.
    fn sin(self) -> Self;
    /// Cosine for |x| ≤ 10⁶.
    fn cos(self) -> Self;
    /// Absolute value.
    fn abs(self) -> Self;
    /// Whether the number is finite.
    fn is_finite(self) -> bool;

    /// Runs a kernel over lanes on the widest registers that the machine has and `N` fills. The registers
    /// themselves stay in this crate: whoever could name one could ask for its instructions where there are none.
    #[doc(hidden)]
    fn dispatch_lanes<const N: usize, K: Kernel<Lanes<Self, N>>>(kernel: K) -> K::Output;
}

macro_rules! element {
    ($t:ty, $functions:ident) => {
        impl Element for $t {
            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $t
            }
            #[inline(always)]
            fn exp(self) -> Self {
                $functions::exp(self)
            }
            #[inline(always)]
            fn exp_m1(self) -> Self {
                $functions::exp_m1(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                $functions::ln(self)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                <$t>::sqrt(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                $functions::tanh(self)
            }
            #[inline(always)]
            fn sin(self) -> Self {
                $functions::sin(self)
            }
            #[inline(always)]
            fn cos(self) -> Self {
                $functions::cos(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                <$t>::abs(self)
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                <$t>::is_finite(self)
            }
            #[inline(always)]
            fn dispatch_lanes<const N: usize, K: Kernel<Lanes<$t, N>>>(kernel: K) -> K::Output {
                wide::dispatch(kernel)
            }
        }
        impl sealed::Sealed for $t {}
    };
}
element!(f32, single);
element!(f64, double);

mod sealed {
    pub trait Sealed {}
}

/// `N` cells side by side: every operation acts on all of them.
///
/// Operations outside a [`Kernel`] are compiled for the least machine of the target; within
/// [`Scalar::dispatch`], where models run, each is an instruction on the widest registers that the
/// machine has. Elementary functions and quotients may then differ in the last place from one
/// instruction set to another; on one machine the numbers are always the same.
///
/// As many cells as fill one register are the fast choice: eight `f64` or sixteen `f32` on machines with
/// AVX-512, half of that with AVX2. More do not gain, and every operation becomes a call.
///
/// Lanes begin at a line of the processor's cache: a register that straddles two takes twice as long.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub struct Lanes<E, const N: usize>(pub [E; N]);

impl<E: Element, const N: usize> Lanes<E, N> {
    /// Lane by lane from a function of the lane's index.
    #[inline(always)]
    pub fn from_fn(f: impl FnMut(usize) -> E) -> Self {
        Self(core::array::from_fn(f))
    }

    #[inline(always)]
    pub(crate) fn map(mut self, mut f: impl FnMut(E) -> E) -> Self {
        // A plain loop: what the standard library does instead is not always inlined, and what is
        // not inlined is compiled for the least machine of the target.
        for x in &mut self.0 {
            *x = f(*x);
        }
        self
    }

    /// Whether all lanes lie where sine and cosine of [`Element`] are accurate.
    #[inline(always)]
    pub(crate) fn is_trigonometric(self) -> bool {
        self.0.iter().all(|&x| x.into().abs() <= double::TRIGONOMETRIC_RANGE)
    }
}

impl<E: Element, const N: usize> Default for Lanes<E, N> {
    #[inline(always)]
    fn default() -> Self {
        Self([E::default(); N])
    }
}

impl<E: Element, const N: usize> From<f64> for Lanes<E, N> {
    #[inline(always)]
    fn from(x: f64) -> Self {
        Self([E::from_f64(x); N])
    }
}

impl<E: Element, const N: usize> Neg for Lanes<E, N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self.map(|x| -x)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $assign:ident, $assign_method:ident, $op:tt) => {
        impl<E: Element, const N: usize> $trait for Lanes<E, N> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, o: Self) -> Self {
                Self::from_fn(|i| self.0[i] $op o.0[i])
            }
        }
        impl<E: Element, const N: usize> $trait<f64> for Lanes<E, N> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, c: f64) -> Self {
                let c = E::from_f64(c);
                self.map(|x| x $op c)
            }
        }
        impl<E: Element, const N: usize> $assign for Lanes<E, N> {
            #[inline(always)]
            fn $assign_method(&mut self, o: Self) {
                *self = *self $op o;
            }
        }
    };
}
operator!(Add, add, AddAssign, add_assign, +);
operator!(Sub, sub, SubAssign, sub_assign, -);
operator!(Mul, mul, MulAssign, mul_assign, *);
operator!(Div, div, DivAssign, div_assign, /);

/// An elementary function, on the registers that the machine has.
macro_rules! function {
    ($kernel:ident, $method:ident) => {
        struct $kernel<E, const N: usize>([Lanes<E, N>; 1]);
        impl<E: Element, const N: usize> Kernel<Lanes<E, N>> for $kernel<E, N> {
            type Output = Lanes<E, N>;
            #[inline(always)]
            fn run<U: Twin<Lanes<E, N>>>(mut self) -> Lanes<E, N> {
                let x = &mut U::view_mut(&mut self.0)[0];
                *x = x.$method();
                self.0[0]
            }
        }
    };
}
function!(Exp, exp);
function!(ExpM1, exp_m1);
function!(Ln, ln);
function!(Tanh, tanh);

// SAFETY: a type has its own layout.
#[allow(unsafe_code, reason = "a promise about layout")]
unsafe impl<E: Element, const N: usize> Twin<Self> for Lanes<E, N> {}

/// `base` to an integer power, the same for all lanes, by squares.
#[inline(always)]
pub(crate) fn power<T: Scalar>(mut base: T, n: i32) -> T {
    let (mut power, mut k) = (T::from(1.0), n.unsigned_abs());
    while k > 0 {
        if k & 1 == 1 {
            power *= base;
        }
        base *= base;
        k >>= 1;
    }
    if n < 0 { power.recip() } else { power }
}

impl<E: Element, const N: usize> Scalar for Lanes<E, N> {
    #[inline(always)]
    fn exp(self) -> Self {
        Self::dispatch(Exp([self]))
    }
    #[inline(always)]
    fn exp_m1(self) -> Self {
        Self::dispatch(ExpM1([self]))
    }
    #[inline(always)]
    fn ln(self) -> Self {
        Self::dispatch(Ln([self]))
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        self.map(E::sqrt)
    }
    #[inline(always)]
    fn powi(self, n: i32) -> Self {
        power(self, n)
    }
    #[inline(always)]
    fn powf(self, p: f64) -> Self {
        // Relative error about |p ln x| units in the last place.
        (self.ln() * p).exp()
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        Self::dispatch(Tanh([self]))
    }
    #[inline(always)]
    fn sin(self) -> Self {
        if self.is_trigonometric() { self.map(E::sin) } else { self.map(|x| E::from_f64(x.into().sin())) }
    }
    #[inline(always)]
    fn cos(self) -> Self {
        if self.is_trigonometric() { self.map(E::cos) } else { self.map(|x| E::from_f64(x.into().cos())) }
    }
    #[inline(always)]
    fn abs(self) -> Self {
        self.map(E::abs)
    }
    #[inline(always)]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        Self::from_fn(|i| if a.0[i] < b.0[i] { yes.0[i] } else { no.0[i] })
    }
    #[inline(always)]
    fn worst(self) -> f64 {
        let mut worst = f64::NEG_INFINITY;
        for x in self.0 {
            let x: f64 = x.into();
            if x.is_nan() {
                return f64::NAN;
            }
            worst = worst.max(x);
        }
        worst
    }
    #[inline(always)]
    fn all_finite(self) -> bool {
        self.0.iter().all(|x| x.is_finite())
    }
    const LANES: usize = N;

    #[inline(always)]
    fn by_lane(mut value: impl FnMut(usize) -> f64) -> Self {
        Self::from_fn(|lane| E::from_f64(value(lane)))
    }
    #[inline(always)]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        E::dispatch_lanes(kernel)
    }
}
