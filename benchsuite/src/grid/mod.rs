//! The grid searches of Werneck's dissertation (2024, section 3.2.1) as sweeps: networks by layers,
//! classes, batch sizes and seeds, the published tables beside what they found, and the figures.
//!
//! [`Networks`] is the kind of trial; [`tables`] and [`figures`] take [`TrialResult`]s, wherever they
//! come from. Without results the tables hold the published numbers alone:
//!
//! ```
//! use benchsuite::claims::Publication;
//! use benchsuite::grid::tables;
//!
//! let table = tables::notable(&Publication::werneck2024()?, "W-BS2", &[]).unwrap();
//! assert_eq!(table.rows[0][1].text, "(ELU-8, SiLU-8)");
//! assert_eq!(table.rows[0][2].text, "6.42e-3");
//! # Ok::<(), benchsuite::Error>(())
//! ```

pub mod analyses;
pub mod answers;
mod best;
pub mod cuts;
mod deviations;
pub mod figures;
pub mod findings;
pub mod kept;
mod report;
mod section;
pub mod select;
pub mod solutions;
pub mod tables;

use serde_json::Value;

use crate::Error;
use crate::report::Block;
use crate::stats::Shape;
use crate::sweep::{Kind, Work, finished::Finished};
use crate::trial::{self, Class, TrialResult, TrialSpec};

/// Networks of the dissertation: a trial is a [`TrialSpec`], its outcome a [`TrialResult`].
pub struct Networks;

impl Networks {
    fn spec(spec: &Value) -> Result<TrialSpec, String> {
        let mut spec: TrialSpec = serde_json::from_value(spec.clone()).map_err(|e| e.to_string())?;
        // One spelling for one architecture: `silu-32` and `SiLU32` are one trial.
        spec.layers = spec.network().map_err(|e| e.to_string())?.to_string();
        spec.check().map_err(|e| e.to_string())?;
        Ok(spec)
    }
}

/// About how many multiplications an iteration takes: of its rows, through the network, once for each
/// derivative that its class needs.
fn cost(spec: &TrialSpec) -> f64 {
    let Ok(network) = spec.network() else { return 0.0 };
    let weights = network.parameters() as f64;
    // Measured: rows of physics carry a derivative and cost about four times as much as rows of data.
    let terms = match spec.class {
        Class::Ddnn | Class::Itnn => 0.0,
        Class::DdnnA => 4.0,
        Class::Pinn => 5.0,
        Class::PinnA => 9.0,
    };
    let rows = spec.batch as f64 + terms * spec.physics_batch() as f64;
    weights * rows * spec.iterations as f64 * f64::from(spec.windows())
}

impl Kind for Networks {
    fn name(&self) -> &'static str {
        "trial"
    }

    fn check(&self, spec: &Value) -> Result<Value, String> {
        serde_json::to_value(Self::spec(spec)?).map_err(|e| e.to_string())
    }

    fn label(&self, spec: &Value) -> String {
        Self::spec(spec).map_or_else(
            |_| spec.to_string(),
            |s| {
                format!(
                    "{} {} {} {}, batch {}, seed {}",
                    s.experiment, s.problem, s.class, s.layers, s.batch, s.seed
                )
            },
        )
    }

    fn cost(&self, spec: &Value) -> f64 {
        Self::spec(spec).map_or(0.0, |s| cost(&s))
    }

    fn run(&self, spec: &Value, work: &Work<'_>) -> Result<Value, Error> {
        let failed = |why: String| Error::Trial { trial: self.label(spec), why };
        let parsed = Self::spec(spec).map_err(failed)?;
        let mut beat = |p: trial::Progress| {
            // Evaluation comes after the last iteration, and data before the first.
            work.beat(p.iteration as f64 / p.iterations.max(1) as f64);
        };
        let result = match trial::run(&parsed, work.folder, work.cache, work.stop, &mut beat) {
            Err(Error::TrialStopped(_)) => return Err(Error::Interrupted { resume: String::new() }),
            other => other?,
        };
        // JSON has no NaN: such a result could be written and never read.
        let errors = [result.scores.euler, result.scores.accurate];
        if errors.iter().any(|e| !e.mean.is_finite() || !e.max.is_finite()) {
            return Err(failed(
                "the trained network gives values that are no numbers; try another seed".into(),
            ));
        }
        serde_json::to_value(result).map_err(|e| failed(e.to_string()))
    }

    fn columns(&self, spec: &Value, outcome: &Value) -> Vec<(String, Value)> {
        let named = |of: &Value, names: &[&str]| -> Vec<(String, Value)> {
            names.iter().map(|n| ((*n).to_owned(), of[*n].clone())).collect()
        };
        let mut columns =
            named(spec, &["experiment", "problem", "class", "layers", "batch", "seed", "iterations"]);
        let shape = spec["layers"].as_str().and_then(Shape::of_layers);
        columns.push(("shape".into(), shape.map_or(Value::Null, |s| s.to_string().into())));
        columns.extend(named(outcome, &["neurons", "parameters"]));
        let scores = &outcome["scores"];
        for (name, by, what) in [
            ("mean_error", "euler", "mean"),
            ("max_error", "euler", "max"),
            ("mean_error_accurate", "accurate", "mean"),
            ("max_error_accurate", "accurate", "max"),
        ] {
            columns.push((name.into(), scores[by][what].clone()));
        }
        columns.push(("one_step_mean_error".into(), outcome["one_step"]["euler"]["mean"].clone()));
        columns.push(("reused_mean_error".into(), outcome["reused"]["euler"]["mean"].clone()));
        columns.push(("iteration_us".into(), outcome["iteration_us"].clone()));
        columns
    }

    fn report(&self, sweep: &Finished<'_>) -> Result<Vec<Block>, Error> {
        report::blocks(sweep)
    }
}

/// The results of a sweep of [`Networks`].
///
/// # Errors
/// [`Error::Damaged`] for one that is none.
pub fn results(sweep: &Finished<'_>) -> Result<Vec<TrialResult>, Error> {
    sweep.records.iter().map(|(trial, record)| sweep.parsed(trial, &record.outcome)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_trials_are_equal_however_they_are_written() {
        let spec = |layers: &str, more: Value| {
            let mut spec = json!({
                "experiment": "W-BS2", "problem": "B_S", "class": "DDNN", "layers": layers, "batch": 128,
                "iterations": 1000, "seed": 1
            });
            spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            Networks.check(&spec)
        };
        assert_eq!(spec("silu-32, Tanh 8", json!({})), spec("SiLU32,Tanh8", json!({})));
        assert_eq!(spec("SiLU32", json!({"t_end": 5})), spec("SiLU32", json!({"t_end": 5.0})));
        assert!(spec("SiLU32", json!({"colour": 1})).unwrap_err().contains("colour"));
        assert!(spec("SiLU", json!({})).unwrap_err().contains("layers"));
        // Physics costs more than data, more layers more than fewer.
        let cost =
            |layers: &str, class: &str| Networks.cost(&spec(layers, json!({ "class": class })).unwrap());
        assert!(cost("SiLU32,SiLU32", "PINN") > 4.0 * cost("SiLU32,SiLU32", "DDNN"));
        assert!(cost("SiLU32,SiLU32,SiLU32", "DDNN") > cost("SiLU32,SiLU32", "DDNN"));
    }
}
