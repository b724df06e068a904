//! A network on a device.

use std::path::Path;
use std::sync::Arc;

use cudarc::driver::{CudaFunction, CudaSlice, CudaStream, LaunchConfig, PushKernelArg as _, sys};

use crate::session::rows;
use crate::{InferError, ModelInfo, Provider, native, onnx};

use super::text::{self, NAME, Text, Way};
use super::{Device, failed, now};

/// A network as one kernel, on a device.
///
/// [`open`](crate::open) with [`Provider::FusedCuda`](crate::Provider::FusedCuda) gives it as a
/// session among others; by itself it also says how it computes and what the kernel alone takes.
pub struct Network {
    function: CudaFunction,
    stream: Arc<CudaStream>,
    info: ModelInfo,
    way: Way,
    flops: usize,
    text: Text,
    weights: CudaSlice<f32>,
    /// Blocks that the device holds at a time, for kernels whose blocks prepare something.
    most_blocks: usize,
    /// Rows and results on the device, as long as the longest batch so far.
    x: CudaSlice<f32>,
    y: CudaSlice<f32>,
}

impl Network {
    /// Compiles the ONNX file `path`, of no more than `max_file_bytes`, for a device. Without a way,
    /// the faster one is taken.
    ///
    /// # Errors
    /// A file that cannot be read, is damaged, too large or refused, networks that the kernel cannot
    /// hold, [`InferError::Unavailable`] without NVIDIA's run-time compiler, [`InferError::Cuda`].
    pub fn open(
        device: &Device,
        path: impl AsRef<Path>,
        way: Option<Way>,
        max_file_bytes: u64,
    ) -> Result<Self, InferError> {
        Self::new(device, &onnx::File::read(path.as_ref(), max_file_bytes)?, way)
    }

    pub(super) fn new(device: &Device, file: &onnx::File, way: Option<Way>) -> Result<Self, InferError> {
        let program = native::compile(file, &Provider::FusedCuda)?;
        let way = way.unwrap_or_else(|| Way::of(&program, device.found.capability));
        let text = Text::new(&program, way).map_err(|reason| text::refused(file, reason))?;
        let (function, stream) = (device.function(&text.source, NAME)?, device.stream.clone());
        let mut most_blocks = usize::MAX;
        if way == Way::MatrixUnits {
            use sys::CUdevice_attribute_enum as Of;
            let shared = i32::try_from(text.shared).unwrap_or(i32::MAX);
            function
                .set_attribute(
                    sys::CUfunction_attribute_enum::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                    shared,
                )
                .map_err(failed("give the blocks of a kernel their memory"))?;
            let each = function
                .occupancy_max_active_blocks_per_multiprocessor(text.threads, text.shared as usize, None)
                .map_err(failed("ask how many blocks fit"))?;
            let units = device.context.attribute(Of::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
            let units = units.map_err(failed("ask the device"))?;
            most_blocks = (each as usize * usize::try_from(units).unwrap_or(1)).max(1);
        }
        let numbers = if text.weights.is_empty() { &[0.0][..] } else { &text.weights };
        let weights = stream.clone_htod(numbers).map_err(failed("copy to the device"))?;
        let empty = || stream.alloc_zeros::<f32>(1).map_err(failed("take memory of the device"));
        let (x, y) = (empty()?, empty()?);
        let (info, flops) = (file.info.clone(), text::flops(&program));
        Ok(Self { function, stream, info, way, flops, text, weights, most_blocks, x, y })
    }

    /// What the model file says about itself.
    pub fn model(&self) -> &ModelInfo {
        &self.info
    }

    /// How the kernel computes.
    pub fn way(&self) -> Way {
        self.way
    }

    /// Multiplications and additions for a row, without those of activations.
    pub fn flops(&self) -> usize {
        self.flops
    }

    /// Runs a batch; see [`Session::run`](crate::Session::run).
    ///
    /// # Errors
    /// As there.
    pub fn run(&mut self, x: &[f32], y: &mut [f32]) -> Result<(), InferError> {
        let n = self.load(x, y)?;
        self.start(n)?;
        self.store(y)
    }

    /// Runs a batch `times` times with rows that lie on the device. Returns the seconds of each, as the
    /// device took them: copies and waiting are not in them.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn seconds(&mut self, x: &[f32], y: &mut [f32], times: usize) -> Result<Vec<f64>, InferError> {
        let n = self.load(x, y)?;
        let mut all = Vec::with_capacity(times);
        for _ in 0..times {
            let begin = now(&self.stream)?;
            self.start(n)?;
            let ms = begin.elapsed_ms(&now(&self.stream)?).map_err(failed("take the time"))?;
            all.push(f64::from(ms) * 1e-3);
        }
        self.store(y)?;
        Ok(all)
    }

    fn load(&mut self, x: &[f32], y: &[f32]) -> Result<usize, InferError> {
        let n = rows(&self.info, x, y)?;
        for (buffer, length) in [(&mut self.x, x.len()), (&mut self.y, y.len())] {
            if buffer.len() < length {
                *buffer = self.stream.alloc_zeros(length).map_err(failed("take memory of the device"))?;
            }
        }
        if n > 0 {
            let mut to = self.x.slice_mut(..x.len());
            self.stream.memcpy_htod(x, &mut to).map_err(failed("copy to the device"))?;
        }
        Ok(n)
    }

    #[allow(unsafe_code, reason = "a kernel is started with pointers")]
    fn start(&mut self, rows: usize) -> Result<(), InferError> {
        if rows == 0 {
            return Ok(());
        }
        let blocks = rows.div_ceil(self.text.rows).min(self.most_blocks).min(1 << 30);
        let shape = LaunchConfig {
            grid_dim: (blocks as u32, 1, 1),
            block_dim: (self.text.threads, 1, 1),
            shared_mem_bytes: self.text.shared,
        };
        let n = rows as i64;
        let mut launch = self.stream.launch_builder(&self.function);
        launch.arg(&n).arg(&self.x).arg(&mut self.y);
        if self.way == Way::MatrixUnits {
            launch.arg(&self.weights);
        }
        // SAFETY: the kernel takes a number of rows, two arrays that hold as many and, for the matrix units,
        // the weights that belong to its text.
        unsafe { launch.launch(shape) }.map_err(failed("start a kernel"))?;
        Ok(())
    }

    fn store(&mut self, y: &mut [f32]) -> Result<(), InferError> {
        if !y.is_empty() {
            self.stream.memcpy_dtoh(&self.y.slice(..y.len()), y).map_err(failed("copy from the device"))?;
        }
        self.stream.synchronize().map_err(failed("run a kernel"))
    }
}
