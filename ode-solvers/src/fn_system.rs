//! Systems from closures.

use crate::{Linearize, StateSpace, System};

/// A system from an `f64` closure, where writing a type over all of [`Scalar`](crate::Scalar) is
/// not worth it.
///
/// Without a Jacobian, methods that need one take finite differences: `n` more evaluations, and
/// about half of the digits. That is enough for the methods here to converge, but tight tolerances
/// cost more steps than with an exact one.
///
/// ```
/// use ode_solvers::{FnSystem, Method, Options, StepSize, Tolerance, solve};
///
/// // Robertson's reaction, with its Jacobian (column by column).
/// let reaction = FnSystem::new(3, |_t, y, dy| {
///     let (a, b, c) = (0.04 * y[0], 1e4 * y[1] * y[2], 3e7 * y[1] * y[1]);
///     dy.copy_from_slice(&[b - a, a - b - c, c]);
/// })
/// .autonomous()
/// .with_jacobian(|_t, y, j| {
///     j.copy_from_slice(&[
///         -0.04, 0.04, 0.0,
///         1e4 * y[2], -1e4 * y[2] - 6e7 * y[1], 6e7 * y[1],
///         1e4 * y[1], -1e4 * y[1], 0.0,
///     ]);
/// });
/// let step = StepSize::Adaptive(Tolerance::new(1e-6, 1e-10));
/// let end = solve(&reaction, Method::Rodas5P, step, (0.0, 40.0), &[1.0, 0.0, 0.0], &Options::end())?;
/// assert!((end.last()[0] - 0.7158).abs() < 1e-4);
/// # Ok::<(), ode_solvers::SolveError>(())
/// ```
#[derive(Debug, Clone)]
pub struct FnSystem<F, J = Differences> {
    dim: usize,
    rhs: F,
    jacobian: J,
    names: Vec<String>,
    stops: Vec<f64>,
    autonomous: bool,
}

/// The Jacobian of an [`FnSystem`] by finite differences.
#[derive(Debug, Clone, Copy)]
pub struct Differences;

/// The Jacobian of an [`FnSystem`] from a closure.
#[derive(Debug, Clone, Copy)]
pub struct Given<J>(J);

impl<F> FnSystem<F>
where
    F: Fn(f64, &[f64], &mut [f64]) + Sync,
{
    /// `dim` states with the right-hand side `rhs(t, y, dy)`.
    pub fn new(dim: usize, rhs: F) -> Self {
        Self { dim, rhs, jacobian: Differences, names: Vec::new(), stops: Vec::new(), autonomous: false }
    }
}

impl<F, J> FnSystem<F, J> {
    /// With the Jacobian `jacobian(t, y, out)`, which writes ∂fᵢ/∂yⱼ into `out[i + j·dim]`.
    pub fn with_jacobian<G>(self, jacobian: G) -> FnSystem<F, Given<G>>
    where
        G: Fn(f64, &[f64], &mut [f64]) + Sync,
    {
        FnSystem {
            dim: self.dim,
            rhs: self.rhs,
            jacobian: Given(jacobian),
            names: self.names,
            stops: self.stops,
            autonomous: self.autonomous,
        }
    }

    /// With names of the states, for messages.
    #[must_use]
    pub fn with_names(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.names = names.into_iter().map(Into::into).collect();
        self
    }

    /// With times at which the right-hand side jumps.
    #[must_use]
    pub fn with_stops(mut self, stops: impl Into<Vec<f64>>) -> Self {
        self.stops = stops.into();
        self
    }

    /// Says that the right-hand side does not depend on time, except at its stops.
    #[must_use]
    pub fn autonomous(mut self) -> Self {
        self.autonomous = true;
        self
    }
}

impl<F: Sync, J: Sync> StateSpace for FnSystem<F, J> {
    fn dim(&self) -> usize {
        self.dim
    }

    fn state_name(&self, i: usize) -> String {
        self.names.get(i).cloned().unwrap_or_else(|| format!("y[{i}]"))
    }

    fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        out.extend(self.stops.iter().filter(|&&t| t0 < t && t < t1));
    }

    fn is_autonomous(&self) -> bool {
        self.autonomous
    }
}

impl<F, J: Sync> System<f64> for FnSystem<F, J>
where
    F: Fn(f64, &[f64], &mut [f64]) + Sync,
{
    fn rhs(&self, t: f64, y: &[f64], dy: &mut [f64]) {
        (self.rhs)(t, y, dy);
    }
}

impl<F, J> Linearize for FnSystem<F, Given<J>>
where
    F: Fn(f64, &[f64], &mut [f64]) + Sync,
    J: Fn(f64, &[f64], &mut [f64]) + Sync,
{
    fn jacobian(&self, t: f64, y: &[f64], jacobian: &mut [f64]) {
        jacobian.fill(0.0);
        (self.jacobian.0)(t, y, jacobian);
    }
}

/// The largest system whose differences are taken on the stack.
const STACK: usize = 64;

impl<F> Linearize for FnSystem<F, Differences>
where
    F: Fn(f64, &[f64], &mut [f64]) + Sync,
{
    fn jacobian(&self, t: f64, y: &[f64], jacobian: &mut [f64]) {
        let n = y.len();
        if n <= STACK {
            let (mut x, mut f) = ([0.0; STACK], [0.0; STACK]);
            difference(&self.rhs, t, y, (&mut x[..n], &mut f[..n]), jacobian);
        } else {
            difference(&self.rhs, t, y, (&mut vec![0.0; n], &mut vec![0.0; n]), jacobian);
        }
    }
}

/// Forward differences; the increments are those of Hairer & Wanner's codes.
fn difference(
    rhs: &impl Fn(f64, &[f64], &mut [f64]),
    t: f64,
    y: &[f64],
    (x, f): (&mut [f64], &mut [f64]),
    jacobian: &mut [f64],
) {
    x.copy_from_slice(y);
    rhs(t, y, f);
    for (j, column) in jacobian.chunks_exact_mut(y.len()).enumerate() {
        x[j] = y[j] + (f64::EPSILON * y[j].abs().max(1e-5)).sqrt();
        let increment = x[j] - y[j];
        rhs(t, x, column);
        for (d, &f) in column.iter_mut().zip(f.iter()) {
            *d = (*d - f) / increment;
        }
        x[j] = y[j];
    }
}
