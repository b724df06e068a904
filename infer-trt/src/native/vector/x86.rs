//! The registers of AVX2 and AVX-512.
#![allow(
    unsafe_code,
    reason = "vector instructions beyond the baseline are unsafe to call until the machine was asked"
)]

use std::arch::x86_64::*;

use super::super::math::Columns;
use super::Vector;

/// Eight values in an AVX register; needs AVX2 and FMA.
#[derive(Clone, Copy)]
pub(crate) struct F32x8(__m256);

/// Sixteen values in an AVX-512 register; needs AVX-512F.
#[derive(Clone, Copy)]
pub(crate) struct F32x16(pub(in crate::native) __m512);

// SAFETY, for every block below: values of these types are made and used only inside the
// functions of `dispatch` that are compiled for the instruction set and entered after the
// machine was asked for it. Loads and stores are unaligned and go through slices whose length
// is checked first.

impl Vector for F32x8 {
    const LANES: usize = 8;
    type Pick = (__m256i, __m256);

    #[inline(always)]
    fn pick(from: &[Option<usize>; 16]) -> Self::Pick {
        let mut places = [0i32; 8];
        let mut taken = [0i32; 8];
        for lane in 0..8 {
            if let Some(from) = from[lane] {
                (places[lane], taken[lane]) = (from as i32, -1);
            }
        }
        // SAFETY: see above; eight values are there.
        unsafe {
            (
                _mm256_loadu_si256(places.as_ptr().cast()),
                _mm256_castsi256_ps(_mm256_loadu_si256(taken.as_ptr().cast())),
            )
        }
    }
    #[inline(always)]
    fn merge(self, other: Self, (places, taken): Self::Pick) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_blendv_ps(self.0, _mm256_permutevar8x32_ps(other.0, places), taken) })
    }

    #[inline(always)]
    fn splat(x: f32) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_set1_ps(x) })
    }
    #[inline(always)]
    fn load(x: &[f32]) -> Self {
        let x = &x[..8];
        // SAFETY: see above; eight values are there.
        Self(unsafe { _mm256_loadu_ps(x.as_ptr()) })
    }
    #[inline(always)]
    fn store(self, x: &mut [f32]) {
        let x = &mut x[..8];
        // SAFETY: see above; eight values are there.
        unsafe { _mm256_storeu_ps(x.as_mut_ptr(), self.0) }
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_add_ps(self.0, b.0) })
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_sub_ps(self.0, b.0) })
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_mul_ps(self.0, b.0) })
    }
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_div_ps(self.0, b.0) })
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_fmadd_ps(self.0, b.0, c.0) })
    }
    #[inline(always)]
    fn at_most(self, bound: Self) -> Self {
        // The instruction returns its second operand if one is NaN.
        // SAFETY: see above.
        Self(unsafe { _mm256_min_ps(bound.0, self.0) })
    }
    #[inline(always)]
    fn at_least(self, bound: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_max_ps(bound.0, self.0) })
    }
    #[inline(always)]
    fn where_positive(self, x: Self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe {
            let positive = _mm256_cmp_ps::<_CMP_GT_OQ>(x.0, _mm256_setzero_ps());
            _mm256_blendv_ps(other.0, self.0, positive)
        })
    }
    #[inline(always)]
    fn round(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(self.0) })
    }
    #[inline(always)]
    fn exp2(self) -> Self {
        // SAFETY: see above.
        Self(unsafe {
            let n = _mm256_add_epi32(_mm256_cvtps_epi32(self.0), _mm256_set1_epi32(127));
            _mm256_castsi256_ps(_mm256_slli_epi32::<23>(n))
        })
    }
}

/// 2^(j/16)
const ROOTS: [f32; 16] = [
    1.0,
    1.044_273_8,
    1.090_507_7,
    1.138_788_6,
    1.189_207_1,
    1.241_857_8,
    1.296_839_6,
    1.354_255_5,
    std::f32::consts::SQRT_2,
    1.476_826_1,
    1.542_210_8,
    1.610_490_3,
    1.681_792_9,
    1.756_252_2,
    1.834_008,
    1.915_206_6,
];
/// (2ʳ − 1)/r for |r| ≤ 1/32; relative error of 2ʳ: 1.1e-9.
const EXP2: [f32; 3] = [std::f32::consts::LN_2, 0.240_235_9, 0.055_505_41];
/// 1.5 2¹⁹: adding it to a small number leaves it rounded to sixteenths in the lowest bits.
const SIXTEENTHS: f32 = 786_432.0;

impl F32x16 {
    /// The values at the places that the lowest four bits of `x` give.
    #[inline(always)]
    fn at(self, x: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_permutexvar_ps(_mm512_castps_si512(x.0), self.0) })
    }
}

impl Vector for F32x16 {
    const LANES: usize = 16;
    type Pick = (__m512i, __mmask16);

    #[inline(always)]
    fn pick(from: &[Option<usize>; 16]) -> Self::Pick {
        let mut places = [0i32; 16];
        let mut taken = 0;
        for lane in 0..16 {
            if let Some(from) = from[lane] {
                places[lane] = from as i32;
                taken |= 1 << lane;
            }
        }
        // SAFETY: see above; sixteen values are there.
        (unsafe { _mm512_loadu_si512(places.as_ptr().cast()) }, taken)
    }
    #[inline(always)]
    fn merge(self, other: Self, (places, taken): Self::Pick) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_mask_permutexvar_ps(self.0, taken, places, other.0) })
    }
    #[inline(always)]
    fn reciprocal(self) -> Self {
        // An estimate within 2⁻¹⁴ and a step of Newton's method: cheaper than a division.
        // SAFETY: see above.
        Self(unsafe {
            let r = _mm512_rcp14_ps(self.0);
            _mm512_fmadd_ps(r, _mm512_fnmadd_ps(self.0, r, _mm512_set1_ps(1.0)), r)
        })
    }
    #[inline(always)]
    fn one_plus_exp_minus<const T: usize, const C: usize>(a: &mut Columns<Self, T, C>) {
        // −a log₂ e = n + r with n in sixteenths; 2ⁿ from a table of 16, times a power of 2.
        let (rate, rounder) = (Self::splat(-std::f32::consts::LOG2_E), Self::splat(SIXTEENTHS));
        let (mut n, mut power) = (*a, *a);
        let mut p = [[Self::splat(EXP2[2]); T]; C];
        macro_rules! each {
            ($c:ident, $t:ident, $do:expr) => {
                for $c in 0..C {
                    for $t in 0..T {
                        $do;
                    }
                }
            };
        }
        // SAFETY: see above; sixteen values are there.
        let roots = Self(unsafe { _mm512_loadu_ps(ROOTS.as_ptr()) });
        each!(c, t, power[c][t] = a[c][t].mul_add(rate, rounder));
        each!(c, t, n[c][t] = power[c][t].sub(rounder));
        // SAFETY: see above.
        each!(c, t, a[c][t].0 = unsafe { _mm512_fmsub_ps(a[c][t].0, rate.0, n[c][t].0) });
        each!(c, t, power[c][t] = roots.at(power[c][t]));
        each!(c, t, p[c][t] = p[c][t].mul_add(a[c][t], Self::splat(EXP2[1])));
        // The instruction takes the whole part of n.
        // SAFETY: see above.
        each!(c, t, power[c][t].0 = unsafe { _mm512_scalef_ps(power[c][t].0, n[c][t].0) });
        each!(c, t, p[c][t] = p[c][t].mul_add(a[c][t], Self::splat(EXP2[0])));
        each!(c, t, p[c][t] = p[c][t].mul_add(a[c][t], Self::splat(1.0)));
        each!(c, t, a[c][t] = p[c][t].mul_add(power[c][t], Self::splat(1.0)));
    }
    #[inline(always)]
    fn splat(x: f32) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_set1_ps(x) })
    }
    #[inline(always)]
    fn load(x: &[f32]) -> Self {
        let x = &x[..16];
        // SAFETY: see above; sixteen values are there.
        Self(unsafe { _mm512_loadu_ps(x.as_ptr()) })
    }
    #[inline(always)]
    fn store(self, x: &mut [f32]) {
        let x = &mut x[..16];
        // SAFETY: see above; sixteen values are there.
        unsafe { _mm512_storeu_ps(x.as_mut_ptr(), self.0) }
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_add_ps(self.0, b.0) })
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_sub_ps(self.0, b.0) })
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_mul_ps(self.0, b.0) })
    }
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_div_ps(self.0, b.0) })
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_fmadd_ps(self.0, b.0, c.0) })
    }
    #[inline(always)]
    fn at_most(self, bound: Self) -> Self {
        // The instruction returns its second operand if one is NaN.
        // SAFETY: see above.
        Self(unsafe { _mm512_min_ps(bound.0, self.0) })
    }
    #[inline(always)]
    fn at_least(self, bound: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_max_ps(bound.0, self.0) })
    }
    #[inline(always)]
    fn where_positive(self, x: Self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe {
            let positive = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(x.0, _mm512_setzero_ps());
            _mm512_mask_blend_ps(positive, other.0, self.0)
        })
    }
    #[inline(always)]
    fn round(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_roundscale_ps::<0>(self.0) })
    }
    #[inline(always)]
    fn exp2(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { _mm512_scalef_ps(_mm512_set1_ps(1.0), self.0) })
    }
}
