//! Training data and the order in which it is used.

use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Error, check, memory, random};

/// Samples: rows of inputs and the outputs that belong to them, in physical units. A clone shares
/// the rows: many trainings of one data set hold it once.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples {
    n_inputs: usize,
    n_outputs: usize,
    inputs: Arc<Vec<f32>>,
    targets: Arc<Vec<f32>>,
}

impl Samples {
    /// Samples from two tables, row by row.
    ///
    /// # Errors
    /// [`Error::Empty`] without rows or columns, [`Error::BadLength`] if the tables are not whole or
    /// differ in rows, [`Error::NotFiniteData`] for NaN and infinity, [`Error::BadConfig`] for more
    /// than 2³² − 1 rows.
    pub fn new(
        n_inputs: usize,
        n_outputs: usize,
        inputs: Vec<f32>,
        targets: Vec<f32>,
    ) -> Result<Self, Error> {
        check::table("inputs", &inputs, n_inputs)?;
        check::table("targets", &targets, n_outputs)?;
        let rows = inputs.len() / n_inputs;
        check::length("targets", targets.len(), rows * n_outputs)?;
        if u32::try_from(rows).is_err() {
            return Err(Error::config("samples", rows, "there must be fewer than 2^32 rows"));
        }
        Ok(Self { n_inputs, n_outputs, inputs: Arc::new(inputs), targets: Arc::new(targets) })
    }

    /// The samples of a data set: its input and target columns, in their order, rounded to `f32`.
    ///
    /// # Errors
    /// As [`Samples::new`]; a value beyond the range of `f32` counts as infinite.
    pub fn from_dataset(dataset: &datagen::Dataset) -> Result<Self, Error> {
        let inputs = dataset.inputs().iter().map(|&v| v as f32).collect();
        let targets = dataset.targets().iter().map(|&v| v as f32).collect();
        Self::new(dataset.n_inputs(), dataset.n_targets(), inputs, targets)
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.inputs.len() / self.n_inputs
    }

    /// The number of inputs in a row.
    pub fn n_inputs(&self) -> usize {
        self.n_inputs
    }

    /// The number of targets in a row.
    pub fn n_outputs(&self) -> usize {
        self.n_outputs
    }

    /// The inputs, row by row.
    pub fn inputs(&self) -> &[f32] {
        &self.inputs
    }

    /// The targets, row by row.
    pub fn targets(&self) -> &[f32] {
        &self.targets
    }

    /// Says which rows will be read soon.
    pub(crate) fn soon(&self, rows: &[u32]) {
        if !memory::is_large(&self.inputs) {
            return;
        }
        for &row in rows {
            memory::soon(&self.inputs, row as usize * self.n_inputs);
            memory::soon(&self.targets, row as usize * self.n_outputs);
        }
    }

    /// Adds shape and content to a hash.
    pub(crate) fn hash_into(&self, hash: &mut Sha256) {
        for n in [self.n_inputs, self.n_outputs, self.rows()] {
            hash.update((n as u64).to_le_bytes());
        }
        for v in self.inputs.iter().chain(self.targets.iter()) {
            hash.update(v.to_le_bytes());
        }
    }
}

/// How a batch is drawn from the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// The samples are shuffled and dealt out; when they run out, in the middle of a batch if need
    /// be, they are shuffled again. No sample comes twice before all have come.
    #[default]
    Shuffled,
    /// Each row of a batch is drawn from all samples, independently.
    Replacement,
}

/// Deals out indices of samples.
///
/// Batches as large as the data set, or larger, take every sample once, in order, and use no random
/// numbers.
#[derive(Debug, Clone)]
pub(crate) struct Sampler {
    rng: ChaCha8Rng,
    rows: u32,
    batch: usize,
    sampling: Sampling,
    order: Vec<u32>,
    /// Word position of the generator before it shuffled `order`.
    shuffled_at: u128,
    /// Next index in `order`.
    next: usize,
    /// The batch last drawn.
    drawn: Vec<u32>,
}

/// A sampler's state, as a checkpoint keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SamplerState {
    /// Word position of the generator; for shuffled data, before the shuffle in use.
    word_position: u64,
    /// Samples already dealt out of this shuffle.
    used: u64,
}

impl Sampler {
    pub(crate) fn new(rng: ChaCha8Rng, rows: u32, batch: usize, sampling: Sampling) -> Self {
        let drawn = (0..rows).take(batch).collect();
        let mut s = Self { rng, rows, batch, sampling, order: Vec::new(), shuffled_at: 0, next: 0, drawn };
        if s.batch < rows as usize && sampling == Sampling::Shuffled {
            s.shuffle();
        }
        s
    }

    /// The number of rows that [`Sampler::draw`] gives.
    pub(crate) fn batch(&self) -> usize {
        self.batch.min(self.rows as usize)
    }

    /// Whether every batch is the whole data set, in order.
    pub(crate) fn takes_all(&self) -> bool {
        self.batch >= self.rows as usize
    }

    /// The indices of the next batch.
    pub(crate) fn draw(&mut self) -> &[u32] {
        let mut drawn = core::mem::take(&mut self.drawn);
        match self.sampling {
            // In order from the beginning on, and so for ever.
            _ if self.takes_all() => {}
            Sampling::Replacement => drawn.fill_with(|| random::below(&mut self.rng, self.rows)),
            Sampling::Shuffled => {
                let mut rest = &mut drawn[..];
                while !rest.is_empty() {
                    if self.next == self.order.len() {
                        self.shuffle();
                    }
                    let dealt = rest.len().min(self.order.len() - self.next);
                    let (now, later) = rest.split_at_mut(dealt);
                    now.copy_from_slice(&self.order[self.next..][..dealt]);
                    self.next += dealt;
                    rest = later;
                }
            }
        }
        self.drawn = drawn;
        &self.drawn
    }

    /// A fresh random order, from the generator's position alone (Fisher–Yates).
    fn shuffle(&mut self) {
        self.shuffled_at = self.rng.get_word_pos();
        self.next = 0;
        self.order.clear();
        self.order.extend(0..self.rows);
        // A few places are drawn ahead, or every swap of a long list would wait for memory.
        const AHEAD: usize = 16;
        let mut ahead = [0; AHEAD];
        let mut last = self.rows as usize - 1;
        while last > 0 {
            let ahead = &mut ahead[..last.min(AHEAD)];
            for (i, j) in (1..=last).rev().zip(ahead.iter_mut()) {
                *j = random::below(&mut self.rng, i as u32 + 1) as usize;
                memory::soon(&self.order, *j);
            }
            for j in ahead {
                self.order.swap(last, *j);
                last -= 1;
            }
        }
    }

    /// The samples of the batch after this one, as far as they are known.
    pub(crate) fn upcoming(&self) -> &[u32] {
        let end = self.order.len().min(self.next + self.batch);
        self.order.get(self.next..end).unwrap_or_default()
    }

    pub(crate) fn state(&self) -> SamplerState {
        let shuffled = !self.order.is_empty();
        let position = if shuffled { self.shuffled_at } else { self.rng.get_word_pos() };
        SamplerState { word_position: position as u64, used: self.next as u64 }
    }

    /// Goes to a state that [`Sampler::state`] gave. False if it cannot be one of this sampler's.
    pub(crate) fn restore(&mut self, state: &SamplerState) -> bool {
        self.rng.set_word_pos(u128::from(state.word_position));
        if self.order.is_empty() {
            return state.used == 0;
        }
        self.shuffle();
        match usize::try_from(state.used) {
            Ok(used) if used <= self.order.len() => {
                self.next = used;
                true
            }
            _ => false,
        }
    }
}
