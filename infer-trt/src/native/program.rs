//! What a graph is compiled to.

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

/// Outputs of a dense layer computed together; the constants are padded to a multiple of it.
pub(crate) const BLOCK: usize = 4;

/// A dense layer and the activation after it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Dense {
    pub(crate) n_in: usize,
    pub(crate) n_out: usize,
    /// Blocks of [`BLOCK`] outputs; in each, for every input, the weights of these outputs.
    pub(crate) weights: Vec<[f32; BLOCK]>,
    /// Biases by block.
    pub(crate) bias: Vec<[f32; BLOCK]>,
    pub(crate) activation: Activation,
}

impl Dense {
    /// From the weights `[n_in, n_out]` in row-major order, without bias.
    pub(crate) fn new(n_in: usize, n_out: usize, w: &[f32]) -> Self {
        let blocks = n_out.div_ceil(BLOCK);
        let mut weights = Vec::with_capacity(blocks * n_in);
        for block in 0..blocks {
            for i in 0..n_in {
                weights.push(std::array::from_fn(|k| {
                    let o = block * BLOCK + k;
                    if o < n_out { w[i * n_out + o] } else { 0.0 }
                }));
            }
        }
        let bias = vec![[0.0; BLOCK]; blocks];
        Self { n_in, n_out, weights, bias, activation: Activation::Identity }
    }
}

/// One pass over a tile.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// A dense layer.
    Dense(Dense),
    /// An operation with one constant per column.
    Columns(ColumnOp, Vec<f32>),
    /// A function of every value, not behind a dense layer.
    Map(Activation),
}

/// A compiled graph.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Program {
    pub(crate) n_inputs: usize,
    pub(crate) n_outputs: usize,
    /// The widest row between two steps.
    pub(crate) width: usize,
    pub(crate) steps: Vec<Step>,
}
