//! Functions of many instructions, apart from the equations that take them.
//!
//! Inlined, an exponential and a quotient are a dozen instructions each, dozens of times in a model's equations, and that
//! for every instruction set: it is what makes equations fast, and what they take long to compile for. Programs with debug
//! assertions are compiled more often than anybody waits for their equations: there, each is a function of its own. The
//! instructions are the same, and so are the numbers.

use crate::wide::Register;
use crate::wide::register::Set;

/// A function of one register.
#[inline(always)]
pub(super) fn one<R: Register>(x: R, f: impl Fn(R) -> R) -> R {
    if const { matches!(R::SET, Set::Avx512) } {
        // SAFETY: the machine has AVX-512, or there would be no such value.
        unsafe { avx512::one(x, f) }
    } else {
        // SAFETY: the machine has AVX2 and FMA, or there would be no such value.
        unsafe { avx2::one(x, f) }
    }
}

/// A function of two registers.
#[inline(always)]
pub(super) fn two<R: Register>(x: R, y: R, f: impl Fn(R, R) -> R) -> R {
    if const { matches!(R::SET, Set::Avx512) } {
        // SAFETY: the machine has AVX-512, or there would be no such value.
        unsafe { avx512::two(x, y, f) }
    } else {
        // SAFETY: the machine has AVX2 and FMA, or there would be no such value.
        unsafe { avx2::two(x, y, f) }
    }
}

macro_rules! compiled_for {
    ($set:ident, $features:literal) => {
        mod $set {
            use crate::wide::Register;

            #[inline(never)]
            #[target_feature(enable = $features)]
            pub(super) fn one<R: Register>(x: R, f: impl Fn(R) -> R) -> R {
                f(x)
            }

            #[inline(never)]
            #[target_feature(enable = $features)]
            pub(super) fn two<R: Register>(x: R, y: R, f: impl Fn(R, R) -> R) -> R {
                f(x, y)
            }
        }
    };
}
compiled_for!(avx2, "avx2,fma");
compiled_for!(avx512, "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma");
