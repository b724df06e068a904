//! The text of a kernel that takes rows through all layers of a network.

use crate::native::{Activation, Program, Step};
use crate::{InferError, Provider, onnx};

use super::{registers, tensor};

/// How a kernel goes through a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Way {
    /// A thread takes a row through all layers. Values between layers are in its registers, weights
    /// are numbers in its instructions. Layers up to 64 wide, 65,536 constants in all.
    Registers,
    /// A warp takes 16 or 32 rows through all layers by the device's matrix units, each number in two
    /// parts of 11 bits. Layers up to 128 wide; devices of compute capability 8.0 and newer.
    /// Values whose magnitude is beyond the range of `f32` become NaN rather than infinite.
    MatrixUnits,
}

impl Way {
    /// All of them.
    pub const ALL: &'static [Way] = &[Way::Registers, Way::MatrixUnits];

    /// The faster one for a network on a device.
    pub(crate) fn of(program: &Program, capability: (i32, i32)) -> Self {
        let few = program.width <= registers::WIDEST && registers::numbers(program) <= registers::CACHED;
        if few || capability < (8, 0) { Way::Registers } else { Way::MatrixUnits }
    }
}

/// A kernel: its text, and how it is started.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    pub(crate) source: String,
    /// What the kernel of [`Way::MatrixUnits`] reads; of the other the text has all numbers.
    pub(crate) weights: Vec<f32>,
    /// Threads of a block.
    pub(crate) threads: u32,
    /// Bytes that a block shares.
    pub(crate) shared: u32,
    /// Rows that a block takes at a time.
    pub(crate) rows: usize,
}

/// The name of the kernel.
pub(crate) const NAME: &str = "network";

impl Text {
    /// The text of a program.
    ///
    /// # Errors
    /// Why no kernel can hold it.
    pub(crate) fn new(program: &Program, way: Way) -> Result<Self, String> {
        match way {
            Way::Registers => registers::text(program),
            Way::MatrixUnits => tensor::text(program),
        }
    }
}

/// In front of every text: how activations are computed.
pub(crate) const PRELUDE: &str = include_str!("prelude.h");

/// A literal: the shortest digits that give the same number back.
pub(crate) fn literal(x: f32) -> String {
    if x.is_sign_negative() { format!("({x:?}f)") } else { format!("{x:?}f") }
}

/// The statement that applies an activation to two variables in place.
pub(crate) fn apply(activation: Activation, a: &str, b: &str) -> String {
    match activation {
        Activation::Identity => String::new(),
        Activation::Sigmoid => format!("SIGMOID(&{a}, &{b});"),
        Activation::Silu => format!("SILU(&{a}, &{b});"),
        Activation::Tanh => format!("TANH(&{a}, &{b});"),
        Activation::Elu(alpha) => format!("ELU(&{a}, &{b}, {});", literal(alpha)),
        Activation::Relu => format!("RELU(&{a}, &{b});"),
        Activation::Sin => format!("SIN(&{a}, &{b});"),
    }
}

/// Where a network goes that no kernel holds.
pub(crate) const ELSEWHERE: &str = "open it with `tensorrt` or `ort-cuda`";

/// Refuses layers wider than `widest`.
pub(crate) fn not_wider(
    program: &Program,
    (widest, what): (usize, &str),
    remedy: &str,
) -> Result<(), String> {
    if program.width <= widest {
        return Ok(());
    }
    Err(format!("it is {} wide, and {what} hold {widest}; {remedy}", program.width))
}

/// Multiplications and additions for a row.
pub(crate) fn flops(program: &Program) -> usize {
    let of = |step: &Step| match step {
        Step::Dense(dense) => 2 * dense.n_in * dense.n_out,
        Step::Columns(_, constants) => constants.len(),
        Step::Map(..) => 0,
    };
    program.steps.iter().map(of).sum()
}

/// A network that a kernel cannot hold.
pub(crate) fn refused(file: &onnx::File, reason: String) -> InferError {
    InferError::Refused {
        path: file.path.clone(),
        reason: format!("provider `{}`: {reason}", Provider::FusedCuda),
    }
}
