//! The Fourier neural operators of Pellegrini, Ghiotto, Centofanti and Pavarino (2025): from the applied
//! current at all times to every state at all times, for cells of 2, 4 and 41 variables.

mod bracket;
mod cell;
mod config;
mod data;
mod document;
mod figures;
mod findings;
mod kept;
mod measure;
mod train;
mod tune;

use std::collections::BTreeMap;

pub use bracket::{Bracket, BracketSpec, Brackets};
pub use cell::CellId;
pub use config::{Config, NetId, Part, Search, Size};
pub use findings::Findings;
pub use kept::{judge_again, keep};
pub use measure::{Errors, Physiology};
pub use train::{Pair, Trained};
pub use tune::Candidate;

use crate::claims::Publication;
use crate::manifest::threads;
use crate::reproduce::{Head, Job, Settings, Summary, Underway};
use crate::rundir::RunDir;
use crate::{Error, Tier, files};

/// The relative L² error of a kept network, the mean over its variables; nothing if none is kept.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for a file that is there and cannot be used.
pub(crate) fn kept_error(folder: &std::path::Path, net: NetId) -> Result<Option<f64>, Error> {
    let found = kept::load(folder)?.nets.into_iter().find(|t| t.net == net);
    Ok(found.map(|t| t.errors.mean_l2()))
}

/// Runs all parts, from data to report.
pub(crate) fn run(job: &Job<'_>) -> Result<Summary, Error> {
    run_parts("F", &Part::ALL, job)
}

/// Runs one part alone, with the networks that it needs.
pub(crate) fn run_part(part: Part, job: &Job<'_>) -> Result<Summary, Error> {
    run_parts(part.id(), &[part], job)
}

fn run_parts(id: &'static str, parts: &[Part], job: &Job<'_>) -> Result<Summary, Error> {
    let config = Config::new(id, parts, job.options)?;
    let run = Underway::begin(job, &config)?;

    run.progress.stage("1/4 data", 1.0, 0.0);
    let data = data::Data::new(&run.dir.join("data"), &config)?;
    // A network is judged at finer points if it is asked for, and at the publication's scale always.
    let resolution = parts.contains(&Part::Resolution) || config.tier == Tier::Paper;
    let hashes = data.hashes(resolution)?;
    for name in hashes.keys() {
        run.progress.line(&format!("  {name}"));
    }
    // One network after the other, each on all threads: a batch is worth it.
    let threads = job.options.jobs.unwrap_or_else(threads);
    let manifest = run.record(hashes, 1)?;
    let shared = train::Shared {
        places: train::places(run.dir.path()),
        config: &config,
        data: &data,
        supervision: run.supervision(),
        threads,
    };
    let each = (config.epochs * config.iterations_per_epoch()) as f64;
    let done = config.nets.iter().filter(|n| shared.finished(n)).count() as f64 * each;
    let name = format!("2/4 training {} operators", config.nets.len());
    run.progress.stage(&name, config.nets.len() as f64 * each, done);
    let mut nets = Vec::new();
    for net in &config.nets {
        nets.push(shared.train(net, resolution)?);
    }
    let candidates = match &config.search {
        None => Vec::new(),
        Some(search) => {
            let work = search.candidates as f64 * search.rungs.last().copied().unwrap_or(0) as f64;
            run.progress.stage("3/4 search", work * config.iterations_per_epoch() as f64, 0.0);
            tune::search(&shared, search, &data.sets(search.cell)?)?
        }
    };
    let command = manifest.command().to_owned();
    let findings = Findings { nets, candidates, command, seed: config.seed, origins: BTreeMap::new() };
    files::write_json(&RunDir::findings(run.dir.path()), &findings)?;

    run.progress.stage("4/4 report", 1.0, 0.0);
    let publication = Publication::pellegrini2025()?;
    let results = findings::judge(&publication, &findings, config.tier, config.doubt().as_deref());
    let document = document::write(&document::Parts {
        publication: &publication,
        config: &config,
        manifest: &manifest,
        findings: &findings,
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
        self.nets.iter().map(|n| (n.id(), n.seed(self.seed))).collect()
    }

    fn shortfall(&self) -> Option<String> {
        (!self.is_comparable()).then(|| {
            format!(
                "{} of {} epochs on {} trajectories of {} points",
                self.epochs,
                config::PAPER_EPOCHS,
                self.samples[0],
                self.points
            )
        })
    }
}
