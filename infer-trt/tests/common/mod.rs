//! Networks for tests: written as ONNX by an encoder of our own, evaluated in `f64`.
#![allow(dead_code, unreachable_pub, reason = "every test program uses a part of this module")]
#![allow(clippy::unwrap_used, reason = "a test that cannot set up its files has failed")]

// The messages of the crate, used here to write files.
#[path = "../../src/onnx/proto.rs"]
#[allow(
    clippy::duplicate_mod,
    reason = "the crate's own tests write files too, with the messages beside those it reads"
)]
pub mod proto;

pub mod eval;
pub mod operator;

use std::path::{Path, PathBuf};

use proto::*;

/// Numbers that look random and are the same everywhere (a 64-bit linear congruence, upper bits).
pub struct Random(pub u64);

impl Random {
    /// Uniform in [−1, 1).
    pub fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    pub fn vec(&mut self, n: usize, scale: f32) -> Vec<f32> {
        (0..n).map(|_| scale * self.next()).collect()
    }
}

/// The activations of the exported networks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Act {
    None,
    Silu,
    Sigmoid,
    Tanh,
    Elu,
    Relu,
    Sin,
    LeakyRelu,
    Gelu,
}

/// Those that dense chains have too.
pub const ACTS: [Act; 6] = [Act::Silu, Act::Sigmoid, Act::Tanh, Act::Elu, Act::Relu, Act::Sin];

impl Act {
    pub fn eval(self, x: f64) -> f64 {
        match self {
            Act::None => x,
            Act::Silu => x / (1.0 + (-x).exp()),
            Act::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Act::Tanh => x.tanh(),
            Act::Elu if x > 0.0 => x,
            Act::Elu => x.exp_m1(),
            // `f64::max` would drop a NaN.
            Act::Relu if x < 0.0 => 0.0,
            Act::Relu => x,
            Act::Sin => x.sin(),
            Act::LeakyRelu if x < 0.0 => 0.01 * x,
            Act::LeakyRelu => x,
            Act::Gelu => 0.5 * x * (1.0 + eval::erf(x / std::f64::consts::SQRT_2)),
        }
    }

    /// Weights behind this activation are uniform in ± this over √inputs, so that signals keep their size
    /// from layer to layer, as in trained networks: √(3/v), where v is the mean square of what the activation
    /// makes of normal numbers, and of the sigmoid their variance. Inputs of a network are uniform in ±2.
    pub fn spread(self) -> f32 {
        match self {
            Act::None => 1.5,
            Act::Silu => 2.90,
            Act::Sigmoid => 8.31,
            Act::Tanh => 2.76,
            Act::Elu => 2.16,
            Act::Relu | Act::LeakyRelu => 2.45,
            Act::Sin => 2.63,
            Act::Gelu => 2.66,
        }
    }
}

/// A dense layer: weights `[n_in, n_out]` row by row, biases, activation.
#[derive(Debug, Clone)]
pub struct Layer {
    pub n_in: usize,
    pub n_out: usize,
    pub w: Vec<f32>,
    pub b: Vec<f32>,
    pub act: Act,
}

/// A network as the training crate exports it.
#[derive(Debug, Clone)]
pub struct Net {
    pub mean: Vec<f32>,
    pub std: Vec<f32>,
    pub layers: Vec<Layer>,
    pub std_y: Vec<f32>,
    pub mean_y: Vec<f32>,
}

impl Net {
    /// A network whose outputs vary by some units of one.
    pub fn random(seed: u64, n_in: usize, hidden: &[(Act, usize)], n_out: usize) -> Self {
        let mut random = Random(seed);
        let mut layers = Vec::new();
        let (mut before, mut width) = (Act::None, n_in);
        for &(act, n) in hidden.iter().chain(&[(Act::None, n_out)]) {
            let scale = before.spread() / (width as f32).sqrt();
            let (w, mut b) = (random.vec(width * n, scale), random.vec(n, 0.5));
            if before == Act::Sigmoid {
                // Its values lie about one half.
                w.iter().enumerate().for_each(|(k, w)| b[k % n] -= 0.5 * w);
            }
            layers.push(Layer { n_in: width, n_out: n, w, b, act });
            (before, width) = (act, n);
        }
        let positive = |v: Vec<f32>| v.into_iter().map(|x| 1.5 + x).collect::<Vec<_>>();
        Self {
            mean: random.vec(n_in, 2.0),
            std: positive(random.vec(n_in, 1.0)),
            layers,
            std_y: positive(random.vec(n_out, 1.0)),
            mean_y: random.vec(n_out, 1.0),
        }
    }

    pub fn n_in(&self) -> usize {
        self.mean.len()
    }

    pub fn n_out(&self) -> usize {
        self.mean_y.len()
    }

    /// Rows as spread out as the normalisation expects: the mean and up to two deviations.
    pub fn inputs(&self, seed: u64, rows: usize) -> Vec<f32> {
        let mut random = Random(seed);
        let columns = || self.mean.iter().zip(&self.std);
        (0..rows)
            .flat_map(|_| columns().map(|(m, s)| m + 2.0 * s * random.next()).collect::<Vec<_>>())
            .collect()
    }

    /// The network in `f64`, one row.
    pub fn eval(&self, x: &[f32]) -> Vec<f64> {
        let mut v: Vec<f64> = x
            .iter()
            .zip(&self.mean)
            .zip(&self.std)
            .map(|((&x, &m), &s)| (f64::from(x) - f64::from(m)) / f64::from(s))
            .collect();
        for l in &self.layers {
            v = (0..l.n_out)
                .map(|o| {
                    let dot: f64 =
                        v.iter().enumerate().map(|(i, x)| x * f64::from(l.w[i * l.n_out + o])).sum();
                    l.act.eval(dot + f64::from(l.b[o]))
                })
                .collect();
        }
        v.iter()
            .zip(&self.std_y)
            .zip(&self.mean_y)
            .map(|((v, &s), &m)| v * f64::from(s) + f64::from(m))
            .collect()
    }

    /// The network as the training crate writes it.
    pub fn model(&self) -> ModelProto {
        let mut g = Graph::default();
        let mut x = g.binary("Sub", "x", "mean", &[self.n_in()], &self.mean);
        x = g.binary("Div", &x, "std", &[self.n_in()], &self.std);
        for (k, l) in self.layers.iter().enumerate() {
            x = g.binary("MatMul", &x, &format!("w{k}"), &[l.n_in, l.n_out], &l.w);
            x = g.binary("Add", &x, &format!("b{k}"), &[l.n_out], &l.b);
            x = operator::act(&mut g, l.act, &x);
        }
        x = g.binary("Mul", &x, "std_y", &[self.n_out()], &self.std_y);
        g.binary("Add", &x, "mean_y", &[self.n_out()], &self.mean_y);
        g.model(self.n_in(), self.n_out())
    }
}

/// A graph being written; the output of the last node becomes `y`.
#[derive(Default)]
pub struct Graph {
    pub nodes: Vec<NodeProto>,
    pub constants: Vec<TensorProto>,
}

impl Graph {
    /// A node with the given inputs; returns the name of its output.
    pub fn node(&mut self, op: &str, inputs: &[&str]) -> String {
        let output = format!("v{}", self.nodes.len());
        self.nodes.push(NodeProto {
            input: inputs.iter().map(|&s| s.to_owned()).collect(),
            output: vec![output.clone()],
            name: format!("{op}_{}", self.nodes.len()),
            op_type: op.to_owned(),
            ..NodeProto::default()
        });
        output
    }

    /// A constant on the right of a value.
    pub fn binary(&mut self, op: &str, x: &str, name: &str, dims: &[usize], c: &[f32]) -> String {
        self.constant(name, dims, c);
        self.node(op, &[x, name])
    }

    pub fn constant(&mut self, name: &str, dims: &[usize], values: &[f32]) {
        self.constants.push(tensor(name, dims, values));
    }

    /// A row of whole numbers.
    pub fn integers(&mut self, name: &str, values: &[i64]) {
        self.constants.push(TensorProto {
            dims: vec![values.len() as i64],
            data_type: INT64,
            name: name.to_owned(),
            raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>().into(),
            ..TensorProto::default()
        });
    }

    /// The order of axes as attribute of the last node.
    pub fn permutation(&mut self, order: &[i64]) {
        self.nodes.last_mut().unwrap().attribute.push(AttributeProto {
            name: "perm".to_owned(),
            ints: order.to_vec(),
            r#type: 7,
            ..AttributeProto::default()
        });
    }

    /// A number as attribute of the last node.
    pub fn attribute(&mut self, name: &str, f: f32) {
        self.nodes.last_mut().unwrap().attribute.push(AttributeProto {
            name: name.to_owned(),
            f,
            r#type: 1,
            ..AttributeProto::default()
        });
    }

    /// A whole number as attribute of the last node.
    pub fn attribute_i(&mut self, name: &str, i: i64) {
        self.nodes.last_mut().unwrap().attribute.push(AttributeProto {
            name: name.to_owned(),
            i,
            r#type: 2,
            ..AttributeProto::default()
        });
    }

    pub fn model(mut self, n_in: usize, n_out: usize) -> ModelProto {
        if let Some(last) = self.nodes.last_mut() {
            last.output = vec!["y".to_owned()];
        }
        ModelProto {
            ir_version: 8,
            producer_name: "infer-trt tests".to_owned(),
            graph: Some(GraphProto {
                node: self.nodes,
                name: "network".to_owned(),
                initializer: self.constants,
                input: vec![value("x", n_in as i64)],
                output: vec![value("y", n_out as i64)],
                ..GraphProto::default()
            }),
            opset_import: vec![OperatorSetIdProto { domain: String::new(), version: 17 }],
            metadata_props: vec![StringStringEntryProto {
                key: "producer".to_owned(),
                value: "tests".to_owned(),
            }],
            ..ModelProto::default()
        }
    }
}

pub fn tensor(name: &str, dims: &[usize], values: &[f32]) -> TensorProto {
    TensorProto {
        dims: dims.iter().map(|&d| d as i64).collect(),
        data_type: FLOAT,
        name: name.to_owned(),
        raw_data: values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>().into(),
        ..TensorProto::default()
    }
}

/// A float32 `[batch, columns]`.
pub fn value(name: &str, columns: i64) -> ValueInfoProto {
    shaped(name, &[columns])
}

/// A float32 `[batch, …]`.
pub fn shaped(name: &str, row: &[i64]) -> ValueInfoProto {
    let dim = |value| DimensionProto { value: Some(value) };
    let row = row.iter().map(|n| dim(Dimension::Value(*n)));
    ValueInfoProto {
        name: name.to_owned(),
        r#type: Some(TypeProto {
            tensor_type: Some(TensorTypeProto {
                elem_type: FLOAT,
                shape: Some(TensorShapeProto {
                    dim: std::iter::once(dim(Dimension::Param("batch".into()))).chain(row).collect(),
                }),
            }),
        }),
    }
}

/// A folder that goes away with its files.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    pub fn model(&self, model: &ModelProto) -> PathBuf {
        self.write("model.onnx", &prost::Message::encode_to_vec(model))
    }
}

/// The range (largest less smallest value) of each column of `reference`.
pub fn ranges(reference: &[f64], columns: usize) -> Vec<f64> {
    let range = |column| {
        let all = || reference.iter().skip(column).step_by(columns).copied();
        all().fold(f64::MIN, f64::max) - all().fold(f64::MAX, f64::min)
    };
    (0..columns).map(range).collect()
}

/// The largest |y − reference| of all columns, each relative to its range; 0 without rows.
pub fn error(y: &[f32], reference: &[f64], ranges: &[f64]) -> f64 {
    assert_eq!(y.len(), reference.len());
    let off = y.iter().zip(reference).map(|(&y, &r)| (f64::from(y) - r).abs());
    off.zip(ranges.iter().cycle()).map(|(off, range)| off / range).fold(0.0, f64::max)
}
