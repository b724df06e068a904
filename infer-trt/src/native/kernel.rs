//! Running a program over rows.
//!
//! A tile is a few vectors of rows for every column: `[[V; T]]`, column by column. All steps run on
//! one tile before the next is loaded, so intermediate values stay in the first-level cache, and a
//! dense layer reads each weight once per tile.
//!
//! Every function here is inlined into the entry of an instruction set ([`super::dispatch`]).

use super::math;
use super::program::{Activation, BLOCK, ColumnOp, Dense, Program, Step};
use super::vector::Vector;

/// Rows in the largest tile: work is best divided in multiples of it.
pub(crate) const TILE_ROWS: usize = 64;

/// Runs whole rows in tiles of `T` vectors, and the rows left over in tiles of one: `x` has
/// `n_inputs` values per row, `y` has room for `n_outputs`.
///
/// A block of a dense layer keeps `T` times [`BLOCK`] sums, `T` inputs and a weight in registers:
/// `T` is the most that the instruction set has registers for.
#[inline(always)]
pub(crate) fn run<V: Vector, const T: usize>(program: &Program, x: &[f32], y: &mut [f32]) {
    let (n, m) = (program.n_inputs, program.n_outputs);
    let rows = x.len() / n;
    let full = rows / (T * V::LANES) * (T * V::LANES);
    let (x, x_rest) = x.split_at(full * n);
    let (y, y_rest) = y.split_at_mut(full * m);
    tiles::<V, T>(program, x, y);
    tiles::<V, 1>(program, x_rest, y_rest);
}

/// Runs tiles of `T` vectors; the last one may be part empty.
#[inline(always)]
fn tiles<V: Vector, const T: usize>(program: &Program, x: &[f32], y: &mut [f32]) {
    let (n, m) = (program.n_inputs, program.n_outputs);
    let tile = T * V::LANES;
    if x.is_empty() {
        return;
    }
    let mut a = vec![[V::splat(0.0); T]; program.width];
    let mut b = a.clone();
    for (x, y) in x.chunks(tile * n).zip(y.chunks_mut(tile * m)) {
        load(x, n, &mut a);
        for step in &program.steps {
            match step {
                Step::Dense(layer) => {
                    dense(layer, &a, &mut b);
                    std::mem::swap(&mut a, &mut b);
                }
                Step::Columns(op, constants) => columns(*op, constants, &mut a),
                Step::Map(activation) => map(*activation, &mut a),
            }
        }
        store(&a, m, y);
    }
}

/// Rows to columns; rows beyond the end of `x` are zero.
#[inline(always)]
fn load<V: Vector, const T: usize>(x: &[f32], n: usize, a: &mut [[V; T]]) {
    let mut lanes = [0.0; 16];
    for (i, a) in a[..n].iter_mut().enumerate() {
        for (t, a) in a.iter_mut().enumerate() {
            for (k, lane) in lanes[..V::LANES].iter_mut().enumerate() {
                *lane = x.get((t * V::LANES + k) * n + i).copied().unwrap_or(0.0);
            }
            *a = V::load(&lanes);
        }
    }
}

/// Columns to rows, as many as `y` holds.
#[inline(always)]
fn store<V: Vector, const T: usize>(a: &[[V; T]], m: usize, y: &mut [f32]) {
    let mut lanes = [0.0; 16];
    for (i, a) in a[..m].iter().enumerate() {
        for (t, a) in a.iter().enumerate() {
            a.store(&mut lanes);
            for (k, lane) in lanes[..V::LANES].iter().enumerate() {
                if let Some(y) = y.get_mut((t * V::LANES + k) * m + i) {
                    *y = *lane;
                }
            }
        }
    }
}

#[inline(always)]
fn dense<V: Vector, const T: usize>(layer: &Dense, x: &[[V; T]], y: &mut [[V; T]]) {
    let x = &x[..layer.n_in];
    let y = &mut y[..layer.n_out];
    let blocks = layer.weights.chunks_exact(layer.n_in).zip(&layer.bias);
    for ((w, bias), y) in blocks.zip(y.chunks_mut(BLOCK)) {
        match y {
            [y0, y1, y2, y3] => [*y0, *y1, *y2, *y3] = block::<V, T, 4>(w, bias, x),
            [y0, y1, y2] => [*y0, *y1, *y2] = block::<V, T, 3>(w, bias, x),
            [y0, y1] => [*y0, *y1] = block::<V, T, 2>(w, bias, x),
            [y0] => [*y0] = block::<V, T, 1>(w, bias, x),
            _ => {}
        }
    }
    map(layer.activation, y);
}

/// The first `K` outputs of a block.
///
/// Plain loops of constant length, so that the sums stay in registers; a closure given to
/// `array::map` may not be inlined, and then is not compiled for the instruction set.
#[inline(always)]
fn block<V: Vector, const T: usize, const K: usize>(
    weights: &[[f32; BLOCK]],
    bias: &[f32; BLOCK],
    x: &[[V; T]],
) -> [[V; T]; K] {
    let mut sum = [[V::splat(0.0); T]; K];
    for k in 0..K {
        sum[k] = [V::splat(bias[k]); T];
    }
    for (w, x) in weights.iter().zip(x) {
        for k in 0..K {
            let w = V::splat(w[k]);
            for t in 0..T {
                sum[k][t] = w.mul_add(x[t], sum[k][t]);
            }
        }
    }
    sum
}

#[inline(always)]
fn columns<V: Vector, const T: usize>(op: ColumnOp, constants: &[f32], a: &mut [[V; T]]) {
    for (a, c) in a.iter_mut().zip(constants) {
        let c = V::splat(*c);
        for v in a {
            *v = match op {
                ColumnOp::Add => v.add(c),
                ColumnOp::Sub => v.sub(c),
                ColumnOp::SubFrom => c.sub(*v),
                ColumnOp::Mul => v.mul(c),
                ColumnOp::Div => v.div(c),
                ColumnOp::DivInto => c.div(*v),
            };
        }
    }
}

#[inline(always)]
fn map<V: Vector, const T: usize>(activation: Activation, a: &mut [[V; T]]) {
    // Not a function of a function: its call may not be inlined, see `block`.
    macro_rules! each {
        ($f:ident $(, $constant:expr)?) => {
            for v in a.as_flattened_mut() {
                *v = math::$f(*v $(, $constant)?);
            }
        };
    }
    match activation {
        Activation::Identity => {}
        Activation::Sigmoid => each!(sigmoid),
        Activation::Silu => each!(silu),
        Activation::Tanh => each!(tanh),
        Activation::Elu(alpha) => each!(elu, V::splat(alpha)),
        Activation::Relu => each!(relu),
        Activation::Sin => each!(sin),
    }
}
