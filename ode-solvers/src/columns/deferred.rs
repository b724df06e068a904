//! Numbers whose last multiplication waits.

use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::{Kernel, Scalar, Twin};

/// A number, or a product that nobody has needed yet.
///
/// Equations often end in a product with a parameter, and a step multiplies once more, by its length:
/// with the second factor at hand the two are multiplied first, which for parameters the compiler does
/// once, before the loop over steps. Which of the two a number is, is known where it is compiled: every
/// operation is inlined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Deferred<T> {
    value: T,
    factor: Option<T>,
}

impl<T: Scalar> Deferred<T> {
    #[inline(always)]
    pub(super) fn of(value: T) -> Self {
        Self { value, factor: None }
    }

    #[inline(always)]
    fn get(self) -> T {
        match self.factor {
            Some(factor) => self.value * factor,
            None => self.value,
        }
    }

    /// h · self + y.
    #[inline(always)]
    pub(super) fn step(self, h: T, y: T) -> T {
        let h = match self.factor {
            Some(factor) => factor * h,
            None => h,
        };
        self.value.mul_add(h, y)
    }
}

impl<T: Scalar> Default for Deferred<T> {
    #[inline(always)]
    fn default() -> Self {
        Self::of(T::default())
    }
}

impl<T: Scalar> From<f64> for Deferred<T> {
    #[inline(always)]
    fn from(x: f64) -> Self {
        Self::of(T::from(x))
    }
}

impl<T: Scalar> Neg for Deferred<T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self { value: -self.value, factor: self.factor }
    }
}

impl<T: Scalar> Mul for Deferred<T> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        Self { value: self.get(), factor: Some(o.get()) }
    }
}

impl<T: Scalar> Mul<f64> for Deferred<T> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, c: f64) -> Self {
        Self { value: self.get(), factor: Some(T::from(c)) }
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl<T: Scalar> $trait for Deferred<T> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, o: Self) -> Self {
                Self::of($trait::$method(self.get(), o.get()))
            }
        }
        impl<T: Scalar> $trait<f64> for Deferred<T> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, c: f64) -> Self {
                Self::of($trait::$method(self.get(), c))
            }
        }
    };
}
operator!(Add, add);
operator!(Sub, sub);
operator!(Div, div);

macro_rules! assign {
    ($trait:ident, $method:ident, $op:tt) => {
        impl<T: Scalar> $trait for Deferred<T> {
            #[inline(always)]
            fn $method(&mut self, o: Self) {
                *self = *self $op o;
            }
        }
    };
}
assign!(AddAssign, add_assign, +);
assign!(SubAssign, sub_assign, -);
assign!(MulAssign, mul_assign, *);
assign!(DivAssign, div_assign, /);

// SAFETY: a type has its own layout.
#[allow(unsafe_code, reason = "a promise about layout")]
unsafe impl<T: Scalar> Twin<Self> for Deferred<T> {}

macro_rules! functions {
    ($($name:ident),*) => {
        $(
            #[inline(always)]
            fn $name(self) -> Self {
                Self::of(self.get().$name())
            }
        )*
    };
}

impl<T: Scalar> Scalar for Deferred<T> {
    const FUSES: bool = T::FUSES;
    const LANES: usize = T::LANES;

    functions!(exp, exp_m1, ln, sqrt, tanh, sin, cos, abs, recip);

    #[inline(always)]
    fn exps<const N: usize>(x: [Self; N]) -> [Self; N] {
        T::exps(x.map(Self::get)).map(Self::of)
    }
    #[inline(always)]
    fn powi(self, n: i32) -> Self {
        Self::of(self.get().powi(n))
    }
    #[inline(always)]
    fn powf(self, p: f64) -> Self {
        Self::of(self.get().powf(p))
    }
    #[inline(always)]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        Self::of(T::select_lt(a.get(), b.get(), yes.get(), no.get()))
    }
    #[inline(always)]
    fn worst(self) -> f64 {
        self.get().worst()
    }
    #[inline(always)]
    fn all_finite(self) -> bool {
        self.get().all_finite()
    }
    #[inline(always)]
    fn mul_add(self, y: Self, z: Self) -> Self {
        Self::of(self.get().mul_add(y.get(), z.get()))
    }
    #[inline(always)]
    fn neg_mul_add(self, y: Self, z: Self) -> Self {
        Self::of(self.get().neg_mul_add(y.get(), z.get()))
    }
    #[inline(always)]
    fn min(self, o: Self) -> Self {
        Self::of(self.get().min(o.get()))
    }
    #[inline(always)]
    fn max(self, o: Self) -> Self {
        Self::of(self.get().max(o.get()))
    }
    #[inline(always)]
    fn by_lane(value: impl FnMut(usize) -> f64) -> Self {
        Self::of(T::by_lane(value))
    }
    #[inline(always)]
    fn dispatch<K: Kernel<Self>>(kernel: K) -> K::Output {
        kernel.run::<Self>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(x: f64) -> Deferred<f64> {
        Deferred::of(x)
    }

    #[test]
    fn a_step_multiplies_the_last_factor_with_its_length_first() {
        let (a, b, h, y) = (1.1, 0.3, 1e-3, 0.7);
        assert_eq!((d(a) * d(b)).step(h, y), a * (b * h) + y);
        assert_eq!((-(d(a) * d(b))).step(h, y), -a * (b * h) + y);
        assert_eq!((d(a) * 0.3).step(h, y), a * (0.3 * h) + y);
        // A product of products: the last factor alone waits.
        assert_eq!((d(a) * d(b) * d(y)).step(h, y), (a * b) * (y * h) + y);
        // A sum waits for nothing.
        assert_eq!((d(a) * d(b) + d(y)).step(h, y), (a * b + y) * h + y);
    }

    #[test]
    fn functions_see_the_product() {
        let (a, b) = (0.6, 0.7);
        let product = d(a) * d(b);
        for (name, found, expected) in [
            ("exp", product.exp(), (a * b).exp()),
            ("exp_m1", product.exp_m1(), (a * b).exp_m1()),
            ("ln", product.ln(), (a * b).ln()),
            ("sqrt", product.sqrt(), (a * b).sqrt()),
            ("powi", product.powi(3), Scalar::powi(a * b, 3)),
            ("powf", product.powf(1.5), Scalar::powf(a * b, 1.5)),
            ("tanh", product.tanh(), (a * b).tanh()),
            ("sin", product.sin(), (a * b).sin()),
            ("cos", product.cos(), (a * b).cos()),
            ("abs", (-product).abs(), a * b),
            ("recip", product.recip(), 1.0 / (a * b)),
            ("exps", Deferred::exps([product, d(0.0)])[0], Scalar::exps([a * b, 0.0])[0]),
            ("min", product.min(d(1.0)), a * b),
            ("max", product.max(d(1.0)), 1.0),
            ("select", Deferred::select_lt(product, d(1.0), product, d(2.0)), a * b),
            ("mul_add", product.mul_add(product, product), a * b * (a * b) + a * b),
            ("neg_mul_add", product.neg_mul_add(product, product), a * b - a * b * (a * b)),
            ("div", product / d(2.0), a * b / 2.0),
            ("sub", product - 2.0, a * b - 2.0),
        ] {
            assert_eq!(found.get(), expected, "{name}");
        }
        assert!(product.worst() == a * b && product.all_finite());
        assert!(!(d(f64::MAX) * d(10.0)).all_finite());
    }
}
