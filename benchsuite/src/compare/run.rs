//! The course of a comparison.

use std::collections::BTreeMap;

use ionic_models::AnyCell;
use ode_solvers::Method;

#[cfg(feature = "crowds")]
use super::ensemble;
use super::origin::Origin;
use super::ours::{self, Reference, atol};
use super::peer::{Peer, Timing};
use super::report::{Comparison, Presence, ReferenceInfo, Row};
use super::rivals::{self, RIVALS, Workshop};
use super::task::Task;
use super::{Ode, plot};
use crate::{Error, files, print};

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
    let built = std::env::var_os("IONIC_MODEL_LIBRARY").map(std::path::PathBuf::from);
    let library = options.library.as_deref().or(built.as_deref());
    let workshop = Workshop::new(&options.python, library, options.timeout)?;
    let mut comparison = Comparison {
        origin: Origin::here(),
        rounds: options.rounds,
        seconds_a_turn: options.turn,
        references: Vec::new(),
        rivals: Vec::new(),
        rows: Vec::new(),
        accuracy: Vec::new(),
    };
    if rivals::wanted(&options.rivals, "diffsol") {
        comparison.rivals.push(Presence {
            id: "diffsol".into(),
            title: "diffsol".into(),
            version: Some("0.18, as in Cargo.lock".into()),
            missing: None,
            install: "built in".into(),
        });
    }
    for task in tasks {
        eprintln!("{}: {}", task.id, task.title);
        one_task(options, task, &workshop, &mut comparison)?;
    }
    comparison.accuracy = comparison.times_to_accuracy();
    print(&comparison.terminal())?;
    if let Some(folder) = &options.out {
        files::write_json(&folder.join("compare-ode.json"), &comparison)?;
        files::write(&folder.join("compare-ode.md"), comparison.markdown())?;
        for info in &comparison.references {
            let name = format!("work-precision-{}.svg", info.task);
            files::write(&folder.join(&name), plot::work_precision(&comparison, info)?)?;
        }
        print(&format!("written to {}\n", folder.display()))?;
    }
    Ok(())
}

fn one_task(
    options: &Ode,
    task: &'static Task,
    workshop: &Workshop,
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
    let entrants = entrants(options, task, workshop, &mut peers, &mut comparison.rivals);
    for &rtol in &options.tolerances {
        eprintln!("  rtol {rtol:e}: {} solvers", entrants.len());
        let mut rows: Vec<Row> = Vec::new();
        for entrant in &entrants {
            let v = match entrant.engine {
                Engine::Here(method) => ours::grid(task, &*cell, method, rtol),
                Engine::There(peer, method) => peers[peer].grid(method, rtol, atol(rtol)),
            };
            rows.push(Row::new(
                task.id,
                &entrant.name,
                entrant.origin,
                rtol,
                atol(rtol),
                judge(&reference, v),
            ));
        }
        let timings = in_turn(options, task, &*cell, &entrants, &mut peers, rtol, &mut rows);
        for (row, timing) in rows.iter_mut().zip(timings) {
            row.take(timing);
        }
        comparison.rows.append(&mut rows);
    }
    if options.ensemble > 0 {
        ensembles(options, task, comparison)?;
    }
    Ok(())
}

/// Cells side by side take minutes to compile, for every method: only in programs that ask for them.
#[cfg(not(feature = "crowds"))]
fn ensembles(options: &Ode, _: &Task, _: &mut Comparison) -> Result<(), Error> {
    let why = "this program was built without the feature `crowds`; use `cargo xtask compare ode`";
    Err(Error::bad_option("--ensemble", options.ensemble, why))
}

/// Cells side by side, beside what the others take for each cell.
#[cfg(feature = "crowds")]
fn ensembles(options: &Ode, task: &Task, comparison: &mut Comparison) -> Result<(), Error> {
    eprintln!("  {} cells side by side", options.ensemble);
    let rows = ensemble::rows(task, options.ensemble, options.seed, &options.tolerances, options.rounds)?;
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

/// Rounds in which each solver that has not failed has its turn.
fn in_turn(
    options: &Ode,
    task: &Task,
    cell: &dyn AnyCell,
    entrants: &[Entrant],
    peers: &mut [Peer],
    rtol: f64,
    rows: &mut [Row],
) -> Vec<Timing> {
    let mut all = vec![Timing::default(); entrants.len()];
    for _ in 0..options.rounds {
        for ((entrant, row), timing) in entrants.iter().zip(rows.iter_mut()).zip(&mut all) {
            if row.failure.is_some() {
                continue;
            }
            let turn = match entrant.engine {
                Engine::Here(method) => ours::time(task, cell, method, rtol, options.turn),
                Engine::There(peer, method) => peers[peer].time(method, rtol, atol(rtol), options.turn),
            };
            match turn {
                Ok(turn) => {
                    timing.us.extend(&turn.us);
                    *timing = Timing { us: std::mem::take(&mut timing.us), ..turn };
                }
                Err(why) => row.failure = Some(why),
            }
        }
    }
    all
}

/// Everybody who takes part. Rivals that are not installed are noted.
fn entrants(
    options: &Ode,
    task: &Task,
    workshop: &Workshop,
    peers: &mut Vec<Peer>,
    presences: &mut Vec<Presence>,
) -> Vec<Entrant> {
    let suits = |m: &Method| m.is_adaptive() && (m.is_stiff() || task.explicit);
    let here = |method: Method, origin| Entrant {
        name: method.name().to_owned(),
        origin,
        engine: Engine::Here(method),
    };
    let mut entrants: Vec<Entrant> = if options.methods.is_empty() {
        Method::ALL.iter().copied().filter(suits).map(|m| here(m, "ours")).collect()
    } else {
        options.methods.iter().copied().filter(|m| m.is_adaptive()).map(|m| here(m, "ours")).collect()
    };
    if rivals::wanted(&options.rivals, "diffsol") {
        entrants.extend(Method::DIFFSOL.iter().copied().filter(suits).map(|m| here(m, "diffsol")));
    }
    entrants.extend(others(&options.rivals, task, workshop, peers, presences));
    entrants
}

/// The rivals' entrants, each by a program of its own.
fn others(
    wanted: &[String],
    task: &Task,
    workshop: &Workshop,
    peers: &mut Vec<Peer>,
    presences: &mut Vec<Presence>,
) -> Vec<Entrant> {
    let mut entrants = Vec::new();
    let mut known: BTreeMap<String, usize> =
        presences.iter().enumerate().map(|(k, p)| (p.id.clone(), k)).collect();
    for rival in RIVALS.iter().filter(|r| rivals::wanted(wanted, r.id)) {
        let Some(started) = workshop.start(rival, task) else { continue };
        let mut presence = Presence {
            id: rival.id.into(),
            title: rival.title.into(),
            version: None,
            missing: None,
            install: rival.install.into(),
        };
        match started {
            Ok(peer) => {
                presence.title.clone_from(&peer.name);
                presence.version = Some(peer.version.clone());
                for (method, _) in rival.methods.iter().filter(|(_, explicit)| !explicit || task.explicit) {
                    entrants.push(Entrant {
                        name: format!("{}_{method}", rival.id),
                        origin: rival.id,
                        engine: Engine::There(peers.len(), method),
                    });
                }
                peers.push(peer);
            }
            Err(why) => {
                eprintln!("  without {}: {why}", rival.title);
                presence.missing = Some(why);
            }
        }
        let place = *known.entry(rival.id.into()).or_insert(presences.len());
        match presences.get_mut(place) {
            Some(old) => *old = presence,
            None => presences.push(presence),
        }
    }
    entrants
}
