//! Kernels and sessions on a device, timed and held against double precision.

use std::path::Path;

use infer_trt::cuda::{Device, Network, Way};
use infer_trt::{Provider, SessionOptions, open};
use ionic_models::Stimulus;
use ionic_models::registry::Entry;
use ode_solvers::tape::{FixedStep, Precision as Numbers, Source};
use surrogates::Mlp;

use super::clocked;
use super::report::{Row, Timing};
use crate::compare::origin;
use crate::compare::work::Work;
use crate::compare_infer::networks::{self, error, rows as inputs};
use crate::kernels;

/// Steps of a solver.
pub(crate) const STEPS: usize = 100;
/// Timed runs that are left out: the first ones are slower.
const LEFT_OUT: usize = 3;
/// Rows that are held against double precision.
const CHECKED: usize = 20_000;
/// Cells that are, spread over all.
const CHECKED_CELLS: usize = 50;
/// Largest file of a network, in bytes.
const LARGEST: u64 = 64 << 20;

/// What counts of the timed runs.
pub(super) fn timing(mut seconds: Vec<f64>, error: Option<f64>) -> Timing {
    seconds.drain(..LEFT_OUT.min(seconds.len().saturating_sub(1)));
    let (least, median) = origin::least_and_median(&seconds);
    Timing { seconds_min: least.unwrap_or(f64::NAN), seconds_median: median.unwrap_or(f64::NAN), error }
}

/// A model's kernel, with cells that differ in their stimulus.
pub(crate) fn solver(
    device: &Device,
    entry: &Entry,
    method: FixedStep,
    dt: f32,
    cells: usize,
    times: usize,
) -> Row {
    let unit = if entry.time_unit == "1" { String::new() } else { format!(" {}", entry.time_unit) };
    let name = format!("{}, Δt = {dt}{unit}, {STEPS} steps", entry.id);
    let who = match method {
        FixedStep::Euler => "Euler",
        FixedStep::RushLarsen => "Rush–Larsen",
    };
    let Some(source) = kernels::source(entry, "march", method, Numbers::Single) else {
        let why = "the model's equations could not be written down".to_owned();
        return Row::new(&name, who, cells, false, Work::default(), Err(why));
    };
    let work = Work {
        flops: (cells * STEPS * source.operations().flops()) as f64,
        // States are read and written, what cells have of their own is read.
        bytes: (4 * cells * (2 * source.states() + source.own())) as f64,
    };
    let found = march(device, entry, &source, (method, dt), cells, times);
    Row::new(&name, who, cells, false, work, found)
}

fn march(
    device: &Device,
    entry: &Entry,
    source: &Source,
    (method, dt): (FixedStep, f32),
    cells: usize,
    times: usize,
) -> Result<Timing, String> {
    let kernel = kernels::on_device(device, source).map_err(|e| e.to_string())?;
    let drive = |m: usize| (entry.stimulus.depolarising * (m % 1000) as f64 / 1000.0) as f32;
    let each: Vec<f32> = (0..cells).map(drive).collect();
    let start: Vec<f32> = {
        let states = entry.cell().initial_state().to_vec();
        states.iter().flat_map(|y| std::iter::repeat_n(*y as f32, cells)).collect()
    };
    let mut y = Vec::new();
    let mut seconds = Vec::new();
    for _ in 0..times {
        y.clone_from(&start);
        seconds.push(kernel.march(STEPS as u64, dt, &each, &mut y).map_err(|e| e.to_string())?);
    }
    let mut worst: f64 = 0.0;
    for k in 0..CHECKED_CELLS.min(cells) {
        let m = k * (cells / CHECKED_CELLS.min(cells));
        let exact = in_double(entry, method, f64::from(dt), f64::from(each[m]))?;
        let difference = (f64::from(y[m]) - exact).abs();
        if !difference.is_finite() {
            return Err(format!("cell {m} ended at {} where {exact} is right", y[m]));
        }
        worst = worst.max(difference);
    }
    Ok(timing(seconds, Some(worst)))
}

/// The first state of a cell after all steps of the same method, in double precision on this machine.
fn in_double(entry: &Entry, method: FixedStep, dt: f64, drive: f64) -> Result<f64, String> {
    let mut cell = entry.cell();
    cell.set_stimulus(Stimulus::constant(drive).map_err(|e| e.to_string())?);
    let mut y = cell.initial_state().to_vec();
    kernels::march(&*cell, method, dt, STEPS, &mut y);
    Ok(y[0])
}

/// A network as a kernel, with rows on the device.
pub(crate) fn kernel(
    device: &Device,
    name: &str,
    net: &Mlp,
    path: &Path,
    way: Way,
    rows: usize,
    times: usize,
) -> Row {
    let who = match way {
        Way::Registers => "kernel, a row a thread",
        _ => "kernel, matrix units",
    };
    let timed = || -> Result<Timing, infer_trt::InferError> {
        let mut network = Network::open(device, path, Some(way), LARGEST)?;
        let (x, mut y) = (inputs(rows, 3), vec![f32::NAN; rows * 2]);
        let seconds = network.seconds(&x, &mut y, times)?;
        Ok(timing(seconds, checked(net, &x, &y)))
    };
    Row::new(
        name,
        who,
        rows,
        false,
        work(net, rows),
        timed().map_err(|e| without_place(&e.to_string(), path)),
    )
}

/// A network as a session on a device, with rows in the machine's memory, so many at a time; 0 for what the
/// provider takes.
pub(crate) fn session(
    (device, chunk): (usize, usize),
    name: &str,
    net: &Mlp,
    path: &Path,
    provider: &Provider,
    rows: usize,
    times: usize,
) -> Row {
    let timed = || -> Result<Timing, String> {
        let options = SessionOptions::default().with_device(device).with_chunk(chunk);
        let mut session = open(path, provider, &options).map_err(|e| without_place(&e.to_string(), path))?;
        let (x, mut y) = (inputs(rows, 3), vec![f32::NAN; rows * 2]);
        // Copies are slow and vary little: seven runs count.
        let seconds: Result<Vec<f64>, String> =
            (0..times.min(LEFT_OUT + 7)).map(|_| clocked(|| session.run(&x, &mut y))).collect();
        Ok(timing(seconds?, checked(net, &x, &y)))
    };
    Row::new(name, &provider.to_string(), rows, true, work(net, rows), timed())
}

/// What went wrong, without the folder of a file that nobody will find again.
fn without_place(why: &str, path: &Path) -> String {
    let folder = path.parent().unwrap_or(path).join("");
    why.replace(&folder.display().to_string(), "")
}

pub(super) fn work(net: &Mlp, rows: usize) -> Work {
    networks::work(net.spec()) * rows as f64
}

fn checked(net: &Mlp, x: &[f32], y: &[f32]) -> Option<f64> {
    let count = CHECKED.min(y.len() / 2);
    // The last rows are those that a kernel may forget.
    let (from_x, from_y) = (x.len() - 3 * count, y.len() - 2 * count);
    error(net, &x[from_x..], &y[from_y..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_name_files_without_their_folder() {
        let path = Path::new("runs/x1/network.onnx");
        assert_eq!(without_place("runs/x1/network.onnx is refused", path), "network.onnx is refused");
    }
}
