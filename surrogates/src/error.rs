//! What can go wrong.

use std::path::PathBuf;

/// Every error of this crate. Each names the value, the place, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The name of an activation is not one of ours.
    #[error("unknown activation `{name}`: use SiLU, Tanh, ELU, ReLU, Sin, GELU or LeakyReLU")]
    UnknownActivation {
        /// The name as given.
        name: String,
    },
    /// A hidden layer's text cannot be read.
    #[error("cannot read the layer `{layer}`: {reason}; write an activation and a width, as in `SiLU32`")]
    BadLayer {
        /// The text as given.
        layer: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A width of the network is out of range.
    #[error("{what}: {value} is not from 1 to {max}")]
    BadSpec {
        /// Which number.
        what: &'static str,
        /// Its value.
        value: usize,
        /// The largest value accepted.
        max: usize,
    },
    /// An array does not have the length that the shapes ask for.
    #[error("{what} has {found} numbers where {expected} are needed")]
    BadLength {
        /// Which array.
        what: String,
        /// Its length.
        found: usize,
        /// The length needed.
        expected: usize,
    },
    /// A table of data has no rows.
    #[error("{what} has no rows")]
    Empty {
        /// Which table.
        what: String,
    },
    /// A number in the data is NaN or infinite.
    #[error("{what}: row {row}, column {column} is {value}; every number must be finite")]
    NotFiniteData {
        /// Which table.
        what: String,
        /// The row.
        row: usize,
        /// The column.
        column: usize,
        /// The value found.
        value: f64,
    },
    /// A setting is out of range.
    #[error("setting `{name}` is {value}: {reason}")]
    BadConfig {
        /// The setting.
        name: String,
        /// Its value.
        value: String,
        /// What it must be.
        reason: String,
    },
    /// A loss, a gradient or a validation error became NaN or infinite.
    #[error("iteration {iteration}: {what} is {value}; lower the learning rate or look at the data's scale")]
    NotFinite {
        /// The iteration, counted from 1.
        iteration: u64,
        /// What is not finite.
        what: String,
        /// The value.
        value: f64,
    },
    /// A trajectory left the numbers that can be worked with, and nothing that was configured against it
    /// helped.
    #[error(
        "iteration {iteration}: the trajectory diverges at {source}; shorten the step, the window or the \
         learning rate, or choose another answer to divergence"
    )]
    Diverged {
        /// The iteration, counted from 1.
        iteration: u64,
        /// Where.
        source: crate::neural_ode::Divergence,
    },
    /// A file cannot be read or written.
    #[error(
        "{path}: {source}; check that the folder is there and may be used, and that the disk is not full"
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason given by the system.
        source: std::io::Error,
    },
    /// A checkpoint is cut short, altered, or no checkpoint at all.
    #[error("{path} is not a whole checkpoint: {reason}; use an older one or train anew")]
    BadCheckpoint {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A checkpoint belongs to another training.
    #[error("{path} is a checkpoint of another training: its {what} differs; {remedy}")]
    OtherTraining {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// The data set does not have the columns that are needed.
    #[error("data set: {reason}")]
    BadDataset {
        /// What is wrong.
        reason: String,
    },
    /// The training framework reports a failure: out of memory.
    #[error("training framework: {0}")]
    Framework(String),
}

impl Error {
    pub(crate) fn config(name: &str, value: impl ToString, reason: impl Into<String>) -> Self {
        Self::BadConfig { name: name.to_owned(), value: value.to_string(), reason: reason.into() }
    }

    pub(crate) fn not_finite(iteration: u64, what: &str, value: f64) -> Self {
        Self::NotFinite { iteration, what: what.to_owned(), value }
    }

    pub(crate) fn io(path: &std::path::Path, source: std::io::Error) -> Self {
        Self::Io { path: path.to_owned(), source }
    }
}

impl From<dfdx::tensor::CpuError> for Error {
    fn from(e: dfdx::tensor::CpuError) -> Self {
        Self::Framework(e.to_string())
    }
}
