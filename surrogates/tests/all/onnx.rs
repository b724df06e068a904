//! ONNX files: their structure, and that the graph computes what the network does.

mod evaluate;
mod operators;

use std::collections::HashMap;
use std::process::Command;

use evaluate::evaluate;
use ode_solvers::{RungeKutta, Statistics, Step, Stepper as _, System as _};
use operators::{OPERATORS, POINTS, assert_near, currents, operator};
use prost::Message;
use surrogates::fno;
use surrogates::neural_ode::{self, NeuralOde, OdeMethod, OdeSpec};
use surrogates::onnx::proto::{Extent, Model};
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
