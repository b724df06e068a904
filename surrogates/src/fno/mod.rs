//! Fourier neural operators: networks that map functions of time to functions of time.
//!
//! Li et al., *Fourier neural operator for parametric partial differential equations* (2021,
//! arXiv:2010.08895); for ionic models Pellegrini, Ghiotto, Centofanti, Pavarino, *Learning high-dimensional
//! ionic model dynamics using Fourier neural operators* (2025): from the applied current at all times to
//! every state at all times.
//!
//! The transform is truncated: a layer keeps a few of the lowest modes, so both directions are products with
//! tables of cosines and sines, exact for these modes at any number of points. The architecture stands
//! twice: on dfdx's tape, as it is defined, and in fused kernels, which train; tests hold one against the
//! other, and both against the definition in plain loops.
//!
//! ```
//! use surrogates::fno::{FnoConfig, FnoSpec, FnoTrainer, Signals, Variant};
//! use surrogates::{Activation, Training};
//! use std::ops::ControlFlow;
//!
//! // A current that is on for a while, and a charge that grows meanwhile: 16 of them, at 40 points.
//! let (mut current, mut charge) = (Vec::new(), Vec::new());
//! for k in 0..16 {
//!     let end = 5 + 2 * k;
//!     for i in 0..40 {
//!         current.push(if i < end { 1.0 } else { 0.0 });
//!         charge.push(i.min(end) as f64 / 40.0);
//!     }
//! }
//! let signals = Signals::new(40, 1, 1, current, charge)?;
//! let network = FnoSpec {
//!     inputs: 2, outputs: 1, width: 16, modes: 6, layers: 2, padding: 4, hidden: 16,
//!     variant: Variant::Classic, activation: Activation::GELU,
//! };
//! let config = FnoConfig { batch: 8, epochs: 60, ..FnoConfig::published(network, 5e-3, 1e-4, 0.8, 1) };
//! let mut trainer = FnoTrainer::new(config, &signals, None, 1)?;
//! let first = trainer.step()?.0;
//! let _ = trainer.run(trainer.iterations(), |_, _| ControlFlow::Continue(()))?;
//! let last = trainer.history().last().unwrap().train;
//! assert!(last < 0.3 * first, "{first} to {last}");
//!
//! // The trained operator takes and gives physical units, at any resolution.
//! let fno = trainer.network().at_points(80)?;
//! let mut y = vec![0.0; 80];
//! let x: Vec<f64> = (0..80).map(|i| if i < 22 { 1.0 } else { 0.0 }).collect();
//! fno.predictor(1, 1)?.predict(&x, &mut y)?;
//! # Ok::<(), surrogates::Error>(())
//! ```

mod checkpoint;
mod config;
mod engine;
mod network;
mod onnx;
mod signals;
mod spec;
pub mod state_dict;
pub(crate) mod tape;
#[cfg(test)]
mod tests;
mod trainer;

pub use config::{Coarse, FnoConfig, Schedule};
pub use network::{Fno, Predictor};
pub use onnx::{export, to_model};
pub use signals::{PointScale, Signals};
pub use spec::{FnoSpec, FourierLayer, Variant};
pub use trainer::FnoTrainer;
