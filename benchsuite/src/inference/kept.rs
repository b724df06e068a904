//! The race of a paper-scale run, kept with the sources: what was measured, and what it says of the claims.

use std::path::Path;

use super::{Config, Measurements, findings};
use crate::claims::Publication;
use crate::kept::{Kept, Outcome, Source, read, take_figures, write};
use crate::reproduce::Options;
use crate::results::ClaimResult;
use crate::{Error, files};

/// Takes the measurements, verdicts and figures of a finished run of tier paper over into `folder`:
/// `inference/measurements.json`, `inference-results.json` and `inference/figures/`.
///
/// # Errors
/// [`Error::BadOption`] if the run is not of the tier `paper` with its whole pool, or not finished;
/// [`Error::Damaged`] or [`Error::Io`] for its files.
pub fn keep(run: &Path, folder: &Path) -> Result<Outcome, Error> {
    let source = Source::open(run, "W-INF", |config: &Config| {
        format!(
            "only runs of tier paper are kept, not tier {} with {} networks",
            config.tier, config.networks
        )
    })?
    .finished()?;
    let measured: Measurements =
        files::read_json(&run.join("measurements.json"), "run it again in another folder")?;
    let provenance = source.provenance()?;
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
    let kept: Kept<Measurements> = read(&path)?;
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
    use crate::kept::hold;

    /// The verdicts beside the kept measurements are what the claims say now.
    #[test]
    fn the_kept_verdicts_are_those_of_the_claims() {
        let folder = crate::kept::folder(&Publication::werneck2024().unwrap());
        let (now, _) = judged(&folder).unwrap().unwrap();
        hold(&folder.join("inference-results.json"), &now);
        // Race and claim hold networks whose work was written down.
        let kept: Kept<Measurements> = read(&measurements(&folder)).unwrap();
        assert!(kept.result.pool.iter().all(|p| p.reached.work.flops > 0.0 && p.reached.of_limit.is_some()));
    }
}
