//! Results of a paper-scale run that are kept with the sources: one small file for each map and ODE, the
//! claims' results, the report and its figures.

use std::path::Path;

use super::analysis::Analysis;
use super::config::Config;
use super::findings::{Findings, MapResult, OdeResult, judge};
use crate::claims::Publication;
use crate::figures::rounded;
use crate::kept::{Kept, Outcome, Source, read_all, take_figures, write};
use crate::stats::range;
use crate::{Error, Tier, files};

/// Takes the results of a finished run of tier paper over into `folder`.
///
/// # Errors
/// [`Error::BadOption`] if the run is not of the tier `paper` with its steps and epochs, or not finished;
/// [`Error::Damaged`] or [`Error::Io`] for its files.
pub fn keep(run: &Path, folder: &Path) -> Result<Outcome, Error> {
    let source = Source::open(run, "K", |config: &Config| {
        format!("only runs of tier paper are kept, not tier {} with {} steps", config.tier, config.steps)
    })?
    .finished()?;
    let findings: Findings = source.findings()?;
    let provenance = source.provenance()?;
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
    take_figures(run, folder)?;
    Ok(Outcome { taken: findings.maps.len(), total: kept.maps.len(), folder: folder.to_owned() })
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
            let (low, high) = range(column.iter().map(|v| f64::from(*v)));
            *column = vec![low as f32, high as f32];
        }
    }
    a
}

/// All that is kept; nothing if the folder is not there.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for a file that is there and cannot be used.
pub(crate) fn load(folder: &Path) -> Result<Findings, Error> {
    let mut found = Findings::default();
    let odes = read_all::<Kept<OdeResult>>(&folder.join("odes"))?;
    found.odes.extend(odes.into_iter().map(|kept| kept.result));
    for kept in read_all::<Kept<MapResult>>(&folder.join("maps"))? {
        (found.command, found.seed) = (kept.provenance.command, kept.provenance.seed);
        found.maps.push(kept.result);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept::hold;

    /// What is kept can be read, and its `results.json` is what the claims say now.
    #[test]
    fn the_kept_results_are_whole() {
        let publication = Publication::kuptsov2022().unwrap();
        let folder = crate::kept::folder(&publication);
        let kept = load(&folder).unwrap();
        if kept.maps.is_empty() {
            return;
        }
        hold(&folder.join("results.json"), &judge(&publication, &kept, Tier::Paper, None));
    }
}
