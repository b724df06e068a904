//! Lanes that fill several registers.
#![allow(unsafe_code, reason = "entering functions compiled for what the machine has")]

use core::fmt::Debug;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::Register;
use super::register::Set;
use crate::lanes::power;
use crate::{Element, Kernel, Lanes, Scalar, Twin};

/// [`Lanes`] on several registers `R`.
///
/// Every operation is a function of its own, compiled for the register's instruction set: loops over
/// registers that are unrolled into a model's equations would take minutes to compile. Values exist
/// only within [`Scalar::dispatch`], on a machine that has the registers: this is what makes the
/// instructions safe to execute. `N` is a multiple of the register's width.
#[derive(Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub(crate) struct Several<R: Register, const N: usize>([R::Element; N]);

// SAFETY: one array with one alignment, as `Lanes`.
#[allow(unsafe_code, reason = "a promise about layout")]
unsafe impl<R: Register, const N: usize> Twin<Lanes<R::Element, N>> for Several<R, N> {}

// SAFETY: a type has its own layout.
#[allow(unsafe_code, reason = "a promise about layout")]
unsafe impl<R: Register, const N: usize> Twin<Self> for Several<R, N> {}

/// Register by register: a function of the registers of one, two or four numbers. Which instruction set it is, is
/// asked for where the code is compiled: the others' functions are then not compiled for registers that are not theirs.
#[cfg(target_arch = "x86_64")]
macro_rules! each {
    ($f:path, $arity:ident, $($x:expr),+) => {
        if const { matches!(R::SET, Set::Any) } {
            any::$arity($($x,)+ $f)
        } else if const { matches!(R::SET, Set::Avx2) } {
            // SAFETY: the machine has AVX2 and FMA, or there would be no such value.
            unsafe { avx2::$arity($($x,)+ $f) }
        } else {
            // SAFETY: the machine has AVX-512, or there would be no such value.
            unsafe { avx512::$arity($($x,)+ $f) }
        }
    };
}
#[cfg(not(target_arch = "x86_64"))]
macro_rules! each {
    ($f:path, $arity:ident, $($x:expr),+) => {
        any::$arity($($x,)+ $f)
    };
}

/// The operations, compiled for an instruction set, and not inlined.
macro_rules! compiled_for {
    ($set:ident, $(#[$target:meta])*) => {
        mod $set {
            use super::{Register, Several};

            #[inline(never)]
            $(#[$target])*
            pub(super) fn one<R: Register, const N: usize>(
                mut x: Several<R, N>,
                f: impl Fn(R) -> R,
            ) -> Several<R, N> {
                let mut k = 0;
                while k < N {
                    f(R::load(&x.0, k)).store(&mut x.0, k);
                    k += R::WIDTH;
                }
                x
            }

            #[inline(never)]
            $(#[$target])*
            pub(super) fn two<R: Register, const N: usize>(
                mut x: Several<R, N>,
                y: Several<R, N>,
                f: impl Fn(R, R) -> R,
            ) -> Several<R, N> {
                let mut k = 0;
                while k < N {
                    f(R::load(&x.0, k), R::load(&y.0, k)).store(&mut x.0, k);
                    k += R::WIDTH;
                }
                x
            }

            #[inline(never)]
            $(#[$target])*
            pub(super) fn three<R: Register, const N: usize>(
                mut x: Several<R, N>,
                y: Several<R, N>,
                z: Several<R, N>,
                f: impl Fn(R, R, R) -> R,
            ) -> Several<R, N> {
                let mut k = 0;
                while k < N {
                    f(R::load(&x.0, k), R::load(&y.0, k), R::load(&z.0, k)).store(&mut x.0, k);
                    k += R::WIDTH;
                }
                x
            }

            #[inline(never)]
            $(#[$target])*
            pub(super) fn four<R: Register, const N: usize>(
                a: Several<R, N>,
                b: Several<R, N>,
                mut x: Several<R, N>,
                y: Several<R, N>,
                f: impl Fn(R, R, R, R) -> R,
            ) -> Several<R, N> {
                let mut k = 0;
                while k < N {
                    f(R::load(&a.0, k), R::load(&b.0, k), R::load(&x.0, k), R::load(&y.0, k)).store(&mut x.0, k);
                    k += R::WIDTH;
                }
                x
            }
        }
    };
}
compiled_for!(any,);
#[cfg(target_arch = "x86_64")]
compiled_for!(avx2, #[target_feature(enable = "avx2,fma")]);
#[cfg(target_arch = "x86_64")]
compiled_for!(avx512, #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]);

impl<R: Register, const N: usize> Several<R, N> {
    #[inline(always)]
    fn zero() -> Self {
        Self([R::Element::default(); N])
    }

    #[inline(always)]
    fn splat(x: f64) -> Self {
        let r = R::splat(R::Element::from_f64(x));
        let mut out = Self::zero();
        let mut k = 0;
        while k < N {
            r.store(&mut out.0, k);
            k += R::WIDTH;
        }
        out
    }

    #[inline(always)]
    fn lanes(self) -> Lanes<R::Element, N> {
        Lanes(self.0)
    }
}

impl<R: Register, const N: usize> Debug for Several<R, N> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Several").field(&self.0).finish()
    }
}

impl<R: Register, const N: usize> Default for Several<R, N> {
    #[inline(always)]
    fn default() -> Self {
        Self::zero()
    }
}

impl<R: Register, const N: usize> From<f64> for Several<R, N> {
    #[inline(always)]
    fn from(x: f64) -> Self {
        Self::splat(x)
    }
}

impl<R: Register, const N: usize> Neg for Several<R, N> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        each!(R::neg, one, self)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $assign:ident, $assign_method:ident) => {
        impl<R: Register, const N: usize> $trait for Several<R, N> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, o: Self) -> Self {
                each!(R::$method, two, self, o)
            }
        }
        impl<R: Register, const N: usize> $trait<f64> for Several<R, N> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, c: f64) -> Self {
                each!(R::$method, two, self, Self::splat(c))
            }
        }
        impl<R: Register, const N: usize> $assign for Several<R, N> {
            #[inline(always)]
            fn $assign_method(&mut self, o: Self) {
                *self = self.$method(o);
            }
        }
    };
}
operator!(Add, add, AddAssign, add_assign);
operator!(Sub, sub, SubAssign, sub_assign);
operator!(Mul, mul, MulAssign, mul_assign);

impl<R: Register, const N: usize> Div for Several<R, N> {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: Self) -> Self {
        each!(R::div, two, self, o)
    }
}

impl<R: Register, const N: usize> Div<f64> for Several<R, N> {
    type Output = Self;
    // One rounding more than a division, and a tenth of its time: `c` is known where it is compiled.
    #[allow(clippy::suspicious_arithmetic_impl, reason = "a quotient by way of the reciprocal")]
    #[inline(always)]
    fn div(self, c: f64) -> Self {
        each!(R::mul, two, self, Self::splat(1.0 / c))
    }
}

impl<R: Register, const N: usize> DivAssign for Several<R, N> {
    #[inline(always)]
    fn div_assign(&mut self, o: Self) {
        *self = *self / o;
    }
}

/// Operations that the register has under the same name.
macro_rules! instructions {
    ($($arity:ident: $method:ident($($other:ident),*);)*) => {$(
        #[inline(always)]
        fn $method(self, $($other: Self),*) -> Self {
            each!(R::$method, $arity, self $(, $other)*)
        }
    )*};
}

impl<R: Register, const N: usize> Scalar for Several<R, N> {
    const FUSES: bool = !matches!(R::SET, Set::Any);
    instructions! {
        one: exp();
        one: exp_m1();
        one: ln();
        one: sqrt();
        one: tanh();
        one: abs();
        one: recip();
        two: min(other);
        two: max(other);
        three: mul_add(y, z);
        three: neg_mul_add(y, z);
    }
    #[inline(always)]
    fn powi(self, n: i32) -> Self {
        power(self, n)
    }
    #[inline(always)]
    fn powf(self, p: f64) -> Self {
        (self.ln() * p).exp()
    }
    #[inline(always)]
    fn sin(self) -> Self {
        Self(self.lanes().sin().0)
    }
    #[inline(always)]
    fn cos(self) -> Self {
        Self(self.lanes().cos().0)
    }
    #[inline(always)]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        each!(R::select_lt, four, a, b, yes, no)
    }
    #[inline(always)]
    fn worst(self) -> f64 {
        self.lanes().worst()
    }
    #[inline(always)]
    fn all_finite(self) -> bool {
        self.lanes().all_finite()
    }
    #[inline(always)]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        kernel.run::<Self>()
    }
}
