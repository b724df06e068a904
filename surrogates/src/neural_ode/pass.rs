//! One pass over all pieces of a window: losses, and their gradient.

use super::pieces::{Layout, Piece, Pieces};
use super::residual::{AtObservations, Physics};
use super::trainer::OdeLosses;
use super::{Divergence, LossGradient, OdeConfig, OnDivergence, Unroll, Window};
use crate::Error;

/// What computes losses and gradients, with its memory.
pub(super) struct Engine {
    pub(super) unroll: Unroll,
    pub(super) physics: Option<Physics>,
    pub(super) observed: Option<AtObservations>,
    pub(super) by_state: Vec<f64>,
    pub(super) by_slope: Vec<f64>,
    pub(super) by_start: Vec<f64>,
    pub(super) gradient: Vec<f32>,
    /// Scales of the states.
    pub(super) scales: Vec<f64>,
}

/// What one pass over all pieces gave.
pub(super) struct Pass {
    pub(super) losses: OdeLosses,
    pub(super) diverged: Option<Divergence>,
}

impl Engine {
    /// Losses and their gradient over all pieces, at most `limit` steps of each, their step halved so many
    /// times. Where a trajectory diverges, what came before counts if the loss is to be masked, else the pass
    /// ends there.
    pub(super) fn pass(
        &mut self,
        parameters: &[f32],
        (config, window, pieces): (&OdeConfig, &Window, &mut Pieces),
        (halvings, limit): (u32, usize),
        weight: f64,
    ) -> Result<Pass, Error> {
        let n = self.scales.len();
        let mask = config.divergence == OnDivergence::MaskLoss;
        let layout = pieces.layout(config.pace, halvings);
        let (compared, steps) = layout.totals(&pieces.list, pieces.learned);
        let continuity = config.phases[pieces.phase].continuity;
        let gaps = pieces.list.len().saturating_sub(1);
        let mut pass = Pass { losses: OdeLosses::default(), diverged: None };
        self.gradient.fill(0.0);
        pieces.gradient.fill(0.0);
        pieces.reached = 0;
        self.unroll.load(parameters)?;
        for k in 0..pieces.list.len() {
            let piece = pieces.list[k];
            let grid = layout.grid(window, piece);
            pieces.start(k, &config.input, &mut self.by_start);
            if let Err(divergence) = self.unroll.forward(&grid, &self.by_start) {
                pass.diverged.get_or_insert(divergence);
                if !mask {
                    return Ok(pass);
                }
            }
            self.unroll.shorten(limit);
            let reached = self.unroll.grid().steps;
            pieces.reached += reached;
            self.by_state.clear();
            self.by_state.resize((reached + 1) * n, 0.0);
            self.by_slope.clear();
            // The term needs the slope at the beginning of every step, of which masking may have left none.
            if let Some(physics) = &mut self.physics {
                self.by_slope.resize(reached * n, 0.0);
                let share = weight / steps as f64;
                let times = (0..reached).map(|step| grid.time(step));
                let numbers = (self.unroll.states(), self.unroll.slopes());
                let gradients = (&mut self.by_state[..], &mut self.by_slope[..]);
                pass.losses.physics += physics.along(times, numbers, share, gradients) / steps as f64;
            }
            pass.losses.data += self.compare(window, piece, &layout, (compared, pieces.learned), reached);
            if reached == grid.steps && k < gaps && pieces.learned {
                let weights = (continuity, 1.0 / (gaps * n) as f64);
                let end = &self.unroll.states()[reached * n..];
                let by_end = &mut self.by_state[reached * n..];
                pass.losses.continuity += pieces.gap(k, &config.input, weights, end, by_end);
            }
            let loss = LossGradient { by_state: &self.by_state, by_slope: &self.by_slope };
            self.unroll.sweep_back(config.adjoint, loss, &mut self.by_start)?;
            if pieces.learned {
                pieces.take(k, &self.by_start, &self.scales);
            }
        }
        self.unroll.gradient(&mut self.gradient)?;
        if let Some(observed) = &mut self.observed {
            let rows = window.rows() as f64;
            pass.losses.physics = observed.learn(parameters, weight / rows, &mut self.gradient) / rows;
        }
        let l = &mut pass.losses;
        l.total = l.data + weight * l.physics + continuity * l.continuity;
        Ok(pass)
    }

    /// The data term of a piece: its share of the mean over all observations that are compared with.
    fn compare(
        &mut self,
        window: &Window,
        piece: Piece,
        layout: &Layout,
        (compared, learned): (usize, bool),
        reached: usize,
    ) -> f64 {
        let n = self.scales.len();
        let share = 1.0 / (compared * n) as f64;
        let mut sum = 0.0;
        let first = usize::from(!learned);
        for (step, row) in layout.samples(piece).skip(first).take_while(|(step, _)| *step <= reached) {
            let states = &self.unroll.states()[step * n..][..n];
            let by_state = &mut self.by_state[step * n..][..n];
            for (j, (u, target)) in states.iter().zip(window.row(row)).enumerate() {
                let d = (u - target) / self.scales[j];
                sum += d * d;
                by_state[j] += 2.0 * share * d / self.scales[j];
            }
        }
        sum * share
    }
}
