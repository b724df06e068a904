//! `sweep` on the command line.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::worker::{self, Options};
use super::{Folder, adopt, report, status};
use crate::Error;
use crate::files::print;
use crate::interrupt::Stop;
use crate::manifest::threads;
use crate::progress::Progress;
use crate::reproduce::{quoted, runner};

/// Many trials, on many threads, processes or machines.
#[derive(Debug, Clone, Args)]
pub struct Sweep {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Begin a sweep: the trials of a plan, in a folder of their own
    New {
        /// The plan, such as benchsuite/plans/rehearsal.toml
        plan: PathBuf,
        /// The folder; on a cluster, one that all machines share
        folder: PathBuf,
        /// Seconds without a sign of life after which a worker counts as dead [default: 60]
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
        expire: Option<u64>,
        /// A sweep, or kept results such as benchsuite/results/werneck2024: equal trials there count as done here (may
        /// be given several times)
        #[arg(long, value_name = "FOLDER")]
        known: Vec<PathBuf>,
    },
    /// Work on a sweep until no trial is left; any number of processes may do so at the same time
    Run {
        /// The folder
        folder: PathBuf,
        /// Trials at the same time, each on one thread [default: one on each thread]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
        jobs: Option<u16>,
        /// Leave when no trial is free, instead of waiting to take over those of workers that die
        #[arg(long)]
        leave: bool,
        /// Run failed trials again
        #[arg(long)]
        retry: bool,
    },
    /// Say how far a sweep is
    Status {
        /// The folder
        folder: PathBuf,
    },
    /// Write the table of results, statistics and figures of what is done so far
    Report {
        /// The folder
        folder: PathBuf,
    },
}

impl Sweep {
    /// Does it.
    ///
    /// # Errors
    /// Plans, folders and files that cannot be used; [`Error::Interrupted`]; [`Error::TrialsFailed`].
    pub fn run(&self) -> Result<(), Error> {
        match &self.what {
            What::New { plan, folder, expire, known } => {
                let sweep = Folder::begin(plan, folder, *expire)?;
                let known = match adopt(&sweep, known)? {
                    0 => String::new(),
                    n => format!(", {n} of them known"),
                };
                print(&format!(
                    "{}: {} trials in {}{known}\nrun them with: {}\n",
                    sweep.head.name,
                    sweep.plan.trials.len(),
                    folder.display(),
                    command("run", folder)
                ))
            }
            What::Run { folder, jobs, leave, retry } => {
                let sweep = Folder::open(folder)?;
                let jobs = jobs.map_or_else(threads, usize::from);
                let options = Options { jobs, stay: !leave, retry: *retry };
                let progress = Progress::new("sweep");
                let again = format!("{} --jobs {jobs}", command("run", folder));
                let done = worker::run(&sweep, options, Stop::on_signals(), &progress, &again)?;
                let elsewhere = match done.elsewhere {
                    0 => String::new(),
                    n => format!("; with other workers: {n}"),
                };
                print(&format!(
                    "{}: finished here {}, done {} of {}{elsewhere}\n",
                    sweep.head.name,
                    done.here,
                    done.all,
                    sweep.plan.trials.len()
                ))
            }
            What::Status { folder } => print(&status(&Folder::open(folder)?)?.to_string()),
            What::Report { folder } => {
                let path = report(&Folder::open(folder)?)?;
                print(&format!("report: {}\n", path.display()))
            }
        }
    }
}

/// A command as a person would type it.
pub(crate) fn command(task: &str, folder: &std::path::Path) -> String {
    format!("{} sweep {task} {}", runner(), quoted(&folder.display().to_string()))
}
