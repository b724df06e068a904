//! Trials that only pass the time: to try a cluster, a queue or a folder before the real work.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::finished::Finished;
use super::kind::{Kind, Work};
use crate::report::Block;
use crate::{Error, files};

/// Iterates the logistic map `x → 3.9 x (1 − x)`, whose every bit depends on all steps before: a
/// step lost or done twice shows in the result. State is saved every ten steps. `starts.log` in a trial's
/// folder has a line for each start, `overlaps.log` one for each that found another process at work.
pub struct Rehearsal;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    seed: u64,
    /// Steps of the map.
    steps: u64,
    /// What a step takes, in milliseconds.
    #[serde(default)]
    step_ms: u64,
    /// Fails at the end.
    #[serde(default)]
    fail: bool,
    /// Ends the thread at the end, as a defect would.
    #[serde(default)]
    panic: bool,
    /// Is carried along, as architectures are in real plans.
    #[serde(default)]
    layers: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct State {
    step: u64,
    x: f64,
}

const STATE: &str = "state.json";

impl Rehearsal {
    fn spec(spec: &Value) -> Result<Spec, String> {
        serde_json::from_value(spec.clone()).map_err(|e| {
            format!("{e}; a rehearsal has `seed`, `steps` and may have `step_ms`, `fail`, `panic`, `layers`")
        })
    }
}

impl Kind for Rehearsal {
    fn name(&self) -> &'static str {
        "rehearsal"
    }

    fn check(&self, spec: &Value) -> Result<Value, String> {
        serde_json::to_value(Self::spec(spec)?).map_err(|e| e.to_string())
    }

    fn label(&self, spec: &Value) -> String {
        let layers = spec["layers"].as_str().filter(|l| !l.is_empty());
        format!("seed {}{}", spec["seed"], layers.map_or(String::new(), |l| format!(", {l}")))
    }

    fn cost(&self, spec: &Value) -> f64 {
        let number = |name: &str| spec[name].as_f64().unwrap_or(0.0);
        number("steps") * number("step_ms").max(1e-3)
    }

    fn run(&self, spec: &Value, work: &Work<'_>) -> Result<Value, Error> {
        let failed = |why: String| Error::Trial { trial: self.label(spec), why };
        let spec = Self::spec(spec).map_err(failed)?;
        let _lock = only_one(work)?;
        let path = work.folder.join(STATE);
        let mut state = if path.exists() {
            files::read_json(&path, "delete it to begin the trial anew")?
        } else {
            State { step: 0, x: (spec.seed as f64 * 0.618_033_988_749_894_9).fract() * 0.8 + 0.1 }
        };
        while state.step < spec.steps {
            state = State { step: state.step + 1, x: 3.9 * state.x * (1.0 - state.x) };
            std::thread::sleep(Duration::from_millis(spec.step_ms));
            work.beat(state.step as f64 / spec.steps as f64);
            let stop = work.stop.requested();
            if stop || state.step.is_multiple_of(10) {
                files::write_json(&path, &state)?;
            }
            if stop {
                return Err(Error::Interrupted { resume: String::new() });
            }
        }
        assert!(!spec.panic, "a rehearsal was asked to end its thread");
        if spec.fail {
            return Err(failed("it was asked to fail; leave out `fail` in the plan".into()));
        }
        Ok(json!({ "x": state.x, "steps": state.step }))
    }

    fn columns(&self, spec: &Value, outcome: &Value) -> Vec<(String, Value)> {
        let of = |value: &Value, name: &str| (name.to_owned(), value[name].clone());
        vec![of(spec, "layers"), of(spec, "seed"), of(outcome, "steps"), of(outcome, "x")]
    }

    fn report(&self, _: &Finished<'_>) -> Result<Vec<Block>, Error> {
        Ok(vec![Block::Paragraph(
            "A rehearsal: its numbers mean nothing, apart from being the same however often and wherever its \
             trials were stopped."
                .into(),
        )])
    }
}

/// Writes down a start, and waits until no other process of this machine works in the folder. That it
/// had to wait is written down too: two workers had one trial.
fn only_one(work: &Work<'_>) -> Result<File, Error> {
    const REMEDY: &str = "check that the folder is writable";
    let open = |path: &Path| {
        OpenOptions::new().create(true).append(true).open(path).map_err(Error::io(path, REMEDY))
    };
    let note = |name: &str| {
        let path = work.folder.join(name);
        writeln!(open(&path)?, "{}", std::process::id()).map_err(Error::io(&path, REMEDY))
    };
    note("starts.log")?;
    let path = work.folder.join("rehearsal.lock");
    let lock = open(&path)?;
    let mut waited = false;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(std::fs::TryLockError::Error(e)) => return Err(Error::io(&path, REMEDY)(e)),
            Err(std::fs::TryLockError::WouldBlock) if work.stop.requested() => {
                return Err(Error::Interrupted { resume: String::new() });
            }
            Err(std::fs::TryLockError::WouldBlock) => {
                if !waited {
                    note("overlaps.log")?;
                    waited = true;
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;
    use crate::interrupt::Stop;

    #[test]
    fn a_stopped_rehearsal_goes_on_to_the_same_bits() {
        let folder = tempfile::tempdir().unwrap();
        let (whole, parts) = (folder.path().join("whole"), folder.path().join("parts"));
        std::fs::create_dir_all(&whole).unwrap();
        std::fs::create_dir_all(&parts).unwrap();
        let spec = Rehearsal.check(&json!({ "seed": 3, "steps": 25 })).unwrap();
        let progress = AtomicU64::new(0);
        let uncut = Rehearsal.run(&spec, &Work::new(&whole, &whole, Stop::new(), &progress)).unwrap();
        let stop = Stop::new();
        stop.request();
        for _ in 0..3 {
            let stopped = Rehearsal.run(&spec, &Work::new(&parts, &parts, stop, &progress));
            assert!(matches!(stopped, Err(Error::Interrupted { .. })));
        }
        let cut = Rehearsal.run(&spec, &Work::new(&parts, &parts, Stop::new(), &progress)).unwrap();
        assert_eq!(uncut, cut);
        assert_eq!(std::fs::read_to_string(parts.join("starts.log")).unwrap().lines().count(), 4);
    }
}
