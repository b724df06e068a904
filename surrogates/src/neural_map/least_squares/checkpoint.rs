//! Files of a fit.
//!
//! Tensors, for each sub-network I: `map.I.weights` `[states + control parameters + 3, width]` (rows as
//! in [`MapSpec`](crate::MapSpec)) and `map.I.gamma` `[1]` (F64); the history's fields are `train`, `validation` and
//! `damping`.
//!
//! The header's metadata has one entry, `ionic-surrogates.least-squares`: JSON with the format number, the
//! settings, the hash of the pairs, damping and units of every sub-network, and a SHA-256 over all of that
//! and over every tensor.

use std::path::Path;

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::super::checkpoint::{columns, read};
use super::super::{NeuralMap, Pairs};
use super::{LeastSquares, LeastSquaresConfig, LeastSquaresRecord, Marquardt};
use crate::Error;
use crate::checkpoint::{self, Contents, Stored};
use crate::sealed::{self, Column, Field, Header as _, Row};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
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
    const FORMAT: u32 = 1;

    fn sha256(&mut self) -> &mut String {
        &mut self.sha256
    }
}

impl Stored for LeastSquares {
    type Header = Header;
    type State = Vec<Marquardt>;
    const DATA: (&'static str, &'static str) = ("pairs", "resume with the same pairs, or fit anew");

    fn data_sha256(&self) -> &str {
        &self.pairs_sha256
    }

    fn header(&self) -> Header {
        Header {
            format: Header::FORMAT,
            config: self.config.clone(),
            pairs_sha256: self.pairs_sha256.clone(),
            step: self.step,
            states: self.parts.iter().map(|p| p.state.clone()).collect(),
            sha256: String::new(),
        }
    }

    fn columns(&self) -> Vec<Column> {
        columns(self.config.network, self.parts.iter().map(|part| &part.parameters[..]))
    }

    fn parse(header: Header, file: &SafeTensors<'_>) -> Result<Contents<Self>, String> {
        let Header { config, pairs_sha256, step, states, .. } = header;
        config.check().map_err(|e| e.to_string())?;
        let spec = config.network;
        let parameters: Vec<f64> = read(file, spec)?;
        if let Some(k) = parameters.iter().position(|x| !x.is_finite()) {
            return Err(format!("parameter {k} is {}", parameters[k]));
        }
        let sound = |s: &Marquardt| {
            let finite = |x: &f64| x.is_finite() && *x >= 0.0;
            finite(&s.damping) && finite(&s.squares) && s.units.iter().all(|u| finite(u) && *u > 0.0)
        };
        if states.len() != spec.states
            || states.iter().any(|s| s.units.len() != spec.inputs() + 1 || !sound(s))
        {
            return Err("its dampings and units are not those of its sub-networks".to_owned());
        }
        let (state, control) = (config.state.clone(), config.control.clone());
        let network = NeuralMap::new(spec, state, control, config.dt, parameters);
        Ok(Contents {
            network: network.map_err(|e| e.to_string())?,
            config,
            data_sha256: pairs_sha256,
            iteration: step,
            state: states,
        })
    }

    fn restore(
        &mut self,
        from: Contents<Self>,
        history: Vec<LeastSquaresRecord>,
        _: impl Fn(&str) -> Error,
    ) -> Result<(), Error> {
        let spec = from.network.spec();
        for (i, (part, state)) in self.parts.iter_mut().zip(from.state).enumerate() {
            part.parameters.copy_from_slice(&from.network.parameters()[spec.range(i)]);
            part.state = state;
        }
        (self.map, self.step, self.history) = (from.network, from.iteration, history);
        Ok(())
    }
}

impl LeastSquares {
    /// A fit that goes on where a checkpoint was written, as if it had not been interrupted: every later
    /// parameter is the same, bit for bit.
    ///
    /// # Errors
    /// Those of [`Checkpoint::open`](crate::Checkpoint::open) and [`LeastSquares::new`]; [`Error::OtherTraining`] if
    /// settings or pairs are not those of the checkpoint.
    pub fn resume(
        path: &Path,
        config: LeastSquaresConfig,
        train: &Pairs,
        validation: Option<&Pairs>,
    ) -> Result<Self, Error> {
        checkpoint::resume(path, config, |config| Self::new(config, train, validation))
    }
}

impl Row for LeastSquaresRecord {
    const FIELDS: &'static [Field<Self>] =
        &[("train", |r| r.train), ("validation", |r| r.validation), ("damping", |r| r.damping)];

    fn iteration(&self) -> u64 {
        self.step
    }

    fn of(step: u64, f: &[f64]) -> Self {
        Self { step, train: f[0], validation: f[1], damping: f[2] }
    }
}
