//! What all comparisons have in common: where their numbers come from, who was not there, what counts of many times.

use serde::{Deserialize, Serialize};

use crate::manifest::{Code, Machine, now};
use crate::stats;

/// The head of a comparison's file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The layout of the file.
    pub format: u32,
    /// When, in UTC.
    pub at: String,
    /// The command; the first comparisons of maps did not write it down.
    #[serde(default)]
    pub command: String,
    /// The code.
    pub code: Code,
    /// The machine; of a GPU the one that it is in.
    pub machine: Machine,
}

impl Origin {
    /// This program, here and now.
    pub(crate) fn here() -> Self {
        Origin {
            format: 1,
            at: now(),
            command: super::command(),
            code: Code::current(),
            machine: Machine::current(),
        }
    }

    /// Command, commit and machine, as they stand over a table.
    pub(crate) fn line(&self) -> String {
        let (commit, machine) = (self.code.short_commit(), &self.machine);
        format!("`{}`, commit {commit}, {}, {}.", self.command, machine.cpu, machine.simd)
    }
}

/// A rival that is not here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Absence {
    /// Its name on the command line.
    pub id: String,
    /// Why it is not here.
    pub why: String,
    /// How to install it.
    pub install: String,
}

/// The shortest of some times and their median, if there are any.
pub(crate) fn least_and_median(times: &[f64]) -> (Option<f64>, Option<f64>) {
    let least = times.iter().copied().min_by(f64::total_cmp);
    (least, stats::median(times))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_between_the_two_in_the_middle() {
        assert_eq!(least_and_median(&[]), (None, None));
        assert_eq!(least_and_median(&[3.0]), (Some(3.0), Some(3.0)));
        assert_eq!(least_and_median(&[5.0, 1.0, 2.0]), (Some(1.0), Some(2.0)));
        assert_eq!(least_and_median(&[5.0, 1.0, 2.0, 4.0]), (Some(1.0), Some(3.0)));
    }

    #[test]
    fn a_head_lies_flat_in_its_file() {
        #[derive(Serialize, Deserialize, Debug, PartialEq)]
        struct File {
            #[serde(flatten)]
            origin: Origin,
            rows: Vec<f64>,
        }
        let file = File { origin: Origin::here(), rows: vec![0.1, 1e-300] };
        let text = serde_json::to_string(&file).unwrap();
        assert!(text.starts_with("{\"format\":1,\"at\":\""), "{text}");
        assert_eq!(serde_json::from_str::<File>(&text).unwrap(), file);
    }
}
