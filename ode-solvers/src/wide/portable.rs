//! One number as a register: what every machine has. Loops over lanes become vector instructions of
//! the target.

use super::Register;
use super::register::Set;
use crate::elements;

macro_rules! portable {
    ($t:ident, $functions:ident) => {
        impl Register for $t {
            type Element = $t;
            const WIDTH: usize = 1;
            const SET: Set = Set::Any;

            #[inline(always)]
            fn load(x: &[$t], at: usize) -> Self {
                x[at]
            }
            #[inline(always)]
            fn store(self, x: &mut [$t], at: usize) {
                x[at] = self;
            }
            #[inline(always)]
            fn splat(x: $t) -> Self {
                x
            }
            #[inline(always)]
            fn add(self, y: Self) -> Self {
                self + y
            }
            #[inline(always)]
            fn sub(self, y: Self) -> Self {
                self - y
            }
            #[inline(always)]
            fn mul(self, y: Self) -> Self {
                self * y
            }
            #[inline(always)]
            fn mul_add(self, y: Self, z: Self) -> Self {
                self * y + z
            }
            #[inline(always)]
            fn neg_mul_add(self, y: Self, z: Self) -> Self {
                z - self * y
            }
            #[inline(always)]
            fn div(self, y: Self) -> Self {
                self / y
            }
            #[inline(always)]
            fn recip(self) -> Self {
                1.0 / self
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $t::sqrt(self)
            }
            #[inline(always)]
            fn neg(self) -> Self {
                -self
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $t::abs(self)
            }
            #[inline(always)]
            fn min(self, y: Self) -> Self {
                if self < y { self } else { y }
            }
            #[inline(always)]
            fn max(self, y: Self) -> Self {
                if self > y { self } else { y }
            }
            #[inline(always)]
            fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
                if a < b { yes } else { no }
            }
            #[inline(always)]
            fn exp(self) -> Self {
                elements::$functions::exp(self)
            }
            #[inline(always)]
            fn exp_m1(self) -> Self {
                elements::$functions::exp_m1(self)
            }
            #[inline(always)]
            fn ln(self) -> Self {
                elements::$functions::ln(self)
            }
            #[inline(always)]
            fn tanh(self) -> Self {
                elements::$functions::tanh(self)
            }
        }
    };
}
portable!(f32, single);
portable!(f64, double);
