//! Results that exist already: a new sweep need not run its trials again.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::folder::{Folder, names};
use super::record::Record;
use crate::{Error, files};

/// What ended elsewhere, by what it was.
type Known = HashMap<String, Record>;

/// Takes the results of equal trials over from other folders: sweeps, or folders of kept results. Returns how
/// many trials of this sweep they end.
///
/// Only trials without a result take one. What is taken keeps the time and the code that it was made with;
/// networks are not copied, so what a report draws with them is left out.
///
/// # Errors
/// [`Error::BadOption`] for a folder that holds no results, [`Error::Damaged`] for a result that cannot be
/// read, [`Error::Io`].
pub fn adopt(folder: &Folder, from: &[impl AsRef<Path>]) -> Result<usize, Error> {
    let mut known = Known::new();
    for from in from {
        let before = known.len();
        read(from.as_ref(), &mut known)?;
        if known.len() == before {
            return Err(Error::BadOption {
                option: "--known",
                value: from.as_ref().display().to_string(),
                why: "no result lies there; give the folder of a sweep, or one of kept results".into(),
            });
        }
    }
    let mut taken = 0;
    for trial in &folder.plan.trials {
        let Some(record) = known.get(&trial.spec.to_string()) else { continue };
        let record = Record { trial: trial.id.clone(), ..record.clone() };
        taken += usize::from(files::write_new_json(&folder.result(&trial.id), &record)?);
    }
    Ok(taken)
}

/// `results/*.json` of a sweep, and `trials/*.json` of kept results.
fn read(from: &Path, known: &mut Known) -> Result<(), Error> {
    const REMEDY: &str = "restore it, or leave its folder out of --known";
    let json = |part: &str| -> Result<Vec<_>, Error> {
        let part = from.join(part);
        let names = if part.is_dir() { names(&part)? } else { Vec::new() };
        Ok(names.into_iter().filter(|n| n.ends_with(".json")).map(|n| part.join(n)).collect())
    };
    for path in json("results")? {
        let record: Record = files::read_json(&path, REMEDY)?;
        known.insert(record.spec.to_string(), record);
    }
    for path in json("trials")? {
        let outcome: Value = files::read_json(&path, REMEDY)?;
        let (Some(spec), Some(finished)) = (outcome.get("spec"), outcome.get("finished")) else {
            let why = "it says neither what was trained nor when".into();
            return Err(Error::Damaged { path, why, remedy: REMEDY.into() });
        };
        let record = Record {
            trial: String::new(),
            spec: spec.clone(),
            finished: finished.as_str().unwrap_or_default().to_owned(),
            outcome: outcome.clone(),
            seconds: 0.0,
            generation: 0,
            worker: "known".into(),
        };
        known.insert(record.spec.to_string(), record);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{begin, trial_ids};
    use super::super::worker::{self, Options};
    use super::*;
    use crate::interrupt::Stop;
    use crate::progress::Progress;

    fn work(folder: &Folder) -> usize {
        let options = Options { jobs: 1, stay: true, retry: false };
        worker::run(folder, options, Stop::new(), &Progress::new("test"), "go on").unwrap().here
    }

    #[test]
    fn equal_trials_of_another_sweep_are_not_run_again() {
        let roots = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let small = begin(roots[0].path(), 3);
        work(&small);
        let large = begin(roots[1].path(), 5);
        assert_eq!(adopt(&large, &[small.path()]).unwrap(), 3);
        assert_eq!(adopt(&large, &[small.path()]).unwrap(), 0);
        assert_eq!(work(&large), 2);
        let (a, b) = (small.results().unwrap(), large.results().unwrap());
        for (from, to) in trial_ids(&small).iter().zip(trial_ids(&large)) {
            assert_eq!((&a[from].outcome, &a[from].finished), (&b[&to].outcome, &b[&to].finished));
        }
    }

    #[test]
    fn folders_without_results_and_damaged_ones_are_refused() {
        let root = tempfile::tempdir().unwrap();
        let sweep = begin(root.path(), 1);
        let empty = root.path().join("empty");
        let error = adopt(&sweep, &[&empty]).unwrap_err();
        assert!(matches!(error, Error::BadOption { option: "--known", .. }), "{error}");
        std::fs::create_dir_all(empty.join("trials")).unwrap();
        for text in ["{", "{}", "[1]", "{\"spec\": {}}"] {
            std::fs::write(empty.join("trials/a.json"), text).unwrap();
            assert!(matches!(adopt(&sweep, &[&empty]), Err(Error::Damaged { .. })), "{text}");
        }
        assert!(sweep.results().unwrap().is_empty());
    }
}
