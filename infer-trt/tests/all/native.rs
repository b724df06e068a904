//! The native engine against a plain evaluation in `f64`.

use crate::common::{self, ACTS, Act, Folder, Graph, Net, Random, error, ranges};
use infer_trt::{InferError, Provider, Session, SessionOptions, open};

fn native(folder: &Folder, model: &common::proto::ModelProto, threads: usize) -> Box<dyn Session> {
    let options = SessionOptions::default().with_threads(threads);
    open(folder.model(model), &Provider::Native, &options).unwrap()
}

fn run(session: &mut dyn Session, x: &[f32]) -> Vec<f32> {
    let rows = x.len() / session.n_inputs();
    let mut y = vec![f32::NAN; rows * session.n_outputs()];
    session.run(x, &mut y).unwrap();
    y
}

#[test]
fn every_activation_agrees_with_f64() {
    let folder = Folder::new();
    for act in ACTS {
        let net = Net::random(act as u64, 3, &[(act, 7), (act, 16)], 2);
        let x = net.inputs(5, 1000);
        let y = run(&mut *native(&folder, &net.model(), 1), &x);
        let reference: Vec<f64> = x.chunks(3).flat_map(|x| net.eval(x)).collect();
        let error = error(&y, &reference, &ranges(&reference, 2));
        assert!(error < 1e-6, "{act:?}: {error:e}");
    }
}

#[test]
fn a_deep_wide_network_agrees_with_f64() {
    let folder = Folder::new();
    let net = Net::random(1, 3, &[(Act::Silu, 128); 5], 2);
    let x = net.inputs(5, 2000);
    let y = run(&mut *native(&folder, &net.model(), 1), &x);
    let reference: Vec<f64> = x.chunks(3).flat_map(|x| net.eval(x)).collect();
    let error = error(&y, &reference, &ranges(&reference, 2));
    assert!(error < 1e-6, "{error:e}");
}

#[test]
fn every_width_agrees_with_f64() {
    let folder = Folder::new();
    for width in (1..=9).chain([15, 33, 64, 129]) {
        let net = Net::random(width as u64, width, &[(Act::Tanh, width), (Act::Silu, 5)], width);
        let x = net.inputs(7, 70);
        let y = run(&mut *native(&folder, &net.model(), 1), &x);
        let reference: Vec<f64> = x.chunks(width).flat_map(|x| net.eval(x)).collect();
        let error = error(&y, &reference, &ranges(&reference, width));
        assert!(error < 1e-6, "width {width}: {error:e}");
    }
}

#[test]
fn batches_of_any_size_and_threads_give_the_same_bits() {
    let folder = Folder::new();
    let net = Net::random(3, 3, &[(Act::Silu, 32), (Act::Sin, 16), (Act::Elu, 16)], 2);
    let model = net.model();
    let x = net.inputs(11, 10_007);
    let mut one = native(&folder, &model, 1);
    let whole = run(&mut *one, &x);
    for rows in [0, 1, 3, 63, 64, 65, 1000] {
        let part = run(&mut *one, &x[..3 * rows]);
        assert_eq!(part, whole[..2 * rows], "{rows} rows");
    }
    let single: Vec<f32> = x[..3 * 200].chunks(3).flat_map(|x| run(&mut *one, x)).collect();
    assert_eq!(single, whole[..2 * 200]);
    for threads in [0, 2, 3, 8] {
        assert_eq!(run(&mut *native(&folder, &model, threads), &x), whole, "{threads} threads");
    }
}

#[test]
fn a_nan_stays_in_its_row() {
    let folder = Folder::new();
    for act in ACTS {
        let net = Net::random(9, 2, &[(act, 8), (act, 8)], 2);
        let mut session = native(&folder, &net.model(), 1);
        let mut x = Random(1).vec(2 * 100, 1.0);
        let clean = run(&mut *session, &x);
        x[2 * 41] = f32::NAN;
        let y = run(&mut *session, &x);
        for (row, (y, clean)) in y.chunks(2).zip(clean.chunks(2)).enumerate() {
            if row == 41 {
                assert!(y.iter().all(|v| v.is_nan()), "{act:?}: {y:?}");
            } else {
                assert_eq!(y, clean, "{act:?}, row {row}");
            }
        }
    }
}

#[test]
fn large_inputs_neither_overflow_nor_hang() {
    let folder = Folder::new();
    for act in [Act::Sigmoid, Act::Tanh, Act::Sin] {
        let net = Net::random(4, 1, &[(act, 4)], 1);
        let mut session = native(&folder, &net.model(), 1);
        let y = run(&mut *session, &[1e4, -1e4, 1e6, -1e6, 1e30, -1e30]);
        assert!(y.iter().all(|v| v.is_finite()), "{act:?}: {y:?}");
    }
}

#[test]
fn an_offset_far_above_the_spread_costs_no_precision() {
    // Folding the normalisation into the first layer would lose |mean/std| units of rounding:
    // here 1e-7 * 1e4, a thousand times the bound.
    let folder = Folder::new();
    let mut net = Net::random(2, 2, &[(Act::Tanh, 16)], 1);
    net.mean = vec![1000.0, -2000.0];
    net.std = vec![0.1, 0.2];
    let mut random = Random(8);
    let x: Vec<f32> =
        (0..500).flat_map(|_| [1000.0 + 0.1 * random.next(), -2000.0 + 0.2 * random.next()]).collect();
    let y = run(&mut *native(&folder, &net.model(), 1), &x);
    let reference: Vec<f64> = x.chunks(2).flat_map(|x| net.eval(x)).collect();
    let error = error(&y, &reference, &ranges(&reference, 1));
    assert!(error < 1e-6, "{error:e}");
}

#[test]
fn other_chains_run_too() {
    let folder = Folder::new();
    let (w, b) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.5, -0.5]);
    let mut g = Graph::default();
    // Constants on either side, scalars, Gemm with transposed weights, Constant and Identity nodes.
    let x = g.node("Identity", &["x"]);
    g.constant("ten", &[], &[10.0]);
    let x = g.node("Sub", &["ten", &x]);
    g.constant("wt", &[2, 3], &[w[0], w[2], w[4], w[1], w[3], w[5]]);
    g.constant("b", &[1, 2], &b);
    let x = g.node("Gemm", &[&x, "wt", "b"]);
    g.attribute("alpha", 0.5);
    g.attribute("beta", 2.0);
    g.attribute_i("transB", 1);
    g.constant("c", &[1], &[3.0]);
    let c = g.node("Identity", &["c"]);
    let x = g.node("Div", &[&c, &x]);
    let x = g.node("Elu", &[&x]);
    g.attribute("alpha", 2.0);
    g.constant("more", &[2], &[1.0, 2.0]);
    let x = g.node("Add", &["more", &x]);
    g.node("Mul", &["more", &x]);
    let mut session = native(&folder, &g.model(3, 2), 1);
    // On both sides of ten, where the quotient has its pole, and at some distance from it.
    let mut random = Random(3);
    let x: Vec<f32> =
        [4.5, 45.0].iter().flat_map(|c| random.vec(3 * 100, 4.0).into_iter().map(move |r| c + r)).collect();
    let y = run(&mut *session, &x);
    let reference: Vec<f64> = x
        .chunks(3)
        .flat_map(|x| {
            [0, 1].map(|o| {
                let dot: f64 = (0..3).map(|i| (10.0 - f64::from(x[i])) * f64::from(w[2 * i + o])).sum();
                let v = 3.0 / (0.5 * dot + 2.0 * f64::from(b[o]));
                let v = if v > 0.0 { v } else { 2.0 * v.exp_m1() };
                let more = [1.0, 2.0][o];
                more * (more + v)
            })
        })
        .collect();
    let error = error(&y, &reference, &ranges(&reference, 2));
    assert!(error < 1e-6, "{error:e}");
}

#[test]
fn wrong_buffers_are_refused_and_left_alone() {
    let folder = Folder::new();
    let net = Net::random(1, 3, &[(Act::Relu, 4)], 2);
    let mut session = native(&folder, &net.model(), 1);
    let mut y = [7.0; 4];
    let error = session.run(&[0.0; 7], &mut y).unwrap_err();
    assert!(matches!(error, InferError::InputLength { len: 7, n_inputs: 3 }), "{error}");
    let error = session.run(&[0.0; 9], &mut y).unwrap_err();
    assert!(matches!(error, InferError::OutputLength { len: 4, rows: 3, n_outputs: 2 }), "{error}");
    assert_eq!(y, [7.0; 4]);
}

#[test]
fn the_session_says_what_it_runs() {
    let folder = Folder::new();
    let session = native(&folder, &Net::random(1, 3, &[(Act::Relu, 4)], 2).model(), 1);
    assert_eq!(session.provider(), &Provider::Native);
    let model = session.model();
    assert_eq!((model.n_inputs, model.n_outputs, model.opset, model.ir_version), (3, 2, 17, 8));
    assert_eq!(model.metadata.get("producer").map(String::as_str), Some("tests"));
    assert_eq!(model.sha256.len(), 64);
}

#[test]
fn too_many_threads_are_refused() {
    let folder = Folder::new();
    let path = folder.model(&Net::random(1, 1, &[], 1).model());
    let options = SessionOptions::default().with_threads(1_000_000);
    let error = open(path, &Provider::Native, &options).err().unwrap();
    assert!(matches!(error, InferError::Option { option: "threads", .. }), "{error}");
}

#[test]
fn providers_have_words() {
    for provider in Provider::ALL {
        assert_eq!(&provider.to_string().parse::<Provider>().unwrap(), provider);
    }
    let error = "cuda".parse::<Provider>().unwrap_err().to_string();
    assert!(error.contains("`cuda`") && error.contains("native"), "{error}");
}
