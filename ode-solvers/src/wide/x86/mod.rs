//! AVX-512 and AVX2 with FMA.
#![allow(unsafe_code, reason = "instructions; each is executed only where the machine has them: see `One`")]

use core::sync::atomic::{AtomicU8, Ordering};

use crate::{Kernel, Twin};

/// What has been found of the machine: nothing yet, neither, AVX2 with FMA, AVX-512 besides.
static FOUND: AtomicU8 = AtomicU8::new(0);

/// One of the numbers above but for the first. Asked for at every step of a small system: one comparison
/// costs less than one for each feature.
#[inline(always)]
fn found() -> u8 {
    match FOUND.load(Ordering::Relaxed) {
        0 => detect(),
        found => found,
    }
}

#[cold]
fn detect() -> u8 {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = avx2
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bw");
    let found = 1 + u8::from(avx2) + u8::from(avx512);
    FOUND.store(found, Ordering::Relaxed);
    found
}

#[inline(always)]
pub(super) fn has_avx512() -> bool {
    found() == 3
}

#[inline(always)]
pub(super) fn has_avx2() -> bool {
    found() >= 2
}

#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
pub(super) fn avx512<U: Twin<T>, T: Copy, K: Kernel<T>>(kernel: K) -> K::Output {
    kernel.run::<U>()
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn avx2<U: Twin<T>, T: Copy, K: Kernel<T>>(kernel: K) -> K::Output {
    kernel.run::<U>()
}

/// A function of many instructions: apart where debug assertions are on. Elsewhere it is called by its name, since what
/// is handed over as a function is not sure to be inlined.
macro_rules! apart {
    ($arity:ident: $f:expr, $($x:ident),+) => {
        if const { cfg!(debug_assertions) } { super::apart::$arity($($x,)+ $f) } else { $f($($x),+) }
    };
}

/// What differs by name alone.
macro_rules! common {
    ($element:ty, $width:literal, $set:ident, $functions:ident, $load:ident, $store:ident, $splat:ident,
     $add:ident, $sub:ident, $mul:ident, $sqrt:ident, $min:ident, $max:ident, $andnot:ident, $xor:ident,
     $fma:ident, $fnma:ident) => {
        type Element = $element;
        const WIDTH: usize = $width;
        const SET: Set = Set::$set;

        #[inline(always)]
        fn load(x: &[$element], at: usize) -> Self {
            let x = &x[at..at + $width];
            // SAFETY: the slice is as long as the register; the machine has the instruction.
            Self(unsafe { $load(x.as_ptr()) })
        }
        #[inline(always)]
        fn store(self, x: &mut [$element], at: usize) {
            let x = &mut x[at..at + $width];
            // SAFETY: as above.
            unsafe { $store(x.as_mut_ptr(), self.0) }
        }
        #[inline(always)]
        fn splat(x: $element) -> Self {
            // SAFETY: the machine has the instruction; so below.
            Self(unsafe { $splat(x) })
        }
        #[inline(always)]
        fn add(self, y: Self) -> Self {
            // SAFETY: see `splat`.
            Self(unsafe { $add(self.0, y.0) })
        }
        #[inline(always)]
        fn sub(self, y: Self) -> Self {
            // SAFETY: see `splat`.
            Self(unsafe { $sub(self.0, y.0) })
        }
        #[inline(always)]
        fn mul(self, y: Self) -> Self {
            // SAFETY: see `splat`.
            Self(unsafe { $mul(self.0, y.0) })
        }
        #[inline(always)]
        fn mul_add(self, y: Self, z: Self) -> Self {
            // SAFETY: see `splat`.
            Self(unsafe { $fma(self.0, y.0, z.0) })
        }
        #[inline(always)]
        fn neg_mul_add(self, y: Self, z: Self) -> Self {
            // SAFETY: see `splat`.
            Self(unsafe { $fnma(self.0, y.0, z.0) })
        }
        #[inline(always)]
        fn sqrt(self) -> Self {
            // SAFETY: see `splat`.
            Self(unsafe { $sqrt(self.0) })
        }
        #[inline(always)]
        fn neg(self) -> Self {
            // SAFETY: see `splat`.
            Self(unsafe { $xor(self.0, $splat(-0.0)) })
        }
        #[inline(always)]
        fn abs(self) -> Self {
            // SAFETY: see `splat`.
            Self(unsafe { $andnot($splat(-0.0), self.0) })
        }
        #[inline(always)]
        fn min(self, y: Self) -> Self {
            // SAFETY: see `splat`.
            Self(unsafe { $min(self.0, y.0) })
        }
        #[inline(always)]
        fn max(self, y: Self) -> Self {
            // SAFETY: see `splat`.
            Self(unsafe { $max(self.0, y.0) })
        }
        #[inline(always)]
        fn exp_m1(self) -> Self {
            apart!(one: $functions::exp_m1, self)
        }
        #[inline(always)]
        fn ln(self) -> Self {
            apart!(one: $functions::ln, self)
        }
        #[inline(always)]
        fn tanh(self) -> Self {
            apart!(one: $functions::tanh, self)
        }
    };
}

/// The same for what elementary functions need besides.
macro_rules! fused {
    ($splat:ident, $and:ident, $andnot:ident, $or:ident) => {
        #[inline(always)]
        fn copysign(self, y: Self) -> Self {
            // SAFETY: see `splat`.
            Self(unsafe { $or($andnot($splat(-0.0), self.0), $and($splat(-0.0), y.0)) })
        }
    };
}

macro_rules! register {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        #[repr(transparent)]
        pub(crate) struct $name($inner);

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                let (mut a, mut b) = ([0.0; Self::WIDTH], [0.0; Self::WIDTH]);
                self.store(&mut a, 0);
                other.store(&mut b, 0);
                a == b
            }
        }
    };
}

mod apart;
// After the macros that they are written with.
mod avx2;
mod avx512;

pub(crate) use avx2::{F32x8, F64x4};
pub(crate) use avx512::{F32x16, F64x8};
