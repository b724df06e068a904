//! native
use crate::session::rows;
use crate::{InferError, ModelInfo, Provider, Session, onnx};
pub(crate) struct NativeSession { info: ModelInfo }
impl NativeSession { pub(crate) fn new(file: &onnx::File, _threads: usize) -> Result<Self, InferError> { Ok(Self{info: file.info.clone()}) } }
impl Session for NativeSession {
    fn run(&mut self, x: &[f32], y: &mut [f32]) -> Result<(), InferError> { rows(&self.info, x, y)?; Ok(()) }
    fn model(&self) -> &ModelInfo { &self.info }
    fn provider(&self) -> &Provider { &Provider::Native }
}
