//! The solver's side: FitzHugh–Nagumo's equations by Euler's method, as published and with cells
//! in the lanes of registers.

use serde::{Deserialize, Serialize};

use super::Config;
use super::pool::{RUNS, Trained};
use crate::Error;
use crate::compare::work::{Limits, Reached, Work};
use crate::compare_infer::euler;
use crate::trial::{TrialSpec, baseline};

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
    /// The work of all cells and steps, each state and stimulus moved once.
    #[serde(flatten)]
    pub reached: Reached,
}

/// The error of Euler's method with a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// The problem whose validation set it is taken over; empty in races that were kept before it was.
    #[serde(default)]
    pub problem: String,
    /// The end of its time domain.
    #[serde(default)]
    pub t_end: Option<f64>,
    /// The step.
    pub dt: f64,
    /// Seconds for the reference set until t = 10.
    pub seconds: f64,
    /// The mean of |ΔU| + |ΔW| against an accurate solution.
    pub error: f64,
    /// The work of the reference set.
    #[serde(flatten)]
    pub reached: Reached,
}

/// The way that the dissertation's CUDA program goes: a thread takes one cell through all steps.
pub(super) const ONE_BY_ONE: &str = "Euler, one cell after the other";
/// Several cells in each register, all steps while they stay there.
pub(super) const LANES: &str = "Euler, cells in lanes of registers";
/// The steps of Fig. 41: the published one, and shorter ones.
const STEPS: [f64; 4] = [0.1, 0.05, 0.02, 0.01];

/// A cell's work over so many steps.
fn cell(steps: f64) -> Work {
    Work { flops: steps * euler::FLOPS, bytes: euler::BYTES }
}

pub(super) fn limits(config: &Config) -> Limits {
    Limits::of_a_thread(2 * config.most_cells)
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
                        euler::time_lanes::<16>(measured_cells, 1, config.seconds, RUNS)?
                    } else {
                        euler::time_lanes::<1>(measured_cells, 1, config.seconds, RUNS)?
                    };
                    times.into_iter().fold(f64::INFINITY, f64::min)
                }
            };
            known = Some((measured_cells, ms));
            let seconds = ms * 1e-3 * cells / measured_cells as f64;
            rows.push(SolverRow {
                name: name.into(),
                cells,
                measured_cells,
                steps: euler::STEPS,
                seconds,
                reached: limits.reached(cell(euler::STEPS as f64) * cells, 1.0, seconds),
            });
        }
    }
    Ok(rows)
}

/// Errors of Euler's method on the validation set of each problem that a kept network was trained for, with the time
/// of the fast way.
pub(super) fn accuracy(
    config: &Config,
    limits: &Limits,
    solvers: &[SolverRow],
    trained: &[(Trained, TrialSpec)],
) -> Result<Vec<Accuracy>, Error> {
    let fast = solvers.iter().find(|r| r.name == LANES).map_or(f64::NAN, |r| r.seconds);
    let mut known: Vec<(String, Option<f64>)> = Vec::new();
    let mut all = Vec::new();
    for (network, spec) in trained {
        let key = (network.problem.clone(), network.t_end);
        if known.contains(&key) {
            continue;
        }
        let errors = baseline::euler(spec, &STEPS, config.solutions)?;
        all.extend(STEPS.iter().zip(errors).map(|(dt, error)| {
            let seconds = fast * euler::DT / dt;
            let work = cell(euler::STEPS as f64 * euler::DT / dt) * super::REFERENCE;
            Accuracy {
                problem: key.0.clone(),
                t_end: key.1,
                dt: *dt,
                seconds,
                error: error.mean,
                reached: limits.reached(work, 1.0, seconds),
            }
        }));
        known.push(key);
    }
    Ok(all)
}
