//! From the nodes of a graph to a program: the walk along its chain.

mod nodes;

use std::collections::HashMap;
use std::rc::Rc;

use super::program::{Activation, Program, Step};
use crate::onnx::proto::{AttributeProto, NodeProto};
use crate::onnx::{Constant, File, whole_numbers};
use crate::{InferError, Provider};

/// What the engine can hold, for messages.
const HOLDS: &str = "of rows of one dimension the native engine runs one chain of MatMul, Gemm, Add, Sub, Mul, \
                     Div, Sigmoid, Tanh, Elu, Relu, Sin and Identity; open this model with `ort-cpu`";

/// Compiles a model file for a provider, which errors name.
pub(crate) fn compile(file: &File, provider: &Provider) -> Result<Program, InferError> {
    chain(file, provider).map_err(|mut e| {
        if let InferError::Unsupported { provider: of, .. } = &mut e {
            of.as_mut().clone_from(provider);
        }
        e
    })
}

/// The chain from the input to the output.
fn chain(file: &File, provider: &Provider) -> Result<Program, InferError> {
    if file.info.input_shape.len() != 1 || file.info.output_shape.len() != 1 {
        return Err(InferError::Refused {
            path: file.path.clone(),
            reason: format!(
                "its rows have shapes {:?} and {:?}: provider `{provider}` takes one dimension each; open this model \
                 with `ort-cpu`, or with `native` where both are points and channels",
                file.info.input_shape, file.info.output_shape
            ),
        });
    }
    let nodes = &file.graph.node;
    let mut walk = Walk::new(file, HOLDS)?;
    let mut value = file.input.as_str();
    let mut width = file.info.n_inputs;
    // Every value has one producer, so the chain visits no node twice.
    while value != file.output {
        let users = walk.users.get(value).map_or(&[][..], Vec::as_slice);
        match *users {
            [user] => {
                let node = &nodes[user];
                width = walk.step(node, value, width)?;
                value = output(file, node)?;
            }
            [a, b] => {
                let (sigmoid, product) = if nodes[a].op_type == "Sigmoid" { (a, b) } else { (b, a) };
                let (sigmoid, product) = (&nodes[sigmoid], &nodes[product]);
                let gate = output(file, sigmoid)?;
                let is_silu = sigmoid.op_type == "Sigmoid"
                    && product.op_type == "Mul"
                    && is_default(&sigmoid.domain)
                    && is_default(&product.domain)
                    && matches!(&product.input[..],
                        [p, q] if (p == value && q == gate) || (q == value && p == gate))
                    && walk.users.get(gate).is_some_and(|u| u.len() == 1)
                    && gate != file.output;
                if !is_silu {
                    return Err(unsupported(
                        file,
                        product,
                        format!("`{value}` is used twice and not as x Sigmoid(x); {HOLDS}"),
                    ));
                }
                walk.activate(Activation::Silu, width);
                value = output(file, product)?;
            }
            _ => {
                return Err(InferError::Malformed {
                    path: file.path.clone(),
                    reason: format!(
                        "`{value}` is used by {} nodes, and so the input does not lead to the output `{}`",
                        users.len(),
                        file.output
                    ),
                });
            }
        }
    }
    if walk.users.contains_key(value) {
        return Err(InferError::Refused {
            path: file.path.clone(),
            reason: format!("its output `{value}` is used inside the graph; {HOLDS}"),
        });
    }
    if width != file.info.n_outputs {
        return Err(InferError::Malformed {
            path: file.path.clone(),
            reason: format!(
                "output `{value}` is declared with {} columns but has {width}",
                file.info.n_outputs
            ),
        });
    }
    Ok(Program { n_inputs: file.info.n_inputs, n_outputs: width, width: walk.widest, steps: walk.steps })
}

pub(super) fn is_default(domain: &str) -> bool {
    domain.is_empty() || domain == "ai.onnx"
}

fn unsupported(file: &File, node: &NodeProto, reason: String) -> InferError {
    let name = if node.name.is_empty() {
        node.output.first().map_or_else(|| "without name".to_owned(), |o| format!("of `{o}`"))
    } else {
        format!("`{}`", node.name)
    };
    InferError::Unsupported {
        path: file.path.clone(),
        node: name,
        operator: if is_default(&node.domain) {
            node.op_type.clone()
        } else {
            format!("{}.{}", node.domain, node.op_type)
        },
        provider: Box::new(Provider::Native),
        reason,
    }
}

/// The one output of a node.
pub(super) fn output<'a>(file: &File, node: &'a NodeProto) -> Result<&'a str, InferError> {
    match &node.output[..] {
        [output] if !output.is_empty() => Ok(output),
        outputs => {
            let reason = format!("it has {} outputs, not one; open this model with `ort-cpu`", outputs.len());
            Err(unsupported(file, node, reason))
        }
    }
}

/// The state of a walk from input to output.
pub(super) struct Walk<'a> {
    pub(super) file: &'a File,
    /// What can be held, for messages.
    holds: &'static str,
    pub(super) constants: HashMap<&'a str, Rc<Constant>>,
    /// Shapes, and places along an axis.
    pub(super) integers: HashMap<&'a str, Rc<Vec<i64>>>,
    /// The nodes that use each value that is not constant.
    users: HashMap<&'a str, Vec<usize>>,
    steps: Vec<Step>,
    widest: usize,
    /// Constants held by the steps so far.
    parameters: usize,
    /// Whether the last step is a dense layer to which nothing was added yet.
    bias_free: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(file: &'a File, holds: &'static str) -> Result<Self, InferError> {
        let malformed = |reason: String| InferError::Malformed { path: file.path.clone(), reason };
        let (mut constants, mut integers) = (HashMap::new(), HashMap::new());
        let mut seen: HashMap<&str, ()> = HashMap::from([(file.input.as_str(), ())]);
        for tensor in &file.graph.initializer {
            if seen.insert(&tensor.name, ()).is_some() {
                return Err(malformed(format!("`{}` is defined twice", tensor.name)));
            }
            // Constants of other types may feed nodes that are refused by name later.
            if tensor.data_type == crate::onnx::proto::FLOAT {
                let constant = Constant::read(tensor).map_err(malformed)?;
                constants.insert(tensor.name.as_str(), Rc::new(constant));
            } else if let Some(numbers) = whole_numbers(tensor) {
                integers.insert(tensor.name.as_str(), Rc::new(numbers));
            }
        }
        let mut users: HashMap<&str, Vec<usize>> = HashMap::new();
        for (k, node) in file.graph.node.iter().enumerate() {
            for output in node.output.iter().filter(|name| !name.is_empty()) {
                if seen.insert(output, ()).is_some() {
                    return Err(malformed(format!("`{output}` is defined twice")));
                }
            }
            let constant = match (node.op_type.as_str(), &node.input[..], &node.attribute[..]) {
                ("Constant", [], [AttributeProto { name, t: Some(tensor), .. }])
                    if name == "value" && tensor.data_type == crate::onnx::proto::FLOAT =>
                {
                    Some(Rc::new(Constant::read(tensor).map_err(malformed)?))
                }
                ("Identity", [input], []) => constants.get(input.as_str()).cloned(),
                _ => None,
            };
            if let (Some(constant), true) = (constant, is_default(&node.domain)) {
                constants.insert(output(file, node)?, constant);
                continue;
            }
            let numbers = match (node.op_type.as_str(), &node.input[..], &node.attribute[..]) {
                ("Constant", [], [AttributeProto { name, t: Some(tensor), .. }]) if name == "value" => {
                    whole_numbers(tensor).map(Rc::new)
                }
                ("Identity", [input], []) => integers.get(input.as_str()).cloned(),
                _ => None,
            };
            if let (Some(numbers), true) = (numbers, is_default(&node.domain)) {
                integers.insert(output(file, node)?, numbers);
            }
            for input in &node.input {
                // A node that uses a value twice counts once.
                if !constants.contains_key(input.as_str()) {
                    let users = users.entry(input).or_default();
                    if users.last() != Some(&k) {
                        users.push(k);
                    }
                }
            }
        }
        let widest = file.info.n_inputs;
        let steps = Vec::new();
        Ok(Self { file, holds, constants, integers, users, steps, widest, parameters: 0, bias_free: false })
    }

    pub(super) fn unsupported(&self, node: &NodeProto, reason: String) -> InferError {
        unsupported(self.file, node, reason)
    }

    /// A constant operand, which must be finite.
    pub(super) fn constant(&self, node: &NodeProto, name: &str) -> Result<&Rc<Constant>, InferError> {
        let Some(constant) = self.constants.get(name) else {
            return Err(self.unsupported(
                node,
                format!("its operand `{name}` is not a float32 constant of the file; {}", self.holds),
            ));
        };
        if constant.values.iter().any(|v| !v.is_finite()) {
            return Err(self.unsupported(
                node,
                format!(
                    "constant `{name}` holds a value that is not finite; train or export the network again"
                ),
            ));
        }
        Ok(constant)
    }
}
