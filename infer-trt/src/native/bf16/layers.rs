//! From a program in `f32` to one that has layers of pairs, and the way of a tile through them.
#![allow(
    clippy::needless_range_loop,
    reason = "iterators in a function as large as the kernel may stay calls"
)]

use super::pair::Pair;
use crate::native::dense::{Factor, dense};
use crate::native::kernel::{Behind, Layers};
use crate::native::program::{Dense, Program, Step};
use crate::native::vector::Vector;

/// A dense layer of a program that computes in `bf16`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Layer {
    /// In `f32`: the first layer and the last.
    Single(Dense),
    /// With weights in pairs.
    Pairs(Dense<Pair>),
}

/// Rounds the weights of every layer but the first and the last.
///
/// # Errors
/// Why nothing can be gained: there is no such layer, or a weight is too large.
pub(crate) fn lower(program: Program) -> Result<Program<Layer>, String> {
    let dense = |step: &Step| matches!(step, Step::Dense(_));
    let first = program.steps.iter().position(dense);
    let last = program.steps.iter().rposition(dense);
    let mut pairs = 0;
    let mut steps = Vec::with_capacity(program.steps.len());
    for (k, step) in program.steps.into_iter().enumerate() {
        steps.push(match step {
            Step::Dense(layer) if Some(k) == first || Some(k) == last => Step::Dense(Layer::Single(layer)),
            Step::Dense(layer) => {
                pairs += 1;
                Step::Dense(Layer::Pairs(pack(layer)?))
            }
            Step::Columns(op, constants) => Step::Columns(op, constants),
            Step::Map(activation, width) => Step::Map(activation, width),
        });
    }
    if pairs == 0 {
        return Err("its first dense layer and its last compute in f32, and it has no other".to_owned());
    }
    let Program { n_inputs, n_outputs, width, .. } = program;
    Ok(Program { n_inputs, n_outputs, width, steps })
}

/// The weights of a layer in pairs of inputs; an odd last input gets a companion of weight zero.
fn pack(layer: Dense) -> Result<Dense<Pair>, String> {
    let mut packed = Vec::with_capacity(layer.n_out * layer.n_in.div_ceil(2));
    for (outputs, weights) in layer.blocks() {
        for inputs in weights.chunks(2 * outputs.len()) {
            let (first, second) = inputs.split_at(outputs.len());
            let pair = |k| Pair::new(first[k], second.get(k).copied().unwrap_or(0.0));
            packed.extend((0..outputs.len()).map(pair));
        }
    }
    if packed.iter().any(|pair| pair.numbers().iter().any(|w| w.is_infinite())) {
        return Err("a weight is beyond the largest number of 16 bits, 3.4e38".to_owned());
    }
    let Dense { n_in, n_out, bias, activation, shift, .. } = layer;
    Ok(Dense { n_in, n_out, weights: packed, bias, activation, shift })
}

/// A register of pairs: for each of its rows, two inputs, or two weights.
pub(crate) trait Pairs<V: Vector>: Factor<V, Weight = Pair> {
    /// The rows of two columns, rounded.
    fn pack(first: V, second: V) -> Self;
}

/// Layers of pairs and of `f32`.
pub(crate) struct Mixed<P, const T: usize> {
    /// The inputs of the layer that is computed.
    pairs: Vec<[P; T]>,
}

impl<P: Copy, const T: usize> Mixed<P, T> {
    /// For layers of up to so many inputs.
    #[inline(always)]
    pub(crate) fn new<V: Vector>(width: usize) -> Self
    where
        P: Pairs<V>,
    {
        let zero = V::splat(0.0);
        Self { pairs: vec![[P::pack(zero, zero); T]; width.div_ceil(2)] }
    }

    /// Rounds the inputs of a layer.
    #[inline(always)]
    fn pack<V: Vector>(&mut self, x: &[[V; T]]) -> &[[P; T]]
    where
        P: Pairs<V>,
    {
        let pairs = &mut self.pairs[..x.len().div_ceil(2)];
        let (twos, one) = x.as_chunks::<2>();
        for i in 0..twos.len() {
            for t in 0..T {
                pairs[i][t] = P::pack(twos[i][0][t], twos[i][1][t]);
            }
        }
        if let [last] = one {
            for t in 0..T {
                pairs[twos.len()][t] = P::pack(last[t], V::splat(0.0));
            }
        }
        pairs
    }
}

impl<V: Vector, P: Pairs<V>, const T: usize> Layers<V, T> for Mixed<P, T> {
    type Layer = Layer;

    #[inline(always)]
    fn dense<'l>(&mut self, layer: &'l Layer, x: &[[V; T]], y: &mut [[V; T]]) -> Behind<'l> {
        match layer {
            Layer::Single(layer) => {
                dense::<V, V, T, false>(layer, &x[..layer.n_in], y);
                Behind::of(layer)
            }
            Layer::Pairs(layer) => {
                dense::<V, P, T, false>(layer, self.pack(&x[..layer.n_in]), y);
                Behind::of(layer)
            }
        }
    }
}
