//! `compare`: our solvers and others', on the same equations, in turn, on one machine.
//!
//! Every solver integrates the very same right-hand side: ours and diffsol in this process, the
//! others through the models' C library, each in a process of its own that can fail or hang without
//! harm ([`peer`]). A solver's error is the greatest difference of the potential from a reference
//! much more accurate than any of them ([`ours::Reference`]), over a grid of times; its time is CPU
//! time, measured in rounds in which all solvers take their turns, so that a busy machine slows all
//! alike. From both follows the time to a given accuracy ([`accuracy`]).

pub mod accuracy;
pub(crate) mod clock;
pub(crate) mod compiler;
#[cfg(feature = "crowds")]
pub(crate) mod ensemble;
pub mod map;
pub mod origin;
pub mod ours;
pub mod peer;
mod plot;
pub mod report;
pub mod rivals;
mod run;
pub mod standing;
pub mod task;
pub mod work;

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub use run::compare;

use crate::Error;
use task::Task;

/// What to compare.
#[derive(Debug, Clone, Args)]
pub struct Compare {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Trajectories of single cells: work against precision
    Ode(Ode),
    /// Iterations of network training: CPU time
    Train(crate::compare_train::Train),
    /// Inference of small networks: a million rows
    Infer(crate::compare_infer::Infer),
    /// On a GPU: numerical solvers and networks, each by the device's own time
    Gpu(crate::compare_gpu::Gpu),
    /// The training step of a neural map
    Map(map::MapOptions),
    /// Measure nothing: all kept comparisons on one page, with where we are behind
    Page(standing::PageOptions),
}

impl Compare {
    /// Runs the comparison.
    ///
    /// # Errors
    /// Options that make no sense, a reference that cannot be computed, and files that cannot be
    /// written. A solver that fails is a result, not an error.
    pub fn run(&self) -> Result<(), Error> {
        match &self.what {
            What::Ode(options) => compare(options),
            What::Train(options) => options.run(),
            What::Infer(options) => options.run(),
            What::Gpu(options) => options.run(),
            What::Map(options) => map::compare(options),
            What::Page(options) => options.run(),
        }
    }
}

/// The command that a person would type.
pub(crate) fn command() -> String {
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    // Places on one machine mean nothing on another.
    let words = std::env::args().skip(1).map(|w| if w.starts_with('/') { name(&w) } else { w });
    std::iter::once(crate::reproduce::runner()).chain(words).collect::<Vec<_>>().join(" ")
}

/// Checks that all names given for an option are known.
pub(crate) fn check_names(option: &'static str, given: &[String], known: &[&str]) -> Result<(), Error> {
    if let Some(name) = given.iter().find(|name| !known.contains(&name.as_str())) {
        let near = crate::error::near_misses(name, known.iter().copied());
        let why = format!("it is not known{near}; known: {}", known.join(", "));
        return Err(Error::bad_option(option, name, why));
    }
    Ok(())
}

/// How to compare solvers of ordinary differential equations.
#[derive(Debug, Clone, Args)]
pub struct Ode {
    /// What to integrate: hh (both protocols), hh_step, hh_pulse, lr91, tp06, ord
    #[arg(long, value_name = "TASKS", value_delimiter = ',', default_value = "hh,lr91,tp06,ord")]
    tasks: Vec<String>,
    /// Relative tolerances; the absolute tolerance is a hundredth of each
    #[arg(
        long,
        value_name = "RTOLS",
        value_delimiter = ',',
        default_value = "1e-3,1e-4,1e-5,1e-6,1e-7,1e-8"
    )]
    tolerances: Vec<f64>,
    /// Others' solvers: diffsol, cvode, odeint, russell, scipy, numbalsoda, myokit; `all` or `none`
    #[arg(long, value_name = "RIVALS", value_delimiter = ',', default_value = "all")]
    rivals: Vec<String>,
    /// Our methods by name; all adaptive ones that suit the task if left out
    #[arg(long, value_name = "METHODS", value_delimiter = ',')]
    methods: Vec<ode_solvers::Method>,
    /// How often each solver has its turn
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// CPU time that a turn repeats the solve for
    #[arg(long, value_name = "SECONDS", default_value_t = 0.03)]
    turn: f64,
    /// Time after which an answer of another program is no longer waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    timeout: f64,
    /// The Python that has SciPy, numbalsoda, Myokit
    #[arg(long, value_name = "PROGRAM", default_value = "python3")]
    python: PathBuf,
    /// The models' C library, which `cargo xtask compare` builds [default: $IONIC_MODEL_LIBRARY]
    #[arg(long, value_name = "FILE")]
    library: Option<PathBuf>,
    /// Beside each single cell, so many cells with different conductances
    #[arg(long, value_name = "CELLS", default_value_t = 0)]
    ensemble: usize,
    /// The seed of their conductances
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    /// Write compare-ode.json, .md and figures into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

impl Ode {
    /// The tasks asked for, in their own order.
    ///
    /// # Errors
    /// [`Error::BadOption`] for a task that there is not.
    fn tasks(&self) -> Result<Vec<&'static Task>, Error> {
        let mut chosen: Vec<&Task> = Vec::new();
        for name in &self.tasks {
            let found: Vec<_> = task::TASKS.iter().filter(|t| t.is_called(name)).collect();
            if found.is_empty() {
                let known = task::TASKS.iter().map(|t| t.id).collect::<Vec<_>>().join(", ");
                let near = crate::error::near_misses(name, task::TASKS.iter().map(|t| t.id));
                return Err(Error::bad_option(
                    "--tasks",
                    name,
                    format!("no such task{near}; known: hh, {known}"),
                ));
            }
            chosen.extend(found);
        }
        Ok(task::TASKS.iter().filter(|t| chosen.iter().any(|c| c.id == t.id)).collect())
    }

    /// Checks the numbers.
    fn check(&self) -> Result<(), Error> {
        for &rtol in &self.tolerances {
            if !(1e-11..1.0).contains(&rtol) {
                let why = "relative tolerances lie between 1e-11, where the reference ends, and 1";
                return Err(Error::bad_option("--tolerances", rtol, why));
            }
        }
        if self.rounds == 0 {
            return Err(Error::bad_option("--rounds", self.rounds, "give 1 or more"));
        }
        for (option, value) in [("--turn", self.turn), ("--timeout", self.timeout)] {
            if !(value > 0.0 && value <= 86_400.0) {
                return Err(Error::bad_option(option, value, "give a positive number of seconds"));
            }
        }
        if self.ensemble > 1_000_000 {
            return Err(Error::bad_option("--ensemble", self.ensemble, "give a million cells at most"));
        }
        rivals::check(&self.rivals)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        compare: Compare,
    }

    fn parse(arguments: &str) -> Result<Ode, String> {
        let words = std::iter::once("compare").chain(arguments.split_whitespace());
        let What::Ode(ode) = Program::try_parse_from(words).map_err(|e| e.to_string())?.compare.what else {
            return Err("another comparison".into());
        };
        ode.check().map_err(|e| e.to_string())?;
        ode.tasks().map_err(|e| e.to_string())?;
        Ok(ode)
    }

    #[test]
    fn tasks_by_name_and_by_family() {
        let ids = |arguments: &str| -> Vec<&str> {
            parse(arguments).unwrap().tasks().unwrap().iter().map(|t| t.id).collect()
        };
        assert_eq!(ids("ode"), ["hh_step", "hh_pulse", "lr91", "tp06", "ord"]);
        assert_eq!(ids("ode --tasks ord,hh"), ["hh_step", "hh_pulse", "ord"]);
        assert_eq!(ids("ode --tasks hh_pulse,hh_pulse"), ["hh_pulse"]);
    }

    #[test]
    fn values_that_make_no_sense_are_refused_with_a_remedy() {
        for (arguments, says) in [
            ("ode --tasks lr90", "did you mean `lr91`"),
            ("ode --tolerances 0", "between 1e-11"),
            ("ode --tolerances 1e-3,x", "invalid float"),
            ("ode --rounds 0", "1 or more"),
            ("ode --turn nan", "positive number"),
            ("ode --timeout -1", ""),
            ("ode --ensemble 1000001", "a million"),
            ("ode --rivals cvodes", "did you mean `cvode`"),
            ("ode --methods rodas6", "no method is called"),
            ("everything", "unrecognized subcommand"),
        ] {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(says), "{arguments}: {error}");
        }
        assert_eq!(parse("ode --methods rodas5p,tsit5").unwrap().methods.len(), 2);
    }
}
