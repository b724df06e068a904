//! The tests of the crate from outside, in one program: what they have in common is compiled once.

#![allow(clippy::unwrap_used, reason = "in helpers of tests, as in tests")]

#[path = "../common/mod.rs"]
mod common;

mod bad_files;
mod bad_operators;
mod cuda;
#[cfg(target_os = "linux")]
mod driver;
mod native;
mod native_bf16;
mod native_operator;
mod onnx_runtime;
mod operator_graphs;
