//! The few lowest modes of real trajectories: analysis and synthesis as products with tables of cosines
//! and sines, exact at any number of points.
//!
//! A trajectory of N points is folded first: cosines see x[n] + x[N−n] alone and sines x[n] − x[N−n], so
//! that both products are half as long. What is computed for M modes and C channels is 2·N·M·C
//! operations in each direction, where the products as they are written take 4·N·M·C. A fast transform
//! would compute all N/2 modes, of which nearly all are thrown away.

use std::f64::consts::TAU;

use super::level::{Level, Task};
use super::product::{Left, Size, Start, product};
use super::simd::{Line, Simd};

/// Folded points that are worked on together: with 64 channels they fill the first cache.
const BLOCK: usize = 48;

/// Tables for N points and M modes.
#[derive(Debug, Clone)]
pub(super) struct Waves {
    points: usize,
    modes: usize,
    /// `[n][m]` for n from 0 to N/2: cos(2πnm/N), and sin(2πnm/N).
    cos: Vec<f32>,
    sin: Vec<f32>,
    /// What a mode is multiplied with before synthesis: 2/N, and 1/N where a mode is its own conjugate.
    pub(super) scale: Vec<f32>,
}

/// Work space of one thread.
#[derive(Debug, Clone)]
pub(super) struct Folds {
    even: Vec<Line>,
    odd: Vec<Line>,
}

impl Folds {
    pub(super) fn new(lines: usize) -> Self {
        Self { even: vec![Line::ZERO; BLOCK * lines], odd: vec![Line::ZERO; BLOCK * lines] }
    }
}

impl Waves {
    /// Tables in single precision, computed in double. M is at most N/2 + 1.
    pub(super) fn new(points: usize, modes: usize) -> Self {
        let half = points / 2 + 1;
        let table = |f: fn(f64) -> f64| {
            let angle = |i: usize| TAU * ((i / modes * (i % modes)) % points) as f64 / points as f64;
            (0..half * modes).map(|i| f(angle(i)) as f32).collect()
        };
        let own = |m: usize| m == 0 || 2 * m == points;
        let scale = |m| (if own(m) { 1.0 } else { 2.0 } / points as f64) as f32;
        Self {
            points,
            modes,
            cos: table(f64::cos),
            sin: table(f64::sin),
            scale: (0..modes).map(scale).collect(),
        }
    }

    fn half(&self) -> usize {
        self.points / 2 + 1
    }

    /// Σₙ cos(2πnm/N)·x[n] and Σₙ sin(2πnm/N)·x[n] of every mode: real part, and imaginary part with the
    /// other sign. `x` has `lines` lines for each point, `cos` and `sin` as many for each mode.
    pub(super) fn analyse(
        &self,
        level: Level,
        lines: usize,
        x: &[Line],
        folds: &mut Folds,
        cos: &mut [Line],
        sin: &mut [Line],
    ) {
        for first in (0..self.half()).step_by(BLOCK) {
            let n = BLOCK.min(self.half() - first);
            let (even, odd) = (&mut folds.even[..n * lines], &mut folds.odd[..n * lines]);
            level.run(Fold { points: self.points, lines, first, x, even, odd });
            let start = if first == 0 { Start::Zero } else { Start::Add };
            let size = Size { rows: self.modes, inner: n, lines };
            let part = first * self.modes..(first + n) * self.modes;
            product(level, size, Left::turned(&self.cos[part.clone()], self.modes), even, start, cos);
            product(level, size, Left::turned(&self.sin[part], self.modes), odd, start, sin);
        }
    }

    /// Σₘ cos(2πnm/N)·re[m] − sin(2πnm/N)·im[m] at every point. `start` is written with it: every row of
    /// `x` is replaced by a row (a bias) plus the sum, or the sum is added to it.
    pub(super) fn synthesise(
        &self,
        level: Level,
        lines: usize,
        (re, im): (&[Line], &[Line]),
        folds: &mut Folds,
        start: Start<'_>,
        x: &mut [Line],
    ) {
        for first in (0..self.half()).step_by(BLOCK) {
            let n = BLOCK.min(self.half() - first);
            let (even, odd) = (&mut folds.even[..n * lines], &mut folds.odd[..n * lines]);
            let size = Size { rows: n, inner: self.modes, lines };
            let part = first * self.modes..(first + n) * self.modes;
            product(level, size, Left::rows(&self.cos[part.clone()], self.modes), re, Start::Zero, even);
            product(level, size, Left::rows(&self.sin[part], self.modes), im, Start::Zero, odd);
            level.run(Unfold { points: self.points, lines, first, even, odd, start, x });
        }
    }
}

struct Fold<'a> {
    points: usize,
    lines: usize,
    first: usize,
    x: &'a [Line],
    even: &'a mut [Line],
    odd: &'a mut [Line],
}

impl Task for Fold<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { points, lines, first, x, even, odd } = self;
        let rows = even.chunks_exact_mut(lines).zip(odd.chunks_exact_mut(lines));
        for (n, (even, odd)) in (first..).zip(rows) {
            let a = &x[n * lines..][..lines];
            let mirror = (points - n) % points;
            if mirror == n {
                even.copy_from_slice(a);
                odd.fill(Line::ZERO);
                continue;
            }
            let b = &x[mirror * lines..][..lines];
            for (((a, b), even), odd) in a.iter().zip(b).zip(even).zip(odd) {
                let (a, b) = (s.load(a), s.load(b));
                s.store(s.add(a, b), even);
                s.store(s.sub(a, b), odd);
            }
        }
    }
}

struct Unfold<'a> {
    points: usize,
    lines: usize,
    first: usize,
    even: &'a [Line],
    odd: &'a [Line],
    start: Start<'a>,
    x: &'a mut [Line],
}

impl Task for Unfold<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { points, lines, first, even, odd, start, x } = self;
        let rows = even.chunks_exact(lines).zip(odd.chunks_exact(lines));
        for (n, (even, odd)) in (first..).zip(rows) {
            let mirror = (points - n) % points;
            for (j, (even, odd)) in even.iter().zip(odd).enumerate() {
                let (even, odd) = (s.load(even), s.load(odd));
                let (at, other) = (n * lines + j, mirror * lines + j);
                let (mut a, mut b) = (s.sub(even, odd), s.add(even, odd));
                match start {
                    Start::Zero => {}
                    Start::Row(row) => {
                        let row = s.load(&row[j]);
                        (a, b) = (s.add(a, row), s.add(b, row));
                    }
                    Start::Add => {
                        (a, b) = (s.add(a, s.load(&x[at])), s.add(b, s.load(&x[other])));
                    }
                }
                // Where a point is its own mirror its sines are 0, and both sums are the same.
                s.store(b, &mut x[other]);
                s.store(a, &mut x[at]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fused::simd::LANES;

    #[test]
    fn modes_are_those_of_the_definition_at_any_length() {
        for (points, modes) in [(1, 1), (2, 2), (9, 5), (64, 33), (105, 12), (512, 32), (1265, 12)] {
            let waves = Waves::new(points, modes);
            let lines = 2;
            let x: Vec<f32> =
                (0..points * lines * LANES).map(|i| ((i * 7919 + 13) % 401) as f32 / 200.5 - 1.0).collect();
            let (blocks, _) = x.as_chunks::<LANES>();
            let from: Vec<Line> = blocks.iter().map(|b| Line(*b)).collect();
            for level in Level::available() {
                let mut folds = Folds::new(lines);
                let (mut cos, mut sin) = (vec![Line::ZERO; modes * lines], vec![Line::ZERO; modes * lines]);
                waves.analyse(level, lines, &from, &mut folds, &mut cos, &mut sin);
                let channel = 19;
                let tolerance = 1e-5 * (points as f64).sqrt() + 1e-6;
                let mut exact = Vec::new();
                for m in 0..modes {
                    let (mut re, mut im) = (0.0, 0.0);
                    for n in 0..points {
                        let (s, c) = (TAU * (n * m) as f64 / points as f64).sin_cos();
                        let x = f64::from(x[n * lines * LANES + channel]);
                        re += c * x;
                        im += s * x;
                    }
                    exact.push((re, im));
                    for (found, exact) in [(&cos, re), (&sin, im)] {
                        let found = f64::from(found[m * lines + channel / LANES].0[channel % LANES]);
                        assert!((found - exact).abs() < tolerance, "{points}/{modes}: {found} {exact}");
                    }
                }
                // Synthesis: the filtered trajectory, added to a row and to what is there.
                let row = [Line([0.25; LANES]); 2];
                let mut y = from.clone();
                for (start, add) in [(Start::Row(&row), 0.25), (Start::Add, 0.0), (Start::Zero, 0.0)] {
                    let before = y.clone();
                    waves.synthesise(level, lines, (&cos, &sin), &mut folds, start, &mut y);
                    for n in 0..points {
                        let mut exact: f64 = (0..modes)
                            .map(|m| {
                                let (s, c) = (TAU * (n * m) as f64 / points as f64).sin_cos();
                                c * exact[m].0 - s * exact[m].1
                            })
                            .sum();
                        exact += add;
                        let at = |y: &[Line]| f64::from(y[n * lines + channel / LANES].0[channel % LANES]);
                        // A point that is its own mirror counts once.
                        if matches!(start, Start::Add) {
                            exact += at(&before);
                        }
                        let error = (at(&y) - exact).abs();
                        assert!(
                            error < tolerance * (modes as f64).sqrt() * 4.0,
                            "{points}/{modes} {n}: {error}"
                        );
                    }
                }
            }
        }
    }
}
