//! Dense maps.

use std::rc::Rc;

use super::{HOLDS, Reader, Value, WIDEST_VECTOR};
use crate::InferError;
use crate::native::operator::ir::{Field, Id, Op};
use crate::native::program::ColumnOp;
use crate::onnx::proto::NodeProto;

impl Reader<'_> {
    /// A dense map, or a product of a spectral convolution.
    pub(super) fn matmul(&mut self, node: &NodeProto) -> Result<Value, InferError> {
        self.walk.attributes(node, &[])?;
        let [a, b] = &node.input[..] else {
            return Err(self.unsupported(node, "it has not two operands".to_owned()));
        };
        if self.walk.constants.contains_key(a.as_str()) {
            return match self.value(node, b)? {
                Value::Array(x) => self.analysis(node, a, x).map(Value::Spectrum),
                Value::Spectrum(spectrum) => self.synthesis(node, a, &spectrum).map(Value::Array),
                _ => Err(self.unsupported(node, format!("its operand `{b}` is a part of a GELU; {HOLDS}"))),
            };
        }
        if let Value::Spectrum(spectrum) = self.value(node, a)? {
            return self.mixing(node, &spectrum, b).map(Value::Spectrum);
        }
        let x = self.array(node, a)?;
        let weights = Rc::clone(self.walk.constant(node, b)?);
        let shape = self.shape_of(x);
        let &[inputs, outputs] = &weights.dims[..] else {
            return Err(self.unsupported(
                node,
                format!("weights `{b}` have {} dimensions, not two", weights.dims.len()),
            ));
        };
        if inputs != shape.channels {
            return Err(self.unsupported(
                node,
                format!(
                    "weights `{b}` take {inputs} columns but get {}; the file is inconsistent",
                    shape.channels
                ),
            ));
        }
        let shape = self.shape(node, shape.points, outputs)?;
        self.walk.spend(node, inputs.saturating_mul(outputs.next_multiple_of(WIDEST_VECTOR)))?;
        Ok(Value::Array(self.push(Op::Dense { x, weights, bias: None }, shape)))
    }

    /// An operation with constants; a sum right behind a dense map is its bias.
    pub(super) fn columns(&mut self, x: Id, op: ColumnOp, field: Rc<Field>) -> Id {
        let shape = self.shape_of(x);
        if let (ColumnOp::Add, Op::Dense { x, weights, bias: None }) = (op, &self.nodes[x].op) {
            let op = Op::Dense { x: *x, weights: Rc::clone(weights), bias: Some(field) };
            return self.push(op, shape);
        }
        self.push(Op::Columns { x, op, field }, shape)
    }
}
