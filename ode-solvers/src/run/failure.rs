//! How a solve fails.

use super::{Reason, Run};
use crate::events::watch::NotANumber;
use crate::{Ending, Scalar, Solution, SolveError, Step, StepError, System};

impl<S, T> Run<'_, S, T>
where
    S: System<T> + ?Sized,
    T: Scalar,
{
    /// Whether one more step may be taken.
    #[inline]
    pub(crate) fn check_steps(&mut self, dt: f64) -> Result<(), SolveError<T>> {
        if self.stats.accepted + self.stats.rejected < self.options.max_steps {
            return Ok(());
        }
        Err(self.too_many(dt))
    }

    #[cold]
    fn too_many(&mut self, dt: f64) -> SolveError<T> {
        let (max_steps, stiff) = (self.options.max_steps, self.stats.jacobian > 0);
        self.fail(|t, partial| SolveError::TooManySteps { t, dt, max_steps, stiff, partial })
    }

    pub(crate) fn fail(
        &mut self,
        error: impl FnOnce(f64, Box<Solution<T>>) -> SolveError<T>,
    ) -> SolveError<T> {
        let partial = Box::new(self.take(Ending::Failed));
        error(self.t, partial)
    }

    pub(super) fn event_not_finite(&mut self, NotANumber { event, t: at }: NotANumber) -> SolveError<T> {
        self.fail(|_, partial| SolveError::EventNotFinite { t: at, event, partial })
    }

    /// The state whose equation is not finite within the step. Implicit steps spread it over all
    /// states, so that the result alone doesn't tell.
    fn culprit(&mut self, step: Step) -> Option<usize> {
        [0.0, 0.5, 1.0].into_iter().find_map(|c| {
            self.system.rhs(step.at(c), &self.y, &mut self.y1);
            self.y1.iter().position(|f| !f.all_finite())
        })
    }

    pub(crate) fn give_up(&mut self, reason: Reason, step: Step) -> SolveError<T> {
        let (system, dt) = (self.system, step.dt);
        let culprit = self.culprit(step);
        self.fail(|t, partial| match reason {
            Reason::NotFinite { state } => {
                SolveError::NotFinite { t, dt, state: system.state_name(culprit.unwrap_or(state)), partial }
            }
            Reason::Step(StepError::Singular { column }) => {
                SolveError::SingularMatrix { t, dt, state: system.state_name(column), partial }
            }
            Reason::Step(StepError::NotConverged { state }) => {
                SolveError::NotConverged { t, dt, state: system.state_name(state), partial }
            }
            Reason::Step(StepError::JacobianNotFinite { row, column }) => SolveError::JacobianNotFinite {
                t,
                equation: system.state_name(row),
                state: system.state_name(column),
                partial,
            },
        })
    }
}
