//! What holds for every model: tables, number types, gates, currents; and for every stimulus.

mod allocations;
mod cells;
mod kinetics;
mod models;
mod states;
mod stimuli;
mod tables;
