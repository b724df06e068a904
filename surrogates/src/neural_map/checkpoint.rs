//! Files of a map's training.
//!
//! Tensors, for each sub-network I: `map.I.weights` `[states + control parameters + 3, width]` (rows as
//! in [`MapSpec`]) and `map.I.gamma` `[1]`; `adam.m` and `adam.v` for all parameters in the same order (all F32); the
//! history's fields are `train`, `validation` and `learning_rate`.
//!
//! The header's metadata has one entry, `ionic-surrogates.map`: JSON with the format number, the
//! settings, the hash of the pairs, the state of the data order, the losses since the last record, and a
//! SHA-256 over all of that and over every tensor.

use std::path::Path;

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::{MapConfig, MapSpec, MapTrainer, NeuralMap, Pairs};
use crate::checkpoint::{self, Contents, Stored};
use crate::data::SamplerState;
use crate::epochs::{EpochRecord, EpochState};
use crate::sealed::{self, Column, Header as _, Moments, Number};
use crate::{Error, Training as _};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
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
    const FORMAT: u32 = 1;

    fn sha256(&mut self) -> &mut String {
        &mut self.sha256
    }
}

impl Stored for MapTrainer {
    type Header = Header;
    type State = (EpochState, Moments);
    const DATA: (&'static str, &'static str) = ("pairs", "resume with the same pairs, or train anew");

    fn data_sha256(&self) -> &str {
        &self.pairs_sha256
    }

    fn header(&self) -> Header {
        let EpochState { sampler, since } = self.epochs.state();
        Header {
            format: Header::FORMAT,
            config: self.config.clone(),
            pairs_sha256: self.pairs_sha256.clone(),
            iteration: self.iteration(),
            sampler,
            since,
            sha256: String::new(),
        }
    }

    fn columns(&self) -> Vec<Column> {
        let spec = self.config.network;
        let mut out = columns(spec, self.map.parameters().chunks_exact(spec.parameters_each()));
        out.extend(sealed::moments(&self.adam.m, &self.adam.v));
        out
    }

    fn parse(header: Header, file: &SafeTensors<'_>) -> Result<Contents<Self>, String> {
        let Header { config, pairs_sha256, iteration, sampler, since, .. } = header;
        config.check().map_err(|e| e.to_string())?;
        let parameters = read(file, config.network)?;
        let moments = sealed::read_moments(file, parameters.len())?;
        let (state, control) = (config.state.clone(), config.control.clone());
        let network = NeuralMap::new(config.network, state, control, config.dt, parameters);
        Ok(Contents {
            network: network.map_err(|e| e.to_string())?,
            config,
            data_sha256: pairs_sha256,
            iteration,
            state: (EpochState { sampler, since }, moments),
        })
    }

    fn restore(
        &mut self,
        from: Contents<Self>,
        history: Vec<EpochRecord>,
        bad: impl Fn(&str) -> Error,
    ) -> Result<(), Error> {
        let (epochs, moments) = from.state;
        if !self.epochs.restore(from.iteration, &epochs, history) {
            return Err(bad("its data order is not one of these pairs"));
        }
        self.map = from.network;
        self.adam.restore(moments, from.iteration);
        Ok(())
    }
}

impl MapTrainer {
    /// A training that goes on where a checkpoint was written, as if it had not been interrupted: every
    /// later parameter is the same, bit for bit.
    ///
    /// # Errors
    /// Those of [`Checkpoint::open`](crate::Checkpoint::open) and [`MapTrainer::new`]; [`Error::OtherTraining`] if
    /// settings or pairs are not those of the checkpoint.
    pub fn resume(
        path: &Path,
        config: MapConfig,
        train: &Pairs,
        validation: Option<&Pairs>,
    ) -> Result<Self, Error> {
        checkpoint::resume(path, config, |config| Self::new(config, train, validation))
    }
}

/// The shape of a sub-network's weights, all but γ.
fn shape(spec: MapSpec) -> [usize; 2] {
    [spec.states + spec.parameters + 3, spec.width]
}

/// The parameters of sub-networks.
pub(super) fn columns<'a, E: Number>(spec: MapSpec, parts: impl Iterator<Item = &'a [E]>) -> Vec<Column> {
    let mut out = Vec::new();
    for (i, part) in parts.enumerate() {
        let (weights, gamma) = part.split_at(part.len() - 1);
        out.push(sealed::column(format!("map.{i}.weights"), shape(spec).to_vec(), weights));
        out.push(sealed::column(format!("map.{i}.gamma"), vec![1], gamma));
    }
    out
}

/// The parameters that [`columns`] wrote.
pub(super) fn read<E: Number>(file: &SafeTensors<'_>, spec: MapSpec) -> Result<Vec<E>, String> {
    // No more is reserved than the file holds: its header may claim anything.
    let mut parameters = Vec::new();
    for i in 0..spec.states {
        parameters.extend(sealed::numbers::<E>(file, &format!("map.{i}.weights"), &shape(spec))?);
        parameters.extend(sealed::numbers::<E>(file, &format!("map.{i}.gamma"), &[1])?);
    }
    Ok(parameters)
}
