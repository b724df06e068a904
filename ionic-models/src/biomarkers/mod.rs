//! Numbers that describe a trajectory: action potentials, calcium transients, spikes and bursts.
//!
//! Input is a [`Trace`]: one quantity, sampled in time, with its derivative where it is known. With
//! exact derivatives (a cell's own right-hand side) the trace is a cubic Hermite curve, and peaks
//! and crossings are those of the curve, accurate to the fourth order of the sampling distance.
//!
//! What a cell does not do is a result, not an error: a stimulus that fails to excite, a beat that
//! does not repolarise before the trace ends, a transient that isn't there, alternans. Errors
//! ([`BiomarkerError`]) are left for samples that make no sense.
//!
//! ```
//! use ionic_models::biomarkers::{action_potential, ApSettings, Response, Trace};
//!
//! // A triangle: up from −80 mV at 1 ms to 40 mV at 2 ms, down again by 1 mV/ms.
//! let t: Vec<f64> = (0..=200).map(f64::from).collect();
//! let v: Vec<f64> = t.iter().map(|&t| if t <= 1.0 { -80.0 } else { 40.0 - (t - 2.0).max(0.0) }).collect();
//! let beat = Trace::new(&t, &v)?;
//! let Response::ActionPotential(ap) = action_potential(&beat, &ApSettings::default())? else { panic!() };
//! assert_eq!((ap.rest, ap.peak), (-80.0, 40.0));
//! // Down by 90 % of 120 mV at 2 + 108 ms; 0 mV was crossed upwards between 1 and 2 ms.
//! assert!((ap.apd(90.0).unwrap() - (110.0 - ap.upstroke)).abs() < 1e-9);
//! # Ok::<(), ionic_models::biomarkers::BiomarkerError>(())
//! ```

mod action_potential;
mod calcium;
mod pattern;
mod spikes;
mod trace;

pub use action_potential::{
    ActionPotential, ApSettings, Duration, Repolarisation, Response, Rest, action_potential,
};
pub use calcium::{CalciumResponse, CalciumSettings, CalciumTransient, Decay, calcium_transient};
pub use pattern::{Pattern, Rhythm, pattern, rhythm};
pub use spikes::{Burst, Spike, SpikeSettings, burst_gap, bursts, inter_spike_intervals, spikes};
pub use trace::{BiomarkerError, Direction, Extremum, Trace};
