//! Pacing until nothing changes any more.

use std::fmt::{Debug, Display};

use super::pacing::{Bench, Pacing, ProtocolError, check, positive, setting};
use crate::{AnyCell, Pulse};

/// When to stop.
#[derive(Debug, Clone, PartialEq)]
pub struct SteadyStateSettings {
    /// How much any state may still change, relative to the largest magnitude that it takes during
    /// the beat. Default: 1e-4.
    pub tolerance: f64,
    /// The largest number of beats. Default: 2000.
    pub max_beats: u32,
    /// From sample to sample of a beat, to find those magnitudes, in the model's unit of time.
    /// Default: 1.
    pub sample_every: f64,
}

impl Default for SteadyStateSettings {
    fn default() -> Self {
        Self { tolerance: 1e-4, max_beats: 2000, sample_every: 1.0 }
    }
}

/// How the pacing ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Each beat is as the one before. What is left to the limit, estimated from the rate at which
    /// changes shrink, is within the tolerance too.
    Converged,
    /// Each beat is as the one before the last, but not as the last: alternans, or a response to
    /// every other stimulus.
    Alternans {
        /// How much the two kinds of beat differ, relative as for the tolerance.
        difference: f64,
        /// The state at the start of the other kind of beat.
        other: Vec<f64>,
    },
    /// Neither, after the largest number of beats.
    NotConverged {
        /// The last change from beat to beat.
        change: f64,
        /// The estimated change that is still to come; infinite where changes do not shrink.
        remaining: f64,
    },
}

/// A paced cell.
#[derive(Debug, Clone, PartialEq)]
pub struct SteadyState {
    /// How the pacing ended.
    pub outcome: Outcome,
    /// The state at the end of the last beat, which is the start of the next.
    pub state: Vec<f64>,
    /// The number of beats.
    pub beats: u32,
    /// The largest relative change of any state from the end of one beat to the end of the next,
    /// for each beat.
    pub changes: Vec<f64>,
}

/// Paces `cell` from its initial state until the state at the end of a beat changes no more.
///
/// A small change from beat to beat is not enough: concentrations creep for hundreds of beats, a
/// little each time. The changes must be small *and* shrink so fast that their sum to come,
/// change · r / (1 − r) with the largest ratio r of the last five beats, is small too. Changes below
/// a thousandth of the tolerance count as integration error and need not shrink: integrate at least
/// that accurately.
///
/// # Errors
/// [`ProtocolError`] if the integrator fails, or for settings that make no sense. A cell that does
/// not settle is a result.
pub fn steady_state<F, E>(
    cell: &dyn AnyCell,
    pacing: &Pacing,
    settings: &SteadyStateSettings,
    mut integrate: F,
) -> Result<SteadyState, ProtocolError<E>>
where
    F: FnMut(&dyn AnyCell, (f64, f64), &[f64], &[f64]) -> Result<Vec<f64>, E>,
    E: Debug + Display,
{
    check(pacing, settings.sample_every)?;
    positive("tolerance", settings.tolerance)?;
    if settings.max_beats == 0 {
        return setting("max_beats", 0.0, "pace at least one beat");
    }
    let pulse = Pulse { start: 0.0, duration: pacing.duration, amplitude: pacing.amplitude };
    let mut bench = Bench::new(cell, &mut integrate);
    let mut state = cell.initial_state().to_vec();
    let mut previous: Option<Vec<f64>> = None;
    let (mut by_one, mut by_two) = (Changes::default(), Changes::default());
    for beat in 1..=settings.max_beats {
        let stage = || format!("beat {beat} at period {}", pacing.period);
        let run = bench.run(stage, &[pulse], &state, (0.0, pacing.period), settings.sample_every)?;
        let mut scale = vec![0.0_f64; state.len()];
        for y in run.y.chunks_exact(run.dim) {
            scale.iter_mut().zip(y).for_each(|(s, y)| *s = s.max(y.abs()));
        }
        let next = run.last().to_vec();
        by_one.push(difference(&next, &state, &scale));
        if let Some(previous) = &previous {
            by_two.push(difference(&next, previous, &scale));
        }
        let outcome = if by_one.settled(settings.tolerance) {
            Some(Outcome::Converged)
        } else if by_two.settled(settings.tolerance) && by_one.last() > 10.0 * settings.tolerance {
            Some(Outcome::Alternans { difference: by_one.last(), other: state.clone() })
        } else if beat == settings.max_beats {
            Some(Outcome::NotConverged { change: by_one.last(), remaining: by_one.remaining() })
        } else {
            None
        };
        if let Some(outcome) = outcome {
            return Ok(SteadyState { outcome, state: next, beats: beat, changes: by_one.0 });
        }
        previous = Some(std::mem::replace(&mut state, next));
    }
    unreachable!("invariant: the last beat always has an outcome")
}

/// The largest change of a state, relative to its scale.
fn difference(a: &[f64], b: &[f64], scale: &[f64]) -> f64 {
    let relative = a.iter().zip(b).zip(scale).map(|((a, b), s)| if a == b { 0.0 } else { (a - b).abs() / s });
    // Unlike `f64::max`, keeps a NaN: a state that is not a number has not settled.
    relative.fold(0.0, |worst, x| if x > worst || x.is_nan() { x } else { worst })
}

/// Changes from beat to beat.
#[derive(Default)]
struct Changes(Vec<f64>);

impl Changes {
    /// The number of changes that are looked at.
    const WINDOW: usize = 6;

    fn push(&mut self, change: f64) {
        self.0.push(change);
    }

    fn last(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::INFINITY)
    }

    /// The estimated sum of all changes to come: the rest of a geometric series with the largest
    /// recent ratio of one change to the one before. An average would let the quick end of a
    /// transient hide the slow creep behind it.
    fn remaining(&self) -> f64 {
        let Some(recent) = self.0.last_chunk::<{ Self::WINDOW }>() else { return f64::INFINITY };
        if self.last() == 0.0 {
            return 0.0;
        }
        let ratio = recent.windows(2).map(|pair| pair[1] / pair[0]).fold(0.0, f64::max);
        if ratio < 1.0 { self.last() * ratio / (1.0 - ratio) } else { f64::INFINITY }
    }

    /// Small, and the rest of the way is small. Changes a thousand times smaller than asked for are
    /// rounding and integration error: they need not shrink.
    fn settled(&self, tolerance: f64) -> bool {
        let recent = self.0.last_chunk::<{ Self::WINDOW }>();
        recent.is_some_and(|recent| {
            let noise = recent.iter().all(|&change| change <= 1e-3 * tolerance);
            noise || (self.last() <= tolerance && self.remaining() <= tolerance)
        })
    }
}
