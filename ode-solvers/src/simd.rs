//! Code for the widest vector instructions of the machine, chosen when the program runs.
//!
//! A task is compiled once for each instruction set. What it computes does not depend on the set, to
//! the last bit: the compiler reorders no floating-point operations and fuses none.

/// Work that is compiled for every instruction set.
///
/// `run` is marked `#[inline(always)]`, and so is what its loops call: what is not inlined is
/// compiled for the least machine of the target and gains nothing.
pub(crate) trait Task {
    /// What the work gives.
    type Output;
    /// Does the work.
    fn run(self) -> Self::Output;
}

/// An instruction set that this machine has: values come from `available` and
/// `widest` alone.
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
    #[cfg(test)]
    pub(crate) fn available() -> Vec<Self> {
        let mut sets = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                sets.push(Self(Set::Avx512));
            }
            if is_x86_feature_detected!("avx2") {
                sets.push(Self(Set::Avx2));
            }
        }
        sets.push(Self(Set::Baseline));
        sets
    }

    /// The widest of this machine.
    #[inline(always)]
    pub(crate) fn widest() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return Self(Set::Avx512);
            }
            if is_x86_feature_detected!("avx2") {
                return Self(Set::Avx2);
            }
        }
        Self(Set::Baseline)
    }

    /// Runs a task on this instruction set.
    #[allow(unsafe_code, reason = "entering functions compiled for what the machine has")]
    #[inline(always)]
    pub(crate) fn run<K: Task>(self, task: K) -> K::Output {
        match self.0 {
            // SAFETY: the value exists, so AVX-512F was detected.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { avx512(task) },
            // SAFETY: the value exists, so AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { avx2(task) },
            Set::Baseline => task.run(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512<K: Task>(task: K) -> K::Output {
    task.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<K: Task>(task: K) -> K::Output {
    task.run()
}

/// Runs a task on the widest instruction set, in a function of its own: elementary functions appear
/// dozens of times in a model, and inlining each would cost minutes of compilation.
#[inline(never)]
pub(crate) fn apart<K: Task>(task: K) -> K::Output {
    Simd::widest().run(task)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Element, Lanes};

    /// All elementary functions, and arithmetic that would change if it were fused.
    struct Everything<E, const N: usize>(Lanes<E, N>);

    impl<E: Element, const N: usize> Task for Everything<E, N> {
        type Output = [Lanes<E, N>; 6];
        #[inline(always)]
        fn run(self) -> Self::Output {
            let Self(x) = self;
            [
                x.map(E::exp),
                x.map(E::exp_m1),
                x.map(E::ln),
                x.map(E::tanh),
                x.map(|x| (x * x + x) / (x * x - E::from_f64(0.3))),
                x * x - x * 3.0 + 1.0,
            ]
        }
    }

    #[test]
    fn every_instruction_set_gives_the_same_bits() {
        let sets = Simd::available();
        assert_eq!(sets[0], Simd::widest());
        for k in 0..2000 {
            let at = |lane: usize| (f64::from(k) * 8.0 + lane as f64) * 0.05 - 400.0;
            let double = Lanes::<f64, 8>::from_fn(at);
            let single = Lanes::<f32, 16>::from_fn(|lane| at(lane) as f32 * 0.2);
            let expected = Everything(double).run().map(|y| y.0.map(f64::to_bits));
            let expected32 = Everything(single).run().map(|y| y.0.map(f32::to_bits));
            for set in &sets {
                assert_eq!(set.run(Everything(double)).map(|y| y.0.map(f64::to_bits)), expected, "{set:?}");
                assert_eq!(set.run(Everything(single)).map(|y| y.0.map(f32::to_bits)), expected32, "{set:?}");
            }
        }
    }
}
