//! Kept comparisons of every kind, as pairs.

use std::path::Path;

use super::{Contest, Pair, Time};
use crate::compare::map::MapComparison;
use crate::compare::origin::Absence;
use crate::compare::report::{Comparison as Solvers, TARGETS};
use crate::compare_infer::report::BF16;
use crate::{Error, compare_gpu, compare_infer, compare_train, files};

/// A file of results, and what it holds.
pub(super) struct Kept {
    pub(super) file: &'static str,
    title: &'static str,
    kind: Kind,
}

enum Kind {
    Solvers,
    Training,
    Map,
    Inference,
    Gpu,
}

/// All that are kept, in the order of the page.
pub(super) const FILES: [Kept; 12] = [
    Kept { file: "compare-ode/compare-ode.json", title: "Single cells, to an accuracy", kind: Kind::Solvers },
    Kept { file: "compare-ode-ensemble/compare-ode.json", title: "Ten thousand cells", kind: Kind::Solvers },
    Kept { file: "compare-train/compare-train.json", title: "A training step", kind: Kind::Training },
    Kept {
        file: "compare-train-avx2/compare-train.json",
        title: "A training step without AVX-512",
        kind: Kind::Training,
    },
    Kept {
        file: "kainth2025/compare-train.json",
        title: "A training step of a neural ODE",
        kind: Kind::Training,
    },
    Kept { file: "kuptsov2022/compare-map.json", title: "A training step of a neural map", kind: Kind::Map },
    Kept { file: "compare-infer/compare-infer.json", title: "Inference", kind: Kind::Inference },
    Kept {
        file: "compare-infer-bf16/compare-infer.json",
        title: "Inference, on a processor that multiplies 16-bit numbers",
        kind: Kind::Inference,
    },
    Kept { file: "compare-gpu/compare-gpu.json", title: "On a GPU", kind: Kind::Gpu },
    Kept {
        file: "compare-gpu-responses/small/compare-gpu.json",
        title: "Whole responses of small models on a GPU",
        kind: Kind::Gpu,
    },
    Kept {
        file: "compare-gpu-responses/tp06/compare-gpu.json",
        title: "Whole responses of ten Tusscher and Panfilov's model on a GPU",
        kind: Kind::Gpu,
    },
    Kept {
        file: "compare-gpu-responses/ord/compare-gpu.json",
        title: "Whole responses of O'Hara and Rudy's model on a GPU",
        kind: Kind::Gpu,
    },
];

impl Kept {
    /// Reads the file.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub(super) fn read(&self, path: &Path) -> Result<Contest, Error> {
        let remedy = "restore it from the repository, or compare again";
        let mut contest = match self.kind {
            Kind::Solvers => solvers(&files::read_json(path, remedy)?),
            Kind::Training => training(&files::read_json(path, remedy)?),
            Kind::Map => map(&files::read_json(path, remedy)?),
            Kind::Inference => inference(&files::read_json(path, remedy)?),
            Kind::Gpu => gpu(&files::read_json(path, remedy)?),
        };
        (contest.title, contest.file) = (self.title.into(), self.file);
        Ok(contest)
    }
}

/// Rows that have their work in common, in the order in which works came.
fn by_work<R>(rows: &[R], work: impl Fn(&R) -> String) -> Vec<(String, Vec<&R>)> {
    let mut groups: Vec<(String, Vec<&R>)> = Vec::new();
    for row in rows {
        let work = work(row);
        match groups.iter_mut().find(|g| g.0 == work) {
            Some(group) => group.1.push(row),
            None => groups.push((work, vec![row])),
        }
    }
    groups
}

/// The fastest, by its shortest time; one without times if none has any.
fn fastest(times: impl Iterator<Item = Time>) -> Option<Time> {
    let least = |t: &Time| t.least.unwrap_or(f64::INFINITY);
    times.min_by(|a, b| least(a).total_cmp(&least(b)))
}

/// Pairs of our best with every other that has a time; the others go to `missing`.
fn pairs(
    work: &str,
    ours: Option<Time>,
    others: impl Iterator<Item = (Time, Option<String>)>,
    (pairs, missing): (&mut Vec<Pair>, &mut Vec<String>),
) {
    let ours = ours.unwrap_or(Time { who: "nothing of ours".into(), least: None, median: None });
    for (rival, why) in others {
        if rival.least.is_some() && rival.median.is_some() {
            pairs.push(Pair { work: work.to_owned(), ours: ours.clone(), rival });
        } else {
            missing.push(format!("{}, {work}: {}", rival.who, why.as_deref().unwrap_or("it was not timed")));
        }
    }
}

fn absent<'a>(missing: &mut Vec<String>, all: impl IntoIterator<Item = &'a Absence>) {
    missing.extend(all.into_iter().map(|a| format!("{}: {}; to install it: {}", a.id, a.why, a.install)));
}

fn solvers(found: &Solvers) -> Contest {
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    for task in &found.references {
        let all = found.solvers(&task.task);
        let mut origins: Vec<&str> = Vec::new();
        for (_, origin) in &all {
            if *origin != "ours" && !origins.contains(origin) {
                origins.push(origin);
            }
        }
        if origins.is_empty() {
            missing.push(format!("{}: no rival took part", task.title));
        }
        for target in TARGETS {
            let best = |origin: &str| {
                fastest(all.iter().filter(|s| s.1 == origin).map(|(solver, _)| Time {
                    who: (*solver).to_owned(),
                    least: found.time_to(target, &task.task, solver, |r| r.us_min),
                    median: found.time_to(target, &task.task, solver, |r| r.us_median),
                }))
            };
            let others = origins.iter().filter_map(|origin| {
                let why = format!("none of the tolerances reaches {target:.0e} mV");
                best(origin).map(|time| match time.least {
                    Some(_) => (time, None),
                    None => (Time { who: (*origin).to_owned(), ..time }, Some(why)),
                })
            });
            let work = format!("{}, error {target:.0e} mV", task.title);
            pairs(&work, best("ours"), others, (&mut list, &mut missing));
        }
    }
    let left_out = found.rivals.iter().filter_map(|p| Some((p, p.missing.as_ref()?)));
    missing.extend(left_out.map(|(p, why)| format!("{}: {why}; to install it: {}", p.title, p.install)));
    Contest {
        title: String::new(),
        what:
            "CPU time of one solve to a greatest error of the potential, the best solver of each side: the \
               same right-hand side for all, exact Jacobians unless a name says `differences`"
                .into(),
        unit: "µs",
        file: "",
        origin: found.origin.clone(),
        pairs: list,
        missing,
    }
}

fn training(found: &compare_train::report::Comparison) -> Contest {
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    for (work, rows) in by_work(&found.rows, |r| format!("{}, {} ({})", r.work, r.network, r.layers)) {
        let time = |r: &compare_train::report::Row| Time {
            who: r.name.clone(),
            least: r.us_min,
            median: r.us_median,
        };
        let (ours, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|r| r.name == "ours");
        let others = others.into_iter().map(|r| (time(r), r.failure.clone()));
        pairs(&work, fastest(ours.into_iter().map(time)), others, (&mut list, &mut missing));
    }
    absent(&mut missing, &found.absent);
    Contest {
        title: String::new(),
        what: "CPU time of one iteration on one thread, single precision".into(),
        unit: "µs",
        file: "",
        origin: found.origin.clone(),
        pairs: list,
        missing,
    }
}

fn map(found: &MapComparison) -> Contest {
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    let mut rows = found.rows.iter().map(|r| {
        let version = r.version.as_deref().unwrap_or_default();
        let who = format!("{} {version}", r.name).trim().to_owned();
        (Time { who, least: r.min_us, median: r.median_us }, r.absent.clone())
    });
    // Ours is the first.
    let ours = rows.next().map(|(time, _)| Time { who: "ours".into(), ..time });
    let work = format!("3 states, 1 parameter, width {}, batch {}", found.width, found.batch);
    pairs(&work, ours, rows, (&mut list, &mut missing));
    let mut origin = found.origin.clone();
    if origin.command.is_empty() {
        origin.command = "cargo xtask compare map".into();
    }
    Contest {
        title: String::new(),
        what: "CPU time of one iteration on one thread, single precision".into(),
        unit: "µs",
        file: "",
        origin,
        pairs: list,
        missing,
    }
}

fn inference(found: &compare_infer::report::Comparison) -> Contest {
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    let work = |r: &compare_infer::report::Row| {
        format!("{} ({}), {} thread{}", r.network, r.layers, r.threads, plural(r.threads))
    };
    for (work, rows) in by_work(&found.rows, work) {
        let time = |r: &compare_infer::report::Row| Time {
            who: r.name.clone(),
            least: r.ms_min,
            median: r.ms_median,
        };
        // With numbers of 16 bits our engine does less than its rivals.
        let (less, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|r| r.name == BF16);
        for row in less {
            if let (Some(ms), Some(error)) = (row.ms_min, row.error) {
                missing.push(format!(
                    "ours in {BF16}, {work}: {ms:.2} ms with errors of {error:.1e} of the range; it does less than its \
                     rivals, and is no pair of theirs"
                ));
            }
        }
        let (ours, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|r| r.name == "native");
        let others = others.into_iter().map(|r| (time(r), r.failure.clone()));
        pairs(&work, fastest(ours.into_iter().map(time)), others, (&mut list, &mut missing));
    }
    let work = |s: &compare_infer::report::Solver| {
        format!("FitzHugh–Nagumo, {} thread{}", s.threads, plural(s.threads))
    };
    for (work, solvers) in by_work(&found.solvers, work) {
        // Ours is the first.
        let mut times = solvers.into_iter().map(|s| Time {
            who: s.name.clone(),
            least: Some(s.ms_min),
            median: Some(s.ms_median),
        });
        let ours = times.next();
        pairs(&work, ours, times.map(|time| (time, None)), (&mut list, &mut missing));
    }
    absent(&mut missing, found.absent.iter().filter(|a| a.id != BF16));
    Contest {
        title: String::new(),
        what: format!(
            "time of {} rows of 3 inputs, or cells, single precision; one thread: CPU time, more: wall time",
            found.rows_a_batch
        ),
        unit: "ms",
        file: "",
        origin: found.origin.clone(),
        pairs: list,
        missing,
    }
}

/// Whether a row of a GPU is ours, beside its rivals.
fn is_own(r: &compare_gpu::report::Row) -> bool {
    if r.copies { r.who == "fused-cuda" } else { r.who.starts_with("kernel") }
}

fn gpu(found: &compare_gpu::report::Comparison) -> Contest {
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    let work = |r: &compare_gpu::report::Row| {
        let copies = if r.copies { ", copied there and back" } else { "" };
        format!("{}, {} rows{copies}", r.what, r.count)
    };
    // Solvers have no rivals here: they are held against what the device can do at most.
    let networks: Vec<_> =
        found.rows.iter().filter(|r| !["Euler", "Rush–Larsen"].contains(&r.who.as_str())).collect();
    for (work, rows) in by_work(&networks, |r| work(r)) {
        let time = |r: &&compare_gpu::report::Row| Time {
            who: r.who.clone(),
            least: r.seconds_min.map(|s| s * 1e3),
            median: r.seconds_median.map(|s| s * 1e3),
        };
        let (ours, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|r| is_own(r));
        let others = others.into_iter().map(|r| (time(r), r.not_run.clone()));
        pairs(&work, fastest(ours.into_iter().map(time)), others, (&mut list, &mut missing));
    }
    absent(&mut missing, &found.absent);
    let remark = if found.remark.is_empty() { String::new() } else { format!("; {}", found.remark) };
    let solvers = found.rows.len() - networks.len();
    if solvers > 0 {
        missing
            .push(format!("{solvers} numerical solvers: no rival; they are held against the device's limit"));
    }
    let mut responses: Vec<&str> = found.answers.iter().map(|a| a.what.as_str()).collect();
    responses.dedup();
    missing.extend(responses.into_iter().map(|response| {
        format!(
            "response of {response}: no rival; fixed and adaptive steps of ours are held against each other"
        )
    }));
    Contest {
        title: String::new(),
        what: format!("time by the device's own clock, on an {}{remark}", found.device),
        unit: "ms",
        file: "",
        origin: found.origin.clone(),
        pairs: list,
        missing,
    }
}
