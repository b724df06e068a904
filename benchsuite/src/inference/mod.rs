//! W-INF: are networks faster than a numerical solver? The race of Werneck 2024, section 4.4, with
//! the solver as published, with cells in the lanes of registers, and at the limit of the machine.

mod document;
mod figures;
mod findings;
mod gpu;
mod gpu_pool;
mod kept;
mod ord;
mod pool;
mod race;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::claims::Publication;
use crate::compare::work::Limits;
use crate::reproduce::{Head, Job, Options, Settings, Summary, Underway};
use crate::{Error, Tier, files};

pub use gpu::{GpuRow, Kind};
pub use gpu_pool::GpuTimed;
pub use kept::{judge_again, keep};
pub use ord::{Operator, OrdLanes, OrdSolver};
pub use pool::{Activation, Chunk, Timed, Trained};
pub use race::{Accuracy, SolverRow};

/// Cells of the reference set (Table 11).
pub(crate) const REFERENCE: f64 = 16e6;

/// Rows that a network is run for where a solver passes a cell until t = 10: one for each unit of time, as the
/// dissertation samples them (section 3.6: δt = 1, the longest that shows an action potential as it is).
pub(crate) const ROWS_A_CELL: f64 = 10.0;

/// What a run measures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    format: u32,
    experiment: String,
    tier: Tier,
    seed: u64,
    /// Cells that the fast solver is timed with, at most: times of more are in proportion.
    most_cells: usize,
    /// Cells that the published way is timed with, at most.
    most_cells_one_by_one: usize,
    /// Networks of the pool.
    networks: usize,
    /// Rows that each is timed with.
    rows: usize,
    /// CPU time for each measurement, in seconds.
    seconds: f64,
    /// Solutions of a validation set that Euler's error is taken over, at most.
    #[serde(default)]
    solutions: u64,
}

impl Config {
    fn new(options: &Options) -> Result<Self, Error> {
        if let Some(layers) = options.architectures.first() {
            let why = "W-INF has a pool of untrained networks, and those that are kept; leave the option out";
            return Err(Error::bad_option("--arch", layers, why));
        }
        let (most_cells, most_cells_one_by_one, networks, rows, seconds, solutions) = match options.tier {
            Tier::Smoke => (20_000, 2_000, 20, 20_000, 0.01, 40),
            Tier::Quick => (4_000_000, 200_000, 155, 100_000, 0.05, 1000),
            Tier::Paper => (64_000_000, 1_000_000, 909, 200_000, 0.1, u64::MAX),
        };
        Ok(Config {
            format: 1,
            experiment: "W-INF".into(),
            tier: options.tier,
            seed: options.seed,
            most_cells,
            most_cells_one_by_one,
            networks: options.limit.unwrap_or(networks),
            rows,
            seconds,
            solutions,
        })
    }

    /// Whether the pool is as large as the published one.
    fn is_comparable(&self) -> bool {
        self.tier == Tier::Paper && self.networks >= 909
    }
}

/// `measurements.json`: all that was measured. Times are CPU time of one thread unless a row names a
/// device.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measurements {
    /// What the machine can do at most.
    pub limits: Limits,
    /// Solvers, Table 11.
    pub solvers: Vec<SolverRow>,
    /// Errors of Euler's method by its step, on each problem's validation set.
    pub accuracy: Vec<Accuracy>,
    /// The pool of untrained networks.
    pub pool: Vec<Timed>,
    /// The cost of activations, Fig. 42.
    pub activations: Vec<Activation>,
    /// ONNX Runtime by rows at a time; empty without it.
    pub chunks: Vec<Chunk>,
    /// Trained networks that are kept, Fig. 41.
    pub trained: Vec<Trained>,
    /// The time of a beat of O'Hara–Rudy's model, adaptive, at rtol 1e-4, in seconds.
    pub ord_beat: f64,
    /// The time of an operator that gives the same 41 variables.
    pub ord_operator: Operator,
    /// The solver's error there, and its time with many cells in lanes.
    #[serde(default)]
    pub ord_solver: Option<OrdSolver>,
    /// What needs a GPU.
    pub gpu: Vec<GpuRow>,
    /// What the GPU can do at most.
    #[serde(default)]
    pub gpu_limits: Option<Limits>,
    /// The pool on a GPU; empty without one.
    #[serde(default)]
    pub gpu_pool: Vec<GpuTimed>,
}

/// Runs the race from measurements to report.
pub(crate) fn run(job: &Job<'_>) -> Result<Summary, Error> {
    let publication = Publication::werneck2024()?;
    let config = Config::new(job.options)?;
    let run = Underway::begin(job, &config)?;
    let manifest = run.record(BTreeMap::new(), 1)?;

    run.progress.stage("1/4 solvers", 1.0, 0.0);
    let limits = race::limits(&config);
    let solvers = race::solvers(&config, &limits)?;
    let (ord_beat, ord_solver) = ord::solver(&config)?;
    let folder = run.dir.join("networks");
    let ord_operator = ord::operator(&config, &folder, &limits)?;
    if job.stop.requested() {
        return Err(Error::Interrupted { resume: job.resume.clone() });
    }
    run.progress.stage("2/4 networks", (pool::PASSES * config.networks) as f64, 0.0);
    let chunks = pool::chunks(&config, &folder, &limits)?;
    let pool = pool::pool(&config, &folder, &limits, &chunks, (&run.progress, job))?;
    let activations = pool::activations(&config, &folder, &limits)?;
    let trained = pool::trained(&config, &folder, &limits, &publication)?;
    let accuracy = race::accuracy(&config, &limits, &solvers, &trained)?;
    let trained: Vec<Trained> = trained.into_iter().map(|t| t.0).collect();
    run.progress.stage("3/4 GPU", config.networks as f64, 0.0);
    let (gpu, gpu_limits) = gpu::rows(&config, &folder, &trained);
    let gpu_pool = gpu_pool::pool(&config, &folder, &run.progress, job)?;

    run.progress.stage("4/4 report", 1.0, 0.0);
    let measured = Measurements {
        limits,
        solvers,
        accuracy,
        pool,
        activations,
        chunks,
        trained,
        ord_beat,
        ord_operator,
        ord_solver: Some(ord_solver),
        gpu,
        gpu_limits,
        gpu_pool,
    };
    files::write_json(&run.dir.join("measurements.json"), &measured)?;
    let results = findings::judge(&publication, &config, &measured, &job.command);
    let parts = document::Parts {
        publication: &publication,
        config: &config,
        manifest: &manifest,
        measured: &measured,
        results: &results,
    };
    run.end(&document::write(&parts)?, &results)
}

impl Settings for Config {
    fn head(&self) -> Head<'_> {
        Head { experiment: &self.experiment, tier: self.tier, seed: self.seed }
    }

    /// None has a seed of its own: the pool's are untrained.
    fn networks(&self) -> Vec<(String, u64)> {
        Vec::new()
    }

    fn shortfall(&self) -> Option<String> {
        (!self.is_comparable()).then(|| format!("{} of 909 networks", self.networks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    use crate::compare::work::Reached;
    use crate::interrupt::Stop;
    use crate::results::Verdict;
    use crate::rundir::{Existing, RunDir};

    #[test]
    fn a_small_race_has_an_answer_and_says_what_was_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let mut options = Options::new(Tier::Smoke);
        options.limit = Some(10);
        let summary = run(&Job {
            options: &options,
            out: folder.path().join("run"),
            existing: Existing::Refuse,
            command: "reproduce W-INF".into(),
            resume: "reproduce W-INF --resume".into(),
            stop: Stop::new(),
        })
        .unwrap();
        assert!(summary.lines[0].contains("not comparable"), "{:?}", summary.lines);
        let report = std::fs::read_to_string(folder.path().join("run/report.md")).unwrap();
        for part in ["When does a network beat a good solver", "Table 11", "Table 12", "NOT_RUN", "FitzHugh"]
        {
            assert!(report.contains(part), "{part} is missing from\n{report}");
        }
        let measured: Measurements =
            files::read_json(&folder.path().join("run/measurements.json"), "").unwrap();
        kept_if_of_the_papers_scale(&folder.path().join("run"), &folder.path().join("kept"), &measured);
        assert_eq!(measured.pool.len(), 10);
        assert!(measured.pool.iter().all(|p| p.seconds > 0.0));
        // Each problem and time domain of the kept networks has Euler's errors, which fall with the step.
        assert!(!measured.trained.is_empty() && measured.accuracy.len().is_multiple_of(4), "{measured:?}");
        for network in &measured.trained {
            let own = |a: &&Accuracy| a.problem == network.problem && a.t_end == network.t_end;
            let errors: Vec<f64> = measured.accuracy.iter().filter(own).map(|a| a.error).collect();
            assert!(errors.len() == 4 && errors.windows(2).all(|e| e[0] > e[1]), "{network:?}: {errors:?}");
        }
        let ord = measured.ord_solver.as_ref().unwrap();
        assert!(ord.error_mv > 0.0 && ord.error_mv < 0.1 && ord.error_l2 < 1e-3, "{ord:?}");
        assert!(ord.lanes.is_some() != ord.without_lanes.is_some(), "{ord:?}");
        // Everything has its work, and the part of the limit that it reached.
        let (m, mut all) = (&measured, vec![measured.ord_operator.reached]);
        all.extend(m.solvers.iter().map(|r| r.reached).chain(m.accuracy.iter().map(|r| r.reached)));
        all.extend(m.pool.iter().map(|r| r.reached).chain(m.activations.iter().map(|r| r.reached)));
        all.extend(m.chunks.iter().map(|r| r.reached).chain(m.trained.iter().map(|r| r.reached)));
        let timed_on_a_gpu = m.gpu.iter().filter(|r| r.seconds.is_some());
        all.extend(timed_on_a_gpu.map(|r| r.reached).chain(m.gpu_pool.iter().map(|r| r.reached)));
        let whole =
            |r: &Reached| r.work.flops > 0.0 && r.work.bytes > 0.0 && r.of_limit.is_some_and(|l| l > 0.0);
        assert!(all.iter().all(whole), "{all:?}");
        assert!(measured.gpu.iter().all(|g| g.seconds.is_some() || g.not_run.is_some()));
    }

    /// A small race is refused. The same numbers in the name of a large one are kept whole.
    fn kept_if_of_the_papers_scale(run: &Path, into: &Path, measured: &Measurements) {
        let refused = keep(run, into).unwrap_err().to_string();
        assert!(
            refused.contains("only runs of tier paper are kept, not tier smoke with 10 networks"),
            "{refused}"
        );
        let path = RunDir::config(run);
        let small: Config = files::read_json(&path, "").unwrap();
        files::write_json(&path, &Config { tier: Tier::Paper, networks: 909, ..small }).unwrap();
        assert_eq!(keep(run, into).unwrap().taken, measured.pool.len());
        let kept: crate::kept::Kept<Measurements> =
            files::read_json(&into.join("inference/measurements.json"), "").unwrap();
        assert_eq!(&kept.result, measured);
        let results: Vec<crate::results::ClaimResult> =
            files::read_json(&into.join("inference-results.json"), "").unwrap();
        assert!(
            results.iter().any(|r| r.verdict != Verdict::NotRun)
                && results.iter().all(|r| r.tier == Tier::Paper)
        );
        assert!(into.join("inference/figures").read_dir().unwrap().next().is_some());
        std::fs::remove_file(RunDir::results(run)).unwrap();
        assert!(keep(run, into).unwrap_err().to_string().contains("not finished"));
    }
}
