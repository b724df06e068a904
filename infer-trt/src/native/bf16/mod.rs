//! The engine in `bf16`, for processors that sum products of pairs of such numbers at once.
//!
//! A dense layer takes its inputs two by two: of each row, columns 2i and 2i + 1 are rounded and
//! stand side by side in a lane, and so do the two weights. The instruction adds both products to
//! the lane's sum, which is `f32`, as are biases, activations and everything between layers.
//!
//! The first layer and the last compute in `f32`. Inputs may need more than the two digits that
//! `bf16` keeps (a time, say), and roundings in front of the last layer go straight to the outputs;
//! both layers are narrow on one side and take little of the time.

mod dispatch;
mod layers;
#[cfg(test)]
mod model;
mod pair;
#[cfg(test)]
pub(super) mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(crate) use self::dispatch::Unit;
pub(crate) use self::layers::{Layer, lower};
