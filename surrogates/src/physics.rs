//! The equations that a network is trained to obey.

use std::sync::Arc;

use ode_solvers::{Dual, Lanes, Linearize, System};

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

    /// As [`VectorField::evaluate`] for many rows: inputs, states, rates and Jacobians row after row.
    fn evaluate_rows(&self, x: &[f64], u: &[f64], f: &mut [f64], jacobian: &mut [f64]) {
        row_by_row(self, x, u, f, jacobian);
    }
}

fn row_by_row<F: VectorField + ?Sized>(field: &F, x: &[f64], u: &[f64], f: &mut [f64], jacobian: &mut [f64]) {
    let n = field.dim();
    let inputs = x.len() / (u.len() / n).max(1);
    let rows = u.chunks_exact(n).zip(f.chunks_exact_mut(n)).zip(jacobian.chunks_exact_mut(n * n));
    for (k, ((u, f), jacobian)) in rows.enumerate() {
        field.evaluate(&x[k * inputs..][..inputs], u, f, jacobian);
    }
}

/// Eight rows side by side.
pub type Eight = Lanes<f64, 8>;

/// Inputs of eight rows.
#[derive(Debug, Clone, Copy)]
pub struct EightInputs<'a> {
    /// The rows that are there: eight, or fewer at the end.
    rows: &'a [f64],
    inputs: usize,
}

impl EightInputs<'_> {
    /// A column of the inputs; NaN where there is no such column.
    pub fn column(&self, k: usize) -> Eight {
        if k >= self.inputs {
            return Eight::from(f64::NAN);
        }
        let last = self.rows.len() / self.inputs - 1;
        Eight::from_fn(|lane| self.rows[lane.min(last) * self.inputs + k])
    }
}

/// [`VectorField::evaluate_rows`] of a field that can do eight rows at once: `evaluate` gets the inputs
/// and states of eight rows and writes rates and Jacobians, one row in each lane. At the end the last
/// row fills lanes that are left.
///
/// ```
/// use surrogates::{Eight, VectorField, eight_rows};
///
/// /// du/dt = −k u, where k is the second input.
/// struct Decay;
///
/// impl VectorField for Decay {
///     fn dim(&self) -> usize {
///         1
///     }
///     fn identity(&self) -> String {
///         "decay".into()
///     }
///     fn evaluate(&self, x: &[f64], u: &[f64], f: &mut [f64], jacobian: &mut [f64]) {
///         (f[0], jacobian[0]) = (-x[1] * u[0], -x[1]);
///     }
///     fn evaluate_rows(&self, x: &[f64], u: &[f64], f: &mut [f64], jacobian: &mut [f64]) {
///         eight_rows(1, x, u, (f, jacobian), |x, u, f, jacobian| {
///             let k = x.column(1);
///             (f[0], jacobian[0]) = (-k * u[0], -k);
///         });
///     }
/// }
///
/// let (mut f, mut jacobian) = ([0.0; 2], [0.0; 2]);
/// Decay.evaluate_rows(&[0.0, 2.0, 0.0, 3.0], &[5.0, 7.0], &mut f, &mut jacobian);
/// assert_eq!((f, jacobian), ([-10.0, -21.0], [-2.0, -3.0]));
/// ```
///
/// # Panics
/// If the lengths contradict each other.
pub fn eight_rows(
    n: usize,
    x: &[f64],
    u: &[f64],
    (f, jacobian): (&mut [f64], &mut [f64]),
    mut evaluate: impl FnMut(EightInputs<'_>, &[Eight], &mut [Eight], &mut [Eight]),
) {
    const LANES: usize = 8;
    /// Numbers of a system of four states.
    const FEW: usize = 4 + 4 + 4 * 4;
    let rows = u.len() / n.max(1);
    assert!(
        u.len() == rows * n && f.len() == u.len() && jacobian.len() == rows * n * n,
        "lengths contradict each other"
    );
    let inputs = x.len() / rows.max(1);
    let (mut few, mut many) = ([Eight::default(); FEW], Vec::new());
    let space = match few.get_mut(..2 * n + n * n) {
        Some(space) => space,
        None => {
            many.resize(2 * n + n * n, Eight::default());
            &mut many[..]
        }
    };
    let (y, space) = space.split_at_mut(n);
    let (dy, j) = space.split_at_mut(n);
    for from in (0..rows).step_by(LANES) {
        let count = LANES.min(rows - from);
        let states = &u[from * n..][..count * n];
        for (i, y) in y.iter_mut().enumerate() {
            *y = Eight::from_fn(|lane| states[lane.min(count - 1) * n + i]);
        }
        evaluate(EightInputs { rows: &x[from * inputs..][..count * inputs], inputs }, y, dy, j);
        let f = f[from * n..][..count * n].chunks_exact_mut(n);
        let jacobian = jacobian[from * n * n..][..count * n * n].chunks_exact_mut(n * n);
        for (lane, (f, jacobian)) in f.zip(jacobian).enumerate() {
            f.iter_mut().zip(&*dy).for_each(|(f, dy)| *f = dy.0[lane]);
            jacobian.iter_mut().zip(&*j).for_each(|(to, j)| *to = j.0[lane]);
        }
    }
}

/// Eight rows with their derivatives by two states.
type Two = Dual<2, Eight>;

/// [`VectorField::evaluate_rows`] of a system at one time.
type WideFn<S> = fn(&S, f64, &[f64], &mut [f64], &mut [f64]);

/// Rates and Jacobians of rows at one time: a copy of the equations for each two states, which gives
/// the rates too.
fn wide<S: System<Two> + ?Sized>(system: &S, t: f64, u: &[f64], f: &mut [f64], jacobian: &mut [f64]) {
    const FEW: usize = 4;
    let n = system.dim();
    let (mut few, mut many) = ([Two::default(); 3 * FEW], Vec::new());
    let space = match few.get_mut(..3 * n) {
        Some(space) => space,
        None => {
            many.resize(3 * n, Two::default());
            &mut many[..]
        }
    };
    let (y, space) = space.split_at_mut(n);
    let (dy, rates) = space.split_at_mut(n);
    eight_rows(n, &[], u, (f, jacobian), |_, u, f, jacobian| {
        for (y, u) in y.iter_mut().zip(u) {
            *y = Two::constant(*u);
        }
        for first in (0..n).step_by(2) {
            let states = first..n.min(first + 2);
            states.clone().for_each(|j| y[j] = Two::variable(u[j], j - first));
            system.rhs_and_rates(t, y, dy, rates);
            for j in states {
                jacobian[j * n..][..n].iter_mut().zip(&*dy).for_each(|(to, dy)| *to = dy.d[j - first]);
                y[j] = Two::constant(u[j]);
            }
        }
        f.iter_mut().zip(&*dy).for_each(|(f, dy)| *f = dy.v);
    });
}

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
        S: System<Dual<2, Eight>>,
    {
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

    fn evaluate_rows(&self, x: &[f64], u: &[f64], f: &mut [f64], jacobian: &mut [f64]) {
        let inputs = x.len() / (u.len() / self.dim().max(1)).max(1);
        let times = || x.iter().skip(self.time_input).step_by(inputs.max(1));
        let wide = self.wide.filter(|_| self.time_input < inputs && times().all(|t| t.is_finite()));
        let Some(wide) = wide.filter(|_| {
            let first = times().copied().fold(f64::INFINITY, f64::min);
            let last = times().copied().fold(f64::NEG_INFINITY, f64::max);
            let mut stops = Vec::new();
            self.system.stops(first, last, &mut stops);
            self.system.is_autonomous() && stops.is_empty()
        }) else {
            return row_by_row(self, x, u, f, jacobian);
        };
        wide(&self.system, x[self.time_input], u, f, jacobian);
    }
}
