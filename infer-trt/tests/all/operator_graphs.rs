//! Graphs of points and channels that no exporter here writes, with the parts of operators in other orders.

use crate::common::eval::evaluate;
use crate::common::operator::act;
use crate::common::proto::ModelProto;
use crate::common::{Act, Folder, Graph, Random, error, ranges, shaped};
use infer_trt::{Provider, Session, SessionOptions, open};
use proptest::prelude::*;

/// A file whose input and output have these points and channels.
fn model(g: Graph, input: (usize, usize), output: (usize, usize)) -> ModelProto {
    let mut model = g.model(1, 1);
    let g = model.graph.as_mut().unwrap();
    let row = |(points, channels)| [points as i64, channels as i64];
    (g.input[0], g.output[0]) = (shaped("x", &row(input)), shaped("y", &row(output)));
    model
}

fn session(folder: &Folder, model: &ModelProto) -> Box<dyn Session> {
    open(folder.model(model), &Provider::Native, &SessionOptions::default().with_threads(1)).unwrap()
}

/// Graphs that no exporter here writes and that have the same parts in another order.
#[test]
fn other_graphs_of_points_run_too() {
    let folder = Folder::new();
    let mut random = Random(5);
    let mut models = Vec::new();
    let (n, c) = (11, 3);
    // The input itself, twice; constants of all shapes on both sides; padding on both ends, padded again.
    let mut g = Graph::default();
    let x = g.node("Add", &["x", "x"]);
    let x = g.binary("Add", &x, "a", &[1, 1, 3], &random.vec(3, 1.0));
    let x = g.binary("Mul", &x, "b", &[11, 1], &random.vec(11, 1.0));
    g.constant("c", &[], &[0.5]);
    let x = g.node("Sub", &["c", &x]);
    g.integers("p", &[0, 2, 0, 0, 1, 0]);
    let p = g.node("Pad", &[&x, "p"]);
    let q = g.node("Pad", &[&p, "p"]);
    g.integers("start", &[-14]);
    g.integers("end", &[1 << 40]);
    g.integers("axis", &[-2]);
    let p2 = g.binary("Mul", &p, "d", &[1], &[3.0]);
    let s = g.node("Slice", &[&q, "start", "end", "axis"]);
    g.node("Add", &[&s, &p2]);
    models.push((model(g, (n, c), (14, 3)), 14, 3));
    // A value that a later layer needs again; PyTorch's order of a GELU; a nested activation.
    let mut g = Graph::default();
    let w = random.vec(c * 8, 0.7);
    let h = g.binary("MatMul", "x", "w", &[3, 8], &w);
    act(&mut g, Act::Gelu, &h);
    let scaled = g.node("Div", &[&h, "root"]);
    let erf = g.node("Erf", &[&scaled]);
    let twice = g.node("Add", &["one", &erf]);
    let both = g.node("Mul", &[&twice, &h]);
    let gelu = g.node("Mul", &["half", &both]);
    let silu = act(&mut g, Act::Silu, &gelu);
    let sum = g.node("Add", &[&silu, &h]);
    let again = g.node("Add", &[&sum, &gelu]);
    let t = g.node("Sigmoid", &[&again]);
    let t = g.node("Add", &[&t, &again]);
    g.node("Identity", &[&t]);
    models.push((model(g, (n, c), (11, 8)), 11, 8));
    // A table that is neither even nor odd leads from 11 points to other 7, with other channels; two convolutions of
    // one value at a time, and a third of the input.
    let mut g = Graph::default();
    g.constant("table", &[4, 11], &random.vec(44, 0.5));
    g.constant("back", &[7, 4], &random.vec(28, 0.5));
    for (name, values) in [("s1", [-1, 2, 2, 3]), ("s3", [2, -1, 2, 5])] {
        g.integers(name, &values);
    }
    g.integers("s2", &[2, -1, 6]);
    g.integers("s4", &[-1, 4, 5]);
    let v = g.node("Tanh", &["x"]);
    let mut parts = Vec::new();
    for (k, from) in [&v[..], &v, "x"].into_iter().enumerate() {
        let weights = format!("mix{k}");
        g.constant(&weights, &[2, 6, 10], &random.vec(120, 0.5));
        let x = g.node("MatMul", &["table", from]);
        let x = g.node("Reshape", &[&x, "s1"]);
        let x = g.node("Transpose", &[&x]);
        g.permutation(&[2, 0, 1, 3]);
        let x = g.node("Reshape", &[&x, "s2"]);
        let x = g.node("MatMul", &[&x, &weights]);
        let x = g.node("Reshape", &[&x, "s3"]);
        let x = g.node("Transpose", &[&x]);
        g.permutation(&[1, 2, 0, 3]);
        let x = g.node("Reshape", &[&x, "s4"]);
        parts.push(g.node("MatMul", &["back", &x]));
    }
    let sum = g.node("Add", &[&parts[0], &parts[1]]);
    let sum = g.node("Add", &[&parts[2], &sum]);
    // Nobody needs this one.
    g.node("Softmax", &[&parts[0]]);
    g.node("Relu", &[&sum]);
    models.push((model(g, (n, c), (7, 5)), 7, 5));
    for (model, points, channels) in models {
        let samples = 10;
        let x = random.vec(samples * 33, 2.0);
        let mut session = session(&folder, &model);
        let mut y = vec![f32::NAN; samples * points * channels];
        session.run(&x, &mut y).unwrap();
        let reference = evaluate_known(&model, samples, &x);
        let off = error(&y, &reference, &ranges(&reference, channels));
        assert!(off < 1e-6, "{points} points: {off:e}");
    }
}

/// As [`evaluate`], without nodes that are not needed, and with places that count from the end.
fn evaluate_known(model: &ModelProto, samples: usize, x: &[f32]) -> Vec<f64> {
    let mut model = model.clone();
    let g = model.graph.as_mut().unwrap();
    g.node.retain(|n| n.op_type != "Softmax");
    for (name, value) in [("start", 3), ("end", 17)] {
        if g.initializer.iter().any(|t| t.name == name) {
            let constant = g.initializer.iter_mut().find(|t| t.name == name).unwrap();
            constant.raw_data = i64::to_le_bytes(value).to_vec().into();
        }
    }
    evaluate(&model, samples, x)
}

/// A value of a random graph: its name, points and channels.
type Value = (String, usize, usize);

/// A spectral convolution with tables and weights of no particular form.
fn spectral(g: &mut Graph, random: &mut Random, (v, n, w): &Value, (to, out): (usize, usize)) -> Value {
    let (at, m) = (g.nodes.len(), 2);
    let name = |what: &str| format!("{what}.{at}");
    g.constant(&name("table"), &[2 * m, *n], &random.vec(2 * m * n, 0.7));
    g.constant(&name("mix"), &[m, 2 * w, 2 * out], &random.vec(4 * m * w * out, 0.5));
    g.constant(&name("back"), &[to, 2 * m], &random.vec(2 * m * to, 0.7));
    let [n_m, n_w, n_out] = [m, *w, out].map(|n| n as i64);
    g.integers(&name("s1"), &[-1, 2, n_m, n_w]);
    g.integers(&name("s2"), &[n_m, -1, 2 * n_w]);
    g.integers(&name("s3"), &[n_m, -1, 2, n_out]);
    g.integers(&name("s4"), &[-1, 2 * n_m, n_out]);
    let x = g.node("MatMul", &[&name("table"), v]);
    let x = g.node("Reshape", &[&x, &name("s1")]);
    let x = g.node("Transpose", &[&x]);
    g.permutation(&[2, 0, 1, 3]);
    let x = g.node("Reshape", &[&x, &name("s2")]);
    let x = g.node("MatMul", &[&x, &name("mix")]);
    let x = g.node("Reshape", &[&x, &name("s3")]);
    let x = g.node("Transpose", &[&x]);
    g.permutation(&[1, 2, 0, 3]);
    let x = g.node("Reshape", &[&x, &name("s4")]);
    (g.node("MatMul", &[&name("back"), &x]), to, out)
}

/// One more operation, on the value that `pick` chooses; `size` is of what it gives, where that is free.
fn grow(
    g: &mut Graph,
    random: &mut Random,
    values: &[Value],
    (what, pick, size): (usize, usize, usize),
) -> Value {
    // Recent values rather than old ones.
    let v = &values[values.len() - 1 - pick % values.len().min(6)];
    let (name, n, c) = (&v.0, v.1, v.2);
    let at = g.nodes.len();
    match what {
        0 => (act(g, Act::Tanh, name), n, c),
        1 => (act(g, Act::Gelu, name), n, c),
        2 | 3 => {
            let alike: Vec<&Value> = values.iter().filter(|w| (w.1, w.2) == (n, c)).collect();
            (g.node("Add", &[name, &alike[size % alike.len()].0]), n, c)
        }
        4 => {
            let out = 1 + size;
            let w = random.vec(c * out, 1.0 / (c as f32).sqrt());
            let z = g.binary("MatMul", name, &format!("w.{at}"), &[c, out], &w);
            (g.binary("Add", &z, &format!("b.{at}"), &[n, out], &random.vec(n * out, 0.5)), n, out)
        }
        5 if n < 40 => {
            g.integers(&format!("p.{at}"), &[0, (size % 3) as i64, 0, 0, (size % 4) as i64, 0]);
            (g.node("Pad", &[name, &format!("p.{at}")]), n + size % 3 + size % 4, c)
        }
        6 if n > 2 => {
            let start = size % (n - 1);
            for (what, value) in [("start", start), ("end", n), ("axis", 1)] {
                g.integers(&format!("{what}.{at}"), &[value as i64]);
            }
            let places = ["start", "end", "axis"].map(|what| format!("{what}.{at}"));
            (g.node("Slice", &[name, &places[0], &places[1], &places[2]]), n - start, c)
        }
        _ => {
            let (z, n, c) = spectral(g, random, v, if size % 2 == 0 { (n, c) } else { (2 + size, 1 + size) });
            (act(g, Act::Tanh, &z), n, c)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// Memory is shared among values, and passes are put together: whatever needs whatever, all numbers are right.
    #[test]
    fn random_graphs_agree_with_f64(
        seed: u64,
        steps in prop::collection::vec((0..9_usize, 0..100_usize, 0..18_usize), 1..30),
    ) {
        let (folder, mut random, mut g) = (Folder::new(), Random(seed), Graph::default());
        let mut values = vec![("x".to_owned(), 9, 3)];
        for step in steps {
            let value = grow(&mut g, &mut random, &values, step);
            values.push(value);
        }
        // All that look like the last one are needed in the end.
        let (mut sum, n, c) = values.pop().unwrap();
        for (value, ..) in values.iter().filter(|v| (v.1, v.2) == (n, c)) {
            sum = g.node("Add", &[value, &sum]);
        }
        g.node("Tanh", &[&sum]);
        let model = model(g, (9, 3), (n, c));
        let x = random.vec(10 * 27, 1.0);
        let mut session = session(&folder, &model);
        let mut y = vec![f32::NAN; 10 * n * c];
        session.run(&x, &mut y).unwrap();
        for (found, exact) in y.iter().zip(evaluate(&model, 10, &x)) {
            prop_assert!((f64::from(*found) - exact).abs() < 1e-4, "{} {}", found, exact);
        }
        let mut one = vec![f32::NAN; n * c];
        session.run(&x[27 * 7..27 * 8], &mut one).unwrap();
        prop_assert_eq!(&one[..], &y[n * c * 7..n * c * 8]);
    }
}
