//! What the files of all comparisons have in common: where their numbers come from, who was asked to take part, what
//! counts of many times.

use infer_trt::probe::Status;
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
    /// Who was asked to take part; of most comparisons that are kept, those who were absent.
    #[serde(default, alias = "absent")]
    pub rivals: Vec<Presence>,
}

impl Origin {
    /// This program, here and now, beside these rivals.
    pub(crate) fn here(rivals: Vec<Presence>) -> Self {
        let (code, machine) = (Code::current(), Machine::current());
        Origin { format: 1, at: now(), command: command(), code, machine, rivals }
    }

    /// Command, commit and machine, as they stand over a table.
    pub(crate) fn line(&self) -> String {
        let (commit, machine) = (self.code.short_commit(), &self.machine);
        format!("`{}`, commit {commit}, {}, {}.", self.command, machine.cpu, machine.simd)
    }

    /// A line for each rival that is not here.
    pub(crate) fn absent(&self) -> Vec<String> {
        self.rivals.iter().filter_map(Presence::absence).collect()
    }

    /// These lines as the end of a page of tables.
    pub(crate) fn not_here(&self) -> String {
        let lines: String = self.absent().iter().map(|line| format!("- {line}\n")).collect();
        if lines.is_empty() { lines } else { format!("\n## Not here\n\n{lines}") }
    }
}

/// The command that a person would type.
fn command() -> String {
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    // Places on one machine mean nothing on another.
    let words = std::env::args().skip(1).map(|w| if w.starts_with('/') { name(&w) } else { w });
    std::iter::once(crate::reproduce::runner()).chain(words).collect::<Vec<_>>().join(" ")
}

/// A rival: its version, or why it is missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Presence {
    /// Its name on the command line.
    pub id: String,
    /// What it is called; empty in some comparisons that are kept.
    #[serde(default)]
    pub title: String,
    /// Its version, if it is here.
    pub version: Option<String>,
    /// Why it is not.
    #[serde(alias = "why")]
    pub missing: Option<String>,
    /// How to install it.
    pub install: String,
}

impl Presence {
    /// Of what a probe found, whose first word is the version.
    pub(crate) fn probed(id: &str, title: &str, status: Status) -> Self {
        let (version, missing, install) = match status {
            Status::Present(what) => (what.split(' ').next().map(str::to_owned), None, String::new()),
            Status::Missing { reason, remedy } => (None, Some(reason), remedy),
        };
        Presence { id: id.into(), title: title.into(), version, missing, install }
    }

    /// Why it is not here and what helps, unless it is; why it failed once, if it is.
    pub(crate) fn absence(&self) -> Option<String> {
        let (why, name) =
            (self.missing.as_ref()?, if self.title.is_empty() { &self.id } else { &self.title });
        Some(match &self.version {
            Some(version) => format!("{name} {version}, once: {why}"),
            None => format!("{name}: {why}; to install it: {}", self.install),
        })
    }

    /// Joins the others. Of one that is among them already, what failed once stays known.
    pub(crate) fn note(mut self, all: &mut Vec<Presence>) {
        match all.iter_mut().find(|p| p.id == self.id) {
            Some(old) => {
                self.version = self.version.or(old.version.take());
                self.missing = self.missing.or(old.missing.take());
                *old = self;
            }
            None => all.push(self),
        }
    }
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
        let jax = Presence::probed("jax", "JAX", Status::Present("0.10 of some place".into()));
        let file = File { origin: Origin::here(vec![jax]), rows: vec![0.1, 1e-300] };
        let text = serde_json::to_string(&file).unwrap();
        assert!(text.starts_with("{\"format\":1,\"at\":\"") && text.contains("\"0.10\""), "{text}");
        assert_eq!(serde_json::from_str::<File>(&text).unwrap(), file);
        // As it was when those alone were written down who were absent.
        let old =
            text.replace("\"rivals\"", "\"absent\"").replace("\"title\":\"JAX\",\"version\":\"0.10\",", "");
        let old = serde_json::from_str::<File>(&old.replace("\"missing\":null", "\"why\":\"gone\"")).unwrap();
        assert_eq!(old.origin.absent(), ["jax: gone; to install it: "]);
    }

    #[test]
    fn what_failed_once_stays_known() {
        let c = |status| Presence::probed("c", "C", status);
        let missing = Status::Missing { reason: "no compiler".into(), remedy: "apt".into() };
        let mut all = Vec::new();
        for status in [missing, Status::Present("12.2".into())] {
            c(status).note(&mut all);
        }
        assert_eq!((all.len(), all[0].version.as_deref()), (1, Some("12.2")));
        assert_eq!(all[0].missing.as_deref(), Some("no compiler"));
        let origin = Origin::here(all);
        assert!(
            origin.not_here().contains("## Not here\n\n- C 12.2, once: no compiler"),
            "{}",
            origin.not_here()
        );
        assert_eq!(Origin::here(Vec::new()).not_here(), "");
    }
}
