//! A comparison on the terminal and as Markdown.

use super::{Comparison, TARGETS};

impl Comparison {
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
        for line in self.origin.absent() {
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
            self.turns.rounds,
        );
        text += "\n| rival | version |\n|---|---|\n";
        for p in &self.origin.rivals {
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
        let failures = self.failures();
        if !failures.is_empty() {
            text += "\n## Failures\n\n";
            text += &failures.iter().map(|line| format!("- {line}\n")).collect::<String>();
        }
        text + &self.origin.not_here()
    }
}
