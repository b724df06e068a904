//! Vectors of `f32`: one trait, and a type for each instruction set.

/// As many `f32` as a register of the machine holds.
///
/// Its methods are to be called from functions compiled for the instruction set of the type: see
/// [`dispatch`](super::dispatch).
pub(crate) trait Vector: Copy {
    /// Values in a vector.
    const LANES: usize;

    /// The same value everywhere.
    fn splat(x: f32) -> Self;
    /// The first [`LANES`](Vector::LANES) values of `x`, which must have as many.
    fn load(x: &[f32]) -> Self;
    /// Writes the first [`LANES`](Vector::LANES) values of `x`, which must have as many.
    fn store(self, x: &mut [f32]);
    /// a + b
    fn add(self, b: Self) -> Self;
    /// a − b
    fn sub(self, b: Self) -> Self;
    /// a b
    fn mul(self, b: Self) -> Self;
    /// a / b
    fn div(self, b: Self) -> Self;
    /// a b + c, rounded once where the machine can.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// The smaller of a and `bound`; NaN stays NaN.
    fn at_most(self, bound: Self) -> Self;
    /// The larger of a and `bound`; NaN stays NaN.
    fn at_least(self, bound: Self) -> Self;
    /// `self` where `x > 0`, `other` elsewhere.
    fn where_positive(self, x: Self, other: Self) -> Self;
    /// The nearest whole number, for |a| < 2²².
    fn round(self) -> Self;
    /// 2ᵃ for a whole number a from −126 to 127; anything for NaN.
    fn exp2(self) -> Self;
    /// a 2ⁿ for a whole number n from −126 to 127.
    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        self.mul(n.exp2())
    }
}

/// Four values in a plain array, for machines without wider vectors that are known here.
#[derive(Clone, Copy)]
pub(crate) struct Plain([f32; 4]);

/// 1.5 2²³: adding it to a small number leaves the nearest whole number in the lowest bits.
const ROUNDER: f32 = 12_582_912.0;

impl Plain {
    #[inline(always)]
    fn zip(self, b: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], b.0[i])))
    }
}

impl Vector for Plain {
    const LANES: usize = 4;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self([x; 4])
    }
    #[inline(always)]
    fn load(x: &[f32]) -> Self {
        Self(std::array::from_fn(|i| x[i]))
    }
    #[inline(always)]
    fn store(self, x: &mut [f32]) {
        x[..4].copy_from_slice(&self.0);
    }
    #[inline(always)]
    fn add(self, b: Self) -> Self {
        self.zip(b, |a, b| a + b)
    }
    #[inline(always)]
    fn sub(self, b: Self) -> Self {
        self.zip(b, |a, b| a - b)
    }
    #[inline(always)]
    fn mul(self, b: Self) -> Self {
        self.zip(b, |a, b| a * b)
    }
    #[inline(always)]
    fn div(self, b: Self) -> Self {
        self.zip(b, |a, b| a / b)
    }
    #[inline(always)]
    fn mul_add(self, b: Self, c: Self) -> Self {
        // Without the instruction, `f32::mul_add` is a slow function call.
        if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
            Self(std::array::from_fn(|i| self.0[i].mul_add(b.0[i], c.0[i])))
        } else {
            self.mul(b).add(c)
        }
    }
    #[inline(always)]
    fn at_most(self, bound: Self) -> Self {
        self.zip(bound, |a, b| if b < a { b } else { a })
    }
    #[inline(always)]
    fn at_least(self, bound: Self) -> Self {
        self.zip(bound, |a, b| if b > a { b } else { a })
    }
    #[inline(always)]
    fn where_positive(self, x: Self, other: Self) -> Self {
        Self(std::array::from_fn(|i| if x.0[i] > 0.0 { self.0[i] } else { other.0[i] }))
    }
    #[inline(always)]
    fn round(self) -> Self {
        self.add(Self::splat(ROUNDER)).sub(Self::splat(ROUNDER))
    }
    #[inline(always)]
    fn exp2(self) -> Self {
        Self(std::array::from_fn(|i| f32::from_bits((self.0[i] + ROUNDER).to_bits().wrapping_add(127) << 23)))
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{F32x8, F32x16};

#[cfg(target_arch = "x86_64")]
#[allow(
    unsafe_code,
    reason = "vector instructions beyond the baseline are unsafe to call until the machine was asked"
)]
mod x86 {
    use std::arch::x86_64::*;

    use super::Vector;

    /// Eight values in an AVX register; needs AVX2 and FMA.
    #[derive(Clone, Copy)]
    pub(crate) struct F32x8(__m256);

    /// Sixteen values in an AVX-512 register; needs AVX-512F.
    #[derive(Clone, Copy)]
    pub(crate) struct F32x16(__m512);

    // SAFETY, for every block below: values of these types are made and used only inside the
    // functions of `dispatch` that are compiled for the instruction set and entered after the
    // machine was asked for it. Loads and stores are unaligned and go through slices whose length
    // is checked first.

    impl Vector for F32x8 {
        const LANES: usize = 8;

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

    impl Vector for F32x16 {
        const LANES: usize = 16;

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
        #[inline(always)]
        fn scale(self, n: Self) -> Self {
            // SAFETY: see above.
            Self(unsafe { _mm512_scalef_ps(self.0, n.0) })
        }
    }
}
