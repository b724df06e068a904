//! Regularity from beat to beat.

use serde::Serialize;

use super::{Spike, inter_spike_intervals};

/// How a quantity of a beat (a duration, say) behaves from beat to beat.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "pattern", rename_all = "snake_case")]
pub enum Pattern {
    /// Fewer than four beats: too few to tell.
    TooFew,
    /// The same each time, within the tolerance.
    Steady {
        /// The mean of the last four.
        mean: f64,
    },
    /// Long and short by turns: each is as the one before the last, and not as the last.
    Alternans {
        /// The mean of the larger.
        large: f64,
        /// The mean of the smaller.
        small: f64,
    },
    /// Neither.
    Irregular {
        /// The smallest of the last four.
        min: f64,
        /// The largest of the last four.
        max: f64,
    },
}

/// Looks at the last four of `values`. Two are the same if they differ by at most `tolerance` times
/// the mean magnitude.
#[must_use]
pub fn pattern(values: &[f64], tolerance: f64) -> Pattern {
    let Some(&[a, b, c, d]) = values.last_chunk::<4>() else { return Pattern::TooFew };
    let last = [a, b, c, d];
    let allowed = tolerance * last.iter().map(|v| v.abs()).sum::<f64>() / 4.0;
    let (min, max) = (
        last.iter().copied().fold(f64::INFINITY, f64::min),
        last.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    );
    if max - min <= allowed {
        return Pattern::Steady { mean: last.iter().sum::<f64>() / 4.0 };
    }
    if (a - c).abs() <= allowed && (b - d).abs() <= allowed {
        let (one, other) = (0.5 * (a + c), 0.5 * (b + d));
        return Pattern::Alternans { large: one.max(other), small: one.min(other) };
    }
    Pattern::Irregular { min, max }
}

/// How a cell spikes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "rhythm", rename_all = "snake_case")]
pub enum Rhythm {
    /// No spike.
    Silent,
    /// One spike.
    Single {
        /// When.
        t: f64,
    },
    /// Spikes at equal intervals, within the tolerance.
    Periodic {
        /// The mean interval.
        period: f64,
    },
    /// Spikes at different intervals: bursts, for instance.
    Irregular {
        /// The mean interval.
        mean: f64,
        /// The shortest interval.
        min: f64,
        /// The longest interval.
        max: f64,
    },
}

/// Looks at the intervals between spikes. They are equal if longest and shortest differ by at most
/// `tolerance` times the mean.
#[must_use]
pub fn rhythm(spikes: &[Spike], tolerance: f64) -> Rhythm {
    let intervals = inter_spike_intervals(spikes);
    match (spikes, intervals.len()) {
        ([], _) => Rhythm::Silent,
        ([one], _) => Rhythm::Single { t: one.t },
        (_, n) => {
            let mean = intervals.iter().sum::<f64>() / n as f64;
            let min = intervals.iter().copied().fold(f64::INFINITY, f64::min);
            let max = intervals.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if max - min <= tolerance * mean {
                Rhythm::Periodic { period: mean }
            } else {
                Rhythm::Irregular { mean, min, max }
            }
        }
    }
}
