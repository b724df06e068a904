//! Training on disk: everything that the next iteration depends on, in one safetensors file.
//!
//! Tensors: `layer.K.weight` `[inputs, outputs]` and `layer.K.bias` `[outputs]` for each layer K,
//! `adam.m` and `adam.v` for all parameters in the same order (all F32), and the history, one column
//! a tensor: `history.iteration` (U64), `history.data`, `history.physics`, `history.initial`,
//! `history.total`, `history.learning_rate`, `history.validation_mean` and
//! `history.validation_max` (F64, NaN where there is no validation set).
//!
//! The header's metadata has one entry, `ionic-surrogates.checkpoint`: JSON with the format number,
//! the settings, the hash of data and equations, the state of optimiser, schedule and random
//! numbers, and a SHA-256 over all of that and over every tensor.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::data::SamplerState;
use crate::sealed::{self, Column, Field, f32s};
use crate::{Error, Losses, Mlp, Record, TrainConfig, Trainer, TrainingSet, Validation};

/// The number of the format described above; it grows when a change makes old files unreadable.
pub const FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u32,
    config: TrainConfig,
    data_sha256: String,
    iteration: u64,
    schedule: Option<ScheduleState>,
    sampler: Option<SamplerState>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extra_sampler: Option<SamplerState>,
    points_word_position: u64,
    /// SHA-256 of the header with this field empty, then of every tensor.
    sha256: String,
}

impl sealed::Header for Header {
    const KEY: &'static str = "ionic-surrogates.checkpoint";
    const FORMAT: u32 = FORMAT;

    fn sha256(&mut self) -> &mut String {
        &mut self.sha256
    }
}

/// The schedule's state; JSON has no infinity, so `best` is absent before the first step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct ScheduleState {
    learning_rate: f64,
    best: Option<f64>,
    bad_steps: u64,
}

/// A checkpoint in memory: read, verified, and not yet joined to its data.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    path: std::path::PathBuf,
    header: Header,
    network: Mlp,
    m: Vec<f32>,
    v: Vec<f32>,
    history: Vec<Record>,
}

impl Checkpoint {
    /// Reads a checkpoint and verifies its hash.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::BadCheckpoint`] if it is cut short,
    /// altered, of another format, or something else altogether.
    pub fn open(path: &Path) -> Result<Self, Error> {
        sealed::read(path, |bytes| Self::parse(path, bytes))
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self, String> {
        let (header, file) = sealed::parse::<Header>(bytes)?;
        header.config.check().map_err(|e| e.to_string())?;

        let config = &header.config;
        let count = config.network.parameters();
        let parameters = sealed::read_layers(&file, &config.network)?;
        let network =
            Mlp::new(config.network.clone(), config.input.clone(), config.output.clone(), parameters)
                .map_err(|e| e.to_string())?;
        let m = f32s(&file, "adam.m", &[count])?;
        let v = f32s(&file, "adam.v", &[count])?;
        let history = sealed::read_history(&file, &HISTORY, record)?;
        Ok(Self { path: path.to_owned(), header, network, m, v, history })
    }

    /// The settings of the training.
    pub fn config(&self) -> &TrainConfig {
        &self.header.config
    }

    /// How many iterations were done.
    pub fn iteration(&self) -> u64 {
        self.header.iteration
    }

    /// The network as it was.
    pub fn network(&self) -> &Mlp {
        &self.network
    }

    /// The records made so far.
    pub fn history(&self) -> &[Record] {
        &self.history
    }

    /// SHA-256 of the content, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.header.sha256
    }
}

impl Trainer {
    /// Writes a checkpoint: atomically, so that a file of this name is always a whole one.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let header = Header {
            format: FORMAT,
            config: self.config.clone(),
            data_sha256: self.set_sha256.clone(),
            iteration: self.iteration,
            schedule: self.schedule.map(|s| ScheduleState {
                learning_rate: s.learning_rate,
                best: s.best.is_finite().then_some(s.best),
                bad_steps: s.bad_steps,
            }),
            sampler: self.samplers[0].as_ref().map(crate::data::Sampler::state),
            extra_sampler: self.samplers[1].as_ref().map(crate::data::Sampler::state),
            points_word_position: self.points.get_word_pos() as u64,
            sha256: String::new(),
        };
        sealed::write(path, header, &self.columns())
    }

    /// A training that goes on where a checkpoint was written, as if it had not been interrupted:
    /// every later weight is the same, bit for bit. The settings, the data and the equations must be
    /// those of the checkpoint.
    ///
    /// # Errors
    /// Those of [`Checkpoint::open`] and [`Trainer::new`]; [`Error::OtherTraining`] if settings, data
    /// or equations differ.
    pub fn resume(path: &Path, config: TrainConfig, set: TrainingSet) -> Result<Self, Error> {
        Self::from_checkpoint(Checkpoint::open(path)?, config, set)
    }

    /// As [`Trainer::resume`], from a checkpoint that was opened already.
    ///
    /// # Errors
    /// As [`Trainer::resume`].
    pub fn from_checkpoint(
        checkpoint: Checkpoint,
        config: TrainConfig,
        set: TrainingSet,
    ) -> Result<Self, Error> {
        let Checkpoint { path, header, network, m, v, history } = checkpoint;
        sealed::same_settings(&path, &config, &header.config)?;
        let mut trainer = Self::new(config, set)?;
        if trainer.set_sha256 != header.data_sha256 {
            let remedy = "resume with the same samples and equations, or train anew";
            return Err(sealed::other_training(&path, "data set or its equations", remedy));
        }
        trainer.network = network;
        trainer.adam.m = m;
        trainer.adam.v = v;
        trainer.adam.updates = header.iteration;
        trainer.iteration = header.iteration;
        trainer.history = history;
        trainer.points.set_word_pos(u128::from(header.points_word_position));
        let bad = |reason: &str| Error::BadCheckpoint { path: path.clone(), reason: reason.to_owned() };
        match (&mut trainer.schedule, header.schedule) {
            (None, None) => {}
            (Some(schedule), Some(state)) => {
                schedule.learning_rate = state.learning_rate;
                schedule.best = state.best.unwrap_or(f64::INFINITY);
                schedule.bad_steps = state.bad_steps;
            }
            _ => return Err(bad("its schedule does not fit its settings")),
        }
        for (sampler, state) in trainer.samplers.iter_mut().zip([&header.sampler, &header.extra_sampler]) {
            match (sampler, state) {
                (None, None) => {}
                (Some(sampler), Some(state)) => {
                    if !sampler.restore(state) {
                        return Err(bad("its data order is not one of these data"));
                    }
                }
                _ => return Err(bad("its data order does not fit its settings")),
            }
        }
        Ok(trainer)
    }

    /// Every tensor of the file.
    fn columns(&self) -> Vec<Column> {
        let mut out = sealed::layer_columns(self.network.spec(), self.network.parameters());
        for (name, values) in [("adam.m", &self.adam.m), ("adam.v", &self.adam.v)] {
            out.push(sealed::column(name, vec![values.len()], values));
        }
        out.extend(sealed::history(&self.history, |r| r.iteration, &HISTORY));
        out
    }
}

/// The history's columns of F64, in the order in which [`record`] takes them.
const HISTORY: [Field<Record>; 7] = [
    ("data", |r| r.losses.data),
    ("physics", |r| r.losses.physics),
    ("initial", |r| r.losses.initial),
    ("total", |r| r.losses.total),
    ("learning_rate", |r| r.learning_rate),
    ("validation_mean", |r| r.validation.map_or(f64::NAN, |v| v.mean)),
    ("validation_max", |r| r.validation.map_or(f64::NAN, |v| v.max)),
];

fn record(iteration: u64, f: &[f64]) -> Record {
    Record {
        iteration,
        losses: Losses { data: f[0], physics: f[1], initial: f[2], total: f[3] },
        learning_rate: f[4],
        validation: (!f[5].is_nan()).then(|| Validation { mean: f[5], max: f[6] }),
    }
}
