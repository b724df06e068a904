//! What computes the loss of a batch and its gradient, at one resolution.

use super::{Fno, FnoConfig, FnoSpec, tape};
use crate::fused::{FusedFno, Level, Square};
use crate::{Backend, Error};

/// A network on a batch of trajectories of one number of points.
pub(super) struct Engine {
    spec: FnoSpec,
    /// Of how many points of the trajectories it takes one.
    every: usize,
    /// Points of a trajectory here, and of its padding.
    sizes: (usize, usize),
    kind: Kind,
}

/// By what.
pub(super) enum Kind {
    Fused(Box<FusedFno>),
    /// Parameters are those of the operator itself.
    Tape {
        x: Vec<f32>,
        targets: Vec<f32>,
        gradient: Vec<f32>,
    },
}

impl Engine {
    /// Room for `batch` trajectories of an operator at one of `every` of its points.
    ///
    /// # Errors
    /// [`Error::BadConfig`] naming `coarse.every` if so few points do not have all modes, [`Error::Framework`] if
    /// threads cannot be started.
    pub(super) fn new(
        config: &FnoConfig,
        fno: &Fno,
        every: usize,
        batch: usize,
        threads: usize,
    ) -> Result<Self, Error> {
        let spec = config.network;
        let (all, left) = (fno.points(), fno.points().div_ceil(every));
        // At all of its points an operator has its modes: only fewer can be too few.
        let at = fno.at_points(left).map_err(|_| {
            let reason = format!(
                "it leaves {left} of {all} points, and there must be 2, with padding enough for all {} modes; take a \
                 smaller one, keep fewer modes, or leave `coarse` out",
                spec.modes
            );
            Error::config("coarse.every", every, reason)
        })?;
        let sizes = (at.points(), at.padding());
        let kind = match config.backend {
            Backend::Tape => Kind::Tape {
                x: vec![0.0; batch * sizes.0 * spec.inputs],
                targets: vec![0.0; batch * sizes.0 * spec.outputs],
                gradient: vec![0.0; spec.parameters()],
            },
            Backend::Auto | Backend::Fused => {
                let mut net = FusedFno::new(Level::widest(), spec, sizes, batch, true, threads)?;
                net.set_parameters(fno.parameters());
                Kind::Fused(Box::new(net))
            }
        };
        Ok(Self { spec, every, sizes, kind })
    }

    pub(super) fn every(&self) -> usize {
        self.every
    }

    /// How many numbers an optimiser has of each kind.
    pub(super) fn numbers(&self) -> usize {
        match &self.kind {
            Kind::Fused(net) => net.packed(),
            Kind::Tape { .. } => self.spec.parameters(),
        }
    }

    /// Where the square matrices of Fourier layers lie among the numbers of an optimiser.
    pub(super) fn squares(&self) -> Vec<Square> {
        match &self.kind {
            Kind::Fused(net) => net.squares(),
            Kind::Tape { .. } => {
                let stride = self.spec.width;
                let square = |at: usize, imaginary| Square { at, stride, imaginary };
                let of_layer = |l: usize| {
                    let layer = self.spec.layer(l);
                    let dense = core::iter::once(layer.pointwise).chain(layer.mlp.into_iter().flatten());
                    let modes = layer.spectral.step_by(2 * stride * stride);
                    dense
                        .map(|map| square(map.offset, None))
                        .chain(modes.map(|at| square(at, Some(stride * stride))))
                        .collect::<Vec<_>>()
                };
                (0..self.spec.layers).flat_map(of_layer).collect()
            }
        }
    }

    /// Takes the parameters of an engine at another resolution, as they lie there.
    pub(super) fn take_parameters(&mut self, other: &mut Self) {
        if let (Kind::Fused(net), Kind::Fused(other)) = (&mut self.kind, &mut other.kind) {
            net.packed_mut().0.copy_from_slice(other.packed_mut().0);
        }
    }

    /// Takes parameters in the order of [`FnoSpec`]; with the tape they are the operator's own.
    pub(super) fn set_parameters(&mut self, list: &[f32]) {
        if let Kind::Fused(net) = &mut self.kind {
            net.set_parameters(list);
        }
    }

    /// Copies the parameters in the order of [`FnoSpec`]; with the tape they are there already.
    pub(super) fn copy_parameters(&self, list: &mut [f32]) {
        if let Kind::Fused(net) = &self.kind {
            net.copy_parameters(list);
        }
    }

    /// What an optimiser keeps of each parameter, from the order of [`FnoSpec`].
    pub(super) fn pack(&self, list: Vec<f32>, to: &mut Vec<f32>) {
        match &self.kind {
            Kind::Fused(net) => net.pack(&list, to),
            Kind::Tape { .. } => *to = list,
        }
    }

    /// The reverse of [`Engine::pack`].
    pub(super) fn unpack(&self, from: &[f32]) -> Vec<f32> {
        match &self.kind {
            Kind::Fused(net) => {
                let mut list = vec![0.0; self.spec.parameters()];
                net.unpack(from, &mut list);
                list
            }
            Kind::Tape { .. } => from.to_vec(),
        }
    }

    /// Sets trajectory `row` of the batch: place and inputs, and targets, point by point in normal units at
    /// all points. Fewer points have the place and the targets of the first of those that they stand for, and
    /// the mean of the inputs: a pulse keeps its charge.
    pub(super) fn set_sample(&mut self, row: usize, x: &[f32], y: &[f32], room: &mut Vec<f32>) {
        let Self { spec, every, sizes, kind } = self;
        let (inputs, outputs) = (spec.inputs, spec.outputs);
        let (given, wanted) = (sizes.0 * inputs, sizes.0 * outputs);
        let (x, y) = if *every == 1 {
            (x, y)
        } else {
            room.clear();
            for points in x.chunks(*every * inputs) {
                room.push(points[0]);
                let n = (points.len() / inputs) as f32;
                room.extend((1..inputs).map(|j| points.iter().skip(j).step_by(inputs).sum::<f32>() / n));
            }
            room.extend(y.chunks(*every * outputs).flat_map(|points| &points[..outputs]));
            room.split_at(given)
        };
        match kind {
            Kind::Fused(net) => {
                net.set_input(row, x);
                net.set_target(row, y);
            }
            Kind::Tape { x: to_x, targets, .. } => {
                to_x[row * given..][..given].copy_from_slice(x);
                targets[row * wanted..][..wanted].copy_from_slice(y);
            }
        }
    }

    /// The loss of the batch; its gradient is kept.
    ///
    /// # Errors
    /// [`Error::Framework`] if memory runs out.
    pub(super) fn learn(&mut self, parameters: &[f32]) -> Result<f64, Error> {
        match &mut self.kind {
            Kind::Fused(net) => Ok(net.learn()),
            Kind::Tape { x, targets, gradient } => {
                Ok(tape::learn(self.spec, self.sizes, parameters, x, targets, gradient)?.0)
            }
        }
    }

    /// The parameters that an optimiser changes, those of the operator with the tape, their gradient, and the threads.
    pub(super) fn parameters_and_gradient<'a>(
        &'a mut self,
        own: &'a mut [f32],
    ) -> (&'a mut [f32], &'a [f32], Option<&'a rayon::ThreadPool>) {
        match &mut self.kind {
            Kind::Fused(net) => net.packed_mut(),
            Kind::Tape { gradient, .. } => (own, gradient, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Activation;
    use crate::fno::{PointScale, Signals, Variant};

    /// Of seven points three are left: they have the places and the targets of points 0, 3 and 6, and the means of
    /// the inputs of three, three and one. Every number is in the normal units of its own point.
    #[test]
    fn a_point_of_fewer_has_the_targets_of_the_first_and_the_mean_of_the_inputs() {
        let (points, channels, outputs) = (7, 2, 3);
        let spec = FnoSpec {
            inputs: 1 + channels,
            outputs,
            width: 2,
            modes: 2,
            layers: 1,
            padding: 1,
            hidden: 2,
            variant: Variant::Classic,
            activation: Activation::Tanh,
        };
        let config = FnoConfig { backend: Backend::Tape, ..FnoConfig::published(spec, 1e-3, 0.0, 0.9, 1) };
        // Of another size and another spread at every point.
        let number = |k: usize| ((k * k) as f64 * 0.37).sin() * (1 + k % 5) as f64 + (k % 7) as f64;
        let list = |width: usize| (0..3 * points * width).map(number).collect::<Vec<f64>>();
        let signals = Signals::new(points, channels, outputs, list(channels), list(outputs)).unwrap();
        let (input, output) = PointScale::of_signals(&signals);
        let fno = Fno::random(spec, input, output, 1).unwrap();
        let normal = |table: &[f64], scale: &PointScale, sample: usize, point: usize, j: usize| {
            let (width, at) = (scale.columns(), point * scale.columns() + j);
            (table[sample * points * width + at] - scale.mean()[at]) / scale.scale()[at]
        };
        let mut room = Vec::new();
        for every in [3, 1] {
            let mut engine = Engine::new(&config, &fno, every, 2, 1).unwrap();
            let left = points.div_ceil(every);
            assert_eq!((engine.every(), engine.sizes.0), (every, left));
            for (row, sample) in [(0, 2), (1, 0)] {
                let (mut x, from) = (Vec::new(), sample * points);
                fno.features(&signals.inputs()[from * channels..][..points * channels], &mut x);
                let y = fno.output.normal(&signals.targets()[from * outputs..][..points * outputs]);
                engine.set_sample(row, &x, &y.collect::<Vec<_>>(), &mut room);
                let mut expected = (Vec::new(), Vec::new());
                for point in 0..left {
                    let (first, end) = (every * point, points.min(every * point + every));
                    expected.0.push(first as f64 / 6.0);
                    for j in 0..channels {
                        let each = (first..end).map(|i| normal(signals.inputs(), &fno.input, sample, i, j));
                        expected.0.push(each.sum::<f64>() / (end - first) as f64);
                    }
                    let first = |j| normal(signals.targets(), &fno.output, sample, first, j);
                    expected.1.extend((0..outputs).map(first));
                }
                let Kind::Tape { x, targets, .. } = &engine.kind else { panic!("not the tape") };
                for (found, expected) in [(x, expected.0), (targets, expected.1)] {
                    let found = &found[row * expected.len()..][..expected.len()];
                    for (k, (found, expected)) in found.iter().zip(&expected).enumerate() {
                        let error = (f64::from(*found) - expected).abs();
                        assert!(error < 1e-6, "every {every}, row {row}, {k}: {found}, not {expected}");
                    }
                }
            }
        }
    }
}
