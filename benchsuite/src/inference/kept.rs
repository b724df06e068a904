//! The race of a paper-scale run, kept with the sources: what was measured, and what it says of the claims.

use std::path::Path;

use super::{Config, Measurements, findings};
use crate::claims::Publication;
use crate::kept::{Kept, Outcome, Provenance, take_figures, write};
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
    let results = findings::judge(&Publication::werneck2024()?, &config, &measured, &provenance.command);
    let networks = measured.pool.len();
    let own = folder.join("inference");
    write(&own.join("measurements.json"), &Kept { provenance, result: measured })?;
    files::write_json(&folder.join("inference-results.json"), &results)?;
    take_figures(run, &own)?;
    Ok(Outcome { taken: networks, total: networks, folder: folder.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tier;
    use crate::reproduce::Options;
    use crate::results::ClaimResult;

    /// What is kept is read, and its verdicts are what the claims say of it now.
    #[test]
    fn the_kept_race_is_judged_as_it_is_now() {
        let publication = Publication::werneck2024().unwrap();
        let folder = crate::kept::folder(&publication);
        let kept: Kept<Measurements> =
            files::read_json(&folder.join("inference/measurements.json"), "").unwrap();
        let there: Vec<ClaimResult> = files::read_json(&folder.join("inference-results.json"), "").unwrap();
        let config = Config::new(&Options::new(Tier::Paper));
        let now = findings::judge(&publication, &config, &kept.result, &kept.provenance.command);
        assert_eq!(now.len(), there.len());
        for (now, there) in now.iter().zip(&there) {
            assert_eq!((&now.id, now.verdict), (&there.id, there.verdict), "{}: judge it anew", there.id);
            let off =
                now.measured.zip(there.measured).map_or(0.0, |(a, b)| (a - b).abs() / b.abs().max(1e-300));
            assert!(off < 1e-9 && now.measured.is_some() == there.measured.is_some(), "{}: {off}", now.id);
        }
        // Race and claim hold 909 networks, whose work was written down.
        assert!(kept.result.pool.iter().all(|p| p.reached.work.flops > 0.0 && p.reached.of_limit.is_some()));
    }
}
