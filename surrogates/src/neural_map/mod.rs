//! Neural maps: networks that are dynamical systems, one application a time step.
//!
//! Kuptsov, Stankevich, Bagautdinova, *Discovering dynamical features of Hodgkin–Huxley-type model of
//! physiological neuron using artificial neural network* (2022): a small network for each state learns
//! the state's increment over Δt from pairs on an attractor, and the map so found has the fixed points,
//! the stability and the second attractor of the equations, which it has never seen.
//!
//! Everything is generic in states, control parameters and width. The architecture stands twice: on
//! dfdx's tape, as it is printed, and in fused kernels, which train; tests hold one against the other.

mod at;
mod checkpoint;
mod config;
mod least_squares;
mod network;
mod onnx;
mod pairs;
mod spec;
mod tape;
#[cfg(test)]
mod tests;
mod trainer;

pub use at::MapAt;
pub use checkpoint::{MAP_FORMAT, MapCheckpoint};
pub use config::{Decay, MapConfig};
pub use least_squares::{
    LEAST_SQUARES_FORMAT, LeastSquares, LeastSquaresCheckpoint, LeastSquaresConfig, LeastSquaresRecord,
};
pub use network::NeuralMap;
pub use onnx::{export, to_model};
pub use pairs::Pairs;
pub use spec::MapSpec;
pub use trainer::{MapRecord, MapTrainer, mean_square_error};
