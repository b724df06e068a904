//! What a graph is compiled to.

use std::ops::Range;

/// A function applied to every value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Activation {
    /// x
    Identity,
    /// 1/(1 + e⁻ˣ)
    Sigmoid,
    /// x/(1 + e⁻ˣ)
    Silu,
    /// tanh x
    Tanh,
    /// x for x > 0, α(eˣ − 1) otherwise
    Elu(f32),
    /// max(x, 0)
    Relu,
    /// sin x
    Sin,
}

/// An operation of every row with the same constants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnOp {
    /// x + c
    Add,
    /// x − c
    Sub,
    /// c − x
    SubFrom,
    /// x c
    Mul,
    /// x / c
    Div,
    /// c / x
    DivInto,
}

/// Most outputs of a dense layer that are computed together.
pub(crate) const BLOCK: usize = 8;

/// A dense layer and the activation after it; `W` is what is multiplied at a time, a weight or a pair
/// of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dense<W = f32> {
    pub(crate) n_in: usize,
    pub(crate) n_out: usize,
    /// Blocks of [`block`] outputs, one after the other; in each, for every input (or pair of
    /// inputs), the weights of these outputs.
    pub(crate) weights: Vec<W>,
    /// A number for each output.
    pub(crate) bias: Vec<f32>,
    pub(crate) activation: Activation,
    /// A number for each output, added behind the activation: [`UNMOVED`], unless the layer is
    /// [centred](super::centre).
    pub(crate) shift: Vec<f32>,
}

/// The number that leaves every other as it is when it is added.
pub(crate) const UNMOVED: f32 = -0.0;

/// How many of `left` outputs are computed together: [`BLOCK`], or the largest power of two.
#[inline(always)]
pub(crate) fn block(left: usize) -> usize {
    match left {
        BLOCK.. => BLOCK,
        4.. => 4,
        2.. => 2,
        _ => 1,
    }
}

impl Dense {
    /// From the weights `[n_in, n_out]` in row-major order, without bias.
    pub(crate) fn new(n_in: usize, n_out: usize, w: &[f32]) -> Self {
        let mut weights = Vec::with_capacity(n_in * n_out);
        let mut first = 0;
        while first < n_out {
            let size = block(n_out - first);
            for row in w.chunks_exact(n_out) {
                weights.extend_from_slice(&row[first..first + size]);
            }
            first += size;
        }
        let (bias, shift) = (vec![0.0; n_out], vec![UNMOVED; n_out]);
        Self { n_in, n_out, weights, bias, activation: Activation::Identity, shift }
    }
}

impl<W> Dense<W> {
    /// Outputs of which the weights stand together, and these weights.
    pub(crate) fn blocks(&self) -> impl Iterator<Item = (Range<usize>, &[W])> {
        let inputs = self.weights.len() / self.n_out.max(1);
        let (mut first, mut rest) = (0, &self.weights[..]);
        std::iter::from_fn(move || {
            let size = block(self.n_out.checked_sub(first).filter(|left| *left > 0)?);
            let (these, others) = rest.split_at(size * inputs);
            (first, rest) = (first + size, others);
            Some((first - size..first, these))
        })
    }
}

/// One pass over a tile; `L` is what a dense layer is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step<L = Dense> {
    /// A dense layer.
    Dense(L),
    /// An operation with one constant per column.
    Columns(ColumnOp, Vec<f32>),
    /// A function of every value of so many columns, not behind a dense layer.
    Map(Activation, usize),
}

/// A compiled graph.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Program<L = Dense> {
    pub(crate) n_inputs: usize,
    pub(crate) n_outputs: usize,
    /// The widest row between two steps.
    pub(crate) width: usize,
    pub(crate) steps: Vec<Step<L>>,
}
