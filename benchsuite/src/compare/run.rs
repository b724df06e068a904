//! The course of a comparison of solvers.

use std::path::{Path, PathBuf};
use std::process::Command;

use ode_solvers::Method;

#[cfg(feature = "crowds")]
use super::ensemble;
use super::origin::{Origin, Presence};
use super::ours::{self, Reference, atol};
use super::packages::PACKAGES;
use super::peer::{Peer, Timing};
use super::report::{Comparison, ReferenceInfo, Row};
use super::rivals::Workshop;
use super::task::Task;
use super::{Ode, plot};
use crate::{Error, print};

/// One solver on one task.
struct Entrant {
    name: String,
    origin: &'static str,
    engine: Engine,
}

enum Engine {
    Here(Method),
    /// A program, by its place in the list, and the method's name there.
    There(usize, &'static str),
}

/// Compares, prints the tables, and writes files if asked to.
///
/// # Errors
/// As [`Compare::run`](super::Compare::run).
pub fn compare(options: &Ode) -> Result<(), Error> {
    options.check()?;
    let tasks = options.tasks()?;
    let built = std::env::var_os("IONIC_MODEL_LIBRARY").map(PathBuf::from);
    let library = options.library.as_deref().or(built.as_deref());
    let workshop = Workshop::new(&options.common)?;
    let mut comparison = Comparison {
        origin: Origin::here(Vec::new()),
        turns: options.turns,
        references: Vec::new(),
        rows: Vec::new(),
        accuracy: Vec::new(),
    };
    if options.common.wants("diffsol") {
        comparison.origin.rivals.push(Presence {
            id: "diffsol".into(),
            title: "diffsol".into(),
            version: Some("0.18, as in Cargo.lock".into()),
            missing: None,
            install: "built in".into(),
        });
    }
    for task in tasks {
        eprintln!("{}: {}", task.id, task.title);
        one_task(options, task, &workshop, library, &mut comparison)?;
    }
    comparison.accuracy = comparison.times_to_accuracy();
    print(&comparison.terminal())?;
    let figure = |info: &ReferenceInfo| {
        Ok((format!("work-precision-{}.svg", info.task), plot::work_precision(&comparison, info)?))
    };
    let figures = || comparison.references.iter().map(figure).collect::<Result<Vec<_>, Error>>();
    options.common.write("ode", &comparison, comparison.markdown(), figures)
}

fn one_task(
    options: &Ode,
    task: &'static Task,
    workshop: &Workshop,
    library: Option<&Path>,
    comparison: &mut Comparison,
) -> Result<(), Error> {
    let cell = task.cell()?;
    let reference = Reference::compute(task, &*cell)?;
    comparison.references.push(ReferenceInfo {
        task: task.id.into(),
        title: task.title.into(),
        method: reference.method.clone(),
        check_mv: reference.check,
    });
    let mut peers = Vec::new();
    let mut entrants = here(options, task);
    entrants.extend(others(options, task, workshop, library, &mut peers, &mut comparison.origin.rivals));
    for &rtol in &options.tolerances {
        eprintln!("  rtol {rtol:e}: {} solvers", entrants.len());
        let judged = entrants.iter().map(|entrant| {
            let v = match entrant.engine {
                Engine::Here(method) => ours::grid(task, &*cell, method, rtol),
                Engine::There(peer, method) => peers[peer].grid(method, rtol, atol(rtol)),
            };
            judge(&reference, v)
        });
        let errors: Vec<Result<f64, String>> = judged.collect();
        let untimed = errors.iter().map(|e| e.clone().map(|_| Timing::default())).collect();
        let timed = options.turns.take(untimed, |k, seconds| match entrants[k].engine {
            Engine::Here(method) => ours::time(task, &*cell, method, rtol, seconds),
            Engine::There(peer, method) => peers[peer].time(method, rtol, atol(rtol), seconds),
        });
        for ((entrant, error), timing) in entrants.iter().zip(errors).zip(timed) {
            comparison.rows.push(Row::new(task.id, &entrant.name, entrant.origin, rtol, error.ok(), timing));
        }
    }
    // Cells side by side take minutes to compile, for every method: only in programs that ask for them.
    #[cfg(feature = "crowds")]
    ensembles(options, task, comparison)?;
    Ok(())
}

/// Cells side by side, beside what the others take for each cell.
#[cfg(feature = "crowds")]
fn ensembles(options: &Ode, task: &Task, comparison: &mut Comparison) -> Result<(), Error> {
    if options.ensemble == 0 {
        return Ok(());
    }
    eprintln!("  {} cells side by side", options.ensemble);
    let rows = ensemble::rows(task, options.ensemble, options.seed, &options.tolerances, options.turns)?;
    let (id, title) = (ensemble::id(task), ensemble::title(task, options.ensemble));
    let method = "each checked cell by rodas5p, rtol 1e-10, atol 1e-12".to_owned();
    let check_mv = comparison.references.last().map_or(f64::NAN, |r| r.check_mv);
    comparison.references.push(ReferenceInfo { task: id.clone(), title, method, check_mv });
    let theirs = comparison.rows.iter().filter(|r| r.task == task.id && r.origin != "ours");
    let theirs: Vec<Row> = theirs.map(|r| Row { task: id.clone(), ..r.clone() }).collect();
    comparison.rows.extend(rows.into_iter().chain(theirs));
    Ok(())
}

/// The error of a potential, or why there is none.
fn judge(reference: &Reference, v: Result<Vec<f64>, String>) -> Result<f64, String> {
    let v = v?;
    if v.len() != reference.v.len() {
        return Err(format!("{} values on a grid of {}", v.len(), reference.v.len()));
    }
    let error = reference.error(&v);
    if error.is_finite() { Ok(error) } else { Err("the trajectory is not finite".into()) }
}

/// The solvers of this process: ours, and diffsol.
fn here(options: &Ode, task: &Task) -> Vec<Entrant> {
    let suits = |m: &&Method| m.is_adaptive() && (m.is_stiff() || task.explicit);
    let ours: Vec<&Method> = match options.methods.as_slice() {
        [] => Method::ALL.iter().filter(suits).collect(),
        methods => methods.iter().collect(),
    };
    let diffsol = Method::DIFFSOL.iter().filter(|_| options.common.wants("diffsol")).filter(suits);
    let entrant = |(method, origin): (&Method, _)| Entrant {
        name: method.name().to_owned(),
        origin,
        engine: Engine::Here(*method),
    };
    ours.into_iter().map(|m| (m, "ours")).chain(diffsol.map(|m| (m, "diffsol"))).map(entrant).collect()
}

/// The rivals' solvers, each package a program of its own. Those that are not installed are noted.
fn others(
    options: &Ode,
    task: &Task,
    workshop: &Workshop,
    library: Option<&Path>,
    peers: &mut Vec<Peer>,
    rivals: &mut Vec<Presence>,
) -> Vec<Entrant> {
    let mut entrants = Vec::new();
    for package in PACKAGES.iter().filter(|p| options.common.wants(p.id)) {
        let mut methods = package.modes.iter().filter(|(_, tasks)| tasks.suits(task)).peekable();
        if methods.peek().is_none() {
            continue;
        }
        let started = match library {
            Some(library) => workshop.start(package, |command| give(command, task, library)),
            None => Err("there is no C library of the models: start through `cargo xtask compare`, or give \
                         --library"
                .into()),
        };
        let Some(peer) = package.note(started, rivals) else { continue };
        entrants.extend(methods.map(|(method, _)| Entrant {
            name: format!("{}_{method}", package.id),
            origin: package.id,
            engine: Engine::There(peers.len(), method),
        }));
        peers.push(peer);
    }
    entrants
}

/// Tells a program what to integrate.
fn give(command: &mut Command, task: &Task, library: &Path) {
    let segments = task.segments();
    let segment = |(from, to, on): &(f64, f64, bool)| format!("{from}:{to}:{}", u8::from(*on));
    command.arg(library).arg(segments.iter().map(segment).collect::<Vec<_>>().join(","));
    command.arg(task.grid.to_string()).arg(task.intervals().to_string());
    let model = [task.model, task.variant].join("/");
    command.env("IONIC_MODEL", model.trim_end_matches('/'));
    command.env("IONIC_AMPLITUDE", task.pulse.2.to_string());
    // One thread each: what is compared is the method, not the machine.
    for variable in ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"] {
        command.env(variable, "1");
    }
}
