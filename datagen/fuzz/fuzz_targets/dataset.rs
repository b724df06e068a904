//! The file of a data set: damaged as it is, or with its hashes made right again.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use datagen::{Dataset, Error};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../../tests/common/sealed.rs"]
mod sealed;

/// Files in memory where the system has such a folder: thousands are written each second.
static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
});

/// A good file, with a byte before it that says what is done with it.
static SAMPLE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let path = FOLDER.path().join("sample");
    common::small().generate().expect("a good recipe").save(&path).expect("it is written");
    [vec![1], std::fs::read(path).expect("it is there")].concat()
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, _seed: u32| {
    if size < 16 && SAMPLE.len() <= data.len() {
        data[..SAMPLE.len()].copy_from_slice(&SAMPLE);
        return SAMPLE.len();
    }
    fuzzer_mutate(data, size, max_size)
});

fn open(bytes: &[u8]) -> Result<Dataset, Error> {
    let path = FOLDER.path().join("data");
    std::fs::write(&path, bytes).expect("it is written");
    Dataset::open(&path)
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    let sealed = match kind % 2 {
        0 => Some(bytes.to_vec()),
        _ => sealed::parts(bytes).and_then(|(header, values)| sealed::seal(header, values)),
    };
    let Some(bytes) = sealed else { return };
    if let Ok(set) = open(&bytes) {
        let path = FOLDER.path().join("again");
        set.save(&path).expect("it is written");
        assert!(std::fs::read(path).expect("it is there") == bytes, "a file that opens is what is saved");
    }
});
