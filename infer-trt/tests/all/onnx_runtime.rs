//! ONNX Runtime as provider: the native engine against it, and what happens without it.

use std::path::Path;
use std::process::Command;

use crate::common::eval::evaluate;
use crate::common::operator::{Operator, VARIANTS};
use crate::common::{ACTS, Act, Folder, Graph, Net, Random, error, ranges, shaped};
use infer_trt::{InferError, Provider, Session, SessionOptions, open};
use prost::Message;

fn run(session: &mut dyn Session, x: &[f32]) -> Vec<f32> {
    let rows = x.len() / session.n_inputs();
    let mut y = vec![f32::NAN; rows * session.n_outputs()];
    session.run(x, &mut y).unwrap();
    y
}

fn both(path: &Path, threads: usize) -> [Box<dyn Session>; 2] {
    let options = SessionOptions::default().with_threads(threads);
    [Provider::Native, Provider::OrtCpu].map(|p| open(path, &p, &options).unwrap())
}

#[test]
#[ignore = "needs ONNX Runtime: cargo xtask setup onnxruntime"]
fn native_agrees_with_onnx_runtime() {
    let folder = Folder::new();
    for act in ACTS {
        // A sigmoid's values lie about one half and vary by a fifth: what they have in common takes digits, in
        // any evaluation by `f32` (one sum after the other comes to 2e-6 through four layers of 50).
        let limit = if act == Act::Sigmoid { 3e-6 } else { 1e-6 };
        for (width, depth) in [(8, 2), (32, 3), (50, 4)] {
            let net = Net::random(width as u64, 3, &vec![(act, width); depth], 2);
            let [mut native, mut ort] = both(&folder.model(&net.model()), 2);
            assert_eq!(ort.provider(), &Provider::OrtCpu);
            let x = net.inputs(2, 10_007);
            let whole: Vec<f64> = x.chunks(3).flat_map(|x| net.eval(x)).collect();
            let ranges = ranges(&whole, 2);
            for rows in [0, 1, 3, 1000, 10_007] {
                let x = &x[..3 * rows];
                let (native, ort) = (run(&mut *native, x), run(&mut *ort, x));
                let off = error(&native, &whole[..2 * rows], &ranges);
                assert!(off < limit, "{act:?}, {width} wide, {rows} rows: {off:e}");
                // Both round.
                let ort: Vec<f64> = ort.into_iter().map(f64::from).collect();
                let apart = error(&native, &ort, &ranges);
                assert!(apart < 2.0 * limit, "{act:?}, {width} wide, {rows} rows: {apart:e}");
            }
        }
    }
}

#[test]
#[ignore = "needs ONNX Runtime: cargo xtask setup onnxruntime"]
fn native_operators_agree_with_onnx_runtime() {
    let folder = Folder::new();
    for variant in VARIANTS {
        for (act, padding) in [(Act::Gelu, 0), (Act::Silu, 3), (Act::LeakyRelu, 5)] {
            let operator = Operator { padding, points: 60, width: 20, ..Operator::small(variant, act) };
            let [mut native, mut ort] = both(&folder.model(&operator.model()), 2);
            let x = operator.inputs(2, 21);
            let (native, ort) = (run(&mut *native, &x), run(&mut *ort, &x));
            let exact = evaluate(&operator.model(), 21, &x);
            let [ours, theirs] = [native, ort].map(|y| error(&y, &exact, &ranges(&exact, 2)));
            assert!(ours < f64::max(1e-6, 3.0 * theirs), "{operator:?}: {ours:e}, ONNX Runtime {theirs:e}");
        }
    }
}

#[test]
#[ignore = "needs ONNX Runtime: cargo xtask setup onnxruntime"]
fn onnx_runtime_runs_what_the_native_engine_refuses() {
    let folder = Folder::new();
    let mut g = Graph::default();
    g.node("Softmax", &["x"]);
    let path = folder.model(&g.model(3, 3));
    let mut ort = open(&path, &Provider::OrtCpu, &SessionOptions::default()).unwrap();
    let y = run(&mut *ort, &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
    assert!(y.iter().all(|v| (v - 1.0 / 3.0).abs() < 1e-6), "{y:?}");
}

/// What operators over functions of time take and give: three dimensions with the batch.
#[test]
#[ignore = "needs ONNX Runtime: cargo xtask setup onnxruntime"]
fn onnx_runtime_runs_rows_of_two_dimensions() {
    let folder = Folder::new();
    let mut g = Graph::default();
    g.constant("w", &[3, 1], &[1.0, 10.0, 100.0]);
    g.node("MatMul", &["x", "w"]);
    let mut model = g.model(3, 1);
    let graph = model.graph.as_mut().unwrap();
    (graph.input[0], graph.output[0]) = (shaped("x", &[2, 3]), shaped("y", &[2, 1]));
    let path = folder.model(&model);
    // Two rows at a time, of three.
    let options = SessionOptions::default().with_chunk(2);
    let mut ort = open(&path, &Provider::OrtCpu, &options).unwrap();
    assert_eq!((ort.n_inputs(), ort.n_outputs()), (6, 2));
    assert_eq!((&ort.model().input_shape[..], &ort.model().output_shape[..]), (&[2, 3][..], &[2, 1][..]));
    let x: Vec<f32> = (0..18).map(|k| k as f32).collect();
    assert_eq!(run(&mut *ort, &x), [210.0, 543.0, 876.0, 1209.0, 1542.0, 1875.0]);
    assert!(ort.run(&x[..5], &mut [0.0; 2]).is_err(), "no part of a row");
}

#[test]
#[ignore = "needs ONNX Runtime: cargo xtask setup onnxruntime"]
fn what_onnx_runtime_refuses_is_an_error() {
    let folder = Folder::new();
    let open =
        |g: Graph, n, m| open(folder.model(&g.model(n, m)), &Provider::OrtCpu, &SessionOptions::default());
    let mut g = Graph::default();
    g.node("NoSuchOperator", &["x"]);
    let error = open(g, 3, 3).err().unwrap();
    assert!(matches!(error, InferError::Runtime { action: "open the model", .. }), "{error}");
    assert!(error.to_string().contains("NoSuchOperator"), "{error}");

    // Declared with two columns, runs with three.
    let mut g = Graph::default();
    g.node("Softmax", &["x"]);
    let error = match open(g, 3, 2) {
        Ok(mut session) => session.run(&[0.0; 3], &mut [0.0; 2]).unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error, InferError::Runtime { .. }), "{error}");
}

#[test]
#[ignore = "needs ONNX Runtime: cargo xtask setup onnxruntime"]
fn a_nan_stays_in_its_row() {
    let folder = Folder::new();
    let net = Net::random(9, 2, &[(Act::Silu, 8), (Act::Tanh, 8)], 2);
    let [_, mut ort] = both(&folder.model(&net.model()), 1);
    let mut x = Random(1).vec(2 * 100, 1.0);
    let clean = run(&mut *ort, &x);
    x[2 * 41] = f32::NAN;
    let y = run(&mut *ort, &x);
    assert!(y[2 * 41..2 * 42].iter().all(|v| v.is_nan()));
    assert_eq!(y[..2 * 41], clean[..2 * 41]);
    assert_eq!(y[2 * 42..], clean[2 * 42..]);
}

/// A process loads one library for good, so each case has a process of its own: this program
/// again, running [`child`] only.
fn open_in_a_process(library: &Path) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "onnx_runtime::child", "--include-ignored", "--nocapture"])
        .env("ORT_DYLIB_PATH", library)
        .env("INFER_TEST_CHILD", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
#[ignore = "run by the tests of missing libraries, in processes of their own"]
fn child() {
    if std::env::var_os("INFER_TEST_CHILD").is_none() {
        return;
    }
    let folder = Folder::new();
    let path = folder.model(&Net::random(1, 1, &[(Act::Tanh, 2)], 1).model());
    // Twice: a failure must not leave anything half loaded.
    for _ in 0..2 {
        match open(&path, &Provider::OrtCpu, &SessionOptions::default()) {
            Err(e @ InferError::Unavailable { provider: Provider::OrtCpu, .. }) => println!("{e}"),
            Err(e) => panic!("another error: {e}"),
            Ok(_) => panic!("a session opened without its library"),
        }
    }
    // The native engine needs nothing.
    open(&path, &Provider::Native, &SessionOptions::default()).unwrap();
}

#[test]
fn a_missing_library_is_an_error_with_a_remedy() {
    let text = open_in_a_process(Path::new("/no/such/libonnxruntime.so"));
    assert!(text.contains("/no/such/libonnxruntime.so"), "{text}");
    assert!(text.contains("cargo xtask setup onnxruntime"), "{text}");
}

#[test]
fn a_file_that_is_no_library_is_an_error() {
    let folder = Folder::new();
    let text = open_in_a_process(&folder.write("libonnxruntime.so", b"not a library"));
    assert!(text.contains("does not load as a library"), "{text}");
}

#[cfg(target_os = "linux")]
#[test]
fn another_library_is_an_error() {
    // The program is linked with it, so it is there.
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let libc = maps.split_whitespace().find(|word| word.contains("libc.so")).unwrap();
    let text = open_in_a_process(Path::new(libc));
    assert!(text.contains("not ONNX Runtime"), "{text}");
}

/// `larger.onnx` is the model of the crate page: max(a, b) = relu(a − b) + relu(b) − relu(−b).
fn larger() -> Vec<u8> {
    let mut g = Graph::default();
    let x = g.binary("MatMul", "x", "w0", &[2, 3], &[1.0, 0.0, 0.0, -1.0, 1.0, -1.0]);
    let x = g.node("Relu", &[&x]);
    g.binary("MatMul", &x, "w1", &[3, 1], &[1.0, 1.0, -1.0]);
    g.model(2, 1).encode_to_vec()
}

#[test]
fn the_sample_model_is_the_one_described() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/larger.onnx");
    if std::env::var_os("INFER_TEST_WRITE").is_some() {
        std::fs::write(&path, larger()).unwrap();
    }
    assert_eq!(std::fs::read(&path).unwrap(), larger());
}
