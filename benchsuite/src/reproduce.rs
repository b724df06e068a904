//! How experiments are run: options, folders, resumption, the front page over several.

mod experiments;
mod together;
mod underway;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use self::experiments::{EXPERIMENTS, Experiment, find};
pub use self::together::{seal_shared, verify};
pub(crate) use self::underway::{Head, Settings, Underway};
use crate::interrupt::Stop;
use crate::manifest::{Code, Machine, Start, now};
use crate::report::verdicts::counts;
use crate::results::ClaimResult;
use crate::rundir::{self, Existing, RunDir};
use crate::training::{Supervision, Watch};
use crate::{Error, Tier, front};

/// What to run and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The experiments; empty for all.
    pub ids: Vec<String>,
    /// How much work.
    pub tier: Tier,
    /// Whether to go on with a run that is there.
    pub resume: bool,
    /// The seed that all randomness comes from.
    pub seed: u64,
    /// The folder of the run; none for one under `runs`.
    pub out: Option<PathBuf>,
    /// Networks trained at the same time; none for one on each thread.
    pub jobs: Option<usize>,
    /// The architectures; empty for the tier's own choice.
    pub architectures: Vec<String>,
    /// At most so many architectures.
    pub limit: Option<usize>,
    /// Iterations of each network instead of the tier's.
    pub iterations: Option<u64>,
    /// Seconds of training between checkpoints. It decides what a kill loses, not what comes out.
    pub save_every: f64,
}

impl Options {
    /// The defaults of a tier.
    pub fn new(tier: Tier) -> Self {
        Options {
            ids: Vec::new(),
            tier,
            resume: false,
            seed: 1,
            out: None,
            jobs: None,
            architectures: Vec::new(),
            limit: None,
            iterations: None,
            save_every: 2.0,
        }
    }

    /// The command that does the same for one experiment, as a person would type it.
    pub fn command(&self, id: &str, out: Option<&Path>, resume: bool) -> String {
        let mut command = format!("{} reproduce {id} --tier {} --seed {}", runner(), self.tier, self.seed);
        for layers in &self.architectures {
            command.push_str(&format!(" --arch {}", quoted(layers)));
        }
        if let Some(limit) = self.limit {
            command.push_str(&format!(" --limit {limit}"));
        }
        if let Some(iterations) = self.iterations {
            command.push_str(&format!(" --iterations {iterations}"));
        }
        if let Some(jobs) = self.jobs {
            command.push_str(&format!(" --jobs {jobs}"));
        }
        if let Some(out) = out {
            command.push_str(&format!(" --out {}", quoted(&out.display().to_string())));
        }
        if resume {
            command.push_str(" --resume");
        }
        command
    }

    /// That no options choose among the architectures of an experiment that has one.
    pub(crate) fn one_architecture(&self, id: &str) -> Result<(), Error> {
        let given = [
            ("--arch", self.architectures.first().cloned()),
            ("--limit", self.limit.map(|limit| limit.to_string())),
        ];
        for (option, value) in given {
            if let Some(value) = value {
                let why = format!("{id} has one architecture; leave the option out");
                return Err(Error::BadOption { option, value, why });
            }
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Error> {
        let positive = |option: &'static str, value: Option<u64>| match value {
            Some(0) => {
                Err(Error::BadOption { option, value: "0".into(), why: "it must be at least 1".into() })
            }
            _ => Ok(()),
        };
        positive("--jobs", self.jobs.map(|n| n as u64))?;
        positive("--limit", self.limit.map(|n| n as u64))?;
        positive("--iterations", self.iterations)?;
        if !(self.save_every.is_finite() && self.save_every >= 0.0) {
            return Err(Error::BadOption {
                option: "--save-every",
                value: self.save_every.to_string(),
                why: "it must be a number of seconds, not negative".into(),
            });
        }
        if let Some(n) = self.jobs.filter(|n| *n > 1024) {
            return Err(Error::BadOption {
                option: "--jobs",
                value: n.to_string(),
                why: "at most 1024 networks are trained at the same time".into(),
            });
        }
        Ok(())
    }
}

/// How a person starts this program: the first words of every command that it prints.
pub fn runner() -> String {
    std::env::var("BENCHSUITE_RUNNER").unwrap_or_else(|_| "benchsuite".into())
}

/// A shell word, in quotes if it needs them.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-,=:".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// What a run left behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The report to open.
    pub report: PathBuf,
    /// The result in a few lines.
    pub lines: Vec<String>,
}

/// One start of a run, as an experiment sees it.
#[derive(Debug, Clone)]
pub struct Job<'a> {
    /// The options.
    pub options: &'a Options,
    /// The folder.
    pub out: PathBuf,
    /// Whether it may hold a run already.
    pub existing: Existing,
    /// The command of this run.
    pub command: String,
    /// The command that goes on with it.
    pub resume: String,
    /// The request to stop.
    pub stop: Stop,
}

impl Job<'_> {
    /// This start, with so many networks at a time.
    pub(crate) fn start(&self, jobs: usize) -> Start {
        Start {
            at: now(),
            command: self.command.clone(),
            jobs,
            code: Code::current(),
            machine: Machine::current(),
        }
    }

    /// How its trainings are watched.
    pub(crate) fn supervision<'b>(&'b self, progress: &'b dyn Watch) -> Supervision<'b> {
        Supervision {
            progress,
            stop: self.stop,
            save_every: Duration::from_secs_f64(self.options.save_every.min(1e9)),
            resume: &self.resume,
        }
    }
}

impl Summary {
    /// Of a run that judged claims, or may not for a reason.
    pub(crate) fn of_claims(report: PathBuf, results: &[ClaimResult], doubt: Option<String>) -> Self {
        Summary { report, lines: vec![doubt.unwrap_or_else(|| format!("claims: {}", counts(results)))] }
    }
}

/// Runs experiments one after the other, and seals each that comes to its end. Several share a folder, with
/// a front page over all works that is written anew after each, and sealed after the last.
///
/// # Errors
/// Those of [`find`], and whatever stops a run; runs that were finished before stay.
pub fn reproduce(options: &Options, stop: Stop) -> Result<Vec<Summary>, Error> {
    options.check()?;
    let experiments = find(&options.ids)?;
    let alone = experiments.len() == 1;
    let base = PathBuf::from("runs").join(match experiments.first() {
        Some(one) if alone => format!("{}-{}", one.id, options.tier),
        _ => options.tier.to_string(),
    });
    let folder = match &options.out {
        Some(out) => out.clone(),
        None if options.resume => rundir::latest(&base),
        None => rundir::fresh(&base)?,
    };
    let begun = |id: &str| RunDir::config(&folder.join(id)).exists();
    if options.resume && !alone && !experiments.iter().any(|e| begun(e.id)) {
        return Err(Error::NothingToResume(folder));
    }
    let ids: Vec<&str> = experiments.iter().map(|e| e.id).collect();
    let mut summaries = Vec::new();
    let mut front = None;
    for experiment in &experiments {
        let id = experiment.id;
        let out = if alone { folder.clone() } else { folder.join(id) };
        // Of several, those that had not begun when the others were stopped begin now.
        let resumes = options.resume && (alone || begun(id));
        let ended = (experiment.run)(&Job {
            options,
            existing: if resumes { Existing::Resume } else { Existing::Refuse },
            command: options.command(id, options.out.as_ref().map(|_| out.as_path()), false),
            resume: options.command(id, Some(&out), true),
            out: out.clone(),
            stop,
        });
        // What was refused before it began leaves nothing behind.
        if !alone && begun(id) {
            together::begin(&folder, &ids)?;
        }
        summaries.push(ended?);
        crate::seal::seal(&out)?;
        if !alone {
            front = Some(front::write(Some(&folder), &folder)?);
        }
    }
    seal_shared(&folder)?;
    if let Some((report, line)) = front {
        summaries.push(Summary { report, lines: vec![line] });
    }
    Ok(summaries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_carries_every_option_that_decides_the_numbers() {
        let mut options = Options::new(Tier::Paper);
        options.architectures = vec!["SiLU32,SiLU32".into()];
        options.iterations = Some(5);
        let command = options.command("W-A", Some(Path::new("runs/a b")), true);
        assert!(
            command.ends_with(
                "reproduce W-A --tier paper --seed 1 --arch SiLU32,SiLU32 --iterations 5 --out 'runs/a b' --resume"
            ),
            "{command}"
        );
    }

    #[test]
    fn options_without_sense_are_refused() {
        for set in [
            |o: &mut Options| o.jobs = Some(0),
            |o: &mut Options| o.limit = Some(0),
            |o: &mut Options| o.iterations = Some(0),
            |o: &mut Options| o.jobs = Some(100_000),
            |o: &mut Options| o.save_every = f64::NAN,
        ] {
            let mut options = Options::new(Tier::Smoke);
            set(&mut options);
            assert!(matches!(reproduce(&options, Stop::new()), Err(Error::BadOption { .. })));
        }
    }
}
