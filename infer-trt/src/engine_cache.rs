//! Compiled TensorRT engines on disk: found by all that an engine depends on, verified before use,
//! there whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::InferError;
use crate::onnx::hex;

/// What an engine depends on: it is of no use to any other combination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Key {
    /// SHA-256 of the model file.
    pub(crate) model: String,
    pub(crate) onnx_runtime: String,
    pub(crate) tensorrt: String,
    pub(crate) driver: String,
    /// The device's name.
    pub(crate) device: String,
    pub(crate) compute_capability: String,
    pub(crate) precision: String,
    /// What the environment variable `NVIDIA_TF32_OVERRIDE` says, of which TensorRT's choice of kernels depends.
    pub(crate) tf32_override: String,
    /// Most rows at a time.
    pub(crate) rows: usize,
}

impl Key {
    /// The name of the engine's folder.
    fn folder(&self) -> String {
        let parts = [
            &self.model,
            &self.onnx_runtime,
            &self.tensorrt,
            &self.driver,
            &self.device,
            &self.compute_capability,
            &self.precision,
            &self.tf32_override,
            &self.rows.to_string(),
        ];
        let mut hash = Sha256::new();
        for part in parts {
            // With its length, so that no two lists of parts are one text.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hex(&hash.finalize()[..16])
    }
}

/// The list of an engine's files.
const MANIFEST: &str = "engine.toml";

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    key: Key,
    /// SHA-256 of each file.
    files: BTreeMap<String, String>,
}

/// A place for one engine.
#[derive(Debug)]
pub(crate) struct EngineCache {
    base: PathBuf,
    key: Key,
}

impl EngineCache {
    pub(crate) fn new(base: PathBuf, key: Key) -> Self {
        Self { base, key }
    }

    /// The folder that the engine is in, or will be.
    pub(crate) fn folder(&self) -> PathBuf {
        self.base.join(self.key.folder())
    }

    fn failed(&self, path: &Path, reason: impl Into<String>) -> InferError {
        InferError::EngineCache { path: path.to_owned(), reason: reason.into() }
    }

    /// Whether the engine is there, whole and as it was written.
    ///
    /// # Errors
    /// [`InferError::EngineCache`] for one that is damaged, or of another key.
    pub(crate) fn is_ready(&self) -> Result<bool, InferError> {
        let folder = self.folder();
        if !folder.exists() {
            return Ok(false);
        }
        let path = folder.join(MANIFEST);
        let text = fs::read_to_string(&path).map_err(|e| self.failed(&folder, format!("{MANIFEST}: {e}")))?;
        let manifest: Manifest = toml::from_str(&text)
            .map_err(|e| self.failed(&folder, format!("{MANIFEST}: {}", e.message())))?;
        if manifest.key != self.key {
            return Err(self.failed(&folder, "it was built for another model, device or version"));
        }
        if manifest.files.is_empty() {
            return Err(self.failed(&folder, "it lists no files"));
        }
        for (name, expected) in &manifest.files {
            // Nothing outside the folder is opened, whatever a damaged list says.
            if Path::new(name).file_name() != Some(name.as_ref()) {
                return Err(
                    self.failed(&folder, format!("it lists {name:?}, which is not the name of a file"))
                );
            }
            let path = folder.join(name);
            let bytes = fs::read(&path).map_err(|e| self.failed(&folder, format!("{name}: {e}")))?;
            if hex(&Sha256::digest(&bytes)) != *expected {
                return Err(self.failed(&folder, format!("{name} is not as it was written")));
            }
        }
        Ok(true)
    }

    /// Has `build` write the engine's files into a folder that then becomes the engine's: if it
    /// fails, or the process ends, nothing is left that could be taken for an engine.
    ///
    /// # Errors
    /// What `build` says, and [`InferError::EngineCache`] for files that cannot be written.
    pub(crate) fn fill(&self, build: impl FnOnce(&Path) -> Result<(), InferError>) -> Result<(), InferError> {
        let io = |e: std::io::Error| self.failed(&self.base, e.to_string());
        fs::create_dir_all(&self.base).map_err(io)?;
        let unfinished =
            tempfile::Builder::new().prefix(".unfinished-").tempdir_in(&self.base).map_err(io)?;
        build(unfinished.path())?;
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(unfinished.path()).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let bytes = fs::read(&path).map_err(io)?;
            fs::File::open(&path).and_then(|f| f.sync_all()).map_err(io)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            files.insert(name, hex(&Sha256::digest(&bytes)));
        }
        if files.is_empty() {
            return Err(self.failed(&self.base, "TensorRT wrote no engine"));
        }
        let manifest = toml::to_string(&Manifest { key: self.key.clone(), files })
            .map_err(|e| self.failed(&self.base, e.to_string()))?;
        let path = unfinished.path().join(MANIFEST);
        let mut file = fs::File::create(path).map_err(io)?;
        file.write_all(manifest.as_bytes()).and_then(|()| file.sync_all()).map_err(io)?;
        match fs::rename(unfinished.path(), self.folder()) {
            // It is no longer under its old name: there is nothing to remove.
            Ok(()) => drop(unfinished.keep()),
            // Another process was faster, with the same engine.
            Err(_) if self.is_ready()? => {}
            Err(e) => return Err(io(e)),
        }
        Ok(())
    }
}

/// The user's own folder of engines.
///
/// # Errors
/// Why there is none.
pub(crate) fn usual() -> Result<PathBuf, String> {
    Ok(crate::library::cache()?.join("tensorrt"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::damage;

    fn key() -> Key {
        let text = |s: &str| s.to_owned();
        Key {
            model: text("m"),
            onnx_runtime: text("1.31.1"),
            tensorrt: text("10.9"),
            driver: text("13.0"),
            device: text("a card"),
            compute_capability: text("8.9"),
            precision: text("f32"),
            tf32_override: text(""),
            rows: 1024,
        }
    }

    fn write(folder: &Path) -> Result<(), InferError> {
        fs::write(folder.join("a.engine"), b"engine").unwrap();
        Ok(())
    }

    #[test]
    fn an_engine_is_used_for_its_own_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = EngineCache::new(folder.path().join("engines"), key());
        assert!(!cache.is_ready().unwrap());
        cache.fill(write).unwrap();
        assert!(cache.is_ready().unwrap());
        // A second process that built the same finds it there.
        cache.fill(write).unwrap();
        let changes: [fn(&mut Key); 9] = [
            |k| k.model = "n".into(),
            |k| k.onnx_runtime = "1.32".into(),
            |k| k.tensorrt = "10.10".into(),
            |k| k.driver = "13.1".into(),
            |k| k.device = "another".into(),
            |k| k.compute_capability = "9.0".into(),
            |k| k.precision = "f16".into(),
            |k| k.tf32_override = "0".into(),
            |k| k.rows = 1,
        ];
        for change in changes {
            let mut other = key();
            change(&mut other);
            assert!(!EngineCache::new(folder.path().join("engines"), other).is_ready().unwrap());
        }
        assert_eq!(fs::read_dir(folder.path().join("engines")).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn a_damaged_engine_is_an_error_with_a_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let cache = EngineCache::new(folder.path().to_owned(), key());
        type Damage = (fn(&Path), &'static str);
        let damages: [Damage; 7] = [
            (|f| fs::write(f.join("a.engine"), b"engina").unwrap(), "not as it was written"),
            (|f| fs::remove_file(f.join("a.engine")).unwrap(), "a.engine"),
            (|f| fs::remove_file(f.join(MANIFEST)).unwrap(), MANIFEST),
            (|f| fs::write(f.join(MANIFEST), b"\xff").unwrap(), MANIFEST),
            (
                |f| {
                    let text = fs::read_to_string(f.join(MANIFEST)).unwrap();
                    fs::write(f.join(MANIFEST), text.replace("a card", "b card")).unwrap();
                },
                "another model",
            ),
            (|f| rename_listed(f, "/dev/zero"), "\"/dev/zero\", which is not the name of a file"),
            (|f| rename_listed(f, "../a.engine"), "\"../a.engine\", which is not the name of a file"),
        ];
        for (damage, says) in damages {
            cache.fill(write).unwrap();
            damage(&cache.folder());
            let error = cache.is_ready().unwrap_err().to_string();
            assert!(error.contains(says) && error.contains("delete"), "{error}");
            fs::remove_dir_all(cache.folder()).unwrap();
        }
    }

    /// Has the list name its file differently.
    fn rename_listed(folder: &Path, name: &str) {
        let text = fs::read_to_string(folder.join(MANIFEST)).unwrap();
        assert!(text.contains("\"a.engine\""), "{text}");
        fs::write(folder.join(MANIFEST), text.replace("a.engine", name)).unwrap();
    }

    #[test]
    fn ten_thousand_damaged_lists_are_verified_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let cache = EngineCache::new(folder.path().to_owned(), key());
        cache
            .fill(|folder| {
                fs::write(folder.join("a.profile"), b"shapes").unwrap();
                write(folder)
            })
            .unwrap();
        let manifest = cache.folder().join(MANIFEST);
        let good = fs::read(&manifest).unwrap();
        let (mut ready, mut refused) = (0, 0);
        damage::every(std::slice::from_ref(&good), |bytes| {
            damage::replace(&manifest, bytes);
            match cache.is_ready() {
                Ok(found) => {
                    assert!(found, "the folder is there");
                    ready += 1;
                }
                Err(InferError::EngineCache { path, reason }) => {
                    assert!(path == cache.folder() && !reason.is_empty());
                    refused += 1;
                }
                Err(e) => panic!("{e:?}"),
            }
        });
        // Some damage is to spaces, or takes a whole line.
        assert!(ready > 10 && refused > 5000, "{ready} {refused}");
    }

    #[test]
    fn a_build_that_fails_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let cache = EngineCache::new(folder.path().to_owned(), key());
        let failed = cache.fill(|folder| {
            write(folder)?;
            Err(InferError::Runtime { action: "build", message: "no memory".into() })
        });
        assert!(failed.is_err() && !cache.is_ready().unwrap());
        assert!(cache.fill(|_| Ok(())).unwrap_err().to_string().contains("no engine"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
