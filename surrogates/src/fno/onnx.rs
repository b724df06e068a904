//! Operators as ONNX files.
//!
//! One input `x`, float32 `[batch, points, channels]`: the given functions in physical units; one output `y`,
//! float32 `[batch, points, outputs]`: the wanted ones in physical units. Any batch. Ordinary operators alone:
//! the transforms are `MatMul` with tables of cosines and sines, since ONNX's own `DFT` is slow, and unknown
//! to many runtimes.
//!
//! What a point's place contributes to the lifting is a constant of each point, and stands in its bias.

use std::path::Path;

use prost::Message;

use super::{Fno, FnoSpec, Variant};
use crate::onnx::proto::Model;
use crate::onnx::{Builder, Description, check};
use crate::{Dense, Error, atomic};

/// Writes an operator to an ONNX file, atomically.
///
/// # Errors
/// Those of [`to_model`], and [`Error::Io`] if the file cannot be written.
pub fn export(fno: &Fno, description: &Description, path: &Path) -> Result<(), Error> {
    atomic::write(path, &to_model(fno, description)?.encode_to_vec())
}

/// The content of the ONNX file of an operator.
///
/// # Errors
/// [`Error::BadLength`] if there are labels, but not one for each channel or output;
/// [`Error::NotFiniteData`] if a parameter is NaN or infinite.
pub fn to_model(fno: &Fno, description: &Description) -> Result<Model, Error> {
    let spec = fno.spec();
    let (channels, points) = (spec.inputs - 1, fno.points());
    check(description, (channels, spec.outputs), fno.parameters())?;
    let mut graph = Builder::new();
    let narrow = |values: &[f64]| values.iter().map(|v| *v as f32).collect::<Vec<f32>>();
    let scales = [("x", &fno.input, channels), ("y", &fno.output, spec.outputs)];
    for (name, scale, columns) in scales {
        graph.constant(&format!("{name}_mean"), &[points, columns], &narrow(scale.mean()));
        graph.constant(&format!("{name}_scale"), &[points, columns], &narrow(scale.scale()));
    }
    graph.node("Sub", &["x", "x_mean"], "x_centred");
    graph.node("Div", &["x_centred", "x_scale"], "x_normal");
    let mut v = lift(fno, &mut graph);
    let padding = fno.padding();
    if padding > 0 {
        graph.integers("padding", &[6], &[0, 0, 0, 0, padding as i64, 0]);
        v = graph.node("Pad", &[&v, "padding"], "padded");
    }
    transforms(fno, &mut graph);
    for l in 0..spec.layers {
        v = layer(fno, &mut graph, l, &v);
    }
    if padding > 0 {
        for (name, value) in [("crop.start", 0), ("crop.end", points as i64), ("crop.axis", 1)] {
            graph.integers(name, &[1], &[value]);
        }
        v = graph.node("Slice", &[&v, "crop.start", "crop.end", "crop.axis"], "cropped");
    }
    for (k, map) in spec.projection().into_iter().enumerate() {
        v = dense(fno, &mut graph, map, &v, &format!("projection.{k}"));
    }
    let scaled = graph.node("Mul", &[&v, "y_scale"], "y_centred");
    graph.node("Add", &[&scaled, "y_mean"], "y");
    let shapes = (&[points, channels][..], &[points, spec.outputs][..]);
    Ok(graph.finish(shapes, spec.to_string(), description))
}

/// The lifting: the place's part of the first map is added to its biases, point by point.
fn lift(fno: &Fno, graph: &mut Builder) -> String {
    let spec = fno.spec();
    let [first, second] = spec.lifting();
    let (w, b) = first.split(fno.parameters());
    let (by_place, by_input) = w.split_at(spec.hidden);
    let bias: Vec<f32> = (0..fno.points())
        .flat_map(|point| {
            let place = fno.place(point) as f32;
            by_place.iter().zip(b).map(move |(w, b)| w * place + b)
        })
        .collect();
    graph.constant("lifting.0.weight", &[spec.inputs - 1, spec.hidden], by_input);
    graph.constant("lifting.0.bias", &[fno.points(), spec.hidden], &bias);
    let product = graph.node("MatMul", &["x_normal", "lifting.0.weight"], "lifting.0.product");
    let z = graph.node("Add", &[&product, "lifting.0.bias"], "lifting.0.sum");
    let h = graph.activation(spec.activation, &z, "lifting.0", "lifting.0.out");
    dense(fno, graph, second, &h, "lifting.1")
}

/// A dense map of every point.
fn dense(fno: &Fno, graph: &mut Builder, map: Dense, v: &str, name: &str) -> String {
    let (w, b) = map.split(fno.parameters());
    let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
    graph.constant(&weight, &[map.inputs, map.outputs], w);
    graph.constant(&bias, &[map.outputs], b);
    let product = graph.node("MatMul", &[v, &weight], &format!("{name}.product"));
    let z = graph.node("Add", &[&product, &bias], &format!("{name}.sum"));
    match map.activation {
        Some(kind) => graph.activation(kind, &z, name, &format!("{name}.out")),
        None => z,
    }
}

/// The tables: `analysis` `[2·modes, points]` gives real parts, then imaginary parts; `synthesis`
/// `[points, 2·modes]` the way back. And the shapes on the way.
fn transforms(fno: &Fno, graph: &mut Builder) {
    let FnoSpec { modes, width, .. } = fno.spec();
    let n = fno.points() + fno.padding();
    let angle = |k: usize, m: usize| std::f64::consts::TAU * ((k * m) % n) as f64 / n as f64;
    let mut analysis = Vec::with_capacity(2 * modes * n);
    for part in [|a: f64| a.cos(), |a: f64| -a.sin()] {
        analysis.extend((0..modes).flat_map(|m| (0..n).map(move |k| part(angle(k, m)) as f32)));
    }
    let mut synthesis = Vec::with_capacity(2 * modes * n);
    for k in 0..n {
        for part in [|a: f64| a.cos(), |a: f64| -a.sin()] {
            synthesis.extend((0..modes).map(|m| {
                let scale = if m == 0 || 2 * m == n { 1.0 } else { 2.0 } / n as f64;
                (scale * part(angle(k, m))) as f32
            }));
        }
    }
    graph.constant("analysis", &[2 * modes, n], &analysis);
    graph.constant("synthesis", &[n, 2 * modes], &synthesis);
    let [modes, width] = [modes, width].map(|x| x as i64);
    graph.integers("shape.parts", &[4], &[-1, 2, modes, width]);
    graph.integers("shape.rows", &[3], &[modes, -1, 2 * width]);
    graph.integers("shape.mixed", &[4], &[modes, -1, 2, width]);
    graph.integers("shape.spectrum", &[3], &[-1, 2 * modes, width]);
}

/// One Fourier layer.
fn layer(fno: &Fno, graph: &mut Builder, l: usize, v: &str) -> String {
    let spec = fno.spec();
    let (parts, w) = (spec.layer(l), spec.width);
    // (Re, Im) times [[Re, Im], [−Im, Re]]: a complex product as one matrix for each mode.
    let mut weights = Vec::with_capacity(4 * w * w * spec.modes);
    for mode in fno.parameters()[parts.spectral.clone()].chunks_exact(2 * w * w) {
        let (re, im) = mode.split_at(w * w);
        for (re, im) in re.chunks_exact(w).zip(im.chunks_exact(w)) {
            weights.extend(re.iter().chain(im));
        }
        for (re, im) in re.chunks_exact(w).zip(im.chunks_exact(w)) {
            weights.extend(im.iter().map(|x| -x).chain(re.iter().copied()));
        }
    }
    let at = |part: &str| format!("layer.{l}.{part}");
    graph.constant(&at("spectral"), &[spec.modes, 2 * w, 2 * w], &weights);
    let x = graph.node("MatMul", &["analysis", v], &at("modes"));
    let x = graph.node("Reshape", &[&x, "shape.parts"], &at("modes.parts"));
    let x = graph.node("Transpose", &[&x], &at("modes.first"));
    graph.permutation(&[2, 0, 1, 3]);
    let x = graph.node("Reshape", &[&x, "shape.rows"], &at("modes.rows"));
    let x = graph.node("MatMul", &[&x, &at("spectral")], &at("mixed.rows"));
    let x = graph.node("Reshape", &[&x, "shape.mixed"], &at("mixed.parts"));
    let x = graph.node("Transpose", &[&x], &at("mixed.batch"));
    graph.permutation(&[1, 2, 0, 3]);
    let x = graph.node("Reshape", &[&x, "shape.spectrum"], &at("mixed"));
    let mut k = graph.node("MatMul", &["synthesis", &x], &at("convolution"));
    for (i, map) in parts.mlp.into_iter().flatten().enumerate() {
        k = dense(fno, graph, map, &k, &at(&format!("mlp.{i}")));
    }
    let wv = dense(fno, graph, parts.pointwise, v, &at("pointwise"));
    let mut out = graph.node("Add", &[&k, &wv], &at("sum"));
    if l + 1 < spec.layers {
        out = graph.activation(spec.activation, &out, &at("activation"), &at("activated"));
    }
    if spec.variant == Variant::Residual {
        out = graph.node("Add", &[v, &out], &at("out"));
    }
    out
}
