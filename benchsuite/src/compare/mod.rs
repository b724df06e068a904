//! `compare`: ours and others', at the same work, in turn, on one machine.
//!
//! What all comparisons have in common is here: their options and the files that they leave ([`options`], [`origin`]),
//! and rivals as programs of their own, which can fail or hang without harm ([`peer`]). A rival that is not here is
//! noted with what helps.
//!
//! `compare ode` is here, too: every solver integrates the very same right-hand side, ours and diffsol in this process,
//! the others through the models' C library. A solver's error is the greatest difference of the potential from a
//! reference much more accurate than any of them ([`ours::Reference`]), over a grid of times; its time is CPU time,
//! measured in rounds in which all solvers take their turns, so that a busy machine slows all alike. From both follows
//! the time to a given accuracy ([`accuracy`]).

pub mod accuracy;
pub(crate) mod clock;
mod compiler;
#[cfg(feature = "crowds")]
pub(crate) mod ensemble;
pub mod options;
pub mod origin;
pub mod ours;
mod packages;
pub mod peer;
mod plot;
pub mod report;
pub(crate) mod rivals;
mod run;
pub mod standing;
pub mod task;
pub mod work;

use std::path::PathBuf;

use clap::{Args, Subcommand};

pub use run::compare;

use crate::Error;
use options::{Common, Turns, check_names};
use packages::PACKAGES;
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
    /// Iterations of training, of networks, neural ODEs, neural maps and operators: CPU time
    Train(crate::compare_train::Train),
    /// Inference of small networks: a million rows
    Infer(crate::compare_infer::Infer),
    /// On a GPU: numerical solvers and networks, each by the device's own time
    Gpu(crate::compare_gpu::Gpu),
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
            What::Page(options) => options.run(),
        }
    }
}

/// How to compare solvers of ordinary differential equations.
#[derive(Debug, Clone, Args)]
#[command(mut_arg("rivals", |a| a.help("Others' solvers: diffsol, cvode, odeint, russell, scipy, numbalsoda, myokit; `all` or `none`")))]
#[command(mut_arg("turn", |a| a.default_value("0.03")))]
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
    /// Our methods by name; all adaptive ones that suit the task if left out
    #[arg(long, value_name = "METHODS", value_delimiter = ',')]
    methods: Vec<ode_solvers::Method>,
    /// The models' C library, which `cargo xtask compare` builds [default: $IONIC_MODEL_LIBRARY]
    #[arg(long, value_name = "FILE")]
    library: Option<PathBuf>,
    /// Beside each single cell, so many cells with different conductances
    #[arg(long, value_name = "CELLS", default_value_t = 0)]
    ensemble: usize,
    /// The seed of their conductances
    #[arg(long, value_name = "SEED", default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    turns: Turns,
    #[command(flatten)]
    common: Common,
}

impl Ode {
    /// The tasks asked for, in their own order.
    ///
    /// # Errors
    /// [`Error::BadOption`] for a task that there is not.
    fn tasks(&self) -> Result<Vec<&'static Task>, Error> {
        let known: Vec<&str> = std::iter::once("hh").chain(task::TASKS.iter().map(|t| t.id)).collect();
        check_names("--tasks", &self.tasks, &known)?;
        Ok(task::TASKS.iter().filter(|t| self.tasks.iter().any(|name| t.is_called(name))).collect())
    }

    /// Checks the numbers.
    fn check(&self) -> Result<(), Error> {
        for &rtol in &self.tolerances {
            if !(1e-11..1.0).contains(&rtol) {
                let why = "relative tolerances lie between 1e-11, where the reference ends, and 1";
                return Err(Error::bad_option("--tolerances", rtol, why));
            }
        }
        if let Some(method) = self.methods.iter().find(|m| !m.is_adaptive()) {
            let why = "it has no error control, and takes no tolerance; give adaptive methods";
            return Err(Error::bad_option("--methods", method, why));
        }
        if self.ensemble > 1_000_000 {
            return Err(Error::bad_option("--ensemble", self.ensemble, "give a million cells at most"));
        }
        if self.ensemble > 0 && !cfg!(feature = "crowds") {
            let why = "this program was built without the feature `crowds`; use `cargo xtask compare ode`";
            return Err(Error::bad_option("--ensemble", self.ensemble, why));
        }
        self.turns.check()?;
        self.common.check(std::iter::once("diffsol").chain(PACKAGES.iter().map(|p| p.id)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use options::tests::{parse, refused};

    #[test]
    fn tasks_by_name_and_by_family() {
        let ids = |words: &str| -> Vec<&str> {
            parse::<Ode>(words).unwrap().tasks().unwrap().iter().map(|t| t.id).collect()
        };
        assert_eq!(ids(""), ["hh_step", "hh_pulse", "lr91", "tp06", "ord"]);
        assert_eq!(ids("--tasks ord,hh"), ["hh_step", "hh_pulse", "ord"]);
        assert_eq!(ids("--tasks hh_pulse,hh_pulse"), ["hh_pulse"]);
    }

    #[test]
    fn values_that_make_no_sense_are_refused_with_a_remedy() {
        refused(
            |ode: &Ode| ode.check().and(ode.tasks().map(drop)),
            &[
                ("--tasks lr90", "did you mean `lr91`"),
                ("--tolerances 0", "between 1e-11"),
                ("--tolerances 1e-3,x", "invalid float"),
                ("--rounds 0", "give 1 to 1000"),
                ("--ensemble 1000001", "a million"),
                ("--rivals cvodes", "did you mean `cvode`"),
                ("--methods rodas6", "no method is called"),
                ("--methods rodas5p,euler", "no error control"),
            ],
        );
        assert_eq!(parse::<Ode>("--methods rodas5p,tsit5").unwrap().methods.len(), 2);
        assert!(parse::<Compare>("everything").unwrap_err().contains("unrecognized subcommand"));
    }

    /// What all have in common has one default, unless a comparison says otherwise, and names the rivals that there are.
    #[test]
    fn comparisons_have_defaults_and_rivals_of_their_own() {
        let [ode, train] = [parse::<Ode>("").unwrap().turns, parse("").unwrap()];
        assert_eq!([ode, train], [Turns { rounds: 5, turn: 0.03 }, Turns { rounds: 5, turn: 0.3 }]);
        let mut command = Compare::augment_args(clap::Command::new("compare"));
        for (name, known) in
            [("ode", "numbalsoda"), ("train", "ort for forward"), ("infer", "Euler"), ("gpu", "torch")]
        {
            let help = command.find_subcommand_mut(name).unwrap().render_help().to_string();
            assert!(help.contains(known) && help.contains("`none`"), "{help}");
        }
    }
}
