//! What a trial is: the sweep machinery knows nothing else of it.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use super::finished::Finished;
use super::rehearsal::Rehearsal;
use crate::Error;
use crate::error::near_misses;
use crate::grid::Networks;
use crate::interrupt::Stop;
use crate::pellegrini::Brackets;
use crate::report::Block;

/// A kind of trials. One value serves all trials and all threads.
pub trait Kind: Sync {
    /// Its name in plans.
    fn name(&self) -> &'static str;

    /// What decides a trial's numbers, with every default filled in, so that equal trials are equal.
    ///
    /// # Errors
    /// What is wrong with it and what is allowed.
    fn check(&self, spec: &Value) -> Result<Value, String>;

    /// A trial in a few words, for lines and tables.
    fn label(&self, spec: &Value) -> String;

    /// About how long a trial takes, in units of its kind's own. Long trials begin first.
    fn cost(&self, spec: &Value) -> f64;

    /// Runs a trial, or goes on with it from what its folder holds. The result must depend on the
    /// specification alone, timings apart, however often the trial was stopped.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when asked to stop, after saving; anything else fails the trial.
    fn run(&self, spec: &Value, work: &Work<'_>) -> Result<Value, Error>;

    /// The columns of the table of results, in order, with a trial's values.
    fn columns(&self, spec: &Value, outcome: &Value) -> Vec<(String, Value)>;

    /// What the report says about the results beyond their table.
    ///
    /// # Errors
    /// Those of figures and claims.
    fn report(&self, sweep: &Finished<'_>) -> Result<Vec<Block>, Error>;
}

/// What a running trial is given.
#[derive(Debug)]
pub struct Work<'a> {
    /// Its own folder, which no other trial writes to.
    pub folder: &'a Path,
    /// A folder for what trials share, such as data sets. Files there must appear whole.
    pub cache: &'a Path,
    /// Whether to stop: the user asked, or another worker has taken the trial over.
    pub stop: Stop,
    progress: &'a AtomicU64,
}

impl<'a> Work<'a> {
    /// Work in these folders; `progress` receives what [`Work::beat`] is told.
    pub fn new(folder: &'a Path, cache: &'a Path, stop: Stop, progress: &'a AtomicU64) -> Self {
        Work { folder, cache, stop, progress }
    }

    /// Says how much of the trial is done, from 0 to 1. Costs nothing: it may be called often.
    pub fn beat(&self, share: f64) {
        self.progress.store(share.clamp(0.0, 1.0).to_bits(), Ordering::Relaxed);
    }
}

/// All kinds.
pub static KINDS: &[&dyn Kind] = &[&Networks, &Brackets, &Rehearsal];

/// The kind with that name, or why there is none.
pub(super) fn find(name: &str) -> Result<&'static dyn Kind, String> {
    KINDS.iter().copied().find(|k| k.name() == name).ok_or_else(|| {
        let known: Vec<&str> = KINDS.iter().map(|k| k.name()).collect();
        let near = near_misses(name, known.iter().copied());
        format!("no kind of trial is called `{name}`{near}; known: {}", known.join(", "))
    })
}
