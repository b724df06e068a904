//! One beat after the other.

use std::fmt::{Debug, Display};

use crate::biomarkers::{ApSettings, BiomarkerError, Response, Trace, action_potential};
use crate::names::near_misses;
use crate::registry::Entry;
use crate::{AnyCell, Error, Pulse, Stimulus};

/// Regular pacing: one rectangular pulse at the start of each period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pacing {
    /// From pulse to pulse, in the model's unit of time.
    pub period: f64,
    /// How long a pulse lasts; less than the period.
    pub duration: f64,
    /// The stimulus while it lasts, in the model's unit and sign.
    pub amplitude: f64,
}

impl Pacing {
    /// As the model's publication paces it, if it does.
    #[must_use]
    pub fn published(entry: &Entry) -> Option<Self> {
        let train = entry.stimulus.pacing?;
        Some(Self { period: train.period, duration: train.duration, amplitude: train.amplitude })
    }
}

/// Why a protocol could not be carried out. `E` is the integrator's own error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError<E: Debug + Display> {
    /// The integrator failed.
    #[error("{stage}: {error}")]
    Integration {
        /// The beat.
        stage: String,
        /// What the integrator says.
        error: E,
    },
    /// The integrator gave another number of values than asked for.
    #[error(
        "{stage}: the integrator gave {found} numbers, {expected} were asked for: one state for each time"
    )]
    WrongLength {
        /// The beat.
        stage: String,
        /// Times × states.
        expected: usize,
        /// As many as came.
        found: usize,
    },
    /// A setting that makes no sense.
    #[error("{name} is {value}: {rule}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must satisfy.
        rule: &'static str,
    },
    /// The model refuses a stimulus or has no state of that name.
    #[error(transparent)]
    Model(#[from] Error),
    /// A beat that cannot be measured: a state that is not finite, or settings out of range.
    #[error(transparent)]
    Biomarker(#[from] BiomarkerError),
}

/// A copy of the cell, under pulses that the protocol chooses, and the integrator.
pub(super) struct Bench<'a, F> {
    cell: Box<dyn AnyCell>,
    integrate: &'a mut F,
    dim: usize,
}

/// The states of a run at the times asked for.
pub(super) struct Run {
    pub(super) t: Vec<f64>,
    pub(super) y: Vec<f64>,
    pub(super) dim: usize,
    edges: Vec<f64>,
}

impl<'a, F, E> Bench<'a, F>
where
    F: FnMut(&dyn AnyCell, (f64, f64), &[f64], &[f64]) -> Result<Vec<f64>, E>,
    E: Debug + Display,
{
    pub(super) fn new(cell: &dyn AnyCell, integrate: &'a mut F) -> Self {
        Self { cell: cell.boxed_clone(), integrate, dim: cell.initial_state().len() }
    }

    /// Integrates from 0 to `end` under these pulses, sampled every `every` from `from` on, at the
    /// edges of the pulses and at the end.
    pub(super) fn run(
        &mut self,
        stage: impl Fn() -> String,
        pulses: &[Pulse],
        y0: &[f64],
        (from, end): (f64, f64),
        every: f64,
    ) -> Result<Run, ProtocolError<E>> {
        self.cell.set_stimulus(Stimulus::pulses(pulses.to_vec())?);
        let mut edges: Vec<f64> = pulses.iter().flat_map(|p| [p.start, p.start + p.duration]).collect();
        edges.retain(|&t| from < t && t < end);
        let samples = ((end - from) / every).ceil();
        let mut t: Vec<f64> =
            (0..samples as usize).map(|k| from + k as f64 * every).filter(|&t| t < end).collect();
        t.push(end);
        // Twice: once for the derivative before the edge, once for the one after.
        t.retain(|t| !edges.contains(t));
        t.extend(edges.iter().flat_map(|&e| [e, e]));
        t.sort_unstable_by(f64::total_cmp);
        let y = (self.integrate)(&*self.cell, (0.0, end), y0, &t)
            .map_err(|error| ProtocolError::Integration { stage: stage(), error })?;
        if y.len() != t.len() * self.dim {
            return Err(ProtocolError::WrongLength {
                stage: stage(),
                expected: t.len() * self.dim,
                found: y.len(),
            });
        }
        Ok(Run { t, y, dim: self.dim, edges })
    }

    /// The response of state `index` in a run, as a curve with the cell's exact derivatives.
    pub(super) fn response(
        &self,
        run: &Run,
        index: usize,
        settings: &ApSettings,
    ) -> Result<Response, ProtocolError<E>> {
        let mut dy = vec![0.0; self.dim];
        let (mut v, mut dvdt) = (Vec::with_capacity(run.t.len()), Vec::with_capacity(run.t.len()));
        for (k, (&t, y)) in run.t.iter().zip(run.y.chunks_exact(self.dim)).enumerate() {
            let before_edge = run.edges.contains(&t) && run.t.get(k + 1) == Some(&t);
            self.cell.rhs(if before_edge { t.next_down() } else { t }, y, &mut dy);
            v.push(y[index]);
            dvdt.push(dy[index]);
        }
        // The integrator may give the two samples of an edge with different rounding.
        for k in 1..v.len() {
            if run.t[k] == run.t[k - 1] {
                v[k] = v[k - 1];
            }
        }
        Ok(action_potential(&Trace::with_derivative(&run.t, &v, &dvdt)?, settings)?)
    }
}

impl Run {
    /// The state at the end.
    pub(super) fn last(&self) -> &[f64] {
        &self.y[self.y.len() - self.dim..]
    }
}

/// The largest number of samples of one run: more is a mistake in the settings.
const MAX_SAMPLES: f64 = 1e7;

/// Checks a pacing and its sampling.
pub(super) fn check<E: Debug + Display>(pacing: &Pacing, every: f64) -> Result<(), ProtocolError<E>> {
    positive("period", pacing.period)?;
    positive("duration", pacing.duration)?;
    positive("sample_every", every)?;
    if pacing.duration >= pacing.period {
        return setting("duration", pacing.duration, "a pulse must end before the next begins");
    }
    if pacing.period / every > MAX_SAMPLES {
        return setting("sample_every", every, "take at most ten million samples of a period");
    }
    Ok(())
}

pub(super) fn positive<E: Debug + Display>(name: &'static str, value: f64) -> Result<(), ProtocolError<E>> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    setting(name, value, "give a positive, finite number")
}

pub(super) fn setting<T, E: Debug + Display>(
    name: &'static str,
    value: f64,
    rule: &'static str,
) -> Result<T, ProtocolError<E>> {
    Err(ProtocolError::Setting { name, value, rule })
}

/// The index of a state by name.
pub(super) fn state_index(cell: &dyn AnyCell, name: &str) -> Result<usize, Error> {
    let states = cell.state_table();
    let unknown = || Error::UnknownName {
        model: cell.id(),
        kind: "state",
        name: name.to_owned(),
        near: near_misses(name, states.iter().map(|v| v.name)),
    };
    states.iter().position(|v| v.is_called(name)).ok_or_else(unknown)
}
