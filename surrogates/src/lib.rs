//! Neural surrogates of ionic models: architectures, losses, training, checkpoints, ONNX export

mod atomic;
mod checkpoint;
mod config;
mod data;
mod error;
mod kernels;
mod loss;
mod mlp;
mod normalization;
pub mod onnx;
pub mod ops;
mod optimizer;
mod physics;
mod random;
mod real;
mod spec;
mod trainer;

pub use checkpoint::{Checkpoint, FORMAT};
pub use config::{DataTerm, InitialTerm, InitialValue, PhysicsTerm, TrainConfig};
pub use data::{Samples, Sampling};
pub use error::Error;
pub use loss::{Losses, Residual, mean_square};
pub use mlp::Mlp;
pub use normalization::Normalization;
pub use optimizer::{Adam, AdamConfig, PlateauConfig, ReduceOnPlateau};
pub use physics::{SystemField, VectorField};
pub use real::Real;
pub use spec::{Activation, Dense, Layer, MlpSpec};
pub use trainer::{Record, Trainer, TrainingSet, Validation, validate};
