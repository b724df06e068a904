//! The registers of AVX2 with FMA.
#![allow(unsafe_code, reason = "instructions; each is executed only where the machine has them: see `One`")]

use core::arch::x86_64::*;

use crate::wide::register::{Fused, Set};
use crate::wide::{Register, double, single};

register!(
    /// Four `f64`.
    F64x4(__m256d)
);
register!(
    /// Eight `f32`.
    F32x8(__m256)
);

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
        apart!(one: double::exp, self)
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
        apart!(one: single::exp, self)
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
