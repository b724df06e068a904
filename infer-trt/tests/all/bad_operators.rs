//! Graphs that are nearly an operator's: refused with the node and a way out.

use crate::bad_files::try_out;
use crate::common::operator::{Operator, Variant};
use crate::common::proto::*;
use crate::common::{Act, Folder, Graph, shaped, tensor};
use infer_trt::{InferError, Provider, SessionOptions, open};
use proptest::prelude::*;
use prost::Message;

fn small() -> ModelProto {
    Operator::small(Variant::Classic, Act::Gelu).model()
}

fn graph(model: &mut ModelProto) -> &mut GraphProto {
    model.graph.as_mut().unwrap()
}

fn refusal(folder: &Folder, model: &ModelProto) -> InferError {
    let options = SessionOptions::default().with_threads(1);
    open(folder.model(model), &Provider::Native, &options).err().expect("a refusal")
}

/// The constant of a name.
fn constant<'g>(g: &'g mut GraphProto, name: &str) -> &'g mut TensorProto {
    g.initializer.iter_mut().find(|t| t.name == name).unwrap()
}

/// The first node of an operator.
fn node<'g>(g: &'g mut GraphProto, op: &str) -> &'g mut NodeProto {
    g.node.iter_mut().find(|n| n.op_type == op).unwrap()
}

fn whole(g: &mut GraphProto, name: &str, values: &[i64]) {
    let t = constant(g, name);
    t.dims = vec![values.len() as i64];
    t.raw_data = values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>().into();
}

/// A part of the message, the operator that it is to name, and a change that causes it.
type Case = (&'static str, &'static str, fn(&mut GraphProto));

/// The same where no node is at fault.
type EndCase = (&'static str, fn(&mut GraphProto));

#[test]
fn what_is_no_spectral_convolution_is_refused_by_name() {
    let folder = Folder::new();
    let cases: [Case; 24] = [
        ("[2, 1, 0, 3]", "Transpose", |g| node(g, "Transpose").attribute[0].ints = vec![2, 1, 0, 3]),
        ("the order is []", "Transpose", |g| node(g, "Transpose").attribute.clear()),
        ("[2, 0, 1]", "Transpose", |g| node(g, "Transpose").attribute[0].ints = vec![2, 0, 1]),
        ("[-1, 2, 5, 4]", "Reshape", |g| whole(g, "shape.parts", &[-1, 2, 5, 4])),
        ("[1, 2, 4, 5]", "Reshape", |g| whole(g, "shape.parts", &[1, 2, 4, 5])),
        ("[4, -1, 5, 2]", "Reshape", |g| whole(g, "shape.mixed", &[4, -1, 5, 2])),
        ("int64 constants", "Reshape", |g| constant(g, "shape.rows").data_type = 6),
        ("int64 constants", "Reshape", |g| constant(g, "shape.rows").raw_data = vec![0; 20].into()),
        ("out of place", "Reshape", |g| {
            let after = g.node.iter().position(|n| n.op_type == "Transpose").unwrap();
            g.node[after].op_type = "Identity".into();
        }),
        ("[4, 8, 10]", "MatMul", |g| {
            *constant(g, "spectral.0") = tensor("spectral.0", &[4, 8, 10], &[0.1; 320]);
        }),
        ("[3, 10, 10]", "MatMul", |g| {
            *constant(g, "spectral.0") = tensor("spectral.0", &[3, 10, 10], &[0.1; 300]);
        }),
        ("takes 26 points but gets 27", "MatMul", |g| {
            *constant(g, "analysis") = tensor("analysis", &[8, 26], &[0.1; 208]);
        }),
        ("7 rows", "MatMul", |g| *constant(g, "analysis") = tensor("analysis", &[7, 27], &[0.1; 189])),
        ("is no matrix", "MatMul", |g| constant(g, "analysis").dims = vec![1, 8, 27]),
        ("[27, 6]", "MatMul", |g| *constant(g, "synthesis") = tensor("synthesis", &[27, 6], &[0.1; 162])),
        ("neither a float32 constant", "MatMul", |g| g.initializer.retain(|t| t.name != "analysis")),
        ("neither a float32 constant", "MatMul", |g| constant(g, "synthesis").data_type = 12),
        ("not finite", "MatMul", |g| {
            constant(g, "synthesis").raw_data = f32::INFINITY.to_le_bytes().repeat(216).into();
        }),
        ("it adds 26 points of 5 channels and 27 points", "Add", |g| {
            *constant(g, "synthesis") = tensor("synthesis", &[26, 8], &[0.1; 208]);
        }),
        ("[0, 1, 0, 0, 3, 1]", "Pad", |g| whole(g, "padding", &[0, 1, 0, 0, 3, 1])),
        ("not along points alone", "Pad", |g| whole(g, "padding", &[0, 0, 0, 0, -3, 0])),
        ("not along points alone", "Pad", |g| whole(g, "padding", &[0, i64::MAX, 0, 0, i64::MAX, 0])),
        ("of axes [2]", "Slice", |g| whole(g, "axis", &[2])),
        ("it gives 0 rows", "Slice", |g| whole(g, "start", &[i64::MAX])),
    ];
    for (says, operator, change) in cases {
        let mut model = small();
        change(graph(&mut model));
        let error = refusal(&folder, &model);
        let text = error.to_string();
        let InferError::Unsupported { operator: found, provider, .. } = &error else {
            panic!("{says}: {text}")
        };
        assert!(found == operator && **provider == Provider::Native && text.contains(says), "{says}: {text}");
    }
    let mut model = small();
    whole(graph(&mut model), "axis", &[2]);
    assert!(refusal(&folder, &model).to_string().contains("`ort-cpu`"));
}

#[test]
fn what_is_no_activation_and_no_map_is_refused() {
    let folder = Folder::new();
    let cases: [Case; 8] = [
        ("Erf(x/√2)", "Erf", |g| constant(g, "root").raw_data = 1.5_f32.to_le_bytes().to_vec().into()),
        ("a part of a GELU", "Add", |g| {
            constant(g, "one").raw_data = 2.0_f32.to_le_bytes().to_vec().into();
        }),
        ("nor the product of a GELU", "Mul", |g| {
            constant(g, "half").raw_data = 0.25_f32.to_le_bytes().to_vec().into();
        }),
        ("Fourier neural operators", "Softmax", |g| node(g, "Erf").op_type = "Softmax".into()),
        ("Fourier neural operators", "com.example.Erf", |g| node(g, "Erf").domain = "com.example".into()),
        ("take 2 columns but get 1", "MatMul", |g| {
            *constant(g, "lifting.0.weight") = tensor("lifting.0.weight", &[2, 9], &[0.1; 18]);
        }),
        ("not one value for each of 9 channels", "Add", |g| constant(g, "lifting.0.bias").dims = vec![9, 24]),
        ("attribute `mode`", "Pad", |g| {
            let (name, s) = ("mode".into(), b"reflect".to_vec().into());
            node(g, "Pad").attribute.push(AttributeProto { name, s, r#type: 3, ..AttributeProto::default() });
        }),
    ];
    for (says, operator, change) in cases {
        let mut model = small();
        change(graph(&mut model));
        let error = refusal(&folder, &model);
        let text = error.to_string();
        let InferError::Unsupported { operator: found, .. } = &error else { panic!("{says}: {text}") };
        assert!(found == operator && text.contains(says), "{says}: {text}");
    }
}

#[test]
fn wrong_ends_are_refused() {
    let folder = Folder::new();
    let cases: [EndCase; 6] = [
        ("static dimension 2", |g| {
            let tensor = g.input[0].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap();
            tensor.shape.as_mut().unwrap().dim[1].value = Some(Dimension::Param("points".into()));
        }),
        ("declared with 23 points and 2 columns but has 24 and 2", |g| g.output[0] = shaped("y", &[23, 2])),
        ("no node gives the output `z`", |g| g.output[0].name = "z".into()),
        ("values where rows are whole", |g| g.input[0] = shaped("x", &[60_000, 65])),
        ("`y` is no array", |g| {
            let erf = node(g, "Erf").output[0].clone();
            g.node.last_mut().unwrap().output[0] = "unused".into();
            node(g, "Erf").output[0] = "y".into();
            g.node.iter_mut().flat_map(|n| &mut n.input).filter(|i| **i == erf).for_each(|i| *i = "y".into());
        }),
        ("nor given by a node before it", |g| {
            let n = g.node.len();
            g.node.swap(n - 1, n - 2);
        }),
    ];
    for (says, change) in cases {
        let mut model = small();
        change(graph(&mut model));
        let error = refusal(&folder, &model).to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[test]
fn many_constants_and_arrays_do_not_fill_memory() {
    let folder = Folder::new();
    let mut g = Graph::default();
    g.constant("w", &[512, 512], &vec![0.01; 512 * 512]);
    let mut x = "x".to_owned();
    for _ in 0..2000 {
        x = g.node("MatMul", &[&x, "w"]);
    }
    let ends = |g: Graph, points, channels| {
        let mut model = g.model(1, 1);
        let g = graph(&mut model);
        (g.input[0], g.output[0]) = (shaped("x", &[points, channels]), shaped("y", &[points, channels]));
        model
    };
    let error = refusal(&folder, &ends(g, 4, 512)).to_string();
    assert!(error.contains("parameters"), "{error}");
    // Three hundred values that are all needed in the end.
    let mut g = Graph::default();
    let values: Vec<String> = (0..300).map(|_| g.node("Tanh", &["x"])).collect();
    let mut sum = "x".to_owned();
    for value in values.iter().rev() {
        sum = g.node("Add", &[&sum, value]);
    }
    let error = refusal(&folder, &ends(g, 4, 3));
    assert!(matches!(error, InferError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("arrays at a time"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn changed_graphs_never_panic(
        dims in prop::collection::vec(prop_oneof![any::<i64>(), 0..30_i64], 0..5),
        numbers in prop::collection::vec(prop_oneof![any::<i64>(), -3..30_i64], 0..7),
        which in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        variant in 0..3_usize,
        what in 0..7,
    ) {
        let variant = crate::common::operator::VARIANTS[variant];
        let operator = Operator { width: 3, points: 9, hidden: 4, ..Operator::small(variant, Act::Gelu) };
        let mut model = operator.model();
        let g = graph(&mut model);
        let (constants, nodes) = (g.initializer.len(), g.node.len());
        match what {
            0 => g.initializer[which.index(constants)].dims = dims,
            1 => g.node[which.index(nodes)].input = g.node[from.index(nodes)].input.clone(),
            2 => g.node[which.index(nodes)].output = g.node[from.index(nodes)].input.clone(),
            3 => g.node.swap(from.index(nodes), to.index(nodes)),
            4 => {
                let whole: Vec<usize> = (0..constants).filter(|k| g.initializer[*k].data_type == INT64).collect();
                let t = &mut g.initializer[whole[which.index(whole.len())]];
                t.dims = vec![numbers.len() as i64];
                t.raw_data = numbers.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>().into();
            }
            5 => g.node[which.index(nodes)].op_type = g.node[from.index(nodes)].op_type.clone(),
            _ => g.input[0] = shaped("x", &dims),
        }
        try_out(&Folder::new(), &model.encode_to_vec());
    }
}
