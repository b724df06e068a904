//! The pieces of a window that trajectories are computed over, and their starts.

use super::{Grid, OdeConfig, Pace, Window};
use crate::optimizer::Adam;
use crate::{Error, Normalization};

/// Observations `first` to `last` of a window, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) first: usize,
    pub(super) last: usize,
}

/// Steps and observations of a piece.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Steps between observations that are compared with, and observations between them.
    steps: usize,
    samples: usize,
}

impl Layout {
    /// The steps of a piece.
    pub(super) fn grid(&self, window: &Window, piece: Piece) -> Grid {
        let groups = (piece.last - piece.first) / self.samples;
        let dt = window.dt() * self.samples as f64 / self.steps as f64;
        Grid { t0: window.time(piece.first), dt, steps: groups * self.steps }
    }

    /// The observations that are compared with: step of the trajectory and row of the window.
    pub(super) fn samples(&self, piece: Piece) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (steps, samples) = (self.steps, self.samples);
        let groups = (piece.last - piece.first) / samples;
        (0..=groups).map(move |g| (g * steps, piece.first + g * samples))
    }

    /// How many observations are compared with, and how many steps are taken, in all pieces.
    pub(super) fn totals(&self, list: &[Piece], starts: bool) -> (usize, usize) {
        let groups: usize = list.iter().map(|p| (p.last - p.first) / self.samples).sum();
        (groups + if starts { list.len() } else { 0 }, groups * self.steps)
    }
}

/// The pieces of a phase, with their starts in normal units.
#[derive(Debug, Clone)]
pub(super) struct Pieces {
    pub(super) phase: usize,
    pub(super) list: Vec<Piece>,
    /// Whether starts are learned.
    pub(super) learned: bool,
    pub(super) starts: Vec<f32>,
    pub(super) adam: Adam,
    pub(super) gradient: Vec<f32>,
    /// Steps that the last pass took in all.
    pub(super) reached: usize,
}

impl Pieces {
    /// The pieces of a phase before its first iteration.
    pub(super) fn new(config: &OdeConfig, window: &Window, phase: usize) -> Result<Self, Error> {
        let p = &config.phases[phase];
        let each = match config.pace {
            Pace::Steps(_) => 1,
            Pace::Samples(samples) => samples as usize,
        };
        // Groups of observations that a step goes over.
        let all = (window.rows() - 1) / each;
        let groups = ((all as f64 * p.window).round() as usize).min(all);
        if groups < p.segments {
            let reason = format!("there are only {groups} steps for them; take fewer, or a longer window");
            return Err(Error::config("phases.segments", p.segments, reason));
        }
        let list: Vec<Piece> = (0..p.segments)
            .map(|k| Piece {
                first: k * groups / p.segments * each,
                last: (k + 1) * groups / p.segments * each,
            })
            .collect();
        let n = window.states();
        let mut starts = Vec::with_capacity(list.len() * n);
        for piece in &list {
            let normal = units(&config.input, n).zip(window.row(piece.first));
            starts.extend(normal.map(|((mean, scale), u)| ((u - mean) / scale) as f32));
        }
        let learned = p.learn_starts;
        let count = if learned { starts.len() } else { 0 };
        Ok(Self {
            phase,
            list,
            learned,
            adam: Adam::new(config.adam, count),
            gradient: vec![0.0; count],
            starts,
            reached: 0,
        })
    }

    pub(super) fn layout(&self, pace: Pace, halvings: u32) -> Layout {
        let (steps, samples) = match pace {
            Pace::Steps(steps) => (steps as usize, 1),
            Pace::Samples(samples) => (1, samples as usize),
        };
        Layout { steps: steps << halvings.min(20), samples }
    }

    /// Writes the start of a piece, in physical units.
    pub(super) fn start(&self, k: usize, input: &Normalization, to: &mut [f64]) {
        let n = to.len();
        for ((to, (mean, scale)), z) in to.iter_mut().zip(units(input, n)).zip(&self.starts[k * n..]) {
            *to = f64::from(*z) * scale + mean;
        }
    }

    /// All starts in physical units.
    pub(super) fn starts(&self, input: &Normalization) -> Vec<f64> {
        let n = self.starts.len() / self.list.len().max(1);
        let mut all = vec![0.0; self.starts.len()];
        for (k, to) in all.chunks_exact_mut(n).enumerate() {
            self.start(k, input, to);
        }
        all
    }

    /// The gap between the end of a piece and the next start: its share of the mean square; adds the gradients,
    /// times `weight`, by the end and by the start.
    pub(super) fn gap(
        &mut self,
        k: usize,
        input: &Normalization,
        (weight, share): (f64, f64),
        end: &[f64],
        by_end: &mut [f64],
    ) -> f64 {
        let n = end.len();
        let mut sum = 0.0;
        for (j, (mean, scale)) in units(input, n).enumerate() {
            let next = (k + 1) * n + j;
            let d = (end[j] - mean) / scale - f64::from(self.starts[next]);
            sum += d * d;
            let g = 2.0 * weight * share * d;
            by_end[j] += g / scale;
            self.gradient[next] -= g as f32;
        }
        sum * share
    }

    /// Adds the gradient by the start of a piece, in physical units.
    pub(super) fn take(&mut self, k: usize, by_start: &[f64], scales: &[f64]) {
        let own = &mut self.gradient[k * scales.len()..];
        for ((g, by), scale) in own.iter_mut().zip(by_start).zip(scales) {
            *g += (by * scale) as f32;
        }
    }

    /// Moves the starts against their gradient.
    pub(super) fn learn(&mut self, learning_rate: f64) {
        if self.learned {
            self.adam.update(&mut self.starts, &self.gradient, learning_rate);
        }
    }
}

/// Mean and scale of each state.
fn units(input: &Normalization, states: usize) -> impl Iterator<Item = (f64, f64)> {
    let pairs = input.mean().iter().zip(input.scale()).take(states);
    pairs.map(|(m, s)| (f64::from(*m), f64::from(*s)))
}
