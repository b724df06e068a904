//! Finished trials that are kept with the sources: one small file for each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{TrialResult, findings, model_name};
use crate::claims::Publication;
use crate::grid;
use crate::kept::{Outcome, list, read_all, write};
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
    read_all(&folder_of(results))
}

/// The finished trials below a folder: `*/result.json` as [`run`](super::run) leaves them, and the
/// results of a sweep, whose `outcome` is a trial's.
///
/// # Errors
/// [`Error::Io`], or [`Error::Damaged`] for a trial's result that cannot be read.
pub fn find(folder: &Path) -> Result<Vec<TrialResult>, Error> {
    Ok(found(folder)?.into_iter().map(|(result, _)| result).collect())
}

/// The same, each with the folder that holds its exported files, if it still does.
fn found(folder: &Path) -> Result<Vec<(TrialResult, PathBuf)>, Error> {
    let mut found = BTreeMap::new();
    let mut add = |result: TrialResult, at: PathBuf| found.insert(result.id.clone(), (result, at));
    for entry in entries(folder)? {
        let result = entry.join("result.json");
        if result.is_file() {
            add(files::read_json(&result, "delete it and run the trial again")?, entry);
        }
    }
    for path in list(&folder.join("results"))? {
        let record: Value = files::read_json(&path, "delete it and resume the sweep")?;
        let Some(outcome) = record.get("outcome") else { continue };
        // Sweeps of other kinds have other outcomes.
        if let Ok(result) = serde_json::from_value(outcome.clone()) {
            add(result, folder.join("trials").join(path.file_stem().unwrap_or_default()));
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
/// already, and writes `trials.csv` and `trials-results.json`, the verdicts over all of them. Of the best
/// networks, which reports draw, the exported files are kept as well.
///
/// # Errors
/// [`Error::BadOption`] if there is no such trial, and those of [`find`].
pub fn keep(folder: &Path, results: &Path) -> Result<Outcome, Error> {
    let mut taken = found(folder)?;
    taken.retain(|(r, _)| r.spec.is_full());
    if taken.is_empty() {
        return Err(Error::BadOption {
            option: "keep",
            value: folder.display().to_string(),
            why: "no finished trial with the publication's iterations and data lies there; finish the sweep"
                .into(),
        });
    }
    for (result, _) in &taken {
        write(&folder_of(results).join(format!("{}.json", result.id)), &thinned(result))?;
    }
    let all = load(results)?;
    let from: BTreeMap<&str, &Path> =
        taken.iter().map(|(r, folder)| (r.id.as_str(), folder.as_path())).collect();
    keep_networks(&grid::select::drawn(&all), &from, results)?;
    let total = judge_again(results)?;
    Ok(Outcome { taken: taken.len(), total, folder: results.to_owned() })
}

/// Writes `trials.csv` and `trials-results.json` anew, from the kept trials and the claims as they are now. Returns
/// how many trials are kept.
///
/// # Errors
/// Those of [`load`], and [`Error::Io`].
pub fn judge_again(results: &Path) -> Result<usize, Error> {
    let all = load(results)?;
    files::write(&results.join("trials.csv"), csv(&all))?;
    let verdicts = findings::judge(&Publication::werneck2024()?, &all);
    files::write_json(&results.join("trials-results.json"), &verdicts)?;
    Ok(all.len())
}

/// Keeps the exported files of those networks that reports draw, where they are at hand and are those that were
/// judged; files of networks that others have outdone are removed.
fn keep_networks(drawn: &[&TrialResult], from: &BTreeMap<&str, &Path>, results: &Path) -> Result<(), Error> {
    for result in drawn {
        let Some(folder) = from.get(result.id.as_str()) else { continue };
        for (k, hash) in result.onnx_sha256.iter().enumerate() {
            let name = model_name(&result.spec, k);
            // A result that was known beforehand came without its network.
            let Ok(bytes) = std::fs::read(folder.join(&name)) else { continue };
            if files::sha256(&bytes) == *hash {
                files::write(&grid::kept::exported(results, &result.id).join(name), bytes)?;
            }
        }
    }
    let kept = grid::kept::exported(results, "");
    let outdone = if kept.is_dir() { entries(&kept)? } else { Vec::new() };
    for folder in outdone {
        let is_drawn = |r: &&TrialResult| folder.ends_with(&r.id);
        if !drawn.iter().any(is_drawn) {
            std::fs::remove_dir_all(&folder).map_err(Error::io(&folder, "remove it"))?;
        }
    }
    Ok(())
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
    use crate::grid::select::tests::made;
    use crate::kept::{hold, try_damage};
    use crate::trial::Class;

    /// The kept trials can be read, are of the publication's size, and their verdicts and table are what the claims
    /// and the trials say now.
    #[test]
    fn the_kept_trials_are_whole() {
        let publication = Publication::werneck2024().unwrap();
        let folder = crate::kept::folder(&publication);
        let all = load(&folder).unwrap();
        assert!(all.iter().all(|r| r.spec.is_full() && r.spec.id() == r.id));
        hold(&folder.join("trials-results.json"), &findings::judge(&publication, &all));
        assert_eq!(std::fs::read_to_string(folder.join("trials.csv")).unwrap(), csv(&all));
    }

    /// The best network's file is kept until another outdoes it; a file that is not the judged one never is.
    #[test]
    fn the_best_networks_keep_their_files() {
        let root = tempfile::tempdir().unwrap();
        let results = root.path().join("kept");
        let leave = |sweep: &str, layers: &str, error: f64, file: &str| {
            let mut trial = made("W-BS2", Class::Ddnn, layers, 128, error);
            trial.onnx_sha256 = vec![files::sha256(layers.as_bytes())];
            let folder = root.path().join(sweep).join(&trial.id);
            files::write_json(&folder.join("result.json"), &trial).unwrap();
            files::write(&folder.join("model.onnx"), file).unwrap();
            trial.id
        };
        let keep = |sweep: &str| super::keep(&root.path().join(sweep), &results).unwrap();
        let model = |id: &str| grid::kept::exported(&results, id).join("model.onnx");
        let first = leave("one", "SiLU8,SiLU8", 2e-3, "SiLU8,SiLU8");
        let worse = leave("one", "SiLU8,ELU8", 3e-3, "SiLU8,ELU8");
        assert_eq!(keep("one").total, 2);
        assert_eq!(std::fs::read_to_string(model(&first)).unwrap(), "SiLU8,SiLU8");
        assert!(!model(&worse).exists());
        let best = leave("two", "SiLU32,SiLU8", 1e-3, "SiLU32,SiLU8");
        assert_eq!(keep("two").total, 3);
        assert!(model(&best).exists() && !model(&first).exists());
        let other = leave("three", "SiLU64,SiLU8", 1e-4, "not what was judged");
        keep("three");
        assert!(!model(&other).exists() && !model(&best).exists());
    }

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
