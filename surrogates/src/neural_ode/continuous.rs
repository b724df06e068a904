//! Gradients from the adjoint equation: optimise, then discretise.
//!
//! Between the times of a loss a' = −(∂f/∂y)ᵀ a, where a is the gradient by the state, and the gradient by
//! parameters is ∫ aᵀ ∂f/∂θ dt (Pontryagin; Chen et al. 2018, arXiv:1806.07366, appendix B). At a grid time the
//! loss's own gradient is added to a. The three methods differ in where the state comes from and in how the
//! integral is taken; none is the gradient of the discrete trajectory, and all tend to it as steps shrink.

use ode_solvers::hermite;

use super::field::Pullback;
use super::method::Stages;
use super::sweep::{Grid, Seeds, Track, Work, add_slopes, stage_state};

/// Evaluations that may wait for their outer products.
const RING: usize = 64;

/// Nodes and weights of Gauss and Legendre's rule with three nodes on (0, 1): exact to degree 5.
const NODES: [(f64, f64); 3] =
    [(0.112_701_665_379_258_3, 5.0 / 18.0), (0.5, 8.0 / 18.0), (0.887_298_334_620_741_7, 5.0 / 18.0)];

/// Backward over a grid, one adjoint method.
pub(super) struct Backward<'a, E> {
    pub(super) field: &'a mut dyn Pullback<E>,
    pub(super) stages: &'a Stages,
    pub(super) grid: &'a Grid,
    pub(super) track: &'a Track,
    pub(super) seeds: Seeds<'a>,
    pub(super) work: &'a mut Work,
    /// The next slot.
    slot: usize,
}

impl<'a, E> Backward<'a, E> {
    pub(super) fn new(
        field: &'a mut dyn Pullback<E>,
        stages: &'a Stages,
        (grid, track): (&'a Grid, &'a Track),
        seeds: Seeds<'a>,
        work: &'a mut Work,
    ) -> Self {
        field.reserve(RING);
        Self { field, stages, grid, track, seeds, work, slot: 0 }
    }

    /// f at (t, y), and gᵀ·∂f/∂y; the gradient by parameters grows by `weight`·gᵀ·∂f/∂θ.
    fn at(&mut self, t: f64, y: &[f64], (g, weight): (&[f64], f64), f: &mut [f64], by_y: &mut [f64]) {
        if self.slot == RING {
            self.field.flush();
            self.slot = 0;
        }
        self.field.value(self.slot, t, y, f);
        if weight == 0.0 {
            self.field.pull(self.slot, g, by_y, false);
            return;
        }
        self.work.g.clear();
        self.work.g.extend(g.iter().map(|g| g * weight));
        self.field.pull(self.slot, &self.work.g, by_y, true);
        for by_y in by_y {
            *by_y /= weight;
        }
        self.slot += 1;
    }

    /// Adds to `a` what the loss has at a grid time.
    fn jump(&mut self, step: usize, y: &[f64], a: &mut [f64]) {
        let n = a.len();
        for (a, seed) in a.iter_mut().zip(&self.seeds.by_state[step * n..]) {
            *a += seed;
        }
        let Some(seed) = self.seeds.by_slope.get(step * n..(step + 1) * n) else { return };
        let (mut f, mut by_y) = (vec![0.0; n], vec![0.0; n]);
        self.at(self.grid.time(step), y, (seed, 1.0), &mut f, &mut by_y);
        for (a, s) in a.iter_mut().zip(by_y) {
            *a += s;
        }
    }

    /// State and adjoint together, backward from the last state: nothing of the trajectory is kept. `a`
    /// receives the gradient by the first state.
    pub(super) fn backsolve(mut self, a: &mut [f64]) {
        let (n, h, count) = (a.len(), self.grid.dt, self.stages.len());
        let mut y = self.track.y[self.grid.steps * n..][..n].to_vec();
        let (mut fy, mut fa) = (vec![0.0; count * n], vec![0.0; count * n]);
        let (mut ys, mut stage_a) = (vec![0.0; n], vec![0.0; n]);
        self.jump(self.grid.steps, &y, a);
        for step in (0..self.grid.steps).rev() {
            let t1 = self.grid.time(step + 1);
            for i in 0..count {
                stage_state(&y, -h, self.stages.a[i], &fy, &mut ys);
                // With a' = −Jᵀa, a step of −h adds h·Jᵀa.
                stage_state(a, h, self.stages.a[i], &fa, &mut stage_a);
                let (f, s) = (&mut fy[i * n..][..n], &mut fa[i * n..][..n]);
                let weight = h * self.stages.b[i];
                self.at(t1 - self.stages.c[i] * h, &ys, (&stage_a, weight), f, s);
            }
            add_slopes(&mut y, -h, self.stages.b, &fy);
            add_slopes(a, h, self.stages.b, &fa);
            self.jump(step, &y, a);
        }
        self.field.flush();
    }

    /// The slope at the last grid time, after those at the steps' beginnings.
    fn end_slope(&mut self, n: usize) -> Vec<f64> {
        let end = self.grid.steps;
        let mut f = vec![0.0; n];
        self.field.value(self.slot.min(RING - 1), self.grid.time(end), &self.track.y[end * n..][..n], &mut f);
        f
    }

    /// The adjoint alone, with states from the cubic through the forward states and slopes. With `quadrature`
    /// the integral over each step is taken afterwards by Gauss and Legendre's rule, else with the method's
    /// own weights.
    pub(super) fn interpolating(mut self, a: &mut [f64], quadrature: bool) {
        let (n, h, count) = (a.len(), self.grid.dt, self.stages.len());
        let track = self.track;
        let mut slope1 = self.end_slope(n);
        let mut fa = vec![0.0; count * n];
        let [mut y, mut stage_a, mut f, mut after, mut slope] = [(); 5].map(|()| vec![0.0; n]);
        self.jump(self.grid.steps, &track.y[self.grid.steps * n..][..n], a);
        for step in (0..self.grid.steps).rev() {
            let (t0, t1) = (self.grid.time(step), self.grid.time(step + 1));
            let (y0, y1) = track.y[step * n..][..2 * n].split_at(n);
            let slope0 = &track.slopes[step * n..][..n];
            for i in 0..count {
                let theta = 1.0 - self.stages.c[i];
                hermite(theta, h, (y0, slope0), (y1, &slope1), &mut y);
                stage_state(a, h, self.stages.a[i], &fa, &mut stage_a);
                let weight = if quadrature { 0.0 } else { h * self.stages.b[i] };
                self.at(t1 - self.stages.c[i] * h, &y, (&stage_a, weight), &mut f, &mut fa[i * n..][..n]);
            }
            stage_state(a, h, self.stages.b, &fa, &mut after);
            if quadrature {
                // a as a cubic over the step; its slope is −Jᵀa, at the end that of the first stage.
                self.at(t0, y0, (&after, 0.0), &mut f, &mut slope);
                let ends: [Vec<f64>; 2] = [&slope[..], &fa[..n]].map(|s| s.iter().map(|s| -s).collect());
                for (theta, weight) in NODES {
                    hermite(theta, h, (y0, slope0), (y1, &slope1), &mut y);
                    hermite(theta, h, (&after, &ends[0]), (a, &ends[1]), &mut stage_a);
                    self.at(t0 + theta * h, &y, (&stage_a, h * weight), &mut f, &mut slope);
                }
            }
            a.copy_from_slice(&after);
            slope1.copy_from_slice(slope0);
            self.jump(step, y0, a);
        }
        self.field.flush();
    }
}
