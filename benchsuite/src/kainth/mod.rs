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

use std::collections::BTreeMap;

pub use arm::{Arm, Group, Learner, Schedule, Subject};
pub use config::{Config, Trial};
pub use evaluate::{Evaluation, Horizon, Morphology};
pub use findings::Findings;
pub use kept::keep;
pub use train::Trained;

use self::truth::Truth;
use crate::claims::Publication;
use crate::manifest::{Manifest, threads};
use crate::progress::Progress;
use crate::reproduce::{Job, Summary};
use crate::rundir::RunDir;
use crate::{Error, Tier, files, jobs};

/// Runs the experiment, from data to report.
pub(crate) fn run(job: &Job<'_>) -> Result<Summary, Error> {
    let config = Config::new(job.options)?;
    let run = RunDir::open(&job.out, &config, job.existing)?;
    let progress = Progress::new("P");

    progress.stage("1/3 the cells", 1.0, 0.0);
    // Up to 100 ms as the paper, and ten times as far.
    let ends: &[f64] = if config.tier == Tier::Smoke { &[50.0] } else { &[100.0, 1000.0] };
    let length = ends.iter().copied().fold(0.0, f64::max);
    let mut subjects: Vec<Subject> = config.trials.iter().map(|t| t.arm.subject).collect();
    subjects.sort();
    subjects.dedup();
    let truths: Vec<Truth> =
        subjects.into_iter().map(|s| Truth::compute(s, length)).collect::<Result<_, Error>>()?;
    let jobs = job.options.jobs.unwrap_or_else(threads).min(config.trials.len().max(1));
    let manifest = run.add_start(
        Manifest {
            format: 1,
            experiment: "P".into(),
            seeds: seeds(&config),
            datasets: truths.iter().map(Truth::hash).collect(),
            starts: Vec::new(),
        },
        job.start(jobs),
    )?;
    let shared = train::Shared {
        run: run.path(),
        config: &config,
        truths: &truths,
        ends,
        supervision: job.supervision(&progress),
    };
    let each = config.iterations as f64;
    let done = config.trials.iter().filter(|t| shared.finished(t)).count() as f64 * each;
    let name = format!("2/3 training {} networks, {jobs} at a time", config.trials.len());
    progress.stage(&name, config.trials.len() as f64 * each, done);
    let networks = jobs::run(jobs, &config.trials, job.stop, |trial| shared.train(trial))?;
    let command = manifest.starts.first().map_or(job.command.clone(), |s| s.command.clone());
    let findings = Findings { networks, command, seed: config.seed };
    files::write_json(&run.join("findings.json"), &findings)?;

    progress.stage("3/3 report", 1.0, 0.0);
    let publication = Publication::kainth2025()?;
    let doubt = doubt(&config);
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
    document.write(run.path())?;
    // Last of all: a run that has it is finished.
    files::write_json(&RunDir::results(run.path()), &results)?;
    progress.finish();
    Ok(Summary::of_claims(run.join("report.html"), &results, doubt))
}

/// Why the numbers of a run get no verdict.
fn doubt(config: &Config) -> Option<String> {
    (!config.is_comparable()).then(|| {
        format!(
            "tier {}: {} of {} iterations; not comparable with the paper",
            config.tier,
            config.iterations,
            config::FULL.0
        )
    })
}

fn seeds(config: &Config) -> BTreeMap<String, u64> {
    let own = config.trials.iter().map(|t| (t.id(), t.seed(config.seed)));
    std::iter::once(("run".to_owned(), config.seed)).chain(own).collect()
}
