//! The training loop of a map.

use core::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{MapConfig, MapSpec, NeuralMap, Pairs, tape};
use crate::data::{Sampler, Sampling};
use crate::fused::{self, FusedMap, Level};
use crate::optimizer::Adam;
use crate::{Backend, Error, random};

/// One line of a training's history.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MapRecord {
    /// How many iterations were done.
    pub iteration: u64,
    /// The mean of the losses of the batches since the last record. A loss is the squared error in
    /// normal units, averaged over pairs and states.
    pub train: f64,
    /// The same error over the validation pairs; NaN without them.
    pub validation: f64,
    /// The learning rate of the last iteration.
    pub learning_rate: f64,
}

/// Trains a [`NeuralMap`].
///
/// Every iteration draws a batch of pairs, takes the squared error (eq. 16) and its gradient, and makes
/// one step of Adam. All pairs come once before any comes again; that is an epoch.
pub struct MapTrainer {
    pub(super) config: MapConfig,
    pub(super) map: NeuralMap,
    pub(super) adam: Adam,
    pub(super) sampler: Sampler,
    pub(super) iteration: u64,
    pub(super) history: Vec<MapRecord>,
    /// Sum and number of the losses since the last record.
    pub(super) since: (f64, u64),
    /// SHA-256 of the pairs.
    pub(super) pairs_sha256: String,
    /// In normal units, row by row: inputs, then increments. One row is one place in memory.
    train: Vec<f32>,
    validation: Option<(Vec<f32>, Vec<f32>)>,
    engine: Engine,
    gradient: Vec<f32>,
}

/// What computes the loss and its gradient.
enum Engine {
    Fused(Box<FusedMap>),
    Tape { x: Vec<f32>, increments: Vec<f32> },
}

impl MapTrainer {
    /// A training before its first iteration.
    ///
    /// # Errors
    /// [`Error::BadConfig`] and others for settings out of range, [`Error::BadLength`] if the pairs do
    /// not fit the map.
    pub fn new(config: MapConfig, train: &Pairs, validation: Option<&Pairs>) -> Result<Self, Error> {
        config.check()?;
        let spec = config.network;
        for pairs in [Some(train), validation].into_iter().flatten() {
            fits(spec, pairs)?;
        }
        let (state, control) = (config.state.clone(), config.control.clone());
        let map = NeuralMap::random(spec, state, control, config.dt, config.gain, config.seed)?;
        // `Pairs` holds fewer than 2³² rows.
        let rows = u32::try_from(train.rows()).unwrap_or(u32::MAX);
        let order = random::stream(config.seed, random::DATA);
        let sampler = Sampler::new(order, rows, config.batch, Sampling::Shuffled);
        let batch = sampler.batch();
        let fused = spec.width <= Backend::FUSED_WIDTH * 8;
        let engine = match config.backend {
            Backend::Fused => Engine::Fused(Box::new(FusedMap::new(Level::widest(), spec, batch))),
            Backend::Auto if fused => Engine::Fused(Box::new(FusedMap::new(Level::widest(), spec, batch))),
            _ => Engine::Tape {
                x: vec![0.0; batch * spec.inputs()],
                increments: vec![0.0; batch * spec.states],
            },
        };
        let normal = |pairs: &Pairs| pairs.normal(&config.state, &config.control);
        Ok(Self {
            adam: Adam::new(config.adam, spec.total_parameters()),
            gradient: vec![0.0; spec.total_parameters()],
            train: {
                let (x, y) = normal(train);
                let rows = x.chunks_exact(spec.inputs()).zip(y.chunks_exact(spec.states));
                rows.flat_map(|(x, y)| x.iter().chain(y).copied()).collect()
            },
            validation: validation.map(normal),
            pairs_sha256: hash(train, validation),
            iteration: 0,
            history: Vec::new(),
            since: (0.0, 0),
            map,
            sampler,
            engine,
            config,
        })
    }

    /// The settings.
    pub fn config(&self) -> &MapConfig {
        &self.config
    }

    /// The map as it is now.
    pub fn map(&self) -> &NeuralMap {
        &self.map
    }

    /// How many iterations were done.
    pub fn iteration(&self) -> u64 {
        self.iteration
    }

    /// How many iterations make an epoch: a last one that is not full counts, and takes its missing
    /// pairs from the next epoch.
    pub fn iterations_per_epoch(&self) -> u64 {
        let spec = self.config.network;
        let rows = self.train.len() / (spec.inputs() + spec.states);
        rows.div_ceil(self.sampler.batch()) as u64
    }

    /// How many iterations the whole training takes.
    pub fn iterations(&self) -> u64 {
        self.config.epochs.saturating_mul(self.iterations_per_epoch())
    }

    /// The records made so far: one every [`MapConfig::validate_every`] epochs.
    pub fn history(&self) -> &[MapRecord] {
        &self.history
    }

    /// The learning rate of the next iteration, before [`MapConfig::rates`].
    pub fn learning_rate(&self) -> f64 {
        let last = self.iterations().saturating_sub(1).max(1);
        self.config.adam.learning_rate * self.config.decay.part(self.iteration as f64 / last as f64)
    }

    /// The mean squared error over the validation pairs now, in normal units; `None` without them.
    pub fn validate(&self) -> Option<f64> {
        let (x, increments) = self.validation.as_ref()?;
        Some(mean_square(&self.map, x, increments))
    }

    /// Iterates until `until` iterations are done in all. After each one `callback` is called with the
    /// training, and with the record if one was made; [`ControlFlow::Break`] ends the run, and a later
    /// call goes on as if it had not.
    ///
    /// # Errors
    /// As [`MapTrainer::step`].
    pub fn run(
        &mut self,
        until: u64,
        mut callback: impl FnMut(&Self, Option<&MapRecord>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Error> {
        while self.iteration < until {
            let record = self.step()?.1;
            if callback(self, record.as_ref()).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// One iteration. Returns the loss of its batch, taken before the step, and the record if one is
    /// due.
    ///
    /// # Errors
    /// [`Error::NotFinite`] at the iteration whose loss or gradient is NaN or infinite: its step is not
    /// made. [`Error::Framework`] if memory runs out.
    pub fn step(&mut self) -> Result<(f64, Option<MapRecord>), Error> {
        let spec = self.config.network;
        let (inputs, states) = (spec.inputs(), spec.states);
        let all = &self.train;
        let rows = |sample: usize| all[sample * (inputs + states)..][..inputs + states].split_at(inputs);
        let loss = match &mut self.engine {
            Engine::Fused(net) => {
                for (row, &sample) in self.sampler.draw().iter().enumerate() {
                    let (x, y) = rows(sample as usize);
                    net.set_row(row, x, y);
                }
                net.learn(self.map.parameters(), &mut self.gradient)
            }
            Engine::Tape { x, increments } => {
                for (row, &sample) in self.sampler.draw().iter().enumerate() {
                    let (from_x, from_y) = rows(sample as usize);
                    x[row * inputs..][..inputs].copy_from_slice(from_x);
                    increments[row * states..][..states].copy_from_slice(from_y);
                }
                tape::learn(spec, self.map.parameters(), x, increments, &mut self.gradient)?
            }
        };
        let not_finite = |what: &str, value| {
            Err(Error::NotFinite { iteration: self.iteration + 1, what: what.to_owned(), value })
        };
        if !loss.is_finite() {
            return not_finite("the loss", loss);
        }
        if !fused::all_finite(Level::widest(), &self.gradient) {
            return not_finite("the gradient of the loss", f64::NAN);
        }
        let learning_rate = self.learning_rate();
        let rates = &self.config.rates;
        let rate = |i: usize| learning_rate * rates.get(i).copied().unwrap_or(1.0);
        self.adam.update_parts(self.map.parameters_mut(), &self.gradient, spec.parameters_each(), rate);
        self.iteration += 1;
        self.since.0 += loss;
        self.since.1 += 1;

        let due = self.config.validate_every.saturating_mul(self.iterations_per_epoch());
        let mut record = None;
        if self.iteration.is_multiple_of(due) {
            let validation = self.validate().unwrap_or(f64::NAN);
            if self.validation.is_some() && !validation.is_finite() {
                let what = "the validation error".to_owned();
                return Err(Error::NotFinite { iteration: self.iteration, what, value: validation });
            }
            let train = self.since.0 / self.since.1.max(1) as f64;
            self.since = (0.0, 0);
            let r = MapRecord { iteration: self.iteration, train, validation, learning_rate };
            self.history.push(r);
            record = Some(r);
        }
        Ok((loss, record))
    }
}

/// The squared error of a map over pairs, in normal units, averaged over pairs and states: what eq. 16
/// takes, and what the publication reports of its validation pairs.
///
/// # Errors
/// [`Error::BadLength`] if the pairs do not fit the map.
pub fn mean_square_error(map: &NeuralMap, pairs: &Pairs) -> Result<f64, Error> {
    fits(map.spec(), pairs)?;
    let (x, increments) = pairs.normal(map.state_normalization(), map.control_normalization());
    Ok(mean_square(map, &x, &increments))
}

/// Whether pairs have the numbers of a map.
pub(super) fn fits(spec: MapSpec, pairs: &Pairs) -> Result<(), Error> {
    for (what, found, expected) in [
        ("states of the pairs", pairs.states(), spec.states),
        ("control parameters of the pairs", pairs.parameters(), spec.parameters),
    ] {
        if found != expected {
            return Err(Error::BadLength { what: what.to_owned(), found, expected });
        }
    }
    Ok(())
}

/// SHA-256 of all pairs of a training.
pub(super) fn hash(train: &Pairs, validation: Option<&Pairs>) -> String {
    let mut hash = Sha256::new();
    train.hash_into(&mut hash);
    if let Some(pairs) = validation {
        hash.update(b"validation");
        pairs.hash_into(&mut hash);
    }
    crate::sealed::hex(hash)
}

/// As [`mean_square_error`], of pairs in normal units.
fn mean_square(map: &NeuralMap, x: &[f32], increments: &[f32]) -> f64 {
    const ROWS: usize = 1024;
    let spec = map.spec();
    let (inputs, states) = (spec.inputs(), spec.states);
    let mut sum = 0.0;
    let mut net: Option<(usize, FusedMap)> = None;
    for (x, y) in x.chunks(ROWS * inputs).zip(increments.chunks(ROWS * states)) {
        let rows = y.len() / states;
        let (_, net) = match &mut net {
            Some(net) if net.0 == rows => net,
            other => other.insert((rows, FusedMap::new(Level::widest(), spec, rows))),
        };
        for (row, (x, y)) in x.chunks_exact(inputs).zip(y.chunks_exact(states)).enumerate() {
            net.set_row(row, x, y);
        }
        sum += net.square_sum(map.parameters());
    }
    sum / increments.len() as f64
}
