//! `cargo xtask`: builds `benchsuite` in release and hands over to it. No work is done here, apart
//! from setting up libraries that are not Rust packages, and from asking what is known of those that are.

mod advisories;
mod library;
mod setup;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::{CommandFactory as _, Parser, Subcommand};
use miette::{IntoDiagnostic as _, WrapErr as _};

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Runs this workspace's experiments",
    version
)]
struct Cli {
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Subcommand)]
enum Task {
    /// Reproduce published results: data, training, inference, report (`reproduce --help`)
    #[command(disable_help_flag = true)]
    Reproduce(Arguments),
    /// Integrate one model: trajectory, biomarkers or a figure (`simulate --help`)
    #[command(disable_help_flag = true)]
    Simulate(Arguments),
    /// Compare our solvers, training or inference with others' (`compare ode --help`, `train`, `infer`, `gpu`, `page`)
    #[command(disable_help_flag = true)]
    Compare(Arguments),
    /// Many trials, on many threads, processes or machines (`sweep --help`)
    #[command(disable_help_flag = true)]
    Sweep(Arguments),
    /// Build the models as a C library, and say where it and its header are
    ExportLibrary,
    /// Hold the models against their reference trajectories, a hundred beats included (minutes)
    VerifyModels,
    /// Say what this machine has, and what each missing thing would enable
    #[command(disable_help_flag = true)]
    Doctor(Arguments),
    /// Write the front page: every published number, with what is kept and what runs found (`report --help`)
    #[command(disable_help_flag = true)]
    Report(Arguments),
    /// Hold a finished run, or all runs of a folder and its page, against the hashes of their files
    #[command(disable_help_flag = true)]
    Verify(Arguments),
    /// Keep the results of a finished run under benchsuite/results
    #[command(disable_help_flag = true)]
    Keep(Arguments),
    /// Hold the packages of the lock file against known advisories, without a network
    Advisories(advisories::Choices),
    /// Fetch a library that is not a Rust package: `setup onnxruntime`, `setup nvrtc`
    Setup(setup::Setup),
}

/// What follows belongs to `benchsuite`.
#[derive(clap::Args)]
struct Arguments {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    rest: Vec<OsString>,
}

fn main() -> miette::Result<ExitCode> {
    // Paths and commands in messages are for copying: no line of theirs is cut.
    miette::set_hook(Box::new(|_| Box::new(miette::MietteHandlerOpts::new().wrap_lines(false).build())))?;
    match Cli::parse().task {
        None => {
            Cli::command().print_help().into_diagnostic()?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Task::Reproduce(a)) => reproduce(&a.rest),
        Some(Task::Simulate(a)) => benchsuite("simulate", &a.rest),
        Some(Task::Compare(a)) => compare(&a.rest),
        Some(Task::Sweep(a)) => benchsuite("sweep", &a.rest),
        Some(Task::ExportLibrary) => library::export().map(|()| ExitCode::SUCCESS),
        Some(Task::VerifyModels) => verify_models(),
        Some(Task::Doctor(a)) => benchsuite("doctor", &a.rest),
        Some(Task::Report(a)) => benchsuite("report", &a.rest),
        Some(Task::Verify(a)) => benchsuite("verify", &a.rest),
        Some(Task::Keep(a)) => benchsuite("keep", &a.rest),
        Some(Task::Advisories(a)) => advisories::run(&a).map(|()| ExitCode::SUCCESS),
        Some(Task::Setup(a)) => setup::run(&a).map(|()| ExitCode::SUCCESS),
    }
}

/// As [`benchsuite`]; the race at the paper's scale times cells side by side, too.
fn reproduce(arguments: &[OsString]) -> miette::Result<ExitCode> {
    let features = if times_crowds(arguments) { CROWDS } else { &[] };
    benchsuite_with("reproduce", arguments, features, &[])
}

/// Whether these arguments of `reproduce` ask for the race at the paper's scale, or may.
fn times_crowds(arguments: &[OsString]) -> bool {
    let says = |word: &str| {
        arguments.iter().any(|a| a.to_string_lossy().split('=').any(|part| part.eq_ignore_ascii_case(word)))
    };
    // Without an id all experiments are meant. What follows an option is its value, except for these.
    let alone = |a: &OsString| ["--resume", "--list"].iter().any(|flag| a == flag);
    let mut value = false;
    let named = arguments.iter().any(|a| {
        let option = a.to_string_lossy().starts_with('-');
        let id = !option && !value;
        value = option && !alone(a) && !a.to_string_lossy().contains('=');
        id
    });
    (says("W-INF") || !named) && (says("paper") || says("--resume"))
}

/// Cells side by side take minutes to compile: only for those who ask for them.
const CROWDS: &[&str] = &["--features", "crowds"];

/// As [`benchsuite`], with the C library that other programs integrate.
fn compare(arguments: &[OsString]) -> miette::Result<ExitCode> {
    // Nothing else integrates by that library.
    let integrates = arguments.first().is_some_and(|a| a == "ode");
    if !integrates || arguments.iter().any(|a| a == "--help" || a == "-h") {
        return benchsuite("compare", arguments);
    }
    let given = std::env::var_os(library::VARIABLE).map(PathBuf::from);
    let path = given.map_or_else(library::build, Ok)?;
    let crowds = arguments.iter().any(|a| a.to_string_lossy().starts_with("--ensemble"));
    benchsuite_with("compare", arguments, if crowds { CROWDS } else { &[] }, &[(library::VARIABLE, &path)])
}

/// Builds `benchsuite` in release, with cargo's own progress, then becomes it.
fn benchsuite(task: &str, arguments: &[OsString]) -> miette::Result<ExitCode> {
    benchsuite_with(task, arguments, &[], &[])
}

/// As [`benchsuite`], with features of its own and more variables in its environment.
fn benchsuite_with(
    task: &str,
    arguments: &[OsString],
    features: &[&str],
    variables: &[(&str, &Path)],
) -> miette::Result<ExitCode> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = root().join("Cargo.toml");
    let package = ["--release", "--package", "benchsuite", "--bin", "benchsuite", "--manifest-path"];
    let built = Command::new(&cargo)
        .arg("build")
        .args(package)
        .arg(&manifest)
        .args(features)
        .status()
        .into_diagnostic()
        .wrap_err_with(|| format!("could not start {}", cargo.display()))?;
    if !built.success() {
        miette::bail!("benchsuite did not build; the compiler's messages are above");
    }
    // `cargo run` knows where the program lies, whatever the target folder is set to.
    let mut run = Command::new(&cargo);
    run.args(["run", "--quiet"])
        .args(package)
        .arg(&manifest)
        .args(features)
        .arg("--")
        .arg(task)
        .args(arguments);
    // Commands that benchsuite prints for people should be those that they can type.
    run.env("BENCHSUITE_RUNNER", "cargo xtask").envs(variables.iter().copied());
    become_program(run)
}

/// The tests of the models that are too long for every day, and all others of theirs.
fn verify_models() -> miette::Result<ExitCode> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut test = Command::new(cargo);
    test.args(["test", "--release", "--package", "ionic-models", "--tests", "--manifest-path"])
        .arg(root().join("Cargo.toml"))
        .args(["--", "--include-ignored"]);
    become_program(test)
}

/// Replaces this process, so that signals and the exit status need no passing on.
#[cfg(unix)]
fn become_program(mut command: Command) -> miette::Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec()).into_diagnostic().wrap_err("could not start benchsuite")
}

#[cfg(not(unix))]
fn become_program(mut command: Command) -> miette::Result<ExitCode> {
    let status = command.status().into_diagnostic().wrap_err("could not start benchsuite")?;
    Ok(ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1)))
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crowds_are_compiled_for_the_race_at_the_papers_scale_alone() {
        let crowds =
            |line: &str| times_crowds(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>());
        for yes in
            ["--tier paper", "W-INF --tier=paper", "--seed 2 w-inf --tier paper", "--out runs/a --resume"]
        {
            assert!(crowds(yes), "{yes}");
        }
        for no in
            ["", "W-INF", "F-FHN --tier paper", "--resume K", "--tier quick --jobs 2", "--seed 1 P --resume"]
        {
            assert!(!crowds(no), "{no}");
        }
    }
}
