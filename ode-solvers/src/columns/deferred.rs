//! Numbers whose last multiplications wait.
#![allow(clippy::manual_map, reason = "closures are not always inlined")]

use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::{Kernel, Scalar, Twin};

/// A number, or a product that nobody has needed yet, or a sum of two with parameters.
///
/// Equations often end in a product with a parameter, and a step multiplies once more, by its length:
/// with the second factor at hand the two are multiplied first, which for parameters the compiler does
/// once, before the loop over steps. So a slope that is linear in two states, ε(βU − γW), costs a step no
/// more than its two multiply-adds, U·(βεh) + (W − W·(γεh)). Which of all that a number is, is known where
/// it is compiled: every operation is inlined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Deferred<T> {
    value: T,
    factor: Option<T>,
    /// Another product, which is added. Both factors are fixed then.
    other: Option<(T, T)>,
    /// Whether the factor, or a number that has none, is the same in all steps.
    fixed: bool,
}

impl<T: Scalar> Deferred<T> {
    #[inline(always)]
    pub(super) fn of(value: T) -> Self {
        Self { value, factor: None, other: None, fixed: false }
    }

    /// A number that no step changes.
    #[inline(always)]
    pub(super) fn fixed(value: T) -> Self {
        Self { fixed: true, ..Self::of(value) }
    }

    #[inline(always)]
    fn get(self) -> T {
        match (self.factor, self.other) {
            (Some(factor), Some((x, c))) => x.mul_add(c, self.value * factor),
            (Some(factor), None) => self.value * factor,
            (None, _) => self.value,
        }
    }

    /// h · self + y.
    #[inline(always)]
    pub(super) fn step(self, h: T, y: T) -> T {
        let y = match self.other {
            Some((x, c)) => x.mul_add(c * h, y),
            None => y,
        };
        let h = match self.factor {
            Some(factor) => factor * h,
            None => h,
        };
        self.value.mul_add(h, y)
    }

    #[inline(always)]
    fn is_constant(self) -> bool {
        self.fixed && self.factor.is_none()
    }

    /// One product with a fixed factor, if that is what waits.
    #[inline(always)]
    fn scaled(self) -> Option<(T, T)> {
        match (self.factor, self.other, self.fixed) {
            (Some(factor), None, true) => Some((self.value, factor)),
            _ => None,
        }
    }

    /// Multiplied by what no step changes.
    #[inline(always)]
    fn times(self, c: T) -> Self {
        match (self.factor, self.fixed) {
            (None, true) => Self::fixed(self.value * c),
            (Some(factor), true) => {
                let other = match self.other {
                    Some((x, factor)) => Some((x, factor * c)),
                    None => None,
                };
                Self { factor: Some(factor * c), other, ..self }
            }
            (_, false) => Self { factor: Some(c), fixed: true, ..Self::of(self.get()) },
        }
    }

    /// The sum, if it can wait.
    #[inline(always)]
    fn together(self, o: Self) -> Option<Self> {
        match (self.scaled(), o.scaled()) {
            (Some(_), Some(other)) => Some(Self { other: Some(other), ..self }),
            _ => None,
        }
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
        Self::fixed(T::from(x))
    }
}

impl<T: Scalar> Neg for Deferred<T> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        match (self.factor, self.fixed) {
            // The sign of what does not change is changed once.
            (Some(factor), true) => {
                let other = match self.other {
                    Some((x, factor)) => Some((x, -factor)),
                    None => None,
                };
                Self { factor: Some(-factor), other, ..self }
            }
            _ => Self { value: -self.value, ..self },
        }
    }
}

impl<T: Scalar> Mul for Deferred<T> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, o: Self) -> Self {
        if o.is_constant() {
            self.times(o.value)
        } else if self.is_constant() {
            o.times(self.value)
        } else {
            Self { factor: Some(o.get()), ..Self::of(self.get()) }
        }
    }
}

impl<T: Scalar> Mul<f64> for Deferred<T> {
    type Output = Self;
    #[inline(always)]
    fn mul(self, c: f64) -> Self {
        self.times(T::from(c))
    }
}

impl<T: Scalar> Add for Deferred<T> {
    type Output = Self;
    #[inline(always)]
    fn add(self, o: Self) -> Self {
        match self.together(o) {
            Some(sum) => sum,
            None => Self { fixed: self.is_constant() && o.is_constant(), ..Self::of(self.get() + o.get()) },
        }
    }
}

impl<T: Scalar> Sub for Deferred<T> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, o: Self) -> Self {
        match self.together(-o) {
            Some(sum) => sum,
            None => Self { fixed: self.is_constant() && o.is_constant(), ..Self::of(self.get() - o.get()) },
        }
    }
}

impl<T: Scalar> Div for Deferred<T> {
    type Output = Self;
    #[inline(always)]
    fn div(self, o: Self) -> Self {
        Self { fixed: self.is_constant() && o.is_constant(), ..Self::of(self.get() / o.get()) }
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl<T: Scalar> $trait<f64> for Deferred<T> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, c: f64) -> Self {
                Self { fixed: self.is_constant(), ..Self::of($trait::$method(self.get(), c)) }
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
        match (self * y).together(z) {
            Some(sum) => sum,
            None => Self::of(self.get().mul_add(y.get(), z.get())),
        }
    }
    #[inline(always)]
    fn neg_mul_add(self, y: Self, z: Self) -> Self {
        match (-(self * y)).together(z) {
            Some(sum) => sum,
            None => Self::of(self.get().neg_mul_add(y.get(), z.get())),
        }
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
        // A sum waits for nothing, if its factors change.
        assert_eq!((d(a) * d(b) + d(y)).step(h, y), (a * b + y) * h + y);
        assert_eq!((d(a) * d(b) + d(y) * d(b)).step(h, y), (a * b + y * b) * h + y);
    }

    #[test]
    fn parameters_are_multiplied_with_each_other_before_they_meet_a_state() {
        let (u, w, h) = (0.7, -0.2, 1e-3);
        let p = Deferred::fixed;
        let (beta, gamma, epsilon) = (0.2, 0.8, 0.3);
        // Rounded once more: a product and an addition.
        let close = |found: f64, expected: f64, what: &str| {
            assert!((found - expected).abs() < 1e-15, "{what}: {found}, not {expected}");
        };
        let exact = w + h * epsilon * (beta * u - gamma * w);
        let expected = u * (beta * epsilon * h) + w.mul_add(-gamma * epsilon * h, w);
        for (what, slope) in [
            ("fused", d(w).neg_mul_add(p(gamma), d(u) * p(beta)) * p(epsilon)),
            ("sub", p(epsilon) * (p(beta) * d(u) - d(w) * p(gamma))),
            ("neg, add", -(d(w) * p(gamma) + d(u) * -p(beta)) * p(epsilon)),
            ("fused, plus", p(-gamma).mul_add(d(w), p(beta) * d(u)) * epsilon),
        ] {
            assert!(slope.other.is_some(), "{what} does not wait");
            close(slope.step(h, w), expected, what);
            close(slope.step(h, w), exact, what);
            close(slope.get(), epsilon * (beta * u - gamma * w), what);
            // Three do not wait, nor does what is divided.
            close((slope + d(u) * p(beta)).get(), epsilon * (beta * u - gamma * w) + u * beta, what);
            close((slope / p(gamma)).get(), epsilon * (beta * u - gamma * w) / gamma, what);
        }
        // What no step changes stays so, whatever is done to it.
        for constant in [p(beta) * p(gamma), p(beta) + p(gamma), p(beta) - 1.0, -p(beta), p(beta) / p(gamma)]
        {
            assert!(constant.is_constant());
            assert!((d(u) * constant).scaled().is_some());
        }
        assert!(!(d(u) + p(beta)).is_constant() && (d(u) * d(w)).scaled().is_none());
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
