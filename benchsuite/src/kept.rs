//! What results of paper-scale runs have in common that are kept with the sources: where they lie, where they
//! come from, from which runs they are taken, how their files are written and read.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::claims::Publication;
use crate::manifest::{Code, Machine};
use crate::reproduce::Settings;
#[cfg(test)]
use crate::results::ClaimResult;
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

/// A run of tier paper whose results are taken over.
pub(crate) struct Source<'a, C> {
    /// Its settings.
    pub(crate) config: C,
    run: &'a Path,
}

impl<'a, C: Settings + DeserializeOwned> Source<'a, C> {
    /// The run of the experiment `of` in a folder. `instead` says which runs are kept, and what one is that falls
    /// short of the paper's scale.
    ///
    /// # Errors
    /// [`Error::BadOption`] for such a run; [`Error::Damaged`] or [`Error::Io`] for a folder without settings of the
    /// experiment.
    pub(crate) fn open(run: &'a Path, of: &str, instead: impl Fn(&C) -> String) -> Result<Self, Error> {
        let remedy = format!("give the folder of a run of {of}");
        let config: C = files::read_json(&RunDir::config(run), &remedy)?;
        let source = Source { config, run };
        match source.config.shortfall() {
            Some(_) => Err(source.refused(&instead(&source.config))),
            None => Ok(source),
        }
    }

    /// The run, if it has come to its end.
    ///
    /// # Errors
    /// [`Error::BadOption`] if not.
    pub(crate) fn finished(self) -> Result<Self, Error> {
        if RunDir::results(self.run).exists() {
            return Ok(self);
        }
        Err(self.refused("it is not finished; go on with it by --resume"))
    }

    /// What its claims were judged by: its `findings.json`.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub(crate) fn findings<T: DeserializeOwned>(&self) -> Result<T, Error> {
        files::read_json(&RunDir::findings(self.run), "run again with --resume")
    }

    /// Where its numbers come from.
    ///
    /// # Errors
    /// Those of [`Provenance::of`].
    pub(crate) fn provenance(&self) -> Result<Provenance, Error> {
        let head = self.config.head();
        Provenance::of(self.run, head.tier, head.seed)
    }

    /// That nothing is taken from it, and why.
    pub(crate) fn refused(&self, why: &str) -> Error {
        Error::bad_option("keep", self.run.display(), why)
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

/// Writes a result as a line of JSON.
///
/// # Errors
/// [`Error::Damaged`] for a value that JSON cannot hold, [`Error::Io`] if the file cannot be written.
pub(crate) fn write(path: &Path, kept: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string(kept).map_err(|e| Error::Damaged {
        path: path.to_owned(),
        why: e.to_string(),
        remedy: "delete what the run has of it, and resume the run".into(),
    })?;
    files::write(path, text + "\n")
}

/// Reads a kept file.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for one that is not there or cannot be used.
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    files::read_json(path, "restore it from the repository")
}

/// Reads the results of a folder in the order of their names; none if it is not there.
///
/// # Errors
/// Those of [`read`].
pub(crate) fn read_all<T: DeserializeOwned>(folder: &Path) -> Result<Vec<T>, Error> {
    list(folder)?.iter().map(|path| read(path)).collect()
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

/// Verdicts that are kept are what the claims say now.
#[cfg(test)]
pub(crate) fn hold(kept: &Path, now: &[ClaimResult]) {
    let then: Vec<ClaimResult> = read(kept).unwrap();
    assert_eq!(now.len(), then.len());
    for (now, then) in now.iter().zip(&then) {
        assert_eq!(now, then, "`cargo xtask keep` judges again");
    }
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
