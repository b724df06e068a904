//! The physics-informed neural ODEs of Kainth, Joshi, Dandekar, Dandekar and Panat (2025): a vector field that
//! is learned from one oscillation of an axon, and what it does afterwards.

mod arm;
mod config;
mod document;
mod evaluate;
mod figures;
mod findings;
mod kept;
mod train;
mod truth;

pub use arm::{Arm, Group, Learner, Schedule, Subject};
pub use config::{Config, Trial};
pub use evaluate::{Evaluation, Horizon, Morphology};
pub use findings::Findings;
pub use kept::keep;
pub use train::Trained;

use self::truth::Truth;
use crate::claims::Publication;
use crate::reproduce::{Head, Job, Settings, Summary, Underway};
use crate::rundir::RunDir;
use crate::{Error, Tier, files, jobs};

/// Runs the experiment, from data to report.
pub(crate) fn run(job: &Job<'_>) -> Result<Summary, Error> {
    let config = Config::new(job.options)?;
    let run = Underway::begin(job, &config)?;

    run.progress.stage("1/3 the cells", 1.0, 0.0);
    // Up to 100 ms as the paper, and ten times as far.
    let ends: &[f64] = if config.tier == Tier::Smoke { &[50.0] } else { &[100.0, 1000.0] };
    let truths = truths(&config, ends)?;
    let jobs = run.jobs(config.trials.len());
    let manifest = run.record(truths.iter().map(Truth::hash).collect(), jobs)?;
    let shared = train::Shared {
        places: train::places(run.dir.path()),
        config: &config,
        truths: &truths,
        ends,
        supervision: run.supervision(),
    };
    let each = config.iterations as f64;
    let done = config.trials.iter().filter(|t| shared.finished(t)).count() as f64 * each;
    let name = format!("2/3 training {} networks, {jobs} at a time", config.trials.len());
    run.progress.stage(&name, config.trials.len() as f64 * each, done);
    let networks = jobs::run(jobs, &config.trials, job.stop, |trial| shared.train(trial))?;
    let findings = Findings { networks, command: manifest.command().to_owned(), seed: config.seed };
    files::write_json(&RunDir::findings(run.dir.path()), &findings)?;

    run.progress.stage("3/3 report", 1.0, 0.0);
    let publication = Publication::kainth2025()?;
    let doubt = config.doubt();
    let results = findings::judge(&publication, &findings, config.tier, doubt.as_deref());
    let truth = truths.iter().find(|t| t.subject == Subject::HodgkinHuxley);
    let document = document::write(&document::Parts {
        publication: &publication,
        config: &config,
        manifest: &manifest,
        truth: truth.expect("invariant: every run has the method under test, which learns the axon"),
        findings: &findings,
        results: &results,
        doubt: doubt.as_deref(),
        command: &job.command,
        resume: &job.resume,
    })?;
    run.end(&document, &results)
}

/// The cells that the networks of a run learn, each until the last of some ends.
fn truths(config: &Config, ends: &[f64]) -> Result<Vec<Truth>, Error> {
    let length = ends.iter().copied().fold(0.0, f64::max);
    let mut subjects: Vec<Subject> = config.trials.iter().map(|t| t.arm.subject).collect();
    subjects.sort();
    subjects.dedup();
    subjects.into_iter().map(|s| Truth::compute(s, length)).collect()
}

impl Settings for Config {
    fn head(&self) -> Head<'_> {
        Head { experiment: &self.experiment, tier: self.tier, seed: self.seed }
    }

    fn networks(&self) -> Vec<(String, u64)> {
        self.trials.iter().map(|t| (t.id(), t.seed(self.seed))).collect()
    }

    fn shortfall(&self) -> Option<String> {
        (!self.is_comparable()).then(|| format!("{} of {} iterations", self.iterations, config::FULL.0))
    }
}
