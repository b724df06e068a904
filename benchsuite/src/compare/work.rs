//! What a piece of work takes at least, and how much of what a machine can do was reached.

use std::ops::Mul;

use serde::{Deserialize, Serialize};

use super::clock::cpu;

/// What has to be done at least.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Work {
    /// Additions and multiplications, without those inside exponentials and the like.
    pub flops: f64,
    /// Bytes to and from main memory (of a device, its own), each number once.
    pub bytes: f64,
}

impl Mul<f64> for Work {
    type Output = Work;

    /// So many times the work.
    fn mul(self, times: f64) -> Work {
        Work { flops: self.flops * times, bytes: self.bytes * times }
    }
}

/// What a thread, or a device, can do at most in a second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Additions and multiplications of `f32`; of a device outside its matrix units.
    pub flops: f64,
    /// Bytes that are read or written in main memory, or in the device's.
    pub bytes: f64,
}

impl Limits {
    /// Of one thread of this machine, measured: the peak of its arithmetic, and a copy of `bytes` in main memory.
    pub(crate) fn of_a_thread(bytes: usize) -> Self {
        let count = (bytes / 8).max(1 << 16);
        let (from, mut to) = (vec![1.0_f64; count], vec![0.0_f64; count]);
        let mut best = f64::INFINITY;
        for _ in 0..7 {
            let start = cpu();
            to.copy_from_slice(std::hint::black_box(&from));
            std::hint::black_box(&mut to);
            best = best.min(cpu() - start);
        }
        Limits { flops: infer_trt::probe::peak(), bytes: 16.0 * count as f64 / best.max(1e-9) }
    }

    /// Seconds that the work takes at least: by its operations or by its bytes, whichever takes longer.
    pub fn least(&self, work: Work) -> f64 {
        (work.flops / self.flops).max(work.bytes / self.bytes)
    }

    /// The work of each of so many, and the part of the limit at which all of them took so many seconds.
    pub(crate) fn reached(&self, each: Work, count: f64, seconds: f64) -> Reached {
        Reached { work: each, of_limit: Some(self.least(each * count) / seconds) }
    }
}

/// Work, and the part of the limit that was reached. Results that were kept before this was written down
/// hold no work and no part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reached {
    /// What had to be done.
    #[serde(flatten)]
    pub work: Work,
    /// The time that the machine needs at least over the time taken.
    pub of_limit: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slower_of_arithmetic_and_memory_is_the_limit() {
        let limits = Limits { flops: 1e9, bytes: 1e8 };
        let (arithmetic, memory) = (Work { flops: 200.0, bytes: 10.0 }, Work { flops: 200.0, bytes: 40.0 });
        assert_eq!((limits.least(arithmetic), limits.least(memory)), (2e-7, 4e-7));
        let reached = limits.reached(memory, 1e6, 0.8);
        assert_eq!((reached.work, reached.of_limit), (memory, Some(0.5)));
    }

    #[test]
    fn results_without_work_are_read() {
        #[derive(Deserialize)]
        struct Row {
            seconds: f64,
            #[serde(flatten)]
            reached: Reached,
        }
        let read = |text| serde_json::from_str::<Row>(text).unwrap();
        let old = read(r#"{"seconds": 2.0, "of_limit": 0.5}"#);
        assert_eq!((old.seconds, old.reached.work, old.reached.of_limit), (2.0, Work::default(), Some(0.5)));
        assert_eq!(read(r#"{"seconds": 2.0}"#).reached, Reached::default());
        let new = read(r#"{"seconds": 2.0, "flops": 208.0, "bytes": 20.0, "of_limit": 0.25}"#).reached;
        assert_eq!((new.work, new.of_limit), (Work { flops: 208.0, bytes: 20.0 }, Some(0.25)));
    }

    #[test]
    fn a_thread_has_limits() {
        let limits = Limits::of_a_thread(1 << 20);
        assert!(limits.flops > 1e8 && limits.bytes > 1e8 && limits.bytes.is_finite(), "{limits:?}");
    }
}
