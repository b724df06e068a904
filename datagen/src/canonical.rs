//! One spelling for each value, so that equal descriptions have equal hashes.

use std::fmt::Write;

use serde::Serialize;
use serde_json::Value;

/// `value` as JSON with sorted keys and no white space.
///
/// Sorting is done here rather than trusted to `serde_json`'s map, whose order depends on a
/// feature that any crate of a build may switch on.
pub(crate) fn json<T: Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).expect("invariant: our types have string keys only");
    let mut out = String::new();
    write(&value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_unstable_by_key(|&(key, _)| key);
            out.push('{');
            for (i, (key, value)) in entries.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                string(key, out);
                out.push(':');
                write(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::String(s) => string(s, out),
        other => write!(out, "{other}").expect("invariant: a String takes everything"),
    }
}

/// `s` as a JSON string.
pub(crate) fn string(s: &str, out: &mut String) {
    out.push_str(&Value::from(s).to_string());
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut out, byte| {
        write!(out, "{byte:02x}").expect("invariant: a String takes everything");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth_and_numbers_keep_their_bits() {
        let value: Value = serde_json::from_str(r#"{"b":{"z":0.1,"a":[1,1.0,-0.0]},"a":"\"x\n"}"#).unwrap();
        assert_eq!(json(&value), r#"{"a":"\"x\n","b":{"a":[1,1.0,-0.0],"z":0.1}}"#);
    }

    #[test]
    fn hexadecimal() {
        assert_eq!(hex(&[0, 0x0f, 0xff]), "000fff");
    }
}
