//! What a comparison found: as data, on the terminal, as Markdown.

use serde::{Deserialize, Serialize};

use super::accuracy::time_to;
use super::origin::{Origin, least_and_median};

/// Errors of the potential, in mV, for which the time is asked.
pub const TARGETS: [f64; 4] = [1e-1, 1e-2, 1e-3, 1e-4];

/// `compare-ode.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Where the numbers come from.
    #[serde(flatten)]
    pub origin: Origin,
    /// How often each solver had its turn.
    pub rounds: usize,
    /// CPU time that a turn repeated the solve for, in seconds.
    pub seconds_a_turn: f64,
    /// The tasks, and what errors are measured against.
    pub references: Vec<ReferenceInfo>,
    /// Who was asked to take part.
    pub rivals: Vec<Presence>,
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

/// A package: its version, or why it is missing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Presence {
    /// Its name on the command line.
    pub id: String,
    /// What it calls itself.
    pub title: String,
    /// Its version, if it is here.
    pub version: Option<String>,
    /// Why it is not.
    pub missing: Option<String>,
    /// How to install it.
    pub install: String,
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
        atol: f64,
        error: Result<f64, String>,
    ) -> Self {
        let (error_mv, failure) = match error {
            Ok(error) => (Some(error), None),
            Err(why) => (None, Some(why)),
        };
        let [task, solver, origin] = [task, solver, origin].map(str::to_owned);
        let (us_min, us_median, repeats, steps, rhs, jacobians) = (None, None, 0, None, None, None);
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

    /// Takes over what was timed.
    pub(super) fn take(&mut self, timing: super::peer::Timing) {
        self.repeats = timing.us.len();
        (self.us_min, self.us_median) = least_and_median(&timing.us);
        (self.steps, self.rhs, self.jacobians) = (timing.steps, timing.rhs, timing.jacobians);
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

    /// A task's times to accuracy, a line for each solver, and one for the ratio of the best.
    fn table(&self, task: &str) -> Vec<Vec<String>> {
        let header = TARGETS.map(|t| format!("{t:.0e} mV"));
        let mut lines = vec![std::iter::once("solver".to_owned()).chain(header).collect()];
        for (solver, _) in self.solvers(task) {
            let times = TARGETS.map(|target| {
                let found = self
                    .accuracy
                    .iter()
                    .find(|a| a.task == task && a.solver == solver && a.target_mv == target);
                found.and_then(|a| a.us).map_or_else(|| "-".to_owned(), |us| format!("{us:.0}"))
            });
            lines.push(std::iter::once(solver.to_owned()).chain(times).collect());
        }
        let verdicts = TARGETS.map(|target| {
            let (ours, others) = (self.best(task, target, true), self.best(task, target, false));
            match (ours.and_then(|a| a.us), others.and_then(|a| a.us)) {
                (Some(ours), Some(others)) => format!("{:.2}", ours / others),
                _ => "-".into(),
            }
        });
        lines.push(std::iter::once("best of ours / best rival".to_owned()).chain(verdicts).collect());
        lines
    }

    fn failures(&self) -> Vec<String> {
        let failed = self.rows.iter().filter_map(|r| Some((r, r.failure.as_ref()?)));
        failed.map(|(r, why)| format!("{} on {} at rtol {:e}: {why}", r.solver, r.task, r.rtol)).collect()
    }

    fn missing(&self) -> Vec<String> {
        let missing = self.rivals.iter().filter_map(|p| Some((p, p.missing.as_ref()?)));
        missing.map(|(p, why)| format!("{}: {why}. To install it: {}", p.title, p.install)).collect()
    }

    /// The tables as text.
    pub fn terminal(&self) -> String {
        let mut text = String::new();
        for info in &self.references {
            text += &format!("\n{}: CPU time in µs to a greatest error of V\n", info.title);
            for line in self.table(&info.task) {
                text += &format!("  {:26}", line[0]);
                text += &line[1..].iter().map(|cell| format!("{cell:>12}")).collect::<String>();
                text.push('\n');
            }
        }
        for line in self.failures() {
            text += &format!("failed: {line}\n");
        }
        for line in self.missing() {
            text += &format!("not here: {line}\n");
        }
        text
    }

    /// The whole comparison as Markdown.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "# Solvers on the same equations\n\nCommand: `{}`  \nCommit: {}  \nMachine: {}, {} threads, {}, {}  \n\
             When: {}  \nCompiler: {}\n\n\
             Every solver integrates the same right-hand side with the exact Jacobian, unless its name says \
             `differences` (numbalsoda's LSODA takes differences as well; Myokit brings its own equations). \
             Errors are greatest errors of the potential on a grid of 0.1 ms; times are CPU times of one solve \
             that records its end alone, the shortest of at least {} repeats in turns. A time to accuracy lies \
             on the straight line, in logarithms, between two tolerances. Ratios below 1 mean that ours is \
             faster. Beside the cells of an ensemble stands what the others take for one cell: they have no \
             ensembles of such cells, and solve one after the other.\n",
            self.origin.command,
            self.origin.code.short_commit(),
            self.origin.machine.cpu,
            self.origin.machine.threads,
            self.origin.machine.simd,
            self.origin.machine.os,
            self.origin.at,
            self.origin.code.rustc,
            self.rounds,
        );
        text += "\n| rival | version |\n|---|---|\n";
        for p in &self.rivals {
            let version = p.version.clone().unwrap_or_else(|| format!("not here; {}", p.install));
            text += &format!("| {} | {version} |\n", p.title);
        }
        for info in &self.references {
            let (task, title) = (&info.task, &info.title);
            text += &format!(
                "\n## {title}\n\nCPU time in µs to a greatest error of V. Reference: {}; they differ by {:.1e} mV.\n\n",
                info.method, info.check_mv
            );
            for (k, line) in self.table(task).into_iter().enumerate() {
                text += &format!("| {} |\n", line.join(" | "));
                if k == 0 {
                    text += &format!("|---|{}\n", "---:|".repeat(TARGETS.len()));
                }
            }
            for target in TARGETS {
                if let (Some(ours), Some(other)) =
                    (self.best(task, target, true), self.best(task, target, false))
                {
                    text += &format!("\n{target:.0e} mV: {} against {}.", ours.solver, other.solver);
                }
            }
            text += &format!("\n\n![Work and precision](work-precision-{task}.svg)\n\n");
            text += "| solver | rtol | error mV | µs min | µs median | steps | rhs | Jacobians |\n";
            text += "|---|---:|---:|---:|---:|---:|---:|---:|\n";
            for r in self.rows.iter().filter(|r| &r.task == task) {
                let float = |x: Option<f64>| x.map_or_else(|| "-".into(), |x| format!("{x:.1}"));
                let count = |x: Option<u64>| x.map_or_else(|| "-".into(), |x| x.to_string());
                let error = r.error_mv.map_or_else(|| "failed".into(), |e| format!("{e:.1e}"));
                text += &format!(
                    "| {} | {:.0e} | {error} | {} | {} | {} | {} | {} |\n",
                    r.solver,
                    r.rtol,
                    float(r.us_min),
                    float(r.us_median),
                    count(r.steps),
                    count(r.rhs),
                    count(r.jacobians)
                );
            }
        }
        for (title, lines) in [("Failures", self.failures()), ("Not here", self.missing())] {
            if !lines.is_empty() {
                text += &format!("\n## {title}\n\n");
                text += &lines.iter().map(|line| format!("- {line}\n")).collect::<String>();
            }
        }
        text
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::compare::peer::Timing;
    use approx::assert_relative_eq;

    /// Ours twice as fast as theirs at the same accuracy; another that failed.
    pub(crate) fn example() -> Comparison {
        let mut rows = Vec::new();
        for k in 1..6 {
            let error = 10f64.powi(-k);
            for (solver, origin, us) in [("rodas5p", "ours", 100.0), ("diffsol_bdf", "diffsol", 200.0)] {
                let mut row = Row::new("ord", solver, origin, error * 1e-2, error * 1e-4, Ok(error));
                let us = us * f64::from(k);
                let times = vec![us * 3.0, us, us * 2.0, us * 5.0];
                row.take(Timing { us: times, steps: Some(7), jacobians: Some(3), ..Timing::default() });
                rows.push(row);
            }
            rows.push(Row::new("ord", "cvode_bdf", "cvode", error, error, Err("CV_ERR_FAILURE".into())));
        }
        let mut comparison = Comparison {
            origin: Origin { command: "cargo xtask compare ode".into(), ..Origin::here() },
            rounds: 5,
            seconds_a_turn: 0.05,
            references: vec![ReferenceInfo {
                task: "ord".into(),
                title: "O'Hara".into(),
                method: "rodas5p".into(),
                check_mv: 1e-9,
            }],
            rivals: vec![Presence {
                id: "scipy".into(),
                title: "SciPy".into(),
                version: None,
                missing: Some("No module named scipy".into()),
                install: "pip install scipy".into(),
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
