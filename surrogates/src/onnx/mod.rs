//! Networks as ONNX files.
//!
//! The file takes and gives physical units: normalisation is part of the graph. One input `x`,
//! float32 `[batch, inputs]` with any batch, one output `y`, float32 `[batch, outputs]`. Operator set
//! 17, IR version 8. The nodes, in order:
//!
//! `Sub(x, x_mean)`, `Div(x_scale)`, then for each hidden layer `MatMul(W)`, `Add(b)` and its
//! activation, then `MatMul`, `Add`, `Mul(y_scale)`, `Add(y_mean)` to `y`. W is `[inputs, outputs]`.
//! SiLU is `Sigmoid` and `Mul`, GELU is z·(1 + `Erf`(z/√2))/2; the others are `Tanh`, `Elu` with alpha 1,
//! `Relu`, `Sin`, and `LeakyRelu` with alpha 0.01. Constants lie in the file itself.

use std::path::Path;

use prost::Message;

pub mod proto;

use crate::{Activation, Error, Mlp, MlpSpec, atomic, check};
use proto::{
    Attribute, Dimension, Extent, FLOAT, Graph, INT64, Model, Node, OperatorSet, Property, Shape, Tensor,
    TensorType, Type, ValueInfo,
};

/// The version of the file format.
pub const IR_VERSION: i64 = 8;
/// The version of the operator set.
pub const OPSET: i64 = 17;

/// A column's name and unit, for whoever reads the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The name, such as `t` or `V`.
    pub name: String,
    /// The unit, such as `ms` or `mV`; `1` for a pure number.
    pub unit: String,
}

impl Label {
    /// A label from name and unit.
    pub fn new(name: impl Into<String>, unit: impl Into<String>) -> Self {
        Self { name: name.into(), unit: unit.into() }
    }
}

/// What a file says about its network besides the graph. It goes into the file's metadata: `producer`, `spec`,
/// `inputs` and `targets` (names with units, as `t [ms], V [mV]`), `recipe_sha256`, and `properties`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Description {
    /// What the network is, in a sentence.
    pub text: String,
    /// The inputs, in order; empty if not known.
    pub inputs: Vec<Label>,
    /// The outputs, in order; empty if not known.
    pub targets: Vec<Label>,
    /// SHA-256 of the recipe of the data that the network learned; empty if not known.
    pub recipe_sha256: String,
    /// More names with values.
    pub properties: Vec<(String, String)>,
}

impl Description {
    /// Labels and recipe hash of a data set.
    pub fn of_dataset(dataset: &datagen::Dataset) -> Self {
        let labels = |role| {
            let columns = dataset.columns().iter().filter(move |c| c.role == role);
            columns.map(|c| Label::new(c.name.clone(), c.unit.clone())).collect()
        };
        Self {
            inputs: labels(datagen::Role::Input),
            targets: labels(datagen::Role::Target),
            recipe_sha256: dataset.recipe_sha256(),
            ..Self::default()
        }
    }
}

/// Writes a network to an ONNX file, atomically.
///
/// # Errors
/// Those of [`to_model`], and [`Error::Io`] if the file cannot be written.
pub fn export(network: &Mlp, description: &Description, path: &Path) -> Result<(), Error> {
    atomic::write(path, &to_model(network, description)?.encode_to_vec())
}

/// The content of the ONNX file of a network.
///
/// # Errors
/// [`Error::BadLength`] if there are labels, but not one for each input or output;
/// [`Error::NotFiniteData`] if a parameter is NaN or infinite.
pub fn to_model(network: &Mlp, description: &Description) -> Result<Model, Error> {
    let spec = network.spec();
    check(description, (spec.inputs, spec.outputs), network.parameters())?;
    let mut graph = Builder::new();
    let (input, output) = (network.input_normalization(), network.output_normalization());
    graph.constant("x_mean", &[spec.inputs], input.mean());
    graph.constant("x_scale", &[spec.inputs], input.scale());
    let mut h = graph.node("Sub", &["x", "x_mean"], "x_centred");
    h = graph.node("Div", &[&h, "x_scale"], "h0");
    graph.layer_constants(spec, network.parameters());
    h = graph.layers(spec, "", &h, |_| None);
    graph.constant("y_scale", &[spec.outputs], output.scale());
    graph.constant("y_mean", &[spec.outputs], output.mean());
    let scaled = graph.node("Mul", &[&h, "y_scale"], "y_centred");
    graph.node("Add", &[&scaled, "y_mean"], "y");
    Ok(graph.finish((&[spec.inputs], &[spec.outputs]), spec.to_string(), description))
}

/// That there is a label for each column or none at all, and that every parameter is finite.
pub(crate) fn check(
    description: &Description,
    (inputs, outputs): (usize, usize),
    parameters: &[f32],
) -> Result<(), Error> {
    for (what, labels, expected) in [
        ("labels of inputs", &description.inputs, inputs),
        ("labels of targets", &description.targets, outputs),
    ] {
        if !labels.is_empty() {
            check::length(what, labels.len(), expected)?;
        }
    }
    check::finite("parameters of the network", parameters, 1)
}

/// A graph under construction: input `x`, output `y`.
pub(crate) struct Builder {
    graph: Graph,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self { graph: Graph { name: "surrogate".to_owned(), ..Graph::default() } }
    }

    /// The file of the graph. Inputs and outputs have these extents after the batch.
    pub(crate) fn finish(
        self,
        (inputs, outputs): (&[usize], &[usize]),
        spec: String,
        description: &Description,
    ) -> Model {
        let mut graph = self.graph;
        graph.input.push(value("x", inputs));
        graph.output.push(value("y", outputs));
        let join = |labels: &[Label]| {
            labels.iter().map(|l| format!("{} [{}]", l.name, l.unit)).collect::<Vec<_>>().join(", ")
        };
        let mut properties = vec![
            (
                "producer".to_owned(),
                concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")).to_owned(),
            ),
            ("spec".to_owned(), spec),
            ("inputs".to_owned(), join(&description.inputs)),
            ("targets".to_owned(), join(&description.targets)),
            ("recipe_sha256".to_owned(), description.recipe_sha256.clone()),
        ];
        properties.extend(description.properties.iter().cloned());
        Model {
            ir_version: IR_VERSION,
            producer_name: env!("CARGO_PKG_NAME").to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            doc_string: description.text.clone(),
            graph: Some(graph),
            opset_import: vec![OperatorSet { domain: String::new(), version: OPSET }],
            metadata_props: properties.into_iter().map(|(key, value)| Property { key, value }).collect(),
        }
    }

    /// Adds the weights and biases of every layer as constants.
    pub(crate) fn layer_constants(&mut self, spec: &MlpSpec, parameters: &[f32]) {
        for (k, layer) in spec.layers().enumerate() {
            let (w, b) = layer.split(parameters);
            self.constant(&format!("layer.{k}.weight"), &[layer.inputs, layer.outputs], w);
            self.constant(&format!("layer.{k}.bias"), &[layer.outputs], b);
        }
    }

    /// Adds all layers of a network on the normal inputs `h`, and returns the name of its outputs. Names of
    /// nodes begin with `prefix`, so that a network may stand several times on the same constants. `norm` names
    /// the constants with gains and shifts of a layer whose sums are normalised.
    pub(crate) fn layers(
        &mut self,
        spec: &MlpSpec,
        prefix: &str,
        h: &str,
        norm: impl Fn(usize) -> Option<(String, String)>,
    ) -> String {
        let mut h = h.to_owned();
        for (k, layer) in spec.layers().enumerate() {
            let name = |what: &str| format!("{prefix}layer.{k}.{what}");
            let (w_name, b_name) = (format!("layer.{k}.weight"), format!("layer.{k}.bias"));
            let product = self.node("MatMul", &[&h, &w_name], &name("product"));
            let mut z = self.node("Add", &[&product, &b_name], &name("sum"));
            let out = format!("{prefix}h{}", k + 1);
            if let Some((gain, shift)) = norm(k).filter(|_| layer.activation.is_some()) {
                z = self.node("LayerNormalization", &[&z, &gain, &shift], &name("normal"));
            }
            h = match layer.activation {
                None => z,
                Some(kind) => self.activation(kind, &z, &format!("{prefix}layer.{k}"), &out),
            };
        }
        h
    }

    /// Adds a constant.
    pub(crate) fn constant(&mut self, name: &str, shape: &[usize], values: &[f32]) {
        self.graph.initializer.push(Tensor {
            dims: shape.iter().map(|&n| n as i64).collect(),
            data_type: FLOAT,
            name: name.to_owned(),
            raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        });
    }

    /// Adds a constant of whole numbers: a shape, or places.
    pub(crate) fn integers(&mut self, name: &str, shape: &[usize], values: &[i64]) {
        self.graph.initializer.push(Tensor {
            dims: shape.iter().map(|&n| n as i64).collect(),
            data_type: INT64,
            name: name.to_owned(),
            raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect(),
        });
    }

    /// Adds an operation, named as its output, and returns that name.
    pub(crate) fn node(&mut self, operator: &str, inputs: &[&str], output: &str) -> String {
        self.graph.node.push(Node {
            input: inputs.iter().map(|&i| i.to_owned()).collect(),
            output: vec![output.to_owned()],
            name: output.to_owned(),
            op_type: operator.to_owned(),
            attribute: Vec::new(),
        });
        output.to_owned()
    }

    /// Adds an activation of `z`; operations on the way are named after `place`. Returns the name `out`.
    pub(crate) fn activation(&mut self, kind: Activation, z: &str, place: &str, out: &str) -> String {
        let out = match kind {
            Activation::SiLU => {
                let s = self.node("Sigmoid", &[z], &format!("{place}.sigmoid"));
                self.node("Mul", &[z, &s], out)
            }
            Activation::Tanh => self.node("Tanh", &[z], out),
            Activation::ELU => self.node("Elu", &[z], out),
            Activation::ReLU => self.node("Relu", &[z], out),
            Activation::Sin => self.node("Sin", &[z], out),
            Activation::GELU => {
                for (name, value) in
                    [("gelu.root", core::f32::consts::SQRT_2), ("gelu.one", 1.0), ("gelu.half", 0.5)]
                {
                    if !self.graph.initializer.iter().any(|t| t.name == name) {
                        self.constant(name, &[], &[value]);
                    }
                }
                // A quotient, not a product: so ONNX Runtime knows the function and fuses it.
                let scaled = self.node("Div", &[z, "gelu.root"], &format!("{place}.scaled"));
                let erf = self.node("Erf", &[&scaled], &format!("{place}.erf"));
                let twice = self.node("Add", &[&erf, "gelu.one"], &format!("{place}.twice"));
                let half = self.node("Mul", &[z, "gelu.half"], &format!("{place}.half"));
                self.node("Mul", &[&half, &twice], out)
            }
            Activation::LeakyReLU => self.node("LeakyRelu", &[z], out),
        };
        match kind {
            Activation::ELU => self.attribute("alpha", 1.0),
            Activation::LeakyReLU => self.attribute("alpha", 0.01),
            _ => {}
        }
        out
    }

    /// Adds a setting to the last operation.
    fn attribute(&mut self, name: &str, f: f32) {
        if let Some(node) = self.graph.node.last_mut() {
            let name = name.to_owned();
            node.attribute.push(Attribute { name, f, r#type: Attribute::FLOAT, ..Attribute::default() });
        }
    }

    /// Adds the order of axes to the last operation.
    pub(crate) fn permutation(&mut self, order: &[i64]) {
        if let Some(node) = self.graph.node.last_mut() {
            let (name, ints) = ("perm".to_owned(), order.to_vec());
            node.attribute.push(Attribute { name, ints, r#type: Attribute::INTS, ..Attribute::default() });
        }
    }
}

/// Numbers of float32 with any batch.
fn value(name: &str, extents: &[usize]) -> ValueInfo {
    let batch = Dimension { value: Some(Extent::Parameter("batch".to_owned())) };
    let others = extents.iter().map(|&n| Dimension { value: Some(Extent::Value(n as i64)) });
    let shape = Some(Shape { dim: [batch].into_iter().chain(others).collect() });
    let tensor_type = Some(TensorType { elem_type: FLOAT, shape });
    ValueInfo { name: name.to_owned(), r#type: Some(Type { tensor_type }) }
}
