//! Ten thousand damaged ONNX files: refused with the file's name, or a session that runs.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;
#[path = "common/damage.rs"]
mod damage;
#[path = "common/greed.rs"]
mod greed;

use common::{Act, Folder, Net};
use infer_trt::{InferError, Provider, SessionOptions, open};
use prost::Message;

#[test]
fn onnx_files() {
    let folder = Folder::new();
    let path = folder.path().join("damaged.onnx");
    let samples = vec![
        Net::random(1, 3, &[(Act::Silu, 6), (Act::Elu, 4)], 2).model().encode_to_vec(),
        Net::random(2, 1, &[(Act::Tanh, 3), (Act::Sin, 2), (Act::Relu, 5)], 1).model().encode_to_vec(),
        include_bytes!("data/larger.onnx").to_vec(),
    ];
    let options = SessionOptions::default().with_threads(1);
    let mut opened = 0;
    damage::every(&samples, |bytes| {
        damage::replace(&path, bytes);
        match open(&path, &Provider::Native, &options) {
            Ok(mut session) => {
                opened += 1;
                let mut y = vec![0.0; 2 * session.n_outputs()];
                session.run(&vec![0.5; 2 * session.n_inputs()], &mut y).unwrap();
            }
            Err(InferError::Malformed { path: named, .. } | InferError::Refused { path: named, .. }) => {
                assert_eq!(named, path);
            }
            Err(InferError::Unsupported { .. }) => {}
            Err(e) => panic!("{e:?}"),
        }
    });
    // Weights may have any bits that are numbers: many damaged networks are networks.
    assert!(opened > 100, "{opened}");
}
