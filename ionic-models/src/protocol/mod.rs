//! Experiments on a cell: pacing until nothing changes any more, and restitution curves.
//!
//! These need an integrator, and this crate knows none: they take the integration as a closure that
//! gives the states at some times, row after row. With `ode_solvers`:
//!
//! ```no_run
//! use ionic_models::protocol::{steady_state, Pacing, SteadyStateSettings};
//! use ionic_models::registry;
//! use ode_solvers::{solve, Method, Options, StepSize, Tolerance};
//!
//! let cell = registry::find("ten_tusscher_panfilov_2006", Some("epi"))?.cell();
//! let pacing = Pacing { period: 1000.0, duration: 1.0, amplitude: -52.0 };
//! let result = steady_state(&*cell, &pacing, &SteadyStateSettings::default(), |cell, span, y0, save_at| {
//!     let step = StepSize::Adaptive(Tolerance::new(1e-8, 1e-10));
//!     solve(cell, Method::Rodas5P, step, span, y0, &Options::save_at(save_at)).map(|s| s.y)
//! })?;
//! println!("{:?} after {} beats", result.outcome, result.beats);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The closure gets the cell with the protocol's own stimulus, the span, the state at its start and
//! the times to report (rising, within the span; the time of a stimulus edge comes twice).

mod pacing;
mod restitution;
mod steady_state;

pub use pacing::{Pacing, ProtocolError};
pub use restitution::{
    DynamicPoint, DynamicRestitution, S2Point, S2Restitution, dynamic_restitution, s2_restitution,
};
pub use steady_state::{Outcome, SteadyState, SteadyStateSettings, steady_state};
