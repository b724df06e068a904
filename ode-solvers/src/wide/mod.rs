//! Lanes on the registers of one instruction set.

mod double;
mod one;
#[cfg(target_arch = "x86_64")]
mod plain;
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
use x86::{F32x8, F32x16, F64x4, F64x8};

use crate::{Element, Kernel, Lanes, Scalar, Twin};

/// The registers that hold such numbers.
pub(crate) trait Registers: Element {
    /// A number as a register of its own.
    type Portable: Register<Element = Self>;
    /// That of AVX-512.
    #[cfg(target_arch = "x86_64")]
    type Avx512: Register<Element = Self>;
    /// That of AVX2.
    #[cfg(target_arch = "x86_64")]
    type Avx2: Register<Element = Self>;
}

impl Registers for f32 {
    type Portable = Self;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = F32x16;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = F32x8;
}

impl Registers for f64 {
    type Portable = Self;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = F64x8;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = F64x4;
}

/// Runs a kernel over lanes on the widest registers that the machine has and `N` fills.
///
/// Where `N` fills just one register, every operation is an instruction of the kernel: the way to be
/// fast. Where it fills several, or the kernel asks for it, operations are functions of their own.
#[inline(always)]
pub(crate) fn dispatch<E: Registers, const N: usize, K: Kernel<Lanes<E, N>>>(kernel: K) -> K::Output {
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

/// Runs a kernel over plain numbers, compiled for the machine's instruction set.
#[inline(always)]
pub(crate) fn dispatch_plain<K: Kernel<f64>>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    #[allow(unsafe_code, reason = "entering functions compiled for what the machine has")]
    {
        if x86::has_avx512() {
            // SAFETY: the machine has AVX-512, as was detected.
            return unsafe { x86::avx512::<plain::Plain<F64x8>, _, _>(kernel) };
        }
        if x86::has_avx2() {
            // SAFETY: the machine has AVX2 and FMA, as was detected.
            return unsafe { x86::avx2::<plain::Plain<F64x4>, _, _>(kernel) };
        }
    }
    kernel.run::<f64>()
}

/// How many plain numbers lie side by side while an elementary function of them is taken.
const GROUP: usize = 8;

/// eˣ of several plain numbers, a group at a time.
#[inline(always)]
pub(crate) fn exps<const N: usize>(mut x: [f64; N]) -> [f64; N] {
    // What is left over in a group is computed with 0.
    let mut groups = [Lanes::<f64, GROUP>([0.0; GROUP]); 4];
    for four in x.chunks_mut(4 * GROUP) {
        let groups = &mut groups[..four.len().div_ceil(GROUP)];
        for (k, &x) in four.iter().enumerate() {
            groups[k / GROUP].0[k % GROUP] = x;
        }
        exps_of_groups(groups);
        for (k, x) in four.iter_mut().enumerate() {
            *x = groups[k / GROUP].0[k % GROUP];
        }
    }
    x
}

/// In place. Not inlined: equations call it a few times, between much that needs the registers.
#[inline(never)]
fn exps_of_groups(x: &mut [Lanes<f64, GROUP>]) {
    Lanes::dispatch(Exps(x));
}

/// Reads numbers that were written one by one just before. A register read at once would have to wait
/// until all of them are in the cache, which takes longer than the exponential.
#[inline(always)]
#[allow(unsafe_code, reason = "the compiler joins reads that are not volatile")]
fn one_by_one(x: &Lanes<f64, GROUP>) -> Lanes<f64, GROUP> {
    // SAFETY: references to numbers.
    Lanes::from_fn(|i| unsafe { core::ptr::read_volatile(&raw const x.0[i]) })
}

struct Exps<'a>(&'a mut [Lanes<f64, GROUP>]);

impl Kernel<Lanes<f64, GROUP>> for Exps<'_> {
    type Output = ();
    #[inline(always)]
    fn run<U: Twin<Lanes<f64, GROUP>>>(self) {
        for x in self.0 {
            *x = U::of(one_by_one(x)).exp().back();
        }
    }
}
