//! ONNX Runtime on the CPU.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::ep;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;

use crate::session::{rows, tensor_shape};
use crate::{InferError, ModelInfo, Provider, Session, SessionOptions, library, onnx};

/// Rows handed over at a time if nobody says otherwise, and values of them.
const CHUNK: usize = 4096;
const CHUNK_VALUES: usize = 1 << 16;

/// The library, once loaded: a process loads one and keeps it.
static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);

/// A loaded library.
#[derive(Clone)]
pub(crate) struct Loaded {
    pub(crate) environment: Environment,
    pub(crate) path: PathBuf,
    pub(crate) version: String,
}

/// Loads the library, once per process.
pub(crate) fn load() -> Result<Loaded, InferError> {
    load_for(&Provider::OrtCpu)
}

/// Loads the library, once per process, for a provider.
pub(crate) fn load_for(provider: &Provider) -> Result<Loaded, InferError> {
    let unavailable = |reason: String| InferError::Unavailable {
        provider: provider.clone(),
        reason,
        remedy: library::remedy(),
    };
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(loaded) = &*loaded {
        return Ok(loaded.clone());
    }
    let place = library::place().map_err(unavailable)?;
    let named = if place.by_user { "ORT_DYLIB_PATH names " } else { "" };
    // A bare or relative name would be searched beside the program and by the system.
    let path = std::path::absolute(&place.path)
        .map_err(|e| unavailable(format!("{named}{}: {e}", place.path.display())))?;
    if !path.is_file() {
        return Err(unavailable(format!("{named}{}, which is not there", path.display())));
    }
    let failed = |e: String| unavailable(format!("{named}{}: {e}", path.display()));
    let opened = library::Opened::new(&path).map_err(failed)?;
    let environment = ort::init_from(&path)
        .map_err(|e| failed(e.to_string()))?
        .with_name("infer-trt")
        .with_telemetry(false)
        .build()
        .map_err(|e| failed(e.to_string()))?;
    let new = Loaded { environment, path: path.clone(), version: opened.version };
    *loaded = Some(new.clone());
    Ok(new)
}

/// A network in ONNX Runtime.
pub(crate) struct OrtCpuSession {
    session: ort::session::Session,
    input: String,
    info: ModelInfo,
    chunk: usize,
}

impl OrtCpuSession {
    pub(crate) fn new(
        file: &onnx::File,
        options: &SessionOptions,
        threads: usize,
    ) -> Result<Self, InferError> {
        let loaded = load()?;
        let session = build(&loaded.environment, &file.bytes, threads).map_err(|e| InferError::Runtime {
            action: "open the model",
            message: format!("{} ({})", e, file.path.display()),
        })?;
        let chunk = options.resolved_chunk(&file.info, CHUNK, CHUNK_VALUES);
        Ok(Self { session, input: file.input.clone(), info: file.info.clone(), chunk })
    }

    fn run_chunk(&mut self, rows: usize, x: &[f32], y: &mut [f32]) -> Result<(), InferError> {
        let failed = |e: ort::Error| InferError::Runtime { action: "run the model", message: e.to_string() };
        let x =
            TensorRef::from_array_view((tensor_shape(rows, &self.info.input_shape), x)).map_err(failed)?;
        let outputs = self.session.run(ort::inputs![self.input.as_str() => x]).map_err(failed)?;
        let (shape, values) = outputs[0].try_extract_tensor::<f32>().map_err(failed)?;
        let expected = tensor_shape(rows, &self.info.output_shape);
        if **shape != *expected {
            return Err(InferError::Runtime {
                action: "run the model",
                message: format!("the output has shape {shape:?}, not the declared {expected:?}"),
            });
        }
        y.copy_from_slice(values);
        Ok(())
    }
}

fn build(
    environment: &Environment,
    model: &[u8],
    threads: usize,
) -> Result<ort::session::Session, ort::Error> {
    ort::session::Session::builder(environment)?
        .with_execution_providers([ep::CPU::default().build().error_on_failure()])?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(threads)?
        .with_inter_threads(1)?
        .commit_from_memory(model)
}

impl Session for OrtCpuSession {
    fn run(&mut self, x: &[f32], y: &mut [f32]) -> Result<(), InferError> {
        rows(&self.info, x, y)?;
        let (n, m) = (self.info.n_inputs, self.info.n_outputs);
        let chunk = self.chunk.min(x.len() / n).max(1);
        for (x, y) in x.chunks(chunk * n).zip(y.chunks_mut(chunk * m)) {
            self.run_chunk(x.len() / n, x, y)?;
        }
        Ok(())
    }

    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn provider(&self) -> &Provider {
        &Provider::OrtCpu
    }
}
