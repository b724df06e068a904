//! Operations of every value of some rows, in place.
#![allow(clippy::needless_range_loop, reason = "several arrays of registers advance together")]

use super::ir::Function;
use super::plan::Row;
use crate::native::dispatch::Task;
use crate::native::math::{self, Columns};
use crate::native::program::{Activation, ColumnOp, UNMOVED};
use crate::native::vector::Vector;

/// A function.
///
/// Four vectors go through it together; which ones depends on where they lie in the block, and so on the network
/// alone. Rows of one sample, and of no other, are in a block.
pub(super) struct Apply<'a> {
    pub(super) function: Function,
    pub(super) x: &'a mut [f32],
}

impl Task for Apply<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let x = self.x;
        macro_rules! each {
            ($f:ident $(, $constant:expr)*) => {{
                let fours = x.len() / (4 * V::LANES);
                for k in 0..fours {
                    let x = &mut x[k * 4 * V::LANES..][..4 * V::LANES];
                    let mut c = load::<V, 4>(x);
                    math::$f(&mut c $(, $constant)*);
                    store(&c, x);
                }
                for k in 4 * fours..x.len() / V::LANES {
                    let x = &mut x[k * V::LANES..][..V::LANES];
                    let mut c = load::<V, 1>(x);
                    math::$f(&mut c $(, $constant)*);
                    store(&c, x);
                }
            }};
        }
        match self.function {
            Function::Of(Activation::Identity) => {}
            Function::Of(Activation::Sigmoid) => each!(sigmoid, &nothing()),
            Function::Of(Activation::Silu) => each!(silu, &nothing()),
            Function::Of(Activation::Tanh) => each!(tanh, &nothing()),
            Function::Of(Activation::Elu(alpha)) => each!(elu, V::splat(alpha), &nothing()),
            Function::Of(Activation::Relu) => each!(relu, &nothing()),
            Function::Of(Activation::Sin) => each!(sine, &nothing()),
            Function::Gelu => each!(gelu),
            Function::LeakyRelu(alpha) => each!(leaky_relu, V::splat(alpha)),
        }
    }
}

/// What leaves every number as it is when it is added.
#[inline(always)]
fn nothing<V: Vector, const C: usize>() -> [V; C] {
    [V::splat(UNMOVED); C]
}

#[inline(always)]
fn load<V: Vector, const C: usize>(x: &[f32]) -> Columns<V, 1, C> {
    let mut c = [[V::splat(0.0); 1]; C];
    for k in 0..C {
        c[k][0] = V::load(&x[k * V::LANES..]);
    }
    c
}

#[inline(always)]
fn store<V: Vector, const C: usize>(c: &Columns<V, 1, C>, x: &mut [f32]) {
    for k in 0..C {
        c[k][0].store(&mut x[k * V::LANES..]);
    }
}

/// An operation with constants, of rows from point `first` on.
pub(super) struct Constants<'a> {
    pub(super) op: ColumnOp,
    pub(super) row: &'a Row,
    pub(super) first: usize,
    pub(super) x: &'a mut [f32],
}

impl Task for Constants<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { op, row, first, x } = self;
        let width = row.width;
        for k in 0..x.len() / width {
            let c = if row.points == 1 { &row.values } else { &row.values[(first + k) * width..] };
            let (c, x) = (&c[..width], &mut x[k * width..][..width]);
            let mut j = 0;
            while j < width {
                let (v, c) = (V::load(&x[j..]), V::load(&c[j..]));
                let y = match op {
                    ColumnOp::Add => v.add(c),
                    ColumnOp::Sub => v.sub(c),
                    ColumnOp::SubFrom => c.sub(v),
                    ColumnOp::Mul => v.mul(c),
                    ColumnOp::Div => v.div(c),
                    ColumnOp::DivInto => c.div(v),
                };
                y.store(&mut x[j..]);
                j += V::LANES;
            }
        }
    }
}

/// x + y, into x; both have as many values.
pub(super) struct Add<'a> {
    pub(super) x: &'a mut [f32],
    pub(super) y: &'a [f32],
}

impl Task for Add<'_> {
    #[inline(always)]
    fn run<V: Vector>(self) {
        let Self { x, y } = self;
        let y = &y[..x.len()];
        for k in 0..x.len() / V::LANES {
            let at = k * V::LANES;
            V::load(&x[at..]).add(V::load(&y[at..])).store(&mut x[at..]);
        }
    }
}
