//! What needs a GPU: Euler's method as a kernel, networks by every provider.

use std::path::{Path, PathBuf};

use infer_trt::{InferError, Precision, Provider, cuda};
use ionic_models::registry;
use ode_solvers::tape::FixedStep;
use serde::{Deserialize, Serialize};
use surrogates::Mlp;

use super::Config;
use super::pool::Trained;
use crate::compare::work::{Limits, Reached, Work};
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
    /// The work of all cells or rows, and the part of the device's limit.
    #[serde(flatten)]
    pub reached: Reached,
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
/// Timed runs of each; the first three are left out.
const TIMES: usize = 10;

/// Trained shapes, the fewest operations first: so many are raced beside those of [`NETWORKS`].
const TRAINED: usize = 4;

/// What a device can do at most.
pub(super) fn limits(device: &cuda::Device) -> Result<Limits, String> {
    let ask = || Ok(Limits { flops: device.peak()?, bytes: device.bandwidth()? });
    ask().map_err(|e: InferError| e.to_string())
}

/// Solvers and networks on the first GPU, and what it can do at most.
pub(super) fn rows(config: &Config, folder: &Path, trained: &[Trained]) -> (Vec<GpuRow>, Option<Limits>) {
    let device = cuda::Device::open(0).map_err(|e| e.to_string());
    let limits = device.as_ref().map_err(Clone::clone).and_then(limits);
    let mut cells: Vec<usize> = CELLS.iter().map(|c| (*c).min(config.most_cells.max(1))).collect();
    cells.dedup();
    let mut all = Vec::new();
    let mut add = |named: (Kind, &str), cells: usize, measured: Result<(f64, Work), String>| {
        let reached = |(seconds, work)| {
            let reached = limits.as_ref().map_err(Clone::clone)?.reached(work, 1.0, seconds);
            Ok((seconds, reached))
        };
        all.push(row(named, cells, &device, measured.and_then(reached)));
    };
    for cells in cells {
        let measured = device.as_ref().map_err(Clone::clone).and_then(|device| {
            let entry = registry::find("fitzhugh_nagumo", Some("werneck")).map_err(|e| e.to_string())?;
            let dt = euler::DT as f32;
            let row = measure::solver(device, entry, FixedStep::Euler, dt, cells, TIMES);
            let seconds = row.seconds_min.ok_or_else(|| row.not_run.clone().unwrap_or_default())?;
            Ok((seconds, row.work))
        });
        add((Kind::Solver, "Euler as a kernel, Δt = .1, 100 steps"), cells, measured);
    }
    let rows = ROWS.min(config.most_cells.max(1));
    let by_kernel = |name: &str, layers: &str| {
        device.as_ref().map_err(Clone::clone).and_then(|device| kernel(device, name, layers, rows, folder))
    };
    let tensorrt = |precision| Provider::TensorRt { precision, cache: Some(folder.join("engines")) };
    for (name, layers) in NETWORKS {
        let named = format!("{layers}{AS_A_KERNEL}");
        add((Kind::Kernel, &named), rows, by_kernel(name, layers));
        for provider in
            [Provider::FusedCuda, Provider::OrtCuda, tensorrt(Precision::F32), tensorrt(Precision::F16)]
        {
            let named = format!("{layers}, {provider}, with copies");
            add((Kind::Session, &named), rows, session((name, layers), &provider, rows, 0, folder));
        }
    }
    for layers in cheapest(trained) {
        let named = format!("{layers}{AS_A_KERNEL}");
        add((Kind::Kernel, &named), rows, by_kernel("trained", &layers));
    }
    (all, limits.ok())
}

/// Behind the layers of a network that is one kernel.
const AS_A_KERNEL: &str = ", one kernel, rows on the device";

impl GpuRow {
    /// The layers of a network that ran as one kernel.
    pub(super) fn layers(&self) -> Option<&str> {
        self.name.strip_suffix(AS_A_KERNEL)
    }

    /// ns of a cell or a row.
    pub(super) fn ns(&self) -> Option<f64> {
        Some(self.seconds? / self.cells as f64 * 1e9)
    }
}

/// The layers of the trained networks with the fewest operations that are not raced anyway.
fn cheapest(trained: &[Trained]) -> Vec<String> {
    let mut all: Vec<&Trained> = trained.iter().collect();
    all.sort_by(|a, b| {
        a.reached.work.flops.total_cmp(&b.reached.work.flops).then_with(|| a.layers.cmp(&b.layers))
    });
    all.dedup_by(|a, b| a.layers == b.layers);
    let others = all.iter().filter(|t| NETWORKS.iter().all(|n| n.1 != t.layers));
    others.take(TRAINED).map(|t| t.layers.clone()).collect()
}

fn row(
    (kind, name): (Kind, &str),
    cells: usize,
    device: &Result<cuda::Device, String>,
    measured: Result<(f64, Reached), String>,
) -> GpuRow {
    let (seconds, reached, not_run) = match measured {
        Ok((seconds, reached)) => (Some(seconds), reached, None),
        Err(why) => (None, Reached::default(), Some(without_folders(&why))),
    };
    let device = device.as_ref().ok().filter(|_| seconds.is_some()).map(cuda::Device::description);
    GpuRow { name: name.into(), cells, kind, seconds, reached, device, not_run }
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

/// Seconds and work for all rows in the faster way, without copies.
pub(super) fn kernel(
    device: &cuda::Device,
    name: &str,
    layers: &str,
    rows: usize,
    folder: &Path,
) -> Result<(f64, Work), String> {
    let (net, path) = written(layers, folder)?;
    let timed =
        cuda::Way::ALL.iter().map(|way| measure::kernel(device, name, &net, &path, *way, rows, TIMES));
    let mut why = String::new();
    let mut best: Option<(f64, Work)> = None;
    for row in timed {
        match row.seconds_min {
            Some(seconds) if best.is_none_or(|(least, _)| seconds < least) => {
                best = Some((seconds, row.work))
            }
            Some(_) => {}
            None => why = row.not_run.unwrap_or_default(),
        }
    }
    best.ok_or(why)
}

/// Seconds and work for all rows, copies included, with so many rows at a time; 0 for what the provider takes.
pub(super) fn session(
    (name, layers): (&str, &str),
    provider: &Provider,
    rows: usize,
    chunk: usize,
    folder: &Path,
) -> Result<(f64, Work), String> {
    let (net, path) = written(layers, folder)?;
    let row = measure::session((0, chunk), name, &net, &path, provider, rows, TIMES);
    let seconds = row.seconds_min.ok_or_else(|| row.not_run.unwrap_or_default())?;
    Ok((seconds, row.work))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trained_shapes_with_the_fewest_operations_are_raced() {
        let trained = |layers: &str| Trained {
            problem: "B_S".into(),
            t_end: None,
            layers: layers.into(),
            error: 0.1,
            seconds: 1.0,
            reached: Reached { work: crate::inference::pool::row(layers).unwrap(), of_limit: None },
        };
        let names = [
            "Tanh64",
            "SiLU8,ELU8",
            "SiLU8,SiLU8",
            "ELU8",
            "SiLU8,ELU8",
            "Tanh128,Tanh128",
            "ELU16,ELU16",
            "Sin8",
        ];
        assert_eq!(cheapest(&names.map(trained)), ["ELU8", "Sin8", "SiLU8,ELU8", "Tanh64"].map(String::from));
        assert!(cheapest(&[]).is_empty());
    }

    #[test]
    fn reasons_have_no_folders_and_keep_the_rest() {
        let why = "provider `ort-cuda`: /opt/lib/libonnxruntime.so is a build for CPUs; see and/or read";
        let without = "provider `ort-cuda`: libonnxruntime.so is a build for CPUs; see and/or read";
        assert_eq!(without_folders(why), without);
    }
}
