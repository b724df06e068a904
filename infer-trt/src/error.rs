//! What can go wrong, and what to do about it.

use std::path::PathBuf;

use crate::Provider;

/// Why a session did not open or a batch did not run.
///
/// Each message names the file, node or value at fault and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InferError {
    /// A model file could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A model file is larger than the limit.
    #[error(
        "{} has {bytes} bytes, more than the limit of {limit}; raise SessionOptions::max_file_bytes if you trust the file",
        path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The limit in force.
        limit: u64,
    },
    /// A file is not a whole ONNX model: cut short, damaged or something else altogether.
    #[error("{} is not a readable ONNX model: {reason}; export or copy it again", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A well-formed model that this crate refuses as a whole: version, external data, signature.
    #[error("{} is refused: {reason}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is refused and the remedy.
        reason: String,
    },
    /// A node that the provider cannot run.
    #[error("{}: node {node} ({operator}) is not supported by provider `{provider}`: {reason}", path.display())]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Name of the node, or the name of its output.
        node: String,
        /// Operator type.
        operator: String,
        /// The provider asked for.
        provider: Box<Provider>,
        /// Why, and the remedy.
        reason: String,
    },
    /// The library behind a provider is missing, too old or not what it should be.
    #[error("provider `{provider}` is not available: {reason}; {remedy}")]
    Unavailable {
        /// The provider asked for.
        provider: Provider,
        /// What was tried and what happened.
        reason: String,
        /// What to install or set.
        remedy: String,
    },
    /// ONNX Runtime reported an error.
    #[error("ONNX Runtime failed to {action}: {message}")]
    Runtime {
        /// What was being done.
        action: &'static str,
        /// What the library said.
        message: String,
    },
    /// Another provider than the one asked for did some of the work, or none did.
    #[error(
        "provider `{provider}` was asked for, but {ran} ran; nothing falls back here: use that provider by name, or export the model without the nodes that `{provider}` lacks"
    )]
    WrongProvider {
        /// The provider asked for.
        provider: Provider,
        /// Those that ran, in ONNX Runtime's words.
        ran: String,
    },
    /// A compiled engine that cannot be used or written.
    #[error("the engine in {} cannot be used: {reason}; delete that folder, and it is built again", path.display())]
    EngineCache {
        /// The engine's folder.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The CUDA driver or the compiler of kernels reported an error.
    #[error("CUDA failed to {action}: {message}")]
    Cuda {
        /// What was being done.
        action: &'static str,
        /// What was said.
        message: String,
    },
    /// An input buffer that is not a whole number of rows.
    #[error("the input has {len} values, which is not a multiple of the {n_inputs} inputs of the model")]
    InputLength {
        /// Values given.
        len: usize,
        /// Values per row.
        n_inputs: usize,
    },
    /// An output buffer that does not fit the input.
    #[error("the output has {len} values; {rows} rows of {n_outputs} outputs need {}", rows * n_outputs)]
    OutputLength {
        /// Values given.
        len: usize,
        /// Rows in the input.
        rows: usize,
        /// Values per row.
        n_outputs: usize,
    },
    /// An option out of range.
    #[error("{option} = {value} is not usable: {reason}")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// Its value.
        value: String,
        /// What is allowed.
        reason: String,
    },
    /// A word that names no provider.
    #[error("unknown provider `{name}`; known: {}", Provider::names())]
    UnknownProvider {
        /// The word.
        name: String,
    },
}
