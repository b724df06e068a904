//! A sweep as its report sees it.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::folder::Folder;
use super::plan::Trial;
use super::record::{Failure, Record, Worker};
use crate::Error;

/// What a sweep has found so far.
#[derive(Debug)]
pub struct Finished<'a> {
    /// The sweep.
    pub folder: &'a Folder,
    /// Its results, in the order of the plan.
    pub records: Vec<(&'a Trial, Record)>,
    /// Its failures, in the order of the plan.
    pub failures: Vec<(&'a Trial, Failure)>,
    /// Who took part, in the order of their starts.
    pub workers: Vec<Worker>,
}

impl<'a> Finished<'a> {
    /// Reads a sweep's results.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Io`].
    pub fn read(folder: &'a Folder) -> Result<Self, Error> {
        let mut workers = folder.workers()?;
        workers.sort_by(|a, b| (&a.begun, &a.id).cmp(&(&b.begun, &b.id)));
        Ok(Finished {
            folder,
            records: in_order(folder, folder.results()?),
            failures: in_order(folder, folder.failures()?),
            workers,
        })
    }

    /// What a trial was or what came out of it, as its kind has it.
    ///
    /// # Errors
    /// [`Error::Damaged`] for what is no `T`.
    pub(crate) fn parsed<T: DeserializeOwned>(&self, trial: &Trial, value: &Value) -> Result<T, Error> {
        serde_json::from_value(value.clone()).map_err(|e| Error::Damaged {
            path: self.folder.result(&trial.id),
            why: e.to_string(),
            remedy: "delete it, and its trial is finished again".into(),
        })
    }

    /// The machines that finished trials, with the number of trials each.
    pub fn machines(&self) -> BTreeMap<String, usize> {
        let mut machines = BTreeMap::new();
        for (_, record) in &self.records {
            let worker = self.workers.iter().find(|w| w.id == record.worker);
            let host = worker.map_or("unknown".to_owned(), |w| w.process.host.clone());
            *machines.entry(host).or_default() += 1;
        }
        machines
    }
}

fn in_order<T>(folder: &Folder, mut all: BTreeMap<String, T>) -> Vec<(&Trial, T)> {
    folder.plan.trials.iter().filter_map(|t| Some((t, all.remove(&t.id)?))).collect()
}
