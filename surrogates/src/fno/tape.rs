//! The operator on dfdx's tape: where the architecture is written as it is defined, and what the fused
//! kernels are checked against.

use dfdx::prelude::*;

use super::{FnoSpec, Variant};
use crate::ops::{self, Matrix, Rows};
use crate::{Dense, Error, Real};

/// Trajectories on the tape: `[batch, channel, point]`.
type Signals<E> = Tensor<(usize, usize, usize), E, Cpu, OwnedTape<E, Cpu>>;
/// A part of the spectral weights of a layer: `[mode, in, out]`.
type Weights<E> = Tensor<(usize, usize, usize), E, Cpu>;

/// Sizes of a batch, and the parameters as tensors.
struct Graph<'a, E: Real> {
    spec: FnoSpec,
    batch: usize,
    /// Points with padding.
    padded: usize,
    device: Cpu,
    parameters: &'a [E],
    /// The tensors made so far, with where they lie in the list.
    maps: Vec<(usize, Matrix<E>)>,
    spectral: Vec<(usize, Weights<E>)>,
}

impl<E: Real> Graph<'_, E>
where
    Cpu: Device<E>,
{
    fn matrix(&self, shape: (usize, usize), f: impl Fn(usize, usize) -> f64) -> Result<Matrix<E>, Error> {
        let data = (0..shape.0 * shape.1).map(|k| E::nearest(f(k / shape.1, k % shape.1))).collect();
        Ok(self.device.try_tensor_from_vec(data, shape)?)
    }

    fn map(&mut self, map: Dense) -> Result<Matrix<E>, Error> {
        let data = self.parameters[map.range()].to_vec();
        let tensor = self.device.try_tensor_from_vec(data, (map.inputs + 1, map.outputs))?;
        self.maps.push((map.offset, tensor.clone()));
        Ok(tensor)
    }

    /// Real and imaginary parts of a layer's spectral weights, `[mode, in, out]`.
    fn weights(&mut self, l: usize) -> Result<[Weights<E>; 2], Error> {
        let (w, at) = (self.spec.width, self.spec.layer(l).spectral.start);
        let mut part = |k: usize| -> Result<_, Error> {
            let mode = |m: usize| &self.parameters[at + (2 * m + k) * w * w..][..w * w];
            let data = (0..self.spec.modes).flat_map(mode).copied().collect();
            let tensor = self.device.try_tensor_from_vec(data, (self.spec.modes, w, w))?;
            self.spectral.push((at + k * w * w, tensor.clone()));
            Ok(tensor)
        };
        Ok([part(0)?, part(1)?])
    }

    /// A dense map of every point.
    fn dense(&mut self, v: Signals<E>, map: Dense) -> Result<Signals<E>, Error> {
        let v = self.points(v)?;
        let rows = v.shape().0;
        let parameters = self.map(map)?;
        let all = Rows { values: rows, tangents: 0 };
        self.signals(ops::dense(v, &parameters, map.activation, all, true)?)
    }

    /// `[batch·point, channel]`
    fn points(&self, v: Signals<E>) -> Result<Matrix<E, OwnedTape<E, Cpu>>, Error> {
        let (b, c, n) = *v.shape();
        let v = v.try_permute::<(usize, usize, usize), Axes3<0, 2, 1>>()?;
        Ok(v.try_reshape_like(&(b * n, c))?)
    }

    fn signals(&self, v: Matrix<E, OwnedTape<E, Cpu>>) -> Result<Signals<E>, Error> {
        let (rows, c) = *v.shape();
        let v = v.try_reshape_like(&(self.batch, rows / self.batch, c))?;
        Ok(v.try_permute::<(usize, usize, usize), Axes3<0, 2, 1>>()?)
    }

    /// K: the kept modes of every channel, mixed, and back.
    fn convolution(&mut self, v: Signals<E>, l: usize) -> Result<Signals<E>, Error> {
        let (n, m) = (self.padded, self.spec.modes);
        let angle = move |n_: usize, m_: usize| std::f64::consts::TAU * ((n_ * m_) % n) as f64 / n as f64;
        let own = move |m_: usize| m_ == 0 || 2 * m_ == n;
        let scale = move |m_: usize| if own(m_) { 1.0 } else { 2.0 } / n as f64;
        let [re, im] = self.weights(l)?;
        let other = v.retaped::<OwnedTape<E, Cpu>>();
        // Σ cos·v and Σ sin·v: real part, and imaginary part with the other sign.
        let cos = v.try_matmul(self.matrix((n, m), move |n, m| angle(n, m).cos())?)?;
        let sin = other.try_matmul(self.matrix((n, m), move |n, m| angle(n, m).sin())?)?;
        let cos = cos.try_permute::<(usize, usize, usize), Axes3<2, 0, 1>>()?;
        let sin = sin.try_permute::<(usize, usize, usize), Axes3<2, 0, 1>>()?;
        let (cos_again, sin_again) = (cos.retaped::<OwnedTape<E, Cpu>>(), sin.retaped::<OwnedTape<E, Cpu>>());
        let real = cos.try_matmul(re.clone())?.try_add(sin.try_matmul(im.clone())?)?;
        let imaginary = cos_again.try_matmul(im)?.try_sub(sin_again.try_matmul(re)?)?;
        let real = real.try_permute::<(usize, usize, usize), Axes3<1, 2, 0>>()?;
        let imaginary = imaginary.try_permute::<(usize, usize, usize), Axes3<1, 2, 0>>()?;
        let cos = self.matrix((m, n), move |m, n| scale(m) * angle(n, m).cos())?;
        let sin = self.matrix((m, n), move |m, n| scale(m) * angle(n, m).sin())?;
        Ok(real.try_matmul(cos)?.try_sub(imaginary.try_matmul(sin)?)?)
    }

    fn layer(&mut self, v: Signals<E>, l: usize) -> Result<Signals<E>, Error> {
        let parts = self.spec.layer(l);
        let (again, same) = (v.retaped::<OwnedTape<E, Cpu>>(), v.retaped::<OwnedTape<E, Cpu>>());
        let mut k = self.convolution(v, l)?;
        for map in parts.mlp.into_iter().flatten() {
            k = self.dense(k, map)?;
        }
        let w = self.dense(again, parts.pointwise)?;
        let z = if l + 1 == self.spec.layers {
            k.try_add(w)?
        } else {
            // Two tapes become one by adding; σ is then taken of the sum and 0.
            let z = self.points(k.try_add(w)?)?;
            let zero =
                self.device.try_tensor_from_vec(vec![E::default(); z.shape().0 * z.shape().1], *z.shape())?;
            let h = ops::activate_sum(z, &zero, self.spec.activation)?;
            self.signals(h)?
        };
        Ok(if self.spec.variant == Variant::Residual { same.try_add(z)? } else { z })
    }
}

/// The mean over trajectories and outputs of the relative L² error of a batch, its gradient by the
/// parameters, and what the operator gives, `[batch, point, output]`. `x` is `[batch, point, input]`.
pub(crate) fn learn<E: Real>(
    spec: FnoSpec,
    (points, padding): (usize, usize),
    parameters: &[E],
    x: &[E],
    targets: &[E],
    gradient: &mut [E],
) -> Result<(f64, Vec<E>), Error>
where
    Cpu: Device<E>,
{
    let batch = x.len() / (points * spec.inputs);
    let padded = points + padding;
    let device = Cpu::default();
    let (maps, spectral) = (Vec::new(), Vec::new());
    let mut graph = Graph { spec, batch, padded, device, parameters, maps, spectral };

    let x = graph.device.try_tensor_from_vec(x.to_vec(), (batch * points, spec.inputs))?;
    let mut v = graph.signals(x.put_tape(OwnedTape::default()))?;
    for map in spec.lifting() {
        v = graph.dense(v, map)?;
    }
    let same = |i: usize, j: usize| f64::from(u8::from(i == j));
    v = v.try_matmul(graph.matrix((points, padded), same)?)?;
    for l in 0..spec.layers {
        v = graph.layer(v, l)?;
    }
    v = v.try_matmul(graph.matrix((padded, points), same)?)?;
    for map in spec.projection() {
        v = graph.dense(v, map)?;
    }
    let out = graph.points(v)?;
    let y = ops::copy(&out);
    let mut by_output = vec![E::default(); y.len()];
    let mut loss = 0.0;
    let each = points * spec.outputs;
    for (b, (y, t)) in y.chunks_exact(each).zip(targets.chunks_exact(each)).enumerate() {
        for j in 0..spec.outputs {
            let column = || (j..each).step_by(spec.outputs);
            let error: f64 = column().map(|i| (y[i].widen() - t[i].widen()).powi(2)).sum::<f64>().sqrt();
            let size: f64 = column().map(|i| t[i].widen().powi(2)).sum::<f64>().sqrt();
            if size == 0.0 || error == 0.0 {
                continue;
            }
            let share = 1.0 / (batch * spec.outputs) as f64;
            loss += share * error / size;
            for i in column() {
                let g = share * (y[i].widen() - t[i].widen()) / (error * size);
                by_output[b * each + i] = E::nearest(g);
            }
        }
    }
    let scalar = ops::with_gradient(out, E::nearest(loss), by_output)?;
    let gradients = scalar.try_backward()?;
    for (at, tensor) in &graph.maps {
        let g = ops::copy(&gradients.get(tensor));
        gradient[*at..*at + g.len()].copy_from_slice(&g);
    }
    let square = spec.width * spec.width;
    for (at, tensor) in &graph.spectral {
        let g = ops::copy(&gradients.get(tensor));
        for (m, g) in g.chunks_exact(square).enumerate() {
            gradient[at + 2 * m * square..][..square].copy_from_slice(g);
        }
    }
    Ok((loss, y))
}
