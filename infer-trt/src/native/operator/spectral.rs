//! The nodes of a spectral convolution, between the product that gives modes and the one that gives points again.
//!
//! What stands between is never computed in the order that the file says: each node is checked, by the whole numbers
//! of its shape or permutation, for being the next of the one sequence that is known, and the last one gives the
//! operation. With M modes and W channels (V of them after the mixing) the shapes are
//!
//! | node | gives |
//! |---|---|
//! | MatMul, table `[2M, points]` on the left | `[batch, 2M, W]` |
//! | Reshape `[-1, 2, M, W]` | `[batch, 2, M, W]` |
//! | Transpose `[2, 0, 1, 3]` | `[M, batch, 2, W]` |
//! | Reshape `[M, -1, 2W]` | `[M, batch, 2W]` |
//! | MatMul, weights `[M, 2W, 2V]` on the right | `[M, batch, 2V]` |
//! | Reshape `[M, -1, 2, V]` | `[M, batch, 2, V]` |
//! | Transpose `[1, 2, 0, 3]` | `[batch, 2, M, V]` |
//! | Reshape `[-1, 2M, V]` | `[batch, 2M, V]` |
//! | MatMul, table `[points, 2M]` on the left | `[batch, points, V]` |

use std::rc::Rc;

use super::ir::{Id, Op};
use super::read::{HOLDS, Reader};
use crate::InferError;
use crate::onnx::proto::NodeProto;
use crate::onnx::{Constant, MAX_WIDTH};

/// The order of axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `[batch, 2M, W]`
    Rows,
    /// `[batch, 2, M, W]`
    Parts,
    /// `[M, batch, 2, W]`
    ModesFirst,
    /// `[M, batch, 2W]`
    ModeRows,
}

/// A value on the way.
#[derive(Debug, Clone)]
pub(super) struct Spectrum {
    x: Id,
    analysis: Rc<Constant>,
    /// The weights, behind the mixing.
    mix: Option<Rc<Constant>>,
    form: Form,
    rows: usize,
    channels: usize,
}

impl Reader<'_> {
    /// The product of a constant, on the left, and a whole array: the way to modes.
    pub(super) fn analysis(&mut self, node: &NodeProto, table: &str, x: Id) -> Result<Spectrum, InferError> {
        let shape = self.shape_of(x);
        let analysis = Rc::clone(self.walk.constant(node, table)?);
        let [rows, points] = analysis.dims[..] else {
            return Err(self.unsupported(node, format!("`{table}` on its left is no matrix; {HOLDS}")));
        };
        if points != shape.points {
            return Err(self.unsupported(
                node,
                format!(
                    "`{table}` takes {points} points but gets {}; the file is inconsistent",
                    shape.points
                ),
            ));
        }
        if rows < 2 || rows % 2 != 0 {
            return Err(
                self.unsupported(node, format!("`{table}` gives {rows} rows, not pairs of parts; {HOLDS}"))
            );
        }
        self.shape(node, rows, shape.channels)?;
        self.walk.spend(node, analysis.values.len())?;
        let x = self.stored(x);
        Ok(Spectrum { x, analysis, mix: None, form: Form::Rows, rows, channels: shape.channels })
    }

    /// The product with weights, mode by mode.
    pub(super) fn mixing(
        &mut self,
        node: &NodeProto,
        spectrum: &Spectrum,
        weights: &str,
    ) -> Result<Spectrum, InferError> {
        let mix = Rc::clone(self.walk.constant(node, weights)?);
        let (modes, inputs) = (spectrum.rows / 2, 2 * spectrum.channels);
        let outputs = match (spectrum.form, &spectrum.mix, &mix.dims[..]) {
            (Form::ModeRows, None, &[m, i, o]) if m == modes && i == inputs && o % 2 == 0 => o,
            _ => {
                return Err(self.unsupported(
                    node,
                    format!(
                        "`{weights}` of shape {:?} is not one matrix for each of {modes} modes that takes {inputs} \
                         channels, in the order of a spectral convolution; {HOLDS}",
                        mix.dims
                    ),
                ));
            }
        };
        let channels = outputs / 2;
        self.shape(node, spectrum.rows, channels)?;
        Ok(Spectrum { mix: Some(mix), channels, ..spectrum.clone() })
    }

    /// A change of shape.
    pub(super) fn reshape(&mut self, node: &NodeProto, spectrum: &Spectrum) -> Result<Spectrum, InferError> {
        let [allow_zero] = self.walk.attributes(node, &[("allowzero", 0.0)])?;
        let [_, shape] = &node.input[..] else {
            return Err(self.unsupported(node, "it has not two operands".to_owned()));
        };
        let found = self.integers(node, shape)?;
        let [rows, channels] = [spectrum.rows, spectrum.channels].map(|n| n as i64);
        let modes = rows / 2;
        let (expected, form) = match (spectrum.form, &spectrum.mix) {
            (Form::Rows, None) => (vec![-1, 2, modes, channels], Form::Parts),
            (Form::ModesFirst, None) => (vec![modes, -1, 2 * channels], Form::ModeRows),
            (Form::ModeRows, Some(_)) => (vec![modes, -1, 2, channels], Form::ModesFirst),
            (Form::Parts, Some(_)) => (vec![-1, rows, channels], Form::Rows),
            _ => return Err(self.unsupported(node, format!("it is out of place; {HOLDS}"))),
        };
        if *found != expected || allow_zero != 0.0 {
            return Err(self.unsupported(
                node,
                format!("the shape is {found:?}, but {expected:?} in a spectral convolution; {HOLDS}"),
            ));
        }
        Ok(Spectrum { form, ..spectrum.clone() })
    }

    /// A change of the order of axes.
    pub(super) fn transpose(
        &mut self,
        node: &NodeProto,
        spectrum: &Spectrum,
    ) -> Result<Spectrum, InferError> {
        let found = match &node.attribute[..] {
            [perm] if perm.name == "perm" => &perm.ints[..],
            _ => &[],
        };
        let (expected, form) = match (spectrum.form, &spectrum.mix) {
            (Form::Parts, None) => ([2, 0, 1, 3], Form::ModesFirst),
            (Form::ModesFirst, Some(_)) => ([1, 2, 0, 3], Form::Parts),
            _ => return Err(self.unsupported(node, format!("it is out of place; {HOLDS}"))),
        };
        if found != expected || node.input.len() != 1 {
            return Err(self.unsupported(
                node,
                format!("the order is {found:?}, but {expected:?} in a spectral convolution; {HOLDS}"),
            ));
        }
        Ok(Spectrum { form, ..spectrum.clone() })
    }

    /// The product of a constant, on the left, and mixed modes: the way back to points.
    pub(super) fn synthesis(
        &mut self,
        node: &NodeProto,
        table: &str,
        spectrum: &Spectrum,
    ) -> Result<Id, InferError> {
        let synthesis = Rc::clone(self.walk.constant(node, table)?);
        let (mix, points) = match (spectrum.form, &spectrum.mix, &synthesis.dims[..]) {
            (Form::Rows, Some(mix), &[points, rows]) if rows == spectrum.rows => (Rc::clone(mix), points),
            _ => {
                return Err(self.unsupported(
                    node,
                    format!(
                        "`{table}` of shape {:?} does not lead {} rows of mixed modes back to points; {HOLDS}",
                        synthesis.dims, spectrum.rows
                    ),
                ));
            }
        };
        if points > MAX_WIDTH {
            return Err(self.unsupported(node, format!("{points} points; up to {MAX_WIDTH} are served")));
        }
        let shape = self.shape(node, points, spectrum.channels)?;
        // Rows of the weights are padded, each part to at most fifteen channels more.
        let inputs = mix.values.len() / (2 * spectrum.channels);
        let weights = inputs.saturating_mul(2 * spectrum.channels + 30);
        self.walk.spend(node, weights.saturating_add(synthesis.values.len()))?;
        let analysis = Rc::clone(&spectrum.analysis);
        Ok(self.push(Op::Spectral { x: spectrum.x, analysis, mix, synthesis }, shape))
    }
}
