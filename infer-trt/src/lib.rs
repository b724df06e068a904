//! Inference sessions for small networks in ONNX files, on an explicit provider.

mod error;
mod library;
mod native;
mod onnx;
mod ort_cpu;
pub mod probe;
mod provider;
mod session;

pub use error::InferError;
pub use provider::Provider;
pub use session::{ModelInfo, Session, SessionOptions, open};
