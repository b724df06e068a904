//! The race for O'Hara–Rudy's model: a beat by an adaptive stiff method, one cell at a time and with many cells in
//! lanes, and the operator that was made for the model.

use std::path::Path;

use infer_trt::{Provider, SessionOptions, open};
use prost::Message as _;
use serde::{Deserialize, Serialize};
use surrogates::fno::{self, Fno, PointScale};
use surrogates::onnx::Description;

use super::Config;
use super::pool::RUNS;
use crate::compare::clock::cpu;
use crate::compare::report::Comparison as Solvers;
use crate::compare::work::{Limits, Reached};
use crate::compare::{options, ours, task};
use crate::compare_gpu::answers::{Answer, Measured};
use crate::compare_gpu::report::Comparison as OnGpu;
use crate::compare_train::operator_work;
use crate::pellegrini::{CellId, NetId, Size};
use crate::{Error, Tier, files, kept};

/// The relative tolerance of the beat.
const RTOL: f64 = 1e-4;
/// The method: with RTOL the fastest both for one cell and in lanes.
const METHOD: ode_solvers::Method = ode_solvers::Method::Rodas5P;
/// What is integrated.
const TASK: &str = "ord";

/// The solver's accuracy, and its time with cells in lanes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OrdSolver {
    /// The relative tolerance.
    pub rtol: f64,
    /// The length of the beat, in ms.
    pub end: f64,
    /// The greatest error of one cell's potential, in mV.
    pub error_mv: f64,
    /// The relative L² error of the potential in mV, its rest included: milder than an operator's, which is taken of all
    /// variables in normal units.
    pub error_l2: f64,
    /// Many cells in lanes.
    pub lanes: Option<OrdLanes>,
    /// Why there are no lanes.
    pub without_lanes: Option<String>,
}

/// Many cells, in lanes of single precision, what it takes to find similar ones included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct OrdLanes {
    /// Cells that differ in their conductances.
    pub cells: usize,
    /// Seconds of a cell's beat.
    pub seconds: f64,
    /// The greatest error of the potential over some of them, in mV.
    pub error_mv: f64,
}

/// A network that is made for O'Hara–Rudy's model: the constrained operator of Pellegrini et al. 2025.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Operator {
    /// Times at which it gives all 41 variables.
    pub points: usize,
    /// The length of the interval, in ms; 500 in races that were kept before it was written down.
    #[serde(default = "short")]
    pub end: f64,
    /// The time of one trajectory, in batches of 32, in seconds.
    pub seconds: f64,
    /// The work of a trajectory.
    #[serde(flatten)]
    pub reached: Reached,
}

fn short() -> f64 {
    CellId::Ord.end()
}

/// The time of the operator's exported file for the length of a beat, which does not depend on its weights: random
/// ones.
pub(super) fn operator(config: &Config, folder: &Path, limits: &Limits) -> Result<Operator, Error> {
    const BATCH: usize = 32;
    let points = if config.tier == Tier::Smoke { 240 } else { 2520 };
    let failed = |e: surrogates::Error| Error::Training { network: "F-ORD".into(), source: Box::new(e) };
    let (spec, _) = NetId { cell: CellId::OrdLong, size: Size::Constrained }.published();
    // The operator adds each point's place to what it is given.
    let channels = spec.inputs - 1;
    let scale = |columns| PointScale::identity(points, columns);
    let fno = Fno::random(spec, scale(channels), scale(spec.outputs), config.seed).map_err(failed)?;
    let path = folder.join("operator.onnx");
    files::write(&path, fno::to_model(&fno, &Description::default()).map_err(failed)?.encode_to_vec())?;
    let options = SessionOptions::default().with_threads(1).with_chunk(BATCH);
    let mut session = open(&path, &Provider::Native, &options)?;
    let x = vec![0.5; BATCH * points * channels];
    let mut y = vec![0.0; BATCH * points * spec.outputs];
    let (begin, mut best, mut runs) = (cpu(), f64::INFINITY, 0);
    while runs < RUNS || cpu() - begin < config.seconds {
        let start = cpu();
        session.run(&x, &mut y)?;
        best = best.min((cpu() - start) / BATCH as f64);
        runs += 1;
    }
    let end = CellId::OrdLong.end();
    Ok(Operator {
        points,
        end,
        seconds: best,
        reached: limits.reached(operator_work(&spec, points), 1.0, best),
    })
}

fn failed(why: String) -> Error {
    Error::bad_option("W-INF", TASK, why)
}

/// The time of a beat of one cell, in seconds; how accurate that is, and what a beat takes with cells in lanes.
pub(super) fn solver(config: &Config) -> Result<(f64, OrdSolver), Error> {
    let known = || task::TASKS.iter().find(|t| t.id == TASK);
    let task = known().ok_or_else(|| failed("there is no such task".into()))?;
    let cell = task.cell()?;
    let timing = ours::time(task, &*cell, METHOD, RTOL, config.seconds).map_err(failed)?;
    let potential = |rtol| ours::grid(task, &*cell, METHOD, rtol).map_err(failed);
    let (v, exact) = (potential(RTOL)?, potential(1e-3 * RTOL)?);
    let length = |v: &mut dyn Iterator<Item = f64>| v.map(|v| v * v).sum::<f64>().sqrt();
    let off = length(&mut v.iter().zip(&exact).map(|(a, b)| a - b));
    let (lanes, without_lanes) = match in_lanes(config, task) {
        Ok(lanes) => (Some(lanes), None),
        Err(why) => (None, Some(why)),
    };
    let solver = OrdSolver {
        rtol: RTOL,
        end: task.end,
        error_mv: ours::greatest_difference(&exact, &v),
        error_l2: off / length(&mut exact.iter().copied()),
        lanes,
        without_lanes,
    };
    Ok((timing.us.into_iter().fold(f64::INFINITY, f64::min) * 1e-6, solver))
}

#[cfg(feature = "crowds")]
fn in_lanes(config: &Config, task: &task::Task) -> Result<OrdLanes, String> {
    // The count and the seed of the kept comparison.
    let cells = if config.tier == Tier::Paper { 10_000 } else { 1024 };
    let rounds = if config.tier == Tier::Paper { 3 } else { 1 };
    let found = crate::compare::ensemble::single(task, METHOD, RTOL, (cells, 1), rounds);
    let (us, error_mv) = found.map_err(|e| e.to_string())?;
    Ok(OrdLanes { cells, seconds: us * 1e-6, error_mv })
}

#[cfg(not(feature = "crowds"))]
fn in_lanes(_: &Config, _: &task::Task) -> Result<OrdLanes, String> {
    Err("this program was built without the feature `crowds`".into())
}

/// A beat in the kept comparison of ten thousand cells: one by one and in sixteen lanes of single precision, in
/// seconds of a cell, and the error of the lanes in mV.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct KeptLanes {
    pub(super) one_by_one: f64,
    pub(super) lanes: f64,
    pub(super) error_mv: f64,
}

/// Nothing where no such comparison is kept.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for a file that is there and cannot be used.
pub(super) fn kept_lanes() -> Result<Option<KeptLanes>, Error> {
    let kept = options::read::<Solvers>(&kept::root(), "compare-ode-ensemble/compare-ode.json")?;
    let Some(found) = kept else { return Ok(None) };
    let row = |way: &str| {
        let name = format!("{METHOD}, {way}");
        found.rows.iter().find(|r| r.task == format!("{TASK}_ensemble") && r.solver == name && r.rtol == RTOL)
    };
    let seconds = |way: &str| Some(row(way)?.us_min? * 1e-6);
    let (Some(one_by_one), Some(lanes)) = (seconds("one by one"), seconds("16 lanes, f32")) else {
        return Ok(None);
    };
    let error_mv = row("16 lanes, f32").and_then(|r| r.error_mv).unwrap_or(f64::NAN);
    Ok(Some(KeptLanes { one_by_one, lanes, error_mv }))
}

/// The fastest kept response of the model on a GPU whose error is at most so many mV, with the device.
///
/// # Errors
/// As [`kept_lanes`].
pub(super) fn kept_on_a_gpu(error_mv: f64) -> Result<Option<(String, Answer, Measured)>, Error> {
    let kept = options::read::<OnGpu>(&kept::root(), "compare-gpu-responses/ord/compare-gpu.json")?;
    let Some(found) = kept else { return Ok(None) };
    let measured = found.answers.into_iter().filter_map(|a| {
        let m = *a.measured().filter(|m| m.lost == 0 && m.error <= error_mv)?;
        Some((a, m))
    });
    let fastest = measured.min_by(|a, b| a.1.seconds.total_cmp(&b.1.seconds));
    Ok(fastest.map(|(answer, m)| (found.device, answer, m)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept_comparisons_have_lanes_and_a_response_on_a_gpu() {
        let kept = kept_lanes().unwrap().unwrap();
        assert!(kept.lanes < kept.one_by_one && kept.error_mv > 0.0 && kept.error_mv < 0.1, "{kept:?}");
        let (device, answer, m) = kept_on_a_gpu(0.1).unwrap().unwrap();
        assert!(!device.is_empty() && answer.what.starts_with("ohara_rudy_2011"), "{answer:?}");
        assert!(m.error <= 0.1 && m.seconds / (answer.cells as f64) < kept.lanes);
        assert_eq!(kept_on_a_gpu(0.0).unwrap(), None);
    }
}
