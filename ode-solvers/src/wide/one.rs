//! Lanes that fill one register.

use core::fmt::{self, Debug, Formatter};
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use super::Register;
use super::register::Set;
use crate::lanes::power;
use crate::{Element, Kernel, Lanes, Scalar, Twin};

/// [`Lanes`] as one register: each operation is an instruction, and the compiler sees a number.
///
/// Values exist only within [`Scalar::dispatch`], on a machine that has the register: this is what
/// makes the instructions safe to execute. There it stands for as many lanes as the register has.
#[derive(Clone, Copy, PartialEq)]
#[repr(align(64))]
pub(crate) struct One<R: Register>(R);

/// As many numbers as the widest register holds.
const WIDEST: usize = 16;

// SAFETY: the register is the lanes' array, at the start of a type with the same alignment. It is used
// for as many lanes alone: `view` and the like check it.
#[allow(unsafe_code, reason = "a promise about layout")]
unsafe impl<R: Register, const N: usize> Twin<Lanes<R::Element, N>> for One<R> {
    const FITS: bool = N == R::WIDTH
        && size_of::<Self>() == size_of::<Lanes<R::Element, N>>()
        && align_of::<Self>() == align_of::<Lanes<R::Element, N>>()
        && core::mem::offset_of!(Self, 0) == 0;
}

// SAFETY: a type has its own layout.
#[allow(unsafe_code, reason = "a promise about layout")]
unsafe impl<R: Register> Twin<Self> for One<R> {}

impl<R: Register> One<R> {
    /// Function by function, where there is no instruction.
    #[inline(always)]
    fn each(self, f: impl Fn(R::Element) -> R::Element) -> Self {
        let mut x = [R::Element::default(); WIDEST];
        self.0.store(&mut x, 0);
        for x in &mut x[..R::WIDTH] {
            *x = f(*x);
        }
        Self(R::load(&x, 0))
    }

    #[inline(always)]
    fn numbers(self) -> [R::Element; WIDEST] {
        // What is left over repeats the first.
        let mut x = [R::Element::default(); WIDEST];
        self.0.store(&mut x, 0);
        let first = x[0];
        x[R::WIDTH..].fill(first);
        x
    }
}

impl<R: Register> Debug for One<R> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_tuple("One").field(&&self.numbers()[..R::WIDTH]).finish()
    }
}

impl<R: Register> Default for One<R> {
    #[inline(always)]
    fn default() -> Self {
        Self(R::splat(R::Element::default()))
    }
}

impl<R: Register> From<f64> for One<R> {
    #[inline(always)]
    fn from(x: f64) -> Self {
        Self(R::splat(R::Element::from_f64(x)))
    }
}

impl<R: Register> Neg for One<R> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self(self.0.neg())
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $assign:ident, $assign_method:ident) => {
        impl<R: Register> $trait for One<R> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, o: Self) -> Self {
                Self(R::$method(self.0, o.0))
            }
        }
        impl<R: Register> $trait<f64> for One<R> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, c: f64) -> Self {
                Self(R::$method(self.0, R::splat(R::Element::from_f64(c))))
            }
        }
        impl<R: Register> $assign for One<R> {
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

impl<R: Register> Div for One<R> {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: Self) -> Self {
        Self(self.0.div(o.0))
    }
}

impl<R: Register> Div<f64> for One<R> {
    type Output = Self;
    // One rounding more than a division, and a tenth of its time: `c` is known where it is compiled.
    #[allow(clippy::suspicious_arithmetic_impl, reason = "a quotient by way of the reciprocal")]
    #[inline(always)]
    fn div(self, c: f64) -> Self {
        Self(self.0.mul(R::splat(R::Element::from_f64(1.0 / c))))
    }
}

impl<R: Register> DivAssign for One<R> {
    #[inline(always)]
    fn div_assign(&mut self, o: Self) {
        *self = *self / o;
    }
}

/// Operations that the register has under the same name.
macro_rules! instructions {
    ($($method:ident($($other:ident),*);)*) => {$(
        #[inline(always)]
        fn $method(self, $($other: Self),*) -> Self {
            Self(self.0.$method($($other.0),*))
        }
    )*};
}

impl<R: Register> Scalar for One<R> {
    const FUSES: bool = !matches!(R::SET, Set::Any);
    instructions! {
        exp();
        exp_m1();
        ln();
        sqrt();
        tanh();
        abs();
        recip();
        min(other);
        max(other);
        mul_add(y, z);
        neg_mul_add(y, z);
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
        if Lanes(self.numbers()).is_trigonometric() {
            self.each(R::Element::sin)
        } else {
            self.each(|x| R::Element::from_f64(x.into().sin()))
        }
    }
    #[inline(always)]
    fn cos(self) -> Self {
        if Lanes(self.numbers()).is_trigonometric() {
            self.each(R::Element::cos)
        } else {
            self.each(|x| R::Element::from_f64(x.into().cos()))
        }
    }
    #[inline(always)]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        Self(R::select_lt(a.0, b.0, yes.0, no.0))
    }
    #[inline(always)]
    fn worst(self) -> f64 {
        Lanes(self.numbers()).worst()
    }
    #[inline(always)]
    fn all_finite(self) -> bool {
        Lanes(self.numbers()).all_finite()
    }
    #[inline(always)]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        kernel.run::<Self>()
    }
}
