//! Results of a paper-scale run that are kept with the sources: one small file for each network, the claims'
//! results, and the figures.

use std::path::Path;

use super::config::Config;
use super::findings::{Findings, judge};
use super::train::{Trained, places};
use crate::claims::Publication;
use crate::kept::{Kept, Outcome, Source, read_all, take_figures, write};
use crate::{Error, Tier, files};

/// Takes the finished networks of a run of tier paper over into `folder`. A network that is kept already is
/// replaced.
///
/// # Errors
/// [`Error::BadOption`] if the run is not of the tier `paper` with its iterations; [`Error::Damaged`] or
/// [`Error::Io`] for its files.
pub fn keep(run: &Path, folder: &Path) -> Result<Outcome, Error> {
    let source = Source::open(run, "P", |config: &Config| {
        format!(
            "only runs of tier paper are kept; this one is of tier {} with {} iterations",
            config.tier, config.iterations
        )
    })?;
    let provenance = source.provenance()?;
    let (from, mut taken) = (places(run), 0);
    for trial in &source.config.trials {
        let name = trial.file_name();
        if !from.is_finished(&name) {
            continue;
        }
        let mut result: Trained = files::read_json(&from.result(&name), "delete it and resume the run")?;
        // Pictures of the method and its baselines are enough.
        if trial.arm.group != super::Group::Main {
            result.evaluation.states.clear();
        }
        let every = result.course.len().div_ceil(25).max(1);
        result.course = result.course.into_iter().rev().step_by(every).rev().collect();
        let to = folder.join("networks").join(format!("{name}.json"));
        write(&to, &Kept { provenance: provenance.clone(), result })?;
        taken += 1;
    }
    let publication = Publication::kainth2025()?;
    let kept = load(folder)?;
    files::write_json(&folder.join("results.json"), &judge(&publication, &kept, Tier::Paper, None))?;
    take_figures(run, folder)?;
    Ok(Outcome { taken, total: kept.networks.len(), folder: folder.to_owned() })
}

/// All that is kept; nothing if the folder is not there.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for a file that is there and cannot be used.
pub(crate) fn load(folder: &Path) -> Result<Findings, Error> {
    let mut found = Findings::default();
    for kept in read_all::<Kept<Trained>>(&folder.join("networks"))? {
        (found.command, found.seed) = (kept.provenance.command, kept.provenance.seed);
        found.networks.push(kept.result);
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
        let publication = Publication::kainth2025().unwrap();
        let folder = crate::kept::folder(&publication);
        let kept = load(&folder).unwrap();
        if kept.networks.is_empty() {
            return;
        }
        hold(&folder.join("results.json"), &judge(&publication, &kept, Tier::Paper, None));
    }

    /// Judged, or refused: what is broken in a kept file never ends a report.
    #[test]
    fn damaged_results_are_read_or_refused() {
        let publication = Publication::kainth2025().unwrap();
        try_damage(&networks(&publication), "networks/a.json", |folder| {
            let kept = load(folder)?;
            judge(&publication, &kept, Tier::Paper, None);
            Ok(())
        });
    }
}
