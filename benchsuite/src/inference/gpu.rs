//! What needs a GPU: Euler's method as a kernel, networks by every provider.

use std::path::{Path, PathBuf};

use infer_trt::{Precision, Provider, cuda};
use ionic_models::registry;
use ode_solvers::tape::FixedStep;
use serde::{Deserialize, Serialize};
use surrogates::Mlp;

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
    /// What it is.
    pub kind: Kind,
    /// Seconds.
    pub seconds: Option<f64>,
    /// The part of the device's arithmetic limit.
    pub of_limit: Option<f64>,
    /// The device and its driver.
    pub device: Option<String>,
    /// Why there is no number.
    pub not_run: Option<String>,
}

/// What a GPU computes, and where its numbers lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The numerical solver, states on the device.
    Solver,
    /// A network, rows on the device.
    Kernel,
    /// A network, rows from the machine's memory and back to it.
    Session,
}

/// Rows of networks on a GPU.
const ROWS: usize = 16_000_000;
/// Cells on a GPU (Table 11).
const CELLS: [usize; 3] = [ROWS, 32_000_000, 64_000_000];
/// Timed runs of each.
const TIMES: usize = 8;

pub(super) fn rows(config: &Config, folder: &Path) -> Vec<GpuRow> {
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
        let named = (Kind::Solver, "Euler as a kernel, Δt = .1, 100 steps");
        all.push(row(named, cells, &device, measured));
    }
    let rows = ROWS.min(config.most_cells.max(1));
    let tensorrt = |precision| Provider::TensorRt { precision, cache: Some(folder.join("engines")) };
    for (name, layers) in NETWORKS {
        let measured = device.as_ref().map_err(Clone::clone).and_then(|device| {
            let row = kernel(device, name, layers, rows, folder)?;
            let peak = device.peak().map_err(|e| e.to_string())?;
            Ok((row.0, Some(row.1 / peak / row.0)))
        });
        let named = format!("{layers}, one kernel, rows on the device");
        all.push(row((Kind::Kernel, &named), rows, &device, measured));
        for provider in
            [Provider::FusedCuda, Provider::OrtCuda, tensorrt(Precision::F32), tensorrt(Precision::F16)]
        {
            let measured = session(name, layers, &provider, rows, folder).map(|seconds| (seconds, None));
            let named = format!("{layers}, {provider}, with copies");
            all.push(row((Kind::Session, &named), rows, &device, measured));
        }
    }
    all
}

fn row(
    (kind, name): (Kind, &str),
    cells: usize,
    device: &Result<cuda::Device, String>,
    measured: Result<(f64, Option<f64>), String>,
) -> GpuRow {
    let (seconds, of_limit, not_run) = match measured {
        Ok((seconds, of_limit)) => (Some(seconds), of_limit, None),
        Err(why) => (None, None, Some(without_folders(&why))),
    };
    let device = device.as_ref().ok().filter(|_| seconds.is_some()).map(cuda::Device::description);
    GpuRow { name: name.into(), cells, kind, seconds, of_limit, device, not_run }
}

/// A reason without the folders of this machine, which say nothing to a reader of kept results.
fn without_folders(why: &str) -> String {
    let word = |w: &str| match w.rsplit_once('/') {
        Some((_, name)) if w.starts_with('/') => name.to_owned(),
        _ => w.to_owned(),
    };
    why.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// An untrained network as a file.
fn written(layers: &str, folder: &Path) -> Result<(Mlp, PathBuf), String> {
    let path = folder.join("network.onnx");
    let net = random(3, layers, 2, 1).map_err(|e| e.to_string())?;
    write_plain(&net, &path).map_err(|e| e.to_string())?;
    Ok((net, path))
}

/// Seconds and operations for all rows in the faster way, without copies.
pub(super) fn kernel(
    device: &cuda::Device,
    name: &str,
    layers: &str,
    rows: usize,
    folder: &Path,
) -> Result<(f64, f64), String> {
    let (net, path) = written(layers, folder)?;
    let timed =
        cuda::Way::ALL.iter().map(|way| measure::kernel(device, name, &net, &path, *way, rows, TIMES));
    let mut why = String::new();
    let mut best: Option<(f64, f64)> = None;
    for row in timed {
        match row.seconds_min {
            Some(seconds) if best.is_none_or(|(least, _)| seconds < least) => {
                best = Some((seconds, row.work.flops));
            }
            Some(_) => {}
            None => why = row.not_run.unwrap_or_default(),
        }
    }
    best.ok_or(why)
}

/// Seconds for all rows, copies included.
pub(super) fn session(
    name: &str,
    layers: &str,
    provider: &Provider,
    rows: usize,
    folder: &Path,
) -> Result<f64, String> {
    let (net, path) = written(layers, folder)?;
    let row = measure::session(0, name, &net, &path, provider, rows, TIMES);
    row.seconds_min.ok_or_else(|| row.not_run.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_no_folders_and_keep_the_rest() {
        let why = "provider `ort-cuda`: /opt/lib/libonnxruntime.so is a build for CPUs; see and/or read";
        let without = "provider `ort-cuda`: libonnxruntime.so is a build for CPUs; see and/or read";
        assert_eq!(without_folders(why), without);
    }
}
