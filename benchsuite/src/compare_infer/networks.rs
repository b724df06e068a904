//! Untrained networks as ONNX files, and what they are in `f64`.

use std::path::Path;

use surrogates::onnx::{self, Description, proto::Graph};
use surrogates::{Activation, Mlp, MlpSpec, Normalization};

use crate::compare::work::Work;
use crate::{Error, files};

/// A network of random weights, without normalisation.
pub(crate) fn random(inputs: usize, hidden: &str, outputs: usize, seed: u64) -> Result<Mlp, Error> {
    let spec = MlpSpec::parse(inputs, hidden, outputs).map_err(training(hidden))?;
    let (from, to) = (Normalization::identity(inputs), Normalization::identity(outputs));
    let mut network: Mlp = Mlp::random(spec, from, to, seed).map_err(training(hidden))?;
    // As spread out behind every layer as in front of it, so that outputs vary as those of trained
    // networks do: weights of variance 2.8 / inputs, since SiLU passes 0.36 of a variance.
    network.parameters_mut().iter_mut().for_each(|w| *w *= 2.9);
    Ok(network)
}

fn training(network: &str) -> impl FnOnce(surrogates::Error) -> Error {
    let network = network.to_owned();
    move |e| Error::Training { network, source: Box::new(e) }
}

/// Writes the layers of a network alone: nobody should be timed on adding zero and dividing by one.
pub(crate) fn write_plain(network: &Mlp, path: &Path) -> Result<(), Error> {
    use prost::Message as _;
    let name = network.spec().to_string();
    let mut model = onnx::to_model(network, &Description::default()).map_err(training(&name))?;
    if let Some(graph) = &mut model.graph {
        strip(graph);
    }
    files::write(path, model.encode_to_vec())
}

/// Takes the four nodes of normalisation away: the first two and the last two.
fn strip(graph: &mut Graph) {
    let ends = graph.node.len().saturating_sub(2);
    graph.node.truncate(ends);
    graph.node.drain(..2.min(ends));
    graph.initializer.retain(|t| !["x_mean", "x_scale", "y_mean", "y_scale"].contains(&t.name.as_str()));
    if let Some(first) = graph.node.first_mut().and_then(|n| n.input.first_mut()) {
        *first = "x".into();
    }
    if let Some(last) = graph.node.last_mut().and_then(|n| n.output.first_mut()) {
        *last = "y".into();
    }
}

/// Multiplications and additions for one row, activations counted apart.
pub(crate) fn operations(spec: &MlpSpec) -> (f64, f64) {
    let products: usize = spec.layers().map(|l| l.inputs * l.outputs).sum();
    (2.0 * products as f64, spec.neurons() as f64)
}

/// What one row takes at least: the products' operations, inputs read and outputs written in single precision.
pub(crate) fn work(spec: &MlpSpec) -> Work {
    let ends = spec.layers().next().map_or(0, |l| l.inputs) + spec.layers().last().map_or(0, |l| l.outputs);
    Work { flops: operations(spec).0, bytes: 4.0 * ends as f64 }
}

/// The network in `f64`, one row, without normalisation.
pub(crate) fn exact(network: &Mlp, x: &[f32]) -> Vec<f64> {
    let mut v: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
    for layer in network.spec().layers() {
        let (w, b) = layer.split(network.parameters());
        v = (0..layer.outputs)
            .map(|o| {
                let dot: f64 =
                    v.iter().enumerate().map(|(i, v)| v * f64::from(w[i * layer.outputs + o])).sum();
                activate(layer.activation, dot + f64::from(b[o]))
            })
            .collect();
    }
    v
}

fn activate(activation: Option<Activation>, z: f64) -> f64 {
    match activation {
        None => z,
        Some(Activation::SiLU) => z / (1.0 + (-z).exp()),
        Some(Activation::Tanh) => z.tanh(),
        Some(Activation::ELU) if z < 0.0 => z.exp_m1(),
        Some(Activation::ReLU) if z < 0.0 => 0.0,
        Some(Activation::ELU | Activation::ReLU) => z,
        Some(Activation::Sin) => z.sin(),
        Some(Activation::GELU) => 0.5 * z * libm::erfc(-z * core::f64::consts::FRAC_1_SQRT_2),
        Some(Activation::LeakyReLU) => z.max(0.01 * z),
    }
}

/// The greatest difference of results from `f64`, as a part of an output's range; none for results that
/// are no numbers.
pub(crate) fn error(network: &Mlp, x: &[f32], y: &[f32]) -> Option<f64> {
    let n = network.spec().layers().next()?.inputs;
    let m = network.spec().layers().last()?.outputs;
    let exact: Vec<f64> = x.chunks(n).flat_map(|x| exact(network, x)).collect();
    let error = |column: usize| {
        let all = || exact.iter().skip(column).step_by(m).copied();
        let range = all().fold(f64::MIN, f64::max) - all().fold(f64::MAX, f64::min);
        let found = y.iter().skip(column).step_by(m);
        // A NaN stays.
        let larger = |a: f64, b: f64| if a.is_nan() || b <= a { a } else { b };
        found.zip(all()).map(|(y, e)| (f64::from(*y) - e).abs()).fold(0.0, larger) / range
    };
    let worst = (0..m).map(error).collect::<Vec<_>>();
    worst.iter().all(|e| e.is_finite()).then(|| worst.into_iter().fold(0.0, f64::max))
}

/// Rows spread over ±1 (a Weyl sequence).
pub(crate) fn rows(count: usize, columns: usize) -> Vec<f32> {
    (0..count * columns).map(|k| ((k as f64 * 0.618_033_988_749_895).fract() * 2.0 - 1.0) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare_infer::{report::BAR, sessions::CHECKED};
    use infer_trt::{Provider, SessionOptions, open};

    #[test]
    fn a_plain_file_computes_the_layers_within_a_millionth_of_their_range() {
        let folder = tempfile::tempdir().unwrap();
        for hidden in
            ["SiLU8,SiLU8", "SiLU32,Tanh32,ELU8", "Sin16,ReLU16", "SiLU128,SiLU128,SiLU128,SiLU128,SiLU128"]
        {
            let network = random(3, hidden, 2, 1).unwrap();
            let path = folder.path().join("n.onnx");
            write_plain(&network, &path).unwrap();
            let mut session = open(&path, &Provider::Native, &SessionOptions::default()).unwrap();
            let x = rows(CHECKED, 3);
            let mut y = vec![0.0; 2 * CHECKED];
            session.run(&x, &mut y).unwrap();
            let error = error(&network, &x, &y).unwrap();
            assert!(error < BAR, "{hidden}: {error:e}");
            y[7] = f32::NAN;
            assert_eq!(super::error(&network, &x, &y), None);
        }
    }

    #[test]
    fn operations_are_counted() {
        let spec = MlpSpec::parse(3, "SiLU8,SiLU8", 2).unwrap();
        assert_eq!(operations(&spec), (208.0, 16.0));
        assert_eq!(work(&spec), Work { flops: 208.0, bytes: 20.0 });
    }
}
