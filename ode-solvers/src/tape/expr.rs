//! The number that writes down what is done with it.

use core::any::Any;
use core::cell::RefCell;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::tape::trace::{Constant, Op, Raw, Trace};
use crate::{Dual, Element, Kernel, Lanes, Scalar, System, Twin};

thread_local! {
    /// What is being written down on this thread.
    static RECORD: RefCell<Option<Trace>> = const { RefCell::new(None) };
}

/// A place in a [`Trace`]: the result of the operation that is written there.
///
/// One evaluation of a right-hand side over `Expr` gives the equations as a list of operations
/// ([`Trace::of`]). Operations outside such an evaluation are written nowhere and mean nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expr(pub(super) u32);

impl Expr {
    /// The number 0, and what stands for all that is written nowhere.
    pub(super) const ZERO: Self = Self(u32::MAX);

    fn write(op: Op, args: [u32; 4]) -> Self {
        RECORD.with_borrow_mut(|record| match record {
            Some(trace) => Self(trace.push(Raw { op, args })),
            None => Self::ZERO,
        })
    }

    fn constant(value: impl FnOnce() -> Constant) -> Self {
        RECORD.with_borrow_mut(|record| match record {
            Some(trace) => {
                let k = trace.constants.len() as u32;
                trace.constants.push(value());
                Self(trace.push(Raw { op: Op::Constant, args: [k, 0, 0, 0] }))
            }
            None => Self::ZERO,
        })
    }

    /// A number of the type that is computed with later.
    pub(super) fn other<T: Any + Send + Sync>(value: T) -> Self {
        Self::constant(|| Constant::Other(Box::new(value)))
    }

    fn unary(self, op: Op) -> Self {
        Self::write(op, [self.0, 0, 0, 0])
    }

    fn binary(self, op: Op, o: Self) -> Self {
        Self::write(op, [self.0, o.0, 0, 0])
    }
}

/// Writes down one evaluation of a right-hand side; nothing if one is under way on this thread.
pub(super) fn record<S: System<Expr> + ?Sized>(system: &S, t: f64) -> Option<Trace> {
    let n = system.dim();
    let mut trace = Trace::with_inputs(n);
    let y: Vec<Expr> = (0..n as u32).map(Expr).collect();
    let mut dy = vec![Expr::ZERO; n];
    let idle = RECORD.with_borrow_mut(|record| match record {
        Some(_) => false,
        None => {
            *record = Some(core::mem::take(&mut trace));
            true
        }
    });
    if !idle {
        return None;
    }
    /// Ends the recording also where the right-hand side panics.
    struct End;
    impl Drop for End {
        fn drop(&mut self) {
            RECORD.with_borrow_mut(|record| *record = None);
        }
    }
    let _end = End;
    system.rhs(t, &y, &mut dy);
    let mut trace = RECORD.with_borrow_mut(Option::take)?;
    trace.outputs = dy.iter().map(|e| e.0).collect();
    Some(trace)
}

impl Default for Expr {
    #[inline]
    fn default() -> Self {
        Self::ZERO
    }
}

impl From<f64> for Expr {
    fn from(x: f64) -> Self {
        Self::constant(|| Constant::Same(x))
    }
}

// Parameters that differ from lane to lane, or carry derivatives.
impl<E: Element, const N: usize> From<Lanes<E, N>> for Expr {
    fn from(x: Lanes<E, N>) -> Self {
        Self::other(x)
    }
}

impl<const N: usize, T: Scalar> From<Dual<N, T>> for Expr {
    fn from(x: Dual<N, T>) -> Self {
        Self::other(x)
    }
}

impl Neg for Expr {
    type Output = Self;
    fn neg(self) -> Self {
        self.unary(Op::Neg)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $assign:ident, $assign_method:ident) => {
        impl $trait for Expr {
            type Output = Self;
            fn $method(self, o: Self) -> Self {
                self.binary(Op::$trait, o)
            }
        }
        impl $trait<f64> for Expr {
            type Output = Self;
            fn $method(self, c: f64) -> Self {
                self.binary(Op::$trait, Self::from(c))
            }
        }
        impl<E: Element, const N: usize> $trait<Lanes<E, N>> for Expr {
            type Output = Self;
            fn $method(self, c: Lanes<E, N>) -> Self {
                self.binary(Op::$trait, Self::from(c))
            }
        }
        impl<const N: usize, T: Scalar> $trait<Dual<N, T>> for Expr {
            type Output = Self;
            fn $method(self, c: Dual<N, T>) -> Self {
                self.binary(Op::$trait, Self::from(c))
            }
        }
        impl $assign for Expr {
            fn $assign_method(&mut self, o: Self) {
                *self = self.binary(Op::$trait, o);
            }
        }
    };
}
operator!(Add, add, AddAssign, add_assign);
operator!(Sub, sub, SubAssign, sub_assign);
operator!(Mul, mul, MulAssign, mul_assign);
operator!(Div, div, DivAssign, div_assign);

// SAFETY: a type has its own layout.
#[allow(unsafe_code, reason = "a promise about layout")]
unsafe impl Twin<Self> for Expr {}

macro_rules! unary {
    ($($method:ident $op:ident),*) => {
        $(
            fn $method(self) -> Self {
                self.unary(Op::$op)
            }
        )*
    };
}

impl Scalar for Expr {
    unary!(
        exp Exp, exp_m1 ExpM1, ln Ln, sqrt Sqrt, tanh Tanh, sin Sin, cos Cos, abs Abs, recip Recip
    );

    fn powi(self, n: i32) -> Self {
        Self::write(Op::Powi, [self.0, n as u32, 0, 0])
    }
    fn powf(self, p: f64) -> Self {
        let bits = p.to_bits();
        Self::write(Op::Powf, [self.0, bits as u32, (bits >> 32) as u32, 0])
    }
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        Self::write(Op::Select, [a.0, b.0, yes.0, no.0])
    }
    #[inline(always)]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        kernel.run::<Self>()
    }
    /// An expression has no value: 0.
    fn worst(self) -> f64 {
        0.0
    }
    /// An expression has no value: true.
    fn all_finite(self) -> bool {
        true
    }
}
