//! Files of data sets with all hashes made right again: what only a faulty program would write.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A file's header and values, if it has them.
pub(crate) fn parts(bytes: &[u8]) -> Option<(Value, &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok().filter(|n| *n <= rest.len())?;
    let (header, data) = rest.split_at(length);
    Some((serde_json::from_slice(header).ok()?, data))
}

/// The file of a header and values, with the hashes that they have now.
pub(crate) fn seal(mut header: Value, data: &[u8]) -> Option<Vec<u8>> {
    let shape: Vec<u64> =
        header.get("values")?.get("shape")?.as_array()?.iter().map(Value::as_u64).collect::<Option<_>>()?;
    let meta = header.get_mut("__metadata__")?.as_object_mut()?;
    let recipe = meta.get("recipe")?.as_str()?.to_owned();
    meta.insert("recipe_sha256".to_owned(), hex(&Sha256::digest(recipe)).into());
    meta.remove("content_sha256");
    let mut hash = Sha256::new();
    // serde_json's map is sorted here (no `preserve_order` in this crate's tests).
    hash.update(serde_json::to_string(&meta).ok()?);
    shape.iter().for_each(|n| hash.update(n.to_le_bytes()));
    hash.update(data);
    meta.insert("content_sha256".to_owned(), hex(&hash.finalize()).into());
    let mut text = header.to_string();
    text.push_str(&" ".repeat(text.len().next_multiple_of(8) - text.len()));
    Some([&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), data].concat())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
