//! The program: experiments, what this machine can do, and keeping results.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use benchsuite::claims::Publication;
use benchsuite::compare::Compare;
use benchsuite::interrupt::Stop;
use benchsuite::reproduce::{EXPERIMENTS, Options, reproduce, runner, seal_shared, verify};
use benchsuite::rundir::experiment_of;
use benchsuite::simulate::Simulate;
use benchsuite::sweep::Sweep;
use benchsuite::{
    Error, Tier, doctor, front, inference, kainth, kept, kuptsov, pellegrini, print, trial, werneck,
};
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use miette::{Diagnostic, IntoDiagnostic as _};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

#[derive(Parser)]
#[command(
    name = "benchsuite",
    about = "Published results, reproduced and held against what was printed",
    version
)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Reproduce published results: data, training, inference, report
    Reproduce(Reproduce),
    /// Integrate one model and write its trajectory, biomarkers or a figure
    Simulate(Box<Simulate>),
    /// Ours and others', at the same work, in turn: ode, train, infer, gpu, page
    Compare(Box<Compare>),
    /// Many trials, on many threads, processes or machines: new, run, status, report
    Sweep(Sweep),
    /// Say what this machine has, and what each missing thing would enable
    Doctor,
    /// Write the front page: every published number, with what is kept and what the runs of a folder found
    Report {
        /// A folder with the folders of runs, as `reproduce` leaves it [default: none, kept results alone]
        runs: Option<PathBuf>,
        /// Where to write it [default: the folder of the runs, or runs/report]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Hold a finished run, or all runs of a folder and its page, against the hashes of their files
    Verify {
        /// The folder of a run, or of several
        folder: PathBuf,
    },
    /// Keep the results of a finished run or sweep of tier paper with the sources
    Keep {
        /// The folder of the run or of the sweep [default: none, what is kept of Werneck 2024 and Pellegrini et al. 2025 is judged again]
        run: Option<PathBuf>,
        /// Where to keep them [default: benchsuite/results/<publication>]; without a run the folder that has both works'
        #[arg(long)]
        into: Option<PathBuf>,
    },
}

#[derive(clap::Args)]
struct Reproduce {
    /// The experiments, such as W-A or K-FP (see --list) [default: all]
    ids: Vec<String>,
    /// List the experiments and stop
    #[arg(long)]
    list: bool,
    /// How much work: smoke (a minute or two), quick (the trend shows), paper (the protocol of the paper: its numbers
    /// get verdicts)
    #[arg(long, default_value = "smoke")]
    tier: String,
    /// Go on with the run in the output folder
    #[arg(long)]
    resume: bool,
    /// The seed that all randomness comes from
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The folder of the run [default: runs/<id>-<tier>, of several runs/<tier>; numbered if taken]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Networks trained at the same time, of operators threads of one [default: one on each thread]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Of W-A only this architecture, such as SiLU32,SiLU32 (may be given several times)
    #[arg(long = "arch", value_name = "LAYERS")]
    architectures: Vec<String>,
    /// At most so many architectures of W-A, networks of W-INF, or operators of F
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Iterations of each network instead of the tier's; the numbers are then not comparable
    #[arg(long, value_name = "N")]
    iterations: Option<u64>,
    /// Seconds of training between checkpoints
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0)]
    save_every: f64,
}

/// What `reproduce --list` ends with.
const SWEEPS: &str = "\nWithout an id W-A, W-INF, K, P and F are run, with their parts. W-BS1, W-BS2, W-BC1, W-BC2, W-IT, \
                      W-C and W-WIN of\nWerneck 2024 are sweeps: `sweep new benchsuite/plans/werneck2024/w-bs1-smoke.toml \
                      DIR`, then `sweep run DIR`\nand `sweep report DIR`.\n";

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).from_env_lossy(),
        )
        .with_writer(std::io::stderr)
        .init();
    // Errors hold commands to copy: lines are for the terminal to break. The hook is set once, before any error.
    let _ =
        miette::set_hook(Box::new(|_| Box::new(miette::MietteHandlerOpts::new().wrap_lines(false).build())));
    // What usage lines call the program is what a person typed.
    let matches = Cli::command().bin_name(&*runner().leak()).get_matches();
    let task = Cli::from_arg_matches(&matches).unwrap_or_else(|e| e.exit()).task;
    match run(task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(report) => {
            let interrupted = matches!(report.downcast_ref(), Some(Failure(Error::Interrupted { .. })));
            eprintln!("{report:?}");
            // 128 + SIGINT, as shells have it.
            ExitCode::from(if interrupted { 130 } else { 1 })
        }
    }
}

fn run(task: Task) -> miette::Result<()> {
    match task {
        Task::Reproduce(args) if args.list => {
            for e in EXPERIMENTS {
                print(&format!("{}\t{}\n\t{}\n", e.id, e.of, e.about)).map_err(Failure)?;
            }
            print(SWEEPS).map_err(Failure)?;
        }
        Task::Reproduce(args) => {
            let options = Options {
                ids: args.ids,
                tier: args.tier.parse::<Tier>().map_err(Failure)?,
                resume: args.resume,
                seed: args.seed,
                out: args.out,
                jobs: args.jobs,
                architectures: args.architectures,
                limit: args.limit,
                iterations: args.iterations,
                save_every: args.save_every,
            };
            for summary in reproduce(&options, Stop::on_signals()).map_err(Failure)? {
                for line in &summary.lines {
                    print(&format!("{line}\n")).map_err(Failure)?;
                }
                let report = summary.report.canonicalize().into_diagnostic()?;
                print(&format!("report: {}\n", report.display())).map_err(Failure)?;
            }
        }
        Task::Simulate(args) => args.run().map_err(Failure)?,
        Task::Compare(args) => args.run().map_err(Failure)?,
        Task::Sweep(args) => args.run().map_err(Failure)?,
        Task::Doctor => print(&doctor::text()).map_err(Failure)?,
        Task::Report { runs, out } => {
            let out = out.or_else(|| runs.clone()).unwrap_or_else(|| PathBuf::from("runs/report"));
            let (report, line) = front::write(runs.as_deref(), &out).map_err(Failure)?;
            // In the folder of a reproduction the page is one of the files that `verify` knows.
            seal_shared(&out).map_err(Failure)?;
            let report = report.canonicalize().into_diagnostic()?;
            print(&format!("{line}\nreport: {}\n", report.display())).map_err(Failure)?;
        }
        Task::Verify { folder } => {
            for line in verify(&folder).map_err(Failure)? {
                print(&format!("{line}\n")).map_err(Failure)?;
            }
        }
        Task::Keep { run: Some(run), into } => print(&keep(&run, into)?).map_err(Failure)?,
        Task::Keep { run: None, into } => print(&judge_again(into).map_err(Failure)?).map_err(Failure)?,
    }
    Ok(())
}

/// Keeps a run or a sweep with the publication that it belongs to, and says what was done.
fn keep(run: &Path, into: Option<PathBuf>) -> miette::Result<String> {
    type Publish = fn() -> Result<Publication, Error>;
    type Take = fn(&Path, &Path) -> Result<kept::Outcome, Error>;
    let (publication, take): (Publish, Take) = if !trial::kept::find(run).map_err(Failure)?.is_empty() {
        (Publication::werneck2024, trial::kept::keep)
    } else {
        let experiment = experiment_of(run).map_err(Failure)?;
        match experiment.split('-').next().unwrap_or_default() {
            "W" if experiment == "W-INF" => (Publication::werneck2024, inference::keep),
            "K" => (Publication::kuptsov2022, kuptsov::keep),
            "F" => (Publication::pellegrini2025, pellegrini::keep),
            "P" => (Publication::kainth2025, kainth::keep),
            _ => (Publication::werneck2024, werneck::keep),
        }
    };
    let into = match into {
        Some(into) => into,
        None => kept::folder(&publication().map_err(Failure)?),
    };
    let outcome = take(run, &into);
    let outcome = outcome.map_err(Failure)?;
    Ok(format!(
        "{} networks taken; {} are kept in {}\n",
        outcome.taken,
        outcome.total,
        outcome.folder.display()
    ))
}

/// Holds what is kept of two works against the claims as they are now, and says of what. With a folder, it is the one
/// in which both works' folders lie.
fn judge_again(into: Option<PathBuf>) -> Result<String, Error> {
    let of = |publication: Publication| match &into {
        Some(into) => into.join(&publication.folder),
        None => kept::folder(&publication),
    };
    let (werneck, pellegrini) = (of(Publication::werneck2024()?), of(Publication::pellegrini2025()?));
    if let (Some(into), false) = (&into, werneck.is_dir() || pellegrini.is_dir()) {
        let why = format!("it has neither {} nor {}", werneck.display(), pellegrini.display());
        return Err(Error::BadOption { option: "--into", value: into.display().to_string(), why });
    }
    Ok(format!(
        "judged again: {} networks of problem A, {} of problems B and C, {} that were timed, {} operators\n",
        werneck::judge_again(&werneck)?,
        trial::kept::judge_again(&werneck)?,
        inference::judge_again(&werneck)?,
        pellegrini::judge_again(&pellegrini)?
    ))
}

/// An error of the library, as `miette` shows it: its message names its cause already.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{0}")]
struct Failure(Error);
