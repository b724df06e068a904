//! What adaptive steps need besides.

use super::{Reason, Run};
use crate::norm::Weights;
use crate::{Embedded, Scalar, SolveError, System};

impl<S, T, M> Run<'_, S, T, M>
where
    S: System<T> + ?Sized,
    T: Scalar,
    M: Embedded<S, T> + ?Sized,
{
    /// The error of the latest attempt relative to the tolerance.
    #[inline]
    pub(crate) fn judge(&mut self, weights: &Weights<T>) -> Result<f64, Reason> {
        let error = weights.measure(self.stepper.error(), &self.y, &self.y1);
        if error.is_finite() {
            return Ok(error);
        }
        let state = self.stepper.error().iter().position(|e| !e.all_finite());
        match state {
            Some(state) => Err(Reason::NotFinite { state }),
            // Finite errors whose squares overflow: the step is much too long.
            None => Ok(f64::MAX),
        }
    }

    /// The tolerance would need a step shorter than `dt`.
    pub(crate) fn too_small(&mut self, weights: &Weights<T>, dt: f64) -> SolveError<T> {
        let (i, error) = weights.dominant(self.stepper.error(), &self.y, &self.y1);
        let state = self.system.state_name(i);
        self.fail(|t, partial| SolveError::StepTooSmall { t, dt, state, error, partial })
    }

    /// The length of a first step after a start or a stop.
    pub(crate) fn first_step(&mut self, weights: &Weights<T>, end: f64) -> f64 {
        let longest = self.options.dt_max.min(end - self.t);
        let (system, t, last) = (self.system, self.t, end.next_down());
        let order = self.stepper.error_order();
        let slope = self.stepper.slope(system, t, &self.y, &mut self.stats);
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
