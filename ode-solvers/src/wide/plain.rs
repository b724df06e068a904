//! One number, in code compiled for the instruction set of a register.

use core::fmt::{self, Debug, Formatter};
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::Register;
use crate::{Kernel, Scalar, Twin};

/// An `f64` that knows what the machine has: several exponentials at once lie side by side in `R`,
/// without a call and without a way through memory, and what is multiplied and added is rounded once.
///
/// Values exist only within [`Scalar::dispatch`], on a machine that has the register: this is what
/// makes the instructions safe to execute.
#[derive(Clone, Copy, PartialEq)]
#[repr(transparent)]
pub(crate) struct Plain<R>(f64, core::marker::PhantomData<R>);

// SAFETY: transparent.
#[allow(unsafe_code, reason = "a promise about layout")]
unsafe impl<R: Register<Element = f64>> Twin<f64> for Plain<R> {}

// SAFETY: a type has its own layout.
#[allow(unsafe_code, reason = "a promise about layout")]
unsafe impl<R: Register<Element = f64>> Twin<Self> for Plain<R> {}

/// As many numbers as the widest register holds.
const WIDEST: usize = 8;

#[inline(always)]
const fn plain<R>(x: f64) -> Plain<R> {
    Plain(x, core::marker::PhantomData)
}

impl<R> Debug for Plain<R> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.0, f)
    }
}

impl<R> Default for Plain<R> {
    #[inline(always)]
    fn default() -> Self {
        plain(0.0)
    }
}

impl<R> From<f64> for Plain<R> {
    #[inline(always)]
    fn from(x: f64) -> Self {
        plain(x)
    }
}

impl<R> Neg for Plain<R> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        plain(-self.0)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $assign:ident, $assign_method:ident) => {
        impl<R> $trait for Plain<R> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, o: Self) -> Self {
                plain($trait::$method(self.0, o.0))
            }
        }
        impl<R> $assign for Plain<R> {
            #[inline(always)]
            fn $assign_method(&mut self, o: Self) {
                $assign::$assign_method(&mut self.0, o.0);
            }
        }
    };
}
operator!(Add, add, AddAssign, add_assign);
operator!(Sub, sub, SubAssign, sub_assign);
operator!(Mul, mul, MulAssign, mul_assign);
operator!(Div, div, DivAssign, div_assign);

macro_rules! with_number {
    ($trait:ident, $method:ident) => {
        impl<R> $trait<f64> for Plain<R> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, c: f64) -> Self {
                plain($trait::$method(self.0, c))
            }
        }
    };
}
with_number!(Add, add);
with_number!(Sub, sub);
with_number!(Mul, mul);

impl<R> Div<f64> for Plain<R> {
    type Output = Self;
    // One rounding more than a division, and a quarter of its time: `c` is known long before.
    #[allow(clippy::suspicious_arithmetic_impl, reason = "a quotient by way of the reciprocal")]
    #[inline(always)]
    fn div(self, c: f64) -> Self {
        plain(self.0 * (1.0 / c))
    }
}

/// Functions that `f64` has under the same name.
macro_rules! functions {
    ($($method:ident)*) => {$(
        #[inline(always)]
        fn $method(self) -> Self {
            plain(f64::$method(self.0))
        }
    )*};
}

impl<R: Register<Element = f64>> Scalar for Plain<R> {
    const FUSES: bool = true;
    functions! { exp exp_m1 ln sqrt tanh sin cos abs }

    #[inline(always)]
    fn exps<const N: usize>(mut x: [Self; N]) -> [Self; N] {
        for group in x.chunks_mut(R::WIDTH) {
            let mut numbers = [0.0; WIDEST];
            for (number, x) in numbers.iter_mut().zip(&*group) {
                *number = x.0;
            }
            R::load(&numbers, 0).exp().store(&mut numbers, 0);
            for (x, number) in group.iter_mut().zip(numbers) {
                x.0 = number;
            }
        }
        x
    }
    #[inline(always)]
    fn powi(self, n: i32) -> Self {
        plain(self.0.powi(n))
    }
    #[inline(always)]
    fn powf(self, p: f64) -> Self {
        plain(self.0.powf(p))
    }
    #[inline(always)]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        if a.0 < b.0 { yes } else { no }
    }
    #[inline(always)]
    fn worst(self) -> f64 {
        self.0
    }
    #[inline(always)]
    fn all_finite(self) -> bool {
        self.0.is_finite()
    }
    #[inline(always)]
    fn mul_add(self, y: Self, z: Self) -> Self {
        plain(f64::mul_add(self.0, y.0, z.0))
    }
    #[inline(always)]
    fn neg_mul_add(self, y: Self, z: Self) -> Self {
        plain(f64::mul_add(-self.0, y.0, z.0))
    }
    #[inline(always)]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        kernel.run::<Self>()
    }
}
