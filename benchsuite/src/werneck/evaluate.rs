//! Eq. 3.3, from what an inference session gives.

use std::path::Path;

use infer_trt::{Provider, SessionOptions};
use serde::{Deserialize, Serialize};

use super::data::Data;
use crate::Error;
use crate::trial::PROGRAMS_MEASURE;

/// Errors of one network over the validation times.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Errors {
    /// The mean of |ΔU| + |ΔW|.
    pub mean: f64,
    /// The greatest.
    pub max: f64,
}

impl Errors {
    /// The mean in the measure of Tables 14 and 15: the mean over U and W, half of eq. 3.3's. The validator of the
    /// author's program, which problem A shares with the others, takes it (see [`crate::trial`]).
    pub fn mean_as_printed(&self) -> f64 {
        PROGRAMS_MEASURE * self.mean
    }

    /// From predictions and truth, row by row.
    fn between(predicted: &[[f64; 2]], truth: &[(f64, [f64; 2])]) -> Self {
        let errors: Vec<f64> = predicted
            .iter()
            .zip(truth)
            .map(|(p, (_, t))| (p[0] - t[0]).abs() + (p[1] - t[1]).abs())
            .collect();
        // `max` would drop NaN.
        let max = errors.iter().fold(0.0_f64, |m, e| if m.is_nan() || *e <= m { m } else { *e });
        Errors { mean: crate::stats::mean(&errors), max }
    }
}

/// What the session's outputs are compared with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Against the validation set: explicit Euler with step 0.01, as the training data.
    pub euler: Errors,
    /// Against an accurate solution at the same times.
    pub accurate: Errors,
    /// `[t, U, W]` of the network, at every fifth validation time.
    pub solution: Vec<[f64; 3]>,
}

/// Opens an exported network with the native session and evaluates it.
pub(crate) fn evaluate(model: &Path, data: &Data) -> Result<Evaluation, Error> {
    let mut session = infer_trt::open(model, &Provider::Native, &SessionOptions::default().with_threads(1))?;
    let (validation, reference) = (data.validation(), data.reference());
    let x: Vec<f32> = validation.iter().map(|(t, _)| *t as f32).collect();
    let mut y = vec![0.0_f32; 2 * x.len()];
    session.run(&x, &mut y)?;
    let predicted: Vec<[f64; 2]> =
        y.chunks_exact(2).map(|row| [f64::from(row[0]), f64::from(row[1])]).collect();
    let solution = predicted.iter().zip(&validation).step_by(5).map(|(p, (t, _))| [*t, p[0], p[1]]).collect();
    Ok(Evaluation {
        euler: Errors::between(&predicted, &validation),
        accurate: Errors::between(&predicted, &reference),
        solution,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_add_over_both_states_and_keep_nan() {
        let truth = [(0.0, [1.0, 0.0]), (1.0, [0.5, 0.5])];
        let errors = Errors::between(&[[1.1, 0.2], [0.5, 0.4]], &truth);
        assert!((errors.mean - 0.2).abs() < 1e-12 && (errors.max - 0.3).abs() < 1e-12);
        assert!((errors.mean_as_printed() - 0.1).abs() < 1e-12);
        let bad = Errors::between(&[[f64::NAN, 0.0], [0.5, 0.5]], &truth);
        assert!(bad.mean.is_nan() && bad.max.is_nan());
    }
}
