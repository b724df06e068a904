//! The tests of the crate from outside, in one program: what they have in common is compiled once. Those that count
//! allocations, or refuse them, are programs of their own.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/trainings.rs"]
mod trainings;

mod backends;
mod checkpoints;
mod dataset;
mod fno;
mod gradients;
mod kept;
mod least_squares;
mod neural_map;
mod neural_ode;
mod onnx;
mod operators;
mod step;
mod terms;
mod training;
