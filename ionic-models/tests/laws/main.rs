//! What holds for every model: tables, number types, gates, currents; and for every stimulus.
#![allow(clippy::unwrap_used, reason = "a test whose cell or stimulus is refused has failed")]

mod allocations;
mod cells;
mod columns;
mod kinetics;
mod models;
mod states;
mod stimuli;
mod tables;
