//! ONNX files: their structure, and that the graph computes what the network does.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::HashMap;
use std::process::Command;

use ode_solvers::{RungeKutta, Statistics, Step, Stepper as _, System as _};
use prost::Message;
use surrogates::fno::{self, Fno, FnoSpec, PointScale, Variant};
use surrogates::neural_ode::{self, NeuralOde, OdeMethod, OdeSpec};
use surrogates::onnx::proto::{Extent, Graph, Model};
use surrogates::onnx::{self, Description, Label};
use surrogates::{Activation, Error, Mlp, MlpSpec, Normalization};

fn network(hidden: &str) -> Mlp {
    let spec = MlpSpec::parse(3, hidden, 2).unwrap();
    let input = Normalization::new(vec![1.0, -2.0, 0.5], vec![2.0, 0.25, 3.0]).unwrap();
    let output = Normalization::new(vec![-60.0, 0.3], vec![25.0, 0.2]).unwrap();
    Mlp::random(spec, input, output, 5).unwrap()
}

fn description() -> Description {
    Description {
        text: "a test".to_owned(),
        inputs: vec![Label::new("t", "ms"), Label::new("V_0", "mV"), Label::new("I", "uA/cm^2")],
        targets: vec![Label::new("V", "mV"), Label::new("n", "1")],
        recipe_sha256: "00ff".to_owned(),
        properties: vec![("tier".to_owned(), "smoke".to_owned())],
    }
}

/// A tensor: its shape, and its numbers row by row.
#[derive(Clone)]
struct Value(Vec<usize>, Vec<f64>);

impl Value {
    /// Where the element of `shape` at flat place `at` lies here, by the rules of broadcasting.
    fn place(&self, shape: &[usize], mut at: usize) -> usize {
        let (mut place, mut stride) = (0, 1);
        for (axis, extent) in shape.iter().enumerate().rev() {
            let index = at % extent;
            at /= extent;
            if let Some(own) = (axis + self.0.len()).checked_sub(shape.len()) {
                place += if self.0[own] == 1 { 0 } else { index * stride };
                stride *= self.0[own];
            }
        }
        place
    }
}

/// The shape that two shapes have together.
fn broadcast(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let at = |s: &[usize], axis: usize| (axis + s.len()).checked_sub(rank).map_or(1, |i| s[i]);
    (0..rank).map(|axis| at(a, axis).max(at(b, axis))).collect()
}

fn multiply(a: &Value, b: &Value) -> Value {
    let (m, k) = (a.0[a.0.len() - 2], a.0[a.0.len() - 1]);
    let n = b.0[b.0.len() - 1];
    assert_eq!(b.0[b.0.len() - 2], k);
    let (left, right) = (&a.0[..a.0.len() - 2], &b.0[..b.0.len() - 2]);
    let batch = broadcast(left, right);
    let place = |own: &[usize], at| Value(own.to_vec(), Vec::new()).place(&batch, at);
    let mut out = Vec::new();
    for at in 0..batch.iter().product() {
        let (from_a, from_b) = (place(left, at) * m * k, place(right, at) * k * n);
        for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
            out.push((0..k).map(|p| a.1[from_a + i * k + p] * b.1[from_b + p * n + j]).sum());
        }
    }
    Value([batch, vec![m, n]].concat(), out)
}

fn transpose(a: &Value, order: &[i64]) -> Value {
    let shape: Vec<usize> = order.iter().map(|&axis| a.0[axis as usize]).collect();
    let stride = |axis: usize| a.0[axis + 1..].iter().product::<usize>();
    let element = |mut at: usize| {
        let mut place = 0;
        for (extent, axis) in shape.iter().zip(order).rev() {
            place += (at % extent) * stride(*axis as usize);
            at /= extent;
        }
        a.1[place]
    };
    let numbers = (0..a.1.len()).map(element).collect();
    Value(shape, numbers)
}

/// Rows `from..to` of the second of three axes; rows beyond are 0.
fn rows(a: &Value, from: usize, to: usize) -> Value {
    let &[batch, n, width] = a.0.as_slice() else { panic!("three axes") };
    let row = |b: usize, i: usize| match i < n {
        true => a.1[(b * n + i) * width..][..width].to_vec(),
        false => vec![0.0; width],
    };
    let numbers = (0..batch).flat_map(|b| (from..to).flat_map(move |i| row(b, i))).collect();
    Value(vec![batch, to - from, width], numbers)
}

/// Evaluates a graph node by node in `f64`, from its messages alone. `x` has any batch.
fn evaluate(graph: &Graph, x: &[f64], extents: &[usize]) -> Vec<f64> {
    let mut values: HashMap<&str, Value> = HashMap::new();
    for t in &graph.initializer {
        let numbers = match t.data_type {
            1 => t.raw_data.as_chunks().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect(),
            7 => t.raw_data.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b) as f64).collect(),
            other => panic!("data type {other}"),
        };
        values.insert(&t.name, Value(t.dims.iter().map(|&d| d as usize).collect(), numbers));
    }
    let batch = x.len() / extents.iter().product::<usize>();
    values.insert("x", Value([&[batch], extents].concat(), x.to_vec()));
    for node in &graph.node {
        let input = |i: usize| &values[node.input[i].as_str()];
        let whole = |i: usize| input(i).1.iter().map(|x| *x as i64).collect::<Vec<i64>>();
        let a = input(0);
        let both = |f: fn(f64, f64) -> f64| {
            let b = input(1);
            let shape = broadcast(&a.0, &b.0);
            let number = |at| f(a.1[a.place(&shape, at)], b.1[b.place(&shape, at)]);
            let numbers = (0..shape.iter().product()).map(number).collect();
            Value(shape, numbers)
        };
        let each = |f: fn(f64) -> f64| Value(a.0.clone(), a.1.iter().map(|a| f(*a)).collect());
        let alpha = |value: f32| {
            assert_eq!((node.attribute[0].name.as_str(), node.attribute[0].f), ("alpha", value));
        };
        let out = match node.op_type.as_str() {
            "Sub" => both(|a, b| a - b),
            "Div" => both(|a, b| a / b),
            "Mul" => both(|a, b| a * b),
            "Add" => both(|a, b| a + b),
            "Sigmoid" => each(|z| 1.0 / (1.0 + (-z).exp())),
            "Tanh" => each(f64::tanh),
            "Relu" => each(|z| z.max(0.0)),
            "Sin" => each(f64::sin),
            "Erf" => each(libm::erf),
            "LeakyRelu" => {
                alpha(0.01);
                each(|z| if z > 0.0 { z } else { f64::from(0.01f32) * z })
            }
            "Elu" => {
                alpha(1.0);
                each(|z| if z > 0.0 { z } else { z.exp_m1() })
            }
            "MatMul" => multiply(a, input(1)),
            "Transpose" => {
                assert_eq!((node.attribute[0].name.as_str(), node.attribute[0].r#type), ("perm", 7));
                transpose(a, &node.attribute[0].ints)
            }
            "Reshape" => {
                let shape = whole(1);
                let known: i64 = shape.iter().filter(|&&n| n > 0).product();
                let extent = |n: &i64| if *n > 0 { *n as usize } else { a.1.len() / known as usize };
                Value(shape.iter().map(extent).collect(), a.1.clone())
            }
            "Pad" => {
                let pads = whole(1);
                assert!(pads.iter().enumerate().all(|(i, n)| i == 4 || *n == 0), "{pads:?}");
                rows(a, 0, a.0[1] + pads[4] as usize)
            }
            "Slice" => {
                assert_eq!(whole(3), [1]);
                rows(a, whole(1)[0] as usize, whole(2)[0] as usize)
            }
            "LayerNormalization" => {
                let (gain, shift) = (&input(1).1, &input(2).1);
                let rows = a.1.chunks_exact(gain.len()).flat_map(|z| {
                    let n = z.len() as f64;
                    let mean = z.iter().sum::<f64>() / n;
                    let variance = z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / n;
                    let normal = z.iter().map(move |z| (z - mean) / (variance + 1e-5).sqrt());
                    normal.zip(gain.iter().zip(shift)).map(|(z, (g, s))| z * g + s).collect::<Vec<_>>()
                });
                Value(a.0.clone(), rows.collect())
            }
            other => panic!("operator {other}"),
        };
        values.insert(&node.output[0], out);
    }
    values["y"].1.clone()
}

fn samples(rows: usize) -> Vec<f32> {
    (0..3 * rows).map(|i| (i as f32 * 0.37).sin() * 3.0).collect()
}

/// Largest difference, as a share of the largest number of the column.
fn worst(y: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(y.len(), expected.len());
    let scale = |j: usize| expected.iter().skip(j).step_by(2).fold(0.0f64, |m, v| m.max(v.abs()));
    let scales = [scale(0), scale(1)];
    let errors = y.iter().zip(expected).enumerate();
    errors.map(|(i, (a, b))| (f64::from(*a) - b).abs() / scales[i % 2]).fold(0.0, f64::max)
}

const NETWORKS: [&str; 7] =
    ["SiLU16,Tanh8", "ELU5,ReLU9", "Sin16,Tanh32,Sin16", "SiLU1", "", "ReLU70", "GELU9,LeakyReLU12,GELU4"];

#[test]
fn the_graph_computes_what_the_network_does() {
    for hidden in NETWORKS {
        let network = network(hidden);
        let model = onnx::to_model(&network, &description()).unwrap();
        let model = Model::decode(model.encode_to_vec().as_slice()).unwrap();
        let x = samples(301);
        let mut y = vec![0.0; 2 * 301];
        network.predict(&x, &mut y).unwrap();
        let wide: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
        let error = worst(&y, &evaluate(&model.graph.unwrap(), &wide, &[3]));
        assert!(error < 1e-6, "{hidden}: {error}");
    }
}

#[test]
fn vector_fields_and_their_steps_are_those_of_the_solvers() {
    let (dt, n) = (0.05, 2);
    let plain = OdeSpec::parse(n, "Tanh8,SiLU5").unwrap();
    let specs = [plain.clone(), plain.clone().with_time(), plain.with_layer_norm().with_time()];
    for spec in specs {
        let list = |n: usize| (0..n).map(|i| 0.5 + 0.3 * i as f32).collect::<Vec<_>>();
        let units = |n: usize| Normalization::new(list(n), list(n)).unwrap();
        let network = NeuralOde::random(spec.clone(), units(spec.inputs()), units(n), 1.0, 7).unwrap();
        let field = network.field();
        let x: Vec<f64> = (0..5 * spec.inputs()).map(|i| (i as f64 * 0.7).sin()).collect();
        let evaluated = |model: Model| {
            let model = Model::decode(model.encode_to_vec().as_slice()).unwrap();
            evaluate(&model.graph.unwrap(), &x, &[spec.inputs()])
        };
        let rates = evaluated(neural_ode::to_model(&network, &Description::default()).unwrap());
        for method in OdeMethod::ALL {
            let steps = (method, dt, 2);
            let later = evaluated(neural_ode::step_model(&network, steps, &Description::default()).unwrap());
            for (row, x) in x.chunks_exact(spec.inputs()).enumerate() {
                let t = x.get(n).copied().unwrap_or(0.0);
                let (mut dy, mut y, mut y1) = ([0.0; 2], [x[0], x[1]], [0.0; 2]);
                field.rhs(t, &y, &mut dy);
                let mut stepper = RungeKutta::<f64>::new(method.tableau(), n);
                for k in 0..2 {
                    let step = Step::new(t + dt * f64::from(k), dt);
                    stepper.step(&field, step, &y, &mut y1, &mut Statistics::default()).unwrap();
                    y = y1;
                }
                for j in 0..n {
                    assert!((rates[row * n + j] - dy[j]).abs() < 1e-6, "{spec}: rates");
                    assert!((later[row * n + j] - y[j]).abs() < 1e-6, "{spec}, {method:?}: steps");
                }
            }
        }
    }
    let unit = Normalization::identity(2);
    let network = NeuralOde::random(OdeSpec::parse(2, "").unwrap(), unit.clone(), unit, 1.0, 1).unwrap();
    for (dt, steps) in [(0.0, 1), (f64::NAN, 1), (0.1, 0)] {
        let steps = (OdeMethod::Heun, dt, steps);
        assert!(neural_ode::step_model(&network, steps, &Description::default()).is_err());
    }
}

#[test]
fn a_file_has_the_agreed_structure() {
    let model = onnx::to_model(&network("SiLU16,ELU8"), &description()).unwrap();
    assert_eq!((model.ir_version, model.opset_import[0].version), (8, 17));
    assert_eq!(model.producer_name, "surrogates");
    let properties: HashMap<_, _> =
        model.metadata_props.iter().map(|p| (p.key.as_str(), p.value.as_str())).collect();
    assert_eq!(properties["inputs"], "t [ms], V_0 [mV], I [uA/cm^2]");
    assert_eq!(properties["targets"], "V [mV], n [1]");
    assert_eq!(properties["spec"], "SiLU16,ELU8");
    assert_eq!(properties["recipe_sha256"], "00ff");
    assert_eq!(properties["tier"], "smoke");
    assert!(properties["producer"].starts_with("surrogates "));
    let graph = model.graph.unwrap();
    let operators: Vec<_> = graph.node.iter().map(|n| n.op_type.as_str()).collect();
    let expected =
        "Sub Div MatMul Add Sigmoid Mul MatMul Add Elu MatMul Add Mul Add".split(' ').collect::<Vec<_>>();
    assert_eq!(operators, expected);
    for (value, name, columns) in [(&graph.input[0], "x", 3), (&graph.output[0], "y", 2)] {
        assert_eq!(value.name, name);
        let tensor = value.r#type.as_ref().unwrap().tensor_type.as_ref().unwrap();
        assert_eq!(tensor.elem_type, 1);
        let dims = &tensor.shape.as_ref().unwrap().dim;
        assert_eq!(dims[0].value, Some(Extent::Parameter("batch".to_owned())));
        assert_eq!(dims[1].value, Some(Extent::Value(columns)));
    }
    for t in &graph.initializer {
        assert_eq!(t.raw_data.len() as i64, 4 * t.dims.iter().product::<i64>(), "{}", t.name);
    }
}

#[test]
fn what_cannot_be_written_is_refused() {
    let wrong = Description { inputs: vec![Label::new("t", "ms")], ..Description::default() };
    assert!(matches!(onnx::to_model(&network("SiLU4"), &wrong), Err(Error::BadLength { .. })));
    let mut broken = network("SiLU4");
    broken.parameters_mut()[2] = f32::NAN;
    let error = onnx::to_model(&broken, &description()).unwrap_err();
    assert!(matches!(error, Error::NotFiniteData { row: 2, .. }), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("none").join("m.onnx");
    assert!(matches!(onnx::export(&network("SiLU4"), &description(), &nowhere), Err(Error::Io { .. })));
}

#[test]
fn predictions_ask_for_whole_rows() {
    let network = network("SiLU4");
    assert!(matches!(network.predict(&[0.0; 4], &mut [0.0; 2]), Err(Error::BadLength { .. })));
    assert!(matches!(network.predict(&[0.0; 6], &mut [0.0; 3]), Err(Error::BadLength { .. })));
    network.predict(&[], &mut []).unwrap();
    let mut y = [0.0; 4];
    network.predict(&[f32::NAN, 0.0, 0.0, 0.0, 0.0, 0.0], &mut y).unwrap();
    assert!(y[0].is_nan() && y[2].is_finite(), "NaN stays in its row");
}

#[test]
#[ignore = "needs Python with onnx and onnxruntime: set PYTHON to its interpreter"]
fn the_checker_and_onnxruntime_agree() {
    let folder = tempfile::tempdir().unwrap();
    for hidden in NETWORKS.into_iter().map(str::to_owned).chain(Activation::ALL.map(|a| format!("{a}32"))) {
        let network = network(&hidden);
        let path = folder.path().join("m.onnx");
        onnx::export(&network, &description(), &path).unwrap();
        let x = samples(257);
        let theirs = onnxruntime(folder.path(), &x, &[257, 3]);
        let mut y = vec![0.0; theirs.len()];
        network.predict(&x, &mut y).unwrap();
        let error = worst(&y, &theirs);
        assert!(error < 1e-6, "{hidden}: {error}");
    }
    for (variant, activation) in OPERATORS {
        let fno = operator(variant, activation);
        fno::export(&fno, &Description::default(), &folder.path().join("m.onnx")).unwrap();
        // One file for any batch.
        for batch in [1, 32] {
            let x = currents(batch);
            let theirs = onnxruntime(folder.path(), &x, &[batch, POINTS, 1]);
            assert_near(&fno, &x, &theirs, 2e-5);
        }
    }
}

/// Checks `m.onnx` of the folder and runs it.
fn onnxruntime(folder: &std::path::Path, x: &[f32], shape: &[usize]) -> Vec<f64> {
    let python = std::env::var_os("PYTHON").expect("set PYTHON to an interpreter with onnxruntime");
    let bytes: Vec<u8> = x.iter().flat_map(|x| x.to_le_bytes()).collect();
    std::fs::write(folder.join("x.bin"), bytes).unwrap();
    let script = "
import sys, numpy, onnx, onnxruntime
folder = sys.argv[1]
model = onnx.load(folder + '/m.onnx')
onnx.checker.check_model(model, full_check=True)
x = numpy.fromfile(folder + '/x.bin', numpy.float32).reshape([int(n) for n in sys.argv[2:]])
session = onnxruntime.InferenceSession(folder + '/m.onnx', providers=['CPUExecutionProvider'])
y, = session.run(['y'], {'x': x})
assert y.shape[0] == x.shape[0] and y.dtype == numpy.float32
y.tofile(folder + '/y.bin')
";
    let mut command = Command::new(&python);
    command.args(["-c", script]).arg(folder).args(shape.iter().map(ToString::to_string));
    assert!(command.status().expect("PYTHON runs").success());
    let bytes = std::fs::read(folder.join("y.bin")).unwrap();
    bytes.as_chunks().0.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
}

const POINTS: usize = 30;
const OPERATORS: [(Variant, Activation); 4] = [
    (Variant::Classic, Activation::GELU),
    (Variant::Mlp, Activation::LeakyReLU),
    (Variant::Residual, Activation::Tanh),
    (Variant::Mlp, Activation::ReLU),
];

/// An operator of 30 points with scales that differ from point to point; the residual one without padding.
fn operator(variant: Variant, activation: Activation) -> Fno {
    let spec = FnoSpec {
        inputs: 2,
        outputs: 3,
        width: 10,
        modes: 6,
        layers: 2,
        padding: if variant == Variant::Residual { 0 } else { 4 },
        hidden: 12,
        variant,
        activation,
    };
    let scale = |columns: usize, size: f64| {
        let numbers = 0..POINTS * columns;
        let mean = numbers.clone().map(|i| size * (i as f64).sin()).collect();
        let scale = numbers.map(|i| size * (1.1 + (i as f64).cos())).collect();
        PointScale::new(columns, mean, scale).unwrap()
    };
    let mut fno = Fno::random(spec, scale(1, 2.0), scale(3, 30.0), 7).unwrap();
    // Larger than fresh ones, so that the modes count.
    let spectral = spec.layer(0).spectral.start;
    fno.parameters_mut()[spectral..].iter_mut().for_each(|w| *w = 20.0 * *w - 0.05);
    fno
}

fn currents(batch: usize) -> Vec<f32> {
    (0..batch * POINTS).map(|i| if i % 37 < 11 { 1.5 } else { (i as f32 * 0.37).sin() }).collect()
}

/// That numbers are those of the operator, up to a share of the largest.
fn assert_near(fno: &Fno, x: &[f32], found: &[f64], tolerance: f64) {
    let mut y = vec![0.0; 3 * x.len()];
    let x: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
    fno.predictor(8, 1).unwrap().predict(&x, &mut y).unwrap();
    let size = y.iter().fold(0.0f64, |m, y| m.max(y.abs()));
    assert_eq!(y.len(), found.len());
    for (y, found) in y.iter().zip(found) {
        assert!((y - found).abs() < tolerance * size, "{}: {found}, not {y}", fno.spec());
    }
}

#[test]
fn the_graph_of_an_operator_computes_the_operator() {
    for (variant, activation) in OPERATORS {
        let fno = operator(variant, activation);
        let model = fno::to_model(&fno, &Description::default()).unwrap();
        let model = Model::decode(model.encode_to_vec().as_slice()).unwrap();
        let x = currents(3);
        let wide: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
        let found = evaluate(model.graph.as_ref().unwrap(), &wide, &[POINTS, 1]);
        assert_near(&fno, &x, &found, 1e-5);
    }
    let mut broken = operator(Variant::Classic, Activation::GELU);
    broken.parameters_mut()[3] = f32::INFINITY;
    let error = fno::to_model(&broken, &Description::default()).unwrap_err();
    assert!(matches!(error, Error::NotFiniteData { row: 3, .. }), "{error}");
    let labels = Description { targets: vec![Label::new("V", "mV")], ..Description::default() };
    let fno = operator(Variant::Classic, Activation::GELU);
    assert!(matches!(fno::to_model(&fno, &labels), Err(Error::BadLength { .. })));
}

#[test]
fn the_graph_of_a_neural_map_computes_the_map() {
    use surrogates::{MapSpec, NeuralMap, neural_map};
    let spec = MapSpec { states: 3, parameters: 2, width: 13 };
    let state = Normalization::new(vec![-50.0, 0.01, 0.18], vec![9.0, 0.02, 0.003]).unwrap();
    let control = Normalization::new(vec![-35.0, 1.0], vec![3.0, 0.5]).unwrap();
    let map = NeuralMap::<f32>::random(spec, state, control, 0.005, 1.0, 8).unwrap();
    let model = neural_map::to_model(&map, &Description::default()).unwrap();
    let x = [[-45.0, 0.02, 0.185, -36.0, 1.2], [-60.0, 0.001, 0.175, -33.0, 0.4]];
    let found = evaluate(model.graph.as_ref().unwrap(), x.as_flattened(), &[5]);
    for (x, found) in x.iter().zip(found.chunks_exact(3)) {
        let mut expected = [0.0; 3];
        map.apply(&x[3..], &x[..3], &mut expected);
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12 * (1.0 + expected.abs()), "{found} {expected}");
        }
    }
    let properties = &model.metadata_props;
    assert!(properties.iter().any(|p| p.key == "dt" && p.value == "0.005"));
    let labels = Description { inputs: vec![Label::new("V", "mV")], ..Description::default() };
    assert!(matches!(neural_map::to_model(&map, &labels), Err(Error::BadLength { .. })));
}
