//! Neural maps: networks that are dynamical systems, one application a time step.
//!
//! Kuptsov, Stankevich, Bagautdinova, *Discovering dynamical features of Hodgkin–Huxley-type model of
//! physiological neuron using artificial neural network* (2022): a small network for each state learns
//! the state's increment over Δt from pairs on an attractor, and the map so found has the fixed points,
//! the stability and the second attractor of the equations, which it has never seen.
//!
//! Pairs of states become a map, by [`LeastSquares`] or, as published, by Adam ([`MapTrainer`]); the map at
//! given parameters is a [`Map`](ode_solvers::dynamics::Map), whose fixed points and their stability
//! [`ode_solvers::dynamics`] finds:
//!
//! ```
//! use ode_solvers::dynamics::{Newton, fixed_point_of_map};
//! use surrogates::{MapSpec, Training};
//! use surrogates::neural_map::{LeastSquares, LeastSquaresConfig, Pairs};
//!
//! // A rotation by 0.2 around (1, −2), seen at distances from 0.5 to 1.
//! let at = |r: f64, phi: f64| [1.0 + r * phi.cos(), -2.0 + r * phi.sin()];
//! let rows = (0..200).map(|i| (0.5 + 0.0025 * f64::from(i), 1.7 * f64::from(i)));
//! let (inputs, next): (Vec<_>, Vec<_>) = rows.map(|(r, phi)| (at(r, phi), at(r, phi + 0.2))).unzip();
//! let pairs = Pairs::new(2, 0, inputs.concat(), next.concat())?;
//!
//! let (state, control) = pairs.standardization()?;
//! let spec = MapSpec { states: 2, parameters: 0, width: 8 };
//! let config = LeastSquaresConfig { scouting: 10, steps: 60, ..LeastSquaresConfig::new(spec, state, control, 1.0, 1) };
//! let mut fit = LeastSquares::new(config, &pairs, None)?;
//! while fit.iteration() < 60 {
//!     fit.step()?;
//! }
//!
//! // It was never near the centre, and has its fixed point there.
//! let centre = fixed_point_of_map(&fit.map().at(&[])?, &[0.9, -1.8], &Newton::default())?;
//! assert!((centre.state[0] - 1.0).hypot(centre.state[1] + 2.0) < 1e-3);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
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
pub use config::MapConfig;
pub use least_squares::{LeastSquares, LeastSquaresConfig, LeastSquaresRecord};
pub use network::NeuralMap;
pub use onnx::{export, to_model};
pub use pairs::Pairs;
pub use spec::MapSpec;
pub use trainer::{MapTrainer, mean_square_error};

pub use crate::optimizer::Decay;
