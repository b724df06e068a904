//! Trainings on disk: everything that the next iteration depends on, in one safetensors file.
//!
//! The tensors of each kind of training, and the entry of the metadata that holds its header, stand with the training:
//! `checkpoint.rs` of its folder. All have the history, one column a tensor: `history.iteration` (U64), and one of F64
//! for each field of a record.

use core::fmt;
use std::path::{Path, PathBuf};

use safetensors::SafeTensors;

use crate::sealed::{self, Column, Header, Row};
use crate::{Error, Training};

/// A training that has files: what they hold of it. (`pub`, as [`Checkpoint`] names it; nobody outside can.)
pub trait Stored: Training<Record: Row> {
    /// The header of its files.
    type Header: Header;
    /// What the next iteration depends on, beside settings, network and history.
    type State;
    /// What it learns from, in words, and what is done where a file has learned from something else.
    const DATA: (&'static str, &'static str);

    /// SHA-256 of what it learns from.
    fn data_sha256(&self) -> &str;

    /// The header of its file, without the hash.
    fn header(&self) -> Self::Header;

    /// Every tensor of its file but the history.
    fn columns(&self) -> Vec<Column>;

    /// What a file holds, or what is wrong with it.
    fn parse(header: Self::Header, file: &SafeTensors<'_>) -> Result<Contents<Self>, String>;

    /// Takes what a file holds. Settings and data are those of the file; `bad` makes an error of what else is wrong.
    fn restore(
        &mut self,
        from: Contents<Self>,
        history: Vec<Self::Record>,
        bad: impl Fn(&str) -> Error,
    ) -> Result<(), Error>;
}

/// What a file holds beside the history.
pub struct Contents<T: Stored> {
    pub(crate) config: T::Config,
    pub(crate) data_sha256: String,
    pub(crate) iteration: u64,
    pub(crate) network: T::Network,
    pub(crate) state: T::State,
}

/// The file of a [`Training`] in memory: read, verified, and not yet joined to its data.
///
/// `T` is the training, as in `Checkpoint::<MapTrainer>::open`.
pub struct Checkpoint<T: Stored> {
    path: PathBuf,
    sha256: String,
    contents: Contents<T>,
    history: Vec<T::Record>,
}

impl<T: Stored> Checkpoint<T> {
    /// Reads a checkpoint and verifies its hash.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be read, [`Error::BadCheckpoint`] if it is cut short, altered, of another
    /// format, or something else altogether.
    pub fn open(path: &Path) -> Result<Self, Error> {
        sealed::read(path, |bytes| {
            let (mut header, file) = sealed::parse::<T::Header>(bytes)?;
            let sha256 = header.sha256().clone();
            let contents = T::parse(header, &file)?;
            let history = sealed::read_history(&file)?;
            Ok(Self { path: path.to_owned(), sha256, contents, history })
        })
    }

    /// The settings of the training.
    pub fn config(&self) -> &T::Config {
        &self.contents.config
    }

    /// How many iterations were done.
    pub fn iteration(&self) -> u64 {
        self.contents.iteration
    }

    /// The network as it was.
    pub fn network(&self) -> &T::Network {
        &self.contents.network
    }

    /// The records made so far.
    pub fn history(&self) -> &[T::Record] {
        &self.history
    }

    /// SHA-256 of the content, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

impl<T: Stored> fmt::Debug for Checkpoint<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, sha256, contents, .. } = self;
        let mut out = f.debug_struct("Checkpoint");
        out.field("path", path).field("sha256", sha256).field("iteration", &contents.iteration);
        out.finish_non_exhaustive()
    }
}

/// Writes the file of a training.
///
/// # Errors
/// [`Error::Io`] if it cannot be written.
pub(crate) fn save<T: Stored>(training: &T, path: &Path) -> Result<(), Error> {
    let mut columns = training.columns();
    columns.extend(sealed::history(training.history()));
    sealed::write(path, training.header(), &columns)
}

/// The training of a file, at which `new` begins it, where the file was written.
///
/// # Errors
/// Those of [`Checkpoint::open`] and of `new`; [`Error::OtherTraining`] if settings or data are not those of the file.
pub(crate) fn resume<T: Stored<Config: PartialEq + serde::Serialize>>(
    path: &Path,
    config: T::Config,
    new: impl FnOnce(T::Config) -> Result<T, Error>,
) -> Result<T, Error> {
    let Checkpoint { contents, history, .. } = Checkpoint::<T>::open(path)?;
    sealed::same_settings(path, &config, &contents.config)?;
    let mut training = new(config)?;
    if training.data_sha256() != contents.data_sha256 {
        let (what, remedy) = T::DATA;
        return Err(sealed::other_training(path, what, remedy));
    }
    let bad = |reason: &str| Error::BadCheckpoint { path: path.to_owned(), reason: reason.to_owned() };
    training.restore(contents, history, bad)?;
    Ok(training)
}
