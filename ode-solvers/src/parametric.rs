//! Systems with parameters, and what they are at given values.

use crate::{Mass, Over, Scalar, StateSpace, System};

/// A system whose right-hand side depends on parameters, written over the parameters' number type
/// as well: `f64` for a simulation, [`Dual`](crate::Dual) for derivatives with respect to them.
///
/// ```
/// use ode_solvers::{Instance, Method, Options, Over, Parametric, Scalar, StateSpace, StepSize, Tolerance, solve};
///
/// /// Growth with a limit: y' = r y (1 − y/K).
/// struct Logistic;
///
/// impl StateSpace for Logistic {
///     fn dim(&self) -> usize { 1 }
///     fn is_autonomous(&self) -> bool { true }
/// }
///
/// impl Parametric for Logistic {
///     fn rhs<P: Scalar, T: Scalar + Over<P>>(&self, p: &[P], _t: f64, y: &[T], dy: &mut [T]) {
///         dy[0] = y[0] * (-(y[0] / p[1]) + 1.0) * p[0];
///     }
/// }
///
/// // At given values it is a system like any other.
/// let system = Instance::new(&Logistic, [0.5, 10.0]);
/// let step = StepSize::Adaptive(Tolerance::new(1e-8, 1e-8));
/// let end = solve(&system, Method::Tsit5, step, (0.0, 40.0), &[0.1], &Options::end())?;
/// assert!((end.last()[0] - 10.0).abs() < 1e-4);
/// # Ok::<(), ode_solvers::SolveError>(())
/// ```
pub trait Parametric: StateSpace {
    /// Writes `f(t, y; p)` into `dy`; otherwise as [`System::rhs`].
    fn rhs<P: Scalar, T: Scalar + Over<P>>(&self, p: &[P], t: f64, y: &[T], dy: &mut [T]);

    /// As [`System::rhs_and_rates`].
    fn rhs_and_rates<P: Scalar, T: Scalar + Over<P>>(
        &self,
        p: &[P],
        t: f64,
        y: &[T],
        dy: &mut [T],
        b: &mut [T],
    ) {
        b.fill(T::from(0.0));
        self.rhs(p, t, y, dy);
    }
}

/// A [`Parametric`] system with values for its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance<'a, S: ?Sized, P = f64> {
    pub(crate) system: &'a S,
    pub(crate) parameters: Vec<P>,
}

impl<'a, S: ?Sized, P> Instance<'a, S, P> {
    /// The system with these values.
    pub fn new(system: &'a S, parameters: impl Into<Vec<P>>) -> Self {
        Self { system, parameters: parameters.into() }
    }
}

impl<S: StateSpace + ?Sized, P: Scalar> StateSpace for Instance<'_, S, P> {
    fn dim(&self) -> usize {
        self.system.dim()
    }

    fn state_name(&self, i: usize) -> String {
        self.system.state_name(i)
    }

    fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        self.system.stops(t0, t1, out);
    }

    fn is_autonomous(&self) -> bool {
        self.system.is_autonomous()
    }

    fn mass(&self) -> Mass {
        self.system.mass()
    }
}

impl<S: Parametric + ?Sized, P: Scalar, T: Scalar + Over<P>> System<T> for Instance<'_, S, P> {
    fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
        self.system.rhs(&self.parameters, t, y, dy);
    }

    fn rhs_and_rates(&self, t: f64, y: &[T], dy: &mut [T], b: &mut [T]) {
        self.system.rhs_and_rates(&self.parameters, t, y, dy, b);
    }
}
