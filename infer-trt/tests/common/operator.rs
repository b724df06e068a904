//! Fourier neural operators as the training crate exports them, with weights that look random.

use super::proto::*;
use super::{Act, Graph, Random, shaped};

/// What a layer does with its convolution K and its point-wise map W.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// σ(Kv + Wv)
    Classic,
    /// σ(M(Kv) + Wv) with a point-wise network M
    Mlp,
    /// v + σ(Kv + Wv)
    Residual,
}

pub const VARIANTS: [Variant; 3] = [Variant::Classic, Variant::Mlp, Variant::Residual];

/// An operator.
#[derive(Debug, Clone, Copy)]
pub struct Operator {
    pub points: usize,
    pub channels: usize,
    pub outputs: usize,
    pub width: usize,
    pub hidden: usize,
    pub modes: usize,
    pub layers: usize,
    pub padding: usize,
    pub variant: Variant,
    pub act: Act,
    /// Whether weights of a mode are those of a complex product.
    pub complex: bool,
}

impl Operator {
    /// Some small one.
    pub fn small(variant: Variant, act: Act) -> Self {
        Self {
            points: 24,
            channels: 1,
            outputs: 2,
            width: 5,
            hidden: 9,
            modes: 4,
            layers: 2,
            padding: 3,
            variant,
            act,
            complex: true,
        }
    }

    /// Functions as the normalisation expects them, one after the other.
    pub fn inputs(&self, seed: u64, samples: usize) -> Vec<f32> {
        let mut random = Random(seed);
        let mut x = Vec::new();
        for _ in 0..samples {
            let waves = random.vec(3 * self.channels, 1.0);
            for n in 0..self.points {
                let t = n as f32 / self.points as f32;
                x.extend(
                    waves.chunks(3).map(|w| 2.0 + w[0] + w[1] * (6.3 * t).sin() + w[2] * (19.0 * t).cos()),
                );
            }
        }
        x
    }

    /// The file.
    pub fn model(&self) -> ModelProto {
        let mut random = Random(7 + self.width as u64 + 1000 * self.points as u64);
        let mut g = Graph::default();
        let (n, c, o) = (self.points, self.channels, self.outputs);
        let row = |values: &[f32]| values.repeat(n);
        let mut x = g.binary("Sub", "x", "x_mean", &[n, c], &row(&random.vec(c, 1.0)));
        let scale: Vec<f32> = random.vec(c, 0.5).iter().map(|v| 1.5 + v).collect();
        x = g.binary("Div", &x, "x_scale", &[n, c], &row(&scale));
        x = self.lift(&mut g, &mut random, &x);
        let padded = n + self.padding;
        if self.padding > 0 {
            g.integers("padding", &[0, 0, 0, 0, self.padding as i64, 0]);
            x = g.node("Pad", &[&x, "padding"]);
        }
        self.transforms(&mut g, padded);
        for l in 0..self.layers {
            x = self.layer(&mut g, &mut random, l, &x);
        }
        if self.padding > 0 {
            for (name, value) in [("start", 0), ("end", n as i64), ("axis", 1)] {
                g.integers(name, &[value]);
            }
            x = g.node("Slice", &[&x, "start", "end", "axis"]);
        }
        x = self.dense(&mut g, &mut random, "projection.0", (self.width, self.hidden), &x);
        x = act(&mut g, self.act, &x);
        x = self.dense(&mut g, &mut random, "projection.1", (self.hidden, o), &x);
        x = g.binary("Mul", &x, "y_scale", &[n, o], &row(&vec![1.25; o]));
        g.binary("Add", &x, "y_mean", &[n, o], &row(&random.vec(o, 1.0)));
        let mut model = g.model(1, 1);
        let graph = model.graph.as_mut().unwrap();
        graph.input[0] = shaped("x", &[n as i64, c as i64]);
        graph.output[0] = shaped("y", &[n as i64, o as i64]);
        model
    }

    fn dense(&self, g: &mut Graph, random: &mut Random, name: &str, size: (usize, usize), x: &str) -> String {
        let w = random.vec(size.0 * size.1, self.act.spread() / (size.0 as f32).sqrt());
        let z = g.binary("MatMul", x, &format!("{name}.weight"), &[size.0, size.1], &w);
        g.binary("Add", &z, &format!("{name}.bias"), &[size.1], &random.vec(size.1, 0.5))
    }

    /// With a bias for each point.
    fn lift(&self, g: &mut Graph, random: &mut Random, x: &str) -> String {
        let (n, c, h) = (self.points, self.channels, self.hidden);
        let z = g.binary("MatMul", x, "lifting.0.weight", &[c, h], &random.vec(c * h, 1.0));
        let z = g.binary("Add", &z, "lifting.0.bias", &[n, h], &random.vec(n * h, 0.5));
        let z = act(g, self.act, &z);
        self.dense(g, random, "lifting.1", (h, self.width), &z)
    }

    fn transforms(&self, g: &mut Graph, n: usize) {
        let modes = self.modes;
        let angle = |k: usize, m: usize| std::f64::consts::TAU * ((k * m) % n) as f64 / n as f64;
        let parts: [fn(f64) -> f64; 2] = [f64::cos, |a| -a.sin()];
        let analysis: Vec<f32> =
            (0..2 * modes * n).map(|i| parts[i / (modes * n)](angle(i % n, i / n % modes)) as f32).collect();
        let synthesis: Vec<f32> = (0..n * 2 * modes)
            .map(|i| {
                let (k, part, m) = (i / (2 * modes), i / modes % 2, i % modes);
                let scale = if m == 0 || 2 * m == n { 1.0 } else { 2.0 } / n as f64;
                (scale * parts[part](angle(k, m))) as f32
            })
            .collect();
        g.constant("analysis", &[2 * modes, n], &analysis);
        g.constant("synthesis", &[n, 2 * modes], &synthesis);
        let [m, w] = [modes, self.width].map(|n| n as i64);
        g.integers("shape.parts", &[-1, 2, m, w]);
        g.integers("shape.rows", &[m, -1, 2 * w]);
        g.integers("shape.mixed", &[m, -1, 2, w]);
        g.integers("shape.spectrum", &[-1, 2 * m, w]);
    }

    fn spectral(&self, random: &mut Random) -> Vec<f32> {
        let (w, scale) = (self.width, self.act.spread() / (2.0 * self.width as f32).sqrt());
        let mut weights = random.vec(self.modes * 4 * w * w, scale);
        if self.complex {
            for matrix in weights.chunks_exact_mut(4 * w * w) {
                let (above, below) = matrix.split_at_mut(2 * w * w);
                for (above, below) in above.chunks_exact(2 * w).zip(below.chunks_exact_mut(2 * w)) {
                    let (re, im) = above.split_at(w);
                    below[w..].copy_from_slice(re);
                    below.iter_mut().zip(im).for_each(|(to, im)| *to = -im);
                }
            }
        }
        weights
    }

    fn layer(&self, g: &mut Graph, random: &mut Random, l: usize, v: &str) -> String {
        let (w, m) = (self.width, self.modes);
        g.constant(&format!("spectral.{l}"), &[m, 2 * w, 2 * w], &self.spectral(random));
        let x = g.node("MatMul", &["analysis", v]);
        let x = g.node("Reshape", &[&x, "shape.parts"]);
        let x = g.node("Transpose", &[&x]);
        g.permutation(&[2, 0, 1, 3]);
        let x = g.node("Reshape", &[&x, "shape.rows"]);
        let x = g.node("MatMul", &[&x, &format!("spectral.{l}")]);
        let x = g.node("Reshape", &[&x, "shape.mixed"]);
        let x = g.node("Transpose", &[&x]);
        g.permutation(&[1, 2, 0, 3]);
        let x = g.node("Reshape", &[&x, "shape.spectrum"]);
        let mut k = g.node("MatMul", &["synthesis", &x]);
        if self.variant == Variant::Mlp {
            k = self.dense(g, random, &format!("mlp.{l}.0"), (w, w), &k);
            k = act(g, self.act, &k);
            k = self.dense(g, random, &format!("mlp.{l}.1"), (w, w), &k);
        }
        let wv = self.dense(g, random, &format!("pointwise.{l}"), (w, w), v);
        let mut out = g.node("Add", &[&k, &wv]);
        if l + 1 < self.layers {
            out = act(g, self.act, &out);
        }
        if self.variant == Variant::Residual {
            out = g.node("Add", &[v, &out]);
        }
        out
    }
}

/// An activation as the training crate writes it.
pub fn act(g: &mut Graph, act: Act, z: &str) -> String {
    match act {
        Act::None => z.to_owned(),
        Act::Silu => {
            let s = g.node("Sigmoid", &[z]);
            g.node("Mul", &[z, &s])
        }
        Act::Sigmoid => g.node("Sigmoid", &[z]),
        Act::Tanh => g.node("Tanh", &[z]),
        Act::Elu => {
            let y = g.node("Elu", &[z]);
            g.attribute("alpha", 1.0);
            y
        }
        Act::Relu => g.node("Relu", &[z]),
        Act::Sin => g.node("Sin", &[z]),
        Act::LeakyRelu => {
            let y = g.node("LeakyRelu", &[z]);
            g.attribute("alpha", 0.01);
            y
        }
        Act::Gelu => {
            for (name, value) in [("root", std::f32::consts::SQRT_2), ("one", 1.0), ("half", 0.5)] {
                if !g.constants.iter().any(|t| t.name == name) {
                    g.constant(name, &[], &[value]);
                }
            }
            let scaled = g.node("Div", &[z, "root"]);
            let erf = g.node("Erf", &[&scaled]);
            let twice = g.node("Add", &[&erf, "one"]);
            let half = g.node("Mul", &[z, "half"]);
            g.node("Mul", &[&half, &twice])
        }
    }
}
