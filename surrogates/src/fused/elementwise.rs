//! What is done number by number to trajectories whose channels lie in lanes.

use super::layer::Values;
use super::level::{Level, Task};
use super::simd::{LANES, Line, Simd};
use crate::Activation;

/// Replaces z by σ(z) and writes σ'(z) into `slopes`.
pub(super) fn activate(level: Level, kind: Activation, z: &mut [Line], slopes: &mut [Line]) {
    level.run(Values { kind, z, d: slopes });
}

/// `to += from`.
pub(super) fn add(level: Level, from: &[Line], to: &mut [Line]) {
    level.run(Add(from, to));
}

struct Add<'a>(&'a [Line], &'a mut [Line]);

impl Task for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for (from, to) in self.0.iter().zip(self.1) {
            s.store(s.add(s.load(from), s.load(to)), to);
        }
    }
}

/// `to = from·slopes`, row by row, and adds the rows of `to` to `sum`. Without slopes `to = from`.
pub(super) fn scale(level: Level, from: &[Line], slopes: Option<&[Line]>, to: &mut [Line], sum: &mut [Line]) {
    level.run(Scale { from, slopes, to, sum });
}

struct Scale<'a> {
    from: &'a [Line],
    slopes: Option<&'a [Line]>,
    to: &'a mut [Line],
    sum: &'a mut [Line],
}

impl Task for Scale<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { from, slopes, to, sum } = self;
        let width = sum.len();
        for (j, sum) in sum.iter_mut().enumerate() {
            let mut total = s.load(sum);
            let mut at = j;
            while at < to.len() {
                let mut x = s.load(&from[at]);
                if let Some(slopes) = slopes {
                    x = s.mul(x, s.load(&slopes[at]));
                }
                total = s.add(total, x);
                s.store(x, &mut to[at]);
                at += width;
            }
            s.store(total, sum);
        }
    }
}

/// `g *= slopes` in place, and adds the rows of the product to `sum`.
pub(super) fn scale_in_place(level: Level, slopes: &[Line], g: &mut [Line], sum: &mut [Line]) {
    level.run(ScaleInPlace { slopes, g, sum });
}

struct ScaleInPlace<'a> {
    slopes: &'a [Line],
    g: &'a mut [Line],
    sum: &'a mut [Line],
}

impl Task for ScaleInPlace<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { slopes, g, sum } = self;
        let width = sum.len();
        for (j, sum) in sum.iter_mut().enumerate() {
            let mut total = s.load(sum);
            let mut at = j;
            while at < g.len() {
                let x = s.mul(s.load(&g[at]), s.load(&slopes[at]));
                total = s.add(total, x);
                s.store(x, &mut g[at]);
                at += width;
            }
            s.store(total, sum);
        }
    }
}

/// Adds the rows of `g` to `sum`.
pub(super) fn add_rows(level: Level, g: &[Line], sum: &mut [Line]) {
    level.run(AddRows(g, sum));
}

struct AddRows<'a>(&'a [Line], &'a mut [Line]);

impl Task for AddRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self(g, sum) = self;
        let width = sum.len();
        for (j, sum) in sum.iter_mut().enumerate() {
            let mut total = s.load(sum);
            let mut at = j;
            while at < g.len() {
                total = s.add(total, s.load(&g[at]));
                at += width;
            }
            s.store(total, sum);
        }
    }
}

/// Replaces `y` by `y − targets` and returns, for each lane of a row, the sum of the squares. `squares`
/// has a number for each lane of a row.
pub(super) fn compare(level: Level, targets: &[Line], y: &mut [Line], squares: &mut [f64]) {
    level.run(Compare { targets, y, squares });
}

struct Compare<'a> {
    targets: &'a [Line],
    y: &'a mut [Line],
    squares: &'a mut [f64],
}

impl Task for Compare<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        // Rows whose squares are added in single precision.
        const ROWS: usize = 32;
        let Self { targets, y, squares } = self;
        let width = squares.len() / LANES;
        squares.fill(0.0);
        for (y, targets) in y.chunks_mut(ROWS * width).zip(targets.chunks(ROWS * width)) {
            for j in 0..width {
                let mut sum = s.splat(0.0);
                let mut at = j;
                while at < y.len() {
                    let error = s.sub(s.load(&y[at]), s.load(&targets[at]));
                    s.store(error, &mut y[at]);
                    sum = s.fma(error, error, sum);
                    at += width;
                }
                let mut lanes = Line::ZERO;
                s.store(sum, &mut lanes);
                for (total, lane) in squares[j * LANES..][..LANES].iter_mut().zip(lanes.0) {
                    *total += f64::from(lane);
                }
            }
        }
    }
}

/// Multiplies every row of `y` with `factors`.
pub(super) fn multiply_rows(level: Level, factors: &[Line], y: &mut [Line]) {
    level.run(MultiplyRows(factors, y));
}

struct MultiplyRows<'a>(&'a [Line], &'a mut [Line]);

impl Task for MultiplyRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        for row in self.1.chunks_exact_mut(self.0.len().max(1)) {
            for (factor, y) in self.0.iter().zip(row) {
                s.store(s.mul(s.load(factor), s.load(y)), y);
            }
        }
    }
}
