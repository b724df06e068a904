//! Ten thousand damaged ONNX files: refused with the file's name, or a session that runs.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;
#[path = "common/damage.rs"]
mod damage;
#[path = "common/greed.rs"]
mod greed;

use common::operator::{Operator, Variant};
use common::{Act, Folder, Net};
use infer_trt::{InferError, Provider, SessionOptions, open};
use prost::Message;

/// Opens damaged versions of files, and runs what opens; returns how many did.
fn opened(samples: &[Vec<u8>]) -> usize {
    let folder = Folder::new();
    let path = folder.path().join("damaged.onnx");
    let options = SessionOptions::default().with_threads(1);
    let mut opened = 0;
    damage::every(samples, |bytes| {
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
    opened
}

#[test]
fn onnx_files() {
    let opened = opened(&[
        Net::random(1, 3, &[(Act::Silu, 6), (Act::Elu, 4)], 2).model().encode_to_vec(),
        Net::random(2, 1, &[(Act::Tanh, 3), (Act::Sin, 2), (Act::Relu, 5)], 1).model().encode_to_vec(),
        include_bytes!("data/larger.onnx").to_vec(),
    ]);
    // Weights may have any bits that are numbers: many damaged networks are networks.
    assert!(opened > 100, "{opened}");
}

#[test]
fn operators() {
    let operator = |variant, act, points, padding| {
        let small = Operator::small(variant, act);
        Operator { points, padding, width: 3, modes: 3, hidden: 4, ..small }.model().encode_to_vec()
    };
    let opened = opened(&[
        operator(Variant::Classic, Act::Gelu, 8, 0),
        operator(Variant::Mlp, Act::LeakyRelu, 7, 2),
        operator(Variant::Residual, Act::Silu, 9, 3),
    ]);
    assert!(opened > 100, "{opened}");
}
