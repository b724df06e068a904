//! Training one map: in its own folder, from its own checkpoint, until its result is written.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use surrogates::NeuralMap;
use surrogates::neural_map::{self, MapCheckpoint, MapRecord, MapTrainer};
use surrogates::onnx::Description;

use super::config::{Config, MapId};
use super::data::Data;
use crate::interrupt::Stop;
use crate::progress::Progress;
use crate::report::scientific;
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
    /// Iterations done.
    pub iterations: u64,
    /// Pairs that it learned from.
    pub pairs: usize,
    /// Wall time of an iteration with its share of validations, in the last start that trained it.
    pub microseconds_per_iteration: f64,
    /// SHA-256 of the exported file.
    pub onnx_sha256: String,
    /// The mean squared error over the validation pairs, standardised (eq. 16).
    pub validation: f64,
    /// The course of its training.
    pub history: Vec<MapRecord>,
}

/// Everything that the maps of a run share.
pub(crate) struct Shared<'a> {
    pub(crate) run: &'a Path,
    pub(crate) config: &'a Config,
    pub(crate) data: &'a Data,
    pub(crate) progress: &'a Progress,
    pub(crate) stop: Stop,
    /// How often the state is saved while training goes on.
    pub(crate) save_every: Duration,
    pub(crate) resume: &'a str,
}

/// How long a stop may wait, and how often progress is shown.
const LOOK_EVERY: Duration = Duration::from_millis(200);

impl Shared<'_> {
    /// The folder of a map.
    pub(crate) fn folder(&self, map: &MapId) -> PathBuf {
        self.run.join("maps").join(map.file_name())
    }

    fn checkpoint(&self, map: &MapId) -> PathBuf {
        self.folder(map).join("checkpoint.safetensors")
    }

    fn model_path(&self, map: &MapId) -> PathBuf {
        self.run.join("models").join(format!("{}.onnx", map.file_name()))
    }

    /// Whether an earlier start finished a map.
    pub(crate) fn finished(&self, map: &MapId) -> bool {
        self.folder(map).join("result.json").exists()
    }

    /// Trains a map to its end and exports it; or returns the result of an earlier start.
    pub(crate) fn train(&self, map: &MapId) -> Result<(Trained, NeuralMap), Error> {
        let folder = self.folder(map);
        let result_path = folder.join("result.json");
        if result_path.exists() {
            return self.finished_result(map, &result_path);
        }
        let model = self.model_path(map);
        for needed in [Some(folder.as_path()), model.parent()].into_iter().flatten() {
            std::fs::create_dir_all(needed)
                .map_err(Error::io(needed, "check that the run's folder is writable"))?;
        }
        let failed = failed(map);
        let (trainer, pairs, microseconds) = self.iterate(map)?;
        let mut description = Description::of_dataset(self.data.set(map));
        description.text = format!("Kuptsov et al. 2022: the β-cell's neural map {}", map.id());
        description.properties = vec![
            ("iterations".into(), trainer.iteration().to_string()),
            ("seed".into(), map.seed(self.config.seed).to_string()),
        ];
        neural_map::export(trainer.map(), &description, &model).map_err(&failed)?;
        let bytes = std::fs::read(&model).map_err(Error::io(&model, "run again with --resume"))?;
        let trained = Trained {
            map: *map,
            seed: map.seed(self.config.seed),
            parameters: trainer.map().parameters().len(),
            iterations: trainer.iteration(),
            pairs,
            microseconds_per_iteration: microseconds,
            onnx_sha256: files::sha256(&bytes),
            validation: trainer.validate().unwrap_or(f64::NAN),
            history: trainer.history().to_vec(),
        };
        files::write_json(&result_path, &trained)?;
        self.progress.line(&format!(
            "  {}: mean squared error of validation {}",
            map.id(),
            scientific(trained.validation)
        ));
        Ok((trained, trainer.map().clone()))
    }

    /// A result of an earlier start, with its map, if the checkpoint is still the one that was judged.
    fn finished_result(&self, map: &MapId, path: &Path) -> Result<(Trained, NeuralMap), Error> {
        let again = format!("delete {} to train the map again", self.folder(map).display());
        let trained: Trained = files::read_json(path, &again)?;
        let checkpoint = MapCheckpoint::open(&self.checkpoint(map)).map_err(failed(map))?;
        if checkpoint.iteration() != trained.iterations {
            return Err(Error::Damaged {
                path: self.checkpoint(map),
                why: format!("it is of iteration {}, not of the last one", checkpoint.iteration()),
                remedy: again,
            });
        }
        Ok((trained, checkpoint.map().clone()))
    }

    /// Iterates to the end, from the checkpoint if there is one. Returns the number of pairs and the
    /// wall time of an iteration too.
    fn iterate(&self, map: &MapId) -> Result<(MapTrainer, usize, f64), Error> {
        let failed = failed(map);
        let checkpoint = self.checkpoint(map);
        let (train, validation) = self.data.pairs(map)?;
        let (state, control) = train.standardization().map_err(&failed)?;
        let config = self.config.train(map, state, control);
        let mut trainer = if checkpoint.exists() {
            MapTrainer::resume(&checkpoint, config, &train, Some(&validation)).map_err(&failed)?
        } else {
            MapTrainer::new(config, &train, Some(&validation)).map_err(&failed)?
        };
        let (first, end) = (trainer.iteration(), trainer.iterations());
        self.progress.add(first as f64, || map.id());
        let started = Instant::now();
        let (mut looked, mut saved, mut counted) = (started, started, first);
        let look_every = LOOK_EVERY.min(self.save_every);
        let mut latest = trainer.history().last().map_or(f64::NAN, |r| r.validation);
        while trainer.iteration() < end {
            let (_, record) = trainer.step().map_err(&failed)?;
            if let Some(record) = record {
                latest = record.validation;
            }
            // The clock is read once in a while only.
            if !trainer.iteration().is_multiple_of(16) || looked.elapsed() < look_every {
                continue;
            }
            looked = Instant::now();
            let done = trainer.iteration();
            self.progress.add((done - counted) as f64, || {
                format!("{} at {done}, validation {}", map.id(), scientific(latest))
            });
            counted = done;
            if self.stop.requested() {
                trainer.save(&checkpoint).map_err(&failed)?;
                return Err(Error::Interrupted { resume: self.resume.to_owned() });
            }
            if saved.elapsed() >= self.save_every {
                trainer.save(&checkpoint).map_err(&failed)?;
                saved = Instant::now();
            }
        }
        let done = trainer.iteration();
        self.progress.add((done - counted) as f64, || map.id());
        trainer.save(&checkpoint).map_err(&failed)?;
        let microseconds = started.elapsed().as_secs_f64() * 1e6 / (done - first).max(1) as f64;
        Ok((trainer, train.rows(), microseconds))
    }
}

fn failed(map: &MapId) -> impl Fn(surrogates::Error) -> Error + use<> {
    let id = map.id();
    move |source| Error::Training { network: id.clone(), source: Box::new(source) }
}
