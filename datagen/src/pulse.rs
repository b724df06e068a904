//! What a recipe can draw of a stimulus: how strong it is, and how long a pulse of it.

use ionic_models::{PulseTrain, S1S2, StimulusSpec};
/// The number that `Quantity::StimulusAmplitude` stands for, if the stimulus has one.
pub(crate) fn amplitude(stimulus: &StimulusSpec) -> Option<f64> {
    match stimulus {
        StimulusSpec::Constant(value) => Some(*value),
        StimulusSpec::PulseTrain(train) => Some(train.amplitude),
        StimulusSpec::S1S2(protocol) => Some(protocol.amplitude),
        _ => None,
    }
}

/// The number that `Quantity::StimulusDuration` stands for, if the stimulus has one.
pub(crate) fn duration(stimulus: &StimulusSpec) -> Option<f64> {
    match stimulus {
        StimulusSpec::PulseTrain(train) => Some(train.duration),
        _ => None,
    }
}

/// The stimulus with pulses of another length.
pub(crate) fn with_duration(stimulus: &StimulusSpec, duration: f64) -> StimulusSpec {
    match stimulus.clone() {
        StimulusSpec::PulseTrain(train) => StimulusSpec::PulseTrain(PulseTrain { duration, ..train }),
        other => other,
    }
}

/// The stimulus with another amplitude.
pub(crate) fn with_amplitude(stimulus: &StimulusSpec, amplitude: f64) -> StimulusSpec {
    match stimulus.clone() {
        StimulusSpec::Constant(_) => StimulusSpec::Constant(amplitude),
        StimulusSpec::PulseTrain(train) => StimulusSpec::PulseTrain(PulseTrain { amplitude, ..train }),
        StimulusSpec::S1S2(protocol) => StimulusSpec::S1S2(S1S2 { amplitude, ..protocol }),
        other => other,
    }
}
