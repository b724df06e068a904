//! The session of a network that is one kernel.

use cudarc::driver::{CudaSlice, PushKernelArg as _};

use super::{Device, Kernel, failed, grid, network};
use crate::session::rows;
use crate::{InferError, ModelInfo, Provider, Session, SessionOptions, native, onnx};

/// Rows on the device at a time if nobody says otherwise.
const CHUNK: usize = 1 << 20;

/// A network on a GPU.
pub(crate) struct FusedCudaSession {
    kernel: Kernel,
    info: ModelInfo,
    chunk: usize,
    /// Rows and results on the device, as long as the longest batch so far.
    x: CudaSlice<f32>,
    y: CudaSlice<f32>,
}

impl FusedCudaSession {
    pub(crate) fn new(file: &onnx::File, options: &SessionOptions) -> Result<Self, InferError> {
        let program = native::compile(file)?;
        let text = network::source(&program).map_err(|reason| network::refused(file, reason))?;
        let device = Device::open(options.device)?;
        let kernel = device.kernel(&text, "network")?;
        let empty = || kernel.stream.alloc_zeros::<f32>(1).map_err(failed("take memory of the device"));
        let (x, y) = (empty()?, empty()?);
        let chunk = if options.chunk == 0 { CHUNK } else { options.chunk };
        Ok(Self { kernel, info: file.info.clone(), chunk, x, y })
    }

    #[allow(unsafe_code, reason = "a kernel is started with pointers")]
    fn run_chunk(&mut self, rows: usize, x: &[f32], y: &mut [f32]) -> Result<(), InferError> {
        let stream = self.kernel.stream.clone();
        for (buffer, length) in [(&mut self.x, x.len()), (&mut self.y, y.len())] {
            if buffer.len() < length {
                *buffer = stream.alloc_zeros(length).map_err(failed("take memory of the device"))?;
            }
        }
        stream.memcpy_htod(x, &mut self.x.slice_mut(..x.len())).map_err(failed("copy to the device"))?;
        let n = rows as i64;
        let mut launch = stream.launch_builder(&self.kernel.function);
        launch.arg(&n).arg(&self.x).arg(&mut self.y);
        // SAFETY: the kernel takes a number of rows and two arrays that hold as many, just made so.
        unsafe { launch.launch(grid(rows)) }.map_err(failed("start a kernel"))?;
        stream.memcpy_dtoh(&self.y.slice(..y.len()), y).map_err(failed("copy from the device"))?;
        stream.synchronize().map_err(failed("run a kernel"))
    }
}

impl Session for FusedCudaSession {
    fn run(&mut self, x: &[f32], y: &mut [f32]) -> Result<(), InferError> {
        rows(&self.info, x, y)?;
        let (n, m) = (self.info.n_inputs, self.info.n_outputs);
        for (x, y) in x.chunks(self.chunk * n).zip(y.chunks_mut(self.chunk * m)) {
            self.run_chunk(x.len() / n, x, y)?;
        }
        Ok(())
    }

    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn provider(&self) -> &Provider {
        &Provider::FusedCuda
    }
}
