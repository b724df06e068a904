//! One network: trained in its own folder, from its own checkpoint, exported and evaluated.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use surrogates::neural_ode::{self, OdeConfig, OdeTrainer, Pace, Window};
use surrogates::onnx::{Description, Label};
use surrogates::{Error as Failure, Samples, Trainer, Training as Iterates, TrainingSet, onnx};

use super::arm::Learner;
use super::config::{Config, Trial};
use super::evaluate::{self, Evaluation};
use super::truth::Truth;
use crate::figures;
use crate::report::scientific;
use crate::training::{Places, Supervision, Training};
use crate::{Error, files};

/// A finished network: `trials/*/result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// What was trained.
    pub trial: Trial,
    /// Its seed.
    pub seed: u64,
    /// Its number of weights and biases.
    pub parameters: usize,
    /// Iterations done.
    pub iterations: u64,
    /// Wall time of an iteration in the last start; 0 if that found nothing left to
    /// train.
    pub microseconds_per_iteration: f64,
    /// SHA-256 of the exported file.
    pub onnx_sha256: String,
    /// Why the training ended before its last iteration, if it did.
    pub failure: Option<String>,
    /// Iterations that met a trajectory that diverged.
    pub diverged: u64,
    /// The course of its training: iteration, data term, physics term.
    pub course: Vec<(u64, f64, f64)>,
    /// The extrapolation.
    pub evaluation: Evaluation,
}

/// Where a run has its networks.
pub(crate) fn places(run: &Path) -> Places<'_> {
    Places::new(run, "trials", "network")
}

/// Everything that the networks of a run share.
pub(crate) struct Shared<'a> {
    pub(crate) places: Places<'a>,
    pub(crate) config: &'a Config,
    pub(crate) truths: &'a [Truth],
    pub(crate) ends: &'a [f64],
    pub(crate) supervision: Supervision<'a>,
}

impl Shared<'_> {
    /// Whether an earlier start finished a network.
    pub(crate) fn finished(&self, trial: &Trial) -> bool {
        self.places.is_finished(&trial.file_name())
    }

    fn truth(&self, trial: &Trial) -> &Truth {
        let own = self.truths.iter().find(|t| t.subject == trial.arm.subject);
        own.expect("invariant: the truth of every subject of the run was computed")
    }

    /// Trains a network to its end, exports and evaluates it; or returns the result of an earlier start.
    pub(crate) fn train(&self, trial: &Trial) -> Result<Trained, Error> {
        let (name, places) = (trial.file_name(), self.places);
        if let Some(trained) = places.earlier(&name, |t: &Trained| &t.onnx_sha256)? {
            return Ok(trained);
        }
        places.create(&name)?;
        let (checkpoint, model) = (places.checkpoint(&name), places.model(&name));
        let trained = match trial.arm.learner {
            Learner::NeuralOde => self.neural_ode(trial, &checkpoint, &model)?,
            Learner::Pinn => self.pinn(trial, &checkpoint, &model)?,
        };
        files::write_json(&places.result(&name), &trained)?;
        let horizon = trained.evaluation.horizons.first();
        let percent = |x: Option<f64>| x.map_or("none".into(), |x| format!("{x:.2} %"));
        self.supervision.progress.line(&format!(
            "  {}: to {} ms frequency error {}, amplitude error {}, error {}",
            trial.id(),
            horizon.map_or(0.0, |h| h.end),
            percent(horizon.and_then(|h| h.frequency_error)),
            percent(horizon.and_then(|h| h.amplitude_error)),
            horizon.and_then(|h| h.error).map_or("none".into(), scientific),
        ));
        Ok(trained)
    }

    fn neural_ode(&self, trial: &Trial, checkpoint: &Path, model: &Path) -> Result<Trained, Error> {
        let (failed, truth) = (failed(trial), self.truth(trial));
        let seed = trial.seed(self.config.seed);
        let config: OdeConfig = self.config.neural_ode(trial, truth).map_err(&failed)?;
        let window: Window = truth
            .window(trial.arm.window)
            .and_then(|w| w.with_noise(trial.arm.noise, seed))
            .map_err(&failed)?;
        let dt = match config.pace {
            Pace::Steps(steps) => truth.dt / f64::from(steps),
            Pace::Samples(samples) => truth.dt * f64::from(samples),
        };
        let method = config.method;
        let field = config.physics.is_some().then(|| Arc::clone(truth.field()));
        let trainer = if checkpoint.exists() {
            OdeTrainer::resume(checkpoint, config, window, field).map_err(&failed)?
        } else {
            OdeTrainer::new(config, window, field).map_err(&failed)?
        };
        let (trainer, microseconds, failure) = self.iterate(trial, trainer, checkpoint)?;
        let network = trainer.network();
        let description = self.describe(trial, truth, trainer.iteration());
        neural_ode::export(network, &description, model).map_err(&failed)?;
        let step = model.with_extension("step.onnx");
        neural_ode::export_step(network, (method, dt, 1), &description, &step).map_err(&failed)?;
        let found = evaluate::extrapolate(&network.field(), method, dt, truth);
        let ends = self.ends(truth);
        let course = trainer.history().iter().map(|r| (r.iteration, r.losses.data, r.losses.physics));
        Ok(Trained {
            trial: trial.clone(),
            seed,
            parameters: network.parameters().len(),
            iterations: trainer.iteration(),
            microseconds_per_iteration: microseconds,
            onnx_sha256: files::sha256_of(model, "run again with --resume")?,
            failure,
            diverged: trainer.diverged(),
            course: course.map(rounded).collect(),
            evaluation: evaluate::evaluate(&found, truth, &ends, trial.repeat == 1)?,
        })
    }

    fn pinn(&self, trial: &Trial, checkpoint: &Path, model: &Path) -> Result<Trained, Error> {
        let (failed, truth) = (failed(trial), self.truth(trial));
        let config = self.config.pinn(trial, truth).map_err(&failed)?;
        let window = truth.window(trial.arm.window).map_err(&failed)?;
        let n = truth.states();
        let times = (0..window.rows()).map(|i| window.time(i) as f32).collect();
        let states = window.values().iter().map(|x| *x as f32).collect();
        let set = TrainingSet {
            train: Some(Samples::new(1, n, times, states).map_err(&failed)?),
            field: Some(Arc::clone(truth.field())),
            ..TrainingSet::default()
        };
        let trainer = if checkpoint.exists() {
            Trainer::resume(checkpoint, config, set).map_err(&failed)?
        } else {
            Trainer::new(config, set).map_err(&failed)?
        };
        let (trainer, microseconds, failure) = self.iterate(trial, trainer, checkpoint)?;
        let mut description = self.describe(trial, truth, trainer.iteration());
        description.inputs = vec![Label::new("t", "ms")];
        onnx::export(trainer.network(), &description, model).map_err(&failed)?;
        let rows = truth.rows.len() / n;
        let times: Vec<f32> = (0..rows).map(|i| (i as f64 * truth.dt) as f32).collect();
        let mut found = vec![0.0f32; rows * n];
        trainer.network().predict(&times, &mut found).map_err(&failed)?;
        let found: Vec<f64> = found.into_iter().map(f64::from).collect();
        let course = trainer.history().iter().map(|r| (r.iteration, r.losses.data, r.losses.physics));
        Ok(Trained {
            trial: trial.clone(),
            seed: trial.seed(self.config.seed),
            parameters: trainer.network().parameters().len(),
            iterations: trainer.iteration(),
            microseconds_per_iteration: microseconds,
            onnx_sha256: files::sha256_of(model, "run again with --resume")?,
            failure,
            diverged: 0,
            course: course.map(rounded).collect(),
            evaluation: evaluate::evaluate(&found, truth, &self.ends(truth), trial.repeat == 1)?,
        })
    }

    /// The ends of horizons that the truth reaches; its own end if it is short.
    fn ends(&self, truth: &Truth) -> Vec<f64> {
        let own = (truth.rows.len() / truth.states() - 1) as f64 * truth.dt;
        let reached: Vec<f64> = self.ends.iter().copied().filter(|end| *end <= own + 1e-9).collect();
        if truth.subject == super::arm::Subject::LuoRudy || reached.is_empty() { vec![own] } else { reached }
    }

    fn describe(&self, trial: &Trial, truth: &Truth, iterations: u64) -> Description {
        let labels =
            || truth.names.iter().map(|n| Label::new(n, if n == "V" { "mV" } else { "1" })).collect();
        Description {
            text: format!("Kainth et al. 2025: {}", trial.id()),
            inputs: labels(),
            targets: labels(),
            properties: vec![
                ("iterations".into(), iterations.to_string()),
                ("seed".into(), trial.seed(self.config.seed).to_string()),
            ],
            ..Description::default()
        }
    }

    /// Iterates to the end. Returns the trainer, the wall time of an iteration in µs, and why it ended early, if
    /// it did: a training that diverges is a result.
    fn iterate<T: Iterates>(
        &self,
        trial: &Trial,
        trainer: T,
        checkpoint: &Path,
    ) -> Result<(T, f64, Option<String>), Error> {
        let mut training = MayDiverge { trial, trainer, failure: None };
        let seconds = self.supervision.train(&mut training, self.config.iterations, 1.0, checkpoint)?;
        Ok((training.trainer, seconds * 1e6, training.failure))
    }
}

/// A training that may end by diverging.
struct MayDiverge<'a, T> {
    trial: &'a Trial,
    trainer: T,
    failure: Option<String>,
}

impl<T: Iterates> Training for MayDiverge<'_, T> {
    fn done(&self) -> u64 {
        self.trainer.iteration()
    }

    fn step(&mut self) -> Result<bool, Error> {
        match self.trainer.step() {
            Ok(_) => Ok(true),
            Err(e @ (Failure::Diverged { .. } | Failure::NotFinite { .. })) => {
                self.failure = Some(e.to_string());
                Ok(false)
            }
            Err(e) => Err(failed(self.trial)(e)),
        }
    }

    fn save(&self, checkpoint: &Path) -> Result<(), Error> {
        self.trainer.save(checkpoint).map_err(failed(self.trial))
    }

    fn note(&self) -> String {
        format!("{} at {}", self.trial.id(), self.done())
    }
}

fn rounded((iteration, data, physics): (u64, f64, f64)) -> (u64, f64, f64) {
    (iteration, figures::rounded(data), figures::rounded(physics))
}

fn failed(trial: &Trial) -> impl Fn(Failure) -> Error + use<> {
    let id = trial.id();
    move |source| Error::Training { network: id.clone(), source: Box::new(source) }
}
