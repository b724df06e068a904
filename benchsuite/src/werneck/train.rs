//! Training one network: in its own folder, from its own checkpoint, until its result is written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use surrogates::{Record, SystemField, Trainer, Training as _, TrainingSet, onnx};

use super::config::Config;
use super::data::Data;
use super::evaluate::{self, Evaluation};
use super::network::{Class, Network};
use crate::metrics::{Metrics, Progressed};
use crate::report::scientific;
use crate::training::{Places, Supervision, Training};
use crate::{Error, files};

/// A finished network: `networks/*/result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// The network.
    pub network: Network,
    /// Its seed.
    pub seed: u64,
    /// Its number of weights and biases.
    pub parameters: usize,
    /// Iterations done.
    pub iterations: u64,
    /// Wall time of an iteration with its share of validations, in the last start; 0 if that found nothing left to
    /// train.
    pub microseconds_per_iteration: f64,
    /// SHA-256 of the exported file.
    pub onnx_sha256: String,
    /// Its errors.
    pub evaluation: Evaluation,
}

/// Where a run has its networks.
pub(crate) fn places(run: &Path) -> Places<'_> {
    Places::new(run, "networks", "network")
}

/// The log of a network.
pub(crate) fn metrics_path(places: &Places<'_>, network: &Network) -> PathBuf {
    places.folder(&network.file_name()).join("metrics.jsonl")
}

/// Everything that the networks of a run share.
pub(crate) struct Shared<'a> {
    pub(crate) places: Places<'a>,
    pub(crate) config: &'a Config,
    pub(crate) data: &'a Data,
    pub(crate) supervision: Supervision<'a>,
}

/// A training that writes its validations to a log.
struct Logged {
    id: String,
    trainer: Trainer,
    metrics: Metrics,
    /// The iteration of the last validation, and the mean error there.
    latest: Option<(u64, f64)>,
}

impl Logged {
    fn failed(&self) -> impl Fn(surrogates::Error) -> Error + '_ {
        |e| Error::Training { network: self.id.clone(), source: Box::new(e) }
    }
}

impl Training for Logged {
    fn done(&self) -> u64 {
        self.trainer.iteration()
    }

    fn step(&mut self) -> Result<bool, Error> {
        let stepped = self.trainer.step();
        if let Some(record) = stepped.map_err(self.failed())?.1 {
            let line = progressed(&record);
            self.latest = Some((line.iteration, line.mean_error));
            self.metrics.push(&line)?;
        }
        Ok(true)
    }

    fn save(&self, checkpoint: &Path) -> Result<(), Error> {
        self.trainer.save(checkpoint).map_err(self.failed())
    }

    fn note(&self) -> String {
        let latest = self.latest.map_or(f64::NAN, |l| l.1);
        format!("{} at {}, mean error {}", self.id, self.done(), scientific(latest))
    }

    fn may_look(&self) -> bool {
        self.done().is_multiple_of(64) || self.latest.is_some_and(|l| l.0 == self.done())
    }
}

impl Shared<'_> {
    /// Whether an earlier start finished a network, as far as the disk shows without opening checkpoints.
    pub(crate) fn finished(&self, network: &Network) -> bool {
        self.places.is_finished(&network.file_name())
    }

    /// The work of a network in units that take about the same time.
    pub(crate) fn weight(&self, network: &Network) -> f64 {
        // A physics batch carries derivatives: measured at about four times the cost.
        self.config.iterations as f64 * if network.class == Class::Pinn { 4.0 } else { 1.0 }
    }

    /// Trains a network to its end, exports it and evaluates the exported file; or returns the
    /// result of an earlier start.
    pub(crate) fn train(&self, network: &Network) -> Result<Trained, Error> {
        let (name, places) = (network.file_name(), self.places);
        if let Some(trained) = places.earlier(&name, |t: &Trained| &t.onnx_sha256)? {
            return Ok(trained);
        }
        places.create(&name)?;
        let (trainer, microseconds) = self.iterate(network)?;

        let model = places.model(&name);
        self.export(network, &trainer, &model)?;
        let trained = Trained {
            network: network.clone(),
            seed: network.seed(self.config.seed),
            parameters: network.spec()?.parameters(),
            iterations: trainer.iteration(),
            microseconds_per_iteration: microseconds,
            onnx_sha256: files::sha256_of(&model, "run again with --resume")?,
            evaluation: evaluate::evaluate(&model, self.data)?,
        };
        files::write_json(&places.result(&name), &trained)?;
        self.supervision.progress.line(&format!(
            "  {}: mean error {}, greatest {}",
            network.id(),
            scientific(trained.evaluation.euler.mean),
            scientific(trained.evaluation.euler.max),
        ));
        Ok(trained)
    }

    /// Iterates to the end, from the checkpoint if there is one. Returns the wall time of an
    /// iteration too.
    fn iterate(&self, network: &Network) -> Result<(Trainer, f64), Error> {
        let failed = |e: surrogates::Error| Error::Training { network: network.id(), source: Box::new(e) };
        let checkpoint = self.places.checkpoint(&network.file_name());
        let config = self.config.train(network)?;
        let set = self.training_set(network)?;
        let trainer = if checkpoint.exists() {
            Trainer::resume(&checkpoint, config, set).map_err(failed)?
        } else {
            Trainer::new(config, set).map_err(failed)?
        };
        let metrics =
            Metrics::resume::<Progressed>(&metrics_path(&self.places, network), trainer.iteration())?;
        let unit = self.weight(network) / self.config.iterations as f64;
        let mut training = Logged { id: network.id(), trainer, metrics, latest: None };
        let seconds = self.supervision.train(&mut training, self.config.iterations, unit, &checkpoint)?;
        Ok((training.trainer, seconds * 1e6))
    }

    fn export(&self, network: &Network, trainer: &Trainer, path: &Path) -> Result<(), Error> {
        let mut description = onnx::Description::of_dataset(self.data.dataset(network.set));
        description.text = format!("Werneck 2024, problem A: {}", network.id());
        description.properties = vec![
            ("iterations".into(), trainer.iteration().to_string()),
            ("seed".into(), network.seed(self.config.seed).to_string()),
        ];
        onnx::export(trainer.network(), &description, path)
            .map_err(|e| Error::Training { network: network.id(), source: Box::new(e) })
    }

    fn training_set(&self, network: &Network) -> Result<TrainingSet, Error> {
        let field = (network.class == Class::Pinn).then(|| {
            let system = super::cell();
            Arc::new(SystemField::wide(system, 0, "fitzhugh_nagumo/werneck"))
                as Arc<dyn surrogates::VectorField>
        });
        Ok(TrainingSet {
            train: Some(self.data.training(network.set)?),
            validation: Some(self.data.validation_samples()?),
            field,
            ..TrainingSet::default()
        })
    }
}

fn progressed(record: &Record) -> Progressed {
    let losses = record.losses;
    let validation = record.validation;
    Progressed {
        iteration: record.iteration,
        loss: losses.total,
        data: losses.data,
        physics: losses.physics,
        initial: losses.initial,
        lr: record.learning_rate,
        mean_error: validation.map_or(f64::NAN, |v| v.mean),
        max_error: validation.map_or(f64::NAN, |v| v.max),
    }
}
