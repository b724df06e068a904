//! The slopes at both ends of a step, kept for the step that follows.

use crate::runge_kutta::hermite;
use crate::{Scalar, Statistics, Step, System};

/// The right-hand side at the start of a step, and at its end where that is known.
#[derive(Debug)]
pub(crate) struct Slopes<T> {
    pub(crate) start: Vec<T>,
    pub(crate) end: Vec<T>,
    /// The time of `start`, if it is valid.
    start_at: Option<f64>,
    /// The time of `end`, if it is valid.
    end_at: Option<f64>,
}

impl<T: Scalar> Slopes<T> {
    pub(crate) fn new(dim: usize) -> Self {
        let zeros = || vec![T::default(); dim];
        Self { start: zeros(), end: zeros(), start_at: None, end_at: None }
    }

    /// Makes `start` the slope at `t`: the one that is there, that of the end before, or a new one.
    pub(crate) fn prepare<S: System<T> + ?Sized>(
        &mut self,
        system: &S,
        t: f64,
        y: &[T],
        stats: &mut Statistics,
    ) {
        if self.start_at == Some(t) {
            return;
        }
        if self.end_at == Some(t) {
            self.start.copy_from_slice(&self.end);
        } else {
            system.rhs(t, y, &mut self.start);
            stats.rhs += 1;
        }
        self.start_at = Some(t);
        self.end_at = None;
    }

    /// Makes `end` the slope at the end of a step, unless it is.
    pub(crate) fn finish<S: System<T> + ?Sized>(
        &mut self,
        system: &S,
        step: Step,
        y1: &[T],
        stats: &mut Statistics,
    ) {
        if self.end_at != Some(step.t1) {
            system.rhs(step.at(1.0), y1, &mut self.end);
            stats.rhs += 1;
            self.end_at = Some(step.t1);
        }
    }

    /// `end` has been written, for a step that ends at `t1`.
    pub(crate) fn ends_at(&mut self, t1: f64) {
        self.end_at = Some(t1);
    }

    /// `end` belongs to an attempt that is over.
    pub(crate) fn forget_end(&mut self) {
        self.end_at = None;
    }

    pub(crate) fn reset(&mut self) {
        (self.start_at, self.end_at) = (None, None);
    }

    /// The cubic through the states and slopes at both ends.
    pub(crate) fn cubic(&self, theta: f64, dt: f64, y: &[T], y1: &[T], out: &mut [T]) {
        hermite(theta, dt, (y, &self.start), (y1, &self.end), out);
    }
}
