//! What no constant of a file may hold, wherever it stands: data in another file, and NaN.
//!
//! Constants are initializers, sparse ones, attributes of nodes (`Constant` and others), and all of these
//! in the graphs that `If`, `Loop` and `Scan` have inside and in functions of the model's own.

use super::proto::{self, AttributeProto, GraphProto, NodeProto, SparseTensorProto, TensorProto};

/// Graphs within graphs; the decoder stops at 100 nested messages, so that none has as many.
const MAX_DEPTH: usize = 100;

/// Checks all constants of a graph.
///
/// # Errors
/// Which one is refused, and the remedy.
pub(super) fn check(graph: &GraphProto) -> Result<(), String> {
    check_graph(graph, 0)
}

/// Checks all constants of a function's nodes.
///
/// # Errors
/// As [`check`].
pub(super) fn check_function(nodes: &[NodeProto]) -> Result<(), String> {
    check_nodes(nodes, 0)
}

fn check_graph(graph: &GraphProto, depth: usize) -> Result<(), String> {
    let owner = format!("graph `{}`", graph.name);
    for tensor in &graph.initializer {
        check_tensor(tensor, &owner)?;
    }
    for sparse in &graph.sparse_initializer {
        check_sparse(sparse, &owner)?;
    }
    check_nodes(&graph.node, depth)
}

fn check_nodes(nodes: &[NodeProto], depth: usize) -> Result<(), String> {
    if depth > MAX_DEPTH {
        return Err(format!("its graphs are nested more than {MAX_DEPTH} deep"));
    }
    for node in nodes {
        let name = if node.name.is_empty() { node.output.first() } else { Some(&node.name) };
        let owner = format!("node `{}` ({})", name.map_or("", String::as_str), node.op_type);
        for attribute in &node.attribute {
            check_attribute(attribute, &owner, depth)?;
        }
    }
    Ok(())
}

fn check_attribute(attribute: &AttributeProto, owner: &str, depth: usize) -> Result<(), String> {
    if attribute.f.is_nan() || attribute.floats.iter().any(|f| f.is_nan()) {
        return Err(nan(&format!("attribute `{}` of {owner}", attribute.name)));
    }
    for tensor in attribute.t.iter().chain(&attribute.tensors) {
        check_tensor(tensor, owner)?;
    }
    for sparse in attribute.sparse_tensor.iter().chain(&attribute.sparse_tensors) {
        check_sparse(sparse, owner)?;
    }
    for graph in attribute.g.iter().chain(&attribute.graphs) {
        check_graph(graph, depth + 1)?;
    }
    Ok(())
}

fn check_sparse(sparse: &SparseTensorProto, owner: &str) -> Result<(), String> {
    sparse.values.iter().chain(&sparse.indices).try_for_each(|tensor| check_tensor(tensor, owner))
}

fn check_tensor(tensor: &TensorProto, owner: &str) -> Result<(), String> {
    let named = || match &tensor.name[..] {
        "" => format!("a constant of {owner}"),
        name => format!("constant `{name}`"),
    };
    if tensor.data_location == proto::EXTERNAL || !tensor.external_data.is_empty() {
        return Err(format!(
            "{} keeps its data in another file, which is never opened; save the model with all weights inside",
            named()
        ));
    }
    if holds_nan(tensor) {
        return Err(nan(&named()));
    }
    Ok(())
}

/// The refusal of what `place` says.
fn nan(place: &str) -> String {
    format!("{place} holds a NaN, so that outputs would be NaN; the training that made it diverged")
}

/// How the numbers of an element type look: their bytes, and whether bits are a NaN.
type Look = (usize, fn(u64) -> bool);

/// The look of the element types that have NaN, by their codes in `TensorProto.DataType` of `onnx.proto`.
fn look(data_type: i32) -> Option<Look> {
    Some(match data_type {
        // FLOAT, COMPLEX64
        proto::FLOAT | 14 => (4, |bits| f32::from_bits(bits as u32).is_nan()),
        // DOUBLE, COMPLEX128
        11 | 15 => (8, |bits| f64::from_bits(bits).is_nan()),
        // FLOAT16, BFLOAT16: all bits of the exponent, and one of the fraction.
        10 => (2, |bits| bits & 0x7fff > 0x7c00),
        16 => (2, |bits| bits & 0x7fff > 0x7f80),
        // FLOAT8E4M3FN, FLOAT8E5M2: as above, but the first has no infinity.
        17 => (1, |bits| bits & 0x7f == 0x7f),
        19 => (1, |bits| bits & 0x7f > 0x7c),
        // FLOAT8E4M3FNUZ, FLOAT8E5M2FNUZ: what would be −0.
        18 | 20 => (1, |bits| bits & 0xff == 0x80),
        // FLOAT8E8M0
        24 => (1, |bits| bits & 0xff == 0xff),
        _ => return None,
    })
}

/// Whether a NaN is among the numbers, in whichever field the file has them.
fn holds_nan(tensor: &TensorProto) -> bool {
    let Some((bytes, is_nan)) = look(tensor.data_type) else { return false };
    let raw = tensor.raw_data.chunks_exact(bytes).map(|chunk| {
        let mut bits = [0; 8];
        bits[..bytes].copy_from_slice(chunk);
        u64::from_le_bytes(bits)
    });
    let mut all = raw.chain(tensor.int32_data.iter().map(|&i| u64::from(i.cast_unsigned())));
    all.any(is_nan)
        || tensor.float_data.iter().any(|v| v.is_nan())
        || tensor.double_data.iter().any(|v| v.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits beside the border of NaN, of every type that has one.
    #[test]
    fn nan_is_told_from_infinity_and_the_largest_number() {
        for (data_type, bits, expected) in [
            (proto::FLOAT, 0x7f80_0000, false),
            (proto::FLOAT, 0xff80_0001, true),
            (14, 0x7fc0_0000, true),
            (11, 0x7ff0_0000_0000_0000, false),
            (11, 0xfff0_0000_0000_0001, true),
            (15, 0x7ff8_0000_0000_0000, true),
            (10, 0x7c00, false),
            (10, 0xfc01, true),
            (16, 0xff80, false),
            (16, 0x7f81, true),
            (17, 0x7e, false),
            (17, 0xff, true),
            (18, 0x7f, false),
            (18, 0x80, true),
            (19, 0xfc, false),
            (19, 0x7d, true),
            (20, 0x7f, false),
            (20, 0x80, true),
            (24, 0xfe, false),
            (24, 0xff, true),
            // UINT8 and INT64 have none.
            (2, 0xff, false),
            (7, u64::MAX, false),
        ] {
            let bytes = look(data_type).map_or(8, |look| look.0);
            let mut raw_data = vec![0; bytes];
            raw_data.extend_from_slice(&u64::to_le_bytes(bits)[..bytes]);
            let tensor = TensorProto { data_type, raw_data: raw_data.into(), ..TensorProto::default() };
            assert_eq!(holds_nan(&tensor), expected, "type {data_type}, {bits:#x}");
        }
    }
}
