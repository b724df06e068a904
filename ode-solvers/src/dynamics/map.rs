//! Maps.

use super::DynamicsError;
use crate::Linearize;

/// A map `v = F(u)`, one application of which stands for the time [`dt`](Map::dt).
pub trait Map: Sync {
    /// The number of states.
    fn dim(&self) -> usize;

    /// The time that one application stands for; 1 for a recurrence without a clock.
    fn dt(&self) -> f64 {
        1.0
    }

    /// Writes `F(u)` into `v`.
    ///
    /// # Errors
    /// Where the map cannot be computed. A map that gives NaN is no error here.
    fn apply(&self, u: &[f64], v: &mut [f64]) -> Result<(), DynamicsError>;

    /// As [`apply`](Map::apply), and writes ∂vᵢ/∂uⱼ into `jacobian[i + j·n]`, column by column.
    ///
    /// # Errors
    /// As [`apply`](Map::apply).
    fn linearize(&self, u: &[f64], v: &mut [f64], jacobian: &mut [f64]) -> Result<(), DynamicsError>;
}

impl<M: Map + ?Sized> Map for &M {
    fn dim(&self) -> usize {
        (**self).dim()
    }
    fn dt(&self) -> f64 {
        (**self).dt()
    }
    fn apply(&self, u: &[f64], v: &mut [f64]) -> Result<(), DynamicsError> {
        (**self).apply(u, v)
    }
    fn linearize(&self, u: &[f64], v: &mut [f64], jacobian: &mut [f64]) -> Result<(), DynamicsError> {
        (**self).linearize(u, v, jacobian)
    }
}

/// A recurrence: the right-hand side of a [`System`](crate::System) is the next state, not the slope.
/// Written over any number type, it has its exact Jacobian.
///
/// ```
/// use ode_solvers::dynamics::{Iterated, Map};
/// use ode_solvers::{Scalar, StateSpace, System};
///
/// struct Logistic { r: f64 }
/// impl StateSpace for Logistic {
///     fn dim(&self) -> usize { 1 }
/// }
/// impl<T: Scalar> System<T> for Logistic {
///     fn rhs(&self, _t: f64, x: &[T], next: &mut [T]) {
///         next[0] = x[0] * (-x[0] + 1.0) * self.r;
///     }
/// }
///
/// let (mut next, mut slope) = ([0.0], [0.0]);
/// Iterated(Logistic { r: 4.0 }).linearize(&[0.25], &mut next, &mut slope)?;
/// assert_eq!((next, slope), ([0.75], [2.0]));
/// # Ok::<(), ode_solvers::dynamics::DynamicsError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Iterated<S>(pub S);

impl<S: Linearize> Map for Iterated<S> {
    fn dim(&self) -> usize {
        self.0.dim()
    }
    fn apply(&self, u: &[f64], v: &mut [f64]) -> Result<(), DynamicsError> {
        self.0.rhs(0.0, u, v);
        Ok(())
    }
    fn linearize(&self, u: &[f64], v: &mut [f64], jacobian: &mut [f64]) -> Result<(), DynamicsError> {
        self.0.rhs(0.0, u, v);
        self.0.jacobian(0.0, u, jacobian);
        Ok(())
    }
}
