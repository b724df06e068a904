//! Who did the work of an ONNX Runtime session: what its own profile says.

use std::collections::BTreeSet;

use ort::session::Session;
use ort::value::TensorRef;

use crate::session::tensor_shape;
use crate::{InferError, Provider};

fn failed(e: impl core::fmt::Display) -> InferError {
    InferError::Runtime { action: "find out which provider runs", message: e.to_string() }
}

/// The providers of the nodes that ran, from a profile: a list of events.
fn of_profile(text: &str) -> Result<BTreeSet<String>, serde_json::Error> {
    let events: Vec<serde_json::Value> = serde_json::from_str(text)?;
    let nodes = events.iter().filter(|e| e["cat"] == "Node");
    Ok(nodes.filter_map(|e| e["args"]["provider"].as_str().map(str::to_owned)).collect())
}

/// Runs one row of zeros through a session that `build` opens with the profile that it is given, and
/// checks that `expected` did all the work.
///
/// # Errors
/// [`InferError::WrongProvider`] if another took part or nobody did, [`InferError::Runtime`].
pub(crate) fn verify(
    provider: &Provider,
    expected: &str,
    (input, row): (&str, &[usize]),
    build: impl FnOnce(&std::path::Path) -> Result<Session, InferError>,
) -> Result<(), InferError> {
    let folder = tempfile::tempdir().map_err(failed)?;
    let mut session = build(&folder.path().join("profile"))?;
    let zeros = vec![0.0_f32; row.iter().product()];
    let x = TensorRef::from_array_view((tensor_shape(1, row), &zeros[..])).map_err(failed)?;
    session.run(ort::inputs![input => x]).map_err(failed)?;
    let profile = session.end_profiling().map_err(failed)?;
    judge(provider, expected, &std::fs::read_to_string(profile).map_err(failed)?)
}

/// Checks that `expected` did all the work that a profile tells of.
///
/// # Errors
/// As [`verify`].
fn judge(provider: &Provider, expected: &str, profile: &str) -> Result<(), InferError> {
    let ran = of_profile(profile).map_err(failed)?;
    if ran.len() == 1 && ran.contains(expected) {
        return Ok(());
    }
    let ran =
        if ran.is_empty() { "nobody".to_owned() } else { ran.into_iter().collect::<Vec<_>>().join(", ") };
    Err(InferError::WrongProvider { provider: provider.clone(), ran })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::damage;

    const CUDA: &str = "CUDAExecutionProvider";

    #[test]
    fn a_profile_names_the_providers_of_nodes_alone() {
        let text = r#"[{"cat":"Session","args":{"provider":"x"}},
            {"cat":"Node","name":"a_fence_before","args":{"op_name":"MatMul"}},
            {"cat":"Node","name":"a","args":{"provider":"CPUExecutionProvider"}},
            {"cat":"Node","name":"b","args":{"provider":"CUDAExecutionProvider"}}]"#;
        let ran: Vec<String> = of_profile(text).unwrap().into_iter().collect();
        assert_eq!(ran, ["CPUExecutionProvider", "CUDAExecutionProvider"]);
        assert!(of_profile("no list").is_err());
    }

    #[test]
    fn ten_thousand_damaged_profiles_are_judged_or_refused() {
        let event = |node: &str, provider: &str| {
            format!(
                r#"{{"cat" : "Node","pid" :1,"tid" :2,"dur" :35,"ts" :1201,"ph" : "X","name" :"{node}_kernel_time","args" : {{"op_name" : "MatMul","provider" : "{provider}","node_index" : "3"}}}}"#
            )
        };
        let start = r#"{"cat" : "Session","pid" :1,"tid" :2,"dur" :81,"ts" :9,"ph" : "X","name" :"model_run","args" : {}}"#;
        let profile = |others: &str| {
            let events = [start.to_owned(), event("a", CUDA), event("b", others)].join(",\n");
            format!("[\n{events}\n]\n")
        };
        let (alone, helped) = (profile(CUDA), profile("CPUExecutionProvider"));
        judge(&Provider::OrtCuda, CUDA, &alone).unwrap();
        let error = judge(&Provider::OrtCuda, CUDA, &helped).unwrap_err().to_string();
        assert!(error.contains("CPUExecutionProvider, CUDAExecutionProvider ran"), "{error}");

        let (mut good, mut wrong, mut unread) = (0, 0, 0);
        damage::every(&[alone.into(), helped.into()], |bytes| {
            let text = damage::text(bytes);
            match judge(&Provider::OrtCuda, CUDA, &text) {
                Ok(()) => {
                    assert!(text.contains(CUDA));
                    good += 1;
                }
                Err(InferError::WrongProvider { ran, .. }) => {
                    assert_ne!(ran, CUDA);
                    wrong += 1;
                }
                Err(InferError::Runtime { message, .. }) => {
                    assert!(!message.is_empty());
                    unread += 1;
                }
                Err(e) => panic!("{e:?}"),
            }
        });
        assert!(good > 100 && wrong > 100 && unread > 1000, "{good} {wrong} {unread}");
    }
}
