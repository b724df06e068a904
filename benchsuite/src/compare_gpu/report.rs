//! What the comparison found: as data, as tables.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::answers::{self, Answer};
use crate::compare::origin::Origin;
use crate::compare::work::{Limits, Work};

/// `compare-gpu.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Where the numbers come from.
    #[serde(flatten)]
    pub origin: Origin,
    /// The GPU and its driver.
    pub device: String,
    /// Additions and multiplications of `f32` that the device can do in a second outside its matrix
    /// units: two for each core and cycle at its highest clock.
    pub peak_flops: f64,
    /// Bytes that the device reads and writes in a second in a copy within its memory, measured.
    pub bytes_a_second: f64,
    /// Timed runs of each.
    pub times: usize,
    /// What a reader has to know of these numbers that the program does not do any more; empty as a rule.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub remark: String,
    /// What was measured.
    pub rows: Vec<Row>,
    /// Whole responses, by fixed steps and by adaptive ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
}

/// One way to do a piece of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The work: a network, or a model with its step.
    pub what: String,
    /// Who does it.
    pub who: String,
    /// Cells or rows.
    pub count: usize,
    /// Whether rows are copied to the device and results back.
    pub copies: bool,
    /// What has to be done.
    pub work: Work,
    /// The shortest time, in seconds.
    pub seconds_min: Option<f64>,
    /// The median.
    pub seconds_median: Option<f64>,
    /// Of networks, the greatest difference from double precision as a part of an output's range; of
    /// solvers, that of the first state after all steps, in its unit.
    pub error: Option<f64>,
    /// Why there is no number.
    pub not_run: Option<String>,
}

/// Seconds, and the error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Timing {
    pub(crate) seconds_min: f64,
    pub(crate) seconds_median: f64,
    pub(crate) error: Option<f64>,
}

impl Row {
    pub(crate) fn new(
        what: &str,
        who: &str,
        count: usize,
        copies: bool,
        work: Work,
        timing: Result<Timing, String>,
    ) -> Self {
        let (timing, not_run) = match timing {
            Ok(timing) => (Some(timing), None),
            Err(why) => (None, Some(why)),
        };
        Self {
            what: what.into(),
            who: who.into(),
            count,
            copies,
            work,
            seconds_min: timing.map(|t| t.seconds_min),
            seconds_median: timing.map(|t| t.seconds_median),
            error: timing.and_then(|t| t.error),
            not_run,
        }
    }
}

impl Comparison {
    /// Time that the device needs at least over the time taken: by operations outside the matrix units,
    /// or by bytes. Above one where the matrix units do more.
    pub fn of_limit(&self, row: &Row) -> Option<f64> {
        let limits = Limits { flops: self.peak_flops, bytes: self.bytes_a_second };
        Some(limits.least(row.work) / row.seconds_min?)
    }

    /// The tables.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "# Solvers and networks on a GPU\n\n{}; {:.1} Tflop/s outside matrix units, {:.2} TB/s measured. {} \
             runs each, the first three left out. `error`: of networks the greatest difference from double precision, \
             of the output's range; of solvers that of the first state after all steps, in its unit. `of the limit`: \
             by bytes, or by operations outside the matrix units. {}\n",
            self.device,
            self.peak_flops * 1e-12,
            self.bytes_a_second * 1e-12,
            self.times,
            self.origin.line()
        );
        if !self.remark.is_empty() {
            let _ = write!(text, "\n{}.\n", self.remark);
        }
        let mut titles: Vec<(&str, usize)> = Vec::new();
        for row in &self.rows {
            if !titles.contains(&(&row.what, row.count)) {
                titles.push((&row.what, row.count));
            }
        }
        text += "\n| work | cells or rows | who | with copies | min, ms | median, ms | of the limit | error | our \
                 best over it |\n|---|---|---|---|---|---|---|---|---|\n";
        for (what, count) in titles {
            let same = || self.rows.iter().filter(|r| r.what == what && r.count == count);
            let ours = same()
                .filter(|r| !r.copies && r.who.starts_with("kernel"))
                .filter_map(|r| r.seconds_min)
                .reduce(f64::min);
            for row in same() {
                let _ = write!(
                    text,
                    "| {what} | {count} | {} | {} |",
                    row.who,
                    if row.copies { "yes" } else { "no" }
                );
                let _ = match (row.seconds_min, row.seconds_median) {
                    (Some(min), Some(median)) => {
                        let limit = self.of_limit(row).unwrap_or(f64::NAN);
                        let error = row.error.map_or_else(|| "–".into(), |e| format!("{e:.1e}"));
                        let ratio = match ours {
                            Some(ours) if !row.copies => format!("{:.2}", ours / min),
                            _ => "–".into(),
                        };
                        writeln!(
                            text,
                            " {:.4} | {:.4} | {limit:.2} | {error} | {ratio} |",
                            min * 1e3,
                            median * 1e3
                        )
                    }
                    _ => {
                        let why = row.not_run.as_deref().unwrap_or("it gave no time");
                        writeln!(text, " NOT_RUN: {} | | | | |", why.replace('|', "/").replace('\n', " "))
                    }
                };
            }
        }
        text + &answers::markdown(&self.answers) + &self.origin.not_here()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::origin::Presence;
    use infer_trt::probe::Status;

    #[test]
    fn the_table_has_limits_ratios_and_reasons() {
        let work = Work { flops: 1e12, bytes: 1e9 };
        let timing = |s| Ok(Timing { seconds_min: s, seconds_median: 2.0 * s, error: Some(1e-7) });
        let rows = vec![
            Row::new("8x2", "kernel, a row a thread", 5, false, work, timing(0.1)),
            Row::new("8x2", "JAX 1", 5, false, work, timing(0.4)),
            Row::new("8x2", "tensorrt", 5, true, work, Err("no | library".into())),
        ];
        let missing = Status::Missing { reason: "asleep".into(), remedy: "pip".into() };
        let comparison = Comparison {
            origin: Origin::here(vec![Presence::probed("jax", "JAX", missing)]),
            device: "A GPU".into(),
            peak_flops: 20e12,
            bytes_a_second: 1e12,
            times: 5,
            remark: "`tensorrt` was asleep".into(),
            rows,
            answers: Vec::new(),
        };
        assert_eq!(comparison.of_limit(&comparison.rows[0]), Some(0.5));
        let text = comparison.markdown();
        for part in [
            "| 100.0000 | 200.0000 | 0.50 | 1.0e-7 | 1.00 |",
            "| 0.25 |",
            "NOT_RUN: no / library",
            "## Not here\n\n- JAX: asleep; to install it: pip\n",
            "\n\n`tensorrt` was asleep.\n\n|",
        ] {
            assert!(text.contains(part), "{part} is missing from\n{text}");
        }
    }
}
