//! What a node does to the value that goes through it: the steps of a program.

use std::rc::Rc;

use super::{HOLDS, Walk, is_default};
use crate::InferError;
use crate::native::program::{Activation, ColumnOp, Dense, Step};
use crate::onnx::MAX_WIDTH;
use crate::onnx::proto::NodeProto;

/// Most constants that a program holds: a file may use one constant in many nodes.
const MAX_PARAMETERS: usize = 1 << 26;

impl Walk<'_> {
    /// Adds the step of `node`, which uses `value` of `width` columns; returns the new width.
    pub(super) fn step(&mut self, node: &NodeProto, value: &str, width: usize) -> Result<usize, InferError> {
        if !is_default(&node.domain) {
            return Err(self.unsupported(node, HOLDS.to_owned()));
        }
        match node.op_type.as_str() {
            "MatMul" => self.matmul(node, value, width),
            "Gemm" => self.gemm(node, value, width),
            "Add" | "Sub" | "Mul" | "Div" => {
                self.columns(node, value, width)?;
                Ok(width)
            }
            name => {
                let activation = match name {
                    "Sigmoid" => Activation::Sigmoid,
                    "Tanh" => Activation::Tanh,
                    "Elu" => Activation::Elu(self.attributes(node, &[("alpha", 1.0)])?[0]),
                    "Relu" => Activation::Relu,
                    "Sin" => Activation::Sin,
                    "Identity" => Activation::Identity,
                    _ => return Err(self.unsupported(node, HOLDS.to_owned())),
                };
                if name != "Elu" {
                    self.attributes(node, &[])?;
                }
                if node.input.len() != 1 {
                    return Err(
                        self.unsupported(node, format!("it has {} operands, not one", node.input.len()))
                    );
                }
                self.activate(activation, width);
                Ok(width)
            }
        }
    }

    /// Counts `n` more constants before they are copied.
    pub(in crate::native) fn spend(&mut self, node: &NodeProto, n: usize) -> Result<(), InferError> {
        self.parameters = self.parameters.saturating_add(n);
        if self.parameters > MAX_PARAMETERS {
            return Err(self.unsupported(
                node,
                format!("up to it the network has more than {MAX_PARAMETERS} parameters"),
            ));
        }
        Ok(())
    }

    /// Values of known attributes, with their defaults; unknown ones are refused.
    pub(in crate::native) fn attributes<const N: usize>(
        &self,
        node: &NodeProto,
        known: &[(&str, f32); N],
    ) -> Result<[f32; N], InferError> {
        let mut values = known.map(|(_, default)| default);
        for a in &node.attribute {
            let Some(k) = known.iter().position(|(name, _)| *name == a.name) else {
                let reason = format!("attribute `{}` is not known; {}", a.name, self.holds);
                return Err(self.unsupported(node, reason));
            };
            // AttributeProto.AttributeType: FLOAT = 1, INT = 2.
            values[k] = match a.r#type {
                1 => a.f,
                2 => a.i as f32,
                t => {
                    return Err(
                        self.unsupported(node, format!("attribute `{}` has type {t}, not a number", a.name))
                    );
                }
            };
            if !values[k].is_finite() {
                return Err(self.unsupported(node, format!("attribute `{}` is {}", a.name, values[k])));
            }
        }
        Ok(values)
    }

    /// An activation after the last step.
    pub(super) fn activate(&mut self, activation: Activation, width: usize) {
        self.bias_free = false;
        if activation == Activation::Identity {
            return;
        }
        match self.steps.last_mut() {
            Some(Step::Dense(dense)) if dense.activation == Activation::Identity => {
                dense.activation = activation;
            }
            _ => self.steps.push(Step::Map(activation, width)),
        }
    }

    fn dense(&mut self, n_in: usize, n_out: usize, w: &[f32]) {
        self.steps.push(Step::Dense(Dense::new(n_in, n_out, w)));
        self.widest = self.widest.max(n_out);
        self.bias_free = true;
    }

    /// Checks the shape of a weight matrix `[rows, columns]` against the width of the value.
    fn weights(
        &mut self,
        node: &NodeProto,
        name: &str,
        transposed: bool,
        width: usize,
    ) -> Result<(usize, Vec<f32>), InferError> {
        let constant = Rc::clone(self.constant(node, name)?);
        self.spend(node, constant.values.len().saturating_mul(2))?;
        let [rows, columns] = constant.dims[..] else {
            return Err(self.unsupported(
                node,
                format!("weights `{name}` have {} dimensions, not two", constant.dims.len()),
            ));
        };
        let (n_in, n_out) = if transposed { (columns, rows) } else { (rows, columns) };
        if n_in != width {
            return Err(self.unsupported(
                node,
                format!("weights `{name}` take {n_in} columns but get {width}; the file is inconsistent"),
            ));
        }
        if n_out == 0 || n_out > MAX_WIDTH {
            return Err(self.unsupported(
                node,
                format!("weights `{name}` give {n_out} columns; 1 to {MAX_WIDTH} are served"),
            ));
        }
        let values = if transposed {
            let at = |k: usize| constant.values[(k % n_out) * n_in + k / n_out];
            (0..n_in * n_out).map(at).collect()
        } else {
            constant.values.clone()
        };
        Ok((n_out, values))
    }

    fn matmul(&mut self, node: &NodeProto, value: &str, width: usize) -> Result<usize, InferError> {
        self.attributes(node, &[])?;
        let [x, w] = &node.input[..] else {
            return Err(self.unsupported(node, "it has not two operands".to_owned()));
        };
        if x != value {
            return Err(self.unsupported(node, format!("the constant must be its right operand; {HOLDS}")));
        }
        let (n_out, weights) = self.weights(node, w, false, width)?;
        self.dense(width, n_out, &weights);
        Ok(n_out)
    }

    fn gemm(&mut self, node: &NodeProto, value: &str, width: usize) -> Result<usize, InferError> {
        let [alpha, beta, trans_a, trans_b] =
            self.attributes(node, &[("alpha", 1.0), ("beta", 1.0), ("transA", 0.0), ("transB", 0.0)])?;
        let ([x, w] | [x, w, _]) = &node.input[..] else {
            return Err(self.unsupported(node, "it has not two or three operands".to_owned()));
        };
        if x != value || trans_a != 0.0 {
            return Err(self
                .unsupported(node, format!("its left operand must be the batch, not transposed; {HOLDS}")));
        }
        let (n_out, mut weights) = self.weights(node, w, trans_b != 0.0, width)?;
        weights.iter_mut().for_each(|w| *w *= alpha);
        let bias = match node.input.get(2).filter(|name| !name.is_empty()) {
            Some(name) => Some(self.broadcast(node, name, n_out)?),
            None => None,
        };
        self.dense(width, n_out, &weights);
        if let Some(mut bias) = bias {
            bias.iter_mut().for_each(|b| *b *= beta);
            self.add(bias);
        }
        // A bias of its own may follow, but is then added after this one was rounded.
        self.bias_free = false;
        Ok(n_out)
    }

    /// A constant as one value per column.
    fn broadcast(&mut self, node: &NodeProto, name: &str, width: usize) -> Result<Vec<f32>, InferError> {
        let constant = Rc::clone(self.constant(node, name)?);
        self.spend(node, width)?;
        let (last, outer) = constant.dims.split_last().map_or((1, &[][..]), |(l, o)| (*l, o));
        if outer.len() > 1 || outer.iter().any(|&d| d != 1) || (last != width && last != 1) {
            return Err(self.unsupported(
                node,
                format!(
                    "constant `{name}` of shape {:?} is not one value per column ({width}); {HOLDS}",
                    constant.dims
                ),
            ));
        }
        Ok(match constant.scalar() {
            Some(v) => vec![v; width],
            None => constant.values.clone(),
        })
    }

    /// An addition, which becomes the bias of a dense layer before it.
    fn add(&mut self, c: Vec<f32>) {
        match self.steps.last_mut() {
            Some(Step::Dense(dense)) if self.bias_free => {
                dense.bias.copy_from_slice(&c);
            }
            _ => self.steps.push(Step::Columns(ColumnOp::Add, c)),
        }
        self.bias_free = false;
    }

    fn columns(&mut self, node: &NodeProto, value: &str, width: usize) -> Result<(), InferError> {
        self.attributes(node, &[])?;
        let [p, q] = &node.input[..] else {
            return Err(self.unsupported(node, "it has not two operands".to_owned()));
        };
        if p == q {
            return Err(self.unsupported(node, format!("both operands are `{value}`; {HOLDS}")));
        }
        let left = p == value;
        let c = self.broadcast(node, if left { q } else { p }, width)?;
        let op = match (node.op_type.as_str(), left) {
            ("Add", _) => {
                self.add(c);
                return Ok(());
            }
            ("Sub", true) => ColumnOp::Sub,
            ("Sub", false) => ColumnOp::SubFrom,
            ("Mul", _) => ColumnOp::Mul,
            ("Div", true) => ColumnOp::Div,
            _ => ColumnOp::DivInto,
        };
        self.bias_free = false;
        self.steps.push(Step::Columns(op, c));
        Ok(())
    }
}
