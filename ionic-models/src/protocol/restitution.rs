//! Restitution: how the action potential shortens as beats come closer.

use std::fmt::{Debug, Display};

use super::pacing::{Bench, Pacing, ProtocolError, check, positive, setting, state_index};
use crate::biomarkers::{ApSettings, Pattern, Response, Rest, pattern};
use crate::{AnyCell, Pulse};

/// The dynamic protocol: regular pacing at one period after the other.
#[derive(Debug, Clone, PartialEq)]
pub struct DynamicRestitution {
    /// The periods, in the order in which the cell goes through them, each from the state that the
    /// one before leaves.
    pub periods: Vec<f64>,
    /// Beats at each period, at least 4.
    pub beats: u32,
    /// How long a pulse lasts; less than the shortest period.
    pub duration: f64,
    /// The stimulus while it lasts, in the model's unit and sign.
    pub amplitude: f64,
    /// The state that is the membrane potential: `V` in most models.
    pub voltage: String,
    /// The percentage of repolarisation at which durations are taken.
    pub percent: f64,
    /// From sample to sample, in the model's unit of time.
    pub sample_every: f64,
    /// Two durations are the same if they differ by less than this part of their mean.
    pub tolerance: f64,
}

/// What the cell does at one period.
#[derive(Debug, Clone, PartialEq)]
pub struct DynamicPoint {
    /// The period.
    pub period: f64,
    /// The responses to the last four stimuli.
    pub responses: [Response; 4],
    /// Their durations, where there are some.
    pub apds: [Option<f64>; 4],
    /// From the repolarisation of the last beat but one to the last stimulus, if there was one.
    /// It is the interval that the last duration belongs to.
    pub diastolic_interval: Option<f64>,
    /// How the four durations follow each other; `None` if one is missing (a stimulus without
    /// response, or a beat that does not repolarise in time).
    pub pattern: Option<Pattern>,
}

/// Paces a cell through the periods and measures the last four beats of each.
///
/// # Errors
/// [`ProtocolError`] if the integrator fails, or for settings that make no sense. A stimulus
/// without response is a result.
pub fn dynamic_restitution<F, E>(
    cell: &dyn AnyCell,
    protocol: &DynamicRestitution,
    mut integrate: F,
) -> Result<Vec<DynamicPoint>, ProtocolError<E>>
where
    F: FnMut(&dyn AnyCell, (f64, f64), &[f64], &[f64]) -> Result<Vec<f64>, E>,
    E: Debug + Display,
{
    if protocol.beats < 4 {
        return setting("beats", f64::from(protocol.beats), "pace at least four beats at each period");
    }
    positive("tolerance", protocol.tolerance)?;
    for &period in &protocol.periods {
        let pacing = Pacing { period, duration: protocol.duration, amplitude: protocol.amplitude };
        check(&pacing, protocol.sample_every)?;
    }
    let voltage = state_index(cell, &protocol.voltage)?;
    let measure = ApSettings { percentages: vec![protocol.percent], ..ApSettings::default() };
    let pulse = Pulse { start: 0.0, duration: protocol.duration, amplitude: protocol.amplitude };
    let mut bench = Bench::new(cell, &mut integrate);
    let mut state = cell.initial_state().to_vec();
    let mut points = Vec::with_capacity(protocol.periods.len());
    for &period in &protocol.periods {
        let mut responses = Vec::with_capacity(4);
        for beat in 1..=protocol.beats {
            let stage = || format!("beat {beat} at period {period}");
            let measured = beat + 4 > protocol.beats;
            // A beat that is not measured needs its end alone.
            let every = if measured { protocol.sample_every } else { period };
            let run = bench.run(stage, &[pulse], &state, (0.0, period), every)?;
            if measured {
                responses.push(bench.response(&run, voltage, &measure)?);
            }
            state = run.last().to_vec();
        }
        let responses: [Response; 4] =
            responses.try_into().expect("invariant: the last four beats are measured");
        let apds = responses.each_ref().map(|r| r.apd(protocol.percent));
        let repolarised = responses[2].action_potential().and_then(|ap| ap.repolarised_at(protocol.percent));
        let all: Vec<f64> = apds.iter().copied().flatten().collect();
        points.push(DynamicPoint {
            period,
            apds,
            diastolic_interval: repolarised.map(|t| period - t),
            pattern: (all.len() == 4).then(|| pattern(&all, protocol.tolerance)),
            responses,
        });
    }
    Ok(points)
}

/// The S1–S2 protocol: regular pacing, then one premature stimulus.
#[derive(Debug, Clone, PartialEq)]
pub struct S2Restitution {
    /// The regular pacing.
    pub s1: Pacing,
    /// Regular beats before the first premature stimulus, at least 1.
    pub s1_beats: u32,
    /// From the last regular stimulus to the premature one; each longer than the pulse.
    pub s2_intervals: Vec<f64>,
    /// The amplitude of the premature stimulus, in the model's unit and sign.
    pub s2_amplitude: f64,
    /// How long the response to it is watched.
    pub watch: f64,
    /// The state that is the membrane potential: `V` in most models.
    pub voltage: String,
    /// The percentage of repolarisation at which durations are taken.
    pub percent: f64,
    /// From sample to sample, in the model's unit of time.
    pub sample_every: f64,
}

/// The response to one premature stimulus.
#[derive(Debug, Clone, PartialEq)]
pub struct S2Point {
    /// From the last regular stimulus to the premature one.
    pub interval: f64,
    /// From the repolarisation of the last regular beat to the premature stimulus; negative if the
    /// stimulus comes first, `None` if the regular beat does not repolarise within its period.
    pub diastolic_interval: Option<f64>,
    /// The response. Durations refer to the resting potential of the last regular beat, so that
    /// all points are measured at the same levels below their peaks.
    pub response: Response,
}

/// Paces a cell regularly, then gives, each time from the same state, one premature stimulus after
/// each of the intervals. Returns the last regular beat and one point for each interval.
///
/// # Errors
/// [`ProtocolError`] if the integrator fails, or for settings that make no sense. A stimulus
/// without response is a result.
pub fn s2_restitution<F, E>(
    cell: &dyn AnyCell,
    protocol: &S2Restitution,
    mut integrate: F,
) -> Result<(Response, Vec<S2Point>), ProtocolError<E>>
where
    F: FnMut(&dyn AnyCell, (f64, f64), &[f64], &[f64]) -> Result<Vec<f64>, E>,
    E: Debug + Display,
{
    check(&protocol.s1, protocol.sample_every)?;
    check(&Pacing { period: protocol.watch, ..protocol.s1 }, protocol.sample_every)?;
    if protocol.s1_beats == 0 {
        return setting("s1_beats", 0.0, "pace at least one regular beat");
    }
    for &interval in &protocol.s2_intervals {
        if !(interval > protocol.s1.duration && interval.is_finite()) {
            return setting("s2_intervals", interval, "give finite intervals, longer than the pulse");
        }
    }
    let voltage = state_index(cell, &protocol.voltage)?;
    let s1 = Pulse { start: 0.0, duration: protocol.s1.duration, amplitude: protocol.s1.amplitude };
    let mut measure = ApSettings { percentages: vec![protocol.percent], ..ApSettings::default() };
    let mut bench = Bench::new(cell, &mut integrate);
    let period = protocol.s1.period;
    let mut state = cell.initial_state().to_vec();
    for beat in 1..protocol.s1_beats {
        let stage = || format!("regular beat {beat}");
        state = bench.run(stage, &[s1], &state, (0.0, period), period)?.last().to_vec();
    }
    let run =
        bench.run(|| "last regular beat".to_owned(), &[s1], &state, (0.0, period), protocol.sample_every)?;
    let regular = bench.response(&run, voltage, &measure)?;
    let repolarised = regular.action_potential().and_then(|ap| ap.repolarised_at(protocol.percent));
    measure.rest = Rest::Value(run.y[voltage]);
    let mut points = Vec::with_capacity(protocol.s2_intervals.len());
    for &interval in &protocol.s2_intervals {
        let s2 = Pulse { start: interval, amplitude: protocol.s2_amplitude, ..s1 };
        let stage = || format!("premature beat after {interval}");
        let watch = (interval, interval + protocol.watch);
        let run = bench.run(stage, &[s1, s2], &state, watch, protocol.sample_every)?;
        points.push(S2Point {
            interval,
            diastolic_interval: repolarised.map(|t| interval - t),
            response: bench.response(&run, voltage, &measure)?,
        });
    }
    Ok((regular, points))
}
