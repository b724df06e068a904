//! Work and precision in one figure: down and to the left is better.

use super::report::{Comparison, ReferenceInfo, TARGETS};
use crate::Error;
use crate::figures::{Axis, Colour, Mark, Panel, Series, draw};

/// Ours are blue; each rival has a colour and a stroke of its own.
const RIVALS: [(&str, Colour, Mark); 7] = [
    ("diffsol", Colour::Red, Mark::Line),
    ("odeint", Colour::Red, Mark::Dashed),
    ("cvode", Colour::Green, Mark::Line),
    ("numbalsoda", Colour::Green, Mark::Dashed),
    ("russell", Colour::Ink, Mark::Line),
    ("scipy", Colour::Grey, Mark::Line),
    ("myokit", Colour::Grey, Mark::Dashed),
];

/// The figure of a task as SVG: our two fastest methods, and the fastest of each rival.
pub(super) fn work_precision(comparison: &Comparison, info: &ReferenceInfo) -> Result<String, Error> {
    let task = info.task.as_str();
    let mut series = Vec::new();
    let mut add = |solver: &str, mark: Mark, colour: Colour| {
        let points: Vec<(f64, f64)> = comparison
            .rows
            .iter()
            .filter(|r| r.task == task && r.solver == solver && r.failure.is_none())
            .filter_map(|r| Some((r.error_mv?, r.us_min? / 1000.0)))
            .collect();
        series.push(Series::new(solver, mark, colour, points.clone()));
        series.push(Series::new("", Mark::Dot, colour, points));
    };
    let ours = fastest(comparison, task, "ours");
    for (solver, mark) in ours.iter().zip([Mark::Line, Mark::Dashed]) {
        add(solver, mark, Colour::Blue);
    }
    for (rival, colour, mark) in RIVALS {
        if let Some(solver) = fastest(comparison, task, rival).first() {
            add(solver, mark, colour);
        }
    }
    let panel = Panel {
        title: info.title.clone(),
        x: Axis::log("greatest error of V (mV)"),
        y: Axis::log("CPU time (ms)"),
        series,
    };
    draw(task, &[panel], (760, 520))
}

/// The solvers of an origin that reach any accuracy, the fastest first: by the sum of the logarithms
/// of their times, where an accuracy that is not reached counts as a very long time.
fn fastest<'a>(comparison: &'a Comparison, task: &str, origin: &str) -> Vec<&'a str> {
    let mut solvers: Vec<(f64, &str)> = Vec::new();
    for a in comparison.accuracy.iter().filter(|a| a.task == task && a.origin == origin) {
        let cost = a.us.map_or(50.0, f64::ln);
        match solvers.iter_mut().find(|s| s.1 == a.solver) {
            Some(s) => s.0 += cost,
            None => solvers.push((cost, &a.solver)),
        }
    }
    solvers.retain(|s| s.0 < 50.0 * TARGETS.len() as f64);
    solvers.sort_by(|a, b| a.0.total_cmp(&b.0));
    solvers.into_iter().map(|s| s.1).collect()
}

#[cfg(test)]
mod tests {
    use super::super::report::tests::example;
    use super::*;

    #[test]
    fn the_figure_shows_who_has_numbers() {
        let comparison = example();
        let svg = work_precision(&comparison, &comparison.references[0]).unwrap();
        assert!(svg.contains("rodas5p") && svg.contains("diffsol_bdf") && svg.contains("CPU time"));
        assert!(!svg.contains("cvode") && !svg.contains("NaN"));
    }
}
