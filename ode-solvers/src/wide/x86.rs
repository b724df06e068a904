//! AVX-512 and AVX2 with FMA.
#![allow(unsafe_code, reason = "instructions; each is executed only where the machine has them: see `One`")]

use core::arch::x86_64::*;
use core::sync::atomic::{AtomicU8, Ordering};

use super::register::{Fused, Set};
use super::{Register, double, single};
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
pub(super) fn avx512<U: Twin<T>, T, K: Kernel<T>>(kernel: K) -> K::Output {
    kernel.run::<U>()
}

#[target_feature(enable = "avx2,fma")]
pub(super) fn avx2<U: Twin<T>, T, K: Kernel<T>>(kernel: K) -> K::Output {
    kernel.run::<U>()
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
            $functions::exp_m1(self)
        }
        #[inline(always)]
        fn ln(self) -> Self {
            $functions::ln(self)
        }
        #[inline(always)]
        fn tanh(self) -> Self {
            $functions::tanh(self)
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

/// `_mm512_fpclass`: positive and negative infinity.
const INFINITE: i32 = 0x08 | 0x10;

/// Division by way of the processor's estimate of 1/y, which is good to 2⁻¹⁴ and made better by
/// Newton's iteration: a third of the time of the instruction.
macro_rules! quotients {
    ($register:ident, $estimate:ident, $compare:ident, $class:ident, $fma_where:ident, $iterations:literal) => {
        impl $register {
            /// 1/y after some iterations; the estimate itself where it is exact, at zero and infinity.
            #[inline(always)]
            fn newton(self, iterations: u32) -> Self {
                let one = Self::splat(1.0);
                // SAFETY: the machine has the instructions.
                unsafe {
                    let mut r = Self($estimate(self.0));
                    let mut rest = r.neg_mul_add(self, one);
                    let regular = $compare::<_CMP_ORD_Q>(rest.0, rest.0);
                    for i in 0..iterations {
                        if i > 0 {
                            rest = r.neg_mul_add(self, one);
                        }
                        r = Self($fma_where(rest.0, r.0, r.0, regular));
                    }
                    r
                }
            }
        }

        impl $register {
            #[inline(always)]
            fn quotient(self, y: Self) -> Self {
                let r = y.newton($iterations);
                let q = self.mul(r);
                let rest = q.neg_mul_add(y, self);
                // SAFETY: the machine has the instructions.
                unsafe {
                    // What is infinite already cannot be made better, nor by a reciprocal that is.
                    let finite = !($class::<INFINITE>(q.0) | $class::<INFINITE>(y.0));
                    Self($fma_where(rest.0, r.0, q.0, finite))
                }
            }
        }
    };
}
quotients!(F64x8, _mm512_rcp14_pd, _mm512_cmp_pd_mask, _mm512_fpclass_pd_mask, _mm512_mask3_fmadd_pd, 1);
quotients!(F32x16, _mm512_rcp14_ps, _mm512_cmp_ps_mask, _mm512_fpclass_ps_mask, _mm512_mask3_fmadd_ps, 0);

macro_rules! divisions {
    ($div:ident) => {
        #[inline(always)]
        fn div(self, y: Self) -> Self {
            // SAFETY: the machine has the instruction.
            Self(unsafe { $div(self.0, y.0) })
        }
        #[inline(always)]
        fn recip(self) -> Self {
            Self::splat(1.0).div(self)
        }
    };
}

macro_rules! register {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        #[repr(transparent)]
        pub struct $name($inner);

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

register!(
    /// Eight `f64`.
    F64x8(__m512d)
);
register!(
    /// Sixteen `f32`.
    F32x16(__m512)
);
register!(
    /// Four `f64`.
    F64x4(__m256d)
);
register!(
    /// Eight `f32`.
    F32x8(__m256)
);

impl Register for F64x8 {
    common!(
        f64,
        8,
        Avx512,
        double,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_set1_pd,
        _mm512_add_pd,
        _mm512_sub_pd,
        _mm512_mul_pd,
        _mm512_sqrt_pd,
        _mm512_min_pd,
        _mm512_max_pd,
        _mm512_andnot_pd,
        _mm512_xor_pd,
        _mm512_fmadd_pd,
        _mm512_fnmadd_pd
    );
    #[inline(always)]
    fn recip(self) -> Self {
        self.newton(2)
    }
    #[inline(always)]
    fn div(self, y: Self) -> Self {
        self.quotient(y)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        exp_by_table(self)
    }

    #[inline(always)]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        // SAFETY: the machine has the instructions.
        Self(unsafe { _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<_CMP_LT_OQ>(a.0, b.0), no.0, yes.0) })
    }
}

impl Fused for F64x8 {
    fused!(_mm512_set1_pd, _mm512_and_pd, _mm512_andnot_pd, _mm512_or_pd);

    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        // SAFETY: the machine has the instruction.
        Self(unsafe { _mm512_scalef_pd(self.0, n.0) })
    }
    #[inline(always)]
    fn split(self) -> (Self, Self) {
        // SAFETY: the machine has the instructions.
        unsafe {
            let (m, k) =
                (_mm512_getmant_pd::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_SRC>(self.0), _mm512_getexp_pd(self.0));
            let upper = _mm512_cmp_pd_mask::<_CMP_GT_OQ>(m, _mm512_set1_pd(core::f64::consts::SQRT_2));
            let m = _mm512_mask_mul_pd(m, upper, m, _mm512_set1_pd(0.5));
            let k = _mm512_mask_add_pd(k, upper, k, _mm512_set1_pd(1.0));
            (Self(k), Self(m))
        }
    }
}

impl Register for F32x16 {
    common!(
        f32,
        16,
        Avx512,
        single,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_set1_ps,
        _mm512_add_ps,
        _mm512_sub_ps,
        _mm512_mul_ps,
        _mm512_sqrt_ps,
        _mm512_min_ps,
        _mm512_max_ps,
        _mm512_andnot_ps,
        _mm512_xor_ps,
        _mm512_fmadd_ps,
        _mm512_fnmadd_ps
    );
    #[inline(always)]
    fn recip(self) -> Self {
        self.newton(1)
    }
    #[inline(always)]
    fn div(self, y: Self) -> Self {
        self.quotient(y)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        single::exp(self)
    }

    #[inline(always)]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        // SAFETY: the machine has the instructions.
        Self(unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a.0, b.0), no.0, yes.0) })
    }
}

impl Fused for F32x16 {
    fused!(_mm512_set1_ps, _mm512_and_ps, _mm512_andnot_ps, _mm512_or_ps);

    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        // SAFETY: the machine has the instruction.
        Self(unsafe { _mm512_scalef_ps(self.0, n.0) })
    }
    #[inline(always)]
    fn split(self) -> (Self, Self) {
        // SAFETY: the machine has the instructions.
        unsafe {
            let (m, k) =
                (_mm512_getmant_ps::<_MM_MANT_NORM_1_2, _MM_MANT_SIGN_SRC>(self.0), _mm512_getexp_ps(self.0));
            let upper = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(m, _mm512_set1_ps(core::f32::consts::SQRT_2));
            let m = _mm512_mask_mul_ps(m, upper, m, _mm512_set1_ps(0.5));
            let k = _mm512_mask_add_ps(k, upper, k, _mm512_set1_ps(1.0));
            (Self(k), Self(m))
        }
    }
}

impl Register for F64x4 {
    common!(
        f64,
        4,
        Avx2,
        double,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_set1_pd,
        _mm256_add_pd,
        _mm256_sub_pd,
        _mm256_mul_pd,
        _mm256_sqrt_pd,
        _mm256_min_pd,
        _mm256_max_pd,
        _mm256_andnot_pd,
        _mm256_xor_pd,
        _mm256_fmadd_pd,
        _mm256_fnmadd_pd
    );
    divisions!(_mm256_div_pd);

    #[inline(always)]
    fn exp(self) -> Self {
        double::exp(self)
    }

    #[inline(always)]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        // SAFETY: the machine has the instructions.
        Self(unsafe { _mm256_blendv_pd(no.0, yes.0, _mm256_cmp_pd::<_CMP_LT_OQ>(a.0, b.0)) })
    }
}

impl Fused for F64x4 {
    fused!(_mm256_set1_pd, _mm256_and_pd, _mm256_andnot_pd, _mm256_or_pd);

    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        // In two factors: results below the smallest normal number are rounded once, at the end.
        let round = Self::splat(6755399441055744.0);
        let half = n.mul_add(Self::splat(0.5), round);
        let rest = n.sub(half.sub(round)).add(round);
        // SAFETY: the machine has the instructions.
        unsafe {
            let bias = _mm256_set1_epi64x(1023);
            let a = _mm256_slli_epi64::<52>(_mm256_add_epi64(_mm256_castpd_si256(half.0), bias));
            let b = _mm256_slli_epi64::<52>(_mm256_add_epi64(_mm256_castpd_si256(rest.0), bias));
            self.mul(Self(_mm256_castsi256_pd(a))).mul(Self(_mm256_castsi256_pd(b)))
        }
    }
    #[inline(always)]
    fn split(self) -> (Self, Self) {
        let tiny = Self::splat(f64::MIN_POSITIVE);
        let x = Self::select_lt(self, tiny, self.mul(Self::splat(18014398509481984.0)), self);
        let shift = Self::select_lt(self, tiny, Self::splat(54.0), Self::splat(0.0));
        const SQRT_HALF: i64 = 0x3fe6_a09e_667f_3bcd;
        const ONE: i64 = 0x3ff0_0000_0000_0000;
        // SAFETY: the machine has the instructions.
        unsafe {
            let bits = _mm256_add_epi64(_mm256_castpd_si256(x.0), _mm256_set1_epi64x(ONE - SQRT_HALF));
            let k = _mm256_or_si256(_mm256_srli_epi64::<52>(bits), _mm256_set1_epi64x(0x4330_0000_0000_0000));
            let k = Self(_mm256_castsi256_pd(k)).sub(Self::splat(4503599627370496.0 + 1023.0)).sub(shift);
            let m = _mm256_and_si256(bits, _mm256_set1_epi64x(0x000f_ffff_ffff_ffff));
            let m = _mm256_add_epi64(m, _mm256_set1_epi64x(SQRT_HALF));
            (k, Self(_mm256_castsi256_pd(m)))
        }
    }
}

impl Register for F32x8 {
    common!(
        f32,
        8,
        Avx2,
        single,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_set1_ps,
        _mm256_add_ps,
        _mm256_sub_ps,
        _mm256_mul_ps,
        _mm256_sqrt_ps,
        _mm256_min_ps,
        _mm256_max_ps,
        _mm256_andnot_ps,
        _mm256_xor_ps,
        _mm256_fmadd_ps,
        _mm256_fnmadd_ps
    );
    divisions!(_mm256_div_ps);

    #[inline(always)]
    fn exp(self) -> Self {
        single::exp(self)
    }

    #[inline(always)]
    fn select_lt(a: Self, b: Self, yes: Self, no: Self) -> Self {
        // SAFETY: the machine has the instructions.
        Self(unsafe { _mm256_blendv_ps(no.0, yes.0, _mm256_cmp_ps::<_CMP_LT_OQ>(a.0, b.0)) })
    }
}

impl Fused for F32x8 {
    fused!(_mm256_set1_ps, _mm256_and_ps, _mm256_andnot_ps, _mm256_or_ps);

    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        let round = Self::splat(12582912.0);
        let half = n.mul_add(Self::splat(0.5), round);
        let rest = n.sub(half.sub(round)).add(round);
        // SAFETY: the machine has the instructions.
        unsafe {
            let bias = _mm256_set1_epi32(127);
            let a = _mm256_slli_epi32::<23>(_mm256_add_epi32(_mm256_castps_si256(half.0), bias));
            let b = _mm256_slli_epi32::<23>(_mm256_add_epi32(_mm256_castps_si256(rest.0), bias));
            self.mul(Self(_mm256_castsi256_ps(a))).mul(Self(_mm256_castsi256_ps(b)))
        }
    }
    #[inline(always)]
    fn split(self) -> (Self, Self) {
        let tiny = Self::splat(f32::MIN_POSITIVE);
        let x = Self::select_lt(self, tiny, self.mul(Self::splat(33554432.0)), self);
        let shift = Self::select_lt(self, tiny, Self::splat(25.0), Self::splat(0.0));
        const SQRT_HALF: i32 = 0x3f35_04f3;
        const ONE: i32 = 0x3f80_0000;
        // SAFETY: the machine has the instructions.
        unsafe {
            let bits = _mm256_add_epi32(_mm256_castps_si256(x.0), _mm256_set1_epi32(ONE - SQRT_HALF));
            let k = _mm256_or_si256(_mm256_srli_epi32::<23>(bits), _mm256_set1_epi32(0x4b00_0000));
            let k = Self(_mm256_castsi256_ps(k)).sub(Self::splat(8388608.0 + 127.0)).sub(shift);
            let m = _mm256_and_si256(bits, _mm256_set1_epi32(0x007f_ffff));
            let m = _mm256_add_epi32(m, _mm256_set1_epi32(SQRT_HALF));
            (k, Self(_mm256_castsi256_ps(m)))
        }
    }
}

/// 2^(j/16).
const POWERS: [f64; 16] = [
    1.0,
    1.0442737824274138,
    1.0905077326652577,
    1.1387886347566916,
    1.189207115002721,
    1.241857812073484,
    1.2968395546510096,
    1.3542555469368927,
    1.4142135623730951,
    1.4768261459394993,
    1.5422108254079407,
    1.6104903319492543,
    1.681792830507429,
    1.7562521603732995,
    1.8340080864093424,
    1.9152065613971474,
];

/// eˣ from a table of sixteen powers that lies in two registers: `x = n ln 2 + r` with `n` a multiple
/// of 1/16, so that eʳ takes six terms (minimax on |r| ≤ ln 2 / 32, error 8·10⁻¹⁸).
#[inline(always)]
fn exp_by_table(x: F64x8) -> F64x8 {
    use F64x8 as V;
    // 1.5 · 2⁴⁸: adding it rounds to a multiple of 1/16, whose last bits then are the table's index.
    let round = V::splat(422212465065984.0);
    let x = V::splat(-746.0).max(V::splat(710.0).min(x));
    let rounded = x.mul_add(V::splat(core::f64::consts::LOG2_E), round);
    let n = rounded.sub(round);
    let r = n.neg_mul_add(V::splat(double::LN2_LO), n.neg_mul_add(V::splat(double::LN2_HI), x));
    let r2 = r.mul(r);
    let a = V::splat(0.16666666666666985585).mul_add(r, V::splat(0.5));
    let b = V::splat(0.008333333569332645103).mul_add(r, V::splat(0.041666666665452758969));
    let c = V::splat(0.00019968734694685211559).mul_add(r, V::splat(0.0013888643373598720724));
    let p = c.mul_add(r2, b).mul_add(r2, a).mul_add(r2, r);
    // SAFETY: the machine has the instructions, and the table is two registers long.
    let power = unsafe {
        let (low, high) = (_mm512_loadu_pd(POWERS.as_ptr()), _mm512_loadu_pd(POWERS[8..].as_ptr()));
        V(_mm512_permutex2var_pd(low, _mm512_castpd_si512(rounded.0), high))
    };
    // Scaling takes the whole part of n, and the table has the rest.
    p.mul_add(power, power).scale(n)
}
