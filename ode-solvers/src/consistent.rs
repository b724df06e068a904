//! Initial states that fulfil the algebraic equations.

use crate::linear::{Lu, Singular};
use crate::{Linearize, SolveError, StepSize};

/// As many Newton iterations as are tried.
const ITERATIONS: usize = 50;

/// What counts as consistent where there is no tolerance, relative to the value and to 1.
const FIXED_STEPS: f64 = 1e-8;

/// The state near `y0` that fulfils the algebraic equations of `M y' = f(t, y)` at `t0`.
///
/// States with a derivative keep their values; the others are found by Newton's method from where
/// they are, to rounding. A system without algebraic equations returns `y0`.
///
/// ```
/// use ode_solvers::{Mass, Scalar, StateSpace, System, consistent_start};
///
/// /// y₀' = −y₁, 0 = y₁² − y₀.
/// struct Root;
/// impl StateSpace for Root {
///     fn dim(&self) -> usize { 2 }
///     fn mass(&self) -> Mass { Mass::Diagonal(vec![1.0, 0.0]) }
/// }
/// impl<T: Scalar> System<T> for Root {
///     fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
///         dy[0] = -y[1];
///         dy[1] = y[1] * y[1] - y[0];
///     }
/// }
/// let y = consistent_start(&Root, 0.0, &[4.0, 1.0])?;
/// assert!((y[1] - 2.0).abs() < 1e-12);
/// # Ok::<(), ode_solvers::SolveError>(())
/// ```
///
/// # Errors
/// [`SolveError::WrongLength`], [`SolveError::InvalidMass`]; [`SolveError::NotIndexOne`] when the
/// equations do not determine the states, or Newton's method does not find a solution.
pub fn consistent_start(
    system: &(impl Linearize + ?Sized),
    t0: f64,
    y0: &[f64],
) -> Result<Vec<f64>, SolveError> {
    let mut y = y0.to_vec();
    let Some(mut newton) = Newton::new(system, t0, y0.len())? else { return Ok(y) };
    let mut before = f64::INFINITY;
    for _ in 0..ITERATIONS {
        newton.correct(system, t0, &mut y)?;
        let size = |(k, &i): (usize, &usize)| newton.change[k].abs() / (y[i].abs() + f64::MIN_POSITIVE);
        let change = newton.columns.iter().enumerate().map(size).fold(0.0, f64::max);
        // Rounding: the iteration has stopped to improve.
        if change <= 4.0 * f64::EPSILON || (change <= 1e-10 && change >= 0.5 * before) {
            return Ok(y);
        }
        before = change;
    }
    Err(newton.failure(system, t0, 0, "Newton's method does not converge"))
}

/// Whether one Newton iteration would change the start by more than the tolerance.
pub(crate) fn check(
    system: &(impl Linearize + ?Sized),
    step: &StepSize,
    t0: f64,
    y0: &[f64],
) -> Result<(), SolveError> {
    let Some(mut newton) = Newton::new(system, t0, y0.len())? else { return Ok(()) };
    let mut y = y0.to_vec();
    newton.correct(system, t0, &mut y)?;
    let allowed = |i: usize| match step {
        StepSize::Fixed(_) => FIXED_STEPS * y[i].abs().max(1.0),
        StepSize::Adaptive(tolerance) => tolerance.rtol() * y[i].abs() + tolerance.atol(i),
    };
    let off = newton.columns.iter().map(|&i| (i, (y[i] - y0[i]).abs() / allowed(i)));
    match off.fold((0, 1.0), |worst, this| if this.1 > worst.1 { this } else { worst }) {
        (_, 1.0) => Ok(()),
        (i, _) => {
            Err(SolveError::InconsistentStart { state: system.state_name(i), value: y0[i], consistent: y[i] })
        }
    }
}

/// Newton's method for the algebraic states alone.
struct Newton {
    rows: Vec<usize>,
    columns: Vec<usize>,
    jacobian: Vec<f64>,
    block: Vec<f64>,
    slope: Vec<f64>,
    change: Vec<f64>,
    lu: Lu,
}

impl Newton {
    /// Nothing if there are no algebraic equations.
    fn new(system: &(impl Linearize + ?Sized), t: f64, found: usize) -> Result<Option<Self>, SolveError> {
        let n = system.dim();
        if found != n {
            return Err(SolveError::WrongLength { what: "the initial state", expected: n, found });
        }
        let mass = system.mass();
        if let Some((row, column, value)) = mass.fault(n) {
            return Err(SolveError::InvalidMass { row, column, value, dim: n });
        }
        let (rows, columns) = mass.algebraic(n);
        let m = rows.len();
        if m == 0 {
            return Ok(None);
        }
        let newton = Self {
            jacobian: vec![0.0; n * n],
            block: vec![0.0; m * m],
            slope: vec![0.0; n],
            change: vec![0.0; m],
            lu: Lu::new(m),
            rows,
            columns,
        };
        if newton.columns.len() != m {
            let reason = "there are not as many states without derivative as equations without one";
            return Err(newton.failure(system, t, 0, reason));
        }
        Ok(Some(newton))
    }

    fn correct(
        &mut self,
        system: &(impl Linearize + ?Sized),
        t: f64,
        y: &mut [f64],
    ) -> Result<(), SolveError> {
        let n = y.len();
        system.rhs(t, y, &mut self.slope);
        system.jacobian(t, y, &mut self.jacobian);
        let m = self.rows.len();
        for (c, &j) in self.columns.iter().enumerate() {
            for (r, &i) in self.rows.iter().enumerate() {
                self.block[r + c * m] = self.jacobian[i + j * n];
            }
        }
        // −∂g/∂z is factorised: the solution is the change itself.
        if let Err(Singular(c)) = self.lu.factorise(0.0, &self.block) {
            return Err(self.failure(system, t, c, "their Jacobian is singular, or not finite"));
        }
        for (change, &i) in self.change.iter_mut().zip(&self.rows) {
            *change = self.slope[i];
        }
        self.lu.solve(&mut self.change);
        for (&change, &j) in self.change.iter().zip(&self.columns) {
            y[j] += change;
            if !y[j].is_finite() {
                return Err(self.failure(system, t, 0, "Newton's method leaves the finite numbers"));
            }
        }
        Ok(())
    }

    fn failure(
        &self,
        system: &(impl Linearize + ?Sized),
        t: f64,
        column: usize,
        reason: &'static str,
    ) -> SolveError {
        let state = self.columns.get(column).or(self.rows.first()).copied().unwrap_or(0);
        SolveError::NotIndexOne { state: system.state_name(state), t, reason }
    }
}
