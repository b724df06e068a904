//! The race of a paper-scale run, kept with the sources: what was measured, and what it says of the claims.

use std::path::Path;

use super::{Config, Measurements, findings};
use crate::claims::Publication;
use crate::kept::{Kept, Outcome, Provenance, take_figures, write};
use crate::reproduce::Options;
use crate::results::ClaimResult;
use crate::rundir::RunDir;
use crate::{Error, files};

/// Takes the measurements, verdicts and figures of a finished run of tier paper over into `folder`:
/// `inference/measurements.json`, `inference-results.json` and `inference/figures/`.
///
/// # Errors
/// [`Error::BadOption`] if the run is not of the tier `paper` with its whole pool, or not finished;
/// [`Error::Damaged`] or [`Error::Io`] for its files.
pub fn keep(run: &Path, folder: &Path) -> Result<Outcome, Error> {
    let config: Config = files::read_json(&RunDir::config(run), "give the folder of a run of W-INF")?;
    let refuse =
        |why: String| Err(Error::BadOption { option: "keep", value: run.display().to_string(), why });
    if !config.is_comparable() {
        return refuse(format!(
            "only runs of tier paper are kept, not tier {} with {} networks",
            config.tier, config.networks
        ));
    }
    if !RunDir::results(run).exists() {
        return refuse("it is not finished; go on with it by --resume".into());
    }
    let measured: Measurements =
        files::read_json(&run.join("measurements.json"), "run it again in another folder")?;
    let provenance = Provenance::of(run, config.tier, config.seed)?;
    let own = folder.join("inference");
    write(&measurements(folder), &Kept { provenance, result: measured })?;
    let networks = judge_again(folder)?;
    take_figures(run, &own)?;
    Ok(Outcome { taken: networks, total: networks, folder: folder.to_owned() })
}

fn measurements(folder: &Path) -> std::path::PathBuf {
    folder.join("inference/measurements.json")
}

/// What the kept measurements say of the claims as they are now, and of how many networks they are; none if none
/// are kept.
fn judged(folder: &Path) -> Result<Option<(Vec<ClaimResult>, usize)>, Error> {
    let path = measurements(folder);
    if !path.exists() {
        return Ok(None);
    }
    let kept: Kept<Measurements> = files::read_json(&path, "restore it from the repository")?;
    let networks = kept.result.pool.len();
    let mut options = Options::new(kept.provenance.tier);
    options.seed = kept.provenance.seed;
    let config = Config::new(&options)?;
    let publication = Publication::werneck2024()?;
    Ok(Some((findings::judge(&publication, &config, &kept.result, &kept.provenance.command), networks)))
}

/// Writes `inference-results.json` anew, from the kept measurements and the claims as they are now. Returns how many
/// networks were timed; 0 if no measurements are kept.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for kept files.
pub fn judge_again(folder: &Path) -> Result<usize, Error> {
    let Some((results, networks)) = judged(folder)? else { return Ok(0) };
    files::write_json(&folder.join("inference-results.json"), &results)?;
    Ok(networks)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdicts beside the kept measurements are what the claims say now.
    #[test]
    fn the_kept_verdicts_are_those_of_the_claims() {
        let folder = crate::kept::folder(&Publication::werneck2024().unwrap());
        let (now, _) = judged(&folder).unwrap().unwrap();
        let then: Vec<ClaimResult> =
            files::read_json(&folder.join("inference-results.json"), "run `keep` again").unwrap();
        assert_eq!(now.len(), then.len());
        for (now, then) in now.iter().zip(&then) {
            assert_eq!(now, then, "`cargo xtask keep` without a run judges again");
        }
        // Race and claim hold networks whose work was written down.
        let path = measurements(&folder);
        let kept: Kept<Measurements> = files::read_json(&path, "restore it from the repository").unwrap();
        assert!(kept.result.pool.iter().all(|p| p.reached.work.flops > 0.0 && p.reached.of_limit.is_some()));
    }
}
