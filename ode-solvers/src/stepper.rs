//! What one step of a method is.

use crate::{Scalar, Statistics};

/// One step to take, and the times between which the right-hand side is smooth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Start.
    pub t: f64,
    /// End: `t + dt` up to rounding.
    pub t1: f64,
    /// Length.
    pub dt: f64,
    /// The last time at which the right-hand side may be asked for. Where the step ends at a stop
    /// this is the last floating-point number before it.
    pub last: f64,
}

impl Step {
    /// A step from `t` of length `dt` that ends at no stop.
    pub fn new(t: f64, dt: f64) -> Self {
        Self { t, t1: t + dt, dt, last: f64::INFINITY }
    }

    /// The time of a stage at the fraction `c` of the step.
    #[inline]
    pub fn at(&self, c: f64) -> f64 {
        let t = if c == 1.0 { self.t1 } else { self.t + c * self.dt };
        t.min(self.last)
    }
}

/// Why a step could not be computed. The caller may try a shorter one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The matrix of an implicit step has no inverse.
    #[error("the matrix of the step is singular (column {column})")]
    Singular {
        /// The column in which no pivot was found.
        column: usize,
    },
    /// The Jacobian holds a number that is not finite.
    #[error("entry ({row}, {column}) of the Jacobian is not finite")]
    JacobianNotFinite {
        /// The equation.
        row: usize,
        /// The state it was differentiated by.
        column: usize,
    },
    /// Newton's method found no solution of the step's equations.
    #[error("Newton's method does not converge (state {state})")]
    NotConverged {
        /// The state that changed most in the last iteration.
        state: usize,
    },
}

/// A one-step method: from the state at `t` to the state at `t + dt`.
///
/// A stepper is made for one dimension and owns all the memory a step needs. It remembers the
/// slope at the start and, where the method computes it, at the end of its latest step, and uses
/// them again when the next step starts at the same time: a rejected step, or the next one. After
/// any other change (of the state, or of the right-hand side at a stop) call
/// [`reset`](Stepper::reset).
pub trait Stepper<S: ?Sized, T: Scalar> {
    /// The order of convergence of the end points.
    fn order(&self) -> u32;

    /// The order of convergence between the end points.
    fn dense_order(&self) -> u32;

    /// Writes the state at the end of the step into `y1`.
    ///
    /// # Errors
    /// When the step cannot be computed; `y1` is then not meaningful.
    fn step(
        &mut self,
        system: &S,
        step: Step,
        y: &[T],
        y1: &mut [T],
        stats: &mut Statistics,
    ) -> Result<(), StepError>;

    /// The slope `f(t, y)` at the start of a step that follows: it is kept for that step.
    fn slope(&mut self, system: &S, t: f64, y: &[T], stats: &mut Statistics) -> &[T];

    /// Computes what [`interpolate`](Stepper::interpolate) needs within the latest step.
    fn prepare_dense(&mut self, system: &S, step: Step, y: &[T], y1: &[T], stats: &mut Statistics);

    /// Writes the state at `t + theta · dt` within the latest step into `out`, `theta` in [0, 1].
    fn interpolate(&self, step: Step, theta: f64, y: &[T], y1: &[T], out: &mut [T]);

    /// Whether the method integrates `M y' = f(t, y)` with a matrix other than the identity
    /// ([`StateSpace::mass`](crate::StateSpace::mass)).
    fn takes_mass(&self) -> bool {
        false
    }

    /// Forgets everything about earlier steps.
    fn reset(&mut self);
}

/// A method that estimates its own error. Only these can choose their step size: it is a type, not
/// a flag.
pub trait Embedded<S: ?Sized, T: Scalar>: Stepper<S, T> {
    /// The error estimate of the latest step, one number for each state.
    fn error(&self) -> &[T];

    /// The order of the estimate: it shrinks as `dt` to the power of this plus one.
    fn error_order(&self) -> u32;
}
