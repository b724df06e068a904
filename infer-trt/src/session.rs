//! What every provider offers.

use std::collections::BTreeMap;
use std::path::Path;

use crate::{InferError, Provider, cuda, native, onnx, ort_cpu, ort_gpu};

/// How to open a session.
///
/// ```
/// use infer_trt::SessionOptions;
/// let options = SessionOptions::default().with_threads(1);
/// assert_eq!(options.threads, 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionOptions {
    /// Threads that one call of [`Session::run`] may use; 0 (the default) stands for as many as the
    /// machine offers. The values computed do not depend on it with the native engine.
    pub threads: usize,
    /// Rows that a library or a device gets at a time; 0 (the default) stands for 4096 rows in ONNX
    /// Runtime on the CPU, where intermediate arrays of a few thousand rows stay in cache, which is
    /// several times faster than one call with a million, 65,536 on a GPU, a million in a fused
    /// kernel. The native engine chooses tiles of its own.
    pub chunk: usize,
    /// The GPU, as the driver numbers them; 0 by default. Providers on the CPU do not ask.
    pub device: usize,
    /// Largest model file that is read, in bytes; 64 MiB by default.
    pub max_file_bytes: u64,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { threads: 0, chunk: 0, device: 0, max_file_bytes: 64 << 20 }
    }
}

impl SessionOptions {
    /// The most threads that can be asked for.
    pub const MAX_THREADS: usize = 1024;

    /// With this number of threads; 0 for as many as the machine offers.
    #[must_use]
    pub fn with_threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// With so many rows at a time; 0 for what suits the provider.
    #[must_use]
    pub fn with_chunk(mut self, rows: usize) -> Self {
        self.chunk = rows;
        self
    }

    /// With the GPU of this number.
    #[must_use]
    pub fn with_device(mut self, device: usize) -> Self {
        self.device = device;
        self
    }

    /// With this limit on the size of the model file.
    #[must_use]
    pub fn with_max_file_bytes(mut self, bytes: u64) -> Self {
        self.max_file_bytes = bytes;
        self
    }

    /// The number of rows at a time that is meant: unless one was given, so many, or fewer where a row
    /// is so wide that they would have more than so many values.
    pub(crate) fn resolved_chunk(&self, model: &ModelInfo, rows: usize, values: usize) -> usize {
        match self.chunk {
            0 => (values / model.n_inputs.max(model.n_outputs)).clamp(1, rows),
            chunk => chunk,
        }
    }

    /// The number of threads meant, 0 resolved.
    pub(crate) fn resolved_threads(&self) -> Result<usize, InferError> {
        match self.threads {
            0 => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
            n if n <= Self::MAX_THREADS => Ok(n),
            n => Err(InferError::Option {
                option: "threads",
                value: n.to_string(),
                reason: format!("give 0 (all) to {}", Self::MAX_THREADS),
            }),
        }
    }
}

/// What a model file says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelInfo {
    /// Values per row of the input: the product of [`input_shape`](ModelInfo::input_shape).
    pub n_inputs: usize,
    /// Values per row of the output.
    pub n_outputs: usize,
    /// The shape of a row of the input, without the batch: `[columns]` for a network over rows,
    /// `[points, channels]` for an operator over functions of time.
    pub input_shape: Vec<usize>,
    /// The shape of a row of the output, likewise.
    pub output_shape: Vec<usize>,
    /// Version of the default operator set.
    pub opset: i64,
    /// Version of the ONNX file format.
    pub ir_version: i64,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// Metadata properties, as the file has them: who wrote it, names and units of the columns.
    pub metadata: BTreeMap<String, String>,
}

/// A loaded network.
///
/// Rows are independent: a batch gives the same values as its rows one by one, up to the rounding
/// of the provider (exactly with the native engine).
pub trait Session: Send {
    /// Runs a batch of any number of rows, 0 included.
    ///
    /// `x` holds [`n_inputs`](Session::n_inputs) values per row and `y` receives
    /// [`n_outputs`](Session::n_outputs) per row, row after row, in the units of the model's
    /// columns. A NaN in a row of `x` makes the outputs of that row NaN (where they depend on it)
    /// and touches no other row.
    ///
    /// # Errors
    /// [`InferError::InputLength`] or [`InferError::OutputLength`] if the buffers do not fit (`y`
    /// is then untouched), [`InferError::Runtime`] if the provider's library fails.
    fn run(&mut self, x: &[f32], y: &mut [f32]) -> Result<(), InferError>;

    /// Runs a batch of so many rows of zeros, and forgets the results: what the first batch of a size
    /// costs more than others (memory, kernels that are compiled or chosen) is then paid for.
    ///
    /// # Errors
    /// As [`run`](Session::run).
    fn warm_up(&mut self, rows: usize) -> Result<(), InferError> {
        let x = vec![0.0; rows.saturating_mul(self.n_inputs())];
        let mut y = vec![0.0; rows.saturating_mul(self.n_outputs())];
        self.run(&x, &mut y)
    }

    /// What the model file says about itself.
    fn model(&self) -> &ModelInfo;

    /// The provider that runs: the one that was asked for.
    fn provider(&self) -> &Provider;

    /// Values per row of the input.
    fn n_inputs(&self) -> usize {
        self.model().n_inputs
    }

    /// Values per row of the output.
    fn n_outputs(&self) -> usize {
        self.model().n_outputs
    }
}

/// Opens the ONNX file `path` on `provider`.
///
/// The file must have one float32 input `[batch, n]` and one float32 output `[batch, m]`, weights
/// inside, IR version 3 to 13 and a default operator set 7 to 26. Normalisation, if any, is part of
/// the graph. Where a row has two or three dimensions, as the functions that an operator takes have, its values
/// follow each other, the last dimension fastest. ONNX Runtime's providers run such models, and
/// [`Provider::Native`] those that are Fourier neural operators, with rows of points and channels.
///
/// # Errors
/// A file that cannot be read, is damaged, too large or refused; a graph that the provider cannot
/// run; a provider whose library is missing: see [`InferError`]. There is no fallback.
pub fn open(
    path: impl AsRef<Path>,
    provider: &Provider,
    options: &SessionOptions,
) -> Result<Box<dyn Session>, InferError> {
    let path = path.as_ref();
    let threads = options.resolved_threads()?;
    let file = onnx::File::read(path, options.max_file_bytes)?;
    Ok(match provider {
        Provider::Native if file.info.input_shape.len() == 1 && file.info.output_shape.len() == 1 => {
            Box::new(native::NativeSession::new(&file, threads)?)
        }
        Provider::Native => Box::new(native::OperatorSession::new(&file, threads)?),
        Provider::NativeBf16 => Box::new(native::NativeSession::bf16(&file, threads)?),
        Provider::OrtCpu => Box::new(ort_cpu::OrtCpuSession::new(&file, options, threads)?),
        Provider::OrtCuda | Provider::TensorRt { .. } => {
            Box::new(ort_gpu::OrtGpuSession::new(&file, provider, options, threads)?)
        }
        Provider::FusedCuda => Box::new(cuda::session::FusedCudaSession::new(&file, options)?),
    })
}

/// The shape of a tensor of so many rows, as ONNX Runtime takes it.
pub(crate) fn tensor_shape(rows: usize, row: &[usize]) -> Vec<i64> {
    std::iter::once(rows).chain(row.iter().copied()).map(|n| n as i64).collect()
}

/// The number of rows in a batch whose buffers fit the model.
pub(crate) fn rows(model: &ModelInfo, x: &[f32], y: &[f32]) -> Result<usize, InferError> {
    let (n_inputs, n_outputs) = (model.n_inputs, model.n_outputs);
    if !x.len().is_multiple_of(n_inputs) {
        return Err(InferError::InputLength { len: x.len(), n_inputs });
    }
    let rows = x.len() / n_inputs;
    if rows.checked_mul(n_outputs) != Some(y.len()) {
        return Err(InferError::OutputLength { len: y.len(), rows, n_outputs });
    }
    Ok(rows)
}
