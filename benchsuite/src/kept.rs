//! What runs leave with the sources: results in small files, each with where it comes from.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::rundir::RunDir;
use crate::werneck::{Provenance, without_folder};
use crate::{Error, Tier, files};

/// A result, and where it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept<T> {
    /// Where it comes from.
    pub provenance: Provenance,
    /// The result.
    pub result: T,
}

/// Where the results of a finished run come from.
///
/// # Errors
/// [`Error::BadOption`] if the run is not finished, [`Error::Damaged`] or [`Error::Io`] for its files.
pub(crate) fn provenance(run: &Path, tier: Tier, seed: u64) -> Result<Provenance, Error> {
    if !RunDir::results(run).exists() {
        return Err(refused(run, "it is not finished; go on with it by --resume".into()));
    }
    let manifest = RunDir::manifest(run)?;
    let (Some(first), Some(last)) = (manifest.starts.first(), manifest.starts.last()) else {
        return Err(Error::Damaged {
            path: run.join("manifest.json"),
            why: "it names no start".into(),
            remedy: "restore it".into(),
        });
    };
    Ok(Provenance {
        command: without_folder(&first.command),
        started: first.at.clone(),
        tier,
        seed,
        code: last.code.clone(),
        machine: last.machine.clone(),
        datasets: manifest.datasets.iter().map(|(name, hash)| format!("{name} {hash}")).collect(),
    })
}

/// Why a run is not kept.
pub(crate) fn refused(run: &Path, why: String) -> Error {
    Error::BadOption { option: "keep", value: run.display().to_string(), why }
}

/// Takes the figures of a run over.
///
/// # Errors
/// [`Error::Io`] for a file that cannot be read or written.
pub(crate) fn figures(run: &Path, folder: &Path) -> Result<(), Error> {
    for name in std::fs::read_dir(run.join("figures")).into_iter().flatten().flatten() {
        let to = folder.join("figures").join(name.file_name());
        let bytes =
            std::fs::read(name.path()).map_err(Error::io(&name.path(), "check that it can be read"))?;
        files::write(&to, bytes)?;
    }
    Ok(())
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
