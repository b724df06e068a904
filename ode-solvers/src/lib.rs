//! Ordinary differential equations of excitable cells, solved: `y' = f(t, y)` with pulses, stiff or
//! not, for one cell or several side by side.
//!
//! A right-hand side is written once, over the number type [`Scalar`], and gives everything else:
//! values (`f64`), its exact Jacobian ([`Dual`] numbers), and several cells in one go ([`Lanes`]:
//! vector instructions, and no `unsafe` in what is written over them).
//!
//! # Example
//!
//! A FitzHugh–Nagumo cell gets a current pulse of one time unit. Does it fire, and when?
//!
//! ```
//! use ode_solvers::{Method, Options, Scalar, StateSpace, StepSize, System, Tolerance, solve};
//!
//! struct Cell { pulse: f64, start: f64, duration: f64 }
//!
//! impl StateSpace for Cell {
//!     fn dim(&self) -> usize { 2 }
//!     fn state_name(&self, i: usize) -> String { ["v", "w"][i].to_owned() }
//!     // Steps end at the edges of the pulse: it can't be stepped over.
//!     fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
//!         let edges = [self.start, self.start + self.duration];
//!         out.extend(edges.into_iter().filter(|t| t0 < *t && *t < t1));
//!     }
//!     // Between the edges nothing depends on time.
//!     fn is_autonomous(&self) -> bool { true }
//! }
//!
//! impl<T: Scalar> System<T> for Cell {
//!     fn rhs(&self, t: f64, y: &[T], dy: &mut [T]) {
//!         let on = self.start <= t && t < self.start + self.duration;
//!         let current = if on { self.pulse } else { 0.0 };
//!         let (v, w) = (y[0], y[1]);
//!         dy[0] = v - v.powi(3) / 3.0 - w + current;
//!         dy[1] = (v + 0.7 - w * 0.8) * 0.08;
//!     }
//! }
//!
//! let peak = |pulse: f64| {
//!     let cell = Cell { pulse, start: 50.0, duration: 1.0 };
//!     let step = StepSize::Adaptive(Tolerance::new(1e-6, 1e-6));
//!     let solution = solve(&cell, Method::Tsit5, step, (0.0, 200.0), &[-1.2, -0.62], &Options::default())?;
//!     let best = solution.column(0).zip(solution.t.iter().copied()).fold((f64::MIN, 0.0), |a, b| if b.0 > a.0 { b } else { a });
//!     Ok::<_, ode_solvers::SolveError>(best)
//! };
//! let (quiet, _) = peak(0.4)?;
//! let (spike, when) = peak(1.0)?;
//! assert!(quiet < 0.0 && spike > 1.5 && when > 50.0);
//! # Ok::<(), ode_solvers::SolveError>(())
//! ```
//!
//! # Which method?
//!
//! | the system | method | |
//! |---|---|---|
//! | most models of cells, chemistry, anything stiff | [`Method::Rodas5P`] | order 5, exact Jacobian, dense output of order 4 |
//! | not stiff (FitzHugh–Nagumo, a squid axon at loose tolerance) | [`Method::Tsit5`] | order 5(4) |
//! | a published protocol with fixed steps | [`Method::ExplicitEuler`], [`Method::RushLarsen1`], … | `StepSize::Fixed` |
//!
//! [`guide`] says how to choose, with numbers; [`Method::citation`] what to cite.
//!
//! # Events, jumps, derivatives
//!
//! * [`solve_with_events`] finds where a function of the state crosses zero ([`Event`]): when a cell
//!   fires, where a solve should end, where a dose changes the state.
//! * [`sensitivities`] gives the derivatives of a trajectory with respect to parameters and initial
//!   states, as accurate as the states, with every method.
//! * [`problems`] holds public test problems with their end states.
//! * [`dynamics`] finds fixed points, their stability and bifurcations, attractors and Lyapunov exponents,
//!   of systems and of maps.
//!
//! Algebraic equations beside differential ones: give the system a [`Mass`] matrix with rows of
//! zeros, and take a Rosenbrock method.
//!
//! # What to rely on
//!
//! * Adaptive solving has no hidden tolerance, and asks only methods that estimate their error.
//! * Steps end exactly at every stop; a step that ends there never sees what follows.
//! * States are recorded at exactly the times asked for, and recording changes no step.
//! * A failure says where, which state and what to do, and keeps the trajectory so far. A
//!   [`Solution`] says how it ended ([`Ending`]).
//! * Every number of [`Statistics`] is counted; tests compare them with what systems see.
//! * A step allocates nothing.
//!
//! # Features
//!
//! `diffsol` (off by default) lets the methods of the package of that name run behind [`solve`], by
//! the names in [`Method::DIFFSOL`]: an independent implementation to compare with.
//!
//! # Beneath `solve`
//!
//! [`integrate_fixed`] and [`integrate_adaptive`] run any [`Stepper`] over any number type: lanes
//! share one clock, and the worst lane decides the step; over [`Dual`] numbers a solve carries the
//! exact derivatives of its steps. Steppers come from tables of coefficients
//! ([`tableau`]): [`RungeKutta`], [`RungeKuttaPair`], [`RushLarsen`], [`GeneralizedRushLarsen`],
//! [`ThetaMethod`], [`Rosenbrock`].

mod columns;
mod combine;
mod consistent;
mod control;
mod dense;
#[cfg(feature = "diffsol")]
mod diffsol_methods;
mod dispatch;
#[allow(clippy::suspicious_arithmetic_impl, reason = "the product and quotient rules mix operators")]
mod dual;
pub mod dynamics;
#[allow(
    clippy::excessive_precision,
    reason = "coefficients are written with the digits of their publication"
)]
mod elements;
mod ensemble;
mod erased;
mod error;
mod estimate;
mod events;
mod fn_system;
mod generalized_rush_larsen;
#[doc = include_str!("../guide/choose_a_solver.md")]
pub mod guide {}
mod integrate;
mod lanes;
mod linear;
mod mass;
mod matrix;
mod method;
mod norm;
mod options;
mod parametric;
pub mod problems;
mod record;
mod reuse;
mod rosenbrock;
mod run;
mod runge_kutta;
mod rush_larsen;
mod scalar;
mod sensitivity;
mod slopes;
mod solution;
mod solve;
pub mod sparse;
mod stepper;
mod system;
pub mod tableau;
pub mod tape;
mod theta;
#[allow(
    clippy::excessive_precision,
    clippy::approx_constant,
    reason = "coefficients are written with the digits of their computation"
)]
mod wide;

pub use columns::{Columns, Lost, MAX_COLUMNS, march_columns};
pub use consistent::consistent_start;
pub use control::Controller;
pub use dispatch::{Kernel, Twin};
pub use dual::Dual;
pub use ensemble::{Ensemble, solve_ensemble};
pub use error::SolveError;
pub use estimate::estimate_from_sample;
pub use events::{Direction, Event, EventFunction, Jump, Occurrence, Trigger};
pub use fn_system::{Differences, FnSystem, Given};
pub use generalized_rush_larsen::GeneralizedRushLarsen;
pub use integrate::{
    integrate_adaptive, integrate_adaptive_with_events, integrate_fixed, integrate_fixed_with_events,
};
pub use lanes::{Element, Lanes};
pub use mass::Mass;
pub use method::{Method, UnknownMethod};
pub use norm::Norm;
pub use options::{Options, SaveAt, StepSize, Tolerance};
pub use parametric::{Instance, Parametric};
pub use rosenbrock::Rosenbrock;
pub use runge_kutta::{RungeKutta, RungeKuttaPair, hermite};
pub use rush_larsen::RushLarsen;
pub use scalar::{Over, Scalar};
pub use sensitivity::{ErrorControl, Sensitivities, Wanted, sensitivities};
pub use solution::{Ending, Solution, Statistics};
pub use solve::{solve, solve_with_events};
pub use stepper::{Embedded, Step, StepError, Stepper};
pub use system::{Linearize, StateSpace, System};
pub use theta::ThetaMethod;
