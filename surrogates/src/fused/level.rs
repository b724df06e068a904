//! The instruction set that is used, chosen when the program runs.
#![allow(unsafe_code, reason = "calls into functions compiled for instructions that were detected")]

use super::simd::{Baseline, Simd};
#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Avx512};

/// Work written over any instruction set. `run` is marked `#[inline(always)]`, and so is all that it
/// calls: what is not inlined is compiled for the target's least machine.
pub(super) trait Task {
    type Output;
    fn run<S: Simd>(self, s: S) -> Self::Output;
}

/// An instruction set that this machine has.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Level {
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    Baseline(Baseline),
}

impl Level {
    /// All that this machine has, widest first.
    pub(crate) fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let special = [Avx512::detect().map(Self::Avx512), Avx2::detect().map(Self::Avx2)];
        #[cfg(not(target_arch = "x86_64"))]
        let special: [Option<Self>; 0] = [];
        special.into_iter().flatten().chain([Self::Baseline(Baseline)])
    }

    /// The widest of this machine.
    pub(crate) fn widest() -> Self {
        Self::available().next().unwrap_or(Self::Baseline(Baseline))
    }

    pub(super) fn run<K: Task>(self, task: K) -> K::Output {
        match self {
            // SAFETY: the proof in the variant exists, so avx2, fma and avx512f were detected.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(s) => unsafe { avx512(s, task) },
            // SAFETY: the proof in the variant exists, so avx2 and fma were detected.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(s) => unsafe { avx2(s, task) },
            Self::Baseline(s) => task.run(s),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f")]
fn avx512<K: Task>(s: Avx512, task: K) -> K::Output {
    task.run(s)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2<K: Task>(s: Avx2, task: K) -> K::Output {
    task.run(s)
}
