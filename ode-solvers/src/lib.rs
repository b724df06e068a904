//! Number types, steppers, step-size control and solving for ordinary differential equations of
//! excitable cells.

mod dual;
mod lanes;
mod scalar;
mod system;

pub use dual::Dual;
pub use lanes::{Element, Lanes};
pub use scalar::{Over, Scalar};
pub use system::{Linearize, StateSpace, System};
