//! Kept comparisons of every kind, as pairs.

use std::path::Path;

use serde::Deserialize;

use super::{Contest, Time};
use crate::compare::options;
use crate::compare::origin::{Origin, Presence};
use crate::compare::report::{Comparison as Solvers, TARGETS};
use crate::compare_infer::report::BF16;
use crate::results::typed;
use crate::{Error, compare_gpu, compare_infer, compare_train};

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
pub(super) const FILES: [Kept; 13] = [
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
    Kept {
        file: "compare-train-operators/compare-train.json",
        title: "A training step of an operator, and its inference",
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
    /// Reads the file, if it is there.
    ///
    /// # Errors
    /// [`Error::Damaged`] or [`Error::Io`].
    pub(super) fn read(&self, results: &Path) -> Result<Option<Contest>, Error> {
        let contest = match self.kind {
            Kind::Solvers => options::read(results, self.file)?.map(|found| solvers(&found)),
            Kind::Training => options::read(results, self.file)?.map(|found| training(&found)),
            Kind::Map => options::read(results, self.file)?.map(map),
            Kind::Inference => options::read(results, self.file)?.map(|found| inference(&found)),
            Kind::Gpu => options::read(results, self.file)?.map(|found| gpu(&found)),
        };
        Ok(contest.map(|mut contest| {
            contest.origin.command = typed(&contest.origin.command);
            Contest { title: self.title.into(), file: self.file, ..contest }
        }))
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
pub(super) fn fastest(times: impl IntoIterator<Item = Time>) -> Option<Time> {
    let least = |t: &Time| t.least.unwrap_or(f64::INFINITY);
    times.into_iter().min_by(|a, b| least(a).total_cmp(&least(b)))
}

fn solvers(found: &Solvers) -> Contest {
    let mut contest = Contest::new(
        &found.origin,
        "µs",
        "CPU time of one solve to a greatest error of the potential, the best solver of each side: the same \
         right-hand side for all, exact Jacobians unless a name says `differences`",
    );
    for task in &found.references {
        let all = found.solvers(&task.task);
        let mut origins: Vec<&str> = Vec::new();
        for (_, origin) in &all {
            if *origin != "ours" && !origins.contains(origin) {
                origins.push(origin);
            }
        }
        if origins.is_empty() {
            contest.missing.push(format!("{}: no rival took part", task.title));
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
            contest.add(&format!("{}, error {target:.0e} mV", task.title), best("ours"), others);
        }
    }
    contest.missing.extend(found.origin.absent());
    contest
}

const ITERATION: &str = "CPU time of one iteration on one thread, single precision";

fn training(found: &compare_train::report::Comparison) -> Contest {
    let mut contest = Contest::new(&found.origin, "µs", ITERATION);
    for (work, rows) in by_work(&found.rows, |r| format!("{}, {} ({})", r.work, r.network, r.layers)) {
        let time = |r: &compare_train::report::Row| Time {
            who: r.name.clone(),
            least: r.us_min,
            median: r.us_median,
        };
        let (ours, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|r| r.is_ours());
        let others = others.into_iter().map(|r| (time(r), r.failure.clone()));
        contest.add(&work, ours.into_iter().map(time), others);
    }
    contest.missing.extend(found.origin.absent());
    contest
}

/// `compare-map.json`, which maps had while they were a comparison of their own.
#[derive(Deserialize)]
struct Maps {
    #[serde(flatten)]
    origin: Origin,
    batch: usize,
    width: usize,
    /// Ours first.
    rows: Vec<MapRow>,
}

#[derive(Deserialize)]
struct MapRow {
    name: String,
    version: Option<String>,
    absent: Option<String>,
    min_us: Option<f64>,
    median_us: Option<f64>,
}

fn map(mut found: Maps) -> Contest {
    if found.origin.command.is_empty() {
        found.origin.command = "cargo xtask compare map (now compare train --works map)".into();
    }
    let mut contest = Contest::new(&found.origin, "µs", ITERATION);
    let mut rows = found.rows.into_iter().map(|r| {
        let who = format!("{} {}", r.name, r.version.unwrap_or_default()).trim().to_owned();
        (Time { who, least: r.min_us, median: r.median_us }, r.absent)
    });
    let ours = rows.next().map(|(time, _)| Time { who: "ours".into(), ..time });
    let work = format!("3 states, 1 parameter, width {}, batch {}", found.width, found.batch);
    contest.add(&work, ours, rows);
    contest
}

fn inference(found: &compare_infer::report::Comparison) -> Contest {
    let mut contest = Contest::new(
        &found.origin,
        "ms",
        format!(
            "time of {} rows of 3 inputs, or cells, single precision; one thread: CPU time, more: wall time",
            found.rows_a_batch
        ),
    );
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
                contest.missing.push(format!(
                    "ours in {BF16}, {work}: {ms:.2} ms with errors of {error:.1e} of the range; it does less than its \
                     rivals, and is no pair of theirs"
                ));
            }
        }
        let (ours, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(|r| r.name == "native");
        let others = others.into_iter().map(|r| (time(r), r.failure.clone()));
        contest.add(&work, ours.into_iter().map(time), others);
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
        contest.add(&work, ours, times.map(|time| (time, None)));
    }
    let rivals = found.origin.rivals.iter().filter(|r| r.id != BF16);
    contest.missing.extend(rivals.filter_map(Presence::absence));
    contest
}

/// Whether a row of a GPU is ours, beside its rivals.
fn is_own(r: &compare_gpu::report::Row) -> bool {
    if r.copies { r.who == "fused-cuda" } else { r.who.starts_with("kernel") }
}

fn gpu(found: &compare_gpu::report::Comparison) -> Contest {
    let remark = if found.remark.is_empty() { String::new() } else { format!("; {}", found.remark) };
    let what = format!("time by the device's own clock, on an {}{remark}", found.device);
    let mut contest = Contest::new(&found.origin, "ms", what);
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
        contest.add(&work, ours.into_iter().map(time), others);
    }
    contest.missing.extend(found.origin.absent());
    let solvers = found.rows.len() - networks.len();
    if solvers > 0 {
        contest
            .missing
            .push(format!("{solvers} numerical solvers: no rival; they are held against the device's limit"));
    }
    let mut responses: Vec<&str> = found.answers.iter().map(|a| a.what.as_str()).collect();
    responses.dedup();
    contest.missing.extend(responses.into_iter().map(|response| {
        // Of a model whose time has no unit some files hold a 1 for it.
        let response = response.strip_suffix(" 1").unwrap_or(response);
        format!(
            "response of {response}: no rival; fixed and adaptive steps of ours are held against each other"
        )
    }));
    contest
}
