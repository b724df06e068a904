//! The pool of untrained networks on a GPU: as one kernel, and by the two ways that Table 13 compares.

use std::path::Path;

use infer_trt::{Precision, Provider, cuda};
use serde::{Deserialize, Serialize};

use super::pool::{self, each_network};
use super::{Config, REFERENCE, gpu};
use crate::Error;
use crate::compare::work::Reached;
use crate::progress::Progress;
use crate::reproduce::Job;

/// Rows that each network is timed with: many enough that starting a kernel is nothing beside them.
const ROWS: usize = 4_000_000;
/// Rows at a time that sessions are tried with, by the widest layer of a network: the best counts, as the
/// dissertation looks for the best batch (section 3.6).
const CHUNKS: [usize; 4] = [1 << 14, 1 << 16, 1 << 18, 1 << 20];

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
    /// The work of a row, and the part of the device's limit that the kernel reaches.
    #[serde(flatten)]
    pub reached: Reached,
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

/// One of the two ways of Table 13, and the best rows at a time of each width that it was tried with.
struct Way {
    provider: Provider,
    known: Vec<(usize, usize)>,
}

impl Way {
    /// Seconds for all rows, with the rows at a time that are best for the network's widest layer.
    fn time(&mut self, (shape, layers): (&[usize], &str), rows: usize, folder: &Path) -> Option<f64> {
        let widest = shape.iter().copied().max()?;
        let by = |chunk: usize| {
            gpu::session(("pool", layers), &self.provider, rows, chunk, folder).ok().map(|found| found.0)
        };
        if let Some((_, chunk)) = self.known.iter().find(|k| k.0 == widest) {
            return by(*chunk);
        }
        let (seconds, chunk) = fastest(CHUNKS.map(|c| c.min(rows)), by)?;
        self.known.push((widest, chunk));
        Some(seconds)
    }
}

/// The least time, and the rows at a time that it was taken with.
fn fastest<const N: usize>(chunks: [usize; N], time: impl Fn(usize) -> Option<f64>) -> Option<(f64, usize)> {
    let timed = chunks.into_iter().filter_map(|chunk| Some((time(chunk)?, chunk)));
    timed.min_by(|a, b| a.0.total_cmp(&b.0))
}

/// Times the pool by what this machine has; empty without a GPU.
pub(super) fn pool(
    config: &Config,
    folder: &Path,
    progress: &Progress,
    job: &Job<'_>,
) -> Result<Vec<GpuTimed>, Error> {
    let Ok(device) = cuda::Device::open(0) else { return Ok(Vec::new()) };
    let limits = gpu::limits(&device).ok();
    let rows = ROWS.min(config.most_cells.max(1));
    let tensorrt = Provider::TensorRt { precision: Precision::F16, cache: Some(folder.join("engines")) };
    // Who cannot run one network has no need to be asked nine hundred times.
    let runs = |p: &Provider| gpu::session(("probe", "SiLU8"), p, 1000, 0, folder).is_ok();
    let way = |provider| Some(Way { provider, known: Vec::new() }).filter(|w| runs(&w.provider));
    let [mut plain, mut tensorrt] = [Provider::OrtCuda, tensorrt].map(way);
    each_network(config, &folder.join("gpu-pool.json"), progress, job, |shape, layers| {
        let scale = REFERENCE / rows as f64;
        let session =
            |way: &mut Option<Way>| Some(way.as_mut()?.time((shape, &layers), rows, folder)? * scale);
        let kernel = gpu::kernel(&device, "pool", &layers, rows, folder).ok().map(|k| k.0 * scale);
        let work = pool::row(&layers)?;
        let reached = kernel.zip(limits).map(|(seconds, limits)| limits.reached(work, REFERENCE, seconds));
        Ok(GpuTimed {
            depth: shape.len(),
            neurons: shape.iter().sum(),
            kernel,
            reached: reached.unwrap_or(Reached { work, of_limit: None }),
            plain: session(&mut plain),
            tensorrt: session(&mut tensorrt),
            layers,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_rows_at_a_time_are_taken_of_those_that_run() {
        let time = |chunk: usize| (chunk != 2).then_some(1.0 / chunk as f64);
        assert_eq!(fastest([1, 4, 2, 3], time), Some((0.25, 4)));
        assert_eq!(fastest([2, 2], time), None);
    }
}
