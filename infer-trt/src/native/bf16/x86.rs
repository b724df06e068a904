//! The registers of AVX512-BF16.
#![allow(
    unsafe_code,
    reason = "vector instructions beyond the baseline are unsafe to call until the machine was asked"
)]

use core::mem::transmute;
use std::arch::x86_64::*;

use super::layers::Pairs;
use super::pair::Pair;
use crate::native::dense::Factor;
use crate::native::vector::F32x16;

/// A pair of `bf16` for each lane of an AVX-512 register; needs AVX-512F, AVX512-BW and AVX512-BF16.
#[derive(Clone, Copy)]
pub(crate) struct Bf16x32(__m512bh);

/// Entries k and 16 + k side by side.
const SIDE_BY_SIDE: [u16; 32] = {
    let mut places = [0; 32];
    let mut k = 0;
    while k < 32 {
        places[k] = (k / 2 + k % 2 * 16) as u16;
        k += 1;
    }
    places
};

// SAFETY, for every block below: values of this type are made and used only inside the functions of
// `dispatch` that are compiled for these instructions and entered after the machine was asked for
// them. The types that `transmute` goes between are registers of 512 bits without invalid values.

impl Factor<F32x16> for Bf16x32 {
    type Weight = Pair;
    /// Roundings of sums are nothing beside those of the numbers.
    const RUN: usize = usize::MAX;

    #[inline(always)]
    fn splat(weight: Pair) -> Self {
        // SAFETY: see above.
        Self(unsafe { transmute::<__m512i, __m512bh>(_mm512_set1_epi32(weight.to_bits().cast_signed())) })
    }
    #[inline(always)]
    fn add_products(self, x: Self, sum: F32x16) -> F32x16 {
        // SAFETY: see above.
        F32x16(unsafe { _mm512_dpbf16_ps(sum.0, self.0, x.0) })
    }
}

impl Pairs<F32x16> for Bf16x32 {
    #[inline(always)]
    fn pack(first: F32x16, second: F32x16) -> Self {
        // The conversion leaves all rows of the first column in front of all of the second.
        // SAFETY: see above; 32 places are there.
        Self(unsafe {
            let columns = transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(second.0, first.0));
            let places = _mm512_loadu_si512(SIDE_BY_SIDE.as_ptr().cast());
            transmute::<__m512i, __m512bh>(_mm512_permutexvar_epi16(places, columns))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::native::bf16::model::Modelled;
    use crate::native::bf16::tests::{Random, instruction};
    use crate::native::vector::Vector as _;

    /// A sum and products, first of two registers of inputs, then of one and a weight.
    #[inline(always)]
    fn sums<P: Pairs<F32x16>>(columns: &[[f32; 16]; 5]) -> [[f32; 16]; 2] {
        let [a, b, c, d, sum] = columns;
        let x = P::pack(F32x16::load(a), F32x16::load(b));
        let y = P::pack(F32x16::load(c), F32x16::load(d));
        let mut out = [[0.0; 16]; 2];
        x.add_products(y, F32x16::load(sum)).store(&mut out[0]);
        P::splat(Pair::new(c[0], d[0])).add_products(x, F32x16::load(sum)).store(&mut out[1]);
        out
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    fn both(columns: &[[f32; 16]; 5]) -> [[[f32; 16]; 2]; 2] {
        [sums::<Bf16x32>(columns), sums::<Modelled>(columns)]
    }

    #[test]
    fn the_instruction_and_its_model_give_the_same_bits() {
        if instruction().is_none() {
            return;
        }
        let mut random = Random(1);
        for round in 0..20_000 {
            let mut columns = [[0.0; 16]; 5];
            for x in columns.iter_mut().flatten() {
                // Numbers of similar size, whose sums round, and numbers of any bits: tiny and huge
                // ones, infinities and NaN.
                *x = if round % 2 == 0 {
                    random.next() * 2.0_f32.powi((random.bits() % 8) as i32)
                } else {
                    f32::from_bits(random.bits())
                };
            }
            // SAFETY: `instruction` found what it takes.
            let [found, expected] = unsafe { both(&columns) };
            for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
                let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
                assert!(same, "{found:e}, not {expected:e}, of {columns:?}");
            }
        }
    }
}
