//! Counting the entries of a file before it is decoded.
//!
//! An empty message takes two bytes in a file and hundreds in memory, so a limit on the size of the
//! file alone does not limit the memory that decoding takes.

/// Most entries (nodes, names, attributes, constants, …) in a file. Networks have some hundreds.
const MAX_ENTRIES: usize = 1 << 18;

/// A message that holds other messages, as far as [`super::proto`] decodes them.
#[derive(Clone, Copy)]
enum Kind {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    Sparse,
    Value,
    Type,
    TensorType,
    Shape,
    Function,
    Leaf,
}

/// What field `number` of a message holds.
fn held(kind: Kind, number: u64) -> Kind {
    match (kind, number) {
        (Kind::Model, 7) | (Kind::Attribute, 6 | 11) => Kind::Graph,
        (Kind::Model, 25) => Kind::Function,
        (Kind::Graph, 1) | (Kind::Function, 7) => Kind::Node,
        (Kind::Graph, 5) | (Kind::Attribute, 5 | 10) | (Kind::Sparse, 1 | 2) => Kind::Tensor,
        (Kind::Graph, 11 | 12) => Kind::Value,
        (Kind::Graph, 15) | (Kind::Attribute, 22 | 23) => Kind::Sparse,
        (Kind::Node, 5) => Kind::Attribute,
        (Kind::Value, 2) => Kind::Type,
        (Kind::Type, 1) => Kind::TensorType,
        (Kind::TensorType, 2) => Kind::Shape,
        _ => Kind::Leaf,
    }
}

/// Checks that a file has no more entries than any network needs.
///
/// Bytes that are no protocol-buffer message end the count: the decoder reports them better.
///
/// # Errors
/// The limit, if it is exceeded.
pub(crate) fn check(bytes: &[u8]) -> Result<(), String> {
    // Messages still to be looked into.
    let mut open = vec![(Kind::Model, bytes)];
    let mut entries = 0_usize;
    while let Some((kind, mut rest)) = open.pop() {
        while let Some((number, content)) = field(&mut rest) {
            // Whole numbers of an attribute take up to eight times their bytes in memory: each counts, alone or
            // side by side.
            let numbers = matches!((kind, number), (Kind::Attribute, 8));
            entries += match content {
                Some(content) if numbers => content.len(),
                None if !numbers => 0,
                _ => 1,
            };
            if entries > MAX_ENTRIES {
                return Err(format!("it has more than {MAX_ENTRIES} nodes, names, attributes and constants"));
            }
            let Some(content) = content else { continue };
            let held = held(kind, number);
            if !matches!(held, Kind::Leaf) {
                open.push((held, content));
            }
        }
    }
    Ok(())
}

/// Takes the next field: its number, and its content if that has a length. `None` at the end.
fn field<'a>(rest: &mut &'a [u8]) -> Option<(u64, Option<&'a [u8]>)> {
    let key = varint(rest)?;
    let content = match key & 7 {
        0 => {
            varint(rest)?;
            None
        }
        1 => {
            rest.split_off(..8)?;
            None
        }
        2 => {
            let length = usize::try_from(varint(rest)?).ok()?;
            Some(rest.split_off(..length)?)
        }
        5 => {
            rest.split_off(..4)?;
            None
        }
        _ => return None,
    };
    Some((key >> 3, content))
}

/// Takes a number of seven bits a byte, lowest first.
fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for k in 0..10 {
        let byte = *rest.split_off_first()?;
        value |= u64::from(byte & 0x7f) << (7 * k);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::super::proto::{AttributeProto, GraphProto, ModelProto, NodeProto};
    use super::*;

    #[test]
    fn empty_nodes_in_great_number_are_refused() {
        let model = |n| ModelProto {
            graph: Some(GraphProto { node: vec![NodeProto::default(); n], ..GraphProto::default() }),
            ..ModelProto::default()
        };
        assert!(check(&model(1000).encode_to_vec()).is_ok());
        assert!(check(&model(MAX_ENTRIES).encode_to_vec()).is_err());
    }

    #[test]
    fn whole_numbers_of_attributes_are_counted() {
        let model = |n| {
            let attribute = AttributeProto { ints: vec![1; n], ..AttributeProto::default() };
            let node = NodeProto { attribute: vec![attribute], ..NodeProto::default() };
            let graph = GraphProto { node: vec![node], ..GraphProto::default() };
            ModelProto { graph: Some(graph), ..ModelProto::default() }
        };
        assert!(check(&model(1000).encode_to_vec()).is_ok());
        assert!(check(&model(MAX_ENTRIES).encode_to_vec()).is_err());
    }

    #[test]
    fn lengths_beyond_the_end_stop_the_count() {
        for bytes in [&[0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..], &[0x3a, 5], &[0x80]]
        {
            assert!(check(bytes).is_ok());
        }
    }
}
