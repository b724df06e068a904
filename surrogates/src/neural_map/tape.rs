//! The map on dfdx's tape: where the architecture is written as in the publication, and what the
//! fused kernels are checked against.

use dfdx::prelude::{Backward as _, Cpu, OwnedTape, PutTape, SplitTape, TensorFromVec};

use super::MapSpec;
use crate::ops::{self, Matrix, Rows};
use crate::{Activation, Error, Real};

/// Loss and gradient of a map on a batch, by reverse mode.
///
/// `x` holds rows of states and control parameters, `increments` rows of v − u, both in normal units.
/// Returns the mean over rows and states of the squared error (eq. 16), and writes its gradient.
pub(super) fn learn<E: Real>(
    spec: MapSpec,
    parameters: &[E],
    x: &[E],
    increments: &[E],
    gradient: &mut [E],
) -> Result<f64, Error> {
    let device = Cpu::default();
    let (inputs, features, width) = (spec.inputs(), spec.features(), spec.width);
    let rows = x.len() / inputs;
    let all = Rows { values: rows, tangents: 0 };
    let tensor = |data: Vec<E>, shape| Ok::<Matrix<E>, Error>(device.try_tensor_from_vec(data, shape)?);
    let mut loss = 0.0;
    for i in 0..spec.states {
        // Take(u, i) and [Sans(u, i), p] of eqs 12 and 13.
        let own = x.chunks_exact(inputs).map(|row| row[i]).collect();
        let others = x
            .chunks_exact(inputs)
            .flat_map(|row| (0..features).map(move |r| row[spec.feature(i, r)]))
            .collect();
        let (own, others) = (tensor(own, (rows, 1))?, tensor(others, (rows, features))?);
        let range = spec.range(i);
        let p = &parameters[range.clone()];
        let (first, rest) = p.split_at((features + 1) * width);
        let (second, third) = rest.split_at(2 * width);
        let first = tensor(first.to_vec(), (features + 1, width))?;
        let second = tensor(second.to_vec(), (2, width))?;
        let third = tensor(third.to_vec(), (width + 1, 1))?;

        let others = others.put_tape(OwnedTape::default());
        let h = ops::dense(others, &first, Some(Activation::Tanh), all, false)?; // (13)
        let (h, tape) = h.split_tape();
        let affine = ops::dense(own.put_tape(tape), &second, None, all, false)?;
        let q = ops::activate_sum(affine, &h, Activation::Tanh)?; // (14)
        let out = ops::dense(q, &third, None, all, true)?; // (15), without uᵢ on both sides
        let (out, tape) = out.split_tape();
        let targets = increments.chunks_exact(spec.states).map(|row| row[i]);
        let slope = E::nearest(2.0 / (rows * spec.states) as f64);
        let mut by_output = Vec::with_capacity(rows);
        let mut sum = 0.0;
        for (out, target) in ops::copy(&out).into_iter().zip(targets) {
            let error = out - target;
            sum += error.widen() * error.widen();
            by_output.push(slope * error);
        }
        let mean = sum / (rows * spec.states) as f64;
        loss += mean;
        let scalar = ops::with_gradient(out.put_tape(tape), E::nearest(mean), by_output)?;
        let mut gradients = scalar.try_backward()?;
        let mut at = range.start;
        for tensor in [&first, &second, &third] {
            let g = gradients.get_or_alloc_mut(tensor)?;
            gradient[at..at + g.len()].copy_from_slice(g);
            at += g.len();
        }
    }
    Ok(loss)
}
