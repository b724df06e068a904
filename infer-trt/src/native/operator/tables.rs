//! Tables that points are multiplied with from the left: to rows of a spectrum, and back.

use super::fold::{Fold, Unfold};
use super::numbers::Numbers;
use super::product::{Product, Start};
use crate::native::dispatch::Simd;

/// Folded points that are worked on together: with 64 channels sums and differences fit into a first-level cache.
const BLOCK: usize = 48;
/// By so many units in the last place of a row's largest number may a point and its mirror differ: cosines and sines
/// of different angles were rounded, each to one unit.
const UNITS: f32 = 4.0 * f32::EPSILON;

/// Which way a table leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// A table `[rows, points]`.
    Analysis,
    /// A table `[points, rows]`.
    Synthesis,
}

/// A table laid out for products.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) points: usize,
    /// Where each row of the spectrum stands: even ones come first.
    pub(super) place: Vec<usize>,
    /// How many rows are even in the point; all of them where the table is not folded.
    even: usize,
    folded: bool,
    /// Of the even rows, or of all; of the odd rows.
    tables: [Numbers; 2],
}

/// Work space: sums and differences of a block.
#[derive(Debug, Default)]
pub(super) struct Folds {
    even: Numbers,
    odd: Numbers,
}

impl Folds {
    /// For rows of up to so many values.
    pub(super) fn new(width: usize) -> Self {
        Self { even: Numbers::zeros(BLOCK * width), odd: Numbers::zeros(BLOCK * width) }
    }
}

/// Whether a row of so many points is even, and otherwise whether it is odd.
fn parity(points: usize, at: impl Fn(usize) -> f32) -> Option<bool> {
    let bound = UNITS * (0..points).map(|n| at(n).abs()).fold(0.0, f32::max);
    let mirrored = |sign: f32| (0..points).all(|n| (at(n) - sign * at((points - n) % points)).abs() <= bound);
    // Zeros are both: sines of the mean stay with the other sines.
    if mirrored(-1.0) {
        Some(false)
    } else if mirrored(1.0) {
        Some(true)
    } else {
        None
    }
}

impl Left {
    /// From the values of a file's table.
    pub(super) fn new(way: Way, (rows, points): (usize, usize), values: &[f32]) -> Self {
        let at = |row: usize, point: usize| match way {
            Way::Analysis => values[row * points + point],
            Way::Synthesis => values[point * rows + row],
        };
        let parities: Option<Vec<bool>> = (0..rows).map(|row| parity(points, |n| at(row, n))).collect();
        let folded = parities.is_some();
        let parities = parities.unwrap_or_else(|| vec![true; rows]);
        let even = parities.iter().filter(|even| **even).count();
        let mut next = [even, 0];
        let mut place = Vec::with_capacity(rows);
        for &is_even in &parities {
            place.push(next[usize::from(is_even)]);
            next[usize::from(is_even)] += 1;
        }
        let kept = if folded { points / 2 + 1 } else { points };
        let table = |which: bool| {
            let members: Vec<usize> = (0..rows).filter(|row| parities[*row] == which).collect();
            let mut numbers = Numbers::zeros(members.len() * kept);
            for (k, &row) in members.iter().enumerate() {
                for point in 0..kept {
                    let to = match way {
                        Way::Analysis => k * kept + point,
                        Way::Synthesis => point * members.len() + k,
                    };
                    numbers[to] = at(row, point);
                }
            }
            numbers
        };
        Self { points, even, folded, tables: [table(true), table(false)], place }
    }

    /// Rows of the spectrum.
    pub(super) fn rows(&self) -> usize {
        self.place.len()
    }

    /// Whether its products are half as long.
    #[cfg(test)]
    pub(super) fn is_folded(&self) -> bool {
        self.folded
    }

    /// Multiplications of one channel.
    pub(super) fn work(&self) -> usize {
        self.tables[0].len() + self.tables[1].len()
    }

    /// From points to the spectrum: rows of `width` values each.
    pub(super) fn analyse(
        &self,
        simd: Simd,
        width: usize,
        x: &[f32],
        folds: &mut Folds,
        spectrum: &mut [f32],
    ) {
        let [evens, odds] = &self.tables;
        let (even, odd) = spectrum[..self.rows() * width].split_at_mut(self.even * width);
        let all = self.rows();
        if !self.folded {
            let size = (all, self.points, width);
            return times(simd, size, (evens, self.points), x, Start::Zero, even);
        }
        let half = self.points / 2 + 1;
        for first in (0..half).step_by(BLOCK) {
            let n = BLOCK.min(half - first);
            let (sums, differences) = (&mut folds.even[..n * width], &mut folds.odd[..n * width]);
            simd.enter(Fold { points: self.points, width, first, x, even: sums, odd: differences });
            let start = || if first == 0 { Start::Zero } else { Start::Add };
            if self.even > 0 {
                times(simd, (self.even, n, width), (&evens[first..], half), sums, start(), even);
            }
            if self.even < all {
                times(simd, (all - self.even, n, width), (&odds[first..], half), differences, start(), odd);
            }
        }
    }

    /// From the spectrum to points.
    pub(super) fn synthesise(
        &self,
        simd: Simd,
        width: usize,
        spectrum: &[f32],
        folds: &mut Folds,
        y: &mut [f32],
    ) {
        let [evens, odds] = &self.tables;
        let (even, odd) = spectrum[..self.rows() * width].split_at(self.even * width);
        if !self.folded {
            let size = (self.points, self.even, width);
            return times(simd, size, (evens, self.even), even, Start::Zero, y);
        }
        let (half, n_odd) = (self.points / 2 + 1, self.rows() - self.even);
        for first in (0..half).step_by(BLOCK) {
            let n = BLOCK.min(half - first);
            let (sums, differences) = (&mut folds.even[..n * width], &mut folds.odd[..n * width]);
            let table = (&evens[first * self.even..], self.even);
            times(simd, (n, self.even, width), table, even, Start::Zero, sums);
            let table = (&odds[first * n_odd..], n_odd);
            times(simd, (n, n_odd, width), table, odd, Start::Zero, differences);
            simd.enter(Unfold { points: self.points, width, first, even: sums, odd: differences, y });
        }
    }
}

/// A product with rows of `a`, of which each begins `stride` numbers after the one before.
fn times(
    simd: Simd,
    (rows, inner, width): (usize, usize, usize),
    (a, stride): (&[f32], usize),
    b: &[f32],
    start: Start<'_>,
    c: &mut [f32],
) {
    Product { rows, inner, width, a, stride, b, start, c }.run(simd);
}
