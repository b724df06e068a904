//! Ten thousand damaged files of each kind: refused by an error of this crate, or equal to a good one.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[allow(dead_code, reason = "this binary trains a little only")]
mod common;
#[path = "common/damage.rs"]
mod damage;
#[path = "common/greed.rs"]
mod greed;
#[path = "common/samples.rs"]
mod samples;
#[path = "common/trainings.rs"]
mod trainings;

use damage::every;
use samples::{KINDS, Kind};
use surrogates::{Activation, Error, MlpSpec};

/// Tries a file: what is refused is refused by the reader's own errors.
fn try_out(kind: Kind, path: &std::path::Path, bytes: &[u8]) -> bool {
    damage::replace(path, bytes);
    match kind.read(path) {
        Ok(()) => true,
        Err(Error::BadCheckpoint { path: named, reason }) => {
            assert!(named == path && !reason.is_empty());
            false
        }
        Err(e) => panic!("{kind:?}: {e:?}"),
    }
}

#[test]
fn checkpoints_of_every_kind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file.safetensors");
    let good: Vec<Vec<u8>> = KINDS
        .iter()
        .map(|kind| {
            kind.write(&path);
            kind.read(&path).unwrap();
            std::fs::read(&path).unwrap()
        })
        .collect();
    for (kind, bytes) in KINDS.into_iter().zip(&good) {
        // The test seals as the crate does: the order of keys in the metadata is the one freedom.
        if let Some(sealed) = kind.sealed(bytes) {
            assert!(try_out(kind, &path, &sealed), "{kind:?}");
        }
        let mut sealed_again = 0;
        every(std::slice::from_ref(bytes), |damaged| {
            let opened = try_out(kind, &path, damaged);
            let may_open = kind == Kind::StateDict || damaged == bytes || same(damaged, bytes);
            assert!(!opened || may_open, "a damaged {kind:?} was opened");
            if let Some(forged) = kind.sealed(damaged) {
                sealed_again += 1;
                try_out(kind, &path, &forged);
            }
        });
        assert!(kind == Kind::StateDict || sealed_again > 1000, "{kind:?}: {sealed_again}");
    }
}

/// Whether two files differ in the spelling of their headers alone: white space, escapes, order.
fn same(a: &[u8], b: &[u8]) -> bool {
    let parts = |bytes: &[u8]| -> Option<(serde_json::Value, Vec<u8>)> {
        let (length, rest) = bytes.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok().filter(|n| *n <= rest.len())?;
        let (header, data) = rest.split_at(length);
        Some((serde_json::from_slice(header).ok()?, data.to_vec()))
    };
    parts(a).is_some() && parts(a) == parts(b)
}

#[test]
fn texts_of_networks() {
    let samples = [b"SiLU32,Tanh8".to_vec(), b"(SILU-32, TANH-8, GELU64)".to_vec(), b"LeakyReLU 7".to_vec()];
    let mut read = 0;
    every(&samples, |bytes| {
        let text = damage::text(bytes);
        if let Ok(spec) = MlpSpec::parse(1, &text, 2) {
            read += 1;
            assert_eq!(MlpSpec::parse(1, &spec.to_string(), 2).unwrap(), spec);
            assert!(spec.parameters() > 0);
        }
        let _ = text.parse::<Activation>();
    });
    assert!(read > 500, "{read}");
}
