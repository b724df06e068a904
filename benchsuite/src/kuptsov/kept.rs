//! Results of a paper-scale run that are kept with the sources: one small file for each map and ODE, the
//! claims' results, the report and its figures.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::analysis::Analysis;
use super::config::Config;
use super::findings::{Findings, MapResult, OdeResult, judge};
use crate::claims::Publication;
use crate::rundir::RunDir;
use crate::werneck::{Outcome, Provenance};
use crate::{Error, Tier, files};

/// `maps/*.json` and `odes/*.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept<T> {
    /// Where it comes from.
    pub provenance: Provenance,
    /// The result.
    pub result: T,
}

/// Takes the results of a finished run of tier paper over into `folder`.
///
/// # Errors
/// [`Error::BadOption`] if the run is not of the tier `paper` with the paper's epochs, or not finished;
/// [`Error::Damaged`] or [`Error::Io`] for its files.
pub fn keep(run: &Path, folder: &Path) -> Result<Outcome, Error> {
    let config: Config = files::read_json(&RunDir::config(run), "give the folder of a run of K")?;
    let refuse =
        |why: String| Err(Error::BadOption { option: "keep", value: run.display().to_string(), why });
    if !config.is_comparable() {
        return refuse(format!(
            "only runs of tier paper are kept; this one is of tier {} with {} epochs",
            config.tier, config.epochs
        ));
    }
    if !RunDir::results(run).exists() {
        return refuse("it is not finished; go on with it by --resume".into());
    }
    let findings: Findings = files::read_json(&run.join("findings.json"), "run again with --resume")?;
    let provenance = Provenance::of(run, config.tier, config.seed)?;
    for ode in &findings.odes {
        let result = OdeResult { analysis: thinned(&ode.analysis, true), ..ode.clone() };
        let path = folder.join("odes").join(format!("{}.json", ode.variant));
        write(&path, &Kept { provenance: provenance.clone(), result })?;
    }
    for map in &findings.maps {
        // Pictures of one seed are enough; numbers are kept of all.
        let result =
            MapResult { analysis: thinned(&map.analysis, map.trained.map.repeat == 1), ..map.clone() };
        let path = folder.join("maps").join(format!("{}.json", map.trained.map.file_name()));
        write(&path, &Kept { provenance: provenance.clone(), result })?;
    }
    let publication = Publication::kuptsov2022()?;
    let kept = load(folder)?;
    files::write_json(&folder.join("results.json"), &judge(&publication, &kept, Tier::Paper, None))?;
    for name in std::fs::read_dir(run.join("figures")).into_iter().flatten().flatten() {
        let to = folder.join("figures").join(name.file_name());
        let bytes =
            std::fs::read(name.path()).map_err(Error::io(&name.path(), "check that it can be read"))?;
        files::write(&to, bytes)?;
    }
    Ok(Outcome { taken: findings.maps.len(), total: kept.maps.len(), folder: folder.to_owned() })
}

pub(crate) fn write<T: Serialize>(path: &Path, kept: &Kept<T>) -> Result<(), Error> {
    let text = serde_json::to_string(kept).map_err(|e| Error::Damaged {
        path: path.to_owned(),
        why: e.to_string(),
        remedy: "a value of the run is not finite; delete its analysis and resume the run".into(),
    })?;
    files::write(path, text + "\n")
}

/// Without what fills files and decides no claim: states between every other hundredth of a second, and,
/// unless `pictures`, all states and the columns of diagrams but their extremes.
fn thinned(analysis: &Analysis, pictures: bool) -> Analysis {
    let mut a = analysis.clone();
    for s in &mut a.series {
        if !pictures {
            s.states.clear();
            continue;
        }
        let every = (0.02 / s.dt).round().max(1.0) as usize;
        s.states = s.states.iter().step_by(every).map(|u| u.map(rounded)).collect();
        s.dt *= every as f64;
    }
    for diagram in [&mut a.rising, &mut a.far, &mut a.near].into_iter().flatten().filter(|_| !pictures) {
        for (_, column) in &mut diagram.columns {
            let (low, high) =
                column.iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
            *column = vec![low, high];
        }
    }
    a
}

/// Six digits are more than a figure shows.
fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// All that is kept; nothing if the folder is not there.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for a file that is there and cannot be used.
pub(crate) fn load(folder: &Path) -> Result<Findings, Error> {
    let mut found = Findings::default();
    for path in list(&folder.join("odes"))? {
        let kept: Kept<OdeResult> = files::read_json(&path, "restore it from the repository")?;
        found.odes.push(kept.result);
    }
    for path in list(&folder.join("maps"))? {
        let kept: Kept<MapResult> = files::read_json(&path, "restore it from the repository")?;
        (found.command, found.seed) = (kept.provenance.command, kept.provenance.seed);
        found.maps.push(kept.result);
    }
    Ok(found)
}

/// The JSON files of a folder in the order of their names; none if it is not there.
pub(crate) fn list(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(Error::io(folder, "check that it can be read")(e)),
    };
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| Ok(entry.map_err(Error::io(folder, "check that it can be read"))?.path()))
        .collect::<Result<_, Error>>()?;
    paths.retain(|p| p.extension().is_some_and(|e| e == "json"));
    paths.sort();
    Ok(paths)
}

/// The folder of the sources that keeps results; it need not be there.
pub fn folder(publication: &Publication) -> PathBuf {
    crate::werneck::kept_folder(publication)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is kept can be read, and its `results.json` is what the claims say now.
    #[test]
    fn the_kept_results_are_whole() {
        let publication = Publication::kuptsov2022().unwrap();
        let folder = folder(&publication);
        let kept = load(&folder).unwrap();
        if kept.maps.is_empty() {
            return;
        }
        let now = judge(&publication, &kept, Tier::Paper, None);
        let then: Vec<crate::results::ClaimResult> =
            files::read_json(&folder.join("results.json"), "run keep again").unwrap();
        assert_eq!(now, then);
    }
}
