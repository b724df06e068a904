//! Dense layers: sums of products of a tile's columns with weights, in registers.
//!
//! A layer reads each weight once per tile. What is multiplied is a number or several at once
//! ([`Factor`]); sums are `f32`.
#![allow(
    clippy::needless_range_loop,
    reason = "iterators in a function as large as the kernel may stay calls"
)]

use super::kernel::Layers;
use super::program::{Activation, BLOCK, Dense};
use super::vector::Vector;

/// A register of what is multiplied: inputs of some rows, or a weight in every lane.
pub(crate) trait Factor<V: Vector>: Copy {
    /// A weight in memory.
    type Weight: Copy;
    /// So many products are summed in a row before they are added to the sum of those before:
    /// rounding errors grow with the length of a row of sums.
    const RUN: usize;

    /// The same weight everywhere.
    fn splat(weight: Self::Weight) -> Self;
    /// The sum, and the products of the lanes.
    fn add_products(self, x: Self, sum: V) -> V;
}

impl<V: Vector> Factor<V> for V {
    type Weight = f32;
    const RUN: usize = 32;

    #[inline(always)]
    fn splat(weight: f32) -> Self {
        <V as Vector>::splat(weight)
    }
    #[inline(always)]
    fn add_products(self, x: Self, sum: V) -> V {
        self.mul_add(x, sum)
    }
}

/// Every layer in `f32`.
pub(crate) struct Single;

impl<V: Vector, const T: usize> Layers<V, T> for Single {
    type Layer = Dense;

    #[inline(always)]
    fn dense(&mut self, layer: &Dense, x: &[[V; T]], y: &mut [[V; T]]) -> (usize, Activation) {
        dense(layer, &x[..layer.n_in], y);
        (layer.n_out, layer.activation)
    }
}

/// The sums of a layer, without its activation. `x` has as many entries as the layer has weights for
/// an output.
///
/// A block keeps `T` times [`BLOCK`] sums, `T` inputs and a weight in registers.
#[inline(always)]
pub(crate) fn dense<V: Vector, F: Factor<V>, const T: usize>(
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
        (w, bias) = block(w, bias, x, &mut eights[k]);
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

/// `K` outputs, from the weights and biases at the front; returns those behind them.
///
/// Plain loops of constant length, so that the sums stay in registers; a closure given to
/// `array::map` may not be inlined, and then is not compiled for the instruction set.
#[inline(always)]
fn block<'a, V: Vector, F: Factor<V>, const T: usize, const K: usize>(
    weights: &'a [F::Weight],
    bias: &'a [f32],
    x: &[[F; T]],
    y: &mut [[V; T]; K],
) -> (&'a [F::Weight], &'a [f32]) {
    let (w, weights) = weights.split_at(K * x.len());
    let (b, bias) = bias.split_at(K);
    let w = &w.as_chunks::<K>().0[..x.len()];
    let mut sum = [[V::splat(0.0); T]; K];
    for k in 0..K {
        sum[k] = [V::splat(b[k]); T];
    }
    let mut first = 0;
    loop {
        let end = x.len().min(first + F::RUN);
        for i in first..end {
            for k in 0..K {
                let w = F::splat(w[i][k]);
                for t in 0..T {
                    sum[k][t] = w.add_products(x[i][t], sum[k][t]);
                }
            }
        }
        if first == 0 {
            *y = sum;
        } else {
            for k in 0..K {
                for t in 0..T {
                    y[k][t] = y[k][t].add(sum[k][t]);
                }
            }
        }
        first = end;
        if end == x.len() {
            break;
        }
        sum = [[V::splat(0.0); T]; K];
    }
    (weights, bias)
}
