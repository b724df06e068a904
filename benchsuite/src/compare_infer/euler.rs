//! What a network is measured by: FitzHugh–Nagumo's equations by Euler's method, all steps while a few
//! cells stay in registers.

use std::time::Instant;

use ionic_models::models::FitzHughNagumo;
use ionic_models::{Cell, CellColumns};
use ode_solvers::{Method, march_columns};

use crate::Error;
use crate::compare::clock::cpu;

/// The step of the dissertation, and how many of them: until t = 10.
pub(crate) const DT: f64 = 0.1;
/// Steps.
pub(crate) const STEPS: usize = 100;
/// Additions and multiplications of a step: U(U − α)(1 − U) 4, − W + I 2, K 1; βU − γW 3, ε 1; two
/// sums with products by Δt 4.
pub(crate) const FLOPS: f64 = 15.0;
/// Bytes of a cell, all steps: two states read and written, a stimulus read.
pub(crate) const BYTES: f64 = 20.0;

/// Cells that differ in their stimulus, marched until t = 10, again and again for some seconds: ms of
/// each time, CPU time where there is one thread.
pub(crate) fn time(cells: usize, threads: usize, seconds: f64) -> Result<Vec<f64>, Error> {
    time_lanes::<16>(cells, threads, seconds, 1)
}

/// The same with another number of lanes, so many times at least; one lane is one cell after the other.
pub(crate) fn time_lanes<const N: usize>(
    cells: usize,
    threads: usize,
    seconds: f64,
    runs: usize,
) -> Result<Vec<f64>, Error> {
    let columns = columns(cells);
    let start = columns.initial_state();
    let mut y = start.clone();
    let refused = |e: String| Error::bad_option("--threads", threads, e);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|e| refused(format!("the system refused to start them ({e}); ask for fewer")))?;
    // Within the pool: where it has one thread, that one's clock counts.
    pool.install(|| {
        let wall = Instant::now();
        let now = || if threads == 1 { cpu() } else { wall.elapsed().as_secs_f64() };
        let (mut times, begin) = (Vec::new(), now());
        while times.len() < runs.max(1) || now() - begin < seconds {
            y.copy_from_slice(&start);
            let from = now();
            march::<N>(&columns, &mut y)?;
            times.push((now() - from) * 1e3);
        }
        Ok(times)
    })
}

/// The mean of U at the end over such cells.
pub(crate) fn mean(cells: usize) -> Result<f64, Error> {
    let columns = columns(cells);
    let mut y = columns.initial_state();
    march::<16>(&columns, &mut y)?;
    Ok(y[..cells].iter().map(|&u| f64::from(u)).sum::<f64>() / cells as f64)
}

/// Stimuli from 0 to .1.
pub(crate) fn stimulus(cells: usize) -> Vec<f32> {
    (0..cells).map(|m| 0.1 * (m as f32 * 0.618_034).fract()).collect()
}

fn columns(cells: usize) -> CellColumns<FitzHughNagumo, f32> {
    let mut columns = CellColumns::<FitzHughNagumo, f32>::new(&Cell::new(), cells);
    columns.set_stimulus_column(stimulus(cells));
    columns
}

/// All steps by Euler's method.
fn march<const N: usize>(columns: &CellColumns<FitzHughNagumo, f32>, y: &mut [f32]) -> Result<(), Error> {
    let span = (0.0, DT * STEPS as f64);
    march_columns::<f32, N, _>(columns, Method::ExplicitEuler, DT, span, y, |_| {})
        .map(drop)
        .map_err(|e| Error::Solve { model: "fitzhugh_nagumo", partial: None, source: Box::new(e) })
}
