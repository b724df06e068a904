//! Stimuli from the command line.

use std::path::PathBuf;

use ionic_models::{Interpolation, PulseTrain, S1S2, Stimulus, StimulusConvention};

use crate::Error;

/// The sum of everything that was asked for.
pub(super) fn read(
    texts: &[String],
    pulse_files: &[PathBuf],
    sample_files: &[PathBuf],
    convention: StimulusConvention,
) -> Result<Stimulus, Error> {
    let mut parts = Vec::new();
    for text in texts {
        parts.push(parse(text, convention)?);
    }
    for path in pulse_files {
        parts.push(Stimulus::read_pulses(path)?);
    }
    for path in sample_files {
        parts.push(Stimulus::read_sampled(path, Interpolation::Linear)?);
    }
    Ok(match parts.len() {
        0 => Stimulus::none(),
        1 => parts.remove(0),
        _ => Stimulus::sum(parts),
    })
}

fn parse(text: &str, convention: StimulusConvention) -> Result<Stimulus, Error> {
    if text == "paced" {
        let train = convention.pacing.ok_or_else(|| {
            Error::bad_option("--stim", text, "this model has no published pacing; describe the pulses")
        })?;
        return Ok(Stimulus::pulse_train(train)?);
    }
    if let Some(value) = text.strip_prefix("constant=") {
        let value = value
            .trim()
            .parse()
            .map_err(|_| Error::bad_option("--stim", text, "the value is not a number"))?;
        return Ok(Stimulus::constant(value)?);
    }
    if let Some(rest) = text.strip_prefix("s1s2:") {
        return s1s2(text, rest);
    }
    Ok(Stimulus::pulse_train(text.parse::<PulseTrain>()?)?)
}

/// A pulse train with one more key, `interval`: from the start of its last pulse to the premature one.
fn s1s2(text: &str, rest: &str) -> Result<Stimulus, Error> {
    let (mut train, mut interval) = (Vec::new(), None);
    for item in rest.split(',') {
        match item.trim().strip_prefix("interval=") {
            Some(value) => {
                let bad = || Error::bad_option("--stim", text, "interval is not a number");
                interval = Some(value.trim().parse().map_err(|_| bad())?);
            }
            None => train.push(item),
        }
    }
    let interval = interval.ok_or_else(|| {
        Error::bad_option("--stim", text, "give interval=…, the coupling of the premature pulse")
    })?;
    let s1: PulseTrain = train.join(",").parse()?;
    let s1_count =
        s1.count.ok_or_else(|| Error::bad_option("--stim", text, "give count=…, the number of S1 pulses"))?;
    Ok(Stimulus::s1s2(S1S2 {
        start: s1.start,
        s1_period: s1.period,
        s1_count,
        s2_interval: interval,
        duration: s1.duration,
        amplitude: s1.amplitude,
        s2_amplitude: None,
    })?)
}
