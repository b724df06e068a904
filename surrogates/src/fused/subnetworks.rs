//! The training step of a [`NeuralMap`](crate::NeuralMap): forward, loss and reverse in one pass over
//! blocks of the batch, without a tape and without allocation.
//!
//! The batch lies in lanes, feature by feature. A sub-network works neuron by neuron on a block of
//! [`BLOCK`] lines: its weights stay in registers, the block's inputs in the first cache, and h and q
//! of all neurons in the second. Four lines go through a neuron in lockstep, so that they do not wait for
//! the steps of one tanh. For each neuron and row that is two tanh (17 operations each) and 20 operations
//! more: 16 million for three sub-networks of 100 neurons and 1000 rows.
#![allow(clippy::needless_range_loop, reason = "several arrays of registers advance together")]

use super::functions::tanh_lines;
use super::level::{Level, Task};
use super::simd::{LANES, Line, Simd};
use crate::MapSpec;

/// Lines that go through a sub-network together: h and q of 100 neurons take 200 KiB.
const BLOCK: usize = 16;
/// Lines that advance in lockstep; [`BLOCK`] is a multiple of it.
const TOGETHER: usize = 4;
/// Features whose weights and gradients stay in registers; more go through memory.
const KEPT: usize = 4;

/// A neural map on a batch of fixed size, with the work space of both directions.
#[derive(Debug, Clone)]
pub(crate) struct FusedMap {
    level: Level,
    spec: MapSpec,
    rows: usize,
    lines: usize,
    /// `[feature][line]`: states, then parameters, in normal units.
    x: Vec<Line>,
    /// `[state][line]`: the increments to learn.
    targets: Vec<Line>,
    /// `[state][line]`: the increments that the networks give.
    out: Vec<Line>,
    /// 1 for rows of the batch, 0 for those that fill the last lines.
    mask: Vec<Line>,
    /// `[neuron][line]` of one block: tanh of the first and of the second layer.
    h: Vec<Line>,
    q: Vec<Line>,
}

impl FusedMap {
    pub(crate) fn new(level: Level, spec: MapSpec, rows: usize) -> Self {
        let lines = rows.div_ceil(LANES).next_multiple_of(TOGETHER);
        let mut mask = vec![Line::ZERO; lines];
        for row in 0..rows {
            mask[row / LANES].0[row % LANES] = 1.0;
        }
        let block = vec![Line::ZERO; BLOCK.min(lines) * spec.width];
        Self {
            level,
            spec,
            rows,
            lines,
            x: vec![Line::ZERO; spec.inputs() * lines],
            targets: vec![Line::ZERO; spec.states * lines],
            out: vec![Line::ZERO; spec.states * lines],
            mask,
            h: block.clone(),
            q: block,
        }
    }

    /// Sets state and parameters of a row, and the increments to learn, in normal units.
    #[inline]
    pub(crate) fn set_row(&mut self, row: usize, x: &[f32], increment: &[f32]) {
        let (line, lane) = (row / LANES, row % LANES);
        for (feature, x) in x.iter().enumerate() {
            self.x[feature * self.lines + line].0[lane] = *x;
        }
        for (i, y) in increment.iter().enumerate() {
            self.targets[i * self.lines + line].0[lane] = *y;
        }
    }

    /// The increments of a row, as the last pass gave them.
    #[cfg(test)]
    pub(crate) fn increment(&self, row: usize, y: &mut [f32]) {
        for (i, y) in y.iter_mut().enumerate() {
            *y = self.out[i * self.lines + row / LANES].0[row % LANES];
        }
    }

    /// The mean over rows and states of the squared error, and its gradient by all parameters.
    pub(crate) fn learn(&mut self, parameters: &[f32], gradient: &mut [f32]) -> f64 {
        gradient.fill(0.0);
        let sum = self.level.run(Pass::<true> { net: self, parameters, gradient });
        sum / (self.rows * self.spec.states) as f64
    }

    /// The squared error of every state, summed over rows.
    pub(crate) fn square_sum(&mut self, parameters: &[f32]) -> f64 {
        self.level.run(Pass::<false> { net: self, parameters, gradient: &mut [] })
    }
}

struct Pass<'a, const LEARN: bool> {
    net: &'a mut FusedMap,
    parameters: &'a [f32],
    gradient: &'a mut [f32],
}

impl<const LEARN: bool> Task for Pass<'_, LEARN> {
    type Output = f64;

    #[inline(always)]
    fn run<S: Simd>(self, s: S) -> f64 {
        let Self { net, parameters, gradient } = self;
        let each = net.spec.parameters_each();
        let mut sum = 0.0;
        for i in 0..net.spec.states {
            let w = &parameters[i * each..][..each];
            let g = if LEARN { &mut gradient[i * each..][..each] } else { &mut gradient[..] };
            sum += match net.spec.features().min(KEPT) {
                0 => state::<S, 0, LEARN>(s, net, i, w, g),
                1 => state::<S, 1, LEARN>(s, net, i, w, g),
                2 => state::<S, 2, LEARN>(s, net, i, w, g),
                3 => state::<S, 3, LEARN>(s, net, i, w, g),
                _ => state::<S, 4, LEARN>(s, net, i, w, g),
            };
        }
        sum
    }
}

/// One sub-network on the whole batch. Returns the sum of its squared errors.
#[inline(always)]
fn state<S: Simd, const X: usize, const LEARN: bool>(
    s: S,
    net: &mut FusedMap,
    i: usize,
    w: &[f32],
    gradient: &mut [f32],
) -> f64 {
    let scale = (2.0 / (net.rows * net.spec.states) as f64) as f32;
    let mut sum = 0.0;
    let mut first = 0;
    while first < net.lines {
        let n = BLOCK.min(net.lines - first);
        forward::<S, X, LEARN>(s, net, i, (first, n), w);
        let at = i * net.lines + first;
        let (out, targets) = (&mut net.out[at..][..n], &net.targets[at..][..n]);
        let mut errors = [Line::ZERO; BLOCK];
        let mut total = [0.0f64; LANES];
        for l in 0..n {
            let error = s.sub(s.load(&out[l]), s.load(&targets[l]));
            let error = s.mul(error, s.load(&net.mask[first + l]));
            s.store(error, &mut errors[l]);
            for (total, error) in total.iter_mut().zip(errors[l].0) {
                *total += f64::from(error) * f64::from(error);
            }
            s.store(s.mul(error, s.splat(scale)), &mut errors[l]);
        }
        sum += total.iter().sum::<f64>();
        if LEARN {
            backward::<S, X>(s, net, i, (first, n), (w, gradient), &errors[..n]);
        }
        first += n;
    }
    sum
}

/// The lines of the features that sub-network `i` sees: `X` of them, and where the others begin.
#[inline(always)]
fn kept<const X: usize>(net: &FusedMap, i: usize, (first, n): (usize, usize)) -> [&[Line]; X] {
    let mut x = [&net.x[..0]; X];
    for r in 0..X {
        x[r] = feature(net, i, r, (first, n));
    }
    x
}

/// The `r`-th feature of sub-network `i`: all states but its own, then the parameters.
#[inline(always)]
fn feature(net: &FusedMap, i: usize, r: usize, (first, n): (usize, usize)) -> &[Line] {
    let at = if r < i { r } else { r + 1 };
    &net.x[at * net.lines + first..][..n]
}

#[inline(always)]
fn forward<S: Simd, const X: usize, const LEARN: bool>(
    s: S,
    net: &mut FusedMap,
    i: usize,
    (first, n): (usize, usize),
    w: &[f32],
) {
    let (width, features) = (net.spec.width, net.spec.features());
    let (mut out, mut h, mut q) =
        (std::mem::take(&mut net.out), std::mem::take(&mut net.h), std::mem::take(&mut net.q));
    {
        let x = kept::<X>(net, i, (first, n));
        let own = &net.x[i * net.lines + first..][..n];
        let out = &mut out[i * net.lines + first..][..n];
        let gamma = s.splat(w[(features + 4) * width]);
        for l in 0..n {
            s.store(gamma, &mut out[l]);
        }
        for k in 0..width {
            let mut wx = [s.splat(0.0); X];
            for r in 0..X {
                wx[r] = s.splat(w[r * width + k]);
            }
            let beta = s.splat(w[features * width + k]);
            let a = s.splat(w[(features + 1) * width + k]);
            let alpha = s.splat(w[(features + 2) * width + k]);
            let b = s.splat(w[(features + 3) * width + k]);
            let (h, q) = (&mut h[k * n..][..n], &mut q[k * n..][..n]);
            let mut l = 0;
            while l < n {
                let mut y = [beta; TOGETHER];
                for r in 0..X {
                    let x = &x[r][l..][..TOGETHER];
                    for j in 0..TOGETHER {
                        y[j] = s.fma(wx[r], s.load(&x[j]), y[j]);
                    }
                }
                for r in X..features {
                    let (w, x) = (s.splat(w[r * width + k]), feature(net, i, r, (first, n)));
                    for j in 0..TOGETHER {
                        y[j] = s.fma(w, s.load(&x[l + j]), y[j]);
                    }
                }
                let inner = tanh_lines(s, y);
                let own = &own[l..][..TOGETHER];
                let mut z = inner;
                for j in 0..TOGETHER {
                    z[j] = s.add(s.fma(a, s.load(&own[j]), alpha), inner[j]);
                }
                let outer = tanh_lines(s, z);
                let out = &mut out[l..][..TOGETHER];
                for j in 0..TOGETHER {
                    if LEARN {
                        s.store(inner[j], &mut h[l + j]);
                        s.store(outer[j], &mut q[l + j]);
                    }
                    s.store(s.fma(b, outer[j], s.load(&out[j])), &mut out[j]);
                }
                l += TOGETHER;
            }
        }
    }
    (net.out, net.h, net.q) = (out, h, q);
}

/// Adds the block's part of the gradient. `g` is the gradient by the outputs.
#[inline(always)]
fn backward<S: Simd, const X: usize>(
    s: S,
    net: &mut FusedMap,
    i: usize,
    (first, n): (usize, usize),
    (w, gradient): (&[f32], &mut [f32]),
    g: &[Line],
) {
    let (width, features) = (net.spec.width, net.spec.features());
    let one = s.splat(1.0);
    let mut h = std::mem::take(&mut net.h);
    {
        let x = kept::<X>(net, i, (first, n));
        let own = &net.x[i * net.lines + first..][..n];
        let mut gamma = [s.zero_sum(); 4];
        for l in 0..n {
            gamma[0] = s.accumulate(s.load(&g[l]), one, gamma[0]);
        }
        let mut totals = [0.0; 4];
        s.add_totals(gamma, &mut totals);
        gradient[(features + 4) * width] += totals[0];
        for k in 0..width {
            let b = s.splat(w[(features + 3) * width + k]);
            let (h, q) = (&mut h[k * n..][..n], &net.q[k * n..][..n]);
            // β, a, α, b
            let mut sums = [s.zero_sum(); 4];
            let mut by_x = [s.zero_sum(); KEPT];
            for l in 0..n {
                let (g, q) = (s.load(&g[l]), s.load(&q[l]));
                sums[3] = s.accumulate(g, q, sums[3]);
                let gz = s.mul(s.mul(g, b), s.fnma(q, q, one));
                sums[1] = s.accumulate(gz, s.load(&own[l]), sums[1]);
                sums[2] = s.accumulate(gz, one, sums[2]);
                let t = s.load(&h[l]);
                let gy = s.mul(gz, s.fnma(t, t, one));
                sums[0] = s.accumulate(gy, one, sums[0]);
                for r in 0..X {
                    by_x[r] = s.accumulate(gy, s.load(&x[r][l]), by_x[r]);
                }
                if features > X {
                    s.store(gy, &mut h[l]);
                }
            }
            let mut totals = [0.0; 4];
            s.add_totals(sums, &mut totals);
            for (row, total) in totals.into_iter().enumerate() {
                gradient[(features + row) * width + k] += total;
            }
            let mut totals = [0.0; KEPT];
            s.add_totals(by_x, &mut totals);
            for r in 0..X {
                gradient[r * width + k] += totals[r];
            }
            for r in X..features {
                let x = feature(net, i, r, (first, n));
                let mut sums = [s.zero_sum(); 4];
                for l in 0..n {
                    sums[0] = s.accumulate(s.load(&h[l]), s.load(&x[l]), sums[0]);
                }
                let mut totals = [0.0; 4];
                s.add_totals(sums, &mut totals);
                gradient[r * width + k] += totals[0];
            }
        }
    }
    net.h = h;
}
