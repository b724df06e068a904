//! The three products of a dense layer on panels, in tiles that stay in registers.
//!
//! A panel is `[feature][L]` lines: `16·L` rows of the batch. Weights are `[inputs + 1, outputs]`,
//! row by row, the biases last: the input has a last feature that is 1 for values and 0 for
//! derivatives, so a bias is a weight like any other.
//!
//! A tile multiplies MO numbers of one matrix with NR lines of the other; MO·NR sums grow in
//! registers, 16 of 32 with AVX-512 and 12 of 16 with AVX2, so that the multiply-adds wait neither for each
//! other (latency 4, two a cycle: 8 in flight) nor for loads (8 for 16 multiply-adds, two a cycle).
#![allow(clippy::needless_range_loop, reason = "several arrays of registers advance together")]

use super::simd::{Line, Simd};

/// y = xᵀW for one panel: `x` has inputs + 1 features, `y` receives `outputs`.
#[inline(always)]
pub(super) fn forward<S: Simd, const L: usize>(s: S, x: &[[Line; L]], w: &[f32], y: &mut [[Line; L]]) {
    let mut o = 0;
    if S::REGISTERS == 1 {
        if L < 4 {
            o = forward_strip::<S, 8, L, L>(s, o, y.len(), x, w, y);
        }
        o = forward_strip::<S, 4, L, L>(s, o, y.len(), x, w, y);
        o = forward_strip::<S, 2, L, L>(s, o, y.len(), x, w, y);
        forward_strip::<S, 1, L, L>(s, o, y.len(), x, w, y);
    } else {
        if S::REGISTERS == 2 {
            o = forward_strip::<S, 6, 1, L>(s, o, sixes(y.len()), x, w, y);
            o = forward_strip::<S, 4, 1, L>(s, o, y.len(), x, w, y);
            if L > 1 {
                // A narrow last layer: two lines together, or too few sums grow.
                o = forward_strip::<S, 2, 2, L>(s, o, y.len(), x, w, y);
            }
        }
        o = forward_strip::<S, 2, 1, L>(s, o, y.len(), x, w, y);
        forward_strip::<S, 1, 1, L>(s, o, y.len(), x, w, y);
    }
}

/// How many of `n` are taken six at a time, so that fours are left rather than twos: 8 is two fours.
fn sixes(n: usize) -> usize {
    match n % 6 {
        2 => (n - 2).saturating_sub(6),
        rest => n - rest,
    }
}

/// Outputs from `o` up to `end`, `MO` at a time; returns the first that is left.
#[inline(always)]
fn forward_strip<S: Simd, const MO: usize, const NR: usize, const L: usize>(
    s: S,
    mut o: usize,
    end: usize,
    x: &[[Line; L]],
    w: &[f32],
    y: &mut [[Line; L]],
) -> usize {
    let outputs = y.len();
    while o + MO <= end {
        for c in (0..L).step_by(NR) {
            let mut sum = [[s.splat(0.0); NR]; MO];
            // Counted, not cut into chunks: that would divide in each tile.
            let mut from = o;
            for x in x {
                let w = &w[from..][..MO];
                from += outputs;
                let mut lines = [s.splat(0.0); NR];
                for j in 0..NR {
                    lines[j] = s.load(&x[c + j]);
                }
                for m in 0..MO {
                    let w = s.splat(w[m]);
                    for j in 0..NR {
                        sum[m][j] = s.fma(w, lines[j], sum[m][j]);
                    }
                }
            }
            for m in 0..MO {
                for j in 0..NR {
                    s.store(sum[m][j], &mut y[o + m][c + j]);
                }
            }
        }
        o += MO;
    }
    o
}

/// gx = W·gz for one panel: `gz` has the outputs, `gx` receives the inputs (without the last).
#[inline(always)]
pub(super) fn backward<S: Simd, const L: usize>(s: S, gz: &[[Line; L]], w: &[f32], gx: &mut [[Line; L]]) {
    let mut i = 0;
    if S::REGISTERS == 1 {
        if L < 4 {
            i = backward_strip::<S, 8, L, L>(s, i, gx.len(), gz, w, gx);
        }
        i = backward_strip::<S, 4, L, L>(s, i, gx.len(), gz, w, gx);
        i = backward_strip::<S, 2, L, L>(s, i, gx.len(), gz, w, gx);
        backward_strip::<S, 1, L, L>(s, i, gx.len(), gz, w, gx);
    } else {
        if S::REGISTERS == 2 {
            i = backward_strip::<S, 6, 1, L>(s, i, sixes(gx.len()), gz, w, gx);
            i = backward_strip::<S, 4, 1, L>(s, i, gx.len(), gz, w, gx);
        }
        i = backward_strip::<S, 2, 1, L>(s, i, gx.len(), gz, w, gx);
        backward_strip::<S, 1, 1, L>(s, i, gx.len(), gz, w, gx);
    }
}

/// Inputs from `i` up to `end`, `MI` at a time; returns the first that is left.
#[inline(always)]
fn backward_strip<S: Simd, const MI: usize, const NR: usize, const L: usize>(
    s: S,
    mut i: usize,
    end: usize,
    gz: &[[Line; L]],
    w: &[f32],
    gx: &mut [[Line; L]],
) -> usize {
    let outputs = gz.len();
    while i + MI <= end {
        let mut rows = [&w[..0]; MI];
        for m in 0..MI {
            rows[m] = &w[(i + m) * outputs..][..outputs];
        }
        for c in (0..L).step_by(NR) {
            let mut sum = [[s.splat(0.0); NR]; MI];
            for (o, gz) in gz.iter().enumerate() {
                let mut lines = [s.splat(0.0); NR];
                for j in 0..NR {
                    lines[j] = s.load(&gz[c + j]);
                }
                for m in 0..MI {
                    let w = s.splat(rows[m][o]);
                    for j in 0..NR {
                        sum[m][j] = s.fma(w, lines[j], sum[m][j]);
                    }
                }
            }
            for m in 0..MI {
                for j in 0..NR {
                    s.store(sum[m][j], &mut gx[i + m][c + j]);
                }
            }
        }
        i += MI;
    }
    i
}

/// gw += x·gzᵀ over panels that follow each other: `x` has `inputs + 1` features a panel, `gz` has
/// `outputs`.
#[inline(always)]
pub(super) fn weights<S: Simd, const L: usize>(
    s: S,
    outputs: usize,
    x: &[[Line; L]],
    gz: &[[Line; L]],
    gw: &mut [f32],
) {
    let inputs = gw.len() / outputs;
    let mut i = 0;
    if S::REGISTERS == 1 {
        i = weights_strip::<S, 4, L>(s, i, (inputs, outputs), x, gz, gw);
    } else if S::REGISTERS == 2 {
        i = weights_strip::<S, 3, L>(s, i, (inputs, outputs), x, gz, gw);
    }
    i = weights_strip::<S, 2, L>(s, i, (inputs, outputs), x, gz, gw);
    weights_strip::<S, 1, L>(s, i, (inputs, outputs), x, gz, gw);
}

#[inline(always)]
fn weights_strip<S: Simd, const MI: usize, const L: usize>(
    s: S,
    mut i: usize,
    shape: (usize, usize),
    x: &[[Line; L]],
    gz: &[[Line; L]],
    gw: &mut [f32],
) -> usize {
    while i + MI <= shape.0 {
        let mut o = 0;
        while o + 4 <= shape.1 {
            weights_tile::<S, MI, 4, L>(s, (i, o), shape, x, gz, gw);
            o += 4;
        }
        while o + 2 <= shape.1 {
            weights_tile::<S, MI, 2, L>(s, (i, o), shape, x, gz, gw);
            o += 2;
        }
        if o < shape.1 {
            weights_tile::<S, MI, 1, L>(s, (i, o), shape, x, gz, gw);
        }
        i += MI;
    }
    i
}

#[inline(always)]
fn weights_tile<S: Simd, const MI: usize, const MO: usize, const L: usize>(
    s: S,
    (i, o): (usize, usize),
    (inputs, outputs): (usize, usize),
    x: &[[Line; L]],
    gz: &[[Line; L]],
    gw: &mut [f32],
) {
    let mut sum = [[s.zero_sum(); 4]; MI];
    // Counted, not cut into chunks: that would divide twice in each tile.
    let (mut from_x, mut from_gz) = (i, o);
    while from_x < x.len() {
        let (x, gz) = (&x[from_x..][..MI], &gz[from_gz..][..MO]);
        from_x += inputs;
        from_gz += outputs;
        for j in 0..L {
            // Register by register, so that no more are in use than there are.
            for k in 0..S::REGISTERS {
                let mut own = [s.zero_sum(); MI];
                for m in 0..MI {
                    own[m] = s.register(&x[m][j], k);
                }
                for q in 0..MO {
                    let other = s.register(&gz[q][j], k);
                    for m in 0..MI {
                        sum[m][q] = s.accumulate_register(own[m], other, sum[m][q]);
                    }
                }
            }
        }
    }
    // Written out: a loop that the compiler leaves rolled would keep all sums in memory.
    if MI > 0 {
        add_row::<S, MO>(s, sum[0], &mut gw[i * outputs + o..]);
    }
    if MI > 1 {
        add_row::<S, MO>(s, sum[1], &mut gw[(i + 1) * outputs + o..]);
    }
    if MI > 2 {
        add_row::<S, MO>(s, sum[2], &mut gw[(i + 2) * outputs + o..]);
    }
    if MI > 3 {
        add_row::<S, MO>(s, sum[3], &mut gw[(i + 3) * outputs + o..]);
    }
}

/// Adds the totals of the first `MO` sums to the first `MO` numbers of `row`.
#[inline(always)]
fn add_row<S: Simd, const MO: usize>(s: S, sums: [S::Sum; 4], row: &mut [f32]) {
    if MO == 4
        && let Some(row) = row.first_chunk_mut()
    {
        s.add_totals(sums, row);
        return;
    }
    let mut totals = [0.0; 4];
    s.add_totals(sums, &mut totals);
    for (row, total) in row.iter_mut().zip(totals).take(MO) {
        *row += total;
    }
}
