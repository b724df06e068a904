//! A stimulus given by samples.

use serde::{Deserialize, Serialize};

use super::finite;
use crate::Error;

/// What lies between two samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interpolation {
    /// A straight line.
    #[default]
    Linear,
    /// The earlier sample.
    Hold,
}

/// Samples in time. Before the first sample the stimulus has its value, after the last sample that
/// of the last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampled {
    /// The times, increasing.
    pub times: Vec<f64>,
    /// The values, one for each time, in the model's unit and sign.
    pub values: Vec<f64>,
    /// What lies between two samples.
    #[serde(default)]
    pub interpolation: Interpolation,
}

impl Sampled {
    pub(super) fn check(&self) -> Result<(), Error> {
        let error = |field: String, value, remedy| Err(Error::Stimulus { field, value, remedy });
        if self.times.is_empty() {
            return error("number of samples".to_owned(), 0.0, "give at least one");
        }
        if self.values.len() != self.times.len() {
            let found = self.values.len() as f64;
            return error("number of values".to_owned(), found, "give one for each time");
        }
        for (i, (&t, &x)) in self.times.iter().zip(&self.values).enumerate() {
            finite(format!("time of sample {}", i + 1), t)?;
            finite(format!("value of sample {}", i + 1), x)?;
            if i > 0 && t <= self.times[i - 1] {
                return error(format!("time of sample {}", i + 1), t, "times must increase");
            }
        }
        Ok(())
    }

    /// The last sample at or before `t`, and the one after it.
    #[inline]
    fn neighbours(&self, t: f64) -> (Option<usize>, Option<usize>) {
        let after = self.times.partition_point(|&s| s <= t);
        (after.checked_sub(1), (after < self.times.len()).then_some(after))
    }

    #[inline]
    pub(super) fn value(&self, t: f64) -> f64 {
        match (self.neighbours(t), self.interpolation) {
            ((Some(a), Some(b)), Interpolation::Linear) => {
                let weight = (t - self.times[a]) / (self.times[b] - self.times[a]);
                self.values[a] * (1.0 - weight) + self.values[b] * weight
            }
            ((Some(a), _), _) => self.values[a],
            ((None, Some(b)), _) => self.values[b],
            ((None, None), _) => 0.0,
        }
    }

    #[inline]
    pub(super) fn slope(&self, t: f64) -> f64 {
        match (self.neighbours(t), self.interpolation) {
            ((Some(a), Some(b)), Interpolation::Linear) => {
                (self.values[b] - self.values[a]) / (self.times[b] - self.times[a])
            }
            _ => 0.0,
        }
    }

    pub(super) fn is_piecewise_constant(&self) -> bool {
        self.interpolation == Interpolation::Hold || self.times.len() < 2
    }

    pub(super) fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        let first = self.times.partition_point(|&s| s <= t0);
        let end = self.times.partition_point(|&s| s < t1);
        if first < end {
            out.extend_from_slice(&self.times[first..end]);
        }
    }
}
