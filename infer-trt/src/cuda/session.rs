//! The session of a network that is one kernel.

use super::{Device, Network};
use crate::session::rows;
use crate::{InferError, ModelInfo, Provider, Session, SessionOptions, onnx};

/// Rows on the device at a time if nobody says otherwise.
const CHUNK: usize = 1 << 20;

/// A network on a GPU.
pub(crate) struct FusedCudaSession {
    network: Network,
    chunk: usize,
}

impl FusedCudaSession {
    pub(crate) fn new(file: &onnx::File, options: &SessionOptions) -> Result<Self, InferError> {
        let network = Network::new(&Device::open(options.device)?, file, None)?;
        Ok(Self { network, chunk: if options.chunk == 0 { CHUNK } else { options.chunk } })
    }
}

impl Session for FusedCudaSession {
    fn run(&mut self, x: &[f32], y: &mut [f32]) -> Result<(), InferError> {
        rows(self.model(), x, y)?;
        let (n, m) = (self.n_inputs(), self.n_outputs());
        // No more than there are: products of sizes fit.
        let chunk = self.chunk.min(x.len() / n).max(1);
        for (x, y) in x.chunks(chunk * n).zip(y.chunks_mut(chunk * m)) {
            self.network.run(x, y)?;
        }
        Ok(())
    }

    fn model(&self) -> &ModelInfo {
        self.network.model()
    }

    fn provider(&self) -> &Provider {
        &Provider::FusedCuda
    }
}
