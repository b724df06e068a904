//! The tests of the crate from outside, in one program: what they have in common is compiled once.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "../common/mod.rs"]
mod common;

mod algebraic;
mod columns;
mod counters;
mod diffsol;
mod dynamics;
mod elementary;
mod ensemble;
mod errors;
mod events;
mod generalized_rush_larsen;
mod guide;
mod ivp;
mod jacobian;
mod jacobian_reuse;
mod lanes;
mod number_types;
mod one_step;
mod order;
mod peers;
mod properties;
mod sensitivities;
mod source;
mod sparse_lu;
mod sparse_structure;
mod statistics;
mod stops;
mod tableaus;
mod tape;
mod theta;
