//! Files that are not what they should be: always an error that says why, never a panic.

use crate::common::proto::*;
use crate::common::{Act, Folder, Graph, Net, shaped, tensor, value};
use infer_trt::{InferError, Provider, SessionOptions, open};
use proptest::prelude::*;
use prost::Message;

/// What the message says, and the change to a graph that causes it.
type Case = (&'static str, fn(&mut GraphProto));

fn refusal(folder: &Folder, model: &ModelProto) -> InferError {
    let options = SessionOptions::default().with_threads(1);
    open(folder.model(model), &Provider::Native, &options).err().expect("a refusal")
}

fn small() -> ModelProto {
    Net::random(1, 3, &[(Act::Silu, 8), (Act::Elu, 4)], 2).model()
}

fn graph(model: &mut ModelProto) -> &mut GraphProto {
    model.graph.as_mut().unwrap()
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let folder = Folder::new();
    let whole = small().encode_to_vec();
    let options = SessionOptions::default().with_threads(1);
    // The last field holds metadata, which a file may lack.
    let metadata = small().metadata_props[0].encoded_len() + 2;
    for length in 0..whole.len() - metadata {
        let path = folder.write("cut.onnx", &whole[..length]);
        let error = open(&path, &Provider::Native, &options).err().expect("a refusal");
        let text = error.to_string();
        assert!(text.contains("cut.onnx"), "{text}");
        assert!(
            matches!(error, InferError::Malformed { .. } | InferError::Refused { .. }),
            "{length}: {text}"
        );
    }
}

#[test]
fn absent_large_and_strange_files_are_refused() {
    let folder = Folder::new();
    let options = SessionOptions::default();
    let open =
        |path, options: &SessionOptions| open(path, &Provider::Native, options).err().expect("a refusal");
    let error = open(folder.path().join("absent.onnx"), &options);
    assert!(matches!(error, InferError::Io { .. }), "{error}");
    let error = open(folder.path().to_owned(), &options);
    assert!(matches!(error, InferError::Io { .. }), "{error}");
    let error = open(folder.model(&small()), &options.clone().with_max_file_bytes(100));
    assert!(matches!(error, InferError::TooLarge { limit: 100, .. }), "{error}");
    let error = open(folder.write("text.onnx", b"# not a model\n"), &options);
    assert!(matches!(error, InferError::Malformed { .. }), "{error}");
}

fn attribute(t: Option<TensorProto>, g: Option<GraphProto>) -> AttributeProto {
    AttributeProto { name: "a".into(), t, g, ..AttributeProto::default() }
}

fn node(attribute: AttributeProto) -> NodeProto {
    let attribute = vec![attribute];
    NodeProto { name: "n".into(), op_type: "If".into(), attribute, ..NodeProto::default() }
}

#[test]
fn external_data_is_refused_wherever_it_hides() {
    let folder = Folder::new();
    let mut external = tensor("weights", &[3, 2], &[]);
    external.data_location = EXTERNAL;
    external.external_data =
        vec![StringStringEntryProto { key: "location".into(), value: "../../etc/passwd".into() }];
    let inner = GraphProto { initializer: vec![external.clone()], ..GraphProto::default() };
    let sparse = SparseTensorProto { values: Some(external.clone()), indices: None };

    let mut models = vec![small(); 5];
    graph(&mut models[0]).initializer.push(external.clone());
    graph(&mut models[1]).node.push(node(attribute(Some(external.clone()), None)));
    graph(&mut models[2]).node.push(node(attribute(None, Some(inner))));
    graph(&mut models[3]).sparse_initializer.push(sparse);
    models[4]
        .functions
        .push(FunctionProto { name: "f".into(), node: vec![node(attribute(Some(external), None))] });
    for model in &models {
        let error = refusal(&folder, model);
        assert!(matches!(error, InferError::Refused { .. }), "{error}");
        assert!(error.to_string().contains("another file"), "{error}");
    }
}

/// A change to a model that puts a NaN somewhere.
type Hiding = fn(&mut ModelProto, TensorProto);

#[test]
fn nan_is_refused_wherever_it_hides() {
    let folder = Folder::new();
    let places: [Hiding; 9] = [
        |m, t| graph(m).initializer.push(t),
        |m, t| graph(m).sparse_initializer.push(SparseTensorProto { values: Some(t), indices: None }),
        |m, t| graph(m).node.push(node(attribute(Some(t), None))),
        |m, t| graph(m).node.push(node(AttributeProto { tensors: vec![t], ..attribute(None, None) })),
        |m, t| {
            let sparse = SparseTensorProto { values: Some(t), indices: None };
            graph(m).node.push(node(AttributeProto { sparse_tensor: Some(sparse), ..attribute(None, None) }));
        },
        |m, t| {
            let sparse = SparseTensorProto { values: Some(t), indices: None };
            let sparse_tensors = vec![sparse];
            graph(m).node.push(node(AttributeProto { sparse_tensors, ..attribute(None, None) }));
        },
        |m, t| {
            let inner = GraphProto { initializer: vec![t], ..GraphProto::default() };
            graph(m).node.push(node(attribute(None, Some(inner))));
        },
        |m, t| {
            let inner = GraphProto { node: vec![node(attribute(Some(t), None))], ..GraphProto::default() };
            graph(m).node.push(node(AttributeProto { graphs: vec![inner], ..attribute(None, None) }));
        },
        |m, t| {
            let node = vec![node(attribute(Some(t), None))];
            m.functions.push(FunctionProto { name: "f".into(), node });
        },
    ];
    let typed = |data_type| TensorProto { data_type, dims: vec![2], ..TensorProto::default() };
    let raw = |data_type, bytes: &[u8]| TensorProto { raw_data: bytes.to_vec().into(), ..typed(data_type) };
    // FLOAT, FLOAT16, DOUBLE and BFLOAT16, as bytes and in the field of the type.
    let (f, d) = (f32::NAN.to_le_bytes(), f64::NAN.to_le_bytes());
    let tensors = [
        raw(1, &[[0; 4], f].concat()),
        raw(10, &[0, 0, 1, 0xfe]),
        raw(11, &[[0; 8], d].concat()),
        raw(16, &[0, 0, 0xc0, 0x7f]),
        TensorProto { float_data: vec![0.0, f32::NAN], ..typed(1) },
        TensorProto { int32_data: vec![0, 0x7e00], ..typed(10) },
        TensorProto { double_data: vec![0.0, f64::NAN], ..typed(11) },
        TensorProto { int32_data: vec![0, 0xffc0], ..typed(16) },
    ];
    let refused = |model: &ModelProto, says: &str| {
        let error = refusal(&folder, model);
        let text = error.to_string();
        assert!(matches!(error, InferError::Refused { .. }), "{text}");
        assert!(text.contains("holds a NaN") && text.contains(says), "{says}: {text}");
    };
    for (place, hide) in places.into_iter().enumerate() {
        for (which, tensor) in tensors.iter().enumerate() {
            let mut model = small();
            hide(&mut model, TensorProto { name: format!("t{place}-{which}"), ..tensor.clone() });
            refused(&model, &format!("`t{place}-{which}`"));
        }
    }
    // Without a name, what the constant belongs to is named, and numbers may stand in attributes.
    for (attribute, says) in [
        (attribute(Some(tensors[0].clone()), None), "a constant of node `n` (If)"),
        (AttributeProto { f: f32::NAN, ..attribute(None, None) }, "attribute `a` of node `n`"),
        (
            AttributeProto { floats: vec![0.0, f32::NAN], ..attribute(None, None) },
            "attribute `a` of node `n`",
        ),
    ] {
        let mut model = small();
        graph(&mut model).node.push(node(attribute));
        refused(&model, says);
    }
}

#[test]
fn versions_are_checked() {
    let folder = Folder::new();
    for (ir, opset) in [(2, 17), (99, 17), (8, 6), (8, 99), (-1, 17), (8, i64::MIN)] {
        let mut model = small();
        model.ir_version = ir;
        model.opset_import[0].version = opset;
        let error = refusal(&folder, &model);
        assert!(matches!(error, InferError::Refused { .. }), "{error}");
    }
    let mut model = small();
    model.opset_import.clear();
    assert!(refusal(&folder, &model).to_string().contains("operator set"));
}

#[test]
fn signatures_are_checked() {
    let folder = Folder::new();
    let cases: [Case; 12] = [
        ("5 dimensions; 2 to 4 are served", |g| g.input[0] = shaped("x", &[2, 2, 2, 2])),
        ("1 dimensions; 2 to 4 are served", |g| g.output[0] = shaped("y", &[])),
        ("8388608 values a row", |g| g.input[0] = shaped("x", &[4096, 2048])),
        ("static dimension 3", |g| {
            g.input[0] = shaped("x", &[2, 2]);
            let tensor = g.input[0].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap();
            tensor.shape.as_mut().unwrap().dim[2].value = Some(Dimension::Param("n".into()));
        }),
        ("2 inputs", |g| g.input.push(value("z", 1))),
        ("0 outputs", |g| g.output.clear()),
        ("70000 columns", |g| g.input[0] = value("x", 70_000)),
        ("0 columns", |g| g.input[0] = value("x", 0)),
        ("-3 columns", |g| g.input[0] = value("x", -3)),
        ("not a tensor", |g| g.input[0].r#type = None),
        ("element type 11", |g| {
            let tensor = g.output[0].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap();
            tensor.elem_type = 11;
        }),
        ("fixed batch of 16", |g| {
            let tensor = g.input[0].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap();
            tensor.shape.as_mut().unwrap().dim[0].value = Some(Dimension::Value(16));
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
fn rows_of_other_dimensions_are_not_for_the_native_engine() {
    let folder = Folder::new();
    for (input, output) in [(&[4, 3][..], &[2][..]), (&[3], &[4, 2]), (&[4, 3, 2], &[4, 3, 2])] {
        let mut model = small();
        let g = graph(&mut model);
        (g.input[0], g.output[0]) = (shaped("x", input), shaped("y", output));
        let error = refusal(&folder, &model);
        assert!(matches!(error, InferError::Refused { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(&format!("{input:?} and {output:?}")) && text.contains("ort-cpu"), "{text}");
    }
}

#[test]
fn inconsistent_graphs_are_refused() {
    let folder = Folder::new();
    let cases: [Case; 12] = [
        ("dimensions", |g| g.initializer[0].dims = vec![i64::MAX, i64::MAX, 4]),
        ("dimensions", |g| g.initializer[0].dims = vec![1 << 40]),
        ("dimension of -3", |g| g.initializer[0].dims = vec![-3]),
        ("multiple of 4", |g| g.initializer[0].raw_data = vec![0; 11].into()),
        ("not a float32 constant", |g| g.initializer[0].data_type = 10),
        ("twice", |g| g.initializer[0].float_data = vec![1.0; 3]),
        ("defined twice", |g| g.node[1].output = g.node[0].output.clone()),
        ("NaN", |g| g.initializer[2].raw_data = f32::NAN.to_le_bytes().repeat(24).into()),
        ("not finite", |g| g.initializer[2].raw_data = f32::INFINITY.to_le_bytes().repeat(24).into()),
        ("take 8 columns but get 3", |g| {
            g.initializer[2] = tensor("w0", &[8, 3], &[0.0; 24]);
        }),
        ("does not lead", |g| {
            g.node.remove(3);
        }),
        ("declared with 5 columns but has 2", |g| g.output[0] = value("y", 5)),
    ];
    for (says, change) in cases {
        let mut model = small();
        change(graph(&mut model));
        let error = refusal(&folder, &model).to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[test]
fn what_the_engine_does_not_know_is_named_with_a_way_out() {
    let folder = Folder::new();
    let one = |op: &str| {
        let mut g = Graph::default();
        g.node(op, &["x"]);
        g.model(2, 2)
    };
    let error = refusal(&folder, &one("Softmax"));
    assert!(matches!(&error, InferError::Unsupported { operator, .. } if operator == "Softmax"));
    let text = error.to_string();
    assert!(text.contains("`Softmax_0`") && text.contains("ort-cpu"), "{text}");

    let mut model = one("Tanh");
    graph(&mut model).node[0].domain = "com.example".into();
    assert!(refusal(&folder, &model).to_string().contains("com.example.Tanh"));

    let mut g = Graph::default();
    let a = g.node("Tanh", &["x"]);
    let b = g.node("Sin", &["x"]);
    g.node("Add", &[&a, &b]);
    assert!(refusal(&folder, &g.model(2, 2)).to_string().contains("used twice"));

    let mut g = Graph::default();
    g.node("Mul", &["x", "x"]);
    assert!(refusal(&folder, &g.model(2, 2)).to_string().contains("both operands"));

    let mut g = Graph::default();
    g.binary("Add", "x", "c", &[2, 2], &[1.0; 4]);
    assert!(refusal(&folder, &g.model(2, 2)).to_string().contains("one value per column"));
}

#[test]
fn one_constant_in_many_nodes_does_not_fill_memory() {
    let folder = Folder::new();
    let mut g = Graph::default();
    g.constant("w", &[512, 512], &vec![0.01; 512 * 512]);
    let mut x = "x".to_owned();
    for _ in 0..20_000 {
        x = g.node("MatMul", &[&x, "w"]);
    }
    let error = refusal(&folder, &g.model(512, 512)).to_string();
    assert!(error.contains("parameters"), "{error}");
}

/// Opens, and runs if it opens: anything but a panic.
pub(crate) fn try_out(folder: &Folder, bytes: &[u8]) {
    let options = SessionOptions::default().with_threads(1);
    if let Ok(mut session) = open(folder.write("m.onnx", bytes), &Provider::Native, &options) {
        let mut y = vec![0.0; 2 * session.n_outputs()];
        session.run(&vec![0.5; 2 * session.n_inputs()], &mut y).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        try_out(&Folder::new(), &bytes);
    }

    #[test]
    fn changed_bytes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = small().encode_to_vec();
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        try_out(&Folder::new(), &bytes);
    }

    #[test]
    fn changed_graphs_never_panic(
        dims in prop::collection::vec(any::<i64>(), 0..4),
        which in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
        columns in any::<i64>(),
        what in 0..5,
    ) {
        let mut model = small();
        let g = graph(&mut model);
        let (constants, nodes) = (g.initializer.len(), g.node.len());
        match what {
            0 => g.initializer[which.index(constants)].dims = dims,
            1 => g.node[which.index(nodes)].input = g.node[from.index(nodes)].input.clone(),
            2 => g.node[which.index(nodes)].output = g.node[from.index(nodes)].input.clone(),
            3 => g.node.swap(from.index(nodes), to.index(nodes)),
            _ => g.input[0] = value("x", columns),
        }
        try_out(&Folder::new(), &model.encode_to_vec());
    }
}
