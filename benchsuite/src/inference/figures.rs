//! Figs 39, 41 and 42 of the dissertation, from what was measured here.

use super::Measurements;
use super::race::LANES;
use crate::Error;
use crate::figures::{Axis, Colour, Mark, Panel, Series, draw};

const COLOURS: [Colour; 5] = [Colour::Blue, Colour::Red, Colour::Green, Colour::Orange, Colour::Purple];
const SIZE: (u32, u32) = (760, 480);

/// The time of the fast solver for the reference set.
fn euler(measured: &Measurements) -> f64 {
    measured.solvers.iter().find(|r| r.name == LANES).map_or(f64::NAN, |r| r.seconds)
}

/// Fig. 39: time over neurons, by layers.
pub(super) fn pool(measured: &Measurements) -> Result<String, Error> {
    let mut series: Vec<Series> = (1..=5)
        .zip(COLOURS)
        .map(|(depth, colour)| {
            let points = measured.pool.iter().filter(|p| p.depth == depth);
            let label = if depth == 1 { "1 layer".into() } else { format!("{depth} layers") };
            Series::new(label, Mark::Dot, colour, points.map(|p| (p.neurons as f64, p.seconds)))
        })
        .collect();
    let level = euler(measured);
    let limit = 100.0 * crate::compare_infer::euler::FLOPS * super::REFERENCE / measured.limits.flops;
    for (label, level, colour) in
        [("Euler, cells in lanes", level, Colour::Ink), ("Euler at the machine's limit", limit, Colour::Grey)]
    {
        series.push(Series::new(label, Mark::Dashed, colour, [(8.0, level), (640.0, level)]));
    }
    let panel = Panel {
        title: "Untrained networks, 16 million rows".into(),
        x: Axis::log("neurons"),
        y: Axis::log("time (s)"),
        series,
    };
    draw("fig39", &[panel], SIZE)
}

/// Fig. 41: error over time.
pub(super) fn front(measured: &Measurements) -> Result<String, Error> {
    let mut problems: Vec<&str> = measured.trained.iter().map(|t| t.problem.as_str()).collect();
    problems.sort_unstable();
    problems.dedup();
    let mut series: Vec<Series> = problems
        .into_iter()
        .zip(COLOURS)
        .map(|(problem, colour)| {
            let points = measured.trained.iter().filter(|t| t.problem == problem);
            Series::new(
                format!("networks, {problem}"),
                Mark::Dot,
                colour,
                points.map(|t| (t.seconds, t.error)),
            )
        })
        .collect();
    let points: Vec<(f64, f64)> = measured.accuracy.iter().map(|a| (a.seconds, a.error)).collect();
    series.push(Series::new("Euler, Δt = .1 to .01", Mark::Line, Colour::Ink, points.clone()));
    series.push(Series::new("", Mark::Dot, Colour::Ink, points));
    let panel = Panel {
        title: "Error and time, 16 million rows or cells".into(),
        x: Axis::log("time (s)"),
        y: Axis::log("mean of |ΔU| + |ΔW|"),
        series,
    };
    draw("fig41", &[panel], SIZE)
}

/// Fig. 42: time over neurons, by activation.
pub(super) fn activations(measured: &Measurements) -> Result<String, Error> {
    let mut names: Vec<&str> = Vec::new();
    for a in &measured.activations {
        if !names.contains(&a.activation.as_str()) {
            names.push(&a.activation);
        }
    }
    let series = names
        .into_iter()
        .zip(COLOURS)
        .flat_map(|(name, colour)| {
            let own = measured.activations.iter().filter(|a| a.activation == name);
            let points: Vec<(f64, f64)> = own.map(|a| (a.neurons as f64, a.seconds)).collect();
            [
                Series::new(name, Mark::Line, colour, points.clone()),
                Series::new("", Mark::Dot, colour, points),
            ]
        })
        .collect();
    let panel = Panel {
        title: "Networks of equal layers, 16 million rows".into(),
        x: Axis::log("neurons"),
        y: Axis::log("time (s)"),
        series,
    };
    draw("fig42", &[panel], SIZE)
}
