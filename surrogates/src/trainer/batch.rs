//! The batch of an iteration: data rows, extra rows, initial rows, rows of the interface to the
//! window before, collocation rows.

use rand_chacha::ChaCha8Rng;

use super::previous::Previous;
use crate::data::Sampler;
use crate::ops::Rows;
use crate::{DataNorm, InitialValue, Samples, TrainConfig, random};

/// Rows of one term that have targets. The term is `factor`/rows · Σ (u − target)², or with
/// [`DataNorm::Euclidean`] 1/rows · Σ |u − target|.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Part {
    pub(super) rows: usize,
    pub(super) factor: f64,
    pub(super) weight: f64,
    pub(super) norm: DataNorm,
}

/// Parts of the batch before the collocation rows: data, extra, initial, continuity. The first two
/// are the data loss, the others the initial loss.
pub(super) const PARTS: usize = 4;

/// One batch; its memory is kept from one iteration to the next.
pub(super) struct Batch {
    pub(super) rows: Rows,
    pub(super) parts: [Part; PARTS],
    /// Inputs of all rows in normal units, row by row; then the derivatives by time.
    pub(super) x: Vec<f32>,
    /// Targets of all parts, in normal units.
    pub(super) targets: Vec<f32>,
    /// The common samples of this batch and the extra ones. Their rows come first in `x` and `targets`.
    pub(super) samples: [Vec<u32>; 2],
    /// Collocation points in physical units.
    pub(super) points: Vec<f64>,
    /// One input row in physical units.
    row: Vec<f64>,
    /// The data rows are the whole set, and were drawn before.
    whole: bool,
}

/// Where the rows of a batch come from.
pub(super) struct Sources<'a> {
    pub(super) samplers: [Option<&'a mut Sampler>; 2],
    pub(super) previous: Option<&'a mut Previous>,
    pub(super) points: &'a mut ChaCha8Rng,
}

impl Batch {
    pub(super) fn new(config: &TrainConfig, samplers: [Option<&Sampler>; 2]) -> Self {
        let (n_in, n_out) = (config.network.inputs, config.network.outputs);
        let [data, extra] = samplers.map(|s| s.map_or(0, Sampler::batch));
        let weight = |term: &Option<crate::DataTerm>| term.as_ref().map_or(0.0, |t| t.weight);
        let [initial, continuity] = [
            config.initial.as_ref().map_or((0, 0.0), |t| (t.batch, t.weight)),
            config.continuity.as_ref().map_or((0, 0.0), |t| (t.batch, t.weight)),
        ];
        let norm = config.data_norm;
        let part = |rows, factor, weight, norm| Part { rows, factor, weight, norm };
        let parts = [
            part(data, 0.5, weight(&config.data), norm),
            part(extra, 0.5, weight(&config.extra), norm),
            part(initial.0, 1.0, initial.1, DataNorm::Squared),
            part(continuity.0, 1.0, continuity.1, DataNorm::Squared),
        ];
        let plain: usize = parts.iter().map(|p| p.rows).sum();
        let physics: usize = config.physics.iter().map(|t| t.batch).sum();
        let rows = Rows { values: plain + physics, tangents: physics };
        let mut x = vec![0.0; rows.total() * n_in];
        // d(normal time)/d(time) = 1/scale; the other inputs do not change with time.
        for row in x[rows.values * n_in..].chunks_exact_mut(n_in) {
            row[config.time_input] = config.input.scale()[config.time_input].recip();
        }
        Self {
            rows,
            parts,
            x,
            targets: vec![0.0; plain * n_out],
            samples: [vec![0; data], vec![0; extra]],
            points: vec![0.0; physics * n_in],
            row: vec![0.0; n_in],
            whole: false,
        }
    }

    /// Rows with targets.
    pub(super) fn plain(&self) -> usize {
        self.rows.values - self.rows.tangents
    }

    /// Draws the next batch. Of samples it takes the numbers: the data sets are not copied, and whoever
    /// needs them takes them from there. Returns the first row that differs from the batch before.
    pub(super) fn draw(&mut self, config: &TrainConfig, sources: Sources<'_>) -> usize {
        let (n_in, n_out) = (config.network.inputs, config.network.outputs);
        let Sources { samplers, previous, points } = sources;
        let data = self.parts[0].rows;
        let first = if self.whole { data } else { 0 };
        for (k, (sampler, samples)) in samplers.into_iter().zip(&mut self.samples).enumerate() {
            let Some(sampler) = sampler else { continue };
            if k == 0 {
                if self.whole {
                    continue;
                }
                self.whole = sampler.takes_all();
            }
            samples.copy_from_slice(sampler.draw());
        }
        let from = data + self.parts[1].rows;
        let mut inputs = self.x[from * n_in..].chunks_exact_mut(n_in);
        let mut targets = self.targets[from * n_out..].chunks_exact_mut(n_out);
        let normal = |row: &[f64], x: &mut [f32]| {
            let maps = config.input.mean().iter().zip(config.input.scale());
            for ((x, v), (m, s)) in x.iter_mut().zip(row).zip(maps) {
                *x = ((*v - f64::from(*m)) / f64::from(*s)) as f32;
            }
        };
        if let Some(term) = &config.initial {
            for (target, x) in targets.by_ref().take(term.batch).zip(&mut inputs) {
                draw_row(points, &term.domain, &mut self.row);
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
        if let (Some(term), Some(previous)) = (&config.continuity, previous) {
            for (row, x) in inputs.by_ref().take(term.batch).enumerate() {
                draw_row(points, &term.domain, &mut self.row);
                normal(&self.row, x);
                previous.set(row, &self.row);
            }
            previous.forward();
            for (row, target) in targets.take(term.batch).enumerate() {
                previous.output(row, target);
                config.output.apply(target);
            }
        }
        let mut rows = self.points.chunks_exact_mut(n_in);
        for term in &config.physics {
            for (row, x) in rows.by_ref().take(term.batch).zip(&mut inputs) {
                draw_row(points, &term.domain, row);
                normal(row, x);
            }
        }
        first
    }

    /// Copies the samples into `x` and `targets`, in normal units.
    pub(super) fn copy_samples(&mut self, config: &TrainConfig, sets: [Option<&Samples>; 2]) {
        let (n_in, n_out) = (config.network.inputs, config.network.outputs);
        let mut inputs = self.x.chunks_exact_mut(n_in);
        let mut targets = self.targets.chunks_exact_mut(n_out);
        for (set, samples) in sets.into_iter().zip(&self.samples) {
            let Some(set) = set else { continue };
            for ((&sample, x), y) in samples.iter().zip(&mut inputs).zip(&mut targets) {
                x.copy_from_slice(&set.inputs()[sample as usize * n_in..][..n_in]);
                config.input.apply(x);
                y.copy_from_slice(&set.targets()[sample as usize * n_out..][..n_out]);
                config.output.apply(y);
            }
        }
    }
}

/// A point of a box, uniformly.
fn draw_row(points: &mut ChaCha8Rng, domain: &[(f64, f64)], row: &mut [f64]) {
    for (v, (low, high)) in row.iter_mut().zip(domain) {
        *v = random::uniform(points, *low, *high);
    }
}
