//! Products of matrices whose columns lie in lanes: c = start + a·b.
//!
//! Where [`super::products`] has the batch in lanes and weights as single numbers, here the channels of
//! one point of a trajectory lie in lanes, and a row is a point. So a weight matrix, a table of cosines
//! and a trajectory can all be `b`, and the same few tiles serve point-wise layers, Fourier transforms,
//! the mixing of modes, and the gradients of all of them.
//!
//! A tile is MR rows by NR lines of c, which stay in registers: 24 of 32 with AVX-512, so that the
//! multiply-adds (two a cycle) need 10 loads for 24 of them (two loads a cycle). `a` is read number by
//! number, along its rows or its columns; `b` in blocks of [`DEPTH`] rows, which fit the first cache.
#![allow(clippy::needless_range_loop, reason = "several arrays of registers advance together")]

use super::level::{Level, Task};
use super::simd::{Line, Simd};

/// Rows of `b` that are gone through together: 64 rows of 4 lines are 16 KiB.
const DEPTH: usize = 64;

/// The left matrix, number by number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left<'a> {
    data: &'a [f32],
    stride: usize,
    turned: bool,
}

impl<'a> Left<'a> {
    /// The matrix as it lies: `stride` numbers from row to row.
    pub(super) fn rows(data: &'a [f32], stride: usize) -> Self {
        Self { data, stride, turned: false }
    }

    /// The transpose of what lies there: `stride` numbers from column to column.
    pub(super) fn turned(data: &'a [f32], stride: usize) -> Self {
        Self { data, stride, turned: true }
    }
}

/// What a product is added to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start<'a> {
    Zero,
    /// This row, to every row.
    Row(&'a [Line]),
    /// What `c` holds.
    Add,
}

/// Sizes of a product: rows of a and c, columns of a and rows of b, lines of a row of b and c.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) rows: usize,
    pub(super) inner: usize,
    pub(super) lines: usize,
}

/// `c = start + a·b`; rows of b and c follow each other without gap.
pub(super) fn product(level: Level, size: Size, a: Left<'_>, b: &[Line], start: Start<'_>, c: &mut [Line]) {
    level.run(Product { size, a, b, start, c });
}

struct Product<'a> {
    size: Size,
    a: Left<'a>,
    b: &'a [Line],
    start: Start<'a>,
    c: &'a mut [Line],
}

impl Task for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, s: S) {
        let Self { size, a, b, start, c } = self;
        if a.turned {
            blocks::<S, true>(s, size, a, b, start, c);
        } else {
            blocks::<S, false>(s, size, a, b, start, c);
        }
    }
}

/// Block of rows of `b` after block.
#[inline(always)]
fn blocks<S: Simd, const T: bool>(
    s: S,
    size: Size,
    a: Left<'_>,
    b: &[Line],
    mut start: Start<'_>,
    c: &mut [Line],
) {
    let mut p = 0;
    loop {
        let left = size.inner - p;
        // No short block at the end.
        let depth = if left < DEPTH + DEPTH / 2 { left } else { DEPTH };
        let data = &a.data[if T { p * a.stride } else { p }.min(a.data.len())..];
        strips::<S, T>(s, Size { inner: depth, ..size }, Left { data, ..a }, &b[p * size.lines..], start, c);
        p += depth;
        start = Start::Add;
        if p >= size.inner {
            return;
        }
    }
}

/// Strips of up to four lines, one after the other.
#[inline(always)]
fn strips<S: Simd, const T: bool>(
    s: S,
    size: Size,
    a: Left<'_>,
    b: &[Line],
    start: Start<'_>,
    c: &mut [Line],
) {
    let mut j = 0;
    while j < size.lines {
        let left = size.lines - j;
        let one = |mut i: usize, c: &mut [Line]| {
            if S::REGISTERS == 1 {
                i = strip::<S, T, 12, 1>(s, (i, j), size, a, b, start, c);
                i = strip::<S, T, 4, 1>(s, (i, j), size, a, b, start, c);
            } else if S::REGISTERS == 2 {
                i = strip::<S, T, 6, 1>(s, (i, j), size, a, b, start, c);
            }
            i = strip::<S, T, 2, 1>(s, (i, j), size, a, b, start, c);
            strip::<S, T, 1, 1>(s, (i, j), size, a, b, start, c);
        };
        if S::REGISTERS > 1 || left == 1 {
            one(0, c);
            j += 1;
        } else if left == 2 {
            let i = strip::<S, T, 12, 2>(s, (0, j), size, a, b, start, c);
            let i = strip::<S, T, 4, 2>(s, (i, j), size, a, b, start, c);
            strip::<S, T, 1, 2>(s, (i, j), size, a, b, start, c);
            j += 2;
        } else if left == 3 || left == 5 || left == 6 {
            let i = strip::<S, T, 8, 3>(s, (0, j), size, a, b, start, c);
            let i = strip::<S, T, 3, 3>(s, (i, j), size, a, b, start, c);
            strip::<S, T, 1, 3>(s, (i, j), size, a, b, start, c);
            j += 3;
        } else {
            let i = strip::<S, T, 6, 4>(s, (0, j), size, a, b, start, c);
            let i = strip::<S, T, 2, 4>(s, (i, j), size, a, b, start, c);
            strip::<S, T, 1, 4>(s, (i, j), size, a, b, start, c);
            j += 4;
        }
    }
}

/// Rows from `i`, `MR` at a time, of `NR` lines from `j`; returns the first row that is left.
#[inline(always)]
fn strip<S: Simd, const T: bool, const MR: usize, const NR: usize>(
    s: S,
    (mut i, j): (usize, usize),
    size: Size,
    a: Left<'_>,
    b: &[Line],
    start: Start<'_>,
    c: &mut [Line],
) -> usize {
    let (lines, stride) = (size.lines, a.stride);
    while i + MR <= size.rows {
        let mut sum = [[s.splat(0.0); NR]; MR];
        let c = &mut c[i * lines + j..];
        match start {
            Start::Zero => {}
            Start::Row(row) => {
                let row = &row[j..][..NR];
                for q in 0..NR {
                    let line = s.load(&row[q]);
                    for r in 0..MR {
                        sum[r][q] = line;
                    }
                }
            }
            Start::Add => {
                for r in 0..MR {
                    let c = &c[r * lines..][..NR];
                    for q in 0..NR {
                        sum[r][q] = s.load(&c[q]);
                    }
                }
            }
        }
        let mut rows = [&a.data[..0]; MR];
        if !T {
            for r in 0..MR {
                rows[r] = &a.data[(i + r) * stride..][..size.inner];
            }
        }
        let b = &b[j..];
        for p in 0..size.inner {
            let b = &b[p * lines..][..NR];
            let mut line = [s.splat(0.0); NR];
            for q in 0..NR {
                line[q] = s.load(&b[q]);
            }
            let column = if T { &a.data[p * stride + i..][..MR] } else { &a.data[..0] };
            for r in 0..MR {
                let x = s.splat(if T { column[r] } else { rows[r][p] });
                for q in 0..NR {
                    sum[r][q] = s.fma(x, line[q], sum[r][q]);
                }
            }
        }
        for r in 0..MR {
            let c = &mut c[r * lines..][..NR];
            for q in 0..NR {
                s.store(sum[r][q], &mut c[q]);
            }
        }
        i += MR;
    }
    i
}

/// Writes the transpose of `rows` rows of `b` (of `lines` lines) into `to`, whose rows have the lines
/// that `rows` numbers take; what is left of the last line keeps its numbers.
pub(super) fn turn(rows: usize, lines: usize, b: &[Line], to: &mut [Line]) {
    let (from, out) = (bytemuck::cast_slice::<Line, f32>(b), bytemuck::cast_slice_mut::<Line, f32>(to));
    let (width, height) = (lines * super::simd::LANES, rows.next_multiple_of(super::simd::LANES));
    // Blocks of 16 by 16: a line of either matrix is read or written once.
    for i in (0..rows).step_by(16) {
        let n = 16.min(rows - i);
        for j in (0..width).step_by(16) {
            let mut block = [[0.0f32; 16]; 16];
            for (r, block) in block.iter_mut().enumerate().take(n) {
                block.copy_from_slice(&from[(i + r) * width + j..][..16]);
            }
            for q in 0..16 {
                if (j + q) * height + i + n > out.len() {
                    break;
                }
                let row = &mut out[(j + q) * height + i..][..n];
                for (row, block) in row.iter_mut().zip(&block) {
                    *row = block[q];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fused::simd::LANES;

    fn numbers(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| (((i + seed) * 7919 + 13) % 401) as f32 / 200.5 - 1.0).collect()
    }

    fn lines(x: &[f32]) -> Vec<Line> {
        let (blocks, _) = x.as_chunks::<LANES>();
        blocks.iter().map(|b| Line(*b)).collect()
    }

    #[test]
    fn products_equal_plain_loops_for_every_shape() {
        for (rows, inner, count) in [
            (1, 1, 1),
            (6, 64, 4),
            (13, 5, 2),
            (25, 70, 3),
            (9, 300, 5),
            (7, 97, 6),
            (31, 2, 8),
            (5, 130, 14),
        ] {
            let width = count * LANES;
            let (a, b) = (numbers(rows * inner, 3), numbers(inner * width, 1));
            let before = numbers(rows * width, 7);
            let row = numbers(width, 2);
            let mut turned = vec![0.0; a.len()];
            crate::kernels::transpose(rows, inner, &a, &mut turned);
            for level in Level::available() {
                for left in [Left::rows(&a, inner), Left::turned(&turned, rows)] {
                    let row_lines = lines(&row);
                    for start in [Start::Zero, Start::Row(&row_lines), Start::Add] {
                        let mut c = lines(&before);
                        let size = Size { rows, inner, lines: count };
                        product(level, size, left, &lines(&b), start, &mut c);
                        let c: &[f32] = bytemuck::cast_slice(&c);
                        for i in 0..rows {
                            for j in 0..width {
                                let from = match start {
                                    Start::Zero => 0.0,
                                    Start::Row(_) => row[j],
                                    Start::Add => before[i * width + j],
                                };
                                let terms = (0..inner)
                                    .map(|p| f64::from(a[i * inner + p]) * f64::from(b[p * width + j]));
                                let exact = terms.sum::<f64>() + f64::from(from);
                                let error = (f64::from(c[i * width + j]) - exact).abs();
                                assert!(error < 3e-5, "{level:?} {rows}×{inner}×{count}: off by {error}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_matrix_turned_twice_is_itself() {
        for (rows, columns) in [(16, 16), (5, 32), (40, 48), (33, 16)] {
            let b = lines(&numbers(rows * columns, 5));
            let mut turned = vec![Line::ZERO; columns * rows.div_ceil(LANES)];
            turn(rows, columns / LANES, &b, &mut turned);
            let mut back = vec![Line::ZERO; rows * columns / LANES];
            turn(columns, rows.div_ceil(LANES), &turned, &mut back);
            assert!(back == b, "{rows}×{columns}");
        }
    }
}
