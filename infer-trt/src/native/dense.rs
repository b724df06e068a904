//! Dense layers: sums of products of a tile's columns with weights, in registers.
//!
//! A layer reads each weight once per tile. What is multiplied is a number or several at once
//! ([`Factor`]); sums are `f32`.
#![allow(
    clippy::needless_range_loop,
    reason = "iterators in a function as large as the kernel may stay calls"
)]

use super::kernel::{Behind, Layers};
use super::program::{BLOCK, Dense};
use super::vector::Vector;

/// A register of what is multiplied: inputs of some rows, or a weight in every lane.
pub(crate) trait Factor<V: Vector>: Copy {
    /// A weight in memory.
    type Weight: Copy;
    /// So many products are summed in a row before they are added to the sum of those before, where there are more
    /// than twice as many: rounding errors grow with the length of a row of sums, and storing a sum takes time.
    const RUN: usize;

    /// The same weight everywhere.
    fn splat(weight: Self::Weight) -> Self;
    /// The sum, and the products of the lanes.
    fn add_products(self, x: Self, sum: V) -> V;
}

impl<V: Vector> Factor<V> for V {
    type Weight = f32;
    const RUN: usize = 16;

    #[inline(always)]
    fn splat(weight: f32) -> Self {
        <V as Vector>::splat(weight)
    }
    #[inline(always)]
    fn add_products(self, x: Self, sum: V) -> V {
        self.mul_add(x, sum)
    }
}

/// Every layer in `f32`; in halves, where there are few registers: see [`dense`].
pub(crate) struct Single<const HALVES: bool>;

impl<V: Vector, const T: usize, const HALVES: bool> Layers<V, T> for Single<HALVES> {
    type Layer = Dense;

    #[inline(always)]
    fn dense<'l>(&mut self, layer: &'l Dense, x: &[[V; T]], y: &mut [[V; T]]) -> Behind<'l> {
        dense::<V, V, T, HALVES>(layer, &x[..layer.n_in], y);
        Behind::of(layer)
    }
}

/// The sums of a layer, without its activation. `x` has as many entries as the layer has weights for
/// an output.
///
/// A block keeps `T` times [`BLOCK`] sums, `T` inputs and a weight in registers; in `HALVES`, half as
/// many sums: with sixteen registers, four outputs of two vectors take an eighth less time than eight
/// of one, which need a load for every product.
#[inline(always)]
pub(crate) fn dense<V: Vector, F: Factor<V>, const T: usize, const HALVES: bool>(
    layer: &Dense<F::Weight>,
    x: &[[F; T]],
    y: &mut [[V; T]],
) {
    let y = &mut y[..layer.n_out];
    let mut w = &layer.weights[..];
    let mut bias = &layer.bias[..];
    // Counted loops, here and below: iterators in a function as large as this one may stay calls.
    let (eights, rest) = y.as_chunks_mut::<BLOCK>();
    for k in 0..eights.len() {
        let (these, b);
        (these, w) = weights::<_, BLOCK>(w, x.len());
        (b, bias) = bias.split_at(BLOCK);
        if HALVES {
            let halves = eights[k].as_chunks_mut::<{ BLOCK / 2 }>().0;
            sums(these, 0, b, x, &mut halves[0]);
            sums(these, BLOCK / 2, b, x, &mut halves[1]);
        } else {
            sums(these, 0, b, x, &mut eights[k]);
        }
    }
    let (fours, rest) = rest.as_chunks_mut::<4>();
    if let [y] = fours {
        (w, bias) = block(w, bias, x, y);
    }
    let (twos, rest) = rest.as_chunks_mut::<2>();
    if let [y] = twos {
        (w, bias) = block(w, bias, x, y);
    }
    if let [y] = rest.as_chunks_mut::<1>().0 {
        block(w, bias, x, y);
    }
}

/// The weights of the block of `K` outputs at the front, input by input, and those behind it.
#[inline(always)]
fn weights<W, const K: usize>(weights: &[W], inputs: usize) -> (&[[W; K]], &[W]) {
    let (block, rest) = weights.split_at(K * inputs);
    (&block.as_chunks().0[..inputs], rest)
}

/// `K` outputs, from the weights and biases at the front; returns those behind them.
#[inline(always)]
fn block<'a, V: Vector, F: Factor<V>, const T: usize, const K: usize>(
    w: &'a [F::Weight],
    bias: &'a [f32],
    x: &[[F; T]],
    y: &mut [[V; T]; K],
) -> (&'a [F::Weight], &'a [f32]) {
    let (these, w) = weights::<_, K>(w, x.len());
    let (b, bias) = bias.split_at(K);
    sums(these, 0, b, x, y);
    (w, bias)
}

/// The outputs from `first` on of a block of `K`.
///
/// The bias comes last where there is more than one run: sums of products are rounded at their own size, which in
/// a [centred](super::centre) layer is less than that of the whole.
///
/// Plain loops of constant length, so that the sums stay in registers; a closure given to
/// `array::map` may not be inlined, and then is not compiled for the instruction set.
#[inline(always)]
fn sums<V: Vector, F: Factor<V>, const T: usize, const K: usize, const N: usize>(
    w: &[[F::Weight; K]],
    first: usize,
    bias: &[f32],
    x: &[[F; T]],
    y: &mut [[V; T]; N],
) {
    let w = &w[..x.len()];
    let mut sum = [[V::splat(0.0); T]; N];
    let run = if x.len().div_ceil(2) <= F::RUN { x.len() } else { F::RUN };
    if run == x.len() {
        for k in 0..N {
            sum[k] = [V::splat(bias[first + k]); T];
        }
    }
    let mut begin = 0;
    loop {
        let end = x.len().min(begin + run);
        for i in begin..end {
            for k in 0..N {
                let w = F::splat(w[i][first + k]);
                for t in 0..T {
                    sum[k][t] = w.add_products(x[i][t], sum[k][t]);
                }
            }
        }
        let last = end == x.len();
        if begin == 0 {
            *y = sum;
        } else if !last {
            for k in 0..N {
                for t in 0..T {
                    y[k][t] = y[k][t].add(sum[k][t]);
                }
            }
        } else {
            for k in 0..N {
                let bias = V::splat(bias[first + k]);
                for t in 0..T {
                    y[k][t] = y[k][t].add(sum[k][t]).add(bias);
                }
            }
        }
        if last {
            break;
        }
        begin = end;
        sum = [[V::splat(0.0); T]; N];
    }
}
