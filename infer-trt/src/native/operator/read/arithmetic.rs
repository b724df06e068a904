//! Sums, differences, products and quotients, and the activations that are written with them.

use std::rc::Rc;

use super::{HOLDS, Reader, Value, WIDEST_VECTOR};
use crate::InferError;
use crate::native::operator::ir::{Field, Function, Id, Op, Shape};
use crate::native::program::{Activation, ColumnOp};
use crate::onnx::proto::NodeProto;

impl Reader<'_> {
    /// A constant as one value for each channel, or for each channel of each point.
    fn field(&mut self, node: &NodeProto, name: &str, shape: Shape) -> Result<Rc<Field>, InferError> {
        let constant = Rc::clone(self.walk.constant(node, name)?);
        let Shape { points, channels } = shape;
        let (own_points, own_channels) = match constant.dims[..] {
            [] => (1, 1),
            [c] => (1, c),
            [p, c] | [1, p, c] => (p, c),
            _ => (0, 0),
        };
        let fits = |own: usize, wanted: usize| own == 1 || own == wanted;
        if !fits(own_points, points) || !fits(own_channels, channels) {
            return Err(self.unsupported(
                node,
                format!(
                    "constant `{name}` of shape {:?} is not one value for each of {channels} channels, nor for each \
                     of {points} points besides; {HOLDS}",
                    constant.dims
                ),
            ));
        }
        let mut rows = own_points;
        let row = |k: usize| &constant.values[k * own_channels..][..own_channels];
        // Exporters repeat what is the same at all points.
        if (1..rows).all(|k| row(k) == row(0)) {
            rows = 1;
        }
        self.walk.spend(node, rows.saturating_mul(channels.next_multiple_of(WIDEST_VECTOR)))?;
        let repeat = channels / own_channels;
        let values = (0..rows).flat_map(|k| row(k).iter().flat_map(|v| std::iter::repeat_n(*v, repeat)));
        Ok(Rc::new(Field { points: rows, values: values.collect() }))
    }

    /// `Add`, `Sub`, `Mul` or `Div`.
    pub(super) fn arithmetic(&mut self, node: &NodeProto) -> Result<Value, InferError> {
        self.walk.attributes(node, &[])?;
        let [p, q] = &node.input[..] else {
            return Err(self.unsupported(node, "it has not two operands".to_owned()));
        };
        let is_constant = |name: &String| self.walk.constants.contains_key(name.as_str());
        let op = node.op_type.as_str();
        let (value, constant, left) = match (is_constant(p), is_constant(q)) {
            (false, true) => (p, q, true),
            (true, false) => (q, p, false),
            _ => {
                let (p, q) = (self.value(node, p)?, self.value(node, q)?);
                return match op {
                    "Add" => self.sum(node, p, q),
                    "Mul" => self.product(node, p, q),
                    _ => Err(self.unsupported(node, format!("neither operand is a constant; {HOLDS}"))),
                };
            }
        };
        // One of the constants of a GELU.
        let number = |reader: &Self, expected: f32| {
            reader.walk.constant(node, constant).map(|c| c.scalar() == Some(expected))
        };
        match (self.value(node, value)?, op) {
            (Value::Erf(x), "Add") if number(self, 1.0)? => return Ok(Value::OnePlusErf(x)),
            (Value::TwiceGelu(x), "Mul") if number(self, 0.5)? => return Ok(self.gelu(x)),
            _ => {}
        }
        let x = self.array(node, value)?;
        let op = match (op, left) {
            ("Add", _) => ColumnOp::Add,
            ("Sub", true) => ColumnOp::Sub,
            ("Sub", false) => ColumnOp::SubFrom,
            ("Mul", _) => ColumnOp::Mul,
            ("Div", true) => ColumnOp::Div,
            // It would make infinities of the zeros that rows are padded with.
            _ => {
                return Err(self.unsupported(node, format!("its left operand is a constant; {HOLDS}")));
            }
        };
        let field = self.field(node, constant, self.shape_of(x))?;
        Ok(Value::Array(self.columns(x, op, field)))
    }

    /// The sum of two values.
    fn sum(&mut self, node: &NodeProto, p: Value, q: Value) -> Result<Value, InferError> {
        let (Value::Array(a), Value::Array(b)) = (p, q) else {
            return Err(
                self.unsupported(node, format!("an operand is a part of a GELU or of a spectrum; {HOLDS}"))
            );
        };
        let shapes = [a, b].map(|id| self.shape_of(id));
        if shapes[0] != shapes[1] {
            let [a, b] = shapes.map(|s| format!("{} points of {} channels", s.points, s.channels));
            return Err(self.unsupported(node, format!("it adds {a} and {b}; {HOLDS}")));
        }
        Ok(Value::Array(self.push(Op::Sum { a, b }, shapes[0])))
    }

    /// The product of two values, where it is an activation.
    fn product(&mut self, node: &NodeProto, p: Value, q: Value) -> Result<Value, InferError> {
        match (p, q) {
            (Value::OnePlusErf(x), Value::Array(y)) | (Value::Array(y), Value::OnePlusErf(x)) => {
                if x == y {
                    return Ok(Value::TwiceGelu(x));
                }
                if self.scaled(y, ColumnOp::Mul) == Some((x, 0.5)) {
                    return Ok(self.gelu(x));
                }
            }
            (Value::Array(a), Value::Array(b)) => {
                for (x, gate) in [(a, b), (b, a)] {
                    let sigmoid = Function::Of(Activation::Sigmoid);
                    if matches!(self.nodes[gate].op, Op::Map { x: of, function } if of == x && function == sigmoid)
                    {
                        let function = Function::Of(Activation::Silu);
                        return Ok(Value::Array(self.push(Op::Map { x, function }, self.shape_of(x))));
                    }
                }
            }
            _ => {}
        }
        Err(self.unsupported(node, format!("it is neither x Sigmoid(x) nor the product of a GELU; {HOLDS}")))
    }

    /// The error function, of which only GELU makes use.
    pub(super) fn erf(&mut self, node: &NodeProto) -> Result<Value, InferError> {
        self.walk.attributes(node, &[])?;
        let scaled = self.array(node, self.only(node)?)?;
        let close = |c: f32, to: f32| (c - to).abs() <= f32::EPSILON * to;
        let by_quotient = self.scaled(scaled, ColumnOp::Div);
        let by_product = self.scaled(scaled, ColumnOp::Mul);
        match (by_quotient, by_product) {
            (Some((x, c)), _) if close(c, std::f32::consts::SQRT_2) => Ok(Value::Erf(x)),
            (_, Some((x, c))) if close(c, std::f32::consts::FRAC_1_SQRT_2) => Ok(Value::Erf(x)),
            _ => Err(self.unsupported(node, format!("it is not Erf(x/√2) of a GELU; {HOLDS}"))),
        }
    }

    fn gelu(&mut self, x: Id) -> Value {
        Value::Array(self.push(Op::Map { x, function: Function::Gelu }, self.shape_of(x)))
    }

    /// The array and the number, where an array is the quotient or product of these.
    fn scaled(&self, id: Id, by: ColumnOp) -> Option<(Id, f32)> {
        match &self.nodes[id].op {
            Op::Columns { x, op, field } if *op == by => Some((*x, field.scalar()?)),
            _ => None,
        }
    }
}
