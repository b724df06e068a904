//! Coefficients of methods, as data.
//!
//! A test checks every table here against the order conditions, and another one measures its order.

mod dop853;
mod explicit;
mod rosenbrock;
mod rosenbrock_5;
mod rosenbrock_low;
mod theta;

pub use dop853::DOP853;
pub use explicit::{
    BOGACKI_SHAMPINE_32, DORMAND_PRINCE_54, EXPLICIT_EULER, ExplicitPair, ExplicitTableau, HEUN, Interpolant,
    MIDPOINT, RUNGE_KUTTA_4, SecondEstimate, TSIT5,
};
pub use rosenbrock::RosenbrockTableau;
pub use rosenbrock_5::{RODAS5, RODAS5P, RODAS5PE, RODAS5PR};
pub use rosenbrock_low::{RODAS3P, RODAS4, RODAS4P, ROS3P, ROSENBROCK_23};
pub use theta::{BACKWARD_EULER, TRAPEZOID, ThetaTableau};
