//! What the comparison found: as data, as tables.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::{OURS, OURS_EXPORTED};
use crate::compare::options::Turns;
use crate::compare::origin::{Origin, least_and_median};
use crate::compare::peer::Timing;

/// `compare-train.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Where the numbers come from.
    #[serde(flatten)]
    pub origin: Origin,
    /// How often each had its turn, and for how much CPU time.
    #[serde(flatten)]
    pub turns: Turns,
    /// Additions and multiplications of `f32` that a thread can do in a second at most, measured; 0 in
    /// files from before it was.
    #[serde(default)]
    pub peak_flops: f64,
    /// What was measured.
    pub rows: Vec<Row>,
}

/// One program on one work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// `data`, `pinn`, `ode`, `map`, `fno` or `forward`.
    pub work: String,
    /// `small`, `mid` or `large`; of other works the one network that they have.
    pub network: String,
    /// Its hidden layers, or what else it consists of.
    pub layers: String,
    /// Who: `ours`, or the rival with its version and mode.
    pub name: String,
    /// The shortest CPU time of an iteration, in µs.
    pub us_min: Option<f64>,
    /// The median, in µs.
    pub us_median: Option<f64>,
    /// The number of timed blocks.
    pub blocks: usize,
    /// Additions and multiplications in the products of an iteration; 0 in files from before they were
    /// counted.
    #[serde(default)]
    pub flops: f64,
    /// Why there are no numbers.
    pub failure: Option<String>,
}

impl Row {
    /// Whether it is ours: the step itself, or its exported file in our engine.
    pub(crate) fn is_ours(&self) -> bool {
        self.name == OURS || self.name == OURS_EXPORTED
    }

    pub(super) fn new(
        work: &str,
        network: &str,
        layers: &str,
        name: &str,
        flops: f64,
        timing: Result<Timing, String>,
    ) -> Self {
        let (Timing { us: times, .. }, failure) = Timing::or_failure(timing);
        let (us_min, us_median) = least_and_median(&times);
        Row {
            work: work.into(),
            network: network.into(),
            layers: layers.into(),
            name: name.into(),
            us_min,
            us_median,
            blocks: times.len(),
            flops,
            failure,
        }
    }
}

impl Comparison {
    /// The tables. A ratio below 1 means that ours takes less time.
    pub fn markdown(&self) -> String {
        let mut out = String::from("# A training step: ours and others'\n\n");
        let _ = writeln!(
            out,
            "CPU time of one iteration in µs, one thread, single precision, batch 128 (`ode`: one \
             trajectory of 1,470 steps; `map`: 1,000 pairs; `fno` and `forward`: 32 trajectories), in turn; \
             smallest and median of several blocks. `of peak` counts the multiplications and additions of our products alone (rivals may do \
             more, or fewer in fast transforms), against {:.0} Gflop/s, measured. {}\n",
            self.peak_flops / 1e9,
            self.origin.line()
        );
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for row in &self.rows {
            let key = (row.work.as_str(), row.network.as_str());
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            let group: Vec<&Row> =
                self.rows.iter().filter(|r| (r.work.as_str(), r.network.as_str()) == key).collect();
            let own = group.iter().find(|r| r.name == OURS).and_then(|r| r.us_min);
            let _ = writeln!(out, "## {}, {} ({})\n", row.work, row.network, row.layers);
            out.push_str("| | min | median | of peak | ours / theirs |\n|---|---:|---:|---:|---:|\n");
            for row in group {
                let number = |v: Option<f64>| v.map_or("–".into(), |v| format!("{v:.2}"));
                let ratio = own.zip(row.us_min).map(|(own, theirs)| own / theirs);
                let last = match &row.failure {
                    // The other work is not what the program is for.
                    Some(why) => why.clone(),
                    None => ratio.map_or(String::new(), |r| format!("{r:.3}")),
                };
                let peak = row.us_min.filter(|_| self.peak_flops > 0.0 && row.flops > 0.0);
                let peak = peak.map(|us| 100.0 * row.flops / (us * 1e-6) / self.peak_flops);
                let _ = writeln!(
                    out,
                    "| {} | {} | {} | {} | {last} |",
                    row.name,
                    number(row.us_min),
                    number(row.us_median),
                    peak.map_or("–".into(), |p| format!("{p:.0} %"))
                );
            }
            out.push('\n');
        }
        out + self.origin.not_here().trim_start()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::origin::Presence;
    use infer_trt::probe::Status;

    #[test]
    fn a_row_has_the_least_and_the_median_and_a_failure_its_reason() {
        let row = Row::new("data", "mid", "SiLU32", "ours", 2e5, Ok(vec![3.0, 1.0, 2.0].into()));
        assert_eq!((row.us_min, row.us_median, row.blocks), (Some(1.0), Some(2.0), 3));
        let other = Row::new("data", "mid", "SiLU32", "JAX 1, scan", 0.0, Ok(vec![4.0].into()));
        let failed = Row::new("data", "mid", "SiLU32", "C", 2e5, Err("it crashed".into()));
        let missing = Status::Missing { reason: "no torch".into(), remedy: "pip".into() };
        let text = Comparison {
            origin: Origin::here(vec![Presence::probed("torch", "PyTorch", missing)]),
            turns: Turns { rounds: 1, turn: 0.1 },
            peak_flops: 4e11,
            rows: vec![row, other, failed],
        }
        .markdown();
        assert!(text.contains("| ours | 1.00 | 2.00 | 50 % | 1.000 |"), "{text}");
        assert!(text.contains("| JAX 1, scan | 4.00 | 4.00 | – | 0.250 |"), "{text}");
        assert!(
            text.contains("it crashed") && text.contains("- PyTorch: no torch; to install it: pip"),
            "{text}"
        );
    }
}
