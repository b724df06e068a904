//! The equations that a network is trained to obey.

use std::sync::Arc;

use ode_solvers::Linearize;

/// A right-hand side du/dt = f(x, u) with its Jacobian ∂f/∂u, at one row of the network's inputs.
///
/// The whole row of inputs is given, so that parameters of the equations may be inputs of the
/// network. [`SystemField`] makes one from any system of `ode_solvers`; the Jacobian is exact.
pub trait VectorField: Send + Sync {
    /// The number of states: the network's outputs.
    fn dim(&self) -> usize;

    /// What tells this field from another: model, variant, and parameters that differ from their
    /// defaults. A checkpoint belongs to one field.
    fn identity(&self) -> String;

    /// Writes f into `f` and ∂fᵢ/∂uⱼ into `jacobian[i + j·dim]`, column by column. `x` is a row of
    /// inputs in physical units, `u` the state in physical units.
    fn evaluate(&self, x: &[f64], u: &[f64], f: &mut [f64], jacobian: &mut [f64]);
}

/// A system of `ode_solvers` as a [`VectorField`]; time is one of the network's inputs.
#[derive(Debug)]
pub struct SystemField<S: ?Sized> {
    time_input: usize,
    identity: String,
    system: Arc<S>,
}

impl<S: Linearize + Send> SystemField<S> {
    /// `time_input` is the index of time among the network's inputs. `identity` tells this system
    /// from another ([`VectorField::identity`]).
    pub fn new(system: S, time_input: usize, identity: impl Into<String>) -> Self {
        Self::shared(Arc::new(system), time_input, identity)
    }
}

impl<S: Linearize + Send + ?Sized> SystemField<S> {
    /// As [`SystemField::new`], for a system whose type is known at run time only: a
    /// `Box<dyn AnyCell>` becomes one by `Arc::from`.
    pub fn shared(system: Arc<S>, time_input: usize, identity: impl Into<String>) -> Self {
        Self { system, time_input, identity: identity.into() }
    }
}

impl<S: Linearize + Send + ?Sized> VectorField for SystemField<S> {
    fn dim(&self) -> usize {
        self.system.dim()
    }

    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn evaluate(&self, x: &[f64], u: &[f64], f: &mut [f64], jacobian: &mut [f64]) {
        // A field without the time column sees NaN, and training stops at the loss.
        let t = x.get(self.time_input).copied().unwrap_or(f64::NAN);
        self.system.rhs(t, u, f);
        self.system.jacobian(t, u, jacobian);
    }
}
