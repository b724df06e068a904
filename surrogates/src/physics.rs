//! The equations that a network is trained to obey.

use std::sync::Arc;

use ode_solvers::{Lanes, Linearize};

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

    /// As [`VectorField::evaluate`] for rows with nothing but time as their inputs: states, rates and
    /// Jacobians row after row.
    fn evaluate_rows(&self, times: &[f64], u: &[f64], f: &mut [f64], jacobian: &mut [f64]) {
        row_by_row(self, times, u, f, jacobian);
    }
}

fn row_by_row<F: VectorField + ?Sized>(
    field: &F,
    times: &[f64],
    u: &[f64],
    f: &mut [f64],
    jacobian: &mut [f64],
) {
    let n = field.dim();
    let rows = u.chunks_exact(n).zip(f.chunks_exact_mut(n)).zip(jacobian.chunks_exact_mut(n * n));
    for (t, ((u, f), jacobian)) in times.iter().zip(rows) {
        field.evaluate(core::slice::from_ref(t), u, f, jacobian);
    }
}

/// Eight rows side by side.
type Eight = Lanes<f64, 8>;

/// Rates and Jacobians of eight rows.
type WideFn<S> = fn(&S, f64, &[Eight], &mut [Eight], &mut [Eight]);

/// A system of `ode_solvers` as a [`VectorField`]; time is one of the network's inputs.
#[derive(Debug)]
pub struct SystemField<S: ?Sized> {
    time_input: usize,
    identity: String,
    system: Arc<S>,
    wide: Option<WideFn<S>>,
}

impl<S: Linearize + Send> SystemField<S> {
    /// `time_input` is the index of time among the network's inputs. `identity` tells this system
    /// from another ([`VectorField::identity`]).
    pub fn new(system: S, time_input: usize, identity: impl Into<String>) -> Self {
        Self::shared(Arc::new(system), time_input, identity)
    }

    /// As [`SystemField::new`], and many rows are computed eight at a time where the equations do not depend
    /// on time.
    pub fn wide(system: S, time_input: usize, identity: impl Into<String>) -> Self
    where
        S: Linearize<Eight>,
    {
        let wide: WideFn<S> = |system, t, u, f, jacobian| {
            system.rhs(t, u, f);
            system.jacobian(t, u, jacobian);
        };
        Self { wide: Some(wide), ..Self::new(system, time_input, identity) }
    }
}

impl<S: Linearize + Send + ?Sized> SystemField<S> {
    /// As [`SystemField::new`], for a system whose type is known at run time only: a
    /// `Box<dyn AnyCell>` becomes one by `Arc::from`.
    pub fn shared(system: Arc<S>, time_input: usize, identity: impl Into<String>) -> Self {
        Self { system, time_input, identity: identity.into(), wide: None }
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

    fn evaluate_rows(&self, times: &[f64], u: &[f64], f: &mut [f64], jacobian: &mut [f64]) {
        let n = self.system.dim();
        let (first, last) = match (times.first(), times.last()) {
            (Some(first), Some(last)) => (*first, *last),
            _ => return,
        };
        let mut stops = Vec::new();
        self.system.stops(first, last, &mut stops);
        let steady = self.system.is_autonomous() && stops.is_empty();
        let Some(wide) = self.wide.filter(|_| steady) else {
            return row_by_row(self, times, u, f, jacobian);
        };
        let zero = Eight::default();
        let (mut y, mut dy, mut j) = (vec![zero; n], vec![zero; n], vec![zero; n * n]);
        for from in (0..times.len()).step_by(8) {
            // The last group repeats its last row.
            let row = |lane: usize| (from + lane).min(times.len() - 1);
            for (i, y) in y.iter_mut().enumerate() {
                *y = Eight::from_fn(|lane| u[row(lane) * n + i]);
            }
            wide(&self.system, first, &y, &mut dy, &mut j);
            for lane in 0..8.min(times.len() - from) {
                let row = from + lane;
                for (f, dy) in f[row * n..][..n].iter_mut().zip(&dy) {
                    *f = dy.0[lane];
                }
                for (to, j) in jacobian[row * n * n..][..n * n].iter_mut().zip(&j) {
                    *to = j.0[lane];
                }
            }
        }
    }
}
