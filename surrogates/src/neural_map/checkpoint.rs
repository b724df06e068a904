//! A map's training on disk: everything that the next iteration depends on, in one safetensors file.
//!
//! Tensors, for each sub-network I: `map.I.weights` `[states + control parameters + 3, width]` (rows as
//! in [`MapSpec`](super::MapSpec)) and `map.I.gamma` `[1]`; `adam.m` and `adam.v` for all parameters in
//! the same order (all F32); the history, one column a tensor: `history.iteration` (U64) and
//! `history.train`, `history.validation`, `history.learning_rate` (F64).
//!
//! The header's metadata has one entry, `ionic-surrogates.map`: JSON with the format number, the
//! settings, the hash of the pairs, the state of the data order, the losses since the last record, and a
//! SHA-256 over all of that and over every tensor.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{MapConfig, MapRecord, MapTrainer, NeuralMap, Pairs};
use crate::Error;
use crate::data::SamplerState;
use crate::sealed::{self, Column, Field, f32s};

/// The number of the format described above; it grows when a change makes old files unreadable.
pub const MAP_FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u32,
    config: MapConfig,
    pairs_sha256: String,
    iteration: u64,
    sampler: SamplerState,
    /// Sum and number of the losses since the last record.
    since: (f64, u64),
    /// SHA-256 of the header with this field empty, then of every tensor.
    sha256: String,
}

impl sealed::Header for Header {
    const KEY: &'static str = "ionic-surrogates.map";
    const FORMAT: u32 = MAP_FORMAT;

    fn sha256(&mut self) -> &mut String {
        &mut self.sha256
    }
}

/// A checkpoint in memory: read, verified, and not yet joined to its pairs.
#[derive(Debug, Clone)]
pub struct MapCheckpoint {
    path: PathBuf,
    header: Header,
    map: NeuralMap,
    m: Vec<f32>,
    v: Vec<f32>,
    history: Vec<MapRecord>,
}

impl MapCheckpoint {
    /// Reads a checkpoint and verifies its hash.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::BadCheckpoint`] if it is cut short, altered,
    /// of another format, or something else altogether.
    pub fn open(path: &Path) -> Result<Self, Error> {
        sealed::read(path, |bytes| Self::parse(path, bytes))
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self, String> {
        let (header, file) = sealed::parse::<Header>(bytes)?;
        let config = &header.config;
        config.check().map_err(|e| e.to_string())?;
        let spec = config.network;
        let rows = spec.states + spec.parameters + 3;
        // No more is reserved than the file holds: its header may claim anything.
        let mut parameters = Vec::new();
        for i in 0..spec.states {
            parameters.extend(f32s(&file, &format!("map.{i}.weights"), &[rows, spec.width])?);
            parameters.extend(f32s(&file, &format!("map.{i}.gamma"), &[1])?);
        }
        let count = parameters.len();
        let map = NeuralMap::new(spec, config.state.clone(), config.control.clone(), config.dt, parameters)
            .map_err(|e| e.to_string())?;
        let m = f32s(&file, "adam.m", &[count])?;
        let v = f32s(&file, "adam.v", &[count])?;
        let history = sealed::read_history(&file, &HISTORY, record)?;
        Ok(Self { path: path.to_owned(), header, map, m, v, history })
    }

    /// The settings of the training.
    pub fn config(&self) -> &MapConfig {
        &self.header.config
    }

    /// How many iterations were done.
    pub fn iteration(&self) -> u64 {
        self.header.iteration
    }

    /// The map as it was.
    pub fn map(&self) -> &NeuralMap {
        &self.map
    }

    /// The records made so far.
    pub fn history(&self) -> &[MapRecord] {
        &self.history
    }

    /// SHA-256 of the content, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.header.sha256
    }
}

impl MapTrainer {
    /// Writes a checkpoint: atomically, so that a file of this name is always a whole one.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let header = Header {
            format: MAP_FORMAT,
            config: self.config.clone(),
            pairs_sha256: self.pairs_sha256.clone(),
            iteration: self.iteration,
            sampler: self.sampler.state(),
            since: self.since,
            sha256: String::new(),
        };
        sealed::write(path, header, &self.columns())
    }

    /// A training that goes on where a checkpoint was written, as if it had not been interrupted: every
    /// later parameter is the same, bit for bit.
    ///
    /// # Errors
    /// Those of [`MapCheckpoint::open`] and [`MapTrainer::new`]; [`Error::OtherTraining`] if settings or
    /// pairs are not those of the checkpoint.
    pub fn resume(
        path: &Path,
        config: MapConfig,
        train: &Pairs,
        validation: Option<&Pairs>,
    ) -> Result<Self, Error> {
        let MapCheckpoint { path, header, map, m, v, history } = MapCheckpoint::open(path)?;
        sealed::same_settings(&path, &config, &header.config)?;
        let mut trainer = Self::new(config, train, validation)?;
        if trainer.pairs_sha256 != header.pairs_sha256 {
            return Err(sealed::other_training(&path, "pairs", "resume with the same pairs, or train anew"));
        }
        if !trainer.sampler.restore(&header.sampler) {
            let reason = "its data order is not one of these pairs".to_owned();
            return Err(Error::BadCheckpoint { path, reason });
        }
        trainer.map = map;
        trainer.adam.m = m;
        trainer.adam.v = v;
        trainer.adam.updates = header.iteration;
        trainer.iteration = header.iteration;
        trainer.since = header.since;
        trainer.history = history;
        Ok(trainer)
    }

    /// Every tensor of the file.
    fn columns(&self) -> Vec<Column> {
        let spec = self.config.network;
        let mut out = Vec::new();
        for i in 0..spec.states {
            let all = &self.map.parameters()[spec.range(i)];
            let (weights, gamma) = all.split_at(all.len() - 1);
            let shape = vec![spec.states + spec.parameters + 3, spec.width];
            out.push(sealed::column(format!("map.{i}.weights"), shape, weights));
            out.push(sealed::column(format!("map.{i}.gamma"), vec![1], gamma));
        }
        for (name, values) in [("adam.m", &self.adam.m), ("adam.v", &self.adam.v)] {
            out.push(sealed::column(name, vec![values.len()], values));
        }
        out.extend(sealed::history(&self.history, |r| r.iteration, &HISTORY));
        out
    }
}

/// The history's columns of F64, in the order in which [`record`] takes them.
const HISTORY: [Field<MapRecord>; 3] =
    [("train", |r| r.train), ("validation", |r| r.validation), ("learning_rate", |r| r.learning_rate)];

fn record(iteration: u64, f: &[f64]) -> MapRecord {
    MapRecord { iteration, train: f[0], validation: f[1], learning_rate: f[2] }
}
