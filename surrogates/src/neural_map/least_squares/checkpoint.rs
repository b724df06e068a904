//! A fit on disk: everything that the next step depends on, in one safetensors file.
//!
//! Tensors, for each sub-network I: `map.I.weights` `[states + control parameters + 3, width]` (rows as
//! in [`MapSpec`](crate::MapSpec)) and `map.I.gamma` `[1]` (F64); the history, one column a tensor:
//! `history.iteration` (U64) and `history.train`, `history.validation`, `history.damping` (F64).
//!
//! The header's metadata has one entry, `ionic-surrogates.least-squares`: JSON with the format number, the
//! settings, the hash of the pairs, damping and units of every sub-network, and a SHA-256 over all of that
//! and over every tensor.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::super::{NeuralMap, Pairs};
use super::{LeastSquares, LeastSquaresConfig, LeastSquaresRecord, Marquardt};
use crate::Error;
use crate::sealed::{self, Column, Field, f64s, wide_column};

/// The number of the format described above; it grows when a change makes old files unreadable.
pub const LEAST_SQUARES_FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u32,
    config: LeastSquaresConfig,
    pairs_sha256: String,
    step: u64,
    /// One for each sub-network.
    states: Vec<Marquardt>,
    /// SHA-256 of the header with this field empty, then of every tensor.
    sha256: String,
}

impl sealed::Header for Header {
    const KEY: &'static str = "ionic-surrogates.least-squares";
    const FORMAT: u32 = LEAST_SQUARES_FORMAT;

    fn sha256(&mut self) -> &mut String {
        &mut self.sha256
    }
}

/// A checkpoint in memory: read, verified, and not yet joined to its pairs.
#[derive(Debug, Clone)]
pub struct LeastSquaresCheckpoint {
    path: PathBuf,
    header: Header,
    map: NeuralMap<f64>,
    history: Vec<LeastSquaresRecord>,
}

impl LeastSquaresCheckpoint {
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
            parameters.extend(f64s(&file, &format!("map.{i}.weights"), &[rows, spec.width])?);
            parameters.extend(f64s(&file, &format!("map.{i}.gamma"), &[1])?);
        }
        if let Some(k) = parameters.iter().position(|x| !x.is_finite()) {
            return Err(format!("parameter {k} is {}", parameters[k]));
        }
        let sound = |s: &Marquardt| {
            let finite = |x: &f64| x.is_finite() && *x >= 0.0;
            finite(&s.damping) && finite(&s.squares) && s.units.iter().all(|u| finite(u) && *u > 0.0)
        };
        if header.states.len() != spec.states
            || header.states.iter().any(|s| s.units.len() != spec.inputs() + 1 || !sound(s))
        {
            return Err("its dampings and units are not those of its sub-networks".to_owned());
        }
        let map = NeuralMap::new(spec, config.state.clone(), config.control.clone(), config.dt, parameters)
            .map_err(|e| e.to_string())?;
        let history = sealed::read_history(&file, &HISTORY, record)?;
        Ok(Self { path: path.to_owned(), header, map, history })
    }

    /// The settings of the fit.
    pub fn config(&self) -> &LeastSquaresConfig {
        &self.header.config
    }

    /// How many steps were done.
    pub fn steps_done(&self) -> u64 {
        self.header.step
    }

    /// The map as it was.
    pub fn map(&self) -> &NeuralMap<f64> {
        &self.map
    }

    /// The records made so far.
    pub fn history(&self) -> &[LeastSquaresRecord] {
        &self.history
    }

    /// SHA-256 of the content, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.header.sha256
    }
}

impl LeastSquares {
    /// Writes a checkpoint: atomically, so that a file of this name is always a whole one.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let header = Header {
            format: LEAST_SQUARES_FORMAT,
            config: self.config.clone(),
            pairs_sha256: self.pairs_sha256.clone(),
            step: self.step,
            states: self.parts.iter().map(|p| p.state.clone()).collect(),
            sha256: String::new(),
        };
        sealed::write(path, header, &self.columns())
    }

    /// A fit that goes on where a checkpoint was written, as if it had not been interrupted: every later
    /// parameter is the same, bit for bit.
    ///
    /// # Errors
    /// Those of [`LeastSquaresCheckpoint::open`] and [`LeastSquares::new`]; [`Error::OtherTraining`] if
    /// settings or pairs are not those of the checkpoint.
    pub fn resume(
        path: &Path,
        config: LeastSquaresConfig,
        train: &Pairs,
        validation: Option<&Pairs>,
    ) -> Result<Self, Error> {
        let LeastSquaresCheckpoint { path, header, map, history } = LeastSquaresCheckpoint::open(path)?;
        sealed::same_settings(&path, &config, &header.config)?;
        let mut fit = Self::new(config, train, validation)?;
        if fit.pairs_sha256 != header.pairs_sha256 {
            return Err(sealed::other_training(&path, "pairs", "resume with the same pairs, or fit anew"));
        }
        let spec = map.spec();
        for (i, (part, state)) in fit.parts.iter_mut().zip(header.states).enumerate() {
            part.parameters.copy_from_slice(&map.parameters()[spec.range(i)]);
            part.state = state;
        }
        (fit.map, fit.step, fit.history) = (map, header.step, history);
        Ok(fit)
    }

    /// Every tensor of the file.
    fn columns(&self) -> Vec<Column> {
        let spec = self.config.network;
        let mut out = Vec::new();
        for (i, part) in self.parts.iter().enumerate() {
            let (weights, gamma) = part.parameters.split_at(part.parameters.len() - 1);
            let shape = vec![spec.states + spec.parameters + 3, spec.width];
            out.push(wide_column(format!("map.{i}.weights"), shape, weights.iter().copied()));
            out.push(wide_column(format!("map.{i}.gamma"), vec![1], gamma.iter().copied()));
        }
        out.extend(sealed::history(&self.history, |r| r.step, &HISTORY));
        out
    }
}

/// The history's columns of F64, in the order in which [`record`] takes them.
const HISTORY: [Field<LeastSquaresRecord>; 3] =
    [("train", |r| r.train), ("validation", |r| r.validation), ("damping", |r| r.damping)];

fn record(step: u64, f: &[f64]) -> LeastSquaresRecord {
    LeastSquaresRecord { step, train: f[0], validation: f[1], damping: f[2] }
}
