//! Products of matrices whose columns lie in lanes: c = start + a b.
//!
//! A tile of c, some rows by some vectors, is summed in registers: 24 of 32 sums where there are as many registers,
//! 12 of 16 elsewhere, so that several sums go on side by side and a number of b is loaded once for all rows of a
//! tile. `a` is read number by number.
//!
//! Sums are taken over at most [`RUN`] products and then added to those before: rounding errors grow with the length
//! of a row of sums. Which tile a row falls into changes nothing about its sums.
#![allow(clippy::needless_range_loop, reason = "several arrays of registers advance together")]

use crate::native::dispatch::{Simd, Task};
use crate::native::vector::Vector;

/// Products that are summed before the sum is added to what is there, as in dense chains. So many rows of b, four
/// vectors wide, fit into a quarter of a first-level cache.
const RUN: usize = 32;

/// What a product is added to.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    Zero,
    /// This row, to every row.
    Row(&'a [f32]),
    /// A row for each row.
    Rows(&'a [f32]),
    /// What `c` holds.
    Add,
}

/// A product: `a` has `rows` rows of `inner` numbers, `stride` apart; rows of `b` and `c` have `width` numbers, a
/// multiple of the lanes, without gap.
pub(super) struct Product<'a> {
    pub(super) rows: usize,
    pub(super) inner: usize,
    pub(super) width: usize,
    pub(super) a: &'a [f32],
    pub(super) stride: usize,
    pub(super) b: &'a [f32],
    pub(super) start: Start<'a>,
    pub(super) c: &'a mut [f32],
}

impl Product<'_> {
    /// Computes it.
    pub(super) fn run(self, simd: Simd) {
        simd.enter(self);
    }
}

impl Task for Product<'_> {
    #[inline(always)]
    fn run<V: Vector>(mut self) {
        let all = self.inner;
        let mut first = 0;
        loop {
            let left = all - first;
            // No short run at the end.
            self.inner = if left < RUN + RUN / 2 { left } else { RUN };
            strips::<V>(&mut self);
            first += self.inner;
            if first >= all {
                return;
            }
            self.a = &self.a[self.inner..];
            self.b = &self.b[self.inner * self.width..];
            self.start = Start::Add;
        }
    }
}

/// Strips of a few vectors, one after the other.
#[inline(always)]
fn strips<V: Vector>(p: &mut Product<'_>) {
    let mut j = 0;
    while j < p.width {
        let left = (p.width - j) / V::LANES;
        let vectors = if V::LANES < 16 {
            // Sixteen registers.
            if left == 1 {
                let i = tiles::<V, 8, 1>(p, 0, j);
                let i = tiles::<V, 2, 1>(p, i, j);
                tiles::<V, 1, 1>(p, i, j);
                1
            } else {
                let i = tiles::<V, 6, 2>(p, 0, j);
                let i = tiles::<V, 2, 2>(p, i, j);
                tiles::<V, 1, 2>(p, i, j);
                2
            }
        } else {
            match left {
                1 => {
                    let i = tiles::<V, 12, 1>(p, 0, j);
                    let i = tiles::<V, 4, 1>(p, i, j);
                    tiles::<V, 1, 1>(p, i, j);
                    1
                }
                2 => {
                    let i = tiles::<V, 12, 2>(p, 0, j);
                    let i = tiles::<V, 4, 2>(p, i, j);
                    tiles::<V, 1, 2>(p, i, j);
                    2
                }
                3 | 5 | 6 => {
                    let i = tiles::<V, 8, 3>(p, 0, j);
                    let i = tiles::<V, 2, 3>(p, i, j);
                    tiles::<V, 1, 3>(p, i, j);
                    3
                }
                _ => {
                    let i = tiles::<V, 6, 4>(p, 0, j);
                    let i = tiles::<V, 2, 4>(p, i, j);
                    tiles::<V, 1, 4>(p, i, j);
                    4
                }
            }
        };
        j += vectors * V::LANES;
    }
}

/// Rows from `i`, `R` at a time, of `N` vectors from column `j`; returns the first row that is left.
#[inline(always)]
fn tiles<V: Vector, const R: usize, const N: usize>(p: &mut Product<'_>, mut i: usize, j: usize) -> usize {
    let (width, inner) = (p.width, p.inner);
    let b = &p.b[..inner * width];
    while i + R <= p.rows {
        let mut rows = [&p.a[..0]; R];
        for r in 0..R {
            rows[r] = &p.a[(i + r) * p.stride..][..inner];
        }
        let mut sum = [[V::splat(0.0); N]; R];
        for k in 0..inner {
            let b = &b[k * width + j..][..N * V::LANES];
            let mut line = [V::splat(0.0); N];
            for q in 0..N {
                line[q] = V::load(&b[q * V::LANES..]);
            }
            for r in 0..R {
                let x = V::splat(rows[r][k]);
                for q in 0..N {
                    sum[r][q] = x.mul_add(line[q], sum[r][q]);
                }
            }
        }
        for r in 0..R {
            let at = (i + r) * width + j;
            let c = &mut p.c[at..][..N * V::LANES];
            let from = match p.start {
                Start::Zero => {
                    for q in 0..N {
                        sum[r][q].store(&mut c[q * V::LANES..]);
                    }
                    continue;
                }
                Start::Row(row) => &row[j..][..N * V::LANES],
                Start::Rows(rows) => &rows[at..][..N * V::LANES],
                Start::Add => &*c,
            };
            let mut line = [V::splat(0.0); N];
            for q in 0..N {
                line[q] = V::load(&from[q * V::LANES..]);
            }
            for q in 0..N {
                line[q].add(sum[r][q]).store(&mut c[q * V::LANES..]);
            }
        }
        i += R;
    }
    i
}
