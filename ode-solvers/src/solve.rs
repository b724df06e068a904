//! The front door: one function for every method.

use crate::consistent;
use crate::erased::Erased;
use crate::integrate::{adaptive as integrate_adaptive, fixed as integrate_fixed};
use crate::method::Kind;
use crate::run::Plan;
use crate::{
    Event, GeneralizedRushLarsen, Linearize, Method, Options, Rosenbrock, RungeKutta, RungeKuttaPair,
    RushLarsen, Scalar, Solution, SolveError, StepSize, ThetaMethod,
};

/// Integrates `system` over `span` from the state `y0`.
///
/// Steps end exactly at each stop (the system's own and `options.stops`) and start afresh there: a
/// pulse is never stepped over, however short it is and however long the steps.
///
/// ```
/// use ode_solvers::{Method, Options, Scalar, StateSpace, StepSize, System, Tolerance, solve};
///
/// struct VanDerPol { mu: f64 }
/// impl StateSpace for VanDerPol {
///     fn dim(&self) -> usize { 2 }
///     fn is_autonomous(&self) -> bool { true }
/// }
/// impl<T: Scalar> System<T> for VanDerPol {
///     fn rhs(&self, _t: f64, y: &[T], dy: &mut [T]) {
///         dy[0] = y[1];
///         dy[1] = (-(y[0] * y[0]) + 1.0) * y[1] * self.mu - y[0];
///     }
/// }
///
/// let step = StepSize::Adaptive(Tolerance::new(1e-6, 1e-8));
/// let options = Options::save_at([500.0, 1000.0]);
/// let solution = solve(&VanDerPol { mu: 1000.0 }, Method::Rodas5P, step, (0.0, 1000.0), &[2.0, 0.0], &options)?;
/// assert_eq!(solution.t, [500.0, 1000.0]);
/// assert!(solution.stats.accepted < 400);
/// # Ok::<(), ode_solvers::SolveError>(())
/// ```
///
/// A system with algebraic equations ([`Mass`](crate::Mass)) must start from a state that fulfils
/// them: [`consistent_start`](crate::consistent_start) finds one.
///
/// # Errors
/// Bad input, before anything is computed; and afterwards too many steps, a step that would be too
/// short, a number that is not finite, a singular matrix. Errors of the second kind keep the
/// trajectory so far ([`SolveError::partial`]).
pub fn solve(
    system: &(impl Linearize + ?Sized),
    method: Method,
    step: StepSize,
    span: (f64, f64),
    y0: &[f64],
    options: &Options,
) -> Result<Solution, SolveError> {
    solve_with_events(system, method, step, span, y0, options, &[])
}

/// As [`solve`], and looks for events: crossings that are recorded, that end the solve, or that
/// change the state. [`Event`] shows how.
///
/// # Errors
/// As [`solve`]; and where an event function is NaN, or a jump makes a state not finite.
pub fn solve_with_events(
    system: &(impl Linearize + ?Sized),
    method: Method,
    step: StepSize,
    span: (f64, f64),
    y0: &[f64],
    options: &Options,
    events: &[Event<'_>],
) -> Result<Solution, SolveError> {
    of_plain(Erased::new(system).get(), method, step, span, y0, options, events)
}

/// All methods over `f64`, compiled once.
fn of_plain(
    system: &dyn Linearize,
    method: Method,
    step: StepSize,
    span: (f64, f64),
    y0: &[f64],
    options: &Options,
    events: &[Event<'_>],
) -> Result<Solution, SolveError> {
    if y0.len() == system.dim() && y0.iter().all(|y| y.is_finite()) {
        consistent::check(system, &step, span.0, y0)?;
    }
    #[cfg(feature = "diffsol")]
    if let Kind::Diffsol(scheme) = method.kind() {
        return with_diffsol(system, (method, scheme), step, span, y0, options, events);
    }
    dispatch(system, method, step, span, y0, &Plan::new(options, events))
}

/// The solve over any number type that the system knows its Jacobian for.
pub(crate) fn dispatch<T: Scalar>(
    system: &dyn Linearize<T>,
    method: Method,
    step: StepSize,
    span: (f64, f64),
    y0: &[T],
    options: &Plan<'_, T>,
) -> Result<Solution<T>, SolveError<T>> {
    let dim = system.dim();
    match (method.kind(), step) {
        (Kind::Explicit(tableau), StepSize::Fixed(dt)) => {
            integrate_fixed(system, &mut RungeKutta::new(tableau, dim), dt, span, y0, options)
        }
        (Kind::Pair(pair), StepSize::Fixed(dt)) => {
            integrate_fixed(system, &mut RungeKutta::new(&pair.tableau, dim), dt, span, y0, options)
        }
        (Kind::Pair(pair), StepSize::Adaptive(tolerance)) => {
            integrate_adaptive(system, &mut RungeKuttaPair::new(pair, dim), &tolerance, span, y0, options)
        }
        (Kind::RushLarsen(1), StepSize::Fixed(dt)) => {
            integrate_fixed(system, &mut RushLarsen::first_order(dim), dt, span, y0, options)
        }
        (Kind::RushLarsen(_), StepSize::Fixed(dt)) => {
            integrate_fixed(system, &mut RushLarsen::second_order(dim), dt, span, y0, options)
        }
        (Kind::GeneralizedRushLarsen(1), StepSize::Fixed(dt)) => {
            integrate_fixed(system, &mut GeneralizedRushLarsen::first_order(dim), dt, span, y0, options)
        }
        (Kind::GeneralizedRushLarsen(_), StepSize::Fixed(dt)) => {
            integrate_fixed(system, &mut GeneralizedRushLarsen::second_order(dim), dt, span, y0, options)
        }
        (Kind::Theta(tableau), StepSize::Fixed(dt)) => {
            let mut stepper = ThetaMethod::new(tableau, dim).without_estimate();
            integrate_fixed(system, &mut stepper, dt, span, y0, options)
        }
        (Kind::Theta(tableau), StepSize::Adaptive(tolerance)) => {
            let mut stepper = ThetaMethod::new(tableau, dim).within(&tolerance);
            integrate_adaptive(system, &mut stepper, &tolerance, span, y0, options)
        }
        (Kind::Rosenbrock(tableau), StepSize::Fixed(dt)) => {
            integrate_fixed(system, &mut Rosenbrock::new(tableau, dim), dt, span, y0, options)
        }
        (Kind::Rosenbrock(tableau), StepSize::Adaptive(tolerance)) => {
            let kept = options.options.jacobian_steps;
            let mut stepper = Rosenbrock::new(tableau, dim).keeping_jacobian(kept);
            integrate_adaptive(system, &mut stepper, &tolerance, span, y0, options)
        }
        (Kind::Explicit(_) | Kind::RushLarsen(_) | Kind::GeneralizedRushLarsen(_), StepSize::Adaptive(_)) => {
            Err(SolveError::NotAdaptive { method })
        }
        #[cfg(feature = "diffsol")]
        (Kind::Diffsol(_), _) => Err(SolveError::BeyondDiffsol { method, what: "lanes and derivatives" }),
    }
}

/// diffsol's methods know `f64` and no events.
#[cfg(feature = "diffsol")]
fn with_diffsol(
    system: &dyn Linearize,
    (method, scheme): (Method, crate::diffsol_methods::Scheme),
    step: StepSize,
    span: (f64, f64),
    y0: &[f64],
    options: &Options,
    events: &[Event<'_>],
) -> Result<Solution, SolveError> {
    match step {
        StepSize::Fixed(_) => Err(SolveError::NotFixed { method }),
        StepSize::Adaptive(_) if !events.is_empty() => {
            Err(SolveError::BeyondDiffsol { method, what: "events" })
        }
        StepSize::Adaptive(tolerance) => {
            crate::diffsol_methods::integrate(system, (method, scheme), &tolerance, span, y0, options)
        }
    }
}
