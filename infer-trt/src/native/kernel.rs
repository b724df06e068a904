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
use super::program::{Activation, ColumnOp, Dense, Program, Step, UNMOVED};
use super::turn::Turn;
use super::vector::Vector;

/// Work is best divided in multiples of so many rows: a multiple of every tile.
pub(crate) const TILE_ROWS: usize = 64;

/// How a tile goes through the dense layers of a program.
pub(crate) trait Layers<V: Vector, const T: usize> {
    /// What a program holds of a layer.
    type Layer;

    /// Fills the first columns of `y`; returns what is to follow.
    fn dense<'l>(&mut self, layer: &'l Self::Layer, x: &[[V; T]], y: &mut [[V; T]]) -> Behind<'l>;
}

/// What follows the sums of a dense layer: an activation, and a number that is added to each column.
pub(crate) struct Behind<'l> {
    activation: Activation,
    shift: &'l [f32],
}

impl<'l> Behind<'l> {
    /// What is behind a layer.
    #[inline(always)]
    pub(crate) fn of<W>(layer: &'l Dense<W>) -> Self {
        Self { activation: layer.activation, shift: &layer.shift }
    }
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
    let unmoved = vec![UNMOVED; program.width];
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
        one_tile(program, layers, &turns, &mut columns, &unmoved, x, y);
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
    unmoved: &[f32],
    x: &[f32],
    y: &mut [f32],
) {
    let [a, b] = columns;
    let (mut a, mut b) = (&mut a[..], &mut b[..]);
    turns[0].columns(x, a);
    for step in &program.steps {
        let next = match step {
            Step::Dense(layer) => {
                let next = layers.dense(layer, a, b);
                (a, b) = (b, a);
                next
            }
            Step::Columns(op, constants) => {
                self::columns(*op, constants, a);
                continue;
            }
            Step::Map(activation, width) => Behind { activation: *activation, shift: &unmoved[..*width] },
        };
        map(&next, a);
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

/// The activation of some columns, four at a time: which columns go together in [`math::quotients`]
/// depends on their number alone, and so do the last bits.
#[inline(always)]
fn map<V: Vector, const T: usize>(next: &Behind<'_>, a: &mut [[V; T]]) {
    let a = &mut a[..next.shift.len()];
    // Calls by name: a closure may not be inlined, and then is not compiled for the instruction set.
    macro_rules! some {
        ($n:literal, $a:expr, $shift:expr, $f:ident $(, $constant:expr)?) => {{
            let (whole, a) = $a.as_chunks_mut::<$n>();
            let (shifts, shift) = $shift.as_chunks::<$n>();
            for k in 0..whole.len() {
                let mut plus = [V::splat(0.0); $n];
                for c in 0..$n {
                    plus[c] = V::splat(shifts[k][c]);
                }
                math::$f(&mut whole[k] $(, $constant)?, &plus);
            }
            (a, shift)
        }};
    }
    macro_rules! each {
        ($f:ident $(, $constant:expr)?) => {{
            let (a, shift) = some!(4, a, next.shift, $f $(, $constant)?);
            let (a, shift) = some!(2, a, shift, $f $(, $constant)?);
            some!(1, a, shift, $f $(, $constant)?);
        }};
    }
    match next.activation {
        Activation::Identity => {}
        Activation::Sigmoid => each!(sigmoid),
        Activation::Silu => each!(silu),
        Activation::Tanh => each!(tanh),
        Activation::Elu(alpha) => each!(elu, V::splat(alpha)),
        Activation::Relu => each!(relu),
        Activation::Sin => each!(sine),
    }
}
