//! The pool of untrained networks on a GPU: as one kernel, and by the two ways that Table 13 compares.

use std::path::Path;

use infer_trt::{Precision, Provider, cuda};
use serde::{Deserialize, Serialize};

use super::pool::each_network;
use super::{Config, REFERENCE, gpu};
use crate::Error;
use crate::progress::Progress;
use crate::reproduce::Job;

/// Rows that each network is timed with: many enough that starting a kernel is nothing beside them.
const ROWS: usize = 4_000_000;

/// A network's times on a GPU, in seconds for the reference set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GpuTimed {
    /// Its hidden layers.
    pub layers: String,
    /// How many.
    pub depth: usize,
    /// Neurons in them.
    pub neurons: usize,
    /// As one kernel, rows on the device.
    pub kernel: Option<f64>,
    /// By ONNX Runtime's CUDA provider, rows from the machine's memory and back to it.
    pub plain: Option<f64>,
    /// By TensorRT with 16-bit numbers, which matrix units take, rows likewise.
    pub tensorrt: Option<f64>,
}

impl GpuTimed {
    /// What Table 13 analyses: plain CUDA's time over TensorRT's.
    pub(super) fn speedup(&self) -> Option<f64> {
        Some(self.plain? / self.tensorrt?)
    }
}

/// Times the pool by what this machine has; empty without a GPU.
pub(super) fn pool(
    config: &Config,
    folder: &Path,
    progress: &Progress,
    job: &Job<'_>,
) -> Result<Vec<GpuTimed>, Error> {
    let Ok(device) = cuda::Device::open(0) else { return Ok(Vec::new()) };
    let rows = ROWS.min(config.most_cells.max(1));
    let tensorrt = Provider::TensorRt { precision: Precision::F16, cache: Some(folder.join("engines")) };
    // Who cannot run one network has no need to be asked nine hundred times.
    let runs = |provider: &Provider| gpu::session("probe", "SiLU8", provider, 1000, folder).is_ok();
    let [plain, tensorrt] = [Provider::OrtCuda, tensorrt].map(|p| Some(p).filter(runs));
    each_network(config, &folder.join("gpu-pool.json"), progress, job, |shape, layers| {
        let scale = REFERENCE / rows as f64;
        let session = |provider: &Option<Provider>| {
            let provider = provider.as_ref()?;
            Some(gpu::session("pool", &layers, provider, rows, folder).ok()? * scale)
        };
        let kernel = gpu::kernel(&device, "pool", &layers, rows, folder);
        Ok(GpuTimed {
            depth: shape.len(),
            neurons: shape.iter().sum(),
            kernel: kernel.ok().map(|(seconds, _)| seconds * scale),
            plain: session(&plain),
            tensorrt: session(&tensorrt),
            layers,
        })
    })
}
