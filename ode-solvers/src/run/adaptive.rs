//! What adaptive steps need besides.

use super::{Reason, Run};
use crate::norm::Weights;
use crate::{Scalar, SolveError, System};

impl<S, T> Run<'_, S, T>
where
    S: System<T> + ?Sized,
    T: Scalar,
{
    /// The error of the latest attempt, which the stepper estimates, relative to the tolerance.
    #[inline]
    pub(crate) fn judge(&self, estimate: &[T], weights: &Weights<T>) -> Result<f64, Reason> {
        let error = weights.measure(estimate, &self.y, &self.y1);
        if error.is_finite() {
            return Ok(error);
        }
        match estimate.iter().position(|e| !e.all_finite()) {
            Some(state) => Err(Reason::NotFinite { state }),
            // Finite errors whose squares overflow: the step is much too long.
            None => Ok(f64::MAX),
        }
    }

    /// The tolerance would need a step shorter than `dt`.
    pub(crate) fn too_small(&mut self, estimate: &[T], weights: &Weights<T>, dt: f64) -> SolveError<T> {
        let (i, error) = weights.dominant(estimate, &self.y, &self.y1);
        let state = self.system.state_name(i);
        self.fail(|t, partial| SolveError::StepTooSmall { t, dt, state, error, partial })
    }

    /// The length of a first step after a start or a stop, by a method whose error is of this order.
    pub(crate) fn first_step(&mut self, order: u32, slope: &[T], weights: &Weights<T>, end: f64) -> f64 {
        let longest = self.options.dt_max.min(end - self.t);
        let (system, t, last) = (self.system, self.t, end.next_down());
        let mut stage = vec![T::default(); self.y.len()];
        let y = &self.y;
        let dt = weights.first_step(order, longest, y, slope, &mut self.y1, |h, out| {
            for ((s, &y), &f) in stage.iter_mut().zip(y).zip(slope) {
                *s = y + f * h;
            }
            system.rhs((t + h).min(last), &stage, out);
        });
        self.stats.rhs += 1;
        dt
    }
}
