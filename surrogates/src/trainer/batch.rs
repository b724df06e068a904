//! The batch of an iteration: data rows, extra rows, initial rows, rows of the interface to the
//! window before, collocation rows.

use rand_chacha::ChaCha8Rng;

use super::previous::Previous;
use crate::data::Sampler;
use crate::fused::{Level, Points};
use crate::ops::Rows;
use crate::{DataNorm, InitialValue, Samples, TrainConfig};

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
    /// Initial rows, or those of the interface, in physical units.
    physical: Vec<f64>,
    /// Where initial rows, rows of the interface and collocation rows are drawn, term by term.
    initial: Option<Points>,
    continuity: Option<Points>,
    physics: Vec<Points>,
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
        let domain = |domain: &[(f64, f64)]| Points::new(Level::widest(), domain, &config.input);
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
            physical: Vec::new(),
            initial: config.initial.as_ref().map(|t| domain(&t.domain)),
            continuity: config.continuity.as_ref().map(|t| domain(&t.domain)),
            physics: config.physics.iter().map(|t| domain(&t.domain)).collect(),
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
        let mut x = &mut self.x[from * n_in..];
        let mut targets = self.targets[from * n_out..].chunks_exact_mut(n_out);
        if let (Some(term), Some(domain)) = (&config.initial, &mut self.initial) {
            let rows = term.batch * n_in;
            self.physical.resize(rows, 0.0);
            domain.draw(points, &mut self.physical, x.split_off_mut(..rows).unwrap_or_default());
            for (target, row) in targets.by_ref().take(term.batch).zip(self.physical.chunks_exact(n_in)) {
                for (t, value) in target.iter_mut().zip(&term.values) {
                    *t = match *value {
                        InitialValue::Fixed(v) => v as f32,
                        InitialValue::Input(i) => row[i] as f32,
                    };
                }
                config.output.apply(target);
            }
        }
        if let (Some(term), Some(domain), Some(previous)) =
            (&config.continuity, &mut self.continuity, previous)
        {
            let rows = term.batch * n_in;
            self.physical.resize(rows, 0.0);
            domain.draw(points, &mut self.physical, x.split_off_mut(..rows).unwrap_or_default());
            for (row, at) in self.physical.chunks_exact(n_in).enumerate() {
                previous.set(row, at);
            }
            previous.forward();
            for (row, target) in targets.take(term.batch).enumerate() {
                previous.output(row, target);
                config.output.apply(target);
            }
        }
        let mut rows = &mut self.points[..];
        for (term, domain) in config.physics.iter().zip(&mut self.physics) {
            let count = term.batch * n_in;
            let (at, x) = (rows.split_off_mut(..count), x.split_off_mut(..count));
            domain.draw(points, at.unwrap_or_default(), x.unwrap_or_default());
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
