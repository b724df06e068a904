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

use surrogates::NeuralMap;

use crate::claims::Publication;
use crate::reproduce::{Head, Job, Settings, Summary, Underway};
use crate::rundir::RunDir;
use crate::training::Places;
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
    let run = Underway::begin(job, &config)?;

    run.progress.stage("1/4 data", 1.0, 0.0);
    let say = |name: &str| run.progress.line(&format!("  {name}"));
    let data = data::Data::prepare(&run.dir.join("data"), &config, say)?;
    let jobs = run.jobs(config.maps.len());
    let manifest = run.record(data.hashes(), jobs)?;
    let shared = train::Shared {
        places: Places::new(run.dir.path(), "maps", "map"),
        config: &config,
        data: &data,
        supervision: run.supervision(),
    };
    let done = config.maps.iter().filter(|m| shared.finished(m)).count() as f64;
    let name = format!("2/4 training {} maps, {jobs} at a time", config.maps.len());
    run.progress.stage(&name, config.maps.len() as f64, done);
    let trained = jobs::run(jobs, &config.maps, job.stop, |map| shared.train(map))?;

    let (odes, maps) = analyse(&run, job, jobs, &trained)?;
    let findings = Findings { odes, maps, command: manifest.command().to_owned(), seed: config.seed };
    files::write_json(&RunDir::findings(run.dir.path()), &findings)?;

    run.progress.stage("4/4 report", 1.0, 0.0);
    let publication = Publication::kuptsov2022()?;
    let results = findings::judge(&publication, &findings, config.tier, config.doubt().as_deref());
    let document = document::write(&document::Parts {
        publication: &publication,
        config: &config,
        manifest: &manifest,
        findings: &findings,
        separations: &separations(&config, &data),
        results: &results,
        command: &job.command,
        resume: &job.resume,
    })?;
    run.end(&document, &results)
}

/// The ODEs of a run's maps, in the order of the report.
fn variants(config: &Config) -> impl Iterator<Item = Variant> {
    Variant::ALL.into_iter().filter(move |v| config.maps.iter().any(|m| m.variant == *v))
}

/// What is to be found out about the ODEs, and then about the maps, which are held against them.
fn analyse(
    run: &Underway<'_, Config>,
    job: &Job<'_>,
    jobs: usize,
    trained: &[(Trained, NeuralMap<f64>)],
) -> Result<(Vec<OdeResult>, Vec<MapResult>), Error> {
    let variants: Vec<Variant> = variants(run.config).collect();
    let count = variants.len() + trained.len();
    run.progress.stage(&format!("3/4 analysis of {count} systems and maps"), count as f64, 0.0);
    let work = analysis::Work {
        folder: analysis::folder(run.dir.path()),
        config: run.config,
        stop: job.stop,
        resume: &job.resume,
    };
    let odes = jobs::run(jobs, &variants, job.stop, |variant| {
        let analysis = work.ode(*variant)?;
        run.progress.add(1.0, || format!("ODE, {variant}"));
        Ok(OdeResult { variant: *variant, analysis })
    })?;
    let maps = jobs::run(jobs, trained, job.stop, |(trained, map)| {
        let ode = odes.iter().find(|o| o.variant == trained.map.variant);
        let ode = ode.expect("invariant: the ODE of every map was analysed");
        let analysis = work.map(&trained.map, map, &ode.analysis)?;
        run.progress.add(1.0, || trained.map.id());
        Ok(MapResult { trained: trained.clone(), analysis })
    })?;
    Ok((odes, maps))
}

/// For each ODE what the maps of the main time step learned from.
fn separations<'a>(config: &Config, data: &'a data::Data) -> Vec<(Variant, &'a Separation)> {
    let main = |v: Variant| config.maps.iter().find(|m| m.variant == v && m.dt == config::STEPS[0]);
    variants(config).filter_map(|v| Some((v, data.separation(main(v)?)))).collect()
}

impl Settings for Config {
    fn head(&self) -> Head<'_> {
        Head { experiment: &self.experiment, tier: self.tier, seed: self.seed }
    }

    fn networks(&self) -> Vec<(String, u64)> {
        self.maps.iter().map(|m| (m.id(), m.seed(self.seed))).collect()
    }

    fn shortfall(&self) -> Option<String> {
        let pairs = self.chunks * self.pairs;
        (!self.is_comparable())
            .then(|| format!("{} of {} steps on {pairs} pairs", self.steps, config::PAPER_STEPS))
    }
}
