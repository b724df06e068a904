//! Calcium transients.

use serde::Serialize;

use super::action_potential::check_percentages;
use super::{BiomarkerError, Direction, Trace};

/// What to measure of a transient.
#[derive(Debug, Clone, PartialEq)]
pub struct CalciumSettings {
    /// A rise that is not larger than this is no transient, in the unit of the trace. Default: 0.
    pub min_amplitude: f64,
    /// The percentages of decay, each between 0 and 100. Default: 50, 80, 90.
    pub percentages: Vec<f64>,
}

impl Default for CalciumSettings {
    fn default() -> Self {
        Self { min_amplitude: 0.0, percentages: vec![50.0, 80.0, 90.0] }
    }
}

/// What the calcium of a cell makes of a stimulus.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum CalciumResponse {
    /// The concentration does not rise, or not enough.
    NoTransient {
        /// The concentration at the start.
        rest: f64,
        /// The highest concentration.
        peak: f64,
    },
    /// A transient.
    Transient(CalciumTransient),
}

impl CalciumResponse {
    /// The transient, if there is one.
    #[must_use]
    pub fn transient(&self) -> Option<&CalciumTransient> {
        match self {
            CalciumResponse::Transient(transient) => Some(transient),
            CalciumResponse::NoTransient { .. } => None,
        }
    }
}

/// A calcium transient. Concentrations are in the unit of the trace, times in its unit of time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CalciumTransient {
    /// The concentration at the first instant of the beat.
    pub rest: f64,
    /// The highest concentration.
    pub peak: f64,
    /// From the start of the beat to the peak.
    pub time_to_peak: f64,
    /// peak − rest.
    pub amplitude: f64,
    /// The concentration at the end of the trace.
    pub end: f64,
    /// Decay times, in the order of the percentages asked for.
    pub decays: Vec<Decay>,
}

/// How long a transient takes to decay by one percentage.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Decay {
    /// The percentage X.
    pub percent: f64,
    /// From the peak to the first crossing of peak − X % · (peak − rest); `None` if it is not
    /// reached within the trace.
    pub time: Option<f64>,
}

/// Measures the transient of one beat: a trace of the concentration that begins with the stimulus
/// and ends before the next.
///
/// # Errors
/// [`BiomarkerError::Setting`] for an amplitude that is negative or not finite, or a percentage
/// that is not between 0 and 100.
pub fn calcium_transient(
    beat: &Trace<'_>,
    settings: &CalciumSettings,
) -> Result<CalciumResponse, BiomarkerError> {
    if !(settings.min_amplitude >= 0.0 && settings.min_amplitude.is_finite()) {
        return Err(BiomarkerError::Setting {
            name: "min_amplitude",
            value: settings.min_amplitude,
            rule: "give a finite concentration from 0 on",
        });
    }
    check_percentages(&settings.percentages)?;
    let (rest, start) = (beat.first_value(), beat.start());
    let top = beat.maximum(start).filter(|top| top.value - rest > settings.min_amplitude);
    let Some(top) = top else {
        let peak = beat.maximum(start).map_or(rest, |top| top.value);
        return Ok(CalciumResponse::NoTransient { rest, peak });
    };
    let amplitude = top.value - rest;
    let decays = settings
        .percentages
        .iter()
        .map(|&percent| {
            let level = top.value - percent / 100.0 * amplitude;
            Decay { percent, time: beat.crossing(level, Direction::Down, top.t).map(|t| t - top.t) }
        })
        .collect();
    Ok(CalciumResponse::Transient(CalciumTransient {
        rest,
        peak: top.value,
        time_to_peak: top.t - start,
        amplitude,
        end: beat.last_value(),
        decays,
    }))
}
