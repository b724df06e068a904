//! Spikes and bursts.

use serde::Serialize;

use super::{BiomarkerError, Direction, Trace};

/// What counts as a spike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpikeSettings {
    /// A spike begins when the potential crosses this upwards.
    pub threshold: f64,
    /// It ends when the potential falls to this; at most the threshold. A gap between the two
    /// keeps ripples at the threshold from counting.
    pub reset: f64,
}

impl SpikeSettings {
    /// A spike from each upward crossing of `threshold` to the next downward one.
    #[must_use]
    pub fn at(threshold: f64) -> Self {
        Self { threshold, reset: threshold }
    }
}

/// A spike.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spike {
    /// When the potential crosses the threshold upwards.
    pub t: f64,
    /// The highest potential of the spike.
    pub peak: f64,
    /// When it is reached.
    pub t_peak: f64,
}

/// The spikes of a trace, in order of time. A spike that has not ended when the trace ends is left
/// out: its peak may be still to come.
///
/// # Errors
/// [`BiomarkerError::Setting`] if the levels are not finite or `reset` is above the threshold.
pub fn spikes(trace: &Trace<'_>, settings: &SpikeSettings) -> Result<Vec<Spike>, BiomarkerError> {
    let SpikeSettings { threshold, reset } = *settings;
    let setting = |name, value, rule| Err(BiomarkerError::Setting { name, value, rule });
    if !threshold.is_finite() {
        return setting("threshold", threshold, "give a finite potential");
    }
    if !(reset.is_finite() && reset <= threshold) {
        return setting("reset", reset, "give a finite potential, at most the threshold");
    }
    let mut found = Vec::new();
    let mut from = trace.start();
    while let Some(t) = trace.crossing(threshold, Direction::Up, from) {
        let Some(end) = trace.crossing(reset, Direction::Down, t) else { break };
        let peak = trace.maximum_between(t, end).expect("invariant: the crossing at t is on the trace");
        found.push(Spike { t, peak: peak.value, t_peak: peak.t });
        from = end;
    }
    Ok(found)
}

/// From each spike to the next.
#[must_use]
pub fn inter_spike_intervals(spikes: &[Spike]) -> Vec<f64> {
    spikes.windows(2).map(|pair| pair[1].t - pair[0].t).collect()
}

/// A group of spikes between two silent phases.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Burst {
    /// The first spike.
    pub start: f64,
    /// The last spike.
    pub end: f64,
    /// The number of spikes.
    pub spikes: usize,
}

/// A length of silence that separates bursts: where the sorted intervals between spikes make their
/// largest leap, if it is at least twofold. `None` for spiking without bursts, or fewer than two
/// intervals.
#[must_use]
pub fn burst_gap(intervals: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = intervals.iter().copied().filter(|&i| i > 0.0).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (ratio, gap) = sorted
        .windows(2)
        .map(|pair| (pair[1] / pair[0], (pair[0] * pair[1]).sqrt()))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    (ratio >= 2.0).then_some(gap)
}

/// The complete bursts: groups of spikes less than `gap` apart, with a longer silence before and
/// after. The first and last groups of a trace are left out where the trace may have cut them.
/// Starts of consecutive bursts are one period apart.
#[must_use]
pub fn bursts(spikes: &[Spike], gap: f64) -> Vec<Burst> {
    let groups: Vec<&[Spike]> = spikes.chunk_by(|a, b| b.t - a.t < gap).collect();
    let inner = groups.len().saturating_sub(1).max(1);
    groups
        .get(1..inner)
        .unwrap_or_default()
        .iter()
        .map(|group| Burst { start: group[0].t, end: group[group.len() - 1].t, spikes: group.len() })
        .collect()
}
