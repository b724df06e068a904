//! A neural ODE's training on disk: everything that the next iteration depends on, in one safetensors file.
//!
//! Tensors: `layer.K.weight` and `layer.K.bias` as in a network's checkpoint, `norm` with gains and shifts (if
//! layers are normalised), `adam.m` and `adam.v` for all parameters in this order; `starts`, `starts.m` and
//! `starts.v` of the phase's pieces in normal units, the last two empty unless starts are learned (all F32); and
//! the history, one column a tensor.
//!
//! The header's metadata has one entry, `ionic-surrogates.ode`: JSON with the format number, the settings, the
//! hash of observations and equations, and a SHA-256 over all of that and over every tensor.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::pieces::Pieces;
use super::{NeuralOde, OdeConfig, OdeLosses, OdeRecord, OdeTrainer, Window};
use crate::sealed::{self, Column, Field, f32s};
use crate::{Error, VectorField};

/// The number of the format described above; it grows when a change makes old files unreadable.
pub const ODE_FORMAT: u32 = 1;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: u32,
    config: OdeConfig,
    data_sha256: String,
    iteration: u64,
    diverged: u64,
    /// The phase, its pieces, and the updates of their starts.
    phase: usize,
    pieces: usize,
    updates: u64,
    /// SHA-256 of the header with this field empty, then of every tensor.
    sha256: String,
}

impl sealed::Header for Header {
    const KEY: &'static str = "ionic-surrogates.ode";
    const FORMAT: u32 = ODE_FORMAT;

    fn sha256(&mut self) -> &mut String {
        &mut self.sha256
    }
}

/// A checkpoint in memory: read, verified, and not yet joined to its observations.
#[derive(Debug, Clone)]
pub struct OdeCheckpoint {
    path: PathBuf,
    header: Header,
    network: NeuralOde,
    /// Moments of the parameters; starts of the pieces, and their moments.
    moments: [Vec<f32>; 2],
    starts: [Vec<f32>; 3],
    history: Vec<OdeRecord>,
}

impl OdeCheckpoint {
    /// Reads a checkpoint and verifies its hash.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::BadCheckpoint`] if it is cut short, altered, of
    /// another format, or something else altogether.
    pub fn open(path: &Path) -> Result<Self, Error> {
        sealed::read(path, |bytes| Self::parse(path, bytes))
    }

    fn parse(path: &Path, bytes: &[u8]) -> Result<Self, String> {
        let (header, file) = sealed::parse::<Header>(bytes)?;
        let config = &header.config;
        config.check().map_err(|e| e.to_string())?;
        let spec = &config.network;
        let mut parameters = sealed::read_layers(&file, spec.mlp())?;
        if spec.has_layer_norm() {
            parameters.extend(f32s(&file, "norm", &[spec.parameters() - parameters.len()])?);
        }
        let count = parameters.len();
        let (input, rate) = (config.input.clone(), config.rate.clone());
        let network = NeuralOde::new(spec.clone(), input, rate, parameters).map_err(|e| e.to_string())?;
        let phase =
            config.phases.get(header.phase).ok_or("it is in a phase that its settings do not have")?;
        let all = header.pieces.checked_mul(spec.states()).ok_or("it has more pieces than there can be")?;
        let learned = if phase.learn_starts { all } else { 0 };
        Ok(Self {
            path: path.to_owned(),
            network,
            moments: [f32s(&file, "adam.m", &[count])?, f32s(&file, "adam.v", &[count])?],
            starts: [
                f32s(&file, "starts", &[all])?,
                f32s(&file, "starts.m", &[learned])?,
                f32s(&file, "starts.v", &[learned])?,
            ],
            history: sealed::read_history(&file, &HISTORY, record)?,
            header,
        })
    }

    /// The settings of the training.
    pub fn config(&self) -> &OdeConfig {
        &self.header.config
    }

    /// How many iterations were done.
    pub fn iteration(&self) -> u64 {
        self.header.iteration
    }

    /// How many of them met a trajectory that diverged.
    pub fn diverged(&self) -> u64 {
        self.header.diverged
    }

    /// The network as it was.
    pub fn network(&self) -> &NeuralOde {
        &self.network
    }

    /// The records made so far.
    pub fn history(&self) -> &[OdeRecord] {
        &self.history
    }

    /// SHA-256 of the content, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.header.sha256
    }
}

impl OdeTrainer {
    /// Writes a checkpoint: atomically, so that a file of this name is always a whole one.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let header = Header {
            format: ODE_FORMAT,
            config: self.config.clone(),
            data_sha256: self.data_sha256.clone(),
            iteration: self.iteration,
            diverged: self.diverged,
            phase: self.pieces.phase,
            pieces: self.pieces.list.len(),
            updates: self.pieces.adam.updates,
            sha256: String::new(),
        };
        sealed::write(path, header, &self.columns())
    }

    /// A training that goes on where a checkpoint was written, as if it had not been interrupted: every later
    /// parameter is the same, bit for bit.
    ///
    /// # Errors
    /// Those of [`OdeCheckpoint::open`] and [`OdeTrainer::new`]; [`Error::OtherTraining`] if settings,
    /// observations or equations are not those of the checkpoint.
    pub fn resume(
        path: &Path,
        config: OdeConfig,
        window: Window,
        field: Option<Arc<dyn VectorField>>,
    ) -> Result<Self, Error> {
        let OdeCheckpoint { path, header, network, moments, starts, history } = OdeCheckpoint::open(path)?;
        sealed::same_settings(&path, &config, &header.config)?;
        let mut trainer = Self::new(config, window, field)?;
        if trainer.data_sha256 != header.data_sha256 {
            let what = "observations or equations".to_owned();
            return Err(sealed::other_training(&path, what, "resume with the same ones, or train anew"));
        }
        let mut pieces = Pieces::new(&trainer.config, trainer.window(), header.phase)?;
        if pieces.list.len() != header.pieces {
            let reason = "its pieces are not those of its settings".to_owned();
            return Err(Error::BadCheckpoint { path, reason });
        }
        let [own, m, v] = starts;
        pieces.starts = own;
        (pieces.adam.m, pieces.adam.v, pieces.adam.updates) = (m, v, header.updates);
        trainer.pieces = pieces;
        trainer.network = network;
        let [m, v] = moments;
        (trainer.adam.m, trainer.adam.v, trainer.adam.updates) = (m, v, header.iteration);
        trainer.iteration = header.iteration;
        trainer.diverged = header.diverged;
        trainer.history = history;
        Ok(trainer)
    }

    /// Every tensor of the file.
    fn columns(&self) -> Vec<Column> {
        let spec = self.config.network.mlp();
        let parameters = self.network.parameters();
        let mut out = sealed::layer_columns(spec, parameters);
        if self.config.network.has_layer_norm() {
            let norm = &parameters[spec.parameters()..];
            out.push(sealed::column("norm", vec![norm.len()], norm));
        }
        for (name, values) in [
            ("adam.m", &self.adam.m),
            ("adam.v", &self.adam.v),
            ("starts", &self.pieces.starts),
            ("starts.m", &self.pieces.adam.m),
            ("starts.v", &self.pieces.adam.v),
        ] {
            out.push(sealed::column(name, vec![values.len()], values));
        }
        out.extend(sealed::history(&self.history, |r| r.iteration, &HISTORY));
        out
    }
}

/// The history's columns of F64.
const HISTORY: [Field<OdeRecord>; 8] = [
    ("data", |r| r.losses.data),
    ("physics", |r| r.losses.physics),
    ("continuity", |r| r.losses.continuity),
    ("total", |r| r.losses.total),
    ("learning_rate", |r| r.learning_rate),
    ("weight", |r| r.weight),
    ("gradient_norm", |r| r.gradient_norm),
    ("diverged", |r| r.diverged as f64),
];

fn record(iteration: u64, f: &[f64]) -> OdeRecord {
    OdeRecord {
        iteration,
        losses: OdeLosses { data: f[0], physics: f[1], continuity: f[2], total: f[3] },
        learning_rate: f[4],
        weight: f[5],
        gradient_norm: f[6],
        diverged: f[7] as u64,
    }
}
