//! Trainings that go through all samples, again and again: those of maps and of operators.

use serde::{Deserialize, Serialize};

use crate::data::{Sampler, SamplerState, Sampling};
use crate::sealed::{Field, Row};
use crate::{Error, random};

/// A line of the history of a training in epochs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// How many iterations were done.
    pub iteration: u64,
    /// The mean of the losses of the batches since the last record: of a map the squared error in normal units,
    /// averaged over pairs and states, of an operator the relative L² error in normal units, averaged over trajectories
    /// and outputs.
    pub train: f64,
    /// The same error over the validation samples; NaN without them.
    pub validation: f64,
    /// The learning rate of the last iteration.
    pub learning_rate: f64,
}

impl Row for EpochRecord {
    const FIELDS: &'static [Field<Self>] =
        &[("train", |r| r.train), ("validation", |r| r.validation), ("learning_rate", |r| r.learning_rate)];

    fn iteration(&self) -> u64 {
        self.iteration
    }

    fn of(iteration: u64, f: &[f64]) -> Self {
        Self { iteration, train: f[0], validation: f[1], learning_rate: f[2] }
    }
}

/// Which samples come next, how many iterations were done, and what they came to.
pub(crate) struct Epochs {
    samples: usize,
    /// How many epochs there are, and of how many each ends with a record.
    all: u64,
    record_every: u64,
    sampler: Sampler,
    iteration: u64,
    /// Sum and number of the losses since the last record.
    since: (f64, u64),
    history: Vec<EpochRecord>,
}

/// What files keep of [`Epochs`] beside iteration and history.
#[derive(Debug, Clone, PartialEq)]
pub struct EpochState {
    pub(crate) sampler: SamplerState,
    pub(crate) since: (f64, u64),
}

impl Epochs {
    /// Before the first iteration. There are fewer than 2³² samples.
    pub(crate) fn new(seed: u64, samples: usize, batch: usize, (all, record_every): (u64, u64)) -> Self {
        let rows = u32::try_from(samples).unwrap_or(u32::MAX);
        let order = random::stream(seed, random::DATA);
        Self {
            samples,
            all,
            record_every,
            sampler: Sampler::new(order, rows, batch, Sampling::Shuffled),
            iteration: 0,
            since: (0.0, 0),
            history: Vec::new(),
        }
    }

    /// How many samples a batch has.
    pub(crate) fn batch(&self) -> usize {
        self.sampler.batch()
    }

    /// How many iterations make an epoch: a last one that is not full counts, and takes its missing samples from the
    /// next epoch.
    pub(crate) fn each(&self) -> u64 {
        self.samples.div_ceil(self.batch()) as u64
    }

    /// How many iterations the whole training takes.
    pub(crate) fn iterations(&self) -> u64 {
        self.all.saturating_mul(self.each())
    }

    /// How many were done.
    pub(crate) fn iteration(&self) -> u64 {
        self.iteration
    }

    /// The records made so far.
    pub(crate) fn history(&self) -> &[EpochRecord] {
        &self.history
    }

    /// The samples of the next batch.
    pub(crate) fn draw(&mut self) -> &[u32] {
        self.sampler.draw()
    }

    /// Counts an iteration with the loss of its batch. Returns whether a record is due.
    pub(crate) fn count(&mut self, loss: f64) -> bool {
        self.iteration += 1;
        self.since.0 += loss;
        self.since.1 += 1;
        self.iteration.is_multiple_of(self.record_every.saturating_mul(self.each()))
    }

    /// Makes the record that is due.
    ///
    /// # Errors
    /// [`Error::NotFinite`] if the error over the validation samples is: no record is made.
    pub(crate) fn record(
        &mut self,
        validation: Option<f64>,
        learning_rate: f64,
    ) -> Result<EpochRecord, Error> {
        if let Some(value) = validation.filter(|error| !error.is_finite()) {
            return Err(Error::not_finite(self.iteration, "the validation error", value));
        }
        let (sum, count) = core::mem::take(&mut self.since);
        let train = sum / count.max(1) as f64;
        let validation = validation.unwrap_or(f64::NAN);
        let record = EpochRecord { iteration: self.iteration, train, validation, learning_rate };
        self.history.push(record);
        Ok(record)
    }

    pub(crate) fn state(&self) -> EpochState {
        EpochState { sampler: self.sampler.state(), since: self.since }
    }

    /// Goes to where a file was written. False if it cannot be one of these samples.
    pub(crate) fn restore(&mut self, iteration: u64, state: &EpochState, history: Vec<EpochRecord>) -> bool {
        (self.iteration, self.since, self.history) = (iteration, state.since, history);
        self.sampler.restore(&state.sampler)
    }
}
