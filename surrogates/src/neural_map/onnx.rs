//! Maps as ONNX files.
//!
//! One input `x`, float32 `[batch, states + control parameters]`, states first; one output `y`, float32
//! `[batch, states]`: the states Δt later, in physical units. The sub-networks lie side by side in
//! matrices whose other entries are zero, as the i-th row of Aᵢ in eq. 8: one product for each layer.

use std::path::Path;

use prost::Message;

use super::NeuralMap;
use crate::onnx::proto::Model;
use crate::onnx::{Builder, Description, check};
use crate::{Error, atomic};

/// Writes a map to an ONNX file, atomically.
///
/// # Errors
/// Those of [`to_model`], and [`Error::Io`] if the file cannot be written.
pub fn export(map: &NeuralMap, description: &Description, path: &Path) -> Result<(), Error> {
    atomic::write(path, &to_model(map, description)?.encode_to_vec())
}

/// The content of the ONNX file of a map.
///
/// # Errors
/// [`Error::BadLength`] if there are labels, but not one for each input or output;
/// [`Error::NotFiniteData`] if a parameter is NaN or infinite.
pub fn to_model(map: &NeuralMap, description: &Description) -> Result<Model, Error> {
    let spec = map.spec();
    let (inputs, states, width) = (spec.inputs(), spec.states, spec.width);
    check(description, (inputs, states), map.parameters())?;
    let neurons = states * width;
    let (mut first, mut second) = (vec![0.0; inputs * neurons], vec![0.0; inputs * neurons]);
    let (mut beta, mut alpha) = (Vec::new(), Vec::new());
    let (mut third, mut gamma) = (vec![0.0; neurons * states], Vec::new());
    for i in 0..states {
        let parts = spec.parts(map.parameters(), i);
        for (r, row) in parts.features.chunks_exact(width).enumerate() {
            first[spec.feature(i, r) * neurons + i * width..][..width].copy_from_slice(row);
        }
        second[i * neurons + i * width..][..width].copy_from_slice(parts.a);
        beta.extend_from_slice(parts.beta);
        alpha.extend_from_slice(parts.alpha);
        for (k, b) in parts.b.iter().enumerate() {
            third[(i * width + k) * states + i] = *b;
        }
        gamma.push(parts.gamma);
    }
    // Takes the states from the inputs.
    let mut take = vec![0.0; inputs * states];
    for i in 0..states {
        take[i * states + i] = 1.0;
    }
    let (state, control) = (map.state_normalization(), map.control_normalization());
    let mut graph = Builder::new();
    graph.constant("x_mean", &[inputs], &[state.mean(), control.mean()].concat());
    graph.constant("x_scale", &[inputs], &[state.scale(), control.scale()].concat());
    for (name, shape, values) in [
        ("first", vec![inputs, neurons], &first),
        ("beta", vec![neurons], &beta),
        ("second", vec![inputs, neurons], &second),
        ("alpha", vec![neurons], &alpha),
        ("third", vec![neurons, states], &third),
        ("gamma", vec![states], &gamma),
        ("take", vec![inputs, states], &take),
    ] {
        graph.constant(name, &shape, values);
    }
    graph.constant("u_scale", &[states], state.scale());
    for (operator, operands, output) in [
        ("Sub", ["x", "x_mean"], "x_centred"),
        ("Div", ["x_centred", "x_scale"], "x_normal"),
        ("MatMul", ["x_normal", "first"], "first_product"),
        ("Add", ["first_product", "beta"], "first_sum"),
        ("MatMul", ["x_normal", "second"], "second_product"),
        ("Add", ["second_product", "alpha"], "second_sum"),
    ] {
        graph.node(operator, &operands, output);
    }
    graph.node("Tanh", &["first_sum"], "h");
    graph.node("Add", &["second_sum", "h"], "z");
    graph.node("Tanh", &["z"], "q");
    for (operator, operands, output) in [
        ("MatMul", ["q", "third"], "third_product"),
        ("Add", ["third_product", "gamma"], "increment_normal"),
        ("Mul", ["increment_normal", "u_scale"], "increment"),
        ("MatMul", ["x", "take"], "u"),
        ("Add", ["u", "increment"], "y"),
    ] {
        graph.node(operator, &operands, output);
    }
    let text = format!("neural map {}+{} Tanh{}", spec.states, spec.parameters, spec.width);
    let mut description = description.clone();
    description.properties.push(("dt".to_owned(), map.dt().to_string()));
    Ok(graph.finish((&[inputs], &[states]), text, &description))
}
