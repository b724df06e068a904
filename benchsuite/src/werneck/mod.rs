//! Problem A of Werneck's dissertation (2024): can a network learn one action potential from ten
//! points, if its loss knows the equations?

mod appendix;
mod config;
mod data;
mod document;
mod evaluate;
mod figures;
mod findings;
mod kept;
mod network;
mod train;

use ionic_models::Cell;
use ionic_models::models::FitzHughNagumo;

pub use config::{Config, Protocol};
pub use evaluate::{Errors, Evaluation};
pub use kept::{Kept, judge_again, keep};
pub use network::{Class, Network, Set};
pub use train::Trained;

use crate::claims::Publication;
use crate::manifest::Manifest;
use crate::metrics::{self, Progressed};
use crate::reproduce::{Head, Job, Options, Settings, Summary, Underway};
use crate::results::ClaimResult;
use crate::{Error, files, jobs};

/// U and W at t = 0.
pub(crate) const INITIAL: [f64; 2] = [0.5, 0.0];

/// The cell of problem A: its published values, no current.
pub(crate) fn cell() -> Cell<FitzHughNagumo> {
    Cell::new()
}

/// A trained network with its log.
pub(crate) struct Course {
    pub(crate) trained: Trained,
    pub(crate) log: Vec<Progressed>,
}

/// What the kept networks of problem A say, in words; none if none are kept.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for a file that is there and cannot be used.
pub(crate) fn kept_answer(
    publication: &Publication,
    results: &std::path::Path,
) -> Result<Option<String>, Error> {
    let kept = kept::load(results)?;
    let said = document::sentences(publication, &kept::samples(&kept));
    // A sentence of its own.
    Ok(said.map(|said| format!("{}{}.", said[..1].to_uppercase(), &said[1..])))
}

/// The settings that the options stand for.
fn configure(publication: &Publication, options: &Options) -> Result<Config, Error> {
    let (iterations, validate_every, usual) = config::size(options.tier);
    let usual: Option<Vec<String>> = usual.map(|list| list.iter().map(|s| (*s).to_owned()).collect());
    let wanted =
        if options.architectures.is_empty() { usual.as_deref() } else { Some(&options.architectures[..]) };
    let iterations = options.iterations.unwrap_or(iterations);
    Ok(Config {
        format: 1,
        experiment: "W-A".into(),
        tier: options.tier,
        seed: options.seed,
        iterations,
        // A run that is shortened still has a course to show.
        validate_every: validate_every.min((iterations / 20).max(1)),
        networks: network::select(publication, wanted, options.limit)?,
        protocol: Protocol::published(),
    })
}

/// Runs problem A from data to report.
pub(crate) fn run(job: &Job<'_>) -> Result<Summary, Error> {
    let publication = Publication::werneck2024()?;
    let config = configure(&publication, job.options)?;
    let run = Underway::begin(job, &config)?;

    run.progress.stage("1/4 data", 1.0, 0.0);
    let data = data::Data::prepare(&run.dir.join("data"))?;
    let jobs = run.jobs(config.networks.len());
    let manifest = run.record(data.hashes(), jobs)?;

    let shared = train::Shared {
        places: train::places(run.dir.path()),
        config: &config,
        data: &data,
        supervision: run.supervision(),
    };
    let total = config.networks.iter().map(|n| shared.weight(n)).sum();
    let done = config.networks.iter().filter(|n| shared.finished(n)).map(|n| shared.weight(n)).sum();
    let name = format!("2/4 training {} networks, {jobs} at a time", config.networks.len());
    run.progress.stage(&name, total, done);
    let trained = jobs::run(jobs, &config.networks, job.stop, |network| shared.train(network))?;

    run.progress.stage("3/4 comparison", 1.0, 0.0);
    let courses = trained
        .into_iter()
        .map(|trained| {
            let log = metrics::read(&train::metrics_path(&shared.places, &trained.network))?;
            Ok(Course { trained, log })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    files::write(&run.dir.join("metrics.jsonl"), joined_log(&courses)?)?;
    let results = judge(&publication, &config, &manifest, &courses);

    run.progress.stage("4/4 report", 1.0, 0.0);
    let kept = kept::load(&crate::kept::folder(&publication))?;
    let document = document::write(&document::Parts {
        publication: &publication,
        config: &config,
        manifest: &manifest,
        data: &data,
        courses: &courses,
        kept: &kept,
        results: &results,
        command: &job.command,
        resume: &job.resume,
    })?;
    run.end(&document, &results)
}

impl Settings for Config {
    fn head(&self) -> Head<'_> {
        Head { experiment: &self.experiment, tier: self.tier, seed: self.seed }
    }

    fn networks(&self) -> Vec<(String, u64)> {
        self.networks.iter().map(|n| (n.id(), n.seed(self.seed))).collect()
    }

    fn shortfall(&self) -> Option<String> {
        (!self.is_comparable())
            .then(|| format!("{} of {} iterations", self.iterations, config::PAPER_ITERATIONS))
    }
}

fn judge(
    publication: &Publication,
    config: &Config,
    manifest: &Manifest,
    courses: &[Course],
) -> Vec<ClaimResult> {
    let all = courses
        .iter()
        .map(|c| findings::Sample {
            trained: &c.trained,
            command: manifest.command(),
            tier: config.tier,
            seed: config.seed,
        })
        .collect();
    findings::judge(publication, &findings::Samples { all }, config.tier, config.doubt().as_deref())
}

/// The logs of all networks in one, each line with its network.
fn joined_log(courses: &[Course]) -> Result<String, Error> {
    #[derive(serde::Serialize)]
    struct Line<'a> {
        network: &'a str,
        #[serde(flatten)]
        line: &'a Progressed,
    }
    let mut out = String::new();
    for course in courses {
        let network = course.trained.network.id();
        for line in &course.log {
            let text = serde_json::to_string(&Line { network: &network, line }).map_err(|e| {
                Error::Damaged { path: "metrics.jsonl".into(), why: e.to_string(), remedy: String::new() }
            })?;
            out.push_str(&text);
            out.push('\n');
        }
    }
    Ok(out)
}
