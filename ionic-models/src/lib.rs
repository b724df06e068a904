//! Published models of excitable cells, each written once.
//!
//! A model is two tables, states and parameters with name, unit, published value and range, and one
//! generic function. The same function gives values, exact Jacobians, many cells at once, and
//! derivatives with respect to parameters: [`IonicModel`]. A [`Cell`] is a model with its values and
//! a [`Stimulus`]; it is a system that `ode_solvers` integrates.
//!
//! ```
//! use ionic_models::models::HodgkinHuxley1952;
//! use ionic_models::{Cell, Stimulus};
//! use ode_solvers::{Linearize, System};
//!
//! let mut axon = Cell::<HodgkinHuxley1952>::variant("modern")?;
//! axon.set_stimulus(Stimulus::constant(10.0)?); // µA/cm²
//!
//! let (mut dy, mut jacobian) = ([0.0; 4], [0.0; 16]);
//! axon.rhs(0.0, axon.initial_state(), &mut dy);
//! axon.jacobian(0.0, axon.initial_state(), &mut jacobian);
//! assert!((dy[0] - 9.68515168).abs() < 1e-12); // mV/ms
//!
//! axon.currents(0.0, axon.initial_state(), |name, value| println!("{name} = {value} uA/cm^2"));
//! # Ok::<(), ionic_models::Error>(())
//! ```
//!
//! `cargo xtask export-library` builds all of them as one C library: `examples/ionic_model.h` says what each function
//! does, `examples/ionic_model.c` is a program that calls it.
//!
//! Models are found by name in the [`registry`], with their tables as data. The equations, units,
//! sources and deviations of each are on the page of its module in [`models`].

mod any;
pub mod biomarkers;
mod cell;
mod cells;
mod columns;
mod error;
pub mod kinetics;
mod model;
pub mod models;
mod names;
mod population;
pub mod protocol;
pub mod registry;
mod stimulus;
mod variable;

pub use any::AnyCell;
pub use cell::{Cell, RangePolicy};
pub use cells::Cells;
pub use columns::CellColumns;
pub use error::{Error, OutOfRange};
pub use model::{IonicModel, MAX_PARAMETERS, MAX_STATES};
pub use population::Population;
pub use stimulus::{
    Interpolation, MAX_PULSES, Pulse, PulseTrain, Pulses, S1S2, Sampled, Stimulus, StimulusSpec,
};
pub use variable::{Current, StimulusConvention, Variable, Variant};
