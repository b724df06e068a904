//! Time series, and what rhythm they have (K-TS; the burst-to-spike transition of K-BIF).

use ionic_models::biomarkers::{SpikeSettings, Trace, burst_gap, bursts, inter_spike_intervals, spikes};
use ode_solvers::Method;
use ode_solvers::dynamics::{FlowMap, Map, iterate};
use serde::{Deserialize, Serialize};

use super::config::Variant;
use super::model::{cell, failed, tolerance};
use crate::Error;
use crate::stats::mean;

/// Where all oscillations begin: depolarised, with little slow potassium current.
pub(crate) const START: [f64; 3] = [-30.0, 0.05, 0.16];

/// A stretch of a trajectory after its transient.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// The control parameter.
    pub v_s: f64,
    /// Seconds from one state to the next.
    pub dt: f64,
    /// V, n, S.
    pub states: Vec<[f64; 3]>,
    /// Its rhythm, over a longer stretch.
    pub rhythm: Rhythm,
}

/// How the cell oscillates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Rhythm {
    /// Bursts, or single spikes at equal intervals.
    pub bursting: bool,
    /// Spikes in the stretch looked at.
    pub spikes: usize,
    /// Seconds from burst to burst, or from spike to spike; 0 without spikes.
    pub period: f64,
    /// Spikes in a burst, the most frequent number; 1 for spiking, 0 without spikes.
    pub per_burst: usize,
    /// The lowest potential, mV.
    pub lowest: f64,
    /// The highest potential, mV.
    pub highest: f64,
}

/// The flow of the ODE over `dt`.
pub(crate) fn flow(variant: Variant, v_s: f64, dt: f64) -> Result<FlowMap<super::model::BetaCell>, Error> {
    FlowMap::new(cell(variant, v_s), Method::Tsit5, tolerance(), dt).map_err(failed("the ODE's flow"))
}

/// The states of a map after `transient` seconds, for `length` seconds, every application.
pub(crate) fn record(
    map: &dyn Map,
    start: &[f64; 3],
    transient: f64,
    length: f64,
) -> Result<Vec<[f64; 3]>, Error> {
    let steps = |seconds: f64| (seconds / map.dt()).round() as usize;
    let mut u = start.to_vec();
    let mut states = Vec::with_capacity(steps(length));
    let failed = failed("a time series");
    iterate(map, &mut u, steps(transient), |_, _| ()).map_err(&failed)?;
    iterate(map, &mut u, steps(length), |_, u| states.push([u[0], u[1], u[2]])).map_err(&failed)?;
    Ok(states)
}

/// The rhythm of a recorded series.
pub(crate) fn rhythm(states: &[[f64; 3]], dt: f64) -> Result<Rhythm, Error> {
    let v: Vec<f64> = states.iter().map(|s| s[0]).collect();
    let times: Vec<f64> = (0..v.len()).map(|i| i as f64 * dt).collect();
    let trace = Trace::new(&times, &v)?;
    // Spikes rise from about −45 mV in a burst, and the cell rests below −50 mV between bursts.
    let found = spikes(&trace, &SpikeSettings { threshold: -35.0, reset: -38.0 })?;
    let intervals = inter_spike_intervals(&found);
    let gap = burst_gap(&intervals);
    let (period, per_burst) = match gap {
        None => (period(&intervals), usize::from(!found.is_empty())),
        Some(gap) => {
            let groups = bursts(&found, gap);
            let starts: Vec<f64> = groups.windows(2).map(|w| w[1].start - w[0].start).collect();
            let mut counts: Vec<usize> = groups.iter().map(|g| g.spikes).collect();
            counts.sort_unstable();
            (period(&starts), counts.get(counts.len() / 2).copied().unwrap_or(0))
        }
    };
    Ok(Rhythm {
        bursting: gap.is_some(),
        spikes: found.len(),
        period,
        per_burst,
        lowest: v.iter().copied().fold(f64::INFINITY, f64::min),
        highest: v.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    })
}

/// The mean of the times between; 0 where there are none.
fn period(between: &[f64]) -> f64 {
    if between.is_empty() { 0.0 } else { mean(between) }
}

/// Seconds of a series that are shown, and over which its rhythm is taken.
const SHOWN: f64 = 20.0;
const LOOKED_AT: f64 = 50.0;

/// The series at one V_S.
pub(crate) fn series(map: &dyn Map, v_s: f64, transient: f64) -> Result<Series, Error> {
    let mut states = record(map, &START, transient, LOOKED_AT)?;
    let rhythm = rhythm(&states, map.dt())?;
    states.truncate((SHOWN / map.dt()).round() as usize);
    Ok(Series { v_s, dt: map.dt(), states, rhythm })
}

/// Where bursting becomes spiking, by bisection to 0.001 between −34.5, where the cell bursts, and −33;
/// none if it is not so there.
pub(crate) fn transition(
    transient: f64,
    at: impl Fn(f64) -> Result<Box<dyn Map>, Error>,
) -> Result<Option<f64>, Error> {
    let bursts = |v_s: f64| -> Result<bool, Error> {
        let map = at(v_s)?;
        Ok(rhythm(&record(&*map, &START, transient, LOOKED_AT)?, map.dt())?.bursting)
    };
    let (mut low, mut high) = (-34.5, -33.0);
    if !bursts(low)? || bursts(high)? {
        return Ok(None);
    }
    while high - low > 1e-3 {
        let mid = 0.5 * (low + high);
        if bursts(mid)? { low = mid } else { high = mid }
    }
    Ok(Some(0.5 * (low + high)))
}
