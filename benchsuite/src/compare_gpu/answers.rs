//! Whole responses as data, and as tables: how long each method takes to the same accuracy.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::compare::accuracy::time_to;

/// Cells that answer to a stimulus, by one method with one step or tolerance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Model, stimulus and time.
    pub what: String,
    /// The unit of the first state, whose error is taken.
    pub unit: String,
    /// The method and its numbers.
    pub who: String,
    /// Whether steps are of one length.
    pub fixed: bool,
    /// The step's length in the model's unit, or the relative tolerance.
    pub setting: f64,
    /// Cells.
    pub cells: usize,
    /// What was measured, or why nothing was.
    #[serde(flatten)]
    pub found: Found,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Found {
    /// Numbers.
    Measured(Measured),
    /// Why there are none.
    NotRun {
        /// In a sentence.
        not_run: String,
    },
}

/// One measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The shortest time, in seconds.
    pub seconds: f64,
    /// The greatest difference of the first state from a solution in double precision at a tight tolerance.
    pub error: f64,
    /// Steps of a cell; with adaptive steps the mean, tries that were thrown away included.
    pub steps: f64,
    /// Cells that did not arrive.
    pub lost: usize,
    /// Registers of a thread.
    pub registers: usize,
    /// Bytes of a thread for what has no register.
    pub local_bytes: usize,
    /// Seconds that the text took to compile.
    pub compiled: f64,
}

impl Answer {
    /// What was measured, if anything was.
    pub fn measured(&self) -> Option<&Measured> {
        match &self.found {
            Found::Measured(measured) => Some(measured),
            Found::NotRun { .. } => None,
        }
    }
}

/// Errors at which times are compared, in the unit of the first state.
const TARGETS: [f64; 5] = [1.0, 1e-1, 1e-2, 1e-3, 1e-4];

/// Both tables; nothing without answers.
pub(super) fn markdown(answers: &[Answer]) -> String {
    if answers.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "\n## Whole responses\n\nCells differ in how strong the stimulus is. `error`: the greatest difference of the \
         first state from Rodas5P in double precision, over some cells and times. `steps`: of a cell; with adaptive \
         steps the mean of all tries.\n\n| response | cells | method | Δt or rtol | ms | error | steps | lost | registers | \
         local bytes | compiled in, s |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for a in answers {
        let _ = write!(text, "| {} | {} | {} | {} |", a.what, a.cells, a.who, a.setting);
        let _ = match &a.found {
            Found::Measured(m) => writeln!(
                text,
                " {:.4} | {:.1e} {} | {:.0} | {} | {} | {} | {:.1} |",
                m.seconds * 1e3,
                m.error,
                a.unit,
                m.steps,
                m.lost,
                m.registers,
                m.local_bytes,
                m.compiled
            ),
            Found::NotRun { not_run } => {
                writeln!(text, " NOT_RUN: {} | | | | | | |", not_run.replace('|', "/").replace('\n', " "))
            }
        };
    }
    text += "\nTimes to the same error, read off between two measurements: fixed steps over adaptive ones, above 1 where \
             adaptive steps are faster.\n\n| response | error | fixed steps, ms | adaptive steps, ms | the method | fixed over \
             adaptive |\n|---|---|---|---|---|---|\n";
    let mut responses: Vec<&Answer> = Vec::new();
    for a in answers {
        if responses.iter().all(|r| r.what != a.what) {
            responses.push(a);
        }
    }
    for response in responses {
        for target in TARGETS {
            let of = |fixed| {
                fastest(answers.iter().filter(|a| a.what == response.what && a.fixed == fixed), target)
            };
            let (fixed, adaptive) = (of(true), of(false));
            if fixed.is_none() && adaptive.is_none() {
                continue;
            }
            let ms =
                |best: &Option<(f64, &str)>| best.map_or_else(|| "–".into(), |b| format!("{:.4}", b.0 * 1e3));
            let ratio = fixed.zip(adaptive).map_or_else(|| "–".into(), |(f, a)| format!("{:.2}", f.0 / a.0));
            let _ = writeln!(
                text,
                "| {} | {target:e} {} | {} | {} | {} | {ratio} |",
                response.what,
                response.unit,
                ms(&fixed),
                ms(&adaptive),
                adaptive.map_or("–", |a| a.1)
            );
        }
    }
    text
}

/// The shortest time to an error, and whose it is.
fn fastest<'a>(answers: impl Iterator<Item = &'a Answer>, target: f64) -> Option<(f64, &'a str)> {
    let mut methods: Vec<(&str, Vec<(f64, f64)>)> = Vec::new();
    for a in answers {
        // A response that some cells did not get to the end of has no accuracy.
        let Some(m) = a.measured().filter(|m| m.lost == 0) else { continue };
        match methods.iter_mut().find(|(who, _)| *who == a.who) {
            Some((_, points)) => points.push((m.error, m.seconds)),
            None => methods.push((&a.who, vec![(m.error, m.seconds)])),
        }
    }
    let times = methods.iter().filter_map(|(who, points)| Some((time_to(target, points)?, *who)));
    times.min_by(|a, b| a.0.total_cmp(&b.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(who: &str, fixed: bool, setting: f64, found: Result<(f64, f64, usize), &str>) -> Answer {
        let found = match found {
            Ok((error, seconds, lost)) => Found::Measured(Measured {
                seconds,
                error,
                steps: 100.0,
                lost,
                registers: 64,
                local_bytes: 0,
                compiled: 0.5,
            }),
            Err(why) => Found::NotRun { not_run: why.into() },
        };
        let (what, unit) = ("axon".into(), "mV".into());
        Answer { what, unit, who: who.into(), fixed, setting, cells: 10, found }
    }

    #[test]
    fn times_are_compared_at_equal_errors() {
        let answers = [
            answer("Rush–Larsen", true, 0.1, Ok((1e-1, 0.010, 0))),
            answer("Rush–Larsen", true, 0.01, Ok((1e-2, 0.100, 0))),
            answer("Rodas3P", false, 1e-3, Ok((1e-1, 0.020, 0))),
            answer("Rodas3P", false, 1e-4, Ok((1e-3, 0.050, 0))),
            answer("Rodas4", false, 1e-4, Ok((1e-5, 0.001, 3))),
            answer("Rodas5P", false, 1e-4, Err("no | room")),
        ];
        let text = markdown(&answers);
        for part in [
            "| axon | 1e-1 mV | 10.0000 | 20.0000 | Rodas3P | 0.50 |",
            "| axon | 1e-3 mV | – | 50.0000 | Rodas3P | – |",
            "NOT_RUN: no / room",
            "| 100 | 3 | 64 | 0 | 0.5 |",
        ] {
            assert!(text.contains(part), "{part} is missing from\n{text}");
        }
        // Members that were lost are seen in the first table and win nothing in the second.
        assert!(!text.contains("1e-4 mV"), "{text}");
        assert_eq!(markdown(&[]), "");
        let json = serde_json::to_string(&answers).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Answer>>(&json).unwrap(), answers);
    }
}
