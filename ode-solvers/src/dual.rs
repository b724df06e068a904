//! Dual numbers: values that carry their exact derivatives.

use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::{Element, Kernel, Lanes, Scalar, Twin};

/// A value with its derivatives along `N` directions: `v + Σ dᵢ εᵢ` with `εᵢ εⱼ = 0`.
///
/// Evaluating a function on duals gives its exact directional derivatives, without a step size.
/// `T` is `f64` unless said otherwise; `Dual<N, Lanes<f64, 8>>` differentiates eight cells at once.
///
/// ```
/// use ode_solvers::{Dual, Scalar};
///
/// let x = Dual::<1>::variable(2.0, 0);
/// let y = x.powi(3) + x.exp();
/// assert_eq!(y.v, 8.0 + 2f64.exp());
/// assert_eq!(y.d[0], 12.0 + 2f64.exp());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C)]
pub struct Dual<const N: usize, T = f64> {
    /// The value.
    pub v: T,
    /// The derivatives along the `N` directions.
    pub d: [T; N],
}

/// An expression of each direction. A loop and no closure: what is not inlined is compiled for the
/// least machine of the target.
macro_rules! each {
    (|$i:ident| $x:expr) => {{
        let mut d = [Default::default(); N];
        #[allow(clippy::needless_range_loop, reason = "the index runs over several arrays")]
        for $i in 0..N {
            d[$i] = $x;
        }
        d
    }};
}

impl<const N: usize, T: Scalar> Dual<N, T> {
    /// A constant: all derivatives are zero.
    #[inline(always)]
    pub fn constant(v: T) -> Self {
        Self { v, d: [T::from(0.0); N] }
    }

    /// The variable of direction `i`: its derivative is 1 there and 0 elsewhere. A constant if
    /// there is no direction `i`.
    #[inline(always)]
    pub fn variable(v: T, i: usize) -> Self {
        let mut x = Self::constant(v);
        if let Some(di) = x.d.get_mut(i) {
            *di = T::from(1.0);
        }
        x
    }

    /// `f(self)` by the chain rule, from `f` and `f'` at the value.
    #[inline(always)]
    fn chain(self, f: T, df: T) -> Self {
        Self { v: f, d: each!(|i| self.d[i] * df) }
    }
}

impl<const N: usize, T: Scalar> Default for Dual<N, T> {
    #[inline(always)]
    fn default() -> Self {
        Self::constant(T::default())
    }
}

impl<const N: usize, T: Scalar> From<f64> for Dual<N, T> {
    #[inline(always)]
    fn from(v: f64) -> Self {
        Self::constant(T::from(v))
    }
}

impl<const N: usize, T: Scalar> Neg for Dual<N, T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self { v: -self.v, d: each!(|i| -self.d[i]) }
    }
}

impl<const N: usize, T: Scalar> Add for Dual<N, T> {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        Self { v: self.v + o.v, d: each!(|i| self.d[i] + o.d[i]) }
    }
}

impl<const N: usize, T: Scalar> Sub for Dual<N, T> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        Self { v: self.v - o.v, d: each!(|i| self.d[i] - o.d[i]) }
    }
}

impl<const N: usize, T: Scalar> Mul for Dual<N, T> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        Self { v: self.v * o.v, d: each!(|i| self.d[i] * o.v + o.d[i] * self.v) }
    }
}

impl<const N: usize, T: Scalar> Div for Dual<N, T> {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: Self) -> Self {
        let v = self.v / o.v;
        let r = o.v.recip();
        Self { v, d: each!(|i| (self.d[i] - o.d[i] * v) * r) }
    }
}

/// The operators between a dual and a number without derivatives.
macro_rules! operators_with_constants {
    ([$($generics:tt)*] $dual:ty, $constant:ty) => {
        impl<$($generics)*> Add<$constant> for $dual {
            type Output = Self;
            #[inline(always)]
            fn add(self, c: $constant) -> Self {
                Self { v: self.v + c, d: self.d }
            }
        }
        impl<$($generics)*> Sub<$constant> for $dual {
            type Output = Self;
            #[inline(always)]
            fn sub(self, c: $constant) -> Self {
                Self { v: self.v - c, d: self.d }
            }
        }
        impl<$($generics)*> Mul<$constant> for $dual {
            type Output = Self;
            #[inline(always)]
            fn mul(self, c: $constant) -> Self {
                Self { v: self.v * c, d: each!(|i| self.d[i] * c) }
            }
        }
        impl<$($generics)*> Div<$constant> for $dual {
            type Output = Self;
            #[inline(always)]
            fn div(self, c: $constant) -> Self {
                let r = c.recip();
                Self { v: self.v / c, d: each!(|i| self.d[i] * r) }
            }
        }
    };
}

operators_with_constants!([const N: usize, T: Scalar] Dual<N, T>, f64);
// Populations: parameters differ from lane to lane and carry no derivatives.
operators_with_constants!([const N: usize, const M: usize, E: Element] Dual<N, Lanes<E, M>>, Lanes<E, M>);

// Sensitivities: parameters carry derivatives along directions of their own.
operators_with_constants!([const N: usize, const M: usize, T: Scalar] Dual<N, Dual<M, T>>, Dual<M, T>);

impl<const N: usize, const M: usize, T: Scalar> From<Dual<M, T>> for Dual<N, Dual<M, T>> {
    #[inline(always)]
    fn from(v: Dual<M, T>) -> Self {
        Self::constant(v)
    }
}

impl<const N: usize, const M: usize, E: Element> From<Lanes<E, M>> for Dual<N, Lanes<E, M>> {
    #[inline(always)]
    fn from(v: Lanes<E, M>) -> Self {
        Self::constant(v)
    }
}

impl<const N: usize, T: Scalar> AddAssign for Dual<N, T> {
    #[inline(always)]
    fn add_assign(&mut self, o: Self) {
        *self = *self + o;
    }
}

impl<const N: usize, T: Scalar> SubAssign for Dual<N, T> {
    #[inline(always)]
    fn sub_assign(&mut self, o: Self) {
        *self = *self - o;
    }
}

impl<const N: usize, T: Scalar> MulAssign for Dual<N, T> {
    #[inline(always)]
    fn mul_assign(&mut self, o: Self) {
        *self = *self * o;
    }
}

impl<const N: usize, T: Scalar> DivAssign for Dual<N, T> {
    #[inline(always)]
    fn div_assign(&mut self, o: Self) {
        *self = *self / o;
    }
}

// SAFETY: the order of fields is laid down, and the parts are twins.
#[allow(unsafe_code, reason = "a promise about layout")]
unsafe impl<const N: usize, T: Scalar, U: Twin<T>> Twin<Dual<N, T>> for Dual<N, U> {
    const FITS: bool = U::FITS;
}

/// A kernel over duals as one over their parts.
struct OfParts<K, const N: usize>(K);

impl<const N: usize, T: Scalar, K: Kernel<Dual<N, T>>> Kernel<T> for OfParts<K, N> {
    type Output = K::Output;
    const APART: bool = true;

    #[inline(always)]
    fn run<U: Twin<T>>(self) -> K::Output {
        self.0.run::<Dual<N, U>>()
    }
}

impl<const N: usize, T: Scalar> Scalar for Dual<N, T> {
    #[inline(always)]
    fn exp(self) -> Self {
        let e = self.v.exp();
        self.chain(e, e)
    }
    #[inline(always)]
    fn exp_m1(self) -> Self {
        // Not e^x − 1 + 1: far below zero the derivative is tiny and not zero.
        self.chain(self.v.exp_m1(), self.v.exp())
    }
    #[inline(always)]
    fn ln(self) -> Self {
        self.chain(self.v.ln(), self.v.recip())
    }
    #[inline(always)]
    fn sqrt(self) -> Self {
        let s = self.v.sqrt();
        self.chain(s, (s * 2.0).recip())
    }
    #[inline(always)]
    fn powi(self, n: i32) -> Self {
        if n == 0 {
            return Self::constant(self.v.powi(0));
        }
        let p = self.v.powi(n - 1);
        self.chain(p * self.v, p * f64::from(n))
    }
    #[inline(always)]
    fn powf(self, p: f64) -> Self {
        self.chain(self.v.powf(p), self.v.powf(p - 1.0) * p)
    }
    #[inline(always)]
    fn tanh(self) -> Self {
        // 1/cosh² without the cancellation in 1 − tanh².
        let e = (self.v.abs() * -2.0).exp();
        let r = (e + 1.0).recip();
        self.chain(self.v.tanh(), e * r * r * 4.0)
    }
    #[inline(always)]
    fn sin(self) -> Self {
        self.chain(self.v.sin(), self.v.cos())
    }
    #[inline(always)]
    fn cos(self) -> Self {
        self.chain(self.v.cos(), -self.v.sin())
    }
    #[inline(always)]
    fn abs(self) -> Self {
        let sign = T::select_lt(self.v, T::from(0.0), T::from(-1.0), T::from(1.0));
        self.chain(self.v.abs(), sign)
    }
    #[inline(always)]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        Self {
            v: T::select_lt(a.v, b.v, yes.v, no.v),
            d: each!(|i| T::select_lt(a.v, b.v, yes.d[i], no.d[i])),
        }
    }
    #[inline(always)]
    fn worst(self) -> f64 {
        self.v.worst()
    }
    #[inline(always)]
    fn largest(self) -> f64 {
        // Not `max`: it would drop NaN.
        self.d.iter().fold(self.v.largest(), |l, d| {
            let d = d.largest();
            if d <= l || l.is_nan() { l } else { d }
        })
    }
    #[inline(always)]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        T::dispatch(OfParts::<K, N>(kernel))
    }
    #[inline(always)]
    fn all_finite(self) -> bool {
        self.v.all_finite() && self.d.iter().all(|d| d.all_finite())
    }
}
