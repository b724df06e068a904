//! An ONNX file in the native engine; a session that opens must run.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use infer_trt::{Provider, SessionOptions, open};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use prost::Message;

#[path = "../../tests/common/mod.rs"]
mod common;
use common::operator::{Operator, VARIANTS};
use common::{Act, Net};

/// What inputs grow from: a network, and an operator of each variant.
static SAMPLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let network = Net::random(1, 3, &[(Act::Silu, 4), (Act::Elu, 3)], 2).model();
    let operators = VARIANTS.map(|v| Operator::small(v, Act::Gelu).model());
    std::iter::once(network).chain(operators).map(|model| model.encode_to_vec()).collect()
});

static FILE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let folder = folder.expect("a folder");
    let path = folder.path().join("model.onnx");
    (folder, path)
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let sample = &SAMPLES[seed as usize % SAMPLES.len()];
    if size < 16 && sample.len() <= data.len() {
        data[..sample.len()].copy_from_slice(sample);
        return sample.len();
    }
    fuzzer_mutate(data, size, max_size)
});

fuzz_target!(|data: &[u8]| {
    std::fs::write(&FILE.1, data).expect("it is written");
    let options = SessionOptions::default().with_threads(1);
    if let Ok(mut session) = open(&FILE.1, &Provider::Native, &options) {
        let mut y = vec![0.0; 2 * session.n_outputs()];
        session.run(&vec![0.5; 2 * session.n_inputs()], &mut y).expect("a session that opens runs");
    }
});
