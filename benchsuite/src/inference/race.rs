//! The solver's side: FitzHugh–Nagumo's equations by Euler's method, as published and with cells
//! in the lanes of registers, and a beat of a large model.

use serde::{Deserialize, Serialize};

use surrogates::fno::{Fno, PointScale};

use super::Config;
use crate::compare::clock::cpu;
use crate::compare::{ours, task::TASKS};
use crate::compare_infer::euler;
use crate::pellegrini::{Cell, NetId, Size};
use crate::{Error, Tier};

/// What one thread of the machine can do at most, measured.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Additions and multiplications of `f32` in a second.
    pub flops: f64,
    /// Bytes that are read or written in main memory in a second.
    pub bytes: f64,
}

/// A solver on a set of cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SolverRow {
    /// How it computes.
    pub name: String,
    /// Cells.
    pub cells: f64,
    /// Cells that it was timed with; the time is in proportion.
    pub measured_cells: usize,
    /// Steps.
    pub steps: usize,
    /// Seconds for all cells and steps.
    pub seconds: f64,
    /// Additions and multiplications in all.
    pub flops: f64,
    /// Bytes to and from main memory in all, each state and stimulus once.
    pub bytes: f64,
    /// The time that the machine needs at least, by operations or by bytes, over this time.
    pub of_limit: f64,
}

/// The error of Euler's method with a step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// The step.
    pub dt: f64,
    /// Seconds for the reference set until t = 10.
    pub seconds: f64,
    /// The mean of |ΔU| + |ΔW| over cells and times.
    pub error: f64,
}

/// The way that the dissertation's CUDA program goes: a thread takes one cell through all steps.
pub(super) const ONE_BY_ONE: &str = "Euler, one cell after the other";
/// Several cells in each register, all steps while they stay there.
pub(super) const LANES: &str = "Euler, cells in lanes of registers";

/// States read and written, a stimulus read.
const BYTES: f64 = 20.0;

pub(super) fn limits(config: &Config) -> Limits {
    let count = (config.most_cells / 4).max(1 << 16);
    let (from, mut to) = (vec![1.0_f64; count], vec![0.0_f64; count]);
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = cpu();
        to.copy_from_slice(std::hint::black_box(&from));
        std::hint::black_box(&mut to);
        best = best.min(cpu() - start);
    }
    Limits { flops: infer_trt::probe::peak(), bytes: 16.0 * count as f64 / best.max(1e-9) }
}

/// Table 11: both ways, three sizes.
pub(super) fn solvers(config: &Config, limits: &Limits) -> Result<Vec<SolverRow>, Error> {
    let mut rows = Vec::new();
    for (name, most) in [(ONE_BY_ONE, config.most_cells_one_by_one), (LANES, config.most_cells)] {
        let mut known: Option<(usize, f64)> = None;
        for cells in [16e6, 32e6, 64e6] {
            let measured_cells = (cells as usize).min(most);
            let ms = match known {
                Some((same, ms)) if same == measured_cells => ms,
                _ => {
                    let times = if name == LANES {
                        euler::time_lanes::<16>(measured_cells, 1, config.seconds)?
                    } else {
                        euler::time_lanes::<1>(measured_cells, 1, config.seconds)?
                    };
                    times.into_iter().fold(f64::INFINITY, f64::min)
                }
            };
            known = Some((measured_cells, ms));
            let seconds = ms * 1e-3 * cells / measured_cells as f64;
            let flops = cells * euler::STEPS as f64 * euler::FLOPS;
            let bytes = cells * BYTES;
            rows.push(SolverRow {
                name: name.into(),
                cells,
                measured_cells,
                steps: euler::STEPS,
                seconds,
                flops,
                bytes,
                of_limit: (flops / limits.flops).max(bytes / limits.bytes) / seconds,
            });
        }
    }
    Ok(rows)
}

/// Errors of Euler's method, with the time of the fast way.
pub(super) fn accuracy(config: &Config, solvers: &[SolverRow]) -> Result<Vec<Accuracy>, Error> {
    let seconds = solvers.iter().find(|r| r.name == LANES).map_or(f64::NAN, |r| r.seconds);
    [0.1, 0.05, 0.02, 0.01]
        .into_iter()
        .map(|dt| {
            let error = euler::error((config.most_cells / 10).clamp(1, 20_000), dt)?;
            Ok(Accuracy { dt, seconds: seconds * euler::DT / dt, error })
        })
        .collect()
}

/// A network that is made for O'Hara–Rudy's model: the constrained operator of Pellegrini et al. 2025.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Operator {
    /// Times at which it gives all 41 variables.
    pub points: usize,
    /// The time of one trajectory, in batches of 32, in seconds.
    pub seconds: f64,
}

/// The operator's time, which does not depend on its weights: random ones.
pub(super) fn ord_operator(config: &Config) -> Result<Operator, Error> {
    const BATCH: usize = 32;
    let points = if config.tier == Tier::Smoke { 120 } else { 1260 };
    let failed = |e: surrogates::Error| Error::Training { network: "F-ORD".into(), source: Box::new(e) };
    let (spec, _) = NetId { cell: Cell::Ord, size: Size::Constrained }.published();
    // The operator adds each point's place to what it is given.
    let channels = spec.inputs - 1;
    let scale = |columns| PointScale::identity(points, columns);
    let fno = Fno::random(spec, scale(channels), scale(spec.outputs), config.seed).map_err(failed)?;
    let mut predictor = fno.predictor(BATCH, 1).map_err(failed)?;
    let x = vec![0.5; BATCH * points * channels];
    let mut y = vec![0.0; BATCH * points * spec.outputs];
    let (begin, mut best) = (cpu(), f64::INFINITY);
    while best.is_infinite() || cpu() - begin < config.seconds {
        let start = cpu();
        predictor.predict(&x, &mut y).map_err(failed)?;
        best = best.min((cpu() - start) / BATCH as f64);
    }
    Ok(Operator { points, seconds: best })
}

/// The time of a beat of O'Hara–Rudy's model by the method that is best for one cell.
pub(super) fn ord_beat(seconds: f64) -> Result<f64, Error> {
    let Some(task) = TASKS.iter().find(|t| t.id == "ord") else { return Ok(f64::NAN) };
    let cell = task.cell()?;
    let timing = ours::time(task, &*cell, ode_solvers::Method::Rodas5P, 1e-4, seconds)
        .map_err(|why| Error::bad_option("W-INF", "ord", why))?;
    Ok(timing.us.into_iter().fold(f64::INFINITY, f64::min) * 1e-6)
}
