//! Number types, steppers, step-size control and solving for ordinary differential equations of
//! excitable cells.

mod combine;
mod control;
mod dual;
mod elements;
mod error;
mod fn_system;
mod integrate;
mod lanes;
mod linear;
mod method;
mod options;
mod record;
mod rosenbrock;
mod runge_kutta;
mod rush_larsen;
mod scalar;
mod solution;
mod solve;
pub mod sparse;
mod stepper;
mod system;
pub mod tableau;

pub use control::PiController;
pub use dual::Dual;
pub use error::SolveError;
pub use fn_system::{Differences, FnSystem, Given};
pub use integrate::{integrate_adaptive, integrate_fixed};
pub use lanes::{Element, Lanes};
pub use method::{Method, UnknownMethod};
pub use options::{Options, SaveAt, StepSize, Tolerance};
pub use rosenbrock::Rosenbrock;
pub use runge_kutta::{RungeKutta, RungeKuttaPair};
pub use rush_larsen::RushLarsen;
pub use scalar::{Over, Scalar};
pub use solution::{Solution, Statistics};
pub use solve::solve;
pub use stepper::{Embedded, Step, StepError, Stepper};
pub use system::{Linearize, StateSpace, System};
