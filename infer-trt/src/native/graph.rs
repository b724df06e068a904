//! From the nodes of a graph to a program.

use std::collections::HashMap;
use std::rc::Rc;

use super::program::{Activation, ColumnOp, Dense, Program, Step};
use crate::onnx::proto::{AttributeProto, NodeProto};
use crate::onnx::{Constant, File, MAX_WIDTH};
use crate::{InferError, Provider};

/// What the engine can hold, for messages.
const HOLDS: &str = "the native engine runs one chain of MatMul, Gemm, Add, Sub, Mul, Div, Sigmoid, \
                     Tanh, Elu, Relu, Sin and Identity; open this model with `ort-cpu`";

/// Most constants that a program holds: a file may use one constant in many nodes.
const MAX_PARAMETERS: usize = 1 << 26;

/// Compiles a model file.
pub(crate) fn compile(file: &File) -> Result<Program, InferError> {
    let nodes = &file.graph.node;
    let mut walk = Walk::new(file)?;
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

fn is_default(domain: &str) -> bool {
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
fn output<'a>(file: &File, node: &'a NodeProto) -> Result<&'a str, InferError> {
    match &node.output[..] {
        [output] if !output.is_empty() => Ok(output),
        outputs => {
            Err(unsupported(file, node, format!("it has {} outputs, not one; {HOLDS}", outputs.len())))
        }
    }
}

/// The state of a walk from input to output.
struct Walk<'a> {
    file: &'a File,
    constants: HashMap<&'a str, Rc<Constant>>,
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
    fn new(file: &'a File) -> Result<Self, InferError> {
        let malformed = |reason: String| InferError::Malformed { path: file.path.clone(), reason };
        let mut constants = HashMap::new();
        let mut seen: HashMap<&str, ()> = HashMap::from([(file.input.as_str(), ())]);
        for tensor in &file.graph.initializer {
            if seen.insert(&tensor.name, ()).is_some() {
                return Err(malformed(format!("`{}` is defined twice", tensor.name)));
            }
            // Constants of other types may feed nodes that are refused by name later.
            if tensor.data_type == crate::onnx::proto::FLOAT {
                let constant = Constant::read(tensor).map_err(malformed)?;
                constants.insert(tensor.name.as_str(), Rc::new(constant));
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
        Ok(Self { file, constants, users, steps: Vec::new(), widest, parameters: 0, bias_free: false })
    }

    fn unsupported(&self, node: &NodeProto, reason: String) -> InferError {
        unsupported(self.file, node, reason)
    }

    /// A constant operand, which must be finite.
    fn constant(&self, node: &NodeProto, name: &str) -> Result<&Rc<Constant>, InferError> {
        let Some(constant) = self.constants.get(name) else {
            return Err(self.unsupported(
                node,
                format!("its operand `{name}` is not a float32 constant of the file; {HOLDS}"),
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

    /// Adds the step of `node`, which uses `value` of `width` columns; returns the new width.
    fn step(&mut self, node: &NodeProto, value: &str, width: usize) -> Result<usize, InferError> {
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
    fn spend(&mut self, node: &NodeProto, n: usize) -> Result<(), InferError> {
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
    fn attributes<const N: usize>(
        &self,
        node: &NodeProto,
        known: &[(&str, f32); N],
    ) -> Result<[f32; N], InferError> {
        let mut values = known.map(|(_, default)| default);
        for a in &node.attribute {
            let Some(k) = known.iter().position(|(name, _)| *name == a.name) else {
                return Err(self.unsupported(node, format!("attribute `{}` is not known; {HOLDS}", a.name)));
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
    fn activate(&mut self, activation: Activation, width: usize) {
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
