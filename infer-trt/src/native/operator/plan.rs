//! What a session goes through for every sample.

use super::ir::Function;
use super::mix::Mix;
use super::numbers::Numbers;
use super::tables::Left;
use crate::native::program::ColumnOp;

/// All of an operator, laid out for vectors of some width. Widths of rows are in values, padded ones included.
#[derive(Debug)]
pub(super) struct Plan {
    /// Stages of all samples of a group, one after the other; after each of them modes are mixed.
    pub(super) stages: Vec<Stage>,
    pub(super) buffers: Vec<Buffer>,
    pub(super) maps: Vec<Map>,
    pub(super) fields: Vec<Row>,
    pub(super) convolutions: Vec<Convolution>,
    pub(super) tables: Vec<Left>,
    /// Points that go through a pass together.
    pub(super) block: usize,
    /// Arrays of a block that a pass needs, and the values of each.
    pub(super) slots: usize,
    pub(super) slot: usize,
    /// Samples of a group.
    pub(super) room: usize,
    /// Values of a sample: modes before they are mixed, and after; the longest spectrum; the widest row of one.
    pub(super) modes: usize,
    pub(super) mixed: usize,
    pub(super) spectrum: usize,
    pub(super) fold: usize,
    /// Values of a sample that are given and asked for, at a point and at all.
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) n_inputs: usize,
    pub(super) n_outputs: usize,
    /// Multiplications for a sample, about.
    pub(super) work: usize,
}

/// What is done with a sample between two mixings.
#[derive(Debug, Default)]
pub(super) struct Stage {
    /// Convolutions whose mixed modes become points.
    pub(super) syntheses: Vec<usize>,
    pub(super) fills: Vec<Fill>,
    pub(super) passes: Vec<Pass>,
    /// Convolutions whose points become modes.
    pub(super) analyses: Vec<usize>,
}

/// Memory of a value that is whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Buffer {
    pub(super) size: usize,
    /// Whether each sample of a group has its own; otherwise it is used by one after the other.
    pub(super) each: bool,
}

/// Rows of a buffer from one on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct View {
    pub(super) buffer: usize,
    pub(super) row: usize,
    pub(super) width: usize,
}

/// Zeros around points that stand in a buffer.
#[derive(Debug)]
pub(super) struct Fill {
    pub(super) view: View,
    pub(super) rows: usize,
}

/// Steps that every block of points goes through.
#[derive(Debug)]
pub(super) struct Pass {
    pub(super) points: usize,
    pub(super) steps: Vec<Step>,
}

/// Where a step reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Slot(usize),
    Buffer(View),
}

/// A step of a block. Numbers name slots, maps and fields; `width` is that of a row.
#[derive(Debug)]
pub(super) enum Step {
    Input { to: usize, width: usize },
    Dense { from: Source, map: usize, to: usize },
    Columns { op: ColumnOp, field: usize, at: usize },
    Map { function: Function, width: usize, at: usize },
    Add { from: Source, width: usize, at: usize },
    Copy { from: Source, width: usize, to: usize },
    Store { from: usize, to: View },
    Output { from: usize, width: usize },
}

/// A dense map.
#[derive(Debug)]
pub(super) struct Map {
    pub(super) inputs: usize,
    /// Of a row that goes in, and of one that comes out.
    pub(super) stride: usize,
    pub(super) width: usize,
    pub(super) weights: Numbers,
    pub(super) bias: Option<Row>,
}

/// One row of constants, or one for each point.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) points: usize,
    pub(super) width: usize,
    pub(super) values: Numbers,
}

/// A spectral convolution.
#[derive(Debug)]
pub(super) struct Convolution {
    /// Which tables it has.
    pub(super) analysis: usize,
    pub(super) synthesis: usize,
    pub(super) mix: Mix,
    pub(super) from: View,
    pub(super) to: View,
    /// Where its modes begin among those of a sample, before and after they are mixed.
    pub(super) modes_at: usize,
    pub(super) mixed_at: usize,
}
