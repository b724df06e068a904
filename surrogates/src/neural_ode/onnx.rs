//! Neural ODEs as ONNX files: the vector field, and steps of a method.
//!
//! One input `x`, float32 `[batch, inputs]`: states in physical units, and time last if it is an input. The
//! vector field's output `y` `[batch, states]` are the rates; that of a step are the states a step later, or
//! several. Every stage is the network once more, on the same constants.

use std::path::Path;

use prost::Message;

use super::method::Stages;
use super::{NeuralOde, OdeMethod};
use crate::onnx::proto::Model;
use crate::onnx::{self, Builder, Description};
use crate::{Error, atomic, check};

/// Writes the vector field to an ONNX file, atomically.
///
/// # Errors
/// Those of [`to_model`], and [`Error::Io`] if the file cannot be written.
pub fn export(network: &NeuralOde, description: &Description, path: &Path) -> Result<(), Error> {
    atomic::write(path, &to_model(network, description)?.encode_to_vec())
}

/// Writes steps of a method to an ONNX file, atomically.
///
/// # Errors
/// Those of [`step_model`], and [`Error::Io`] if the file cannot be written.
pub fn export_step(
    network: &NeuralOde,
    steps: (OdeMethod, f64, usize),
    description: &Description,
    path: &Path,
) -> Result<(), Error> {
    atomic::write(path, &step_model(network, steps, description)?.encode_to_vec())
}

/// The content of the ONNX file of the vector field.
///
/// # Errors
/// [`Error::BadLength`] if there are labels, but not one for each input or output;
/// [`Error::NotFiniteData`] if a parameter is NaN or infinite.
pub fn to_model(network: &NeuralOde, description: &Description) -> Result<Model, Error> {
    let mut graph = begin(network, description)?;
    rate(&mut graph, network, "", "x", "y");
    let spec = network.spec();
    Ok(graph.finish((&[spec.inputs()], &[spec.states()]), format!("neural ODE {spec}"), description))
}

/// The content of the ONNX file of `steps` steps of length `dt` by a method.
///
/// # Errors
/// As [`to_model`], and [`Error::BadConfig`] for no steps, or a step that is not positive and finite.
pub fn step_model(
    network: &NeuralOde,
    (method, dt, steps): (OdeMethod, f64, usize),
    description: &Description,
) -> Result<Model, Error> {
    check::positive("dt", dt)?;
    check::at_least_one("steps", steps as u64)?;
    let spec = network.spec();
    let (n, inputs) = (spec.states(), spec.inputs());
    let mut graph = begin(network, description)?;
    if spec.has_time() {
        // From rates to changes of all inputs; time itself goes on by constants.
        let mut widen = vec![0.0; n * inputs];
        for i in 0..n {
            widen[i * inputs + i] = 1.0;
        }
        graph.constant("widen", &[n, inputs], &widen);
    }
    let stages = Stages::of(method);
    let mut state = "x".to_owned();
    for step in 0..steps {
        let mut slopes: Vec<String> = Vec::new();
        for (i, row) in stages.a.iter().enumerate() {
            let prefix = format!("step.{step}.stage.{i}.");
            let at = (row.iter().map(|a| a * dt).collect::<Vec<_>>(), stages.c[i] * dt);
            let from = advance(&mut graph, network, &prefix, &state, &slopes, at);
            slopes.push(rate(&mut graph, network, &prefix, &from, &format!("{prefix}rate")));
        }
        let at = (stages.b.iter().map(|b| b * dt).collect(), dt);
        state = advance(&mut graph, network, &format!("step.{step}.end."), &state, &slopes, at);
    }
    // Without time the state is all; with it the states are taken from the inputs.
    let mut take = vec![0.0; inputs * n];
    for i in 0..n {
        take[i * n + i] = 1.0;
    }
    graph.constant("take", &[inputs, n], &take);
    graph.node("MatMul", &[&state, "take"], "y");
    let mut description = description.clone();
    let stepper =
        [("method", method.name().to_owned()), ("dt", dt.to_string()), ("steps", steps.to_string())];
    description.properties.extend(stepper.map(|(name, value)| (name.to_owned(), value)));
    Ok(graph.finish((&[inputs], &[n]), format!("neural ODE {spec}"), &description))
}

/// A graph with the network's constants.
fn begin(network: &NeuralOde, description: &Description) -> Result<Builder, Error> {
    let spec = network.spec();
    onnx::check(description, (spec.inputs(), spec.states()), network.parameters())?;
    let mut graph = Builder::new();
    let (input, rate) = (network.input_normalization(), network.rate_normalization());
    graph.constant("x_mean", &[spec.inputs()], input.mean());
    graph.constant("x_scale", &[spec.inputs()], input.scale());
    graph.layer_constants(spec.mlp(), network.parameters());
    for (k, layer) in spec.mlp().hidden.iter().enumerate() {
        if let Some((gain, shift)) = spec.norm_of(k) {
            graph.constant(&format!("layer.{k}.gain"), &[layer.width], &network.parameters()[gain]);
            graph.constant(&format!("layer.{k}.shift"), &[layer.width], &network.parameters()[shift]);
        }
    }
    graph.constant("y_scale", &[spec.states()], rate.scale());
    graph.constant("y_mean", &[spec.states()], rate.mean());
    Ok(graph)
}

/// The network on the inputs `x`: physical rates, named `out`.
fn rate(graph: &mut Builder, network: &NeuralOde, prefix: &str, x: &str, out: &str) -> String {
    let spec = network.spec();
    let name = |what: &str| format!("{prefix}{what}");
    let mut h = graph.node("Sub", &[x, "x_mean"], &name("x_centred"));
    h = graph.node("Div", &[&h, "x_scale"], &name("h0"));
    let norm =
        |k: usize| spec.has_layer_norm().then(|| (format!("layer.{k}.gain"), format!("layer.{k}.shift")));
    h = graph.layers(spec.mlp(), prefix, &h, norm);
    h = graph.node("Mul", &[&h, "y_scale"], &name("y_centred"));
    graph.node("Add", &[&h, "y_mean"], out)
}

/// `x` plus slopes times factors, and time by a later one; returns its name.
fn advance(
    graph: &mut Builder,
    network: &NeuralOde,
    prefix: &str,
    x: &str,
    slopes: &[String],
    (factors, later): (Vec<f64>, f64),
) -> String {
    let spec = network.spec();
    let mut sum = x.to_owned();
    for (j, (slope, factor)) in slopes.iter().zip(factors).enumerate() {
        if factor == 0.0 {
            continue;
        }
        let name = |what: &str| format!("{prefix}{what}.{j}");
        graph.constant(&name("factor"), &[1], &[factor as f32]);
        let mut change = graph.node("Mul", &[slope, &name("factor")], &name("change"));
        if spec.has_time() {
            change = graph.node("MatMul", &[&change, "widen"], &name("wide"));
        }
        sum = graph.node("Add", &[&sum, &change], &name("state"));
    }
    if spec.has_time() && later != 0.0 {
        let mut forward = vec![0.0; spec.inputs()];
        forward[spec.states()] = later as f32;
        graph.constant(&format!("{prefix}later"), &[spec.inputs()], &forward);
        sum = graph.node("Add", &[&sum, &format!("{prefix}later")], &format!("{prefix}input"));
    }
    sum
}
