//! Choosing the instruction set when the program runs.

use core::fmt;

use super::dense::Single;
use super::program::Program;
#[cfg(target_arch = "x86_64")]
use super::vector::{F32x8, F32x16};
use super::vector::{Plain, Vector};
use super::{kernel, peak};

/// Work that vectors of any width can do.
pub(crate) trait Task {
    /// Does it. To be inlined, as everything that it calls: only then is it compiled for the instruction set.
    fn run<V: Vector>(self);
}

/// An instruction set that this machine has: values come from [`Simd::available`] alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Simd(Set);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Set {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Baseline,
}

impl Simd {
    /// What this machine has, widest first.
    pub(crate) fn available() -> Vec<Self> {
        let mut sets = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                sets.push(Self(Set::Avx512));
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                sets.push(Self(Set::Avx2));
            }
        }
        sets.push(Self(Set::Baseline));
        sets
    }

    /// The widest instruction set of this machine.
    pub(crate) fn widest() -> Self {
        Self::available()[0]
    }

    /// Runs rows on this instruction set.
    #[allow(unsafe_code, reason = "entering functions compiled for what the machine has")]
    pub(crate) fn run(self, program: &Program, x: &[f32], y: &mut [f32]) {
        match self.0 {
            // SAFETY: `available` found AVX-512F.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { avx512(program, x, y) },
            // SAFETY: `available` found AVX2 and FMA.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { avx2(program, x, y) },
            Set::Baseline => kernel::run::<Plain, _, 1>(program, &mut Single::<false>, x, y),
        }
    }

    /// Values in one of its vectors.
    pub(crate) fn lanes(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => F32x16::LANES,
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => F32x8::LANES,
            Set::Baseline => Plain::LANES,
        }
    }

    /// Does a task on this instruction set.
    #[allow(unsafe_code, reason = "entering functions compiled for what the machine has")]
    pub(crate) fn enter(self, task: impl Task) {
        match self.0 {
            // SAFETY: `available` found AVX-512F.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { avx512_task(task) },
            // SAFETY: `available` found AVX2 and FMA.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { avx2_task(task) },
            Set::Baseline => task.run::<Plain>(),
        }
    }

    /// Additions and multiplications of `f32` in a second, the most that was seen in `seconds`.
    #[allow(unsafe_code, reason = "entering functions compiled for what the machine has")]
    pub(crate) fn peak(self, seconds: f64) -> f64 {
        match self.0 {
            // SAFETY: `available` found AVX-512F.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { avx512_peak(seconds) },
            // SAFETY: `available` found AVX2 and FMA.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { avx2_peak(seconds) },
            Set::Baseline => peak::measure::<Plain>(seconds),
        }
    }
}

impl fmt::Display for Simd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => "AVX-512F, 16 values at a time",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "AVX2 and FMA, 8 values at a time",
            Set::Baseline => "baseline, 4 values at a time",
        })
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512(program: &Program, x: &[f32], y: &mut [f32]) {
    kernel::run::<F32x16, _, 2>(program, &mut Single::<false>, x, y);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(program: &Program, x: &[f32], y: &mut [f32]) {
    kernel::run::<F32x8, _, 2>(program, &mut Single::<true>, x, y);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512_task(task: impl Task) {
    task.run::<F32x16>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2_task(task: impl Task) {
    task.run::<F32x8>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512_peak(seconds: f64) -> f64 {
    peak::measure::<F32x16>(seconds)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2_peak(seconds: f64) -> f64 {
    peak::measure::<F32x8>(seconds)
}
