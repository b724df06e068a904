//! What a network is measured by: FitzHugh–Nagumo's equations by Euler's method, the loop that runs
//! near the limit of the machine.

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

/// Cells that differ in their stimulus, marched until t = 10, again and again for some seconds: ms of
/// each time, CPU time where there is one thread.
pub(crate) fn time(cells: usize, threads: usize, seconds: f64) -> Result<Vec<f64>, Error> {
    let mut columns = CellColumns::<FitzHughNagumo, f32>::new(&Cell::new(), cells);
    columns.set_stimulus_column((0..cells).map(|m| 0.1 * (m as f32 * 0.618_034).fract()).collect());
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
        while times.is_empty() || now() - begin < seconds {
            y.copy_from_slice(&start);
            let from = now();
            let end = DT * STEPS as f64;
            march_columns::<f32, 16, _>(&columns, Method::ExplicitEuler, DT, (0.0, end), &mut y, |_| {})
                .map_err(|e| Error::Solve { model: "fitzhugh_nagumo", partial: None, source: Box::new(e) })?;
            times.push((now() - from) * 1e3);
        }
        Ok(times)
    })
}
