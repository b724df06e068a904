//! What a trial leaves behind.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Protocol, TrialSpec};
use crate::manifest::{Code, Machine};

/// How far a trial is.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Iterations done, over all networks of the trial.
    pub iteration: u64,
    /// Iterations in all.
    pub iterations: u64,
    /// The mean error of the last validation.
    pub mean_error: Option<f64>,
    /// What is being done: `data`, `training`, `evaluation`.
    pub stage: &'static str,
}

/// Mean and greatest of |ΔU| + |ΔW| over samples (Werneck 2024, eq. 3.3).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Errors {
    /// The mean.
    pub mean: f64,
    /// The greatest.
    pub max: f64,
}

/// The errors on one validation set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Against explicit Euler with step 0.01, as the training data and as published.
    pub euler: Errors,
    /// Against an accurate solution at the same points.
    pub accurate: Errors,
    /// Samples in the set.
    pub samples: u64,
}

/// The course of a training, at most a hundred validations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Course {
    /// Iterations done.
    pub iteration: Vec<u64>,
    /// The weighted loss of that iteration's batch.
    pub loss: Vec<f64>,
    /// Mean error over the validation set, against Euler.
    pub mean_error: Vec<f64>,
    /// Greatest error over the validation set, against Euler.
    pub max_error: Vec<f64>,
}

/// `result.json` of a finished trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialResult {
    /// The layout of this file.
    pub format: u32,
    /// The trial's name.
    pub id: String,
    /// What was trained.
    pub spec: TrialSpec,
    /// Weights and biases of a network.
    pub parameters: usize,
    /// Neurons in hidden layers of a network.
    pub neurons: usize,
    /// Iterations done by each network.
    pub iterations: u64,
    /// CPU time of an iteration in µs, without validations, in the last start that trained it.
    pub iteration_us: f64,
    /// The errors by which the publication judges: over the validation set, for an iterator over
    /// the whole time domain.
    pub scores: Scores,
    /// For an iterator the errors of one step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_step: Option<Scores>,
    /// For a network of a short time domain, or of a window, its errors when it is applied again and
    /// again to its own output until t = 50 (section 3.4.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused: Option<Scores>,
    /// The courses of the networks: one, or one for each window.
    pub courses: Vec<Course>,
    /// SHA-256 of the exported files.
    pub onnx_sha256: Vec<String>,
    /// Content hashes of the data sets, by name.
    pub datasets: BTreeMap<String, String>,
    /// The code that finished it.
    pub code: Code,
    /// The machine that finished it.
    pub machine: Machine,
    /// When it was finished, in UTC.
    pub finished: String,
}

/// What an error of eq. 3.3 is multiplied by for the measure of the author's program, whose validator takes the mean
/// over U and W in the place of their sum.
pub(crate) const PROGRAMS_MEASURE: f64 = 0.5;

/// That measure in words, behind a claim's rule.
pub(crate) const IN_PROGRAMS_MEASURE: &str =
    "; as the author's program measures, the mean over U and W, half of eq. 3.3";

impl TrialResult {
    /// What an error of eq. 3.3 is multiplied by for the measure that printed numbers are in: 1, and ½ for
    /// [`Protocol::Program`], which takes the mean over U and W in the place of the sum.
    pub fn measure(&self) -> f64 {
        if self.spec.protocol() == Some(Protocol::Program) { PROGRAMS_MEASURE } else { 1.0 }
    }

    /// The mean error that is held against printed ones: from Euler's solution, in the measure of its protocol.
    pub fn judged(&self) -> f64 {
        self.measure() * self.scores.euler.mean
    }

    /// The same of one step, for an iterator.
    pub fn judged_step(&self) -> Option<f64> {
        self.one_step.map(|s| self.measure() * s.euler.mean)
    }

    /// The same of a network of a short time domain that is applied again and again until t = 50.
    pub fn judged_reused(&self) -> Option<f64> {
        self.reused.map(|s| self.measure() * s.euler.mean)
    }

    /// Seconds of CPU time that its training took, without validations; none if the file does not say.
    pub fn seconds(&self) -> Option<f64> {
        let seconds = self.iteration_us * 1e-6 * self.iterations as f64 * f64::from(self.spec.windows());
        (seconds.is_finite() && seconds > 0.0).then_some(seconds)
    }

    /// The layout that this version writes.
    pub const FORMAT: u32 = 1;
}
