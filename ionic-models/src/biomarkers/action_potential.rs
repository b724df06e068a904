//! Action potentials: rest, upstroke, peak, duration.

use serde::Serialize;

use super::{BiomarkerError, Direction, Trace};

/// Where the resting potential of a beat is read.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Rest {
    /// At the first instant of the trace: the stimulus.
    #[default]
    AtStimulus,
    /// This potential: for a premature beat, that of the regular beat before it.
    Value(f64),
}

/// What to measure of a beat.
#[derive(Debug, Clone, PartialEq)]
pub struct ApSettings {
    /// The potential that an action potential crosses upwards, mV. Default: 0.
    pub threshold: f64,
    /// Where the resting potential is read. Default: at the stimulus.
    pub rest: Rest,
    /// The percentages of repolarisation, each between 0 and 100. Default: 30, 50, 90.
    pub percentages: Vec<f64>,
}

impl Default for ApSettings {
    fn default() -> Self {
        Self { threshold: 0.0, rest: Rest::AtStimulus, percentages: vec![30.0, 50.0, 90.0] }
    }
}

/// What a cell makes of a stimulus.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Response {
    /// The potential never crosses the threshold.
    NoDepolarisation {
        /// Resting potential, mV.
        rest: f64,
        /// The highest potential reached, mV.
        peak: f64,
        /// When, from the start of the beat.
        time_to_peak: f64,
    },
    /// The beat begins above the threshold: the one before has not repolarised.
    StillDepolarised {
        /// The potential at the start, mV.
        start: f64,
    },
    /// An action potential.
    ActionPotential(ActionPotential),
}

impl Response {
    /// The action potential, if there is one.
    #[must_use]
    pub fn action_potential(&self) -> Option<&ActionPotential> {
        match self {
            Response::ActionPotential(ap) => Some(ap),
            _ => None,
        }
    }

    /// The duration at this percentage, if there is an action potential that repolarises so far
    /// and the percentage was asked for.
    #[must_use]
    pub fn apd(&self, percent: f64) -> Option<f64> {
        self.action_potential()?.apd(percent)
    }
}

/// An action potential. Times are counted from the start of the beat, in the trace's unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActionPotential {
    /// Resting potential, mV.
    pub rest: f64,
    /// The highest potential, mV.
    pub peak: f64,
    /// When it is reached.
    pub time_to_peak: f64,
    /// The potential at the end of the trace, mV.
    pub end: f64,
    /// The steepest rise, mV per unit of time ([`Trace::steepest_rise`]). It includes what the
    /// stimulus itself contributes.
    pub dvdt_max: f64,
    /// When the potential first crosses the threshold upwards: where durations begin.
    pub upstroke: f64,
    /// Durations, in the order of the percentages asked for.
    pub durations: Vec<Duration>,
}

/// How long an action potential lasts at one percentage of repolarisation.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Duration {
    /// The percentage X.
    pub percent: f64,
    /// The potential to fall to, mV: peak − X % · (peak − rest).
    pub level: f64,
    /// Whether and when the potential falls to it.
    pub repolarisation: Repolarisation,
}

/// Whether and when a beat repolarises.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Repolarisation {
    /// The potential crosses the level downwards for the first time after the peak.
    Repolarised {
        /// When, from the start of the beat.
        t: f64,
        /// The duration: from the upstroke to then.
        apd: f64,
    },
    /// It does not within the trace.
    NotRepolarised {
        /// The lowest potential after the peak, mV.
        lowest: f64,
    },
}

impl ActionPotential {
    /// The duration at this percentage, if it was asked for and reached.
    #[must_use]
    pub fn apd(&self, percent: f64) -> Option<f64> {
        match self.duration(percent)?.repolarisation {
            Repolarisation::Repolarised { apd, .. } => Some(apd),
            Repolarisation::NotRepolarised { .. } => None,
        }
    }

    /// When the potential has fallen by this percentage, from the start of the beat, if it was
    /// asked for and reached.
    #[must_use]
    pub fn repolarised_at(&self, percent: f64) -> Option<f64> {
        match self.duration(percent)?.repolarisation {
            Repolarisation::Repolarised { t, .. } => Some(t),
            Repolarisation::NotRepolarised { .. } => None,
        }
    }

    fn duration(&self, percent: f64) -> Option<&Duration> {
        self.durations.iter().find(|d| d.percent == percent)
    }
}

/// Measures one beat: a trace of the membrane potential that begins with the stimulus and ends
/// before the next.
///
/// * Rest: the potential at the first instant, or as [`ApSettings::rest`] says.
/// * Upstroke: the first upward crossing of the threshold.
/// * Peak: the highest point after the upstroke.
/// * APD at X %: from the upstroke to the first downward crossing of peak − X % · (peak − rest)
///   after the peak.
///
/// # Errors
/// [`BiomarkerError::Setting`] for a threshold that is not finite or a percentage that is not
/// between 0 and 100.
pub fn action_potential(beat: &Trace<'_>, settings: &ApSettings) -> Result<Response, BiomarkerError> {
    let setting = |name, value, rule| Err(BiomarkerError::Setting { name, value, rule });
    if !settings.threshold.is_finite() {
        return setting("threshold", settings.threshold, "give a finite potential");
    }
    check_percentages(&settings.percentages)?;
    let rest = match settings.rest {
        Rest::AtStimulus => beat.first_value(),
        Rest::Value(value) if value.is_finite() => value,
        Rest::Value(value) => return setting("rest", value, "give a finite potential"),
    };
    let start = beat.start();
    if beat.first_value() >= settings.threshold {
        return Ok(Response::StillDepolarised { start: beat.first_value() });
    }
    let upstroke = beat.crossing(settings.threshold, Direction::Up, start);
    let highest = beat.maximum(upstroke.unwrap_or(start));
    let (Some(upstroke), Some(peak)) = (upstroke, highest) else {
        let (peak, time_to_peak) = highest.map_or((rest, 0.0), |p| (p.value, p.t - start));
        return Ok(Response::NoDepolarisation { rest, peak, time_to_peak });
    };
    let durations = settings
        .percentages
        .iter()
        .map(|&percent| {
            let level = peak.value - percent / 100.0 * (peak.value - rest);
            let repolarisation = match beat.crossing(level, Direction::Down, peak.t) {
                Some(t) => Repolarisation::Repolarised { t: t - start, apd: t - upstroke },
                None => Repolarisation::NotRepolarised {
                    lowest: beat.minimum(peak.t).map_or(peak.value, |low| low.value),
                },
            };
            Duration { percent, level, repolarisation }
        })
        .collect();
    Ok(Response::ActionPotential(ActionPotential {
        rest,
        peak: peak.value,
        time_to_peak: peak.t - start,
        end: beat.last_value(),
        dvdt_max: beat.steepest_rise().value,
        upstroke: upstroke - start,
        durations,
    }))
}

pub(super) fn check_percentages(percentages: &[f64]) -> Result<(), BiomarkerError> {
    match percentages.iter().find(|&&p| !(p > 0.0 && p < 100.0)) {
        None => Ok(()),
        Some(&value) => Err(BiomarkerError::Setting {
            name: "percentage",
            value,
            rule: "give a percentage between 0 and 100, both excluded",
        }),
    }
}
