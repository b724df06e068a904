//! From the nodes of a file to operations: the walk through an operator's graph.

mod arithmetic;
mod maps;
mod points;

use std::collections::HashMap;
use std::rc::Rc;

use super::ir::{Function, Id, Node, Op, Shape};
use super::spectral::Spectrum;
use crate::InferError;
use crate::native::graph::{Walk, is_default, output};
use crate::native::program::Activation;
use crate::onnx::proto::NodeProto;
use crate::onnx::{File, MAX_ROW, MAX_WIDTH};

/// What the engine can hold, for messages.
pub(super) const HOLDS: &str = "of rows of points and channels the native engine runs Fourier neural operators: dense maps of points \
     (MatMul, Add), Sub, Mul and Div with constants, activations (Sigmoid, Tanh, Elu, Relu, LeakyRelu, Sin, SiLU, \
     GELU by Erf), sums, Pad and Slice along points, and spectral convolutions (MatMul, Reshape, Transpose); open \
     this model with `ort-cpu`";

/// Rows are padded to whole vectors, of at most so many values.
const WIDEST_VECTOR: usize = 16;

/// A value of the graph.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// An array `[batch, points, channels]`.
    Array(Id),
    /// A spectrum on its way.
    Spectrum(Spectrum),
    /// A part of the GELU of an array x: erf(x/√2), 1 + erf(x/√2), and x (1 + erf(x/√2)).
    Erf(Id),
    OnePlusErf(Id),
    TwiceGelu(Id),
}

/// The state of the walk.
pub(super) struct Reader<'a> {
    pub(super) walk: Walk<'a>,
    values: HashMap<&'a str, Value>,
    nodes: Vec<Node>,
}

/// The operations of a file; the last one gives its output.
pub(super) fn read(file: &File) -> Result<Vec<Node>, InferError> {
    let (&[points, channels], &[out_points, outputs]) =
        (&file.info.input_shape[..], &file.info.output_shape[..])
    else {
        return Err(InferError::Refused {
            path: file.path.clone(),
            reason: format!(
                "its rows have shapes {:?} and {:?}; the native engine takes one dimension each, or points and \
                 channels each; open this model with `ort-cpu`",
                file.info.input_shape, file.info.output_shape
            ),
        });
    };
    let malformed = |reason: String| InferError::Malformed { path: file.path.clone(), reason };
    let needed = needed(file);
    let input = Node { op: Op::Input, shape: Shape { points, channels } };
    let values = HashMap::from([(file.input.as_str(), Value::Array(0))]);
    let mut reader = Reader { walk: Walk::new(file, HOLDS)?, values, nodes: vec![input] };
    if !reader.fits(reader.nodes[0].shape) {
        return Err(InferError::Refused {
            path: file.path.clone(),
            reason: format!(
                "{points} points of {channels} channels have more than {MAX_ROW} values where rows are whole \
                 vectors; open this model with `ort-cpu`"
            ),
        });
    }
    for (k, node) in file.graph.node.iter().enumerate() {
        if needed[k] && !reader.is_constant(node) {
            let value = reader.node(node)?;
            reader.values.insert(output(file, node)?, value);
        }
    }
    let id = match reader.values.get(file.output.as_str()) {
        Some(&Value::Array(id)) => id,
        Some(_) => {
            return Err(InferError::Refused {
                path: file.path.clone(),
                reason: format!("its output `{}` is no array of points and channels; {HOLDS}", file.output),
            });
        }
        None => return Err(malformed(format!("no node gives the output `{}`", file.output))),
    };
    let found = reader.shape_of(id);
    if found != (Shape { points: out_points, channels: outputs }) {
        return Err(malformed(format!(
            "output `{}` is declared with {out_points} points and {outputs} columns but has {} and {}",
            file.output, found.points, found.channels
        )));
    }
    reader.copy(id);
    Ok(reader.nodes)
}

/// Which nodes lead to the output.
fn needed(file: &File) -> Vec<bool> {
    let nodes = &file.graph.node;
    let producers: HashMap<&str, usize> =
        nodes.iter().enumerate().flat_map(|(k, n)| n.output.iter().map(move |o| (o.as_str(), k))).collect();
    let mut needed = vec![false; nodes.len()];
    let mut open: Vec<usize> = producers.get(file.output.as_str()).copied().into_iter().collect();
    while let Some(k) = open.pop() {
        if !std::mem::replace(&mut needed[k], true) {
            open.extend(nodes[k].input.iter().filter_map(|name| producers.get(name.as_str())));
        }
    }
    needed
}

impl Reader<'_> {
    pub(super) fn unsupported(&self, node: &NodeProto, reason: String) -> InferError {
        self.walk.unsupported(node, reason)
    }

    /// Whether a node's value is known already.
    fn is_constant(&self, node: &NodeProto) -> bool {
        let known = |name: &String| {
            self.walk.constants.contains_key(name.as_str()) || self.walk.integers.contains_key(name.as_str())
        };
        node.output.iter().all(known)
    }

    pub(super) fn shape_of(&self, id: Id) -> Shape {
        self.nodes[id].shape
    }

    pub(super) fn push(&mut self, op: Op, shape: Shape) -> Id {
        self.nodes.push(Node { op, shape });
        self.nodes.len() - 1
    }

    /// The same array, as an operation that nothing else uses.
    fn copy(&mut self, x: Id) -> Id {
        let function = Function::Of(Activation::Identity);
        self.push(Op::Map { x, function }, self.shape_of(x))
    }

    /// The same array, where it is the input as a copy: inputs are read point by point and never stored.
    pub(super) fn stored(&mut self, x: Id) -> Id {
        if matches!(self.nodes[x].op, Op::Input) { self.copy(x) } else { x }
    }

    fn fits(&self, shape: Shape) -> bool {
        let width = shape.channels.next_multiple_of(WIDEST_VECTOR);
        shape.points.checked_mul(width).is_some_and(|values| values <= MAX_ROW)
    }

    /// Extents that are served.
    pub(super) fn shape(
        &self,
        node: &NodeProto,
        points: usize,
        channels: usize,
    ) -> Result<Shape, InferError> {
        let shape = Shape { points, channels };
        if points == 0 || channels == 0 || channels > MAX_WIDTH || !self.fits(shape) {
            return Err(self.unsupported(
                node,
                format!(
                    "it gives {points} rows of {channels} channels; up to {MAX_WIDTH} channels and {MAX_ROW} \
                     values are served, and none without any"
                ),
            ));
        }
        Ok(shape)
    }

    /// The value of an operand.
    pub(super) fn value(&self, node: &NodeProto, name: &str) -> Result<Value, InferError> {
        self.values.get(name).cloned().ok_or_else(|| {
            self.unsupported(
                node,
                format!(
                    "its operand `{name}` is neither a float32 constant of the file, nor the input, nor given by a \
                     node before it"
                ),
            )
        })
    }

    /// An operand that is an array.
    pub(super) fn array(&self, node: &NodeProto, name: &str) -> Result<Id, InferError> {
        match self.value(node, name)? {
            Value::Array(id) => Ok(id),
            _ => Err(self.unsupported(
                node,
                format!(
                    "its operand `{name}` is a part of a GELU or of a spectral convolution, and used otherwise; {HOLDS}"
                ),
            )),
        }
    }

    /// The one operand of a node.
    fn only<'n>(&self, node: &'n NodeProto) -> Result<&'n str, InferError> {
        match &node.input[..] {
            [x] => Ok(x),
            operands => Err(self.unsupported(node, format!("it has {} operands, not one", operands.len()))),
        }
    }

    /// Whole numbers that a node is told.
    pub(super) fn integers(&self, node: &NodeProto, name: &str) -> Result<Rc<Vec<i64>>, InferError> {
        self.walk.integers.get(name).cloned().ok_or_else(|| {
            self.unsupported(
                node,
                format!("its operand `{name}` is not a short row of int64 constants of the file; {HOLDS}"),
            )
        })
    }

    /// What a node gives.
    fn node(&mut self, node: &NodeProto) -> Result<Value, InferError> {
        if !is_default(&node.domain) {
            return Err(self.unsupported(node, HOLDS.to_owned()));
        }
        let op = node.op_type.as_str();
        match op {
            "MatMul" => self.matmul(node),
            "Add" | "Sub" | "Mul" | "Div" => self.arithmetic(node),
            "Erf" => self.erf(node),
            "Pad" => self.pad(node).map(Value::Array),
            "Slice" => self.slice(node).map(Value::Array),
            "Reshape" | "Transpose" => {
                let first = node.input.first().map_or("", String::as_str);
                let Value::Spectrum(spectrum) = self.value(node, first)? else {
                    return Err(self.unsupported(
                        node,
                        format!("its operand `{first}` is no part of a spectral convolution; {HOLDS}"),
                    ));
                };
                let next = if op == "Reshape" { Self::reshape } else { Self::transpose };
                next(self, node, &spectrum).map(Value::Spectrum)
            }
            "Identity" => self.value(node, self.only(node)?),
            _ => {
                let alpha = |reader: &Self, default| {
                    reader.walk.attributes(node, &[("alpha", default)]).map(|[alpha]| alpha)
                };
                let function = match op {
                    "Sigmoid" => Function::Of(Activation::Sigmoid),
                    "Tanh" => Function::Of(Activation::Tanh),
                    "Elu" => Function::Of(Activation::Elu(alpha(self, 1.0)?)),
                    "Relu" => Function::Of(Activation::Relu),
                    "Sin" => Function::Of(Activation::Sin),
                    "LeakyRelu" => Function::LeakyRelu(alpha(self, 0.01)?),
                    _ => return Err(self.unsupported(node, HOLDS.to_owned())),
                };
                if !matches!(op, "Elu" | "LeakyRelu") {
                    self.walk.attributes(node, &[])?;
                }
                let x = self.array(node, self.only(node)?)?;
                Ok(Value::Array(self.push(Op::Map { x, function }, self.shape_of(x))))
            }
        }
    }
}
