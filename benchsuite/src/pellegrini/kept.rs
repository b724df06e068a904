//! Results of runs that are kept with the sources: one small file for each operator, the search, the claims'
//! results, and the figures of all operators.

use std::path::Path;

use super::config::Config;
use super::figures;
use super::findings::{Findings, judge};
use super::train::Trained;
use super::tune::Candidate;
use crate::claims::Publication;
use crate::kept::{Kept, Outcome, Source, read, read_all};
use crate::report::write_figures;
use crate::{Error, Tier, files};

/// Takes the results of a finished run of tier paper over into `folder`.
///
/// # Errors
/// [`Error::BadOption`] if the run is not of the tier `paper`, or not finished; [`Error::Damaged`] or
/// [`Error::Io`] for its files.
pub fn keep(run: &Path, folder: &Path) -> Result<Outcome, Error> {
    let source = Source::open(run, "F", |config: &Config| {
        format!("only runs of tier paper are kept; this one is of tier {}", config.tier)
    })?
    .finished()?;
    let findings: Findings = source.findings()?;
    let provenance = source.provenance()?;
    for net in &findings.nets {
        let path = folder.join("networks").join(format!("{}.json", net.net.file_name()));
        // Indented, as those that are kept already.
        files::write_json(&path, &Kept { provenance: provenance.clone(), result: net.clone() })?;
    }
    if !findings.candidates.is_empty() {
        let search = Kept { provenance, result: findings.candidates.clone() };
        files::write_json(&folder.join("search.json"), &search)?;
    }
    let total = judge_again(folder)?;
    Ok(Outcome { taken: findings.nets.len(), total, folder: folder.to_owned() })
}

/// Writes `results.json` and the figures anew, from the kept operators, of whatever runs, and the claims as they are now.
/// Returns how many operators are kept.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for kept files.
pub fn judge_again(folder: &Path) -> Result<usize, Error> {
    let all = load(folder)?;
    if !all.nets.is_empty() {
        let results = judge(&Publication::pellegrini2025()?, &all, Tier::Paper, None);
        files::write_json(&folder.join("results.json"), &results)?;
        write_figures(&figures::all(&all)?, folder)?;
    }
    Ok(all.nets.len())
}

/// All that is kept; nothing if the folder is not there.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for a file that is there and cannot be used.
pub(crate) fn load(folder: &Path) -> Result<Findings, Error> {
    let mut found = Findings::default();
    for kept in read_all::<Kept<Trained>>(&folder.join("networks"))? {
        (found.command, found.seed) = (kept.provenance.command, kept.provenance.seed);
        found.origins.insert(kept.result.net.id(), (found.command.clone(), found.seed));
        found.nets.push(kept.result);
    }
    let search = folder.join("search.json");
    if search.exists() {
        found.candidates = read::<Kept<Vec<Candidate>>>(&search)?.result;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept::{hold, networks, try_damage};

    /// What is kept can be read, and its `results.json` is what the claims say now.
    #[test]
    fn the_kept_results_are_whole() {
        let publication = Publication::pellegrini2025().unwrap();
        let folder = crate::kept::folder(&publication);
        let kept = load(&folder).unwrap();
        if kept.nets.is_empty() {
            return;
        }
        hold(&folder.join("results.json"), &judge(&publication, &kept, Tier::Paper, None));

        // The figures show all operators, not those of the run that was kept last.
        let drawn = tempfile::tempdir().unwrap();
        write_figures(&figures::all(&kept).unwrap(), drawn.path()).unwrap();
        let files = |folder: &Path| {
            let entries = std::fs::read_dir(folder.join("figures")).unwrap();
            let read = |path: std::path::PathBuf| {
                (path.file_name().unwrap().to_owned(), std::fs::read(path).unwrap())
            };
            entries.map(|entry| read(entry.unwrap().path())).collect::<std::collections::BTreeMap<_, _>>()
        };
        assert!(files(&folder) == files(drawn.path()), "run keep again: the figures are of other operators");
    }

    /// Judged, or refused: what is broken in a kept file never ends a report.
    #[test]
    fn damaged_results_are_read_or_refused() {
        let publication = Publication::pellegrini2025().unwrap();
        try_damage(&networks(&publication), "networks/a.json", |folder| {
            let kept = load(folder)?;
            judge(&publication, &kept, Tier::Paper, None);
            figures::all(&kept)?;
            Ok(())
        });
    }
}
