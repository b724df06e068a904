//! From measurements to verdicts on claims.

use super::gpu::Kind;
use super::pool::widths;
use super::{Config, Measurements, ROWS_A_CELL};
use crate::claims::{Analysed, Claim, Publication};
use crate::grid::analyses::{self, Inference};
use crate::results::{ClaimResult, Finding};

/// The pool as eq. 4.3 takes it: times of the reference set in seconds.
pub(super) fn times(measured: &Measurements) -> Vec<Inference> {
    let one = |p: &super::Timed| Inference { layers: p.depth, neurons: p.neurons, value: p.seconds };
    measured.pool.iter().map(one).collect()
}

/// ONNX Runtime's time over the native engine's: what stands for Table 13 on a CPU.
pub(super) fn speedups(measured: &Measurements) -> Vec<Inference> {
    let one = |p: &super::Timed| {
        let value = p.onnx_runtime? / p.seconds;
        Some(Inference { layers: p.depth, neurons: p.neurons, value })
    };
    measured.pool.iter().filter_map(one).collect()
}

/// What Table 13 analyses; nothing unless every network of the pool has it.
pub(super) fn gpu_speedups(measured: &Measurements) -> Option<Vec<Inference>> {
    let one =
        |p: &super::GpuTimed| Some(Inference { layers: p.depth, neurons: p.neurons, value: p.speedup()? });
    let all: Option<Vec<Inference>> = measured.gpu_pool.iter().map(one).collect();
    all.filter(|all| !all.is_empty())
}

/// A verdict for each claim of the experiment.
pub(super) fn judge(
    publication: &Publication,
    config: &Config,
    measured: &Measurements,
    command: &str,
) -> Vec<ClaimResult> {
    let claims = publication.claims.iter().filter(|c| c.id.starts_with("W-INF/"));
    claims
        .map(|claim| {
            let finding = find(claim, config, measured);
            ClaimResult::judge(claim, finding, command, config.tier, &[config.seed])
        })
        .collect()
}

fn find(claim: &Claim, config: &Config, measured: &Measurements) -> Finding {
    let parts: Vec<&str> = claim.id.split('/').collect();
    match parts[..] {
        [_, "anova_time", term, quantity] => {
            let value = analysed(&times(measured), term, quantity);
            match value {
                Some(cell) if config.is_comparable() => Finding::Analysed(cell),
                cell => Finding::NotRun {
                    measured: cell.map(|cell| cell.value),
                    reason: format!("tier {}: {} of 909 networks", config.tier, config.networks),
                },
            }
        }
        [_, "euler", cells, _] => {
            let cells: f64 = cells.parse().unwrap_or(f64::NAN);
            let solvers = || measured.gpu.iter().filter(|r| r.kind == Kind::Solver);
            let row = solvers().find(|r| r.cells as f64 == cells).or_else(|| solvers().next());
            match row.and_then(|r| Some((r, r.seconds?))) {
                Some((row, seconds)) if row.cells as f64 == cells => Finding::Measured(seconds),
                // As many times longer for more cells is what one expects, not what was measured.
                Some((row, _)) => Finding::NotRun {
                    measured: None,
                    reason: format!("{} cells were timed, not {cells:.0}", row.cells),
                },
                None => Finding::NotRun { measured: None, reason: without_gpu(row) },
            }
        }
        [_, "front", _] => {
            // As section 3.6 says: for a cell until t = 10 one row for each unit of time.
            match fastest_trained(measured).filter(|_| config.is_comparable()) {
                Some(race) => Finding::Measured(race.for_one_row() / ROWS_A_CELL),
                None => Finding::NotRun { measured: None, reason: without_gpu(measured.gpu.first()) },
            }
        }
        [_, "anova_speedup", term, quantity] => {
            let value = gpu_speedups(measured).and_then(|all| analysed(&all, term, quantity));
            match value {
                Some(cell) if config.is_comparable() => Finding::Analysed(cell),
                Some(cell) => Finding::NotRun {
                    measured: Some(cell.value),
                    reason: format!("tier {}: {} of 909 networks", config.tier, config.networks),
                },
                None => Finding::NotRun {
                    measured: None,
                    reason: "needs TensorRT, ONNX Runtime's GPU build and a GPU: cargo xtask reproduce W-INF --tier \
                             paper on such a machine"
                        .into(),
                },
            }
        }
        _ => Finding::NotRun { measured: None, reason: "nothing measures it".into() },
    }
}

/// The race on a GPU: Euler's method until t = 10 and the fastest network of a trained shape, both with their numbers
/// on the device.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fastest {
    /// The network's hidden layers.
    pub(super) layers: String,
    /// ns of a cell by Euler's method, all steps.
    pub(super) euler: f64,
    /// ns of a row of the network.
    pub(super) row: f64,
}

impl Fastest {
    /// How often a network's row goes into the solver's time, where the state at t = 10 alone is asked for.
    pub(super) fn for_one_row(&self) -> f64 {
        self.euler / self.row
    }
}

/// The fastest network of a shape that a kept network was trained in, beside the solver. A network costs what
/// networks of its widths cost: activations count for little (Fig. 42).
pub(super) fn fastest_trained(measured: &Measurements) -> Option<Fastest> {
    let shapes: Vec<Vec<usize>> = measured.trained.iter().map(|t| widths(&t.layers)).collect();
    let of_kind = |kind| measured.gpu.iter().filter(move |r| r.kind == kind);
    let euler = of_kind(Kind::Solver).filter_map(super::GpuRow::ns).reduce(f64::min)?;
    let networks = of_kind(Kind::Kernel).filter_map(|r| Some((r.layers()?, r.ns()?)));
    let trained = networks.filter(|(layers, _)| shapes.contains(&widths(layers)));
    let (layers, row) = trained.min_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(Fastest { layers: layers.into(), euler, row })
}

fn without_gpu(row: Option<&super::GpuRow>) -> String {
    let why = row.and_then(|r| r.not_run.clone()).unwrap_or_else(|| "fewer cells than published".into());
    format!("needs a GPU ({why}): cargo xtask reproduce W-INF --tier paper on such a machine")
}

fn analysed(all: &[Inference], term: &str, quantity: &str) -> Option<Analysed> {
    analyses::inference(all).ok()?.cell(term, quantity)
}
