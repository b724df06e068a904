//! Through a trajectory step by step, and back: discretise, then optimise.
//!
//! A step is Yᵢ = y + h Σⱼ aᵢⱼ kⱼ, kᵢ = f(t + cᵢ h, Yᵢ), y₁ = y + h Σ bᵢ kᵢ. With λ the gradient by y₁ and sᵢ
//! that by Yᵢ, its reverse is, from the last stage to the first, sᵢ = ∂fᵀ(h bᵢ λ + h Σ_{j>i} aⱼᵢ sⱼ), and the
//! gradient by y is λ + Σ sᵢ.

use core::ops::Range;

use super::field::Pullback;
use super::method::Stages;

/// A trajectory's times: `steps` steps of length `dt` from `t0` on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// The time of the first state.
    pub t0: f64,
    /// The length of a step; above 0.
    pub dt: f64,
    /// How many steps there are.
    pub steps: usize,
}

impl Grid {
    /// The time after so many steps.
    pub fn time(&self, step: usize) -> f64 {
        self.t0 + self.dt * step as f64
    }
}

/// Where a trajectory left the numbers that can be worked with.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("step {step} (to t = {time}): state {state} is {value}")]
pub struct Divergence {
    /// The step, counted from 1: the states before it are good.
    pub step: usize,
    /// The time at its end.
    pub time: f64,
    /// The state.
    pub state: usize,
    /// Its value.
    pub value: f64,
}

/// States at every time of a grid, and the slopes at the beginning of every step.
#[derive(Debug, Clone, Default)]
pub(super) struct Track {
    pub(super) y: Vec<f64>,
    pub(super) slopes: Vec<f64>,
}

/// What a step works with: stage slopes or stage gradients, and one state.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) k: Vec<f64>,
    pub(super) stage: Vec<f64>,
    pub(super) g: Vec<f64>,
}

impl Work {
    pub(super) fn new(stages: usize, n: usize) -> Self {
        Self { k: vec![0.0; stages * n], stage: vec![0.0; n], g: vec![0.0; n] }
    }
}

/// `y += h Σ weights·k`
#[inline]
pub(super) fn add_slopes(y: &mut [f64], h: f64, weights: &[f64], k: &[f64]) {
    for (a, k) in weights.iter().zip(k.chunks_exact(y.len())) {
        if *a != 0.0 {
            for (y, k) in y.iter_mut().zip(k) {
                *y += h * a * k;
            }
        }
    }
}

/// `to = y + h Σ weights·k`
#[inline]
pub(super) fn stage_state(y: &[f64], h: f64, weights: &[f64], k: &[f64], to: &mut [f64]) {
    to.copy_from_slice(y);
    add_slopes(to, h, weights, k);
}

/// Takes the steps `range` of a grid. The track holds the state at the range's start, and receives the rest.
/// With `keep`, stage i of step s stays in slot `(s − range.start)·stages + i`.
pub(super) fn march<E>(
    field: &mut dyn Pullback<E>,
    stages: &Stages,
    (grid, range): (&Grid, Range<usize>),
    bounds: &[(f64, f64)],
    track: &mut Track,
    work: &mut Work,
    keep: bool,
) -> Result<(), Divergence> {
    let (n, count) = (bounds.len(), stages.len());
    for step in range.clone() {
        let t = grid.time(step);
        let (y, y1) = track.y[step * n..][..2 * n].split_at_mut(n);
        for i in 0..count {
            stage_state(y, grid.dt, stages.a[i], &work.k, &mut work.stage);
            let slot = if keep { (step - range.start) * count + i } else { i };
            let at = t + stages.c[i] * grid.dt;
            field.value(slot, at, &work.stage, &mut work.k[i * n..][..n]);
        }
        stage_state(y, grid.dt, stages.b, &work.k, y1);
        track.slopes[step * n..][..n].copy_from_slice(&work.k[..n]);
        for (state, (value, (low, high))) in y1.iter().zip(bounds).enumerate() {
            // NaN lies in no interval.
            if !(low..=high).contains(&value) {
                return Err(Divergence { step: step + 1, time: grid.time(step + 1), state, value: *value });
            }
        }
    }
    Ok(())
}

/// Gradients of a loss by the states of a grid, and by the slopes at its steps' beginnings (none where the list
/// is empty).
#[derive(Debug, Clone, Copy)]
pub(super) struct Seeds<'a> {
    pub(super) by_state: &'a [f64],
    pub(super) by_slope: &'a [f64],
}

/// The reverse of [`march`] over the same range, whose stages are in their slots. `lambda` holds the gradient by
/// the state at the range's end, and receives that by the state at its start, seeds of the start included.
pub(super) fn reverse<E>(
    field: &mut dyn Pullback<E>,
    stages: &Stages,
    (grid, range): (&Grid, Range<usize>),
    seeds: Seeds<'_>,
    lambda: &mut [f64],
    work: &mut Work,
) {
    let (n, count, h) = (lambda.len(), stages.len(), grid.dt);
    for step in range.clone().rev() {
        for i in (0..count).rev() {
            let g = &mut work.g;
            for (g, l) in g.iter_mut().zip(&*lambda) {
                *g = h * stages.b[i] * l;
            }
            for j in i + 1..count {
                let a = stages.a[j][i];
                if a != 0.0 {
                    for (g, s) in g.iter_mut().zip(&work.k[j * n..]) {
                        *g += h * a * s;
                    }
                }
            }
            if i == 0 && !seeds.by_slope.is_empty() {
                for (g, seed) in g.iter_mut().zip(&seeds.by_slope[step * n..]) {
                    *g += seed;
                }
            }
            field.pull((step - range.start) * count + i, &work.g, &mut work.k[i * n..][..n], true);
        }
        for s in work.k.chunks_exact(n) {
            for (l, s) in lambda.iter_mut().zip(s) {
                *l += s;
            }
        }
        for (l, seed) in lambda.iter_mut().zip(&seeds.by_state[step * n..]) {
            *l += seed;
        }
    }
    field.flush();
}
