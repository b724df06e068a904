//! What workers leave behind: results, failures, themselves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::process::Process;
use crate::manifest::{Code, Machine};

/// `results/*.json`: a finished trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The trial's id.
    pub trial: String,
    /// What it was.
    pub spec: Value,
    /// What came out.
    pub outcome: Value,
    /// Wall time of the start that finished it, in seconds.
    pub seconds: f64,
    /// How many claims there were before the one that finished it: stops and deaths.
    pub generation: u32,
    /// The worker that finished it.
    pub worker: String,
    /// When, in UTC.
    pub finished: String,
}

/// `failed/*.json`: a trial that went wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The trial's id.
    pub trial: String,
    /// What it was.
    pub spec: Value,
    /// What went wrong.
    pub error: String,
    /// Wall time until then, in seconds.
    pub seconds: f64,
    /// How many claims there were before.
    pub generation: u32,
    /// The worker.
    pub worker: String,
    /// When, in UTC.
    pub finished: String,
}

/// `workers/*.json`: a process that took part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// Its name: machine, process and a hash.
    pub id: String,
    /// The process.
    pub process: Process,
    /// Trials at the same time.
    pub jobs: usize,
    /// When it began, in UTC.
    pub begun: String,
    /// When it ended, in UTC; none if it runs or was killed.
    pub ended: Option<String>,
    /// What the engine that started it says of itself: `SLURM_JOB_ID` and the like.
    pub engine: BTreeMap<String, String>,
    /// The code.
    pub code: Code,
    /// The machine.
    pub machine: Machine,
}

/// What engines tell their processes.
const ENGINE: [&str; 14] = [
    "SLURM_JOB_ID",
    "SLURM_ARRAY_JOB_ID",
    "SLURM_ARRAY_TASK_ID",
    "SLURM_PROCID",
    "SLURM_NTASKS",
    "SLURMD_NODENAME",
    "OMPI_COMM_WORLD_RANK",
    "OMPI_COMM_WORLD_SIZE",
    "PMI_RANK",
    "PMI_SIZE",
    "HQ_JOB_ID",
    "HQ_TASK_ID",
    "PARALLEL_SEQ",
    "PARALLEL_PID",
];

impl Worker {
    /// This process, with so many trials at a time.
    pub fn current(jobs: usize) -> Self {
        let process = Process::current();
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let unique = format!("{process:?}{:?}", since.map_or(0, |d| d.as_nanos()));
        let hash = crate::files::sha256(unique.as_bytes());
        let host: String =
            process.host.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let engine = ENGINE
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), std::env::var(name).ok()?)))
            .collect();
        Worker {
            id: format!("{host}-{}-{}", process.pid, &hash[..6]),
            process,
            jobs,
            begun: crate::manifest::now(),
            ended: None,
            engine,
            code: Code::current(),
            machine: Machine::current(),
        }
    }
}
