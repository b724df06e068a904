//! Files of a network's training.
//!
//! Tensors: `layer.K.weight` `[inputs, outputs]` and `layer.K.bias` `[outputs]` for each layer K, `adam.m` and
//! `adam.v` for all parameters in the same order (all F32). The history's fields are the losses, `learning_rate`,
//! `validation_mean` and `validation_max` (NaN where there is no validation set).
//!
//! The header's metadata has one entry, `ionic-surrogates.checkpoint`: JSON with the format number,
//! the settings, the hash of data and equations, the state of optimiser, schedule and random
//! numbers, and a SHA-256 over all of that and over every tensor.

use std::path::Path;

use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};

use super::{Record, Trainer, TrainingSet, Validation};
use crate::checkpoint::{self, Contents, Stored};
use crate::data::{Sampler, SamplerState};
use crate::sealed::{self, Column, Field, Header as _, Moments, Row};
use crate::{Error, Losses, Mlp, TrainConfig};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
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
    const FORMAT: u32 = 1;

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

/// What the next iteration of a network's training depends on, beside parameters.
pub struct State {
    schedule: Option<ScheduleState>,
    samplers: [Option<SamplerState>; 2],
    points_word_position: u64,
    moments: Moments,
}

impl Stored for Trainer {
    type Header = Header;
    type State = State;
    const DATA: (&'static str, &'static str) =
        ("data set or its equations", "resume with the same samples and equations, or train anew");

    fn data_sha256(&self) -> &str {
        &self.set_sha256
    }

    fn header(&self) -> Header {
        let [sampler, extra_sampler] = self.samplers.each_ref().map(|s| s.as_ref().map(Sampler::state));
        Header {
            format: Header::FORMAT,
            config: self.config.clone(),
            data_sha256: self.set_sha256.clone(),
            iteration: self.iteration,
            schedule: self.schedule.map(|s| ScheduleState {
                learning_rate: s.learning_rate,
                best: s.best.is_finite().then_some(s.best),
                bad_steps: s.bad_steps,
            }),
            sampler,
            extra_sampler,
            points_word_position: self.points.get_word_pos() as u64,
            sha256: String::new(),
        }
    }

    fn columns(&self) -> Vec<Column> {
        let mut out = sealed::layer_columns(self.network.spec(), self.network.parameters());
        out.extend(sealed::moments(&self.adam.m, &self.adam.v));
        out
    }

    fn parse(header: Header, file: &SafeTensors<'_>) -> Result<Contents<Self>, String> {
        let Header { config, data_sha256, iteration, schedule, sampler, extra_sampler, .. } = header;
        config.check().map_err(|e| e.to_string())?;
        let parameters = sealed::read_layers(file, &config.network)?;
        let moments = sealed::read_moments(file, parameters.len())?;
        let (input, output) = (config.input.clone(), config.output.clone());
        let network = Mlp::new(config.network.clone(), input, output, parameters);
        Ok(Contents {
            network: network.map_err(|e| e.to_string())?,
            config,
            data_sha256,
            iteration,
            state: State {
                schedule,
                samplers: [sampler, extra_sampler],
                points_word_position: header.points_word_position,
                moments,
            },
        })
    }

    fn restore(
        &mut self,
        from: Contents<Self>,
        history: Vec<Record>,
        bad: impl Fn(&str) -> Error,
    ) -> Result<(), Error> {
        let State { schedule, samplers, points_word_position, moments } = from.state;
        (self.network, self.iteration, self.history) = (from.network, from.iteration, history);
        self.adam.restore(moments, from.iteration);
        self.points.set_word_pos(u128::from(points_word_position));
        match (&mut self.schedule, schedule) {
            (None, None) => {}
            (Some(schedule), Some(state)) => {
                schedule.learning_rate = state.learning_rate;
                schedule.best = state.best.unwrap_or(f64::INFINITY);
                schedule.bad_steps = state.bad_steps;
            }
            _ => return Err(bad("its schedule does not fit its settings")),
        }
        for pair in self.samplers.iter_mut().zip(samplers) {
            match pair {
                (None, None) => {}
                (Some(sampler), Some(state)) => {
                    if !sampler.restore(&state) {
                        return Err(bad("its data order is not one of these data"));
                    }
                }
                _ => return Err(bad("its data order does not fit its settings")),
            }
        }
        Ok(())
    }
}

impl Trainer {
    /// A training that goes on where a checkpoint was written, as if it had not been interrupted:
    /// every later weight is the same, bit for bit. The settings, the data and the equations must be
    /// those of the checkpoint.
    ///
    /// # Errors
    /// Those of [`Checkpoint::open`](crate::Checkpoint::open) and [`Trainer::new`]; [`Error::OtherTraining`] if
    /// settings, data or equations differ.
    pub fn resume(path: &Path, config: TrainConfig, set: TrainingSet) -> Result<Self, Error> {
        checkpoint::resume(path, config, |config| Self::new(config, set))
    }
}

impl Row for Record {
    const FIELDS: &'static [Field<Self>] = &[
        ("data", |r| r.losses.data),
        ("physics", |r| r.losses.physics),
        ("initial", |r| r.losses.initial),
        ("total", |r| r.losses.total),
        ("learning_rate", |r| r.learning_rate),
        ("validation_mean", |r| r.validation.map_or(f64::NAN, |v| v.mean)),
        ("validation_max", |r| r.validation.map_or(f64::NAN, |v| v.max)),
    ];

    fn iteration(&self) -> u64 {
        self.iteration
    }

    fn of(iteration: u64, f: &[f64]) -> Self {
        Self {
            iteration,
            losses: Losses { data: f[0], physics: f[1], initial: f[2], total: f[3] },
            learning_rate: f[4],
            validation: (!f[5].is_nan()).then(|| Validation { mean: f[5], max: f[6] }),
        }
    }
}
