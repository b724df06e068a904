//! F-TUNE over a cluster: brackets of candidates as trials of a sweep.
//!
//! The publication halves asynchronously: who goes on depends on who was faster. A trial of a sweep must be
//! the same wherever it runs, so each is a bracket of its own: so many candidates drawn from the spaces by the
//! bracket's seed, and halved together. Brackets wait for nobody, and the best of all is the search's.

mod spec;

use std::fs::File;
use std::sync::Mutex;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
pub use spec::BracketSpec;

use super::cell::CellId;
use super::data::Data;
use super::measure::{Errors, measure};
use super::train::{self, Shared};
use super::tune::{self, Candidate};
use crate::Error;
use crate::report::{Block, Cell, Table, header, scientific};
use crate::sweep::{Kind, Work, finished::Finished};
use crate::training::{Supervision, Watch};

/// Brackets of a search for an operator: a trial is a [`BracketSpec`], its outcome a [`Bracket`].
pub struct Brackets;

/// What a bracket found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bracket {
    /// Its candidates, the best first.
    pub candidates: Vec<Candidate>,
    /// The errors of the best on trajectories that took no part in the choice.
    pub test: Errors,
}

/// Tells the sweep how far a bracket is.
struct Beat<'a> {
    work: &'a Work<'a>,
    total: f64,
    done: Mutex<f64>,
}

impl Watch for Beat<'_> {
    fn add(&self, units: f64, _: &dyn Fn() -> String) {
        let mut done = self.done.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *done += units;
        self.work.beat(*done / self.total);
    }

    fn line(&self, _: &str) {}
}

impl Kind for Brackets {
    fn name(&self) -> &'static str {
        "bracket"
    }

    fn check(&self, spec: &Value) -> Result<Value, String> {
        serde_json::to_value(BracketSpec::parse(spec)?).map_err(|e| e.to_string())
    }

    fn label(&self, spec: &Value) -> String {
        BracketSpec::parse(spec).map_or_else(
            |_| spec.to_string(),
            |s| {
                let space = if s.parameters.is_some() { "constrained" } else { "unconstrained" };
                format!("F-TUNE {} {space}, {} candidates, seed {}", s.cell, s.candidates, s.seed)
            },
        )
    }

    fn cost(&self, spec: &Value) -> f64 {
        BracketSpec::parse(spec).map_or(0.0, |s| {
            let search = s.search();
            // Candidates differ by an order of magnitude; the first rung, which all take, stands for all.
            let config = s.config(s.seed);
            let each = (0..s.candidates).map(|k| tune::draw(&config, &search, k).network.parameters() as f64);
            let mean = each.sum::<f64>() / s.candidates as f64;
            mean * s.total_epochs() as f64 * (s.samples * s.points) as f64
        })
    }

    fn run(&self, spec: &Value, work: &Work<'_>) -> Result<Value, Error> {
        const REMEDY: &str = "check that the sweep's folder is writable and the disk is not full";
        let failed = |why: String| Error::Trial { trial: self.label(spec), why };
        let parsed = BracketSpec::parse(spec).map_err(failed)?;
        let (config, source) = (parsed.config(parsed.seed), parsed.config(parsed.data_seed));
        let folder =
            work.cache.join(format!("pulses-{}-{}-{}", parsed.samples, parsed.points, parsed.data_seed));
        let data = Data::new(&folder, &source)?;
        let sets = {
            // One process generates while others wait; the system frees the lock however a process ends.
            let path = folder.join(format!("{}.lock", parsed.cell));
            let lock = File::create(&path).map_err(Error::io(&path, REMEDY))?;
            lock.lock().map_err(Error::io(&path, REMEDY))?;
            data.sets(parsed.cell)?
        };
        let total = (parsed.total_epochs() * config.iterations_per_epoch()) as f64;
        let beat = Beat { work, total, done: Mutex::new(0.0) };
        let shared = Shared {
            places: train::places(work.folder),
            config: &config,
            data: &data,
            supervision: Supervision {
                progress: &beat,
                stop: work.stop,
                save_every: Duration::from_secs(60),
                resume: "",
            },
            // A sweep has a trial on each thread.
            threads: 1,
        };
        let search = parsed.search();
        let candidates = tune::search(&shared, &search, &sets)?;
        let best = candidates
            .first()
            .filter(|best| best.last_error().is_some())
            .ok_or_else(|| failed("every candidate diverged; try another seed".into()))?;
        let (trainer, _) = shared.iterate(&best.name(), &sets, best.config.clone(), best.epochs(&search))?;
        let test = measure(&trainer.network(), parsed.cell, &sets.test, &sets.variables, 1)?;
        serde_json::to_value(Bracket { candidates, test }).map_err(|e| failed(e.to_string()))
    }

    fn columns(&self, spec: &Value, outcome: &Value) -> Vec<(String, Value)> {
        let of = |value: &Value, name: &str| (name.to_owned(), value[name].clone());
        let best = &outcome["candidates"][0];
        let network = &best["config"]["network"];
        let mut columns: Vec<_> =
            ["cell", "parameters", "seed", "candidates", "epochs"].map(|n| of(spec, n)).into();
        columns[1].0 = "spectral_limit".into();
        columns
            .extend(["layers", "width", "modes", "padding", "variant", "activation"].map(|n| of(network, n)));
        columns.push(of(best, "parameters"));
        columns.push(("learning_rate".into(), best["config"]["adam"]["learning_rate"].clone()));
        columns.push(of(&best["config"], "weight_decay"));
        let last = best["errors"].as_array().and_then(|e| e.last()).cloned();
        columns.push(("validation".into(), last.unwrap_or(Value::Null)));
        let l2: Vec<f64> =
            outcome["test"]["l2"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
        let mean = l2.iter().sum::<f64>() / l2.len() as f64;
        columns.push(("test_l2".into(), if l2.is_empty() { Value::Null } else { mean.into() }));
        columns
    }

    fn report(&self, sweep: &Finished<'_>) -> Result<Vec<Block>, Error> {
        let mut found = Vec::new();
        for (trial, record) in &sweep.records {
            let spec: BracketSpec = sweep.parsed(trial, &trial.spec)?;
            let bracket: Bracket = sweep.parsed(trial, &record.outcome)?;
            found.push((spec, bracket));
        }
        let mut blocks = Vec::new();
        for cell in CellId::ALL {
            for constrained in [true, false] {
                let mut of: Vec<_> = found
                    .iter()
                    .filter(|(s, _)| s.cell == cell && s.parameters.is_some() == constrained)
                    .collect();
                if of.is_empty() {
                    continue;
                }
                of.sort_by(|a, b| last_error(&a.1).total_cmp(&last_error(&b.1)));
                blocks.push(Block::Table(best_of(cell, constrained, &of)));
            }
        }
        Ok(blocks)
    }
}

/// The validation error of a bracket's best.
fn last_error(bracket: &Bracket) -> f64 {
    bracket.candidates.first().and_then(Candidate::last_error).unwrap_or(f64::INFINITY)
}

/// As many networks as a reader compares.
const SHOWN: usize = 10;

fn best_of(cell: CellId, constrained: bool, brackets: &[&(BracketSpec, Bracket)]) -> Table {
    let candidates: usize = brackets.iter().map(|(s, _)| s.candidates).sum();
    let rows = brackets.iter().take(SHOWN).filter_map(|(spec, bracket)| {
        let best = bracket.candidates.first()?;
        Some(vec![
            Cell::text(spec.seed.to_string()),
            Cell::text(best.config.network.to_string()),
            Cell::text(best.parameters.to_string()),
            Cell::number(Some(best.config.adam.learning_rate)),
            Cell::number(Some(best.config.weight_decay)),
            Cell::text(spec.epochs.to_string()),
            Cell::text(scientific(last_error(bracket))),
            Cell::text(scientific(bracket.test.mean_l2())),
        ])
    });
    Table {
        caption: format!(
            "{}, {} space: the best of {} brackets with {candidates} candidates, by their error over validation \
             trajectories; beside it that over test trajectories.",
            cell.title(),
            if constrained { "constrained" } else { "unconstrained" },
            brackets.len()
        ),
        header: header([
            "seed",
            "network",
            "parameters",
            "learning rate",
            "weight decay",
            "epochs",
            "validation",
            "test",
        ]),
        rows: rows.collect(),
        ..Table::default()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use serde_json::json;

    use super::*;
    use crate::interrupt::Stop;

    fn spec(more: Value) -> Result<Value, String> {
        let mut spec = json!({
            "cell": "fhn", "seed": 3, "candidates": 4, "epochs": 4, "parameters": 4000, "samples": 20,
            "points": 40, "batch": 8, "small": true
        });
        spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Brackets.check(&spec)
    }

    #[test]
    fn a_bracket_that_was_stopped_finds_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(&path).unwrap();
            path
        };
        let (whole, parts, cache) = (place("whole"), place("parts"), place("cache"));
        let (spec, progress) = (spec(json!({})).unwrap(), AtomicU64::new(0));
        let uncut = Brackets.run(&spec, &Work::new(&whole, &cache, Stop::new(), &progress)).unwrap();
        assert_eq!(f64::from_bits(progress.load(std::sync::atomic::Ordering::Relaxed)), 1.0);
        let stop = Stop::new();
        stop.request();
        for _ in 0..3 {
            let stopped = Brackets.run(&spec, &Work::new(&parts, &cache, stop, &progress));
            assert!(matches!(stopped, Err(Error::Interrupted { .. })));
        }
        let cut = Brackets.run(&spec, &Work::new(&parts, &cache, Stop::new(), &progress)).unwrap();
        assert_eq!(uncut, cut);
        let bracket: Bracket = serde_json::from_value(cut.clone()).unwrap();
        let reached: Vec<usize> = bracket.candidates.iter().map(|c| c.errors.len()).collect();
        assert_eq!(reached, [2, 1, 1, 1], "one of four goes on");
        let columns = Brackets.columns(&spec, &cut);
        assert!(columns.iter().all(|(_, value)| !value.is_null()), "{columns:?}");
    }

    #[test]
    fn bad_brackets_say_what_is_wrong() {
        let wrong = |more: Value, word: &str| {
            let why = spec(more).unwrap_err();
            assert!(why.contains(word), "{why}");
        };
        wrong(json!({ "cell": "dog" }), "fhn");
        wrong(json!({ "candidates": 0 }), "candidates");
        wrong(json!({ "reduction": 1 }), "reduction");
        wrong(json!({ "halvings": 2 }), "fewer halvings");
        wrong(json!({ "halvings": 200 }), "fewer halvings");
        wrong(json!({ "halvings": u32::MAX }), "fewer halvings");
        wrong(json!({ "epochs": u64::MAX }), "epochs");
        wrong(json!({ "points": u64::MAX }), "points");
        wrong(json!({ "samples": 3 }), "samples");
        wrong(json!({ "colour": 1 }), "colour");
    }
}
