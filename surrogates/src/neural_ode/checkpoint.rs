//! Files of a neural ODE's training.
//!
//! Tensors: `layer.K.weight` and `layer.K.bias` as in a network's checkpoint, `norm` with gains and shifts (if
//! layers are normalised), `adam.m` and `adam.v` for all parameters in this order; `starts`, `starts.m` and
//! `starts.v` of the phase's pieces in normal units, the last two empty unless starts are learned (all F32). The
//! history's fields are the losses and the other numbers of [`OdeRecord`].
//!
//! The header's metadata has one entry, `ionic-surrogates.ode`: JSON with the format number, the settings, the
//! hash of observations and equations, where the training is, and a SHA-256 over all of that and over every tensor.

use std::path::Path;
use std::sync::Arc;

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::pieces::Pieces;
use super::{NeuralOde, OdeConfig, OdeLosses, OdeRecord, OdeTrainer, Window};
use crate::checkpoint::{self, Contents, Stored};
use crate::sealed::{self, Column, Field, Header as _, Moments, Row, numbers};
use crate::{Error, VectorField};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
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
    const FORMAT: u32 = 1;

    fn sha256(&mut self) -> &mut String {
        &mut self.sha256
    }
}

/// What the next iteration of a neural ODE depends on, beside parameters.
pub struct State {
    diverged: u64,
    phase: usize,
    pieces: usize,
    updates: u64,
    moments: Moments,
    /// Starts of the pieces, and their moments.
    starts: Vec<f32>,
    by_starts: Moments,
}

impl Stored for OdeTrainer {
    type Header = Header;
    type State = State;
    const DATA: (&'static str, &'static str) =
        ("observations or equations", "resume with the same ones, or train anew");

    fn data_sha256(&self) -> &str {
        &self.data_sha256
    }

    fn header(&self) -> Header {
        Header {
            format: Header::FORMAT,
            config: self.config.clone(),
            data_sha256: self.data_sha256.clone(),
            iteration: self.iteration,
            diverged: self.diverged,
            phase: self.pieces.phase,
            pieces: self.pieces.list.len(),
            updates: self.pieces.adam.updates,
            sha256: String::new(),
        }
    }

    fn columns(&self) -> Vec<Column> {
        let spec = self.config.network.mlp();
        let parameters = self.network.parameters();
        let mut out = sealed::layer_columns(spec, parameters);
        if self.config.network.has_layer_norm() {
            out.push(sealed::list("norm", &parameters[spec.parameters()..]));
        }
        out.extend(sealed::moments(&self.adam.m, &self.adam.v));
        out.push(sealed::list("starts", &self.pieces.starts));
        out.push(sealed::list("starts.m", &self.pieces.adam.m));
        out.push(sealed::list("starts.v", &self.pieces.adam.v));
        out
    }

    fn parse(header: Header, file: &SafeTensors<'_>) -> Result<Contents<Self>, String> {
        let Header { config, data_sha256, iteration, diverged, phase, pieces, updates, .. } = header;
        config.check().map_err(|e| e.to_string())?;
        let spec = config.network.clone();
        let mut parameters = sealed::read_layers(file, spec.mlp())?;
        if spec.has_layer_norm() {
            parameters.extend(numbers::<f32>(file, "norm", &[spec.parameters() - parameters.len()])?);
        }
        let moments = sealed::read_moments(file, parameters.len())?;
        let settings = config.phases.get(phase).ok_or("it is in a phase that its settings do not have")?;
        let all = pieces.checked_mul(spec.states()).ok_or("it has more pieces than there can be")?;
        let learned = if settings.learn_starts { all } else { 0 };
        let network = NeuralOde::new(spec, config.input.clone(), config.rate.clone(), parameters);
        Ok(Contents {
            network: network.map_err(|e| e.to_string())?,
            config,
            data_sha256,
            iteration,
            state: State {
                diverged,
                phase,
                pieces,
                updates,
                moments,
                starts: numbers(file, "starts", &[all])?,
                by_starts: [numbers(file, "starts.m", &[learned])?, numbers(file, "starts.v", &[learned])?],
            },
        })
    }

    fn restore(
        &mut self,
        from: Contents<Self>,
        history: Vec<OdeRecord>,
        bad: impl Fn(&str) -> Error,
    ) -> Result<(), Error> {
        let State { diverged, phase, pieces, updates, moments, starts, by_starts } = from.state;
        self.pieces = Pieces::new(&self.config, self.window(), phase)?;
        if self.pieces.list.len() != pieces {
            return Err(bad("its pieces are not those of its settings"));
        }
        self.pieces.starts = starts;
        self.pieces.adam.restore(by_starts, updates);
        self.adam.restore(moments, from.iteration);
        (self.network, self.iteration, self.history) = (from.network, from.iteration, history);
        self.diverged = diverged;
        Ok(())
    }
}

impl OdeTrainer {
    /// A training that goes on where a checkpoint was written, as if it had not been interrupted: every later
    /// parameter is the same, bit for bit.
    ///
    /// # Errors
    /// Those of [`Checkpoint::open`](crate::Checkpoint::open) and [`OdeTrainer::new`]; [`Error::OtherTraining`] if
    /// settings, observations or equations are not those of the checkpoint.
    pub fn resume(
        path: &Path,
        config: OdeConfig,
        window: Window,
        field: Option<Arc<dyn VectorField>>,
    ) -> Result<Self, Error> {
        checkpoint::resume(path, config, |config| Self::new(config, window, field))
    }
}

impl Row for OdeRecord {
    const FIELDS: &'static [Field<Self>] = &[
        ("data", |r| r.losses.data),
        ("physics", |r| r.losses.physics),
        ("continuity", |r| r.losses.continuity),
        ("total", |r| r.losses.total),
        ("learning_rate", |r| r.learning_rate),
        ("weight", |r| r.weight),
        ("gradient_norm", |r| r.gradient_norm),
        ("diverged", |r| r.diverged as f64),
    ];

    fn iteration(&self) -> u64 {
        self.iteration
    }

    fn of(iteration: u64, f: &[f64]) -> Self {
        Self {
            iteration,
            losses: OdeLosses { data: f[0], physics: f[1], continuity: f[2], total: f[3] },
            learning_rate: f[4],
            weight: f[5],
            gradient_norm: f[6],
            diverged: f[7] as u64,
        }
    }
}
