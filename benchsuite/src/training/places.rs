//! Where a run has its networks.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::{Error, files};

/// Where a run has what it trains: a folder for each network, and the exported files of all side by side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places<'a> {
    run: &'a Path,
    /// The folder of their folders.
    all: &'static str,
    /// What one of them is called.
    what: &'static str,
}

impl<'a> Places<'a> {
    /// In the folder of a run, under `all`; messages call each a `what`.
    pub(crate) fn new(run: &'a Path, all: &'static str, what: &'static str) -> Self {
        Places { run, all, what }
    }

    /// The folder of a network.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.run.join(self.all).join(name)
    }

    /// All that it takes to go on with its training.
    pub(crate) fn checkpoint(&self, name: &str) -> PathBuf {
        self.folder(name).join("checkpoint.safetensors")
    }

    /// What came out, once it is trained.
    pub(crate) fn result(&self, name: &str) -> PathBuf {
        self.folder(name).join("result.json")
    }

    /// Its exported file.
    pub(crate) fn model(&self, name: &str) -> PathBuf {
        self.models().join(format!("{name}.onnx"))
    }

    fn models(&self) -> PathBuf {
        self.run.join("models")
    }

    /// Whether an earlier start finished a network.
    pub(crate) fn is_finished(&self, name: &str) -> bool {
        self.result(name).exists()
    }

    /// Creates the folders of a network and of the exported files, unless they are there.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(crate) fn create(&self, name: &str) -> Result<(), Error> {
        files::create_folder(&self.folder(name))?;
        files::create_folder(&self.models())
    }

    /// How to have a network trained again.
    pub(crate) fn again(&self, name: &str) -> String {
        format!("delete {} to train the {} again", self.folder(name).display(), self.what)
    }

    /// The result of an earlier start, if there is one and the exported file is still the one that was judged.
    /// `sha256` is what the result says of the file.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`] for a result that is there and cannot be used, or has another file.
    pub(crate) fn earlier<T: DeserializeOwned>(
        &self,
        name: &str,
        sha256: impl Fn(&T) -> &str,
    ) -> Result<Option<T>, Error> {
        if !self.is_finished(name) {
            return Ok(None);
        }
        let again = self.again(name);
        let trained: T = files::read_json(&self.result(name), &again)?;
        let model = self.model(name);
        let remedy = "delete the network's folder under networks/ to train it again";
        if files::sha256_of(&model, remedy)? == sha256(&trained) {
            return Ok(Some(trained));
        }
        let why = "its SHA-256 is not the one in result.json".to_owned();
        Err(Error::Damaged { path: model, why, remedy: again })
    }
}
