//! The instruction set that is used, chosen when the program runs.

use std::sync::OnceLock;

#[cfg(not(target_arch = "x86_64"))]
use super::portable::Portable as Baseline;
use super::simd::Simd;
#[cfg(target_arch = "x86_64")]
use super::x86::{Avx2, Avx512, Sse2 as Baseline};

/// Work written over any instruction set. `run` is marked `#[inline(always)]`, and so is all that it
/// calls: what is not inlined is compiled for the target's least machine.
pub(crate) trait Task {
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
    /// What the target has without asking.
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

    /// The widest of this machine; asked for once.
    pub(crate) fn widest() -> Self {
        static WIDEST: OnceLock<Level> = OnceLock::new();
        *WIDEST.get_or_init(|| Self::available().next().unwrap_or(Self::Baseline(Baseline)))
    }

    pub(super) fn run<K: Task>(self, task: K) -> K::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(s) => s.apart(task),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(s) => s.apart(task),
            Self::Baseline(s) => s.apart(task),
        }
    }
}
