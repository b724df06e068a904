//! The folder of a run: one configuration, one process at a time, nothing overwritten.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::manifest::{Manifest, Start};
use crate::{Error, files, seal};

const CONFIG: &str = "config.json";
const MANIFEST: &str = "manifest.json";
const RESULTS: &str = "results.json";
const FINDINGS: &str = "findings.json";
const REMEDY: &str =
    "check that the folder is writable and the disk is not full, or choose another with --out";

/// How to treat a folder that already holds a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Refuse it.
    Refuse,
    /// Go on with it.
    Resume,
}

/// A folder that this process alone works in.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    /// Locked as long as the run lives; the system frees it however the process ends.
    _lock: File,
}

impl RunDir {
    /// Opens a folder for a run with this configuration: a new or empty one, or, with
    /// [`Existing::Resume`], one that holds a run with the same configuration.
    ///
    /// # Errors
    /// [`Error::NotARun`], [`Error::RunExists`], [`Error::OtherConfig`],
    /// [`Error::NothingToResume`], [`Error::Busy`], [`Error::Damaged`] or [`Error::Io`]. Nothing
    /// in the folder has then been changed.
    pub fn open(path: &Path, config: &impl Serialize, existing: Existing) -> Result<Self, Error> {
        let config_path = path.join(CONFIG);
        let here = serde_json::to_value(config).map_err(|e| Error::Damaged {
            path: config_path.clone(),
            why: e.to_string(),
            remedy: "this is a defect of the program".into(),
        })?;
        let holds_run = config_path.exists();
        match existing {
            Existing::Refuse if holds_run => {
                let finished = path.join(RESULTS).exists();
                return Err(Error::RunExists {
                    path: path.to_owned(),
                    what: if finished { "a finished" } else { "an unfinished" },
                    resume: if finished { "write its report anew" } else { "go on with it" },
                });
            }
            Existing::Refuse if !is_empty(path)? => return Err(Error::NotARun(path.to_owned())),
            Existing::Resume if !holds_run => return Err(Error::NothingToResume(path.to_owned())),
            _ => {}
        }
        if holds_run {
            let there: Value =
                files::read_json(&config_path, "restore it, or choose another folder with --out")?;
            if let Some((field, there, here)) = first_difference("", &there, &here) {
                return Err(Error::OtherConfig { path: path.to_owned(), field, there, here });
            }
        }
        files::create_folder(path)?;
        let lock_path = path.join(".lock");
        let lock = File::create(&lock_path).map_err(Error::io(&lock_path, REMEDY))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(Error::Busy(path.to_owned())),
            Err(std::fs::TryLockError::Error(e)) => return Err(Error::io(&lock_path, REMEDY)(e)),
        }
        if holds_run {
            // From here on the folder is not what its list of hashes says.
            let list = path.join(seal::LIST);
            match std::fs::remove_file(&list) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::io(&list, REMEDY)(e));
                }
                _ => {}
            }
        } else {
            files::write_json(&config_path, &here)?;
        }
        Ok(RunDir { path: path.to_owned(), _lock: lock })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file or folder in it.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path.join(name)
    }

    /// Adds this start to the manifest, or begins one.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Damaged`].
    pub fn add_start(&self, fresh: Manifest, start: Start) -> Result<Manifest, Error> {
        let path = self.join(MANIFEST);
        let mut manifest = if path.exists() { Self::manifest(&self.path)? } else { fresh };
        manifest.starts.push(start);
        files::write_json(&path, &manifest)?;
        Ok(manifest)
    }

    /// The manifest of a run.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::Damaged`].
    pub fn manifest(run: &Path) -> Result<Manifest, Error> {
        files::read_json(&run.join(MANIFEST), "restore it, or train into another folder with --out")
    }

    /// The place of `results.json`, which a finished run has.
    pub fn results(run: &Path) -> PathBuf {
        run.join(RESULTS)
    }

    /// The place of `findings.json`: what the claims are judged by, where an experiment writes it down.
    pub(crate) fn findings(run: &Path) -> PathBuf {
        run.join(FINDINGS)
    }

    /// The place of `config.json`, which every run has.
    pub fn config(run: &Path) -> PathBuf {
        run.join(CONFIG)
    }
}

/// The id of the experiment that the run in a folder is of.
///
/// # Errors
/// [`Error::NoRun`] for another folder; [`Error::Io`], or [`Error::Damaged`] if its configuration names none.
pub fn experiment_of(run: &Path) -> Result<String, Error> {
    #[derive(serde::Deserialize)]
    struct Named {
        experiment: String,
    }
    let config = RunDir::config(run);
    if !config.exists() {
        return Err(Error::NoRun(run.to_owned()));
    }
    let named: Named = files::read_json(&config, "give the folder of a run")?;
    Ok(named.experiment)
}

/// The first of `base`, `base-2`, `base-3`, … that does not exist or is empty.
pub(crate) fn fresh(base: &Path) -> Result<PathBuf, Error> {
    for candidate in numbered(base) {
        if is_empty(&candidate)? {
            return Ok(candidate);
        }
    }
    unreachable!("the candidates have no end")
}

/// The last of `base`, `base-2`, `base-3`, … that holds something, or `base`.
pub(crate) fn latest(base: &Path) -> PathBuf {
    let taken = |p: &PathBuf| is_empty(p).is_ok_and(|empty| !empty);
    numbered(base).take_while(taken).last().unwrap_or_else(|| base.to_owned())
}

fn numbered(base: &Path) -> impl Iterator<Item = PathBuf> {
    let name = base.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let base = base.to_owned();
    (1_u64..).map(move |n| if n == 1 { base.clone() } else { base.with_file_name(format!("{name}-{n}")) })
}

/// Whether a folder is absent or holds nothing but a lock and what a start that was killed had not yet renamed.
fn is_empty(path: &Path) -> Result<bool, Error> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        Err(e) => return Err(Error::io(path, "choose another folder with --out")(e)),
    };
    for entry in entries {
        let entry = entry.map_err(Error::io(path, REMEDY))?;
        let name = entry.file_name();
        if name != ".lock" && !name.to_string_lossy().starts_with(files::UNFINISHED) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Where two configurations first differ: the name of the setting and both values.
fn first_difference(at: &str, there: &Value, here: &Value) -> Option<(String, String, String)> {
    if let (Value::Object(a), Value::Object(b)) = (there, here) {
        let mut names: Vec<&String> = a.keys().chain(b.keys()).collect();
        names.sort();
        names.dedup();
        return names.into_iter().find_map(|name| {
            let inner = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
            let missing = Value::Null;
            first_difference(&inner, a.get(name).unwrap_or(&missing), b.get(name).unwrap_or(&missing))
        });
    }
    (there != here).then(|| (at.to_owned(), there.to_string(), here.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_run_is_started_resumed_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("run");
        let config = json!({"seed": 1, "train": {"lr": 1e-3}});
        assert!(matches!(RunDir::open(&path, &config, Existing::Resume), Err(Error::NothingToResume(_))));
        let run = RunDir::open(&path, &config, Existing::Refuse).unwrap();
        assert!(matches!(RunDir::open(&path, &config, Existing::Resume), Err(Error::Busy(_))));
        // Whoever is refused changes nothing; whoever goes on makes the list of hashes untrue.
        let list = path.join(seal::LIST);
        std::fs::write(&list, "").unwrap();
        assert!(RunDir::open(&path, &config, Existing::Resume).is_err() && list.exists());
        drop(run);
        drop(RunDir::open(&path, &config, Existing::Resume).unwrap());
        assert!(!list.exists());

        let again = RunDir::open(&path, &config, Existing::Refuse).unwrap_err().to_string();
        assert!(again.contains("an unfinished run") && again.contains("--resume"), "{again}");
        let other = json!({"seed": 1, "train": {"lr": 2e-3}});
        let error = RunDir::open(&path, &other, Existing::Resume).unwrap_err().to_string();
        assert!(error.contains("`train.lr` is 0.001 there and 0.002 here"), "{error}");
        RunDir::open(&path, &config, Existing::Resume).unwrap();

        std::fs::write(path.join(CONFIG), "{").unwrap();
        assert!(matches!(RunDir::open(&path, &config, Existing::Resume), Err(Error::Damaged { .. })));
    }

    #[test]
    fn a_folder_without_a_run_is_of_no_experiment() {
        let folder = tempfile::tempdir().unwrap();
        let error = experiment_of(folder.path()).unwrap_err();
        assert!(matches!(error, Error::NoRun(_)) && error.to_string().contains("give the folder"), "{error}");
        std::fs::write(folder.path().join(CONFIG), "{\"experiment\": \"K-FP\"}").unwrap();
        assert_eq!(experiment_of(folder.path()).unwrap(), "K-FP");
        std::fs::write(folder.path().join(CONFIG), "{}").unwrap();
        assert!(matches!(experiment_of(folder.path()), Err(Error::Damaged { .. })));
    }

    #[test]
    fn a_folder_with_other_things_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("thesis.tex"), "").unwrap();
        let result = RunDir::open(folder.path(), &json!({}), Existing::Refuse);
        assert!(matches!(result, Err(Error::NotARun(_))));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_start_that_was_killed_before_it_had_a_configuration_is_begun_again() {
        let folder = tempfile::tempdir().unwrap();
        for left in [".lock", ".tmp-Ab12Cd"] {
            std::fs::write(folder.path().join(left), "{\"se").unwrap();
        }
        drop(RunDir::open(folder.path(), &json!({}), Existing::Refuse).unwrap());
        drop(RunDir::open(folder.path(), &json!({}), Existing::Resume).unwrap());
    }

    #[test]
    fn default_folders_are_numbered() {
        let folder = tempfile::tempdir().unwrap();
        let base = folder.path().join("W-A-smoke");
        assert_eq!(fresh(&base).unwrap(), base);
        assert_eq!(latest(&base), base);
        RunDir::open(&base, &json!({}), Existing::Refuse).unwrap();
        let second = folder.path().join("W-A-smoke-2");
        assert_eq!(fresh(&base).unwrap(), second);
        assert_eq!(latest(&base), base);
        RunDir::open(&second, &json!({}), Existing::Refuse).unwrap();
        assert_eq!(latest(&base), second);
    }
}
