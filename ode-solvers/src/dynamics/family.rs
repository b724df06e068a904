//! Systems and maps that depend on one parameter.

use super::{DynamicsError, Eigenvalue, Map, eigenvalues, exponents};
use crate::Linearize;

/// The equilibria of a system or map over one parameter: where a residual is zero.
pub trait Equilibria: Sync {
    /// The number of states.
    fn dim(&self) -> usize;

    /// At parameter `p` and state `u`, writes the residual into `f` and its Jacobian by the state,
    /// column by column, into `jacobian`.
    ///
    /// # Errors
    /// Where it cannot be computed.
    fn residual(&self, p: f64, u: &[f64], f: &mut [f64], jacobian: &mut [f64]) -> Result<(), DynamicsError>;

    /// The growth rates of small deviations from an equilibrium at which the residual has this
    /// Jacobian, by falling real part.
    ///
    /// # Errors
    /// As [`eigenvalues`].
    fn growth_rates(&self, p: f64, jacobian: &[f64]) -> Result<Vec<Eigenvalue>, DynamicsError>;
}

/// A system for each value of a parameter.
pub struct SystemFamily<F>(usize, F);

impl<S: Linearize, F: Fn(f64) -> Result<S, DynamicsError> + Sync> SystemFamily<F> {
    /// From the number of states and a function that makes the system.
    pub fn new(dim: usize, at: F) -> Self {
        Self(dim, at)
    }
}

impl<S: Linearize, F: Fn(f64) -> Result<S, DynamicsError> + Sync> Equilibria for SystemFamily<F> {
    fn dim(&self) -> usize {
        self.0
    }

    fn residual(&self, p: f64, u: &[f64], f: &mut [f64], jacobian: &mut [f64]) -> Result<(), DynamicsError> {
        let system = (self.1)(p)?;
        DynamicsError::length("states of the system", system.dim(), self.0)?;
        system.rhs(0.0, u, f);
        system.jacobian(0.0, u, jacobian);
        Ok(())
    }

    fn growth_rates(&self, _p: f64, jacobian: &[f64]) -> Result<Vec<Eigenvalue>, DynamicsError> {
        eigenvalues(jacobian, self.0)
    }
}

/// A map for each value of a parameter.
pub struct MapFamily<F>(usize, f64, F);

impl<M: Map, F: Fn(f64) -> Result<M, DynamicsError> + Sync> MapFamily<F> {
    /// From the number of states, the time of one application, and a function that makes the map.
    pub fn new(dim: usize, dt: f64, at: F) -> Self {
        Self(dim, dt, at)
    }
}

impl<M: Map, F: Fn(f64) -> Result<M, DynamicsError> + Sync> Equilibria for MapFamily<F> {
    fn dim(&self) -> usize {
        self.0
    }

    fn residual(&self, p: f64, u: &[f64], f: &mut [f64], jacobian: &mut [f64]) -> Result<(), DynamicsError> {
        let map = (self.2)(p)?;
        DynamicsError::length("states of the map", map.dim(), self.0)?;
        map.linearize(u, f, jacobian)?;
        for (i, (f, u)) in f.iter_mut().zip(u).enumerate() {
            *f -= u;
            jacobian[i + i * self.0] -= 1.0;
        }
        Ok(())
    }

    fn growth_rates(&self, _p: f64, jacobian: &[f64]) -> Result<Vec<Eigenvalue>, DynamicsError> {
        let mut multipliers = eigenvalues(jacobian, self.0)?;
        for z in &mut multipliers {
            z.re += 1.0;
        }
        Ok(exponents(&multipliers, self.1))
    }
}
