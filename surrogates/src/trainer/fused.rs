//! Loss, gradient and update by the fused kernels. An iteration allocates nothing.

use super::batch::Batch;
use crate::fused::{self, Fused, Level, Table};
use crate::loss::{Losses, ResidualWork, residual};
use crate::{DataNorm, TrainConfig, TrainingSet, VectorField};

/// The network's layers on the batch, and work space of the physics term.
pub(super) struct Engine {
    pub(super) level: Level,
    net: Fused,
    work: ResidualWork,
    /// Outputs of the collocation rows, their derivatives by time, and the gradients by both.
    y: [Vec<f32>; 4],
}

impl Engine {
    pub(super) fn new(config: &TrainConfig, batch: &Batch) -> Self {
        let level = Level::widest();
        let mut net = Fused::new(level, &config.network, batch.rows);
        net.set_inputs(0, &batch.x);
        let mut from = 0;
        for part in &batch.parts {
            let slope = match part.norm {
                DataNorm::Squared => 2.0 * part.factor,
                DataNorm::Euclidean => 1.0,
            };
            let factor = (slope / part.rows as f64 * part.weight) as f32;
            (from..from + part.rows).for_each(|row| net.set_factor(row, factor));
            from += part.rows;
        }
        let y = [(); 4].map(|()| vec![0.0; batch.rows.tangents * config.network.outputs]);
        Self { level, net, work: ResidualWork::new(config.network.outputs), y }
    }

    /// The losses of a batch whose rows before `first` are those of the batch before.
    pub(super) fn losses(
        &mut self,
        config: &TrainConfig,
        set: &TrainingSet,
        batch: &Batch,
        first: usize,
        parameters: &[f32],
    ) -> Losses {
        let (n_in, n_out) = (config.network.inputs, config.network.outputs);
        let mut from = 0;
        for (set, samples) in [&set.train, &set.extra].into_iter().zip(&batch.samples) {
            if let Some(set) = set.as_ref().filter(|_| from >= first) {
                let inputs = Table { rows: set.inputs(), columns: n_in, normal: Some(&config.input) };
                let targets = Table { rows: set.targets(), columns: n_out, normal: Some(&config.output) };
                self.net.set_samples(from, samples, inputs, targets);
            }
            from += samples.len();
        }
        self.net.set_inputs(from, &batch.x[from * n_in..batch.rows.values * n_in]);
        self.net.set_targets(from, &batch.targets[from * n_out..]);
        let mut losses = Losses::default();
        self.net.forward(parameters);
        self.net.compare();
        let mut from = 0;
        for (k, part) in batch.parts.iter().enumerate().filter(|(_, part)| part.rows > 0) {
            let rows = from..from + part.rows;
            let value = match part.norm {
                DataNorm::Squared => self.net.square_sum(rows) * (part.factor / part.rows as f64),
                DataNorm::Euclidean => self.net.root_sum(rows) / part.rows as f64,
            };
            *losses.of_part(k) += value;
            losses.total += part.weight * value;
            from += part.rows;
        }
        if let Some(field) = set.field.as_deref().filter(|_| !config.physics.is_empty()) {
            self.physics(config, field, batch, &mut losses);
        }
        losses
    }

    fn physics(&mut self, config: &TrainConfig, field: &dyn VectorField, batch: &Batch, losses: &mut Losses) {
        let (n_in, n_out) = (config.network.inputs, config.network.outputs);
        let (first, derivatives) = (batch.plain(), batch.rows.values);
        let [y, dy, gy, gdy] = &mut self.y;
        self.net.outputs(first, y);
        self.net.outputs(derivatives, dy);
        gy.fill(0.0);
        gdy.fill(0.0);
        let mut from = 0;
        for term in &config.physics {
            let x = &batch.points[from * n_in..][..term.batch * n_in];
            let at = from * n_out..(from + term.batch) * n_out;
            let (y, dy) = (&y[at.clone()], &dy[at.clone()]);
            let (gy, gdy) = (&mut gy[at.clone()], &mut gdy[at]);
            let scales = (&config.output, &config.residual_scale[..]);
            let value = residual(field, scales, &mut self.work, x, (y, dy), term.weight, (gy, gdy));
            losses.physics += value;
            losses.total += term.weight * value;
            from += term.batch;
        }
        self.net.set_gradients(first, gy);
        self.net.set_gradients(derivatives, gdy);
    }

    /// The gradient of the losses last taken.
    pub(super) fn gradient(&mut self, parameters: &[f32], gradient: &mut [f32]) {
        self.net.backward(parameters, gradient);
    }

    pub(super) fn all_finite(&self, x: &[f32]) -> bool {
        fused::all_finite(self.level, x)
    }
}
