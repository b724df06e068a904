//! Rectangular pulses.

use serde::{Deserialize, Serialize};

use super::{finite, positive};
use crate::Error;

/// Equal pulses at equal intervals: pulse `k` is on from `start + k·period` for `duration`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PulseTrain {
    /// When the first pulse starts.
    pub start: f64,
    /// From the start of one pulse to the start of the next.
    pub period: f64,
    /// How long a pulse lasts, at most the period.
    pub duration: f64,
    /// The value during a pulse, in the model's unit and sign.
    pub amplitude: f64,
    /// How many pulses; without end if `None`.
    #[serde(default)]
    pub count: Option<u64>,
}

impl PulseTrain {
    pub(super) fn check(&self) -> Result<(), Error> {
        finite("start", self.start)?;
        positive("period", self.period)?;
        positive("duration", self.duration)?;
        finite("amplitude", self.amplitude)?;
        if self.duration > self.period {
            return Err(Error::Stimulus {
                field: "duration".to_owned(),
                value: self.duration,
                remedy: "a pulse lasts at most one period",
            });
        }
        Ok(())
    }

    /// When pulse `k` starts: the one place where this is computed, so that values and stops agree
    /// to the last bit.
    #[inline]
    fn on(&self, k: f64) -> f64 {
        self.start + k * self.period
    }

    /// The last pulse that has started at `t`; −1 before the first.
    #[inline]
    fn last_started(&self, t: f64) -> f64 {
        let mut k = ((t - self.start) / self.period).floor();
        // The quotient may round to the other side of an edge.
        if self.on(k) > t {
            k -= 1.0;
        } else if self.on(k + 1.0) <= t {
            k += 1.0;
        }
        k.max(-1.0)
    }

    /// The number of the last pulse.
    #[inline]
    fn last(&self) -> f64 {
        match self.count {
            Some(n) => n as f64 - 1.0,
            None => f64::INFINITY,
        }
    }

    #[inline]
    pub(super) fn value(&self, t: f64) -> f64 {
        let k = self.last_started(t);
        if k >= 0.0 && k <= self.last() && t < self.on(k) + self.duration { self.amplitude } else { 0.0 }
    }

    pub(super) fn pulses_until(&self, t: f64) -> f64 {
        let begun = ((t - self.start) / self.period).max(0.0).ceil();
        self.count.map_or(begun, |n| begun.min(n as f64))
    }

    pub(super) fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        if !t1.is_finite() {
            return; // nobody integrates that far, and the list would not end
        }
        let mut k = self.last_started(t0).max(0.0);
        while k <= self.last() && self.on(k) < t1 {
            let on = self.on(k);
            let off = on + self.duration;
            out.extend([on, off].into_iter().filter(|&t| t0 < t && t < t1));
            if self.on(k + 1.0) == on {
                // Times so late that the period is below their rounding: pulses cannot be told apart.
                break;
            }
            k += 1.0;
        }
    }
}

/// The S1–S2 protocol: `s1_count` equal pulses at intervals of `s1_period`, then one pulse that
/// starts `s2_interval` after the start of the last of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S1S2 {
    /// When the first pulse starts.
    pub start: f64,
    /// From the start of one S1 pulse to the start of the next.
    pub s1_period: f64,
    /// How many S1 pulses, at least one.
    pub s1_count: u64,
    /// From the start of the last S1 pulse to the start of the S2 pulse.
    pub s2_interval: f64,
    /// How long each pulse lasts.
    pub duration: f64,
    /// The value during an S1 pulse, in the model's unit and sign.
    pub amplitude: f64,
    /// The value during the S2 pulse; as the others if `None`.
    #[serde(default)]
    pub s2_amplitude: Option<f64>,
}

impl S1S2 {
    fn s1(&self) -> PulseTrain {
        PulseTrain {
            start: self.start,
            period: self.s1_period,
            duration: self.duration,
            amplitude: self.amplitude,
            count: Some(self.s1_count),
        }
    }

    pub(super) fn pulses_until(&self, t: f64) -> f64 {
        self.s1().pulses_until(t) + f64::from(self.s2().start < t)
    }

    fn s2(&self) -> Pulse {
        Pulse {
            start: self.s1().on(self.s1_count as f64 - 1.0) + self.s2_interval,
            duration: self.duration,
            amplitude: self.s2_amplitude.unwrap_or(self.amplitude),
        }
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        self.s1().check()?;
        if self.s1_count == 0 {
            return Err(Error::Stimulus {
                field: "s1_count".to_owned(),
                value: 0.0,
                remedy: "give at least one S1 pulse",
            });
        }
        positive("s2_interval", self.s2_interval)?;
        if self.s2_interval < self.duration {
            return Err(Error::Stimulus {
                field: "s2_interval".to_owned(),
                value: self.s2_interval,
                remedy: "the S2 pulse starts after the last S1 pulse has ended: give at least the duration",
            });
        }
        finite("s2_amplitude", self.s2_amplitude.unwrap_or(0.0))
    }

    #[inline]
    pub(super) fn value(&self, t: f64) -> f64 {
        let s2 = self.s2();
        if t < s2.start { self.s1().value(t) } else { s2.value(t) }
    }

    pub(super) fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        self.s1().stops(t0, t1, out);
        self.s2().stops(t0, t1, out);
    }
}

/// One rectangular pulse.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pulse {
    /// When it starts.
    pub start: f64,
    /// How long it lasts.
    pub duration: f64,
    /// Its value, in the model's unit and sign.
    pub amplitude: f64,
}

impl Pulse {
    #[inline]
    fn end(&self) -> f64 {
        self.start + self.duration
    }

    #[inline]
    fn value(&self, t: f64) -> f64 {
        if self.start <= t && t < self.end() { self.amplitude } else { 0.0 }
    }

    fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        out.extend([self.start, self.end()].into_iter().filter(|&t| t0 < t && t < t1));
    }
}

/// Single pulses in order of time, none starting before the one before it has ended.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pulses(pub Vec<Pulse>);

impl Pulses {
    pub(super) fn check(&self) -> Result<(), Error> {
        let mut free = f64::NEG_INFINITY;
        for (i, pulse) in self.0.iter().enumerate() {
            finite(format!("start of pulse {}", i + 1), pulse.start)?;
            positive(format!("duration of pulse {}", i + 1), pulse.duration)?;
            finite(format!("amplitude of pulse {}", i + 1), pulse.amplitude)?;
            if pulse.start < free {
                return Err(Error::Stimulus {
                    field: format!("start of pulse {}", i + 1),
                    value: pulse.start,
                    remedy: "give pulses in order of time, each after the end of the one before",
                });
            }
            free = pulse.end();
        }
        Ok(())
    }

    #[inline]
    pub(super) fn value(&self, t: f64) -> f64 {
        match self.0.partition_point(|p| p.start <= t) {
            0 => 0.0,
            k => self.0[k - 1].value(t),
        }
    }

    pub(super) fn stops(&self, t0: f64, t1: f64, out: &mut Vec<f64>) {
        self.0.iter().for_each(|p| p.stops(t0, t1, out));
    }
}
