//! What a comparison found.

mod text;

use serde::{Deserialize, Serialize};

use super::accuracy::time_to;
use super::options::Turns;
use super::origin::{Origin, least_and_median};
use super::ours::atol;
use super::peer::Timing;

/// Errors of the potential, in mV, for which the time is asked.
pub const TARGETS: [f64; 4] = [1e-1, 1e-2, 1e-3, 1e-4];

/// `compare-ode.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Where the numbers come from.
    #[serde(flatten)]
    pub origin: Origin,
    /// How often each solver had its turn, and for how long it repeated the solve.
    #[serde(flatten)]
    pub turns: Turns,
    /// The tasks, and what errors are measured against.
    pub references: Vec<ReferenceInfo>,
    /// What was measured.
    pub rows: Vec<Row>,
    /// Times to accuracy.
    pub accuracy: Vec<Accuracy>,
}

/// A task and its reference.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferenceInfo {
    /// The task.
    pub task: String,
    /// What it is.
    pub title: String,
    /// How the reference was computed.
    pub method: String,
    /// The greatest difference of its two computations, in mV.
    pub check_mv: f64,
}

/// One solver at one tolerance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The task.
    pub task: String,
    /// The solver.
    pub solver: String,
    /// `ours`, or the rival.
    pub origin: String,
    /// The relative tolerance.
    pub rtol: f64,
    /// The absolute tolerance.
    pub atol: f64,
    /// The greatest error of the potential on the grid, in mV.
    pub error_mv: Option<f64>,
    /// The shortest CPU time, in µs.
    pub us_min: Option<f64>,
    /// The median CPU time, in µs.
    pub us_median: Option<f64>,
    /// The number of timed solves.
    pub repeats: usize,
    /// Steps, rejected ones included, as far as the solver tells.
    pub steps: Option<u64>,
    /// Evaluations of the right-hand side, as far as the solver tells.
    pub rhs: Option<u64>,
    /// Evaluations of the Jacobian, as far as the solver tells.
    pub jacobians: Option<u64>,
    /// Why there are no numbers.
    pub failure: Option<String>,
}

/// How long a solver takes to an accuracy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Accuracy {
    /// The task.
    pub task: String,
    /// The solver.
    pub solver: String,
    /// `ours`, or the rival.
    pub origin: String,
    /// The error, in mV.
    pub target_mv: f64,
    /// The time in µs; nothing if no tolerance was tight enough.
    pub us: Option<f64>,
}

impl Row {
    pub(super) fn new(
        task: &str,
        solver: &str,
        origin: &str,
        rtol: f64,
        error_mv: Option<f64>,
        timing: Result<Timing, String>,
    ) -> Self {
        let (timing, failure) = Timing::or_failure(timing);
        let [task, solver, origin] = [task, solver, origin].map(str::to_owned);
        let (us_min, us_median) = least_and_median(&timing.us);
        let Timing { steps, rhs, jacobians, .. } = timing;
        let (atol, repeats) = (atol(rtol), timing.us.len());
        Self {
            task,
            solver,
            origin,
            rtol,
            atol,
            error_mv,
            us_min,
            us_median,
            repeats,
            steps,
            rhs,
            jacobians,
            failure,
        }
    }
}

impl Comparison {
    /// The times to accuracy of all solvers, from the shortest times.
    pub(super) fn times_to_accuracy(&self) -> Vec<Accuracy> {
        let mut all = Vec::new();
        for info in &self.references {
            for (solver, origin) in self.solvers(&info.task) {
                all.extend(TARGETS.map(|target_mv| Accuracy {
                    task: info.task.clone(),
                    solver: solver.to_owned(),
                    origin: origin.to_owned(),
                    target_mv,
                    us: self.time_to(target_mv, &info.task, solver, |r| r.us_min),
                }));
            }
        }
        all
    }

    /// What a solver takes to an accuracy, in µs, from one of its times at each tolerance.
    pub(super) fn time_to(
        &self,
        target_mv: f64,
        task: &str,
        solver: &str,
        time: impl Fn(&Row) -> Option<f64>,
    ) -> Option<f64> {
        let mut rows: Vec<&Row> = self.rows.iter().filter(|r| r.task == task && r.solver == solver).collect();
        rows.sort_by(|a, b| b.rtol.total_cmp(&a.rtol));
        let points: Vec<(f64, f64)> = rows
            .iter()
            .filter(|r| r.failure.is_none())
            .filter_map(|r| Some((r.error_mv?, time(r)?)))
            .collect();
        time_to(target_mv, &points)
    }

    /// The solvers of a task with their origins, in the order in which they came.
    pub(super) fn solvers(&self, task: &str) -> Vec<(&str, &str)> {
        let mut solvers: Vec<(&str, &str)> = Vec::new();
        for row in self.rows.iter().filter(|r| r.task == task) {
            if !solvers.iter().any(|s| s.0 == row.solver) {
                solvers.push((&row.solver, &row.origin));
            }
        }
        solvers
    }

    /// The fastest of ours, or of the others, to an accuracy.
    pub(super) fn best(&self, task: &str, target: f64, ours: bool) -> Option<&Accuracy> {
        self.accuracy
            .iter()
            .filter(|a| a.task == task && a.target_mv == target && (a.origin == "ours") == ours)
            .filter(|a| a.us.is_some())
            .min_by(|a, b| a.us.unwrap_or(f64::INFINITY).total_cmp(&b.us.unwrap_or(f64::INFINITY)))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::compare::origin::Presence;
    use approx::assert_relative_eq;

    /// Ours twice as fast as theirs at the same accuracy; another that failed.
    pub(crate) fn example() -> Comparison {
        let mut rows = Vec::new();
        for k in 1..6 {
            let error = 10f64.powi(-k);
            let row =
                |solver, origin, timing| Row::new("ord", solver, origin, error * 1e-2, Some(error), timing);
            for (solver, origin, us) in [("rodas5p", "ours", 100.0), ("diffsol_bdf", "diffsol", 200.0)] {
                let us = us * f64::from(k);
                let us = vec![us * 3.0, us, us * 2.0, us * 5.0];
                let timing = Timing { us, steps: Some(7), jacobians: Some(3), ..Timing::default() };
                rows.push(row(solver, origin, Ok(timing)));
            }
            rows.push(Row { error_mv: None, ..row("cvode_bdf", "cvode", Err("CV_ERR_FAILURE".into())) });
        }
        let scipy = Presence {
            id: "scipy".into(),
            title: "SciPy".into(),
            version: None,
            missing: Some("No module named scipy".into()),
            install: "pip install scipy".into(),
        };
        let mut comparison = Comparison {
            origin: Origin { command: "cargo xtask compare ode".into(), ..Origin::here(vec![scipy]) },
            turns: Turns { rounds: 5, turn: 0.05 },
            references: vec![ReferenceInfo {
                task: "ord".into(),
                title: "O'Hara".into(),
                method: "rodas5p".into(),
                check_mv: 1e-9,
            }],
            rows,
            accuracy: Vec::new(),
        };
        comparison.accuracy = comparison.times_to_accuracy();
        comparison
    }

    #[test]
    fn times_to_accuracy_and_the_best_of_both_sides() {
        let comparison = example();
        let ours = comparison.best("ord", 1e-3, true).unwrap();
        assert_eq!(ours.solver, "rodas5p");
        assert_relative_eq!(ours.us.unwrap(), 300.0, max_relative = 1e-12);
        assert_relative_eq!(
            comparison.best("ord", 1e-3, false).unwrap().us.unwrap(),
            600.0,
            max_relative = 1e-12
        );
        let failed: Vec<_> = comparison.accuracy.iter().filter(|a| a.origin == "cvode").collect();
        assert!(failed.len() == TARGETS.len() && failed.iter().all(|a| a.us.is_none()));
        assert_eq!(comparison.rows[0].us_median, Some(250.0));
        assert_eq!((comparison.rows[0].us_min, comparison.rows[0].repeats), (Some(100.0), 4));
    }

    #[test]
    fn the_json_keeps_everything_and_has_its_published_names() {
        let comparison = example();
        let text = serde_json::to_string(&comparison).unwrap();
        assert_eq!(serde_json::from_str::<Comparison>(&text).unwrap(), comparison);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        for key in ["format", "at", "command", "code", "machine", "references", "rivals", "rows", "accuracy"]
        {
            assert!(!value[key].is_null(), "{key}");
        }
        assert_eq!(value["rows"][2]["failure"], "CV_ERR_FAILURE");
        assert!(value["rows"][2]["us_min"].is_null() && value["rows"][0]["error_mv"].is_number());
        assert_eq!(value["accuracy"][0]["target_mv"], 0.1);
        assert!(value["code"]["commit"].is_string() && value["machine"]["cpu"].is_string());
    }

    #[test]
    fn text_says_who_won_who_failed_and_who_is_missing() {
        let comparison = example();
        for text in [comparison.terminal(), comparison.markdown()] {
            assert!(text.contains("best of ours / best rival") && text.contains("0.50"), "{text}");
            assert!(text.contains("cvode_bdf on ord") && text.contains("CV_ERR_FAILURE"), "{text}");
            assert!(text.contains("No module named scipy") && text.contains("pip install scipy"), "{text}");
        }
        assert!(comparison.markdown().contains("cargo xtask compare ode"));
    }
}
