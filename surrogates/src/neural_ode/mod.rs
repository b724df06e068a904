//! Neural ODEs: a network as the right-hand side of a differential equation, trained through the solver.
mod continuous;
mod field;
mod method;
mod network;
mod spec;
mod sweep;
#[cfg(test)]
mod tests;
mod unroll;

pub use method::OdeMethod;
pub use network::{NeuralOde, OdeField};
pub use spec::OdeSpec;
pub use sweep::{Divergence, Grid};
pub use unroll::{Adjoint, LossGradient, Unroll};
