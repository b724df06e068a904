//! The Fourier neural operators of Pellegrini, Ghiotto, Centofanti and Pavarino (2025): from the applied
//! current at all times to every state at all times, for cells of 2, 4 and 41 variables.

mod bracket;
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
pub use config::{Cell, Config, NetId, Part, Search, Size};
pub use findings::Findings;
pub use kept::{judge_again, keep};
pub use measure::{Errors, Physiology};
pub use train::{Pair, Trained};
pub use tune::Candidate;

use crate::claims::Publication;
use crate::manifest::{Manifest, threads};
use crate::progress::Progress;
use crate::reproduce::{Job, Summary};
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
    let run = RunDir::open(&job.out, &config, job.existing)?;
    let progress = Progress::new(id);

    progress.stage("1/4 data", 1.0, 0.0);
    let data = data::Data::new(&run.join("data"), &config)?;
    // A network is judged at finer points if it is asked for, and at the publication's scale always.
    let resolution = parts.contains(&Part::Resolution) || config.tier == Tier::Paper;
    let hashes = data.hashes(resolution)?;
    for name in hashes.keys() {
        progress.line(&format!("  {name}"));
    }
    // One network after the other, each on all threads: a batch is worth it.
    let threads = job.options.jobs.unwrap_or_else(threads);
    let manifest = run.add_start(
        Manifest {
            format: 1,
            experiment: id.into(),
            seeds: seeds(&config),
            datasets: hashes,
            starts: Vec::new(),
        },
        // One at a time.
        job.start(1),
    )?;
    let shared = train::Shared {
        run: run.path(),
        config: &config,
        data: &data,
        supervision: job.supervision(&progress),
        threads,
    };
    let each = (config.epochs * config.iterations_per_epoch()) as f64;
    let done = config.nets.iter().filter(|n| shared.finished(n)).count() as f64 * each;
    progress.stage(
        &format!("2/4 training {} operators", config.nets.len()),
        config.nets.len() as f64 * each,
        done,
    );
    let mut nets = Vec::new();
    for net in &config.nets {
        nets.push(shared.train(net, resolution)?);
    }
    let candidates = match &config.search {
        None => Vec::new(),
        Some(search) => {
            let work = search.candidates as f64 * search.rungs.last().copied().unwrap_or(0) as f64;
            progress.stage("3/4 search", work * config.iterations_per_epoch() as f64, 0.0);
            tune::search(&shared, search, &data.sets(search.cell)?)?
        }
    };
    let command = manifest.starts.first().map_or(job.command.clone(), |s| s.command.clone());
    let findings = Findings { nets, candidates, command, seed: config.seed, origins: BTreeMap::new() };
    files::write_json(&run.join("findings.json"), &findings)?;

    progress.stage("4/4 report", 1.0, 0.0);
    let publication = Publication::pellegrini2025()?;
    let doubt = doubt(&config);
    let results = findings::judge(&publication, &findings, config.tier, doubt.as_deref());
    let document = document::write(&document::Parts {
        publication: &publication,
        config: &config,
        manifest: &manifest,
        findings: &findings,
        results: &results,
        command: &job.command,
        resume: &job.resume,
    })?;
    document.write(run.path())?;
    // Last of all: a run that has it is finished.
    files::write_json(&RunDir::results(run.path()), &results)?;
    progress.finish();
    Ok(Summary::of_claims(run.join("report.html"), &results, doubt))
}

/// Why the numbers of a run may not be held against the paper's.
fn doubt(config: &Config) -> Option<String> {
    (!config.is_comparable()).then(|| {
        format!(
            "tier {}: {} of {} epochs on {} trajectories of {} points; not comparable with the paper",
            config.tier,
            config.epochs,
            config::PAPER_EPOCHS,
            config.samples[0],
            config.points
        )
    })
}

fn seeds(config: &Config) -> BTreeMap<String, u64> {
    let own = config.nets.iter().map(|n| (n.id(), n.seed(config.seed)));
    std::iter::once(("run".to_owned(), config.seed)).chain(own).collect()
}
