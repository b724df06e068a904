//! Neural surrogates of ionic models: networks that give a cell's state without integrating it.
//!
//! A network is described by a list of layers, learns from samples and, if wanted, from the model's
//! own equations, and is written as an ONNX file that takes and gives physical units.
//!
//! ```
//! use std::ops::ControlFlow;
//! use std::sync::Arc;
//! use surrogates::{
//!     Mlp, MlpSpec, Normalization, PhysicsTerm, Samples, SystemField, TrainConfig, Trainer,
//!     Training, TrainingSet, onnx,
//! };
//!
//! // What is to be learned: three points of a decay …
//! let t = vec![0.0, 1.0, 2.0];
//! let u = t.iter().map(|t: &f32| (-t).exp()).collect();
//! let samples = Samples::new(1, 1, t, u)?;
//!
//! // … and its equation. Any system of `ode_solvers` will do; its Jacobian comes with it.
//! # use ode_solvers::{Scalar, StateSpace, System};
//! struct Decay;
//! impl StateSpace for Decay {
//!     fn dim(&self) -> usize { 1 }
//! }
//! impl<T: Scalar> System<T> for Decay {
//!     fn rhs(&self, _t: f64, u: &[T], du: &mut [T]) { du[0] = -u[0]; }
//! }
//!
//! let network = MlpSpec::parse(1, "Tanh8,Tanh8", 1)?;
//! let mut config = TrainConfig::data_driven(network, 42);
//! config.input = Normalization::from_domain(&[(0.0, 2.0)])?;
//! config.physics = vec![PhysicsTerm { batch: 16, domain: vec![(0.0, 2.0)], weight: 1.0 }];
//! let set = TrainingSet {
//!     train: Some(samples),
//!     field: Some(Arc::new(SystemField::new(Decay, 0, "decay"))),
//!     ..TrainingSet::default()
//! };
//! let mut trainer = Trainer::new(config, set)?;
//! let _ = trainer.run(2000, |_, _| ControlFlow::Continue(()))?;
//!
//! // Between the points the network knows what the equation says.
//! let mut u = [0.0];
//! trainer.network().predict(&[0.5], &mut u)?;
//! assert!((u[0] - (-0.5f32).exp()).abs() < 0.01);
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("decay.onnx");
//! onnx::export(trainer.network(), &onnx::Description::default(), &path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! * [`MlpSpec`] and [`Mlp`]: fully connected networks with any mix of [`Activation`]s, and
//!   [`Normalization`] of inputs and outputs.
//! * [`TrainConfig`], [`Trainer`]: data, physics and initial-condition losses with weights, Adam,
//!   learning-rate schedule, validation; the losses' exact sums and means stand at [`Losses`].
//! * [`VectorField`], [`SystemField`]: the equations, with the network's inputs at hand, so that
//!   parameters may be inputs; [`eight_rows`] for fields that compute eight rows at once.
//! * [`Training`]: what this trainer and those below have in common: steps, a history, and a file
//!   ([`Checkpoint`]) from which [`Trainer::resume`] and its like continue bit for bit.
//! * [`onnx`]: files for any ONNX runtime.
//! * [`fno`]: Fourier neural operators, which map functions of time to functions of time, with their own trainer.
//! * [`neural_map`]: networks that are dynamical systems, one application a time step, with trainers of
//!   their own: Adam, and least squares.
//! * [`neural_ode`]: networks that are vector fields, trained through a solver and on the equations.
//!
//! * [`Backend`]: narrow networks are trained by fused kernels without a tape, wide ones on the tape.
//!
//! On the tape the gradient comes from reverse mode of the dfdx crate, with operations of our own
//! ([`ops`]): one fused operation for each layer, which carries du/dt along beside u, so that the
//! physics loss needs no second reverse pass. Batches here are small, and small matrix products are
//! not worth a library call: the inner loops are our own too, for AVX2, AVX-512, or neither.
//!
//! Training is a pure function of settings, data and equations on one machine. Another machine may
//! round differently, since it may have other vector instructions.

mod atomic;
mod check;
mod checkpoint;
mod config;
mod data;
mod epochs;
mod error;
pub mod fno;
mod fused;
mod kernels;
mod loss;
mod memory;
mod mlp;
pub mod neural_map;
pub mod neural_ode;
mod normalization;
pub mod onnx;
pub mod ops;
mod optimizer;
mod physics;
mod random;
mod real;
mod sealed;
mod spec;
mod trainer;
mod training;

pub use checkpoint::Checkpoint;
pub use config::{
    Backend, ContinuityTerm, DataNorm, DataTerm, InitialTerm, InitialValue, PhysicsTerm, TrainConfig,
};
pub use data::{Samples, Sampling};
pub use epochs::EpochRecord;
pub use error::Error;
pub use loss::{Losses, Residual, mean_length, mean_square};
pub use mlp::Mlp;
pub use neural_map::{MapSpec, NeuralMap};
pub use normalization::Normalization;
pub use optimizer::{Adam, AdamConfig, Decay, MuonConfig, PlateauConfig, ReduceOnPlateau};
pub use physics::{Eight, EightInputs, SystemField, VectorField, eight_rows};
pub use real::Real;
pub use spec::{Activation, Dense, Layer, MlpSpec};
pub use trainer::{Record, Trainer, TrainingSet, Validation, validate};
pub use training::Training;
