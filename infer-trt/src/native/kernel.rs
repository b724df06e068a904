//! Running a program over rows.
//!
//! A tile is a few vectors of rows for every column: `[[V; T]]`, column by column. All steps run on
//! one tile before the next is loaded, so intermediate values stay in the first-level cache.
//!
//! Every function here is inlined into the entry of an instruction set ([`super::dispatch`]).
#![allow(
    clippy::needless_range_loop,
    reason = "iterators in a function as large as the kernel may stay calls"
)]

use super::math;
use super::program::{Activation, ColumnOp, Program, Step};
use super::turn::Turn;
use super::vector::Vector;

/// Work is best divided in multiples of so many rows: a multiple of every tile.
pub(crate) const TILE_ROWS: usize = 64;

/// How a tile goes through the dense layers of a program.
pub(crate) trait Layers<V: Vector, const T: usize> {
    /// What a program holds of a layer.
    type Layer;

    /// Fills the first columns of `y`: returns how many, and the activation that is to follow.
    fn dense(&mut self, layer: &Self::Layer, x: &[[V; T]], y: &mut [[V; T]]) -> (usize, Activation);
}

/// Runs rows in tiles of `T` vectors; the last tile is filled with zeros. `x` has `n_inputs` values
/// per row, `y` has room for `n_outputs`.
#[inline(always)]
pub(crate) fn run<V: Vector, L: Layers<V, T>, const T: usize>(
    program: &Program<L::Layer>,
    layers: &mut L,
    x: &[f32],
    y: &mut [f32],
) {
    let (n, m) = (program.n_inputs, program.n_outputs);
    let tile = T * V::LANES;
    let rows = x.len() / n;
    let turns = [Turn::from_rows(n), Turn::to_rows(m)];
    let mut columns = [vec![[V::splat(0.0); T]; program.width], vec![[V::splat(0.0); T]; program.width]];
    let (mut x_last, mut y_last) = (Vec::new(), Vec::new());
    if !rows.is_multiple_of(tile) {
        (x_last, y_last) = (vec![0.0; tile * n], vec![0.0; tile * m]);
        let x = &x[rows / tile * tile * n..];
        x_last[..x.len()].copy_from_slice(x);
    }
    for k in 0..rows.div_ceil(tile) {
        let whole = (k + 1) * tile <= rows;
        let x = if whole { &x[k * tile * n..][..tile * n] } else { &x_last[..] };
        let y = if whole { &mut y[k * tile * m..][..tile * m] } else { &mut y_last[..] };
        one_tile(program, layers, &turns, &mut columns, x, y);
    }
    let y = &mut y[rows / tile * tile * m..];
    y.copy_from_slice(&y_last[..y.len()]);
}

#[inline(always)]
fn one_tile<V: Vector, L: Layers<V, T>, const T: usize>(
    program: &Program<L::Layer>,
    layers: &mut L,
    turns: &[Turn<V>; 2],
    columns: &mut [Vec<[V; T]>; 2],
    x: &[f32],
    y: &mut [f32],
) {
    let [a, b] = columns;
    let (mut a, mut b) = (&mut a[..], &mut b[..]);
    turns[0].columns(x, a);
    for step in &program.steps {
        let (width, activation) = match step {
            Step::Dense(layer) => {
                let next = layers.dense(layer, a, b);
                (a, b) = (b, a);
                next
            }
            Step::Columns(op, constants) => {
                self::columns(*op, constants, a);
                continue;
            }
            Step::Map(activation, width) => (*width, *activation),
        };
        map(activation, &mut a[..width]);
    }
    turns[1].rows(a, y);
}

#[inline(always)]
fn columns<V: Vector, const T: usize>(op: ColumnOp, constants: &[f32], a: &mut [[V; T]]) {
    let a = &mut a[..constants.len()];
    for i in 0..a.len() {
        let c = V::splat(constants[i]);
        for t in 0..T {
            let v = a[i][t];
            a[i][t] = match op {
                ColumnOp::Add => v.add(c),
                ColumnOp::Sub => v.sub(c),
                ColumnOp::SubFrom => c.sub(v),
                ColumnOp::Mul => v.mul(c),
                ColumnOp::Div => v.div(c),
                ColumnOp::DivInto => c.div(v),
            };
        }
    }
}

/// An activation of some columns, four at a time: which columns go together in [`math::quotients`]
/// depends on their number alone, and so do the last bits.
#[inline(always)]
fn map<V: Vector, const T: usize>(activation: Activation, a: &mut [[V; T]]) {
    macro_rules! each {
        ($f:ident $(, $constant:expr)?) => {{
            let (fours, rest) = a.as_chunks_mut::<4>();
            for k in 0..fours.len() {
                math::$f(&mut fours[k] $(, $constant)?);
            }
            let (twos, rest) = rest.as_chunks_mut::<2>();
            for k in 0..twos.len() {
                math::$f(&mut twos[k] $(, $constant)?);
            }
            let ones = rest.as_chunks_mut::<1>().0;
            for k in 0..ones.len() {
                math::$f(&mut ones[k] $(, $constant)?);
            }
        }};
    }
    match activation {
        Activation::Identity => {}
        Activation::Sigmoid => each!(sigmoid),
        Activation::Silu => each!(silu),
        Activation::Tanh => each!(tanh),
        Activation::Elu(alpha) => each!(elu, V::splat(alpha)),
        Activation::Relu => each!(relu),
        Activation::Sin => each!(sine),
    }
}
