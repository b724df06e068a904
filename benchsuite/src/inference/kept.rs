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
