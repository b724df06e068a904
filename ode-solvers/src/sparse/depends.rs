//! The number that finds out which states an equation reads.

use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::{Dual, Element, Kernel, Lanes, Scalar, Twin};

/// The set of states that a number was computed from.
///
/// One evaluation of a right-hand side over `Depends` gives the exact structure of its Jacobian:
/// every operation returns the union of what its operands depend on, and
/// [`select_lt`](Scalar::select_lt) counts both sides and the comparison. No value is looked at, so
/// that an entry that happens to be zero at one point is still found.
///
/// ```
/// use ode_solvers::Scalar;
/// use ode_solvers::sparse::Depends;
///
/// let (x, y, z) = (Depends::on(0), Depends::on(1), Depends::on(2));
/// let f = Depends::select_lt(x, Depends::from(1.0), y.exp() * 0.0, Depends::from(2.0));
/// assert!(f.contains(0) && f.contains(1) && !f.contains(2));
/// assert_eq!((f + z).count(), 3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depends(u128);

impl Depends {
    /// As many states as a set can hold.
    pub const MAX_STATES: usize = u128::BITS as usize;

    /// State `i` itself; the empty set from [`MAX_STATES`](Depends::MAX_STATES) on.
    #[inline]
    pub fn on(i: usize) -> Self {
        Self(u32::try_from(i).ok().and_then(|i| 1u128.checked_shl(i)).unwrap_or(0))
    }

    /// Whether state `i` is in the set.
    #[inline]
    pub fn contains(self, i: usize) -> bool {
        self.0 & Self::on(i).0 != 0
    }

    /// The number of states in the set.
    #[inline]
    pub fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The states in the set, in ascending order.
    pub fn states(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let i = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(i)
        })
    }

    #[inline(always)]
    fn union(self, o: Self) -> Self {
        Self(self.0 | o.0)
    }
}

impl From<f64> for Depends {
    #[inline(always)]
    fn from(_: f64) -> Self {
        Self(0)
    }
}

// Parameters that differ from lane to lane, or carry derivatives, are no states either.
impl<E: Element, const N: usize> From<Lanes<E, N>> for Depends {
    #[inline(always)]
    fn from(_: Lanes<E, N>) -> Self {
        Self(0)
    }
}

impl<const N: usize, T: Scalar> From<Dual<N, T>> for Depends {
    #[inline(always)]
    fn from(_: Dual<N, T>) -> Self {
        Self(0)
    }
}

impl Neg for Depends {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        self
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $assign:ident, $assign_method:ident) => {
        impl $trait for Depends {
            type Output = Self;
            #[inline(always)]
            fn $method(self, o: Self) -> Self {
                self.union(o)
            }
        }
        impl $trait<f64> for Depends {
            type Output = Self;
            #[inline(always)]
            fn $method(self, _: f64) -> Self {
                self
            }
        }
        impl<E: Element, const N: usize> $trait<Lanes<E, N>> for Depends {
            type Output = Self;
            #[inline(always)]
            fn $method(self, _: Lanes<E, N>) -> Self {
                self
            }
        }
        impl<const N: usize, T: Scalar> $trait<Dual<N, T>> for Depends {
            type Output = Self;
            #[inline(always)]
            fn $method(self, _: Dual<N, T>) -> Self {
                self
            }
        }
        impl $assign for Depends {
            #[inline(always)]
            fn $assign_method(&mut self, o: Self) {
                *self = self.union(o);
            }
        }
    };
}
operator!(Add, add, AddAssign, add_assign);
operator!(Sub, sub, SubAssign, sub_assign);
operator!(Mul, mul, MulAssign, mul_assign);
operator!(Div, div, DivAssign, div_assign);

macro_rules! unary {
    ($($method:ident),*) => {
        $(
            #[inline(always)]
            fn $method(self) -> Self {
                self
            }
        )*
    };
}

// SAFETY: a type has its own layout.
#[allow(unsafe_code, reason = "a promise about layout")]
unsafe impl Twin<Self> for Depends {}

impl Scalar for Depends {
    unary!(exp, exp_m1, ln, sqrt, tanh, sin, cos, abs, recip);

    #[inline(always)]
    fn powi(self, n: i32) -> Self {
        if n == 0 { Self(0) } else { self }
    }
    #[inline(always)]
    fn powf(self, _: f64) -> Self {
        self
    }
    #[inline(always)]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        a.union(b).union(yes).union(no)
    }
    #[inline(always)]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        kernel.run::<Self>()
    }
    /// A set has no value: 0.
    #[inline(always)]
    fn worst(self) -> f64 {
        0.0
    }
    /// A set has no value: true.
    #[inline(always)]
    fn all_finite(self) -> bool {
        true
    }
}
