//! What needs a GPU: Euler's method as a kernel, networks by every provider.

use std::path::Path;
use std::time::Instant;

use infer_trt::{Precision, Provider, SessionOptions, cuda, open};
use ionic_models::registry;
use ode_solvers::tape::{FixedStep, Precision as Numbers, Source};
use serde::{Deserialize, Serialize};

use super::Config;
use crate::compare_infer::networks::{random, rows as inputs, write_plain};
use crate::compare_infer::{NETWORKS, euler};
use crate::kernels;

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

/// Cells and rows on a GPU.
const CELLS: usize = 16_000_000;

pub(super) fn rows(config: &Config, folder: &Path, command: &str) -> Vec<GpuRow> {
    let cells = CELLS.min(config.most_cells.max(1));
    let mut all = vec![row("Euler as a kernel, Δt = .1, 100 steps", cells, command, euler_kernel(cells))];
    let tensorrt = |precision| Provider::TensorRt { precision, cache: Some(folder.join("engines")) };
    for (_, layers) in NETWORKS {
        for provider in
            [Provider::FusedCuda, Provider::OrtCuda, tensorrt(Precision::F32), tensorrt(Precision::F16)]
        {
            let name = format!("{layers}, {provider}");
            all.push(row(&name, cells, command, network(layers, &provider, cells, folder)));
        }
    }
    all
}

/// Seconds, part of the limit, device.
type Measured = (f64, Option<f64>, Option<String>);

fn row(name: &str, cells: usize, command: &str, measured: Result<Measured, String>) -> GpuRow {
    let (measured, not_run) = match measured {
        Ok(measured) => (Some(measured), None),
        Err(why) => (None, Some(why)),
    };
    let (seconds, of_limit, device) = measured.map_or((None, None, None), |(s, l, d)| (Some(s), l, d));
    GpuRow { name: name.into(), cells, seconds, of_limit, device, not_run, command: command.into() }
}

/// The kernel written from the model's own function, the least of five times.
fn euler_kernel(cells: usize) -> Result<Measured, String> {
    let device = cuda::Device::open(0).map_err(|e| e.to_string())?;
    let entry = registry::find("fitzhugh_nagumo", Some("werneck")).map_err(|e| e.to_string())?;
    let source = kernels::source(entry, "march", FixedStep::Euler, Numbers::Single)
        .ok_or("the model's equations could not be written down")?;
    let text = format!("{}{}", Source::prelude(Numbers::Single), source.text());
    let kernel = device.kernel(&text, "march").map_err(|e| e.to_string())?;
    let each = euler::stimulus(cells);
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = entry.states.iter().flat_map(|s| std::iter::repeat_n(s.value as f32, cells));
        let mut y: Vec<f32> = start.collect();
        let shape = (source.states(), source.own());
        let seconds = kernel.march(shape, euler::STEPS as u64, euler::DT as f32, &each, &mut y);
        best = best.min(seconds.map_err(|e| e.to_string())?);
    }
    let flops = (cells * euler::STEPS * source.operations().flops()) as f64;
    let peak = device.peak().map_err(|e| e.to_string())?;
    Ok((best, Some(flops / peak / best), Some(device.description())))
}

fn network(layers: &str, provider: &Provider, cells: usize, folder: &Path) -> Result<Measured, String> {
    let path = folder.join("network.onnx");
    let net = random(3, layers, 2, 1).map_err(|e| e.to_string())?;
    write_plain(&net, &path).map_err(|e| e.to_string())?;
    let mut session = open(path, provider, &SessionOptions::default()).map_err(|e| e.to_string())?;
    let (x, mut y) = (inputs(cells, 3), vec![0.0; cells * 2]);
    session.warm_up(1 << 16).map_err(|e| e.to_string())?;
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = Instant::now();
        session.run(&x, &mut y).map_err(|e| e.to_string())?;
        best = best.min(start.elapsed().as_secs_f64());
    }
    let device = cuda::Device::open(0).ok().map(|d| d.description());
    Ok((best, None, device))
}
