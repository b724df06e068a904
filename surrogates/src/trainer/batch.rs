//! The batch of an iteration: data rows, initial rows, collocation rows.

use rand_chacha::ChaCha8Rng;

use crate::data::Sampler;
use crate::ops::Rows;
use crate::{InitialValue, Samples, TrainConfig, random};

/// One batch; its memory is kept from one iteration to the next.
pub(super) struct Batch {
    pub(super) rows: Rows,
    pub(super) data: usize,
    pub(super) initial: usize,
    /// Inputs of all rows in normal units, row by row; then the derivatives by time.
    pub(super) x: Vec<f32>,
    /// Targets of the data rows, then of the initial rows, in normal units.
    pub(super) targets: Vec<f32>,
    /// Collocation points in physical units.
    pub(super) points: Vec<f64>,
    /// One input row in physical units.
    row: Vec<f64>,
    /// The data rows are the whole set, and stand in the batch already.
    whole: bool,
}

impl Batch {
    pub(super) fn new(config: &TrainConfig, sampler: Option<&Sampler>) -> Self {
        let (n_in, n_out) = (config.network.inputs, config.network.outputs);
        let data = sampler.map_or(0, Sampler::batch);
        let initial = config.initial.as_ref().map_or(0, |t| t.batch);
        let physics: usize = config.physics.iter().map(|t| t.batch).sum();
        let rows = Rows { values: data + initial + physics, tangents: physics };
        let mut x = vec![0.0; rows.total() * n_in];
        // d(normal time)/d(time) = 1/scale; the other inputs do not change with time.
        for row in x[rows.values * n_in..].chunks_exact_mut(n_in) {
            row[config.time_input] = config.input.scale()[config.time_input].recip();
        }
        Self {
            rows,
            data,
            initial,
            x,
            targets: vec![0.0; (data + initial) * n_out],
            points: vec![0.0; physics * n_in],
            row: vec![0.0; n_in],
            whole: false,
        }
    }

    /// Draws the next batch. Samples are normalised as they are drawn: the data set is not copied.
    /// Returns the first row that differs from the batch before.
    pub(super) fn draw(
        &mut self,
        config: &TrainConfig,
        samples: Option<&Samples>,
        sampler: Option<&mut Sampler>,
        points: &mut ChaCha8Rng,
    ) -> usize {
        let (n_in, n_out) = (config.network.inputs, config.network.outputs);
        let first = if self.whole { self.data } else { 0 };
        if let (Some(sampler), Some(samples), false) = (sampler, samples, self.whole) {
            self.whole = sampler.takes_all();
            sampler.draw(|row, sample| {
                let x = &mut self.x[row * n_in..][..n_in];
                x.copy_from_slice(&samples.inputs()[sample * n_in..][..n_in]);
                config.input.apply(x);
                let y = &mut self.targets[row * n_out..][..n_out];
                y.copy_from_slice(&samples.targets()[sample * n_out..][..n_out]);
                config.output.apply(y);
            });
        }
        let mut inputs = self.x[self.data * n_in..].chunks_exact_mut(n_in);
        let normal = |row: &[f64], x: &mut [f32]| {
            let maps = config.input.mean().iter().zip(config.input.scale());
            for ((x, v), (m, s)) in x.iter_mut().zip(row).zip(maps) {
                *x = ((*v - f64::from(*m)) / f64::from(*s)) as f32;
            }
        };
        if let Some(term) = &config.initial {
            let targets = self.targets[self.data * n_out..].chunks_exact_mut(n_out);
            for (target, x) in targets.zip(&mut inputs) {
                for (v, (low, high)) in self.row.iter_mut().zip(&term.domain) {
                    *v = random::uniform(points, *low, *high);
                }
                normal(&self.row, x);
                for (t, value) in target.iter_mut().zip(&term.values) {
                    *t = match *value {
                        InitialValue::Fixed(v) => v as f32,
                        InitialValue::Input(i) => self.row[i] as f32,
                    };
                }
                config.output.apply(target);
            }
        }
        let mut rows = self.points.chunks_exact_mut(n_in);
        for term in &config.physics {
            for (row, x) in rows.by_ref().take(term.batch).zip(&mut inputs) {
                for (v, (low, high)) in row.iter_mut().zip(&term.domain) {
                    *v = random::uniform(points, *low, *high);
                }
                normal(row, x);
            }
        }
        first
    }
}
