//! Training one map: in its own folder, from its own checkpoint, until its result is written.

use std::path::Path;

use serde::{Deserialize, Serialize};
use surrogates::neural_map::{self, LeastSquares, MapTrainer, Pairs};
use surrogates::onnx::Description;
use surrogates::{Checkpoint, NeuralMap, Training as _};

use super::config::{Config, MapId, Method};
use super::data::Data;
use crate::report::scientific;
use crate::training::{Places, Supervision, Training};
use crate::{Error, files};

/// A finished map: `maps/*/result.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trained {
    /// The map.
    pub map: MapId,
    /// Its seed.
    pub seed: u64,
    /// Its number of weights and biases.
    pub parameters: usize,
    /// Iterations of Adam, or steps of least squares.
    pub iterations: u64,
    /// Pairs that it learned from.
    pub pairs: usize,
    /// Wall time of an iteration or step with its share of validations, in the last start; 0 if that found nothing left to
    /// train.
    pub microseconds_per_iteration: f64,
    /// SHA-256 of the exported file.
    pub onnx_sha256: String,
    /// The mean squared error over the validation pairs, standardised (eq. 16).
    pub validation: f64,
    /// The course of its training.
    pub history: Vec<Point>,
}

/// A point of the course of a training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Iterations or steps done.
    pub iteration: u64,
    /// The mean squared error over the training pairs: since the last point, or now.
    pub train: f64,
    /// The same over the validation pairs.
    pub validation: f64,
}

/// A training by either method.
enum Trainer {
    LeastSquares(Box<LeastSquares>),
    Adam(Box<MapTrainer>),
}

impl Trainer {
    /// From the checkpoint, if there is one.
    fn start(
        config: &Config,
        id: &MapId,
        checkpoint: &Path,
        train: &Pairs,
        validation: &Pairs,
    ) -> Result<Self, surrogates::Error> {
        let (state, control) = train.standardization()?;
        let (validation, goes_on) = (Some(validation), checkpoint.exists());
        Ok(match id.method {
            Method::LeastSquares => {
                let settings = config.fit(id, state, control);
                Self::LeastSquares(Box::new(if goes_on {
                    LeastSquares::resume(checkpoint, settings, train, validation)?
                } else {
                    LeastSquares::new(settings, train, validation)?
                }))
            }
            Method::Adam => {
                let settings = config.train(id, state, control);
                Self::Adam(Box::new(if goes_on {
                    MapTrainer::resume(checkpoint, settings, train, validation)?
                } else {
                    MapTrainer::new(settings, train, validation)?
                }))
            }
        })
    }

    fn done(&self) -> u64 {
        match self {
            Self::LeastSquares(fit) => fit.iteration(),
            Self::Adam(trainer) => trainer.iteration(),
        }
    }

    fn end(&self) -> u64 {
        match self {
            Self::LeastSquares(fit) => fit.config().steps,
            Self::Adam(trainer) => trainer.iterations(),
        }
    }

    fn step(&mut self) -> Result<(), surrogates::Error> {
        match self {
            Self::LeastSquares(fit) => fit.step().map(|_| ()),
            Self::Adam(trainer) => trainer.step().map(|_| ()),
        }
    }

    fn save(&self, path: &Path) -> Result<(), surrogates::Error> {
        match self {
            Self::LeastSquares(fit) => fit.save(path),
            Self::Adam(trainer) => trainer.save(path),
        }
    }

    fn map(&self) -> NeuralMap<f64> {
        match self {
            Self::LeastSquares(fit) => fit.map().clone(),
            Self::Adam(trainer) => trainer.map().cast(),
        }
    }

    fn validate(&self) -> f64 {
        let now = match self {
            Self::LeastSquares(fit) => fit.validate(),
            Self::Adam(trainer) => trainer.validate(),
        };
        now.unwrap_or(f64::NAN)
    }

    fn history(&self) -> Vec<Point> {
        let point = |iteration, train, validation| Point { iteration, train, validation };
        match self {
            Self::LeastSquares(fit) => {
                fit.history().iter().map(|r| point(r.step, r.train, r.validation)).collect()
            }
            Self::Adam(trainer) => {
                trainer.history().iter().map(|r| point(r.iteration, r.train, r.validation)).collect()
            }
        }
    }

    fn latest(&self) -> f64 {
        match self {
            Self::LeastSquares(fit) => fit.history().last().map_or(f64::NAN, |r| r.validation),
            Self::Adam(trainer) => trainer.history().last().map_or(f64::NAN, |r| r.validation),
        }
    }
}

/// Everything that the maps of a run share.
pub(crate) struct Shared<'a> {
    pub(crate) places: Places<'a>,
    pub(crate) config: &'a Config,
    pub(crate) data: &'a Data,
    pub(crate) supervision: Supervision<'a>,
}

impl Shared<'_> {
    /// Whether an earlier start finished a map.
    pub(crate) fn finished(&self, map: &MapId) -> bool {
        self.places.is_finished(&map.file_name())
    }

    /// Trains a map to its end and exports it; or returns the result of an earlier start.
    pub(crate) fn train(&self, map: &MapId) -> Result<(Trained, NeuralMap<f64>), Error> {
        let (name, places) = (map.file_name(), self.places);
        if let Some(trained) = places.earlier(&name, |t: &Trained| &t.onnx_sha256)? {
            let found = self.last_state(map, trained.iterations)?;
            return Ok((trained, found));
        }
        places.create(&name)?;
        let model = places.model(&name);
        let failed = failed(map);
        let (training, pairs, microseconds) = self.iterate(map)?;
        let found = training.map();
        let mut description = Description::of_dataset(self.data.set(map));
        description.text = format!("Kuptsov et al. 2022: the β-cell's neural map {}", map.id());
        description.properties = vec![
            ("iterations".into(), training.done().to_string()),
            ("seed".into(), map.seed(self.config.seed).to_string()),
        ];
        neural_map::export(&found.cast(), &description, &model).map_err(&failed)?;
        let trained = Trained {
            map: *map,
            seed: map.seed(self.config.seed),
            parameters: found.parameters().len(),
            iterations: training.done(),
            pairs,
            microseconds_per_iteration: microseconds,
            onnx_sha256: files::sha256_of(&model, "run again with --resume")?,
            validation: training.validate(),
            history: training.history(),
        };
        files::write_json(&places.result(&name), &trained)?;
        self.supervision.progress.line(&format!(
            "  {}: mean squared error of validation {}",
            map.id(),
            scientific(trained.validation)
        ));
        Ok((trained, found))
    }

    /// The map that an earlier start finished after so many iterations, if its checkpoint is still the one that was
    /// judged.
    fn last_state(&self, map: &MapId, iterations: u64) -> Result<NeuralMap<f64>, Error> {
        let path = self.places.checkpoint(&map.file_name());
        let (done, found) = match map.method {
            Method::LeastSquares => {
                Checkpoint::<LeastSquares>::open(&path).map(|c| (c.iteration(), c.network().clone()))
            }
            Method::Adam => {
                Checkpoint::<MapTrainer>::open(&path).map(|c| (c.iteration(), c.network().cast()))
            }
        }
        .map_err(failed(map))?;
        if done != iterations {
            return Err(Error::Damaged {
                path,
                why: format!("it is of iteration {done}, not of the last one"),
                remedy: self.places.again(&map.file_name()),
            });
        }
        Ok(found)
    }

    /// Iterates to the end, from the checkpoint if there is one. Returns the number of pairs and the
    /// wall time of an iteration too.
    fn iterate(&self, map: &MapId) -> Result<(Trainer, usize, f64), Error> {
        let checkpoint = self.places.checkpoint(&map.file_name());
        let (train, validation) = self.data.pairs(map)?;
        let trainer =
            Trainer::start(self.config, map, &checkpoint, &train, &validation).map_err(failed(map))?;
        let end = trainer.end();
        let mut training = Watched { map: *map, trainer };
        // Trainings of both methods are one unit each.
        let seconds = self.supervision.train(&mut training, end, 1.0 / end as f64, &checkpoint)?;
        Ok((training.trainer, train.rows(), seconds * 1e6))
    }
}

/// A training by its map's name.
struct Watched {
    map: MapId,
    trainer: Trainer,
}

impl Training for Watched {
    fn done(&self) -> u64 {
        self.trainer.done()
    }

    fn step(&mut self) -> Result<bool, Error> {
        self.trainer.step().map_err(failed(&self.map)).map(|()| true)
    }

    fn save(&self, checkpoint: &Path) -> Result<(), Error> {
        self.trainer.save(checkpoint).map_err(failed(&self.map))
    }

    fn note(&self) -> String {
        let (trainer, id) = (&self.trainer, self.map.id());
        format!(
            "{id} at {} of {}, validation {}",
            trainer.done(),
            trainer.end(),
            scientific(trainer.latest())
        )
    }

    fn may_look(&self) -> bool {
        matches!(self.trainer, Trainer::LeastSquares(_)) || self.done().is_multiple_of(16)
    }
}

fn failed(map: &MapId) -> impl Fn(surrogates::Error) -> Error + use<> {
    let id = map.id();
    move |source| Error::Training { network: id.clone(), source: Box::new(source) }
}
