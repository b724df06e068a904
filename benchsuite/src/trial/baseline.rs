//! What a numerical solver with a longer step errs on a trial's validation set.

use datagen::Integrator;
use ode_solvers::Method;
use surrogates::Samples;

use super::evaluate::error;
use super::recipes::{self, Purpose, Truth, everywhere};
use super::{Errors, TrialSpec};
use crate::Error;

/// The errors (Werneck 2024, eq. 3.3) of explicit Euler with each of some steps, against the accurate solution of
/// [`Scores::accurate`](super::Scores::accurate), over the validation set of a network for the whole time domain. No
/// more than `most` solutions of the set are taken.
///
/// # Errors
/// [`Error::Data`] if a step makes Euler's method diverge, or there is no memory.
pub(crate) fn euler(spec: &TrialSpec, steps: &[f64], most: u64) -> Result<Vec<Errors>, Error> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Data {
        name: format!("validation of {} up to {}", spec.problem, spec.t_end()),
        source,
    };
    let sampling = || everywhere(spec, (spec.samples() / 2).clamp(1, most.max(1)));
    let times = Some(recipes::TIMES_EACH);
    let validation = recipes::solutions(
        spec.problem,
        sampling(),
        spec.t_end(),
        times,
        Truth::Accurate,
        Purpose::Validation,
    );
    let solved = |recipe: &datagen::Recipe| {
        let data = recipe.generate().map_err(|e| failed(Box::new(e)))?;
        Samples::from_dataset(&data).map_err(|e| failed(Box::new(e)))
    };
    let truth = solved(&validation)?;
    let of_step = |dt: &f64| {
        let integrator = Integrator::Fixed { method: Method::ExplicitEuler, dt: *dt };
        let found = solved(&datagen::Recipe { integrator, ..validation.clone() })?;
        let pairs = || found.targets().chunks_exact(2).zip(truth.targets().chunks_exact(2));
        let errors: Vec<f64> = pairs().map(|(a, b)| error(a, b)).collect();
        Ok(Errors {
            mean: errors.iter().sum::<f64>() / errors.len().max(1) as f64,
            max: errors.iter().copied().fold(0.0, f64::max),
        })
    };
    steps.iter().map(of_step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn euler_errs_in_proportion_to_its_step() {
        let spec: TrialSpec = serde_json::from_value(serde_json::json!({
            "experiment": "x", "problem": "C", "class": "DDNN", "layers": "SiLU8", "batch": 1, "iterations": 1,
            "seed": 1, "t_end": 5.0,
        }))
        .unwrap();
        let found = euler(&spec, &[0.1, 0.05, 0.01], 40).unwrap();
        assert!(found.iter().all(|e| 0.0 < e.mean && e.mean < e.max), "{found:?}");
        for (coarse, fine, times) in [(0, 1, 2.0), (1, 2, 5.0)] {
            let ratio = found[coarse].mean / found[fine].mean / times;
            assert!((0.8..1.3).contains(&ratio), "{found:?}");
        }
    }
}
