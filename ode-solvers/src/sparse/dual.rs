//! Dual numbers that know when they are constants.

use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::{Dual, Element, Kernel, Lanes, Scalar, Twin};

/// A [`Dual`] with a mark that says whether it depends on any of the directions. If it doesn't, its
/// derivatives are zero and nothing is computed with them.
///
/// Along the direction of one gate most of a cell model is constant, its rate functions above all:
/// a Jacobian takes less than half of the time. The mark follows from the structure alone, not from
/// values, so that the processor foresees the branches. A constant has zero derivatives also where
/// its value is infinite.
///
/// ```
/// use ode_solvers::Scalar;
/// use ode_solvers::sparse::SparseDual;
///
/// let (x, c) = (SparseDual::<2>::variable(2.0, 0), SparseDual::from(3.0));
/// assert!(!c.exp().is_live());
/// assert_eq!((x * x * c).dual().d, [12.0, 0.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C)]
pub struct SparseDual<const N: usize, T = f64> {
    dual: Dual<N, T>,
    live: bool,
}

impl<const N: usize, T: Scalar> SparseDual<N, T> {
    /// A constant.
    #[inline(always)]
    pub fn constant(v: T) -> Self {
        Self { dual: Dual::constant(v), live: false }
    }

    /// The variable of direction `i`; a constant if there is no direction `i`.
    #[inline(always)]
    pub fn variable(v: T, i: usize) -> Self {
        Self { dual: Dual::variable(v, i), live: i < N }
    }

    /// Value and derivatives.
    #[inline(always)]
    pub fn dual(self) -> Dual<N, T> {
        self.dual
    }

    /// The derivative along direction `i`, without a copy of the others.
    ///
    /// # Panics
    /// If there is no direction `i`.
    #[inline(always)]
    pub fn derivative(&self, i: usize) -> T {
        self.dual.d[i]
    }

    /// Whether it depends on any direction.
    #[inline(always)]
    pub fn is_live(self) -> bool {
        self.live
    }
}

// Inlined, an operation is two dozen instructions and a branch: in programs with debug assertions, which are compiled
// more often than anybody waits for their equations, each is a function of its own.

/// An expression of the dual, or of the value alone where nothing depends on a direction. A macro,
/// since a closure is not sure to be inlined.
macro_rules! of_parts {
    ($x:expr, |$p:ident| $f:expr) => {{
        let x = $x;
        if x.live {
            let $p = x.dual;
            Self { dual: $f, live: true }
        } else {
            let $p = x.dual.v;
            Self::constant($f)
        }
    }};
}

impl<const N: usize, T: Scalar> Default for SparseDual<N, T> {
    #[inline(always)]
    fn default() -> Self {
        Self::constant(T::default())
    }
}

impl<const N: usize, T: Scalar> From<f64> for SparseDual<N, T> {
    #[inline(always)]
    fn from(v: f64) -> Self {
        Self::constant(T::from(v))
    }
}

impl<const N: usize, const M: usize, E: Element> From<Lanes<E, M>> for SparseDual<N, Lanes<E, M>> {
    #[inline(always)]
    fn from(v: Lanes<E, M>) -> Self {
        Self::constant(v)
    }
}

impl<const N: usize, const M: usize, T: Scalar> From<Dual<M, T>> for SparseDual<N, Dual<M, T>> {
    #[inline(always)]
    fn from(v: Dual<M, T>) -> Self {
        Self::constant(v)
    }
}

impl<const N: usize, T: Scalar> Neg for SparseDual<N, T> {
    type Output = Self;
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn neg(self) -> Self {
        of_parts!(self, |x| -x)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $assign:ident, $assign_method:ident, $op:tt) => {
        impl<const N: usize, T: Scalar> $trait for SparseDual<N, T> {
            type Output = Self;
            #[cfg_attr(debug_assertions, inline(never))]
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn $method(self, o: Self) -> Self {
                if self.live | o.live {
                    Self { dual: self.dual $op o.dual, live: true }
                } else {
                    Self::constant(self.dual.v $op o.dual.v)
                }
            }
        }
        impl<const N: usize, T: Scalar> $trait<f64> for SparseDual<N, T> {
            type Output = Self;
            #[cfg_attr(debug_assertions, inline(never))]
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn $method(self, c: f64) -> Self {
                of_parts!(self, |x| x $op c)
            }
        }
        // Populations: parameters differ from lane to lane and carry no derivatives.
        impl<const N: usize, const M: usize, E: Element> $trait<Lanes<E, M>> for SparseDual<N, Lanes<E, M>> {
            type Output = Self;
            #[cfg_attr(debug_assertions, inline(never))]
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn $method(self, c: Lanes<E, M>) -> Self {
                of_parts!(self, |x| x $op c)
            }
        }
        // Sensitivities: parameters carry derivatives of their own, along other directions.
        impl<const N: usize, const M: usize, T: Scalar> $trait<Dual<M, T>> for SparseDual<N, Dual<M, T>> {
            type Output = Self;
            #[cfg_attr(debug_assertions, inline(never))]
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn $method(self, c: Dual<M, T>) -> Self {
                of_parts!(self, |x| x $op c)
            }
        }
        impl<const N: usize, T: Scalar> $assign for SparseDual<N, T> {
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

macro_rules! unary {
    ($($method:ident),*) => {
        $(
            #[cfg_attr(debug_assertions, inline(never))]
            #[cfg_attr(not(debug_assertions), inline(always))]
            fn $method(self) -> Self {
                of_parts!(self, |x| x.$method())
            }
        )*
    };
}

// SAFETY: the order of fields is laid down, and the parts are twins.
#[allow(unsafe_code, reason = "a promise about layout")]
unsafe impl<const N: usize, T: Scalar, U: Twin<T>> Twin<SparseDual<N, T>> for SparseDual<N, U> {
    const FITS: bool = U::FITS;
}

/// A kernel over duals as one over their parts.
struct OfParts<K, const N: usize>(K);

impl<const N: usize, T: Scalar, K: Kernel<SparseDual<N, T>>> Kernel<T> for OfParts<K, N> {
    type Output = K::Output;
    const APART: bool = true;

    #[inline(always)]
    fn run<U: Twin<T>>(self) -> K::Output {
        self.0.run::<SparseDual<N, U>>()
    }
}

impl<const N: usize, T: Scalar> Scalar for SparseDual<N, T> {
    unary!(exp, exp_m1, ln, sqrt, tanh, sin, cos, abs, recip);

    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn powi(self, n: i32) -> Self {
        of_parts!(self, |x| x.powi(n))
    }
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn powf(self, p: f64) -> Self {
        of_parts!(self, |x| x.powf(p))
    }
    #[cfg_attr(debug_assertions, inline(never))]
    #[cfg_attr(not(debug_assertions), inline(always))]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        if yes.live | no.live {
            Self { dual: Dual::select_lt(a.dual, b.dual, yes.dual, no.dual), live: true }
        } else {
            Self::constant(T::select_lt(a.dual.v, b.dual.v, yes.dual.v, no.dual.v))
        }
    }
    #[inline(always)]
    fn worst(self) -> f64 {
        self.dual.worst()
    }
    #[inline(always)]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        T::dispatch(OfParts::<K, N>(kernel))
    }
    #[inline(always)]
    fn all_finite(self) -> bool {
        self.dual.all_finite()
    }
}
