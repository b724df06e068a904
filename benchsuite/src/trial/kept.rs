//! Finished trials that are kept with the sources: one small file for each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{TrialResult, findings};
use crate::claims::Publication;
use crate::kept::Outcome;
use crate::{Error, files};

/// How many points of a course are kept.
const COURSE: usize = 20;

/// Where the trials of a publication's folder lie.
fn folder_of(results: &Path) -> PathBuf {
    results.join("trials")
}

/// All kept trials, in the order of their file names; none if the folder is not there.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for a file that is there and cannot be used.
pub fn load(results: &Path) -> Result<Vec<TrialResult>, Error> {
    let folder = folder_of(results);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = entries(&folder)?;
    paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
    paths.iter().map(|path| files::read_json(path, "restore it from the repository")).collect()
}

/// The finished trials below a folder: `*/result.json` as [`run`](super::run) leaves them, and the
/// results of a sweep, whose `outcome` is a trial's.
///
/// # Errors
/// [`Error::Io`], or [`Error::Damaged`] for a trial's result that cannot be read.
pub fn find(folder: &Path) -> Result<Vec<TrialResult>, Error> {
    let mut found = BTreeMap::new();
    let mut add = |result: TrialResult| found.insert(result.id.clone(), result);
    for entry in entries(folder)? {
        let result = entry.join("result.json");
        if result.is_file() {
            add(files::read_json(&result, "delete it and run the trial again")?);
        }
    }
    let results = folder.join("results");
    if results.is_dir() {
        for path in entries(&results)?.iter().filter(|p| p.extension().is_some_and(|e| e == "json")) {
            let record: Value = files::read_json(path, "delete it and resume the sweep")?;
            let Some(outcome) = record.get("outcome") else { continue };
            // Sweeps of other kinds have other outcomes.
            if let Ok(result) = serde_json::from_value(outcome.clone()) {
                add(result);
            }
        }
    }
    Ok(found.into_values().collect())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    const REMEDY: &str = "give the folder of a run or of a sweep";
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io(folder, REMEDY))? {
        paths.push(entry.map_err(Error::io(folder, REMEDY))?.path());
    }
    paths.sort();
    Ok(paths)
}

/// Takes the finished paper-scale trials below `folder` over into `results`, beside those kept
/// already, and writes `trials.csv` and `trials-results.json`, the verdicts over all of them.
///
/// # Errors
/// [`Error::BadOption`] if there is no such trial, and those of [`find`].
pub fn keep(folder: &Path, results: &Path) -> Result<Outcome, Error> {
    let mut taken = find(folder)?;
    taken.retain(|r| r.spec.is_full());
    if taken.is_empty() {
        return Err(Error::BadOption {
            option: "keep",
            value: folder.display().to_string(),
            why: "no finished trial with the publication's iterations and data lies there; finish the sweep"
                .into(),
        });
    }
    for result in &taken {
        let text = serde_json::to_string(&thinned(result)).map_err(|e| Error::Damaged {
            path: folder.to_owned(),
            why: e.to_string(),
            remedy: "a value is not finite; train the network again".into(),
        })?;
        files::write(&folder_of(results).join(format!("{}.json", result.id)), text + "\n")?;
    }
    let all = load(results)?;
    files::write(&results.join("trials.csv"), csv(&all))?;
    let verdicts = findings::judge(&Publication::werneck2024()?, &all);
    files::write_json(&results.join("trials-results.json"), &verdicts)?;
    Ok(Outcome { taken: taken.len(), total: all.len(), folder: results.to_owned() })
}

/// With fewer points of its courses.
fn thinned(result: &TrialResult) -> TrialResult {
    let mut result = result.clone();
    for course in &mut result.courses {
        // All are as long, unless a file was damaged.
        let lengths =
            [course.iteration.len(), course.loss.len(), course.mean_error.len(), course.max_error.len()];
        let n = lengths.into_iter().min().unwrap_or(0);
        let take = n.min(COURSE);
        let kept: Vec<usize> = (1..=take).map(|i| i * n / take - 1).collect();
        course.iteration = kept.iter().map(|k| course.iteration[*k]).collect();
        for list in [&mut course.loss, &mut course.mean_error, &mut course.max_error] {
            *list = kept.iter().map(|k| list[*k]).collect();
        }
    }
    result
}

/// One line a trial, for other programs.
fn csv(all: &[TrialResult]) -> String {
    let mut out = String::from(
        "experiment,problem,class,layers,batch,seed,t_end,windows,schedule,loss,times,domain,extra,parameters,neurons,iterations,iteration_us,\
         mean_error,max_error,mean_error_accurate,max_error_accurate,one_step_mean_error,reused_mean_error\n",
    );
    for r in all {
        let (s, e, a) = (&r.spec, r.scores.euler, r.scores.accurate);
        let optional =
            |scores: Option<super::Scores>| scores.map_or(String::new(), |s| s.euler.mean.to_string());
        out.push_str(&format!(
            "{},{},{},\"{}\",{},{},{},{},{:?},{:?},{:?},{:?},{},{},{},{},{:.2},{},{},{},{},{},{}\n",
            s.experiment,
            s.problem,
            s.class,
            s.layers,
            s.batch,
            s.seed,
            s.t_end(),
            s.windows(),
            s.schedule,
            s.loss,
            s.times,
            s.domain,
            s.extra.is_some(),
            r.parameters,
            r.neurons,
            r.iterations,
            r.iteration_us,
            e.mean,
            e.max,
            a.mean,
            a.max,
            optional(r.one_step),
            optional(r.reused),
        ));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept::{list, try_damage};

    #[test]
    fn damaged_trials_are_read_or_refused() {
        let publication = Publication::werneck2024().unwrap();
        let samples = list(&folder_of(&crate::kept::folder(&publication))).unwrap();
        try_damage(&samples[..2], "trial/result.json", |folder| {
            let all: Vec<TrialResult> = find(folder)?.iter().map(thinned).collect();
            csv(&all);
            findings::judge(&publication, &all);
            Ok(())
        });
    }
}
