//! [`Simd`] for SSE2, which every x86-64 has, for AVX2 with FMA, and for AVX-512.
#![allow(
    unsafe_code,
    reason = "instructions that were detected before the proof of them was made, or are the target's"
)]

use core::arch::x86_64::*;

use super::level::Task;
use super::simd::{Line, Simd};

/// Proof that the machine has AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(crate) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

/// Proof that the machine has AVX-512F, AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(crate) fn detect() -> Option<Self> {
        (Avx2::detect().is_some() && is_x86_feature_detected!("avx512f")).then_some(Self(()))
    }
}

/// Methods that run intrinsics. The value of `self` exists, so the instructions were detected.
macro_rules! intrinsics {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $out:ty = $body:expr;)*) => {$(
        #[inline(always)]
        fn $name(self, $($arg: $ty),*) -> $out {
            // SAFETY: `self` is made by `detect` alone, which found these instructions, or they are SSE2,
            // which every x86-64 has. Aligned loads and stores go through references to lines, which are
            // aligned to 64 bytes; the others through references to four numbers.
            unsafe { $body }
        }
    )*};
}

impl Simd for Avx512 {
    type V = __m512;
    type Sum = __m512;
    const REGISTERS: usize = 1;

    intrinsics! {
        load(x: &Line) -> __m512 = _mm512_load_ps(x.0.as_ptr());
        store(x: __m512, to: &mut Line) -> () = _mm512_store_ps(to.0.as_mut_ptr(), x);
        splat(x: f32) -> __m512 = _mm512_set1_ps(x);
        add(a: __m512, b: __m512) -> __m512 = _mm512_add_ps(a, b);
        sub(a: __m512, b: __m512) -> __m512 = _mm512_sub_ps(a, b);
        mul(a: __m512, b: __m512) -> __m512 = _mm512_mul_ps(a, b);
        fma(a: __m512, b: __m512, c: __m512) -> __m512 = _mm512_fmadd_ps(a, b, c);
        fnma(a: __m512, b: __m512, c: __m512) -> __m512 = _mm512_fnmadd_ps(a, b, c);
        // 14 bits, doubled by one step of Newton: a third of the time of a division.
        reciprocal(x: __m512) -> __m512 = {
            let r = _mm512_rcp14_ps(x);
            _mm512_fmadd_ps(r, _mm512_fnmadd_ps(x, r, _mm512_set1_ps(1.0)), r)
        };
        min(limit: __m512, x: __m512) -> __m512 = _mm512_min_ps(limit, x);
        max(limit: __m512, x: __m512) -> __m512 = _mm512_max_ps(limit, x);
        if_positive(x: __m512, yes: __m512, no: __m512) -> __m512 = {
            let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(x, _mm512_setzero_ps());
            _mm512_mask_blend_ps(positive, no, yes)
        };
        power_of_two(shifted: __m512) -> __m512 = {
            let exponent = _mm512_slli_epi32::<23>(_mm512_castps_si512(shifted));
            _mm512_castsi512_ps(_mm512_add_epi32(exponent, _mm512_set1_epi32(0x3f80_0000)))
        };
        rotate(shifted: __m512, sin: __m512, cos: __m512) -> (__m512, __m512) = {
            let (one, two) = (_mm512_set1_epi32(1), _mm512_set1_epi32(2));
            let q = _mm512_castps_si512(shifted);
            let odd = _mm512_test_epi32_mask(q, one);
            let a = _mm512_castps_si512(_mm512_mask_blend_ps(odd, sin, cos));
            let b = _mm512_castps_si512(_mm512_mask_blend_ps(odd, cos, sin));
            let s = _mm512_slli_epi32::<30>(_mm512_and_si512(q, two));
            let c = _mm512_slli_epi32::<30>(_mm512_and_si512(_mm512_add_epi32(q, one), two));
            (_mm512_castsi512_ps(_mm512_xor_si512(a, s)), _mm512_castsi512_ps(_mm512_xor_si512(b, c)))
        };
        within(x: __m512, limit: f32) -> bool = {
            _mm512_cmp_ps_mask::<_CMP_LE_OQ>(_mm512_abs_ps(x), _mm512_set1_ps(limit)) == 0xffff
        };
        zero_sum() -> __m512 = _mm512_setzero_ps();
        accumulate(a: __m512, b: __m512, sum: __m512) -> __m512 = _mm512_fmadd_ps(a, b, sum);
        register(x: &Line, k: usize) -> __m512 = _mm512_load_ps(x.0[16 * k..][..16].as_ptr());
        accumulate_register(a: __m512, b: __m512, sum: __m512) -> __m512 = _mm512_fmadd_ps(a, b, sum);
        add_totals(sums: [__m512; 4], to: &mut [f32; 4]) -> () = {
            let [a, b, c, d] = sums;
            let ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
            let cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
            let four = _mm512_add_ps(_mm512_shuffle_ps::<0x44>(ab, cd), _mm512_shuffle_ps::<0xee>(ab, cd));
            let high = _mm512_shuffle_f32x4::<0x4e>(four, four);
            let two = _mm512_castps512_ps256(_mm512_add_ps(four, high));
            let sum = _mm_add_ps(_mm256_castps256_ps128(two), _mm256_extractf128_ps::<1>(two));
            _mm_storeu_ps(to.as_mut_ptr(), _mm_add_ps(_mm_loadu_ps(to.as_ptr()), sum));
        };
    }

    #[inline(always)]
    fn apart<K: Task>(self, task: K) -> K::Output {
        #[target_feature(enable = "avx2,fma,avx512f")]
        fn avx512<K: Task>(s: Avx512, task: K) -> K::Output {
            task.run(s)
        }
        // SAFETY: `self` is made by `detect` alone, which found avx2, fma and avx512f.
        unsafe { avx512(self, task) }
    }
}

type Pair = [__m256; 2];

/// Methods of AVX2 that do the same to both halves of a line.
macro_rules! halves {
    ($($name:ident($($arg:ident),*) = $value:expr;)*) => {$(
        #[inline(always)]
        fn $name(self, $($arg: Pair),*) -> Pair {
            // SAFETY: `self` is made by `Avx2::detect` alone, which found AVX2 and FMA.
            unsafe {
                [
                    { $(let $arg = $arg[0];)* $value },
                    { $(let $arg = $arg[1];)* $value },
                ]
            }
        }
    )*};
}

impl Simd for Avx2 {
    type V = Pair;
    type Sum = __m256;
    const REGISTERS: usize = 2;

    halves! {
        add(a, b) = _mm256_add_ps(a, b);
        sub(a, b) = _mm256_sub_ps(a, b);
        mul(a, b) = _mm256_mul_ps(a, b);
        fma(a, b, c) = _mm256_fmadd_ps(a, b, c);
        fnma(a, b, c) = _mm256_fnmadd_ps(a, b, c);
        reciprocal(x) = _mm256_div_ps(_mm256_set1_ps(1.0), x);
        min(limit, x) = _mm256_min_ps(limit, x);
        max(limit, x) = _mm256_max_ps(limit, x);
        if_positive(x, yes, no) = {
            _mm256_blendv_ps(no, yes, _mm256_cmp_ps::<_CMP_GT_OQ>(x, _mm256_setzero_ps()))
        };
        power_of_two(shifted) = {
            let exponent = _mm256_slli_epi32::<23>(_mm256_castps_si256(shifted));
            _mm256_castsi256_ps(_mm256_add_epi32(exponent, _mm256_set1_epi32(0x3f80_0000)))
        };
    }

    intrinsics! {
        load(x: &Line) -> Pair = [_mm256_load_ps(x.0.as_ptr()), _mm256_load_ps(x.0[8..].as_ptr())];
        store(x: Pair, to: &mut Line) -> () = {
            _mm256_store_ps(to.0.as_mut_ptr(), x[0]);
            _mm256_store_ps(to.0[8..].as_mut_ptr(), x[1]);
        };
        splat(x: f32) -> Pair = [_mm256_set1_ps(x); 2];
        rotate(shifted: Pair, sin: Pair, cos: Pair) -> (Pair, Pair) = {
            let (one, two) = (_mm256_set1_epi32(1), _mm256_set1_epi32(2));
            let (mut s, mut c) = (sin, cos);
            for i in 0..2 {
                let q = _mm256_castps_si256(shifted[i]);
                // The lowest bit of the quadrant becomes the sign, by which `blendv` selects.
                let odd = _mm256_castsi256_ps(_mm256_slli_epi32::<31>(q));
                let (a, b) = (_mm256_blendv_ps(sin[i], cos[i], odd), _mm256_blendv_ps(cos[i], sin[i], odd));
                let flip = _mm256_slli_epi32::<30>(_mm256_and_si256(q, two));
                s[i] = _mm256_xor_ps(a, _mm256_castsi256_ps(flip));
                let flip = _mm256_slli_epi32::<30>(_mm256_and_si256(_mm256_add_epi32(q, one), two));
                c[i] = _mm256_xor_ps(b, _mm256_castsi256_ps(flip));
            }
            (s, c)
        };
        within(x: Pair, limit: f32) -> bool = {
            let (sign, limit) = (_mm256_set1_ps(-0.0), _mm256_set1_ps(limit));
            let a = _mm256_cmp_ps::<_CMP_LE_OQ>(_mm256_andnot_ps(sign, x[0]), limit);
            let b = _mm256_cmp_ps::<_CMP_LE_OQ>(_mm256_andnot_ps(sign, x[1]), limit);
            _mm256_movemask_ps(_mm256_and_ps(a, b)) == 0xff
        };
        zero_sum() -> __m256 = _mm256_setzero_ps();
        accumulate(a: Pair, b: Pair, sum: __m256) -> __m256 = {
            _mm256_fmadd_ps(a[1], b[1], _mm256_fmadd_ps(a[0], b[0], sum))
        };
        register(x: &Line, k: usize) -> __m256 = _mm256_load_ps(x.0[8 * k..][..8].as_ptr());
        accumulate_register(a: __m256, b: __m256, sum: __m256) -> __m256 = _mm256_fmadd_ps(a, b, sum);
        add_totals(sums: [__m256; 4], to: &mut [f32; 4]) -> () = {
            let [a, b, c, d] = sums;
            let four = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
            let sum = _mm_add_ps(_mm256_castps256_ps128(four), _mm256_extractf128_ps::<1>(four));
            _mm_storeu_ps(to.as_mut_ptr(), _mm_add_ps(_mm_loadu_ps(to.as_ptr()), sum));
        };
    }
    #[inline(always)]
    fn apart<K: Task>(self, task: K) -> K::Output {
        #[target_feature(enable = "avx2,fma")]
        fn avx2<K: Task>(s: Avx2, task: K) -> K::Output {
            task.run(s)
        }
        // SAFETY: `self` is made by `detect` alone, which found avx2 and fma.
        unsafe { avx2(self, task) }
    }
}

/// The registers that are part of x86-64. Spelled out: as arrays of numbers, whose registers the compiler has to
/// find, kernels were three times as large as with AVX2, and took a fifth of the crate's time to compile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sse2;

type Quarters = [__m128; 4];

/// Methods of SSE2 that do the same to the quarters of a line.
macro_rules! quarters {
    ($($name:ident($($arg:ident),*) = $value:expr;)*) => {$(
        #[inline(always)]
        fn $name(self, $($arg: Quarters),*) -> Quarters {
            // SAFETY: every x86-64 has SSE2.
            unsafe {
                [
                    { $(let $arg = $arg[0];)* $value },
                    { $(let $arg = $arg[1];)* $value },
                    { $(let $arg = $arg[2];)* $value },
                    { $(let $arg = $arg[3];)* $value },
                ]
            }
        }
    )*};
}

impl Simd for Sse2 {
    type V = Quarters;
    type Sum = __m128;
    const REGISTERS: usize = 4;

    quarters! {
        add(a, b) = _mm_add_ps(a, b);
        sub(a, b) = _mm_sub_ps(a, b);
        mul(a, b) = _mm_mul_ps(a, b);
        fma(a, b, c) = _mm_add_ps(_mm_mul_ps(a, b), c);
        fnma(a, b, c) = _mm_sub_ps(c, _mm_mul_ps(a, b));
        reciprocal(x) = _mm_div_ps(_mm_set1_ps(1.0), x);
        min(limit, x) = _mm_min_ps(limit, x);
        max(limit, x) = _mm_max_ps(limit, x);
        if_positive(x, yes, no) = {
            let positive = _mm_cmpgt_ps(x, _mm_setzero_ps());
            _mm_or_ps(_mm_and_ps(positive, yes), _mm_andnot_ps(positive, no))
        };
        power_of_two(shifted) = {
            let exponent = _mm_slli_epi32::<23>(_mm_castps_si128(shifted));
            _mm_castsi128_ps(_mm_add_epi32(exponent, _mm_set1_epi32(0x3f80_0000)))
        };
    }

    intrinsics! {
        load(x: &Line) -> Quarters = {
            let (x, _) = x.0.as_chunks::<4>();
            [
                _mm_load_ps(x[0].as_ptr()),
                _mm_load_ps(x[1].as_ptr()),
                _mm_load_ps(x[2].as_ptr()),
                _mm_load_ps(x[3].as_ptr()),
            ]
        };
        store(x: Quarters, to: &mut Line) -> () = {
            let (to, _) = to.0.as_chunks_mut::<4>();
            _mm_store_ps(to[0].as_mut_ptr(), x[0]);
            _mm_store_ps(to[1].as_mut_ptr(), x[1]);
            _mm_store_ps(to[2].as_mut_ptr(), x[2]);
            _mm_store_ps(to[3].as_mut_ptr(), x[3]);
        };
        splat(x: f32) -> Quarters = [_mm_set1_ps(x); 4];
        rotate(shifted: Quarters, sin: Quarters, cos: Quarters) -> (Quarters, Quarters) = {
            let (one, two) = (_mm_set1_epi32(1), _mm_set1_epi32(2));
            let (mut s, mut c) = (sin, cos);
            for i in 0..4 {
                let q = _mm_castps_si128(shifted[i]);
                let odd = _mm_castsi128_ps(_mm_cmpeq_epi32(_mm_and_si128(q, one), one));
                let a = _mm_or_ps(_mm_and_ps(odd, cos[i]), _mm_andnot_ps(odd, sin[i]));
                let b = _mm_or_ps(_mm_and_ps(odd, sin[i]), _mm_andnot_ps(odd, cos[i]));
                let flip = _mm_slli_epi32::<30>(_mm_and_si128(q, two));
                s[i] = _mm_xor_ps(a, _mm_castsi128_ps(flip));
                let flip = _mm_slli_epi32::<30>(_mm_and_si128(_mm_add_epi32(q, one), two));
                c[i] = _mm_xor_ps(b, _mm_castsi128_ps(flip));
            }
            (s, c)
        };
        within(x: Quarters, limit: f32) -> bool = {
            let (sign, limit) = (_mm_set1_ps(-0.0), _mm_set1_ps(limit));
            let mut all = _mm_cmple_ps(_mm_andnot_ps(sign, x[0]), limit);
            for x in &x[1..] {
                all = _mm_and_ps(all, _mm_cmple_ps(_mm_andnot_ps(sign, *x), limit));
            }
            _mm_movemask_ps(all) == 0xf
        };
        zero_sum() -> __m128 = _mm_setzero_ps();
        accumulate(a: Quarters, b: Quarters, sum: __m128) -> __m128 = {
            let sum = _mm_add_ps(sum, _mm_mul_ps(a[0], b[0]));
            let sum = _mm_add_ps(sum, _mm_mul_ps(a[1], b[1]));
            let sum = _mm_add_ps(sum, _mm_mul_ps(a[2], b[2]));
            _mm_add_ps(sum, _mm_mul_ps(a[3], b[3]))
        };
        register(x: &Line, k: usize) -> __m128 = _mm_load_ps(x.0[4 * k..][..4].as_ptr());
        accumulate_register(a: __m128, b: __m128, sum: __m128) -> __m128 = _mm_add_ps(sum, _mm_mul_ps(a, b));
        add_totals(sums: [__m128; 4], to: &mut [f32; 4]) -> () = {
            let [mut a, mut b, mut c, mut d] = sums;
            _MM_TRANSPOSE4_PS(&mut a, &mut b, &mut c, &mut d);
            let sum = _mm_add_ps(_mm_add_ps(a, c), _mm_add_ps(b, d));
            _mm_storeu_ps(to.as_mut_ptr(), _mm_add_ps(_mm_loadu_ps(to.as_ptr()), sum));
        };
    }

    #[inline(never)]
    fn apart<K: Task>(self, task: K) -> K::Output {
        task.run(self)
    }
}
