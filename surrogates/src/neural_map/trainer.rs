//! The training loop of a map.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::{MapConfig, MapSpec, NeuralMap, Pairs, tape};
use crate::checkpoint;
use crate::epochs::{EpochRecord, Epochs};
use crate::fused::{self, FusedMap, Level};
use crate::optimizer::Adam;
use crate::{Backend, Error, Training, check};

/// Trains a [`NeuralMap`].
///
/// Every iteration draws a batch of pairs, takes the squared error (eq. 16) and its gradient, and makes
/// one step of Adam. All pairs come once before any comes again; that is an epoch.
pub struct MapTrainer {
    pub(super) config: MapConfig,
    pub(super) map: NeuralMap,
    pub(super) adam: Adam,
    pub(super) epochs: Epochs,
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
        let counts = (config.epochs, config.validate_every);
        let epochs = Epochs::new(config.seed, train.rows(), config.batch, counts);
        let batch = epochs.batch();
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
            map,
            epochs,
            engine,
            config,
        })
    }

    /// The map as it is now.
    pub fn map(&self) -> &NeuralMap {
        &self.map
    }

    /// How many iterations make an epoch: a last one that is not full counts, and takes its missing
    /// pairs from the next epoch.
    pub fn iterations_per_epoch(&self) -> u64 {
        self.epochs.each()
    }

    /// How many iterations the whole training takes.
    pub fn iterations(&self) -> u64 {
        self.epochs.iterations()
    }

    /// The learning rate of the next iteration, before [`MapConfig::rates`].
    pub fn learning_rate(&self) -> f64 {
        let last = self.iterations().saturating_sub(1).max(1);
        self.config.adam.learning_rate * self.config.decay.part(self.iteration() as f64 / last as f64)
    }

    /// The mean squared error over the validation pairs now, in normal units; `None` without them.
    pub fn validate(&self) -> Option<f64> {
        let (x, increments) = self.validation.as_ref()?;
        Some(mean_square(&self.map, x, increments))
    }
}

impl Training for MapTrainer {
    type Config = MapConfig;
    type Network = NeuralMap;
    type Loss = f64;
    type Record = EpochRecord;

    fn config(&self) -> &MapConfig {
        &self.config
    }

    fn iteration(&self) -> u64 {
        self.epochs.iteration()
    }

    fn history(&self) -> &[EpochRecord] {
        self.epochs.history()
    }

    fn save(&self, path: &Path) -> Result<(), Error> {
        checkpoint::save(self, path)
    }

    fn step(&mut self) -> Result<(f64, Option<EpochRecord>), Error> {
        let spec = self.config.network;
        let (inputs, states) = (spec.inputs(), spec.states);
        let all = &self.train;
        let rows = |sample: usize| all[sample * (inputs + states)..][..inputs + states].split_at(inputs);
        let loss = match &mut self.engine {
            Engine::Fused(net) => {
                for (row, &sample) in self.epochs.draw().iter().enumerate() {
                    let (x, y) = rows(sample as usize);
                    net.set_row(row, x, y);
                }
                net.learn(self.map.parameters(), &mut self.gradient)
            }
            Engine::Tape { x, increments } => {
                for (row, &sample) in self.epochs.draw().iter().enumerate() {
                    let (from_x, from_y) = rows(sample as usize);
                    x[row * inputs..][..inputs].copy_from_slice(from_x);
                    increments[row * states..][..states].copy_from_slice(from_y);
                }
                tape::learn(spec, self.map.parameters(), x, increments, &mut self.gradient)?
            }
        };
        let iteration = self.iteration() + 1;
        if !loss.is_finite() {
            return Err(Error::not_finite(iteration, "the loss", loss));
        }
        if !fused::all_finite(Level::widest(), &self.gradient) {
            return Err(Error::not_finite(iteration, "the gradient of the loss", f64::NAN));
        }
        let learning_rate = self.learning_rate();
        let rates = &self.config.rates;
        let rate = |i: usize| learning_rate * rates.get(i).copied().unwrap_or(1.0);
        self.adam.update_parts(self.map.parameters_mut(), &self.gradient, spec.parameters_each(), rate);
        let record = match self.epochs.count(loss) {
            true => Some(self.epochs.record(self.validate(), learning_rate)?),
            false => None,
        };
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
    check::length("states of the pairs", pairs.states(), spec.states)?;
    check::length("control parameters of the pairs", pairs.parameters(), spec.parameters)
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
