//! Every model against independent encodings and against printed numbers.
//!
//! The data files name the tool, the version and the tolerance they come from.
#![allow(clippy::unwrap_used, reason = "a test that cannot read its data or solve its model has failed")]

mod axon;
mod beta_cell;
mod derivatives;
mod fitzhugh_nagumo;
mod table;
mod trajectories;
