//! Loss and gradient by reverse mode on dfdx's tape.

use dfdx::prelude::{Backward, CopySlice, Cpu, OwnedTape, PutTape, SplitTape, Tensor, TensorFromVec};

use super::batch::Batch;
use crate::loss::{Losses, Residual, mean_length, mean_square};
use crate::ops::{self, Matrix};
use crate::{DataNorm, Error, Mlp, TrainConfig, VectorField};

/// A loss on the tape.
pub(super) type Loss = Tensor<(), f32, Cpu, OwnedTape<f32, Cpu>>;

/// The network's parameters as tensors, layer by layer.
pub(super) struct Tape {
    device: Cpu,
    tensors: Vec<Matrix<f32>>,
}

impl Tape {
    pub(super) fn new(network: &Mlp) -> Result<Self, Error> {
        let device = Cpu::default();
        let tensors = network.tensors(&device)?;
        Ok(Self { device, tensors })
    }

    /// The losses of a batch, and their weighted sum on the tape.
    pub(super) fn losses(
        &mut self,
        config: &TrainConfig,
        network: &Mlp,
        field: Option<&dyn VectorField>,
        batch: &Batch,
    ) -> Result<(Losses, Loss), Error> {
        for (layer, tensor) in config.network.layers().zip(&mut self.tensors) {
            Cpu::copy_from(tensor, &network.parameters()[layer.range()]);
        }
        let x =
            self.device.try_tensor_from_vec(batch.x.clone(), (batch.rows.total(), config.network.inputs))?;
        let (y, tape) = network.traced(&self.tensors, x, batch.rows, false)?.split_tape();
        let out = ops::copy(&y);
        let mut gradient = vec![0.0; out.len()];
        let losses = weighted(config, field, batch, &out, &mut gradient);
        let loss = ops::with_gradient(y.put_tape(tape), losses.total as f32, gradient)?;
        Ok((losses, loss))
    }

    /// The gradient of a loss by all parameters.
    pub(super) fn gradient(
        &self,
        config: &TrainConfig,
        loss: Loss,
        gradient: &mut [f32],
    ) -> Result<(), Error> {
        let mut gradients = loss.try_backward()?;
        for (layer, tensor) in config.network.layers().zip(&self.tensors) {
            gradient[layer.range()].copy_from_slice(gradients.get_or_alloc_mut(tensor)?);
        }
        Ok(())
    }
}

/// The weighted loss of the network's outputs on the batch, and its gradient by them.
fn weighted(
    config: &TrainConfig,
    field: Option<&dyn VectorField>,
    batch: &Batch,
    out: &[f32],
    gradient: &mut [f32],
) -> Losses {
    let n_out = config.network.outputs;
    let mut losses = Losses::default();
    let mut from = 0;
    for (k, part) in batch.parts.iter().enumerate().filter(|(_, part)| part.rows > 0) {
        let at = from..from + part.rows * n_out;
        let (y, target, g) = (&out[at.clone()], &batch.targets[at.clone()], &mut gradient[at]);
        let value = match part.norm {
            DataNorm::Squared => mean_square(y, target, part.rows, part.factor, part.weight, g),
            DataNorm::Euclidean => mean_length(y, target, part.rows, part.weight, g),
        };
        *losses.of_part(k) += value;
        losses.total += part.weight * value;
        from += part.rows * n_out;
    }
    let rest = from;
    if let Some(field) = field.filter(|_| !config.physics.is_empty()) {
        let mut residual = Residual::new(field, &config.output, &config.residual_scale);
        let values = batch.rows.values * n_out;
        let (g, gdy) = gradient.split_at_mut(values);
        let (u, du) = out.split_at(values);
        let (u, gy) = (&u[rest..], &mut g[rest..]);
        let mut from = 0;
        for term in &config.physics {
            let x = &batch.points[from * config.network.inputs..][..term.batch * config.network.inputs];
            let at = from * n_out..(from + term.batch) * n_out;
            let (gy, gdy) = (&mut gy[at.clone()], &mut gdy[at.clone()]);
            let value = residual.evaluate(x, &u[at.clone()], &du[at], term.weight, gy, gdy);
            losses.physics += value;
            losses.total += term.weight * value;
            from += term.batch;
        }
    }
    losses
}
