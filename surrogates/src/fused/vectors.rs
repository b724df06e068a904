//! Products of a dense layer for one row: neurons in lanes, weights as lines.
//!
//! A matrix is `[row][line]`: its rows are padded with zeros to whole lines. For 64×64 weights a product
//! reads 16 KiB from the first cache and makes one multiply-add for each line that it loads, so that it runs
//! as fast as the cache gives. Gradients by weights are sums of outer products over many rows: they are taken
//! for a whole block of rows, in tiles that stay in registers.
#![allow(clippy::needless_range_loop, reason = "several arrays of registers advance together")]

use super::simd::{LANES, Line, Simd};

/// Number `i` of lines that follow each other.
#[inline(always)]
fn number(x: &[Line], i: usize) -> f32 {
    x[i / LANES].0[i % LANES]
}

/// y = start + Σᵢ xᵢ·(row i) over the first `n` numbers of `x`; `w` has `n` rows of as many lines as `y`.
#[inline(always)]
pub(super) fn combine<S: Simd>(s: S, (x, n): (&[Line], usize), w: &[Line], start: &[Line], y: &mut [Line]) {
    let mut from = 0;
    if S::REGISTERS == 1 {
        from = combine_strip::<S, 4>(s, from, (x, n), w, start, y);
    }
    if S::REGISTERS <= 2 {
        from = combine_strip::<S, 2>(s, from, (x, n), w, start, y);
    }
    combine_strip::<S, 1>(s, from, (x, n), w, start, y);
}

/// Lines from `from`, `N` at a time; returns the first that is left. An empty `start` is zero.
#[inline(always)]
fn combine_strip<S: Simd, const N: usize>(
    s: S,
    mut from: usize,
    (x, n): (&[Line], usize),
    w: &[Line],
    start: &[Line],
    y: &mut [Line],
) -> usize {
    let lines = y.len();
    while from + N <= lines {
        // Two sums for each line, so that multiply-adds do not wait for each other.
        let (mut even, mut odd) = ([s.splat(0.0); N], [s.splat(0.0); N]);
        if let Some(start) = start.get(from..from + N) {
            for j in 0..N {
                even[j] = s.load(&start[j]);
            }
        }
        let mut i = 0;
        for pair in w[..n * lines].chunks_exact(2 * lines) {
            let (a, b) = (s.splat(number(x, i)), s.splat(number(x, i + 1)));
            let (first, second) = pair.split_at(lines);
            let (first, second) = (&first[from..from + N], &second[from..from + N]);
            for j in 0..N {
                even[j] = s.fma(a, s.load(&first[j]), even[j]);
                odd[j] = s.fma(b, s.load(&second[j]), odd[j]);
            }
            i += 2;
        }
        if i < n {
            let (a, last) = (s.splat(number(x, i)), &w[i * lines + from..][..N]);
            for j in 0..N {
                even[j] = s.fma(a, s.load(&last[j]), even[j]);
            }
        }
        for j in 0..N {
            s.store(s.add(even[j], odd[j]), &mut y[from + j]);
        }
        from += N;
    }
    from
}

/// yᵢ = x·(row i) for as many rows of `w` as `y` has numbers.
#[inline(always)]
pub(super) fn dots<S: Simd>(s: S, x: &[Line], w: &[Line], y: &mut [f32]) {
    let lines = x.len();
    for (q, y) in y.chunks_mut(4).enumerate() {
        let mut sums = [s.zero_sum(); 4];
        let rows = &w[4 * q * lines..][..y.len() * lines];
        for (sum, row) in sums.iter_mut().zip(rows.chunks_exact(lines)) {
            for (x, w) in x.iter().zip(row) {
                *sum = s.accumulate(s.load(x), s.load(w), *sum);
            }
        }
        let mut totals = [0.0; 4];
        s.add_totals(sums, &mut totals);
        y.copy_from_slice(&totals[..y.len()]);
    }
}

/// What a block of rows adds to a matrix: Σₚ xₚ dₚᵀ.
pub(super) struct Outer<'a> {
    /// The numbers of all rows that may be asked for, `x_lines` lines a row …
    pub(super) x: &'a [Line],
    pub(super) x_lines: usize,
    /// … and which of them the block has.
    pub(super) x_rows: &'a [u32],
    /// The same of the other factor, row by row the partner of `x`.
    pub(super) d: &'a [Line],
    pub(super) d_lines: usize,
    pub(super) d_rows: &'a [u32],
}

impl Outer<'_> {
    /// Adds the sums to the first `n` rows of `to`, of `d_lines` lines each.
    #[inline(always)]
    pub(super) fn add_to<S: Simd>(&self, s: S, n: usize, to: &mut [Line]) {
        let mut i = 0;
        while i < n {
            i += match n - i {
                4.. if S::REGISTERS == 1 => self.rows::<S, 4>(s, i, to),
                2.. if S::REGISTERS <= 2 => self.rows::<S, 2>(s, i, to),
                _ => self.rows::<S, 1>(s, i, to),
            };
        }
    }

    #[inline(always)]
    fn rows<S: Simd, const M: usize>(&self, s: S, i: usize, to: &mut [Line]) -> usize {
        let mut j = 0;
        while j < self.d_lines {
            j += match self.d_lines - j {
                4.. if S::REGISTERS == 1 => self.tile::<S, M, 4>(s, (i, j), to),
                2.. if S::REGISTERS <= 2 => self.tile::<S, M, 2>(s, (i, j), to),
                _ => self.tile::<S, M, 1>(s, (i, j), to),
            };
        }
        M
    }

    #[inline(always)]
    fn tile<S: Simd, const M: usize, const N: usize>(
        &self,
        s: S,
        (i, j): (usize, usize),
        to: &mut [Line],
    ) -> usize {
        let mut sum = [[s.splat(0.0); N]; M];
        for (x_row, d_row) in self.x_rows.iter().zip(self.d_rows) {
            // A tile's rows lie within one line, since M divides the lanes and i is a multiple of M.
            let x = &self.x[*x_row as usize * self.x_lines + i / LANES].0[i % LANES..][..M];
            let d = &self.d[*d_row as usize * self.d_lines + j..][..N];
            let mut lines = [s.splat(0.0); N];
            for q in 0..N {
                lines[q] = s.load(&d[q]);
            }
            for m in 0..M {
                let x = s.splat(x[m]);
                for q in 0..N {
                    sum[m][q] = s.fma(x, lines[q], sum[m][q]);
                }
            }
        }
        for m in 0..M {
            let to = &mut to[(i + m) * self.d_lines + j..][..N];
            for q in 0..N {
                s.store(s.add(s.load(&to[q]), sum[m][q]), &mut to[q]);
            }
        }
        N
    }
}
