//! Coefficients of methods, as data.
//!
//! A test checks every table here against the order conditions, and another one measures its order.

mod explicit;
mod rosenbrock;

pub use explicit::{EXPLICIT_EULER, ExplicitPair, ExplicitTableau, HEUN, Interpolant, RUNGE_KUTTA_4, TSIT5};
pub use rosenbrock::{RODAS5P, RosenbrockTableau};
