//! What lies between the ends of a step.

use crate::{Scalar, Statistics, Step, Stepper, System};

/// The dense output of the latest step, of whatever stepper. Events and records are compiled once for each
/// number type, and not once more for each method: a call through a pointer costs little beside an interpolation.
pub(crate) trait Within<T> {
    /// Computes what [`interpolate`](Within::interpolate) needs.
    fn prepare(&mut self, step: Step, y: &[T], y1: &[T], stats: &mut Statistics);

    /// As [`Stepper::interpolate`].
    fn interpolate(&self, step: Step, theta: f64, y: &[T], y1: &[T], out: &mut [T]);

    /// The state at `t`.
    fn state(&self, step: Step, t: f64, (y, y1): (&[T], &[T]), out: &mut [T]) {
        let theta = ((t - step.t) / (step.t1 - step.t)).clamp(0.0, 1.0);
        self.interpolate(step, theta, y, y1, out);
    }
}

/// A stepper with its system.
pub(super) struct Both<'a, S: ?Sized, M: ?Sized> {
    pub(super) system: &'a S,
    pub(super) stepper: &'a mut M,
}

impl<S, T, M> Within<T> for Both<'_, S, M>
where
    S: System<T> + ?Sized,
    T: Scalar,
    M: Stepper<S, T> + ?Sized,
{
    fn prepare(&mut self, step: Step, y: &[T], y1: &[T], stats: &mut Statistics) {
        self.stepper.prepare_dense(self.system, step, y, y1, stats);
    }

    fn interpolate(&self, step: Step, theta: f64, y: &[T], y1: &[T], out: &mut [T]) {
        self.stepper.interpolate(step, theta, y, y1, out);
    }
}
