//! The pool of untrained networks on a GPU: as one kernel, and by the two ways that Table 13 compares.

use std::path::Path;
use std::time::Instant;

use infer_trt::{Precision, Provider, cuda};
use serde::{Deserialize, Serialize};

use super::pool::{shapes, text};
use super::{Config, REFERENCE, gpu};
use crate::progress::Progress;
use crate::reproduce::Job;
use crate::{Error, files};

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

/// Times the pool by what this machine has; empty without a GPU. What was measured before a run was stopped
/// is not measured again.
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
    let path = folder.join("gpu-pool.json");
    let remedy = "delete it: the networks are timed again";
    let mut all: Vec<GpuTimed> = if path.exists() { files::read_json(&path, remedy)? } else { Vec::new() };
    let mut saved = Instant::now();
    for shape in shapes(config.networks).into_iter().skip(all.len()) {
        let stopped = job.stop.requested();
        if stopped || saved.elapsed().as_secs_f64() > 2.0 {
            files::write_json(&path, &all)?;
            saved = Instant::now();
        }
        if stopped {
            return Err(Error::Interrupted { resume: job.resume.clone() });
        }
        let layers = text(&shape, "SiLU");
        let scale = REFERENCE / rows as f64;
        let session = |provider: &Option<Provider>| {
            let provider = provider.as_ref()?;
            Some(gpu::session("pool", &layers, provider, rows, folder).ok()? * scale)
        };
        let kernel = gpu::kernel(&device, "pool", &layers, rows, folder);
        all.push(GpuTimed {
            depth: shape.len(),
            neurons: shape.iter().sum(),
            kernel: kernel.ok().map(|(seconds, _)| seconds * scale),
            plain: session(&plain),
            tensorrt: session(&tensorrt),
            layers: layers.clone(),
        });
        progress.add(1.0, || layers);
    }
    files::write_json(&path, &all)?;
    Ok(all)
}
