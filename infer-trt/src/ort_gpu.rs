//! ONNX Runtime on a GPU: its CUDA provider, and TensorRT.

use std::path::{Path, PathBuf};

use ort::environment::Environment;
use ort::ep::{self, ExecutionProviderDispatch};
use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::builder::GraphOptimizationLevel;
use ort::value::Tensor;

use crate::cuda::driver;
use crate::engine_cache::{self, EngineCache, Key};
use crate::session::{rows, tensor_shape};
use crate::{
    InferError, ModelInfo, Precision, Provider, Session, SessionOptions, onnx, ort_cpu, ort_ran, probe,
};

/// Rows handed over at a time if nobody says otherwise, and values of them.
const CHUNK: usize = 1 << 16;
const CHUNK_VALUES: usize = 1 << 22;

/// The environment variable by which NVIDIA's libraries are told whether to round factors to TF32. ONNX
/// Runtime has no option for TensorRT (<https://github.com/microsoft/onnxruntime/issues/26029>).
const TF32_OVERRIDE: &str = "NVIDIA_TF32_OVERRIDE";

/// A network in ONNX Runtime on a GPU.
pub(crate) struct OrtGpuSession {
    // Before the session: they are memory of its allocator.
    buffers: Option<Buffers>,
    session: ort::session::Session,
    memory: Memory,
    input: String,
    output: String,
    info: ModelInfo,
    provider: Provider,
    chunk: usize,
}

/// Memory for the rows of a batch, kept from batch to batch.
struct Buffers {
    rows: usize,
    x: Tensor<f32>,
}

/// Where batches wait for the device.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Memory {
    /// Pages that the device reads and writes itself.
    Pinned(i32),
    /// Any: how this file is tested without a GPU.
    #[cfg(test)]
    Plain,
}

impl Memory {
    fn info(self) -> Result<MemoryInfo<'static>, ort::Error> {
        let (device, ordinal, kind) = match self {
            Memory::Pinned(ordinal) => (AllocationDevice::CUDA_PINNED, ordinal, MemoryType::CPUOutput),
            #[cfg(test)]
            Memory::Plain => (AllocationDevice::CPU, 0, MemoryType::Default),
        };
        MemoryInfo::new(device, ordinal, AllocatorType::Device, kind)
    }
}

/// The words of ONNX Runtime for who runs.
fn word(provider: &Provider) -> &'static str {
    match provider {
        Provider::TensorRt { .. } => "TensorrtExecutionProvider",
        _ => "CUDAExecutionProvider",
    }
}

/// Checks that ONNX Runtime's library has the provider's part beside it.
fn part_of_library(provider: &Provider, library: &Path) -> Result<(), InferError> {
    let part = match provider {
        Provider::TensorRt { .. } => "onnxruntime_providers_tensorrt",
        _ => "onnxruntime_providers_cuda",
    };
    let name = format!("{}{part}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let place = library.parent().unwrap_or(Path::new(".")).join(&name);
    if place.is_file() {
        return Ok(());
    }
    Err(InferError::Unavailable {
        provider: provider.clone(),
        reason: format!("{} is a build for CPUs: {name} is not beside it", library.display()),
        remedy: "set ORT_DYLIB_PATH to the library of the GPU build (package onnxruntime-gpu)".to_owned(),
    })
}

/// What a session needs that is the same each time it is built.
struct Plan<'a> {
    environment: Environment,
    file: &'a onnx::File,
    provider: Provider,
    device: i32,
    chunk: usize,
    threads: usize,
}

impl Plan<'_> {
    fn provider(&self, engines: Option<&Path>) -> ExecutionProviderDispatch {
        let Provider::TensorRt { precision, .. } = &self.provider else {
            // Unless told otherwise, ONNX Runtime rounds factors to TF32 (10 bits after the point), whatever
            // `ort` says: https://onnxruntime.ai/docs/execution-providers/CUDA-ExecutionProvider.html#use_tf32
            let cuda = ep::CUDA::default().with_device_id(self.device).with_tf32(false);
            return cuda.build().error_on_failure();
        };
        let shape = |rows| {
            let dims = tensor_shape(rows, &self.file.info.input_shape);
            let dims: Vec<String> = dims.iter().map(i64::to_string).collect();
            format!("{}:{}", self.file.input, dims.join("x"))
        };
        let mut tensorrt = ep::TensorRT::default()
            .with_device_id(self.device)
            .with_fp16(*precision == Precision::F16)
            .with_bf16(*precision == Precision::Bf16)
            .with_profile_min_shapes(shape(1))
            .with_profile_opt_shapes(shape(self.chunk))
            .with_profile_max_shapes(shape(self.chunk));
        if let Some(engines) = engines {
            tensorrt = tensorrt.with_engine_cache(true).with_engine_cache_path(engines.display());
        }
        tensorrt.build().error_on_failure()
    }

    fn build(
        &self,
        engines: Option<&Path>,
        profile: Option<&Path>,
    ) -> Result<ort::session::Session, InferError> {
        self.build_with(self.provider(engines), true, profile)
    }

    fn build_with(
        &self,
        provider: ExecutionProviderDispatch,
        alone: bool,
        profile: Option<&Path>,
    ) -> Result<ort::session::Session, InferError> {
        let built = || {
            let mut builder = ort::session::Session::builder(&self.environment)?
                .with_execution_providers([provider])?
                .with_optimization_level(GraphOptimizationLevel::All)?
                .with_intra_threads(self.threads)?
                .with_inter_threads(1)?;
            if alone {
                builder = builder.with_disable_cpu_fallback()?;
            }
            if let Some(profile) = profile {
                builder = builder.with_profiling(profile)?;
            }
            builder.commit_from_memory(&self.file.bytes)
        };
        built().map_err(|e: ort::Error| InferError::Runtime {
            action: "open the model on the GPU",
            message: format!("{e} ({})", self.file.path.display()),
        })
    }
}

impl OrtGpuSession {
    pub(crate) fn new(
        file: &onnx::File,
        provider: &Provider,
        options: &SessionOptions,
        threads: usize,
    ) -> Result<Self, InferError> {
        let loaded = ort_cpu::load_for(provider)?;
        part_of_library(provider, &loaded.path)?;
        let (driver, found) = driver::device(provider, options.device)?;
        let device = i32::try_from(options.device).unwrap_or(i32::MAX);
        let chunk = options.resolved_chunk(&file.info, CHUNK, CHUNK_VALUES);
        let plan = Plan {
            environment: loaded.environment,
            file,
            provider: provider.clone(),
            device,
            chunk,
            threads,
        };
        let mut engines = None;
        if let Provider::TensorRt { precision, cache } = provider {
            let missing = |reason: String, remedy: &str| InferError::Unavailable {
                provider: provider.clone(),
                reason,
                remedy: remedy.to_owned(),
            };
            let version = match probe::tensorrt().status {
                probe::Status::Present(version) => version,
                probe::Status::Missing { reason, remedy } => return Err(missing(reason, &remedy)),
            };
            let base = match cache {
                Some(folder) => Ok::<PathBuf, String>(folder.clone()),
                None => engine_cache::usual(),
            };
            let base = base.map_err(|e| missing(e, "name a folder for engines in Provider::TensorRt"))?;
            let cache = EngineCache::new(
                base,
                Key {
                    model: file.info.sha256.clone(),
                    onnx_runtime: loaded.version,
                    tensorrt: version,
                    driver: driver.version.to_string(),
                    device: found.name,
                    compute_capability: format!("{}.{}", found.capability.0, found.capability.1),
                    precision: precision.name().to_owned(),
                    tf32_override: std::env::var_os(TF32_OVERRIDE)
                        .map(|value| value.to_string_lossy().into_owned())
                        .unwrap_or_default(),
                    rows: chunk,
                },
            );
            if !cache.is_ready()? {
                cache.fill(|folder| {
                    // The engine is compiled by the first batch at the latest.
                    let mut session =
                        Self::over(&plan, plan.build(Some(folder), None)?, Memory::Pinned(device));
                    session.warm_up(1)
                })?;
            }
            engines = Some(cache.folder());
        }
        let build = |profile: &Path| plan.build(engines.as_deref(), Some(profile));
        ort_ran::verify(provider, word(provider), (&file.input, &file.info.input_shape), build)?;
        let session = plan.build(engines.as_deref(), None)?;
        Ok(Self::over(&plan, session, Memory::Pinned(device)))
    }

    fn over(plan: &Plan<'_>, session: ort::session::Session, memory: Memory) -> Self {
        Self {
            buffers: None,
            session,
            memory,
            input: plan.file.input.clone(),
            output: plan.file.output.clone(),
            info: plan.file.info.clone(),
            provider: plan.provider.clone(),
            chunk: plan.chunk,
        }
    }

    /// Memory for so many rows, that of the last batch if it had as many.
    fn buffers(&mut self, rows: usize) -> Result<Buffers, ort::Error> {
        if let Some(buffers) = self.buffers.take_if(|b| b.rows == rows) {
            return Ok(buffers);
        }
        let allocator = Allocator::new(&self.session, self.memory.info()?)?;
        Ok(Buffers { rows, x: Tensor::new(&allocator, tensor_shape(rows, &self.info.input_shape))? })
    }

    fn run_chunk(&mut self, rows: usize, x: &[f32], y: &mut [f32]) -> Result<(), ort::Error> {
        let mut buffers = self.buffers(rows)?;
        buffers.x.try_extract_tensor_mut::<f32>()?.1.copy_from_slice(x);
        let mut binding = self.session.create_binding()?;
        binding.bind_input(self.input.as_str(), &buffers.x)?;
        // ONNX Runtime 1.31 refuses an output in memory of the caller's that the device can read: it
        // takes it for its own and then finds nothing to copy. Memory of the same kind, but its own, it
        // keeps from batch to batch.
        binding.bind_output_to_device(self.output.as_str(), &self.memory.info()?)?;
        let outputs = self.session.run_binding(&binding)?;
        binding.synchronize_outputs()?;
        let values = outputs[0].try_extract_tensor::<f32>()?.1;
        if values.len() != y.len() {
            let why = format!("the output has {} values, not the declared {}", values.len(), y.len());
            return Err(ort::Error::new(why));
        }
        y.copy_from_slice(values);
        drop(outputs);
        drop(binding);
        self.buffers = Some(buffers);
        Ok(())
    }
}

impl Session for OrtGpuSession {
    fn run(&mut self, x: &[f32], y: &mut [f32]) -> Result<(), InferError> {
        rows(&self.info, x, y)?;
        let (n, m) = (self.info.n_inputs, self.info.n_outputs);
        let chunk = self.chunk.min(x.len() / n).max(1);
        for (x, y) in x.chunks(chunk * n).zip(y.chunks_mut(chunk * m)) {
            self.run_chunk(x.len() / n, x, y).map_err(|e| InferError::Runtime {
                action: "run the model on the GPU",
                message: e.to_string(),
            })?;
        }
        Ok(())
    }

    fn model(&self) -> &ModelInfo {
        &self.info
    }

    fn provider(&self) -> &Provider {
        &self.provider
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(file: &onnx::File) -> Plan<'_> {
        let loaded = ort_cpu::load_for(&Provider::OrtCpu).unwrap();
        Plan {
            environment: loaded.environment,
            file,
            provider: Provider::OrtCuda,
            device: 0,
            chunk: 3,
            threads: 1,
        }
    }

    fn larger() -> onnx::File {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/larger.onnx");
        onnx::File::read(Path::new(path), 1 << 20).unwrap()
    }

    /// Binding, batching and the profile on the CPU: all but the device.
    #[test]
    #[ignore = "needs ONNX Runtime: cargo xtask setup onnxruntime"]
    fn bound_memory_gives_what_the_model_says_and_the_profile_says_who_ran() {
        let file = larger();
        let plan = plan(&file);
        let cpu = || ep::CPU::default().build().error_on_failure();
        let session = plan.build_with(cpu(), false, None).unwrap();
        let mut session = OrtGpuSession::over(&plan, session, Memory::Plain);
        session.warm_up(3).unwrap();
        // Batches of three, three and one rows.
        let x = [1.0, 2.0, -1.0, -3.0, 0.5, 0.25, 7.0, 8.0, 9.0, -9.0, 0.0, 1.0, 5.0, 4.0];
        for _ in 0..2 {
            let mut y = [0.0; 7];
            session.run(&x, &mut y).unwrap();
            assert_eq!(y, [2.0, -1.0, 0.5, 8.0, 9.0, 1.0, 5.0]);
        }
        let verify = |expected| {
            let build = |profile: &Path| plan.build_with(cpu(), false, Some(profile));
            ort_ran::verify(&Provider::OrtCuda, expected, (&file.input, &[2]), build)
        };
        verify("CPUExecutionProvider").unwrap();
        let error = verify(word(&Provider::OrtCuda)).unwrap_err();
        assert!(
            matches!(&error, InferError::WrongProvider { ran, .. } if ran == "CPUExecutionProvider"),
            "{error}"
        );
    }

    /// The library for CPUs refuses to open a model on a GPU, whatever it has been told before.
    #[test]
    #[ignore = "needs ONNX Runtime: cargo xtask setup onnxruntime"]
    fn a_library_for_cpus_is_an_error_with_a_remedy() {
        let file = larger();
        let plan = plan(&file);
        for provider in [Provider::OrtCuda, Provider::TensorRt { precision: Precision::F16, cache: None }] {
            let error = OrtGpuSession::new(&file, &provider, &SessionOptions::default(), 1).err().unwrap();
            assert!(
                matches!(&error, InferError::Unavailable { provider: p, .. } if *p == provider),
                "{error}"
            );
            assert!(error.to_string().contains("onnxruntime-gpu"), "{error}");
            let plan = Plan { provider, environment: plan.environment.clone(), ..plan };
            let error = plan.build(None, None).err().unwrap();
            assert!(matches!(error, InferError::Runtime { .. }), "{error}");
        }
    }
}
