//! Lanes on the registers of one instruction set.

mod double;
mod one;
mod portable;
mod register;
mod several;
mod single;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use one::One;
pub(crate) use register::Register;
pub(crate) use several::Several;
#[cfg(target_arch = "x86_64")]
pub(crate) use x86::{F32x8, F32x16, F64x4, F64x8};

use crate::{Element, Kernel, Lanes};

/// Runs a kernel over lanes on the widest registers that the machine has and `N` fills.
///
/// Where `N` fills just one register, every operation is an instruction of the kernel: the way to be
/// fast. Where it fills several, or the kernel asks for it, operations are functions of their own.
#[inline(always)]
pub(crate) fn dispatch<E: Element, const N: usize, K: Kernel<Lanes<E, N>>>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code, reason = "entering functions compiled for what the machine has")]
    {
        if const { N.is_multiple_of(E::Avx512::WIDTH) } && x86::has_avx512() {
            return if const { N == E::Avx512::WIDTH && !K::APART } {
                // SAFETY: the machine has AVX-512, as was detected.
                unsafe { x86::avx512::<One<E::Avx512>, _, _>(kernel) }
            } else {
                // SAFETY: as above.
                unsafe { x86::avx512::<Several<E::Avx512, N>, _, _>(kernel) }
            };
        }
        if const { N.is_multiple_of(E::Avx2::WIDTH) } && x86::has_avx2() {
            return if const { N == E::Avx2::WIDTH && !K::APART } {
                // SAFETY: the machine has AVX2 and FMA, as was detected.
                unsafe { x86::avx2::<One<E::Avx2>, _, _>(kernel) }
            } else {
                // SAFETY: as above.
                unsafe { x86::avx2::<Several<E::Avx2, N>, _, _>(kernel) }
            };
        }
    }
    if const { N == 1 } { kernel.run::<One<E::Portable>>() } else { kernel.run::<Several<E::Portable, N>>() }
}
