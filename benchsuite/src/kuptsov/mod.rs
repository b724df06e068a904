//! The neural maps of Kuptsov, Stankevich and Bagautdinova (2022): networks that learn a β-cell's
//! oscillation, and have its fixed point.

mod analysis;
mod config;
#[cfg(test)]
mod damaged;
mod data;
mod diagrams;
mod document;
mod equilibria;
mod figures;
mod findings;
mod kept;
mod model;
mod reach;
mod series;
mod tables;
mod train;

use std::collections::BTreeMap;

pub use analysis::Analysis;
pub use config::{Config, Grid, MapId, Method, Part, Variant};
pub use data::Separation;
pub use diagrams::Diagram;
pub use equilibria::{Equilibria, Hopf, Rest};
pub use findings::{Findings, MapResult, OdeResult};
pub use kept::keep;
pub use reach::Reach;
pub use series::{Rhythm, Series};
pub use train::{Point, Trained};

use crate::claims::Publication;
use crate::manifest::{Manifest, threads};
use crate::progress::Progress;
use crate::reproduce::{Job, Summary};
use crate::rundir::RunDir;
use crate::{Error, files, jobs};

/// Runs all parts, from data to report.
pub(crate) fn run(job: &Job<'_>) -> Result<Summary, Error> {
    run_parts("K", &Part::ALL, job)
}

/// Runs one part alone, with the maps that it needs.
pub(crate) fn run_part(part: Part, job: &Job<'_>) -> Result<Summary, Error> {
    run_parts(part.id(), &[part], job)
}

fn run_parts(id: &'static str, parts: &[Part], job: &Job<'_>) -> Result<Summary, Error> {
    let config = Config::new(id, parts, job.options)?;
    let run = RunDir::open(&job.out, &config, job.existing)?;
    let progress = Progress::new(id);

    progress.stage("1/4 data", 1.0, 0.0);
    let data = data::Data::prepare(&run.join("data"), &config, |name| progress.line(&format!("  {name}")))?;
    let jobs = job.options.jobs.unwrap_or_else(threads).min(config.maps.len().max(1));
    let manifest = run.add_start(
        Manifest {
            format: 1,
            experiment: id.into(),
            seeds: seeds(&config),
            datasets: data.hashes(),
            starts: Vec::new(),
        },
        job.start(jobs),
    )?;
    let shared = train::Shared {
        run: run.path(),
        config: &config,
        data: &data,
        supervision: job.supervision(&progress),
    };
    let done = config.maps.iter().filter(|m| shared.finished(m)).count() as f64;
    let name = format!("2/4 training {} maps, {jobs} at a time", config.maps.len());
    progress.stage(&name, config.maps.len() as f64, done);
    let trained = jobs::run(jobs, &config.maps, job.stop, |map| shared.train(map))?;

    let variants: Vec<Variant> =
        Variant::ALL.into_iter().filter(|v| config.maps.iter().any(|m| m.variant == *v)).collect();
    let count = variants.len() + trained.len();
    progress.stage(&format!("3/4 analysis of {count} systems and maps"), count as f64, 0.0);
    let work = analysis::Work {
        folder: analysis::folder(run.path()),
        config: &config,
        stop: job.stop,
        resume: &job.resume,
    };
    let odes = jobs::run(jobs, &variants, job.stop, |variant| {
        let analysis = work.ode(*variant)?;
        progress.add(1.0, || format!("ODE, {variant}"));
        Ok(OdeResult { variant: *variant, analysis })
    })?;
    let maps = jobs::run(jobs, &trained, job.stop, |(trained, map)| {
        let ode = odes.iter().find(|o| o.variant == trained.map.variant);
        let ode = ode.expect("invariant: the ODE of every map was analysed");
        let analysis = work.map(&trained.map, map, &ode.analysis)?;
        progress.add(1.0, || trained.map.id());
        Ok(MapResult { trained: trained.clone(), analysis })
    })?;
    let command = manifest.starts.first().map_or(job.command.clone(), |s| s.command.clone());
    let findings = Findings { odes, maps, command, seed: config.seed };
    files::write_json(&run.join("findings.json"), &findings)?;

    progress.stage("4/4 report", 1.0, 0.0);
    let publication = Publication::kuptsov2022()?;
    let doubt = doubt(&config);
    let results = findings::judge(&publication, &findings, config.tier, doubt.as_deref());
    let separations: Vec<(Variant, &Separation)> = variants
        .iter()
        .filter_map(|v| {
            let main = config.maps.iter().find(|m| m.variant == *v && m.dt == config::STEPS[0])?;
            Some((*v, data.separation(main)))
        })
        .collect();
    let document = document::write(&document::Parts {
        publication: &publication,
        config: &config,
        manifest: &manifest,
        findings: &findings,
        separations: &separations,
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
            "tier {}: {} of {} steps on {} pairs; not comparable with the paper",
            config.tier,
            config.steps,
            config::PAPER_STEPS,
            config.chunks * config.pairs
        )
    })
}

fn seeds(config: &Config) -> BTreeMap<String, u64> {
    let own = config.maps.iter().map(|m| (m.id(), m.seed(config.seed)));
    std::iter::once(("run".to_owned(), config.seed)).chain(own).collect()
}
