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

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};
use serde::{Deserialize, Serialize};

use super::{MapConfig, MapRecord, MapTrainer, NeuralMap, Pairs};
use crate::checkpoint::{digest_of, f32s, numbers};
use crate::data::SamplerState;
use crate::{Error, atomic};

/// The number of the format described above; it grows when a change makes old files unreadable.
pub const MAP_FORMAT: u32 = 1;

/// The metadata's key.
const KEY: &str = "ionic-surrogates.map";

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
        let bytes = std::fs::read(path).map_err(|e| Error::io(path, e))?;
        Self::parse(path, &bytes).map_err(|reason| Error::BadCheckpoint { path: path.to_owned(), reason })
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self, String> {
        let file = SafeTensors::deserialize(bytes).map_err(|e| e.to_string())?;
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| e.to_string())?;
        let text = metadata
            .metadata()
            .as_ref()
            .and_then(|m| m.get(KEY))
            .ok_or_else(|| format!("its header has no `{KEY}`"))?;
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = serde_json::from_str(text).map_err(|e| e.to_string())?;
        if format != MAP_FORMAT {
            return Err(format!("it has format {format}, and this version reads {MAP_FORMAT}"));
        }
        let header: Header = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let mut tensors: Vec<_> = file.iter().map(|(name, t)| (name.to_owned(), t)).collect();
        if digest(&header, &mut tensors) != header.sha256 {
            return Err("its content does not have the hash in its header".to_owned());
        }
        let config = &header.config;
        config.check().map_err(|e| e.to_string())?;
        let spec = config.network;
        let rows = spec.states + spec.parameters + 3;
        let mut parameters = Vec::with_capacity(spec.total_parameters());
        for i in 0..spec.states {
            parameters.extend(f32s(&file, &format!("map.{i}.weights"), &[rows, spec.width])?);
            parameters.extend(f32s(&file, &format!("map.{i}.gamma"), &[1])?);
        }
        let count = parameters.len();
        let map = NeuralMap::new(spec, config.state.clone(), config.control.clone(), config.dt, parameters)
            .map_err(|e| e.to_string())?;
        let m = f32s(&file, "adam.m", &[count])?;
        let v = f32s(&file, "adam.v", &[count])?;
        let history = read_history(&file)?;
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
        let mut header = Header {
            format: MAP_FORMAT,
            config: self.config.clone(),
            pairs_sha256: self.pairs_sha256.clone(),
            iteration: self.iteration,
            sampler: self.sampler.state(),
            since: self.since,
            sha256: String::new(),
        };
        let other = |e: safetensors::SafeTensorError| Error::io(path, std::io::Error::other(e));
        let columns = self.columns();
        let mut tensors = Vec::new();
        for (name, dtype, shape, bytes) in &columns {
            tensors.push((name.clone(), TensorView::new(*dtype, shape.clone(), bytes).map_err(other)?));
        }
        header.sha256 = digest(&header, &mut tensors);
        let metadata = HashMap::from([(KEY.to_owned(), json(&header))]);
        let bytes = safetensors::serialize(tensors, Some(metadata)).map_err(other)?;
        atomic::write(path, &bytes)
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
        let other = |what: String, remedy: &str| Error::OtherTraining {
            path: path.clone(),
            what,
            remedy: remedy.to_owned(),
        };
        if config != header.config {
            let what = crate::checkpoint::differing(&config, &header.config);
            return Err(other(what, "resume with the settings it was written with, or train anew"));
        }
        let mut trainer = Self::new(config, train, validation)?;
        if trainer.pairs_sha256 != header.pairs_sha256 {
            return Err(other("pairs".to_owned(), "resume with the same pairs, or train anew"));
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

    /// Every tensor of the file: name, type, shape, bytes.
    fn columns(&self) -> Vec<(String, Dtype, Vec<usize>, Vec<u8>)> {
        let f32s = |v: &[f32]| v.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        let spec = self.config.network;
        let mut out = Vec::new();
        for i in 0..spec.states {
            let all = &self.map.parameters()[spec.range(i)];
            let (weights, gamma) = all.split_at(all.len() - 1);
            let shape = vec![spec.states + spec.parameters + 3, spec.width];
            out.push((format!("map.{i}.weights"), Dtype::F32, shape, f32s(weights)));
            out.push((format!("map.{i}.gamma"), Dtype::F32, vec![1], f32s(gamma)));
        }
        for (name, values) in [("adam.m", &self.adam.m), ("adam.v", &self.adam.v)] {
            out.push((name.to_owned(), Dtype::F32, vec![values.len()], f32s(values)));
        }
        let rows = self.history.len();
        let iterations = self.history.iter().flat_map(|r| r.iteration.to_le_bytes()).collect();
        out.push(("history.iteration".to_owned(), Dtype::U64, vec![rows], iterations));
        for (name, value) in HISTORY {
            let bytes = self.history.iter().flat_map(|r| value(r).to_le_bytes()).collect();
            out.push((format!("history.{name}"), Dtype::F64, vec![rows], bytes));
        }
        out
    }
}

/// One number of a record.
type Field = fn(&MapRecord) -> f64;

/// The history's columns of F64, in the order in which [`read_history`] takes them.
const HISTORY: [(&str, Field); 3] =
    [("train", |r| r.train), ("validation", |r| r.validation), ("learning_rate", |r| r.learning_rate)];

fn read_history(file: &SafeTensors<'_>) -> Result<Vec<MapRecord>, String> {
    let name = "history.iteration";
    let rows = file.tensor(name).map_err(|e| e.to_string())?.shape().first().copied().unwrap_or(0);
    let words = |name: &str, dtype| -> Result<Vec<u64>, String> {
        let (bytes, _) = numbers(file, name, dtype, &[rows])?.as_chunks();
        Ok(bytes.iter().map(|b| u64::from_le_bytes(*b)).collect())
    };
    let iterations = words(name, Dtype::U64)?;
    let mut columns = Vec::new();
    for (name, _) in HISTORY {
        columns.push(words(&format!("history.{name}"), Dtype::F64)?);
    }
    let record = |(i, iteration): (usize, u64)| {
        let f = |column: usize| f64::from_bits(columns[column][i]);
        MapRecord { iteration, train: f(0), validation: f(1), learning_rate: f(2) }
    };
    Ok(iterations.into_iter().enumerate().map(record).collect())
}

fn digest(header: &Header, tensors: &mut [(String, TensorView<'_>)]) -> String {
    digest_of(&json(&Header { sha256: String::new(), ..header.clone() }), tensors)
}

fn json(header: &Header) -> String {
    serde_json::to_string(header).expect("invariant: a header has string keys and finite numbers")
}
