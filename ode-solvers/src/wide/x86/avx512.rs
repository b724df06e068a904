//! The registers of AVX-512.
#![allow(unsafe_code, reason = "instructions; each is executed only where the machine has them: see `One`")]

use core::arch::x86_64::*;

use crate::wide::register::{Fused, Set};
use crate::wide::{Register, double, single};

register!(
    /// Eight `f64`.
    F64x8(__m512d)
);
register!(
    /// Sixteen `f32`.
    F32x16(__m512)
);

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
            /// An iteration more than a quotient takes, which makes up for it.
            #[inline(always)]
            fn reciprocal(self) -> Self {
                self.newton($iterations + 1)
            }

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
        apart!(one: Self::reciprocal, self)
    }
    #[inline(always)]
    fn div(self, y: Self) -> Self {
        apart!(two: Self::quotient, self, y)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        apart!(one: exp_by_table, self)
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
        apart!(one: Self::reciprocal, self)
    }
    #[inline(always)]
    fn div(self, y: Self) -> Self {
        apart!(two: Self::quotient, self, y)
    }
    #[inline(always)]
    fn exp(self) -> Self {
        apart!(one: single::exp, self)
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
