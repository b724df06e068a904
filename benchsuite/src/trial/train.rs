//! Training one network in a folder: from its checkpoint, until its iterations are done.

use std::path::Path;
use std::time::{Duration, Instant};

use surrogates::{Record, TrainConfig, Trainer, Training as _, TrainingSet};

use super::Course;
use crate::Error;
use crate::compare::clock::cpu;
use crate::figures::rounded;
use crate::interrupt::Stop;

/// How often the state is saved.
const SAVE_EVERY: Duration = Duration::from_secs(20);
/// How often the caller hears of it. A stop is looked for after every block.
const BEAT_EVERY: Duration = Duration::from_millis(250);
/// Iterations between looks at the clock: an iteration takes microseconds.
const BLOCK: u64 = 256;
/// The most validations that are kept of a course.
const COURSE: usize = 100;

/// A trained network.
pub(super) struct Trained {
    pub(super) trainer: Trainer,
    /// CPU time of an iteration without its share of validations.
    pub(super) iteration_us: f64,
}

/// Iterates to the end. `beat` receives iterations done and the mean error of the last validation.
pub(super) fn train(
    name: &str,
    folder: &Path,
    config: TrainConfig,
    set: TrainingSet,
    iterations: u64,
    stop: Stop,
    beat: &mut dyn FnMut(u64, Option<f64>),
) -> Result<Trained, Error> {
    let failed = |e: surrogates::Error| Error::Training { network: name.to_owned(), source: Box::new(e) };
    let checkpoint = folder.join("checkpoint.safetensors");
    let validate_every = config.validate_every;
    let mut trainer = if checkpoint.exists() {
        Trainer::resume(&checkpoint, config, set).map_err(failed)?
    } else {
        Trainer::new(config, set).map_err(failed)?
    };
    let first = trainer.iteration();
    let mean = |r: &Record| r.validation.map(|v| v.mean);
    let mut latest = trainer.history().last().and_then(mean);
    let (mut seconds, mut timed) = (0.0, 0_u64);
    let (mut saved, mut looked) = (Instant::now(), Instant::now());
    while trainer.iteration() < iterations {
        // Up to the iteration that validates, which is not timed.
        let before = validate_every - 1 - trainer.iteration() % validate_every;
        let block = before.min(BLOCK).min(iterations - trainer.iteration());
        if block == 0 {
            if let Some(record) = trainer.step().map_err(failed)?.1 {
                latest = mean(&record);
            }
        } else {
            let started = cpu();
            for _ in 0..block {
                trainer.step().map_err(failed)?;
            }
            seconds += cpu() - started;
            timed += block;
        }
        if stop.requested() {
            trainer.save(&checkpoint).map_err(failed)?;
            return Err(Error::TrialStopped(folder.to_owned()));
        }
        if looked.elapsed() < BEAT_EVERY {
            continue;
        }
        looked = Instant::now();
        beat(trainer.iteration(), latest);
        if saved.elapsed() >= SAVE_EVERY {
            trainer.save(&checkpoint).map_err(failed)?;
            saved = Instant::now();
        }
    }
    if trainer.iteration() > first {
        trainer.save(&checkpoint).map_err(failed)?;
    }
    beat(trainer.iteration(), latest);
    Ok(Trained { trainer, iteration_us: seconds * 1e6 / timed.max(1) as f64 })
}

/// At most [`COURSE`] records, spread evenly, the last among them.
pub(super) fn course(trainer: &Trainer) -> Course {
    let history = trainer.history();
    let n = history.len();
    let take = n.min(COURSE);
    let kept: Vec<&Record> = (1..=take).map(|i| &history[i * n / take - 1]).collect();
    let error = |pick: fn(surrogates::Validation) -> f64| {
        kept.iter().map(|r| rounded(r.validation.map_or(f64::NAN, pick))).collect()
    };
    Course {
        iteration: kept.iter().map(|r| r.iteration).collect(),
        loss: kept.iter().map(|r| rounded(r.losses.total)).collect(),
        mean_error: error(|v| v.mean),
        max_error: error(|v| v.max),
    }
}
