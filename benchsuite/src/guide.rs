//! How to do what takes more than one crate. Every program on these pages is compiled and run as a test.
//!
//! [Which solver to choose](ode_solvers::guide) and [how to run a sweep on a cluster](crate::sweep) stand
//! where they belong.

#[doc = include_str!("../guide/getting_started.md")]
pub mod getting_started {}

#[doc = include_str!("../guide/own_model.md")]
pub mod own_model {}

#[doc = include_str!("../guide/train_a_surrogate.md")]
pub mod train_a_surrogate {}

#[doc = include_str!("../guide/gpu.md")]
pub mod gpu {}

#[doc = include_str!("../guide/works.md")]
pub mod works {}

#[doc = include_str!("../guide/hardening.md")]
pub mod hardening {}

/// The program of the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
