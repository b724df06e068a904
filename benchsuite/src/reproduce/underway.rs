//! A run on its way from its settings to its report: what all experiments do alike.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Job, Summary};
use crate::manifest::{Manifest, threads};
use crate::progress::Progress;
use crate::report::Document;
use crate::results::ClaimResult;
use crate::rundir::RunDir;
use crate::training::Supervision;
use crate::{Error, Tier, files};

/// What every `config.json` says, whatever the experiment.
pub(crate) struct Head<'a> {
    /// The experiment's id.
    pub(crate) experiment: &'a str,
    /// The tier.
    pub(crate) tier: Tier,
    /// The seed of the run.
    pub(crate) seed: u64,
}

/// The settings of an experiment, its `config.json`, to whoever runs it or keeps its results.
pub(crate) trait Settings: Serialize {
    /// What all settings say.
    fn head(&self) -> Head<'_>;

    /// The ids of the networks, each with its own seed.
    fn networks(&self) -> Vec<(String, u64)>;

    /// How much of what the paper's scale asks for is done, in words; none if all of it.
    fn shortfall(&self) -> Option<String>;

    /// Why the numbers of a run may not be held against the paper's; none if they may.
    fn doubt(&self) -> Option<String> {
        self.shortfall()
            .map(|part| format!("tier {}: {part}; not comparable with the paper", self.head().tier))
    }
}

/// A run between its beginning and its end: its folder is locked, its progress is shown.
pub(crate) struct Underway<'a, C> {
    /// The settings.
    pub(crate) config: &'a C,
    /// The folder.
    pub(crate) dir: RunDir,
    /// Its progress.
    pub(crate) progress: Progress,
    job: &'a Job<'a>,
}

impl<'a, C: Settings> Underway<'a, C> {
    /// Begins a run, or goes on with one.
    ///
    /// # Errors
    /// Those of [`RunDir::open`].
    pub(crate) fn begin(job: &'a Job<'a>, config: &'a C) -> Result<Self, Error> {
        let dir = RunDir::open(&job.out, config, job.existing)?;
        Ok(Underway { config, dir, progress: Progress::new(config.head().experiment), job })
    }

    /// How many of so many networks are trained at the same time.
    pub(crate) fn jobs(&self, networks: usize) -> usize {
        self.job.options.jobs.unwrap_or_else(threads).min(networks.max(1))
    }

    /// Writes down where the numbers come from: this start, the seeds, the content hashes of the data sets.
    ///
    /// # Errors
    /// Those of [`RunDir::add_start`].
    pub(crate) fn record(&self, datasets: BTreeMap<String, String>, jobs: usize) -> Result<Manifest, Error> {
        let Head { experiment, seed, .. } = self.config.head();
        let mut seeds = BTreeMap::from([("run".to_owned(), seed)]);
        seeds.extend(self.config.networks());
        let fresh =
            Manifest { format: 1, experiment: experiment.to_owned(), seeds, datasets, starts: Vec::new() };
        self.dir.add_start(fresh, self.job.start(jobs))
    }

    /// How its trainings are watched.
    pub(crate) fn supervision(&self) -> Supervision<'_> {
        self.job.supervision(&self.progress)
    }

    /// Writes the report and the results of the claims, and ends the run.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Damaged`] for a result that JSON cannot hold.
    pub(crate) fn end(self, document: &Document, results: &[ClaimResult]) -> Result<Summary, Error> {
        document.write(self.dir.path())?;
        // Last of all: a run that has it is finished.
        files::write_json(&RunDir::results(self.dir.path()), &results)?;
        self.progress.finish();
        Ok(Summary::of_claims(self.dir.join("report.html"), results, self.config.doubt()))
    }
}
