//! What is applied to a cell from outside, as a function of time.

mod pulse;
mod sampled;
mod text;

use serde::{Deserialize, Serialize};

pub use pulse::{Pulse, PulseTrain, Pulses, S1S2};
pub use sampled::{Interpolation, Sampled};

use crate::Error;

/// The most pulses of a stimulus that a solve may meet: their edges take 160 MB.
pub const MAX_PULSES: f64 = 1e7;

/// A stimulus: what the model receives as `i_stim` at each time.
///
/// Unit and sign are the model's own ([`StimulusConvention`](crate::StimulusConvention)): −80 A/F
/// excites O'Hara–Rudy's cell, +10 µA/cm² Hodgkin and Huxley's axon.
///
/// Pulses are half-open: a pulse that starts at `t₀` and lasts `d` is on for `t₀ ≤ t < t₀ + d`. The
/// value is continuous from the right, and every edge is known to the solver as a stop
/// ([`stops`](Stimulus::stops)): no step passes over a pulse.
///
/// ```
/// use ionic_models::{PulseTrain, Stimulus};
///
/// let pacing = Stimulus::pulse_train(PulseTrain {
///     start: 10.0, period: 1000.0, duration: 0.5, amplitude: -80.0, count: None,
/// })?;
/// assert_eq!(pacing.value(10.0), -80.0);
/// assert_eq!(pacing.value(10.5), 0.0);
/// let mut stops = Vec::new();
/// pacing.stops(0.0, 1500.0, &mut stops);
/// assert_eq!(stops, [10.0, 10.5, 1010.0, 1010.5]);
/// # Ok::<(), ionic_models::Error>(())
/// ```
///
/// A stimulus is checked when it is made, also when it is read by serde: its numbers are finite and
/// its times in order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "StimulusSpec", into = "StimulusSpec")]
pub struct Stimulus(StimulusSpec);

/// The plain data of a [`Stimulus`], before it is checked: what is written to and read from files.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StimulusSpec {
    /// Nothing.
    #[default]
    None,
    /// The same at all times.
    Constant(f64),
    /// Equal pulses at equal intervals.
    PulseTrain(PulseTrain),
    /// A train of equal pulses and one premature pulse.
    S1S2(S1S2),
    /// Single pulses, for instance from a file.
    Pulses(Pulses),
    /// Samples in time.
    Sampled(Sampled),
    /// The sum of several.
    Sum(Vec<StimulusSpec>),
}

impl Stimulus {
    /// Checks the numbers.
    ///
    /// # Errors
    ///
    /// [`Error::Stimulus`] names the number that makes no sense.
    pub fn new(spec: StimulusSpec) -> Result<Self, Error> {
        spec.check()?;
        Ok(Self(spec))
    }

    /// No stimulus.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The same value at all times.
    ///
    /// # Errors
    ///
    /// If the value is not finite.
    pub fn constant(value: f64) -> Result<Self, Error> {
        Self::new(StimulusSpec::Constant(value))
    }

    /// Equal pulses at equal intervals.
    ///
    /// # Errors
    ///
    /// If a number is not finite, the period or duration not positive, or a pulse longer than the
    /// period.
    pub fn pulse_train(train: PulseTrain) -> Result<Self, Error> {
        Self::new(StimulusSpec::PulseTrain(train))
    }

    /// A train of equal pulses and one premature pulse.
    ///
    /// # Errors
    ///
    /// As for [`pulse_train`](Stimulus::pulse_train); the premature pulse must not start before the
    /// last pulse of the train has ended.
    pub fn s1s2(protocol: S1S2) -> Result<Self, Error> {
        Self::new(StimulusSpec::S1S2(protocol))
    }

    /// Single pulses in order of time.
    ///
    /// # Errors
    ///
    /// If a number is not finite, a duration not positive, or a pulse starts before the one before
    /// it has ended.
    pub fn pulses(pulses: Vec<Pulse>) -> Result<Self, Error> {
        Self::new(StimulusSpec::Pulses(Pulses(pulses)))
    }

    /// Samples in time, joined by straight lines or held until the next.
    ///
    /// # Errors
    ///
    /// If there are no samples, a number is not finite, times do not increase, or there are not as
    /// many values as times.
    pub fn sampled(times: Vec<f64>, values: Vec<f64>, interpolation: Interpolation) -> Result<Self, Error> {
        Self::new(StimulusSpec::Sampled(Sampled { times, values, interpolation }))
    }

    /// The sum of several stimuli.
    #[must_use]
    pub fn sum(parts: Vec<Stimulus>) -> Self {
        Self(StimulusSpec::Sum(parts.into_iter().map(|s| s.0).collect()))
    }

    /// The plain data.
    #[must_use]
    pub fn spec(&self) -> &StimulusSpec {
        &self.0
    }

    /// The value at time `t`, continuous from the right.
    #[inline]
    #[must_use]
    pub fn value(&self, t: f64) -> f64 {
        self.0.value(t)
    }

    /// The derivative with respect to time at `t`, from the right; edges are left out.
    #[inline]
    #[must_use]
    pub fn slope(&self, t: f64) -> f64 {
        self.0.slope(t)
    }

    /// The mean over the interval from `t0` to `t1`, exact to rounding; the value at `t0` if they are equal.
    #[must_use]
    pub fn mean(&self, t0: f64, t1: f64) -> f64 {
        if t0 == t1 {
            return self.value(t0);
        }
        let mut edges = vec![t0];
        self.stops(t0, t1, &mut edges);
        edges.push(t1);
        edges.sort_unstable_by(f64::total_cmp);
        // Straight lines between edges.
        let pieces = edges.windows(2).map(|edge| {
            let length = edge[1] - edge[0];
            length * (self.value(edge[0]) + 0.5 * length * self.slope(edge[0]))
        });
        pieces.sum::<f64>() / (t1 - t0)
    }

    /// Whether the value is constant between two stops.
    #[must_use]
    pub fn is_piecewise_constant(&self) -> bool {
        self.0.is_piecewise_constant()
    }

    /// Appends every time in the open interval `(t0, t1)` where the value or its slope jumps.
    pub fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        self.0.stops(t0, t1, out);
    }

    /// How many pulses of trains and S1–S2 protocols begin before `t`. Pulses that were given one by one count
    /// for nothing: they are in memory already.
    #[must_use]
    pub fn pulses_until(&self, t: f64) -> f64 {
        self.0.pulses_until(t)
    }

    /// Refuses more pulses before `t` than anybody wants. A solver lists every edge before it begins, so whoever
    /// takes a stimulus from outside asks this first.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyPulses`] if more than [`MAX_PULSES`] begin before `t`.
    pub fn check_pulses(&self, t: f64) -> Result<(), Error> {
        self.0.check_pulses(t)
    }
}

impl TryFrom<StimulusSpec> for Stimulus {
    type Error = Error;
    fn try_from(spec: StimulusSpec) -> Result<Self, Error> {
        Self::new(spec)
    }
}

impl From<Stimulus> for StimulusSpec {
    fn from(stimulus: Stimulus) -> Self {
        stimulus.0
    }
}

impl StimulusSpec {
    fn check(&self) -> Result<(), Error> {
        match self {
            Self::None => Ok(()),
            Self::Constant(value) => finite("the constant", *value),
            Self::PulseTrain(train) => train.check(),
            Self::S1S2(protocol) => protocol.check(),
            Self::Pulses(pulses) => pulses.check(),
            Self::Sampled(sampled) => sampled.check(),
            Self::Sum(parts) => parts.iter().try_for_each(Self::check),
        }
    }

    #[inline]
    fn value(&self, t: f64) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Constant(value) => *value,
            Self::PulseTrain(train) => train.value(t),
            Self::S1S2(protocol) => protocol.value(t),
            Self::Pulses(pulses) => pulses.value(t),
            Self::Sampled(sampled) => sampled.value(t),
            Self::Sum(parts) => parts.iter().map(|s| s.value(t)).sum(),
        }
    }

    #[inline]
    fn slope(&self, t: f64) -> f64 {
        match self {
            Self::Sampled(sampled) => sampled.slope(t),
            Self::Sum(parts) => parts.iter().map(|s| s.slope(t)).sum(),
            _ => 0.0,
        }
    }

    fn is_piecewise_constant(&self) -> bool {
        match self {
            Self::Sampled(sampled) => sampled.is_piecewise_constant(),
            Self::Sum(parts) => parts.iter().all(Self::is_piecewise_constant),
            _ => true,
        }
    }

    fn pulses_until(&self, t: f64) -> f64 {
        match self {
            Self::PulseTrain(train) => train.pulses_until(t),
            Self::S1S2(protocol) => protocol.pulses_until(t),
            Self::Sum(parts) => parts.iter().map(|part| part.pulses_until(t)).sum(),
            Self::None | Self::Constant(_) | Self::Pulses(_) | Self::Sampled(_) => 0.0,
        }
    }

    /// As [`Stimulus::check_pulses`].
    ///
    /// # Errors
    ///
    /// The same.
    pub fn check_pulses(&self, t: f64) -> Result<(), Error> {
        let pulses = self.pulses_until(t);
        if pulses > MAX_PULSES { Err(Error::TooManyPulses { pulses, until: t }) } else { Ok(()) }
    }

    fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        match self {
            Self::None | Self::Constant(_) => {}
            Self::PulseTrain(train) => train.stops(t0, t1, out),
            Self::S1S2(protocol) => protocol.stops(t0, t1, out),
            Self::Pulses(pulses) => pulses.stops(t0, t1, out),
            Self::Sampled(sampled) => sampled.stops(t0, t1, out),
            Self::Sum(parts) => parts.iter().for_each(|s| s.stops(t0, t1, out)),
        }
    }
}

/// An error unless `value` is finite.
fn finite(field: impl Into<String>, value: f64) -> Result<(), Error> {
    if value.is_finite() {
        return Ok(());
    }
    Err(Error::Stimulus { field: field.into(), value, remedy: "give a finite number" })
}

/// An error unless `value` is finite and positive.
fn positive(field: impl Into<String>, value: f64) -> Result<(), Error> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(Error::Stimulus { field: field.into(), value, remedy: "give a positive number" })
}
