//! What the nodes of an operator's graph come to: operations on arrays of points and channels.

use std::rc::Rc;

use crate::native::program::{Activation, ColumnOp};
use crate::onnx::Constant;

/// The extents of an array of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) points: usize,
    pub(super) channels: usize,
}

/// The place of a node in the list of all.
pub(super) type Id = usize;

/// A function of every value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Function {
    /// One that dense chains have too.
    Of(Activation),
    /// x Φ(x), with the distribution function Φ of normal numbers
    Gelu,
    /// x for x > 0, α x otherwise
    LeakyRelu(f32),
}

/// A constant for each channel, the same at all points or of each point its own.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    /// One, or as many as the array has that it goes with.
    pub(super) points: usize,
    /// Row by row.
    pub(super) values: Vec<f32>,
}

impl Field {
    /// The one value that all are, if so.
    pub(super) fn scalar(&self) -> Option<f32> {
        let first = *self.values.first()?;
        self.values.iter().all(|&v| v == first).then_some(first)
    }
}

/// An operation. Operands are nodes before it.
#[derive(Debug, Clone)]
pub(super) enum Op {
    /// What is given.
    Input,
    /// Every point's channels times a matrix `[in, out]`, and a bias.
    Dense { x: Id, weights: Rc<Constant>, bias: Option<Rc<Field>> },
    /// An operation with constants.
    Columns { x: Id, op: ColumnOp, field: Rc<Field> },
    /// A function.
    Map { x: Id, function: Function },
    /// a + b
    Sum { a: Id, b: Id },
    /// Points of zeros around those of x: so many before them. It alone uses x, a point-wise operation.
    Pad { x: Id, before: usize },
    /// The points of x from one on.
    Slice { x: Id, start: usize },
    /// A spectral convolution: points to parts of modes, channels mixed mode by mode, and back to points.
    Spectral { x: Id, analysis: Rc<Constant>, mix: Rc<Constant>, synthesis: Rc<Constant> },
}

impl Op {
    /// The operands.
    pub(super) fn operands(&self) -> impl Iterator<Item = Id> {
        let pair = match *self {
            Self::Input => [None, None],
            Self::Sum { a, b } => [Some(a), Some(b)],
            Self::Dense { x, .. }
            | Self::Columns { x, .. }
            | Self::Map { x, .. }
            | Self::Pad { x, .. }
            | Self::Slice { x, .. }
            | Self::Spectral { x, .. } => [Some(x), None],
        };
        pair.into_iter().flatten()
    }

    /// Whether a point of the result depends on the same point of the operands alone.
    pub(super) fn is_pointwise(&self) -> bool {
        matches!(self, Self::Dense { .. } | Self::Columns { .. } | Self::Map { .. } | Self::Sum { .. })
    }
}

/// An operation and what comes out.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) op: Op,
    pub(super) shape: Shape,
}
