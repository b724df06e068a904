//! What computes the loss of a batch and its gradient, at one resolution.

use super::{Fno, FnoConfig, FnoSpec, tape};
use crate::fused::{FusedFno, Level};
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
    /// [`Error::BadConfig`] if so few points do not have all modes, [`Error::Framework`] if threads cannot be
    /// started.
    pub(super) fn new(
        config: &FnoConfig,
        fno: &Fno,
        every: usize,
        batch: usize,
        threads: usize,
    ) -> Result<Self, Error> {
        let spec = config.network;
        let at = fno.at_points(fno.points().div_ceil(every))?;
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

    /// The parameters that an optimiser changes, those of the operator with the tape, and their gradient.
    pub(super) fn parameters_and_gradient<'a>(
        &'a mut self,
        own: &'a mut [f32],
    ) -> (&'a mut [f32], &'a [f32]) {
        match &mut self.kind {
            Kind::Fused(net) => net.packed_mut(),
            Kind::Tape { gradient, .. } => (own, gradient),
        }
    }
}
