//! What results of paper-scale runs have in common that are kept with the sources: where they lie, where they
//! come from, their files.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::claims::Publication;
use crate::manifest::{Code, Machine};
use crate::rundir::RunDir;
use crate::{Error, Tier, files};

/// A result with its origin, as a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept<T> {
    /// Where it comes from.
    pub provenance: Provenance,
    /// The result.
    pub result: T,
}

/// Where a kept result comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The command that started the run.
    pub command: String,
    /// When, in UTC.
    pub started: String,
    /// The tier.
    pub tier: Tier,
    /// The seed of the run.
    pub seed: u64,
    /// The code that finished it.
    pub code: Code,
    /// The machine that finished it.
    pub machine: Machine,
    /// The content hashes of its data sets, `name sha256`.
    pub datasets: Vec<String>,
}

impl Provenance {
    /// Of a run.
    ///
    /// # Errors
    /// [`Error::Damaged`] if its manifest names no start.
    pub(crate) fn of(run: &Path, tier: Tier, seed: u64) -> Result<Self, Error> {
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
}

/// What keeping a run did.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Results taken from the run.
    pub taken: usize,
    /// Results kept now.
    pub total: usize,
    /// The folder.
    pub folder: PathBuf,
}

/// The folder of the sources that keeps results; it need not be there.
pub fn folder(publication: &Publication) -> PathBuf {
    root().join(&publication.folder)
}

/// The folder of all of them.
pub(crate) fn root() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A program that was copied to another machine looks where it is started.
    let root = if built.is_dir() { built.to_owned() } else { PathBuf::from("benchsuite") };
    root.join("results")
}

/// Writes such a file.
///
/// # Errors
/// [`Error::Damaged`] for a number that JSON cannot hold, [`Error::Io`] if the file cannot be written.
pub(crate) fn write<T: Serialize>(path: &Path, kept: &Kept<T>) -> Result<(), Error> {
    let text = serde_json::to_string(kept).map_err(|e| Error::Damaged {
        path: path.to_owned(),
        why: e.to_string(),
        remedy: "a value of the run is not finite; delete its analysis and resume the run".into(),
    })?;
    files::write(path, text + "\n")
}

/// Takes the figures of a run over.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn take_figures(run: &Path, folder: &Path) -> Result<(), Error> {
    for entry in std::fs::read_dir(run.join("figures")).into_iter().flatten().flatten() {
        let path = entry.path();
        let bytes = std::fs::read(&path).map_err(Error::io(&path, "check that it can be read"))?;
        files::write(&folder.join("figures").join(entry.file_name()), bytes)?;
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

/// A command without `--out` and its folder, which means nothing on another machine.
fn without_folder(command: &str) -> String {
    let Some((before, after)) = command.split_once(" --out ") else { return command.to_owned() };
    // A folder with blanks is in quotes.
    let end = match after.strip_prefix('\'') {
        Some(quoted) => quoted.find('\'').map(|at| at + 2),
        None => after.find(' '),
    };
    format!("{before}{}", end.map_or("", |at| &after[at..]))
}

/// The last two networks that a publication keeps.
#[cfg(test)]
pub(crate) fn networks(publication: &Publication) -> Vec<PathBuf> {
    let all = list(&folder(publication).join("networks")).unwrap();
    all[all.len().saturating_sub(2)..].to_vec()
}

/// Ten thousand damaged copies of kept results, one at a time as `place` of a folder beside nothing else: each is
/// read and judged by `look`, or refused by an error that names the file.
#[cfg(test)]
pub(crate) fn try_damage(samples: &[PathBuf], place: &str, mut look: impl FnMut(&Path) -> Result<(), Error>) {
    use crate::damage::{every, replace};
    let samples: Vec<Vec<u8>> = samples.iter().map(|path| std::fs::read(path).unwrap()).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(place);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut read = 0;
    every(&samples, |bytes| {
        replace(&path, bytes);
        match look(folder.path()) {
            Ok(()) => read += 1,
            Err(Error::Damaged { path: named, .. } | Error::Io { path: named, .. }) => {
                assert_eq!(named, path)
            }
            Err(e) => panic!("{e:?}"),
        }
    });
    assert!(read > 100, "only {read} were read: the samples are no good");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_command_names_no_folder() {
        for (given, kept) in [
            ("x W-A --seed 1", "x W-A --seed 1"),
            ("x W-A --out /a/b", "x W-A"),
            ("x W-A --out /a/b --resume", "x W-A --resume"),
            ("x W-A --out '/a b' --resume", "x W-A --resume"),
        ] {
            assert_eq!(without_folder(given), kept);
        }
    }
}
