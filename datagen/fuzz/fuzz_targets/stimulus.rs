//! Stimuli: the text of the command line, both kinds of CSV files, and JSON.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use ionic_models::{Interpolation, PulseTrain, Stimulus};
use libfuzzer_sys::fuzz_target;

static FILE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let folder = folder.expect("a folder");
    let path = folder.path().join("stimulus.csv");
    (folder, path)
});

/// Evaluates it where values may change, and between.
fn look(stimulus: &Stimulus) {
    for t in [f64::NEG_INFINITY, -1e300, -1.0, 0.0, 1e-300, 0.5, 1.0, 1e3, 1e300, f64::INFINITY, f64::NAN] {
        let _ = (stimulus.value(t), stimulus.slope(t));
    }
    let _ = stimulus.is_piecewise_constant();
    let text = serde_json::to_string(stimulus).expect("numbers are finite");
    assert_eq!(serde_json::from_str::<Stimulus>(&text).expect("what is written is read"), *stimulus);
}

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    match kind % 4 {
        0 => {
            if let Ok(text) = std::str::from_utf8(bytes)
                && let Ok(train) = text.parse::<PulseTrain>()
            {
                look(&Stimulus::pulse_train(train).expect("it was checked"));
            }
        }
        1 => {
            if let Ok(stimulus) = serde_json::from_slice::<Stimulus>(bytes) {
                look(&stimulus);
            }
        }
        kind => {
            std::fs::write(&FILE.1, bytes).expect("it is written");
            let read = match kind {
                2 => Stimulus::read_pulses(&FILE.1),
                _ => Stimulus::read_sampled(&FILE.1, Interpolation::Linear),
            };
            if let Ok(stimulus) = read {
                look(&stimulus);
            }
        }
    }
});
