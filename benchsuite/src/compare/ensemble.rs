//! Many cells of one model, side by side: what one cell costs.
//!
//! Every conductance of a cell (and every permeability) differs from the published one by a factor of
//! its own. Others' solvers know no ensembles of such cells: a loop over them costs what one cell
//! costs, each time.

use std::time::Instant;

use ionic_models::models::{HodgkinHuxley1952, LuoRudy1991, OHaraRudy2011, TenTusscherPanfilov2006};
use ionic_models::{Cell, Cells, IonicModel, Pulse, Stimulus};
use ode_solvers::{Method, Options, StepSize, Tolerance, solve, solve_ensemble};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng as _};
use rayon::prelude::*;

use super::clock::cpu;
use super::options::Turns;
use super::ours::{atol, greatest_difference};
use super::peer::Timing;
use super::report::Row;
use super::task::Task;
use crate::Error;

/// Factors of conductances lie between 1 − `SPREAD` and 1 + `SPREAD`.
const SPREAD: f64 = 0.2;

/// As many cells are held against their references.
const CHECKED: usize = 32;

/// As many cells are solved ahead to learn which parameters lengthen an action potential.
const PILOTS: usize = 64;

/// The methods: those that are fastest for single cells at moderate tolerances.
const METHODS: [Method; 2] = [Method::Rodas4, Method::Rodas5P];

/// The task's name in tables.
pub(super) fn id(task: &Task) -> String {
    format!("{}_ensemble", task.id)
}

/// The task's title.
pub(super) fn title(task: &Task, cells: usize) -> String {
    format!("{}: {cells} cells with conductances ±{:.0} %, the share of one cell", task.title, 100.0 * SPREAD)
}

/// What one cell costs and how far off the worst checked cell is: ours over lanes, on one thread (CPU
/// time) and on two (wall time), in single precision, and one cell after the other. What it costs to
/// find out which cells are similar is part of what lanes cost.
///
/// # Errors
/// If the registry lacks the task's model, or a reference cannot be computed.
pub(super) fn rows(
    task: &Task,
    cells: usize,
    seed: u64,
    tolerances: &[f64],
    turns: Turns,
) -> Result<Vec<Row>, Error> {
    Ok(match task.model {
        HodgkinHuxley1952::NAME => {
            Crowd::<HodgkinHuxley1952>::new(task, cells, seed)?.rows(tolerances, turns)
        }
        LuoRudy1991::NAME => Crowd::<LuoRudy1991>::new(task, cells, seed)?.rows(tolerances, turns),
        TenTusscherPanfilov2006::NAME => {
            Crowd::<TenTusscherPanfilov2006>::new(task, cells, seed)?.rows(tolerances, turns)
        }
        OHaraRudy2011::NAME => Crowd::<OHaraRudy2011>::new(task, cells, seed)?.rows(tolerances, turns),
        // A task without an ensemble.
        _ => Vec::new(),
    })
}

/// O'Hara–Rudy cells (so many, of a seed) in lanes of single precision on one thread: the least µs of a cell over some
/// rounds, and the greatest error of the potential over the checked cells, in mV.
///
/// # Errors
/// Those of [`rows`], and [`Error::BadOption`] with what the solver says.
pub(crate) fn single(
    task: &Task,
    method: Method,
    rtol: f64,
    (cells, seed): (usize, u64),
    rounds: usize,
) -> Result<(f64, f64), Error> {
    let failed = |why: String| Error::bad_option("cells in lanes", cells, why);
    let crowd = Crowd::<OHaraRudy2011>::new(task, cells, seed)?;
    let error = crowd.error(Way::Single, method, rtol).map_err(failed)?;
    let mut least = f64::INFINITY;
    for _ in 0..rounds.max(1) {
        least = least.min(crowd.time(Way::Single, method, rtol).map_err(failed)?.0);
    }
    Ok((least, error))
}

struct Crowd<'a, M: IonicModel> {
    task: &'a Task,
    cells: Cells<M>,
    /// Seconds of putting similar cells side by side, part of what lanes cost: CPU time of one thread, wall
    /// time of one and of two.
    sorting: [f64; 3],
    checked: Cells<M>,
    /// The potentials of the checked cells, far more accurate than what is held against them.
    references: Vec<Vec<f64>>,
}

/// Who solves.
#[derive(Clone, Copy)]
enum Way {
    /// Eight lanes of double precision, on one thread.
    Lanes,
    /// The same by the clock on the wall, on so many threads.
    Threads(usize),
    /// Sixteen lanes of single precision, on one thread.
    Single,
    OneByOne,
}

/// The ways by their names.
const WAYS: [(&str, Way); 5] = [
    ("8 lanes", Way::Lanes),
    ("8 lanes, 1 thread, wall", Way::Threads(1)),
    ("8 lanes, 2 threads, wall", Way::Threads(2)),
    ("16 lanes, f32", Way::Single),
    ("one by one", Way::OneByOne),
];

impl<'a, M: IonicModel> Crowd<'a, M> {
    fn new(task: &'a Task, count: usize, seed: u64) -> Result<Self, Error> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (start, duration, amplitude) = task.pulse;
        let stimulus = Stimulus::pulses(vec![Pulse { start, duration, amplitude }])?;
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            let variant = Some(task.variant).filter(|v| !v.is_empty());
            let mut cell = variant.map_or_else(|| Ok(Cell::<M>::new()), Cell::variant)?;
            for parameter in M::PARAMETERS.iter().filter(|p| is_conductance(p.name)) {
                let uniform = (random.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
                let factor = 1.0 + SPREAD * (2.0 * uniform - 1.0);
                cell.set_parameter(parameter.name, factor * cell.parameter(parameter.name)?)?;
            }
            cell.set_stimulus(stimulus.clone());
            all.push(cell);
        }
        // Cells whose action potentials end at about the same time take similar steps.
        let repolarised = |cell: &Cell<M>| repolarisation(task, cell);
        let checked = all[..count.min(CHECKED)].to_vec();
        let mut references = Vec::new();
        for cell in &checked {
            let step = StepSize::Adaptive(Tolerance::new(1e-10, 1e-12));
            let options = Options::save_at(task.times());
            let span = (0.0, task.end);
            let solution = solve(cell, Method::Rodas5P, step, span, cell.initial_state(), &options)
                .map_err(|source| Error::Solve { model: M::NAME, partial: None, source: Box::new(source) })?;
            references.push(solution.column(0).collect());
        }
        let sorted = |cells: Cells<M>, threads: usize| -> Result<(Cells<M>, f64, f64), Error> {
            pool(threads)?.install(|| {
                let (wall, begin) = (Instant::now(), cpu());
                let places = cells.sample(PILOTS);
                let measured: Vec<(usize, f64)> =
                    places.into_par_iter().map(|i| (i, repolarised(&cells.as_slice()[i]))).collect();
                let cells = cells.with_similarity_from(&measured);
                Ok((cells, cpu() - begin, wall.elapsed().as_secs_f64()))
            })
        };
        let (cells, _, two) = sorted(Cells::new(all), 2)?;
        let (cells, busy, one) = sorted(cells, 1)?;
        let sorting = [busy, one, two];
        let checked = Cells::new(checked).with_estimated_similarity(PILOTS, repolarised);
        Ok(Self { task, cells, sorting, checked, references })
    }

    fn rows(&self, tolerances: &[f64], turns: Turns) -> Vec<Row> {
        let mut rows = Vec::new();
        for &rtol in tolerances {
            for method in METHODS {
                let errors = WAYS.map(|(_, way)| self.error(way, method, rtol));
                let untimed = errors.iter().map(|e| e.clone().map(|_| Timing::default())).collect();
                // A turn is the whole crowd, once.
                let timed = turns.take(untimed, |k, _| {
                    let (us, steps) = self.time(WAYS[k].1, method, rtol)?;
                    Ok(Timing { steps: Some(steps), ..Timing::from(vec![us]) })
                });
                for (((name, _), error), timing) in WAYS.iter().zip(errors).zip(timed) {
                    let name = format!("{method}, {name}");
                    rows.push(Row::new(&id(self.task), &name, "ours", rtol, error.ok(), timing));
                }
            }
        }
        rows
    }

    /// The greatest error of the potential over the checked cells, which are solved beside each other
    /// as the whole crowd is.
    fn error(&self, way: Way, method: Method, rtol: f64) -> Result<f64, String> {
        let step = StepSize::Adaptive(Tolerance::new(rtol, atol(rtol)));
        let options = Options::save_at(self.task.times());
        let span = (0.0, self.task.end);
        let mut worst = 0.0;
        let mut failure = None;
        let mut judge =
            |i: usize, solution: Result<ode_solvers::Solution, ode_solvers::SolveError>| match solution {
                Ok(solution) => {
                    let v: Vec<f64> = solution.column(0).collect();
                    let error = greatest_difference(&self.references[i], &v);
                    // Not `max`: it would drop NaN.
                    worst = if error <= worst { worst } else { error };
                }
                Err(error) => failure = Some(error.to_string()),
            };
        match way {
            Way::Lanes | Way::Threads(_) => {
                solve_ensemble::<f64, 8, _>(&self.checked, method, &step, span, &options, &mut judge);
            }
            Way::Single => {
                solve_ensemble::<f32, 16, _>(&self.checked, method, &step, span, &options, &mut judge);
            }
            Way::OneByOne => {
                for (i, cell) in self.checked.as_slice().iter().enumerate() {
                    judge(i, solve(cell, method, step.clone(), span, cell.initial_state(), &options));
                }
            }
        }
        failure.map_or(Ok(worst), Err)
    }

    /// µs of a cell, and steps of all: CPU time, or wall time where that is asked for.
    fn time(&self, way: Way, method: Method, rtol: f64) -> Result<(f64, u64), String> {
        let step = StepSize::Adaptive(Tolerance::new(rtol, atol(rtol)));
        let (options, span) = (Options::end(), (0.0, self.task.end));
        let all = self.cells.as_slice();
        let (mut steps, mut failure) = (0, None);
        let mut count = |solution: Result<ode_solvers::Solution, ode_solvers::SolveError>| match solution {
            Ok(solution) => steps += solution.stats.accepted + solution.stats.rejected,
            Err(error) => failure = Some(error.to_string()),
        };
        let (seconds, cells) = match way {
            Way::Lanes | Way::Threads(_) | Way::Single => {
                let threads = if let Way::Threads(threads) = way { threads } else { 1 };
                let pool = pool(threads).map_err(|e| e.to_string())?;
                let [sorting_busy, sorting_one, sorting_two] = self.sorting;
                let seconds = pool.install(|| {
                    let (wall, begin, cells) = (Instant::now(), cpu(), &self.cells);
                    if let Way::Single = way {
                        solve_ensemble::<f32, 16, _>(cells, method, &step, span, &options, |_, s| count(s));
                    } else {
                        solve_ensemble::<f64, 8, _>(cells, method, &step, span, &options, |_, s| count(s));
                    }
                    match way {
                        Way::Threads(1) => wall.elapsed().as_secs_f64() + sorting_one,
                        Way::Threads(_) => wall.elapsed().as_secs_f64() + sorting_two,
                        _ => cpu() - begin + sorting_busy,
                    }
                });
                (seconds, all.len())
            }
            Way::OneByOne => {
                // A part stands for the whole: none of them helps another.
                let part = &all[..all.len().min(64)];
                let begin = cpu();
                for cell in part {
                    count(solve(cell, method, step.clone(), span, cell.initial_state(), &options));
                }
                (cpu() - begin, part.len())
            }
        };
        match failure {
            Some(why) => Err(why),
            None => Ok((seconds * 1e6 / cells as f64, steps)),
        }
    }
}

/// So many threads.
fn pool(threads: usize) -> Result<rayon::ThreadPool, Error> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(|e| Error::Io {
        path: "threads".into(),
        source: std::io::Error::other(e),
        remedy: "allow this process more threads",
    })
}

/// Whether a parameter is a conductance, or a permeability.
fn is_conductance(name: &str) -> bool {
    ["g_", "G_", "P_Ca", "P_Na", "P_K"].iter().any(|start| name.starts_with(start)) && name != "P_kna"
}

/// When the potential falls below −40 mV for the last time, at a loose tolerance; NaN where it cannot
/// be said.
fn repolarisation<M: IonicModel>(task: &Task, cell: &Cell<M>) -> f64 {
    const LEVEL: f64 = -40.0;
    let step = StepSize::Adaptive(Tolerance::new(1e-3, 1e-5));
    let span = (0.0, task.end);
    let pilot = solve(cell, Method::Rodas4, step, span, cell.initial_state(), &Options::default());
    let Ok(pilot) = pilot else { return f64::NAN };
    let v: Vec<f64> = pilot.column(0).collect();
    let falls = (1..v.len()).rev().find(|&k| v[k - 1] > LEVEL && v[k] <= LEVEL);
    falls.map_or(f64::NAN, |k| {
        let part = (v[k - 1] - LEVEL) / (v[k - 1] - v[k]);
        pilot.t[k - 1] + part * (pilot.t[k] - pilot.t[k - 1])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::task::TASKS;

    #[test]
    fn lanes_are_as_accurate_as_cells_on_their_own() {
        let task = TASKS.iter().find(|t| t.id == "hh_pulse").unwrap();
        let mut rows = rows(task, 12, 1, &[1e-4, 1e-7], Turns { rounds: 1, turn: 0.0 }).unwrap();
        assert_eq!(rows.len(), 2 * METHODS.len() * WAYS.len());
        // Single precision has no seven digits for its steps.
        rows.retain(|row| row.rtol > 1e-5 || !row.solver.contains("f32"));
        for row in &rows {
            assert!(row.failure.is_none() && row.us_min.unwrap() > 0.0, "{row:?}");
            let bound = if row.rtol > 1e-5 { 0.5 } else { 1e-3 };
            assert!(row.error_mv.unwrap() < bound, "{row:?}");
        }
    }

    #[test]
    fn conductances_differ_and_nothing_else() {
        assert!(is_conductance("g_Na") && is_conductance("G_Kr") && is_conductance("P_NaK"));
        for name in ["C_m", "K_o", "T", "Na_o", "P_kna"] {
            assert!(!is_conductance(name), "{name}");
        }
        let task = TASKS.iter().find(|t| t.id == "hh_pulse").unwrap();
        let crowd = Crowd::<HodgkinHuxley1952>::new(task, 3, 7).unwrap();
        let [a, b] = [0, 1].map(|i| &crowd.cells.as_slice()[i]);
        for (k, p) in HodgkinHuxley1952::PARAMETERS.iter().enumerate() {
            let (x, y) = (a.parameters()[k], b.parameters()[k]);
            assert_eq!(x != y, is_conductance(p.name), "{}", p.name);
            assert!((x / y - 1.0).abs() <= 2.0 * SPREAD / (1.0 - SPREAD) || x == y);
        }
    }
}
