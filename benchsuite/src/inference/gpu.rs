//! What needs a GPU: Euler's method as a kernel, networks by every provider.

use std::path::Path;

use infer_trt::{Precision, Provider, cuda};
use ionic_models::registry;
use ode_solvers::tape::FixedStep;
use serde::{Deserialize, Serialize};

use super::Config;
use crate::compare_gpu::measure;
use crate::compare_infer::networks::{random, write_plain};
use crate::compare_infer::{NETWORKS, euler};

/// A measurement on a GPU, or why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GpuRow {
    /// What computes.
    pub name: String,
    /// Cells or rows.
    pub cells: usize,
    /// Seconds, without copies for kernels, with copies for networks.
    pub seconds: Option<f64>,
    /// The part of the device's arithmetic limit.
    pub of_limit: Option<f64>,
    /// The device and its driver.
    pub device: Option<String>,
    /// Why there is no number.
    pub not_run: Option<String>,
    /// The command that measures it.
    pub command: String,
}

/// Rows of networks on a GPU.
const ROWS: usize = 16_000_000;
/// Cells on a GPU (Table 11).
const CELLS: [usize; 3] = [ROWS, 32_000_000, 64_000_000];
/// Timed runs of each.
const TIMES: usize = 8;

pub(super) fn rows(config: &Config, folder: &Path, command: &str) -> Vec<GpuRow> {
    let device = cuda::Device::open(0).map_err(|e| e.to_string());
    let mut cells: Vec<usize> = CELLS.iter().map(|c| (*c).min(config.most_cells.max(1))).collect();
    cells.dedup();
    let mut all = Vec::new();
    for cells in cells {
        let measured = device.as_ref().map_err(Clone::clone).and_then(|device| {
            let entry = registry::find("fitzhugh_nagumo", Some("werneck")).map_err(|e| e.to_string())?;
            let dt = euler::DT as f32;
            let row = measure::solver(device, entry, FixedStep::Euler, dt, cells, TIMES);
            let seconds = row.seconds_min.ok_or_else(|| row.not_run.clone().unwrap_or_default())?;
            let peak = device.peak().map_err(|e| e.to_string())?;
            Ok((seconds, Some(row.work.flops / peak / seconds)))
        });
        all.push(row("Euler as a kernel, Δt = .1, 100 steps", cells, command, &device, measured));
    }
    let rows = ROWS.min(config.most_cells.max(1));
    let tensorrt = |precision| Provider::TensorRt { precision, cache: Some(folder.join("engines")) };
    for (name, layers) in NETWORKS {
        for provider in
            [Provider::FusedCuda, Provider::OrtCuda, tensorrt(Precision::F32), tensorrt(Precision::F16)]
        {
            let measured = network(name, layers, &provider, rows, folder).map(|seconds| (seconds, None));
            all.push(row(&format!("{layers}, {provider}"), rows, command, &device, measured));
        }
    }
    all
}

fn row(
    name: &str,
    cells: usize,
    command: &str,
    device: &Result<cuda::Device, String>,
    measured: Result<(f64, Option<f64>), String>,
) -> GpuRow {
    let (seconds, of_limit, not_run) = match measured {
        Ok((seconds, of_limit)) => (Some(seconds), of_limit, None),
        Err(why) => (None, None, Some(why)),
    };
    let device = device.as_ref().ok().filter(|_| seconds.is_some()).map(cuda::Device::description);
    GpuRow { name: name.into(), cells, seconds, of_limit, device, not_run, command: command.into() }
}

/// Seconds for all rows, copies included.
fn network(name: &str, layers: &str, provider: &Provider, rows: usize, folder: &Path) -> Result<f64, String> {
    let path = folder.join("network.onnx");
    let net = random(3, layers, 2, 1).map_err(|e| e.to_string())?;
    write_plain(&net, &path).map_err(|e| e.to_string())?;
    let row = measure::session(0, name, &net, &path, provider, rows, TIMES);
    row.seconds_min.ok_or_else(|| row.not_run.unwrap_or_default())
}
