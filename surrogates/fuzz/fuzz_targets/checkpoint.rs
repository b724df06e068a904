//! Checkpoints, operators and PyTorch's weights: damaged as they are, or with their hashes made right again.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use surrogates::Error;

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../../tests/common/samples.rs"]
mod samples;
#[path = "../../tests/common/trainings.rs"]
mod trainings;
use samples::KINDS;

static FILE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let folder = folder.expect("a folder");
    let path = folder.path().join("file.safetensors");
    (folder, path)
});

/// A good file of each kind, with a byte before it that says which it is and what is done with it.
static SAMPLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let sample = |(i, kind): (usize, &samples::Kind)| {
        kind.write(&FILE.1);
        let file = std::fs::read(&FILE.1).expect("it was written");
        [vec![2 * i as u8 + 1], file].concat()
    };
    KINDS.iter().enumerate().map(sample).collect()
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    // A new beginning now and then: every kind is to have its turn.
    if size < 16 || seed % 1000 == 0 {
        let sample = &SAMPLES[seed as usize / 1000 % SAMPLES.len()];
        if sample.len() <= data.len() {
            data[..sample.len()].copy_from_slice(sample);
            return sample.len();
        }
    }
    fuzzer_mutate(data, size, max_size)
});

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let kind = KINDS[*which as usize / 2 % KINDS.len()];
    let sealed = if which % 2 == 0 { Some(bytes.to_vec()) } else { kind.sealed(bytes) };
    let Some(bytes) = sealed else { return };
    std::fs::write(&FILE.1, &bytes).expect("it is written");
    match kind.read(&FILE.1) {
        Ok(()) | Err(Error::BadCheckpoint { .. }) => {}
        Err(e) => panic!("{kind:?}: {e:?}"),
    }
});
