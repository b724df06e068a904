//! What the comparison found: as data, as tables, as a figure.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::compare::options::Turns;
use crate::compare::origin::{Origin, least_and_median};
use crate::compare::peer::Timing;
use crate::compare::work::{Limits, Work};

/// The name of our engine where it does less work than its rivals.
pub(crate) const BF16: &str = "native-bf16";

/// The error that is asked of single precision, of an output's range.
pub(super) const BAR: f64 = 1e-6;

/// `compare-infer.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Where the numbers come from.
    #[serde(flatten)]
    pub origin: Origin,
    /// How often each had its turn, and for how long.
    #[serde(flatten)]
    pub turns: Turns,
    /// Rows of a batch, and cells.
    pub rows_a_batch: usize,
    /// Additions and multiplications that a thread can do in a second at most, measured.
    pub peak_flops: f64,
    /// Bytes that a thread reads and writes in main memory in a second at most, measured; none in comparisons
    /// that were kept before it was.
    #[serde(default)]
    pub bytes_a_second: Option<f64>,
    /// What was measured.
    pub rows: Vec<Row>,
    /// The numerical solver beside, ours first of each number of threads.
    pub solvers: Vec<Solver>,
}

/// One program on one network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Width and number of layers: `32x3`.
    pub network: String,
    /// Its hidden layers.
    pub layers: String,
    /// Threads.
    pub threads: usize,
    /// Who: `native`, `native-bf16`, or the rival with its version and mode.
    pub name: String,
    /// Rows at a time that were best.
    pub chunk: Option<usize>,
    /// The shortest time of a batch, in ms.
    pub ms_min: Option<f64>,
    /// The median, in ms.
    pub ms_median: Option<f64>,
    /// The number of timed batches.
    pub batches: usize,
    /// Additions and multiplications of a row's products.
    pub flops_a_row: f64,
    /// Bytes of a row, in and out.
    #[serde(default)]
    pub bytes_a_row: f64,
    /// Activations of a row.
    pub activations_a_row: f64,
    /// The greatest difference from `f64` as a part of the output's range, where it was looked at.
    pub error: Option<f64>,
    /// Why there are no numbers.
    pub failure: Option<String>,
}

impl Row {
    #[allow(clippy::too_many_arguments, reason = "the columns of a table")]
    pub(super) fn new(
        network: &str,
        layers: &str,
        threads: usize,
        name: &str,
        chunk: Option<usize>,
        timing: Result<Timing, String>,
        (work, activations_a_row): (Work, f64),
        error: Option<f64>,
    ) -> Self {
        let (Timing { us: times, .. }, failure) = Timing::or_failure(timing);
        let [ms_min, ms_median] = ms(&times);
        Row {
            network: network.into(),
            layers: layers.into(),
            threads,
            name: name.into(),
            chunk,
            ms_min,
            ms_median,
            batches: times.len(),
            flops_a_row: work.flops,
            bytes_a_row: work.bytes,
            activations_a_row,
            error,
            failure,
        }
    }
}

impl Row {
    fn work(&self) -> Work {
        Work { flops: self.flops_a_row, bytes: self.bytes_a_row }
    }

    /// Whether it is our engine, which chooses its rows at a time itself.
    fn is_ours(&self) -> bool {
        ["native", BF16].contains(&self.name.as_str())
    }
}

/// A numerical solver on as many cells as there are rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Solver {
    /// Method and steps.
    pub name: String,
    /// Threads.
    pub threads: usize,
    /// Steps.
    pub steps: usize,
    /// Additions and multiplications of a cell's step.
    pub flops_a_step: f64,
    /// Bytes of a cell over all steps: its stimulus read, its states read and written.
    #[serde(default)]
    pub bytes_a_cell: f64,
    /// The shortest time, in ms.
    pub ms_min: f64,
    /// The median, in ms.
    pub ms_median: f64,
}

impl Solver {
    fn work(&self) -> Work {
        Work { flops: self.flops_a_step * self.steps as f64, bytes: self.bytes_a_cell }
    }

    pub(super) fn new(name: &str, threads: usize, steps: usize, flops_a_step: f64, timing: &Timing) -> Self {
        let [least, median] = ms(&timing.us);
        Solver {
            name: name.into(),
            threads,
            steps,
            flops_a_step,
            bytes_a_cell: super::euler::BYTES,
            ms_min: least.unwrap_or(f64::INFINITY),
            ms_median: median.unwrap_or(f64::INFINITY),
        }
    }
}

/// The least of some times in µs and their median, in ms.
fn ms(us: &[f64]) -> [Option<f64>; 2] {
    let (least, median) = least_and_median(us);
    [least, median].map(|t| t.map(|us| us / 1e3))
}

impl Comparison {
    /// What so many threads can do at most.
    fn limits(&self, threads: usize) -> Limits {
        let threads = threads as f64;
        Limits {
            flops: self.peak_flops * threads,
            bytes: self.bytes_a_second.map_or(f64::INFINITY, |b| b * threads),
        }
    }

    /// The part of the machine's limit at which a batch took so many ms, a row of which is so much work.
    fn fraction(&self, work: Work, ms: f64, threads: usize) -> f64 {
        self.limits(threads).least(work * self.rows_a_batch as f64) / (ms * 1e-3)
    }

    /// What is said of our errors above the millionth that is asked for.
    fn above_the_bar(&self) -> String {
        let mut above: Vec<String> = Vec::new();
        for row in self.rows.iter().filter(|r| r.name == "native") {
            let Some(error) = row.error.filter(|e| *e > BAR) else { continue };
            let text = format!("{} ({error:.1e})", row.network);
            if !above.contains(&text) {
                above.push(text);
            }
        }
        match above.is_empty() {
            true => String::new(),
            false => {
                format!("; `native` exceeds it at {}, as sums of so many products round", above.join(", "))
            }
        }
    }

    /// The tables. A ratio below 1 means that ours takes less time.
    pub fn markdown(&self) -> String {
        let mut out = String::from("# Inference\n\n");
        let _ = writeln!(
            out,
            "ms for {} rows of 3 inputs, single precision (`native-bf16`: most products of 16 bits), each with the rows at a time that suit it best, in turn; \
             one thread: CPU time, more: wall time. `of the limit`: the time that the machine needs at least, over \
             the time taken, for the products' multiplications and additions alone at {:.0} Gflop/s a thread{}. \
             `error`: greatest difference from f64, of the output's range; in single precision a millionth is asked \
             for{}. {}\n",
            self.rows_a_batch,
            self.peak_flops / 1e9,
            self.bytes_a_second.map_or_else(String::new, |b| {
                format!(
                    ", or for a row's or a cell's bytes at {:.1} GB/s a thread, whichever is longer",
                    b / 1e9
                )
            }),
            self.above_the_bar(),
            self.origin.line()
        );
        let mut threads: Vec<usize> = self.rows.iter().map(|r| r.threads).collect();
        threads.dedup();
        for threads in threads {
            let solver = self.solvers.iter().find(|s| s.threads == threads);
            let _ = writeln!(out, "## {threads} {}\n", if threads == 1 { "thread" } else { "threads" });
            out.push_str("| network | | rows at a time | min | median | native / theirs | of the limit | error | Euler steps |\n");
            out.push_str("|---|---|---:|---:|---:|---:|---:|---:|---:|\n");
            for row in self.rows.iter().filter(|r| r.threads == threads) {
                let native = self
                    .rows
                    .iter()
                    .find(|r| r.threads == threads && r.network == row.network && r.name == "native");
                let Some((least, median)) = row.ms_min.zip(row.ms_median) else {
                    let why = row.failure.as_deref().unwrap_or("it was not timed");
                    let _ = writeln!(out, "| {} | {} | | | | {why} | | | |", row.network, row.name);
                    continue;
                };
                let ratio =
                    native.and_then(|n| n.ms_min).map_or(String::new(), |n| format!("{:.3}", n / least));
                let steps =
                    solver.map_or(String::new(), |s| format!("{:.0}", least / s.ms_min * s.steps as f64));
                let _ = writeln!(
                    out,
                    "| {} | {} | {} | {least:.2} | {median:.2} | {ratio} | {:.0} % | {} | {steps} |",
                    row.network,
                    row.name,
                    row.chunk.filter(|_| !row.is_ours()).map_or("–".into(), |c| c.to_string()),
                    100.0 * self.fraction(row.work(), least, threads),
                    row.error.map_or("–".into(), |e| format!("{e:.1e}")),
                );
            }
            for other in self.solvers.iter().filter(|s| s.threads == threads) {
                let ratio = solver.map_or(String::new(), |s| format!("{:.3}", s.ms_min / other.ms_min));
                let _ = writeln!(
                    out,
                    "| FitzHugh–Nagumo | {} | – | {:.2} | {:.2} | {ratio} | {:.0} % | | {} |",
                    other.name,
                    other.ms_min,
                    other.ms_median,
                    100.0 * self.fraction(other.work(), other.ms_min, threads),
                    other.steps
                );
            }
            out.push('\n');
        }
        out.push_str(
            "`Euler steps`: how many steps of Euler's method for FitzHugh–Nagumo's equations, as many cells as \
             rows, take that time; a network pays where a solver needs more.\n\n",
        );
        out + self.origin.not_here().trim_start()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::origin::Presence;
    use infer_trt::probe::Status;

    #[test]
    fn tables_have_ratios_fractions_steps_and_failures() {
        let row_of = |network: &str, name: &str, ms: Result<Vec<f64>, String>, error| {
            let timing = ms.map(|ms| ms.into_iter().map(|ms| ms * 1e3).collect::<Vec<_>>().into());
            Row::new(
                network,
                "SiLU8,SiLU8",
                1,
                name,
                Some(4096),
                timing,
                (Work { flops: 208.0, bytes: 20.0 }, 16.0),
                error,
            )
        };
        let row = |name: &str, times| row_of("8x2", name, times, Some(2.34e-7));
        let missing = Status::Missing { reason: "no torch".into(), remedy: "pip".into() };
        let comparison = Comparison {
            origin: Origin::here(vec![Presence::probed("torch", "PyTorch", missing)]),
            turns: Turns { rounds: 1, turn: 0.1 },
            rows_a_batch: 1_000_000,
            peak_flops: 1e11,
            bytes_a_second: Some(1e10),
            rows: vec![
                row("native", Ok(vec![6.0, 5.2])),
                row(BF16, Ok(vec![2.6])),
                row("ONNX Runtime 1", Ok(vec![20.8])),
                row("JAX 1", Err("it crashed".into())),
                row_of("9x2", "native", Ok(vec![4.0]), Some(1.46e-6)),
            ],
            solvers: vec![
                Solver::new("Euler", 1, 100, 15.0, &vec![26e3].into()),
                Solver::new("Euler, C", 1, 100, 15.0, &vec![52e3].into()),
            ],
        };
        let text = comparison.markdown();
        assert!(text.contains("| 8x2 | native | – | 5.20 | 5.60 | 1.000 | 40 % | 2.3e-7 | 20 |"), "{text}");
        assert!(text.contains("| 8x2 | native-bf16 | – | 2.60 | 2.60 | 2.000 | 80 % |"), "{text}");
        assert!(text.contains("| 20.80 | 20.80 | 0.250 | 10 % |"), "{text}");
        assert!(text.contains("| Euler, C | – | 52.00 | 52.00 | 0.500 |"), "{text}");
        assert!(text.contains("a millionth is asked for; `native` exceeds it at 9x2 (1.5e-6), as"), "{text}");
        // Twenty bytes at 1e10 a second take as long as 200 operations, and 208 operations longer.
        assert!(
            text.contains("at 100 Gflop/s a thread, or for a row's or a cell's bytes at 10.0 GB/s"),
            "{text}"
        );
        let slow = Comparison { bytes_a_second: Some(5e9), ..comparison.clone() };
        assert!(
            slow.markdown().contains("| native | – | 5.20 | 5.60 | 1.000 | 77 % |"),
            "{}",
            slow.markdown()
        );
        assert!(
            text.contains("it crashed") && text.contains("- PyTorch: no torch; to install it: pip"),
            "{text}"
        );
        let svg = comparison.figure().unwrap();
        assert!(svg.contains("arithmetic limit") && !svg.contains("NaN"));
    }

    /// What is kept is read, and its tables are what they are written from says now.
    #[test]
    fn the_kept_tables_are_up_to_date() {
        for folder in ["compare-infer", "compare-infer-bf16"] {
            let folder = crate::kept::root().join(folder);
            let kept: Comparison = crate::files::read_json(&folder.join("compare-infer.json"), "").unwrap();
            let there = std::fs::read_to_string(folder.join("compare-infer.md")).unwrap();
            assert!(there == kept.markdown(), "{}: write the tables anew", folder.display());
        }
    }
}
