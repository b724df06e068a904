//! Figs 39 to 42 of the dissertation, from what was measured here.

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

/// A problem and the end of its time domain, where it is known.
fn validated(problem: &str, t_end: Option<f64>) -> String {
    t_end.map_or_else(|| problem.to_owned(), |t| format!("{problem}, t ≤ {t}"))
}

/// Fig. 41: error over time. Networks are run for as many rows a cell as the dissertation samples until t = 10.
pub(super) fn front(measured: &Measurements) -> Result<String, Error> {
    let of_network = |t: &super::Trained| validated(&t.problem, t.t_end);
    let mut sets: Vec<String> = measured.trained.iter().map(of_network).collect();
    sets.sort_unstable();
    sets.dedup();
    let mut series: Vec<Series> = Vec::new();
    for (set, colour) in sets.iter().zip(COLOURS) {
        let own = measured.trained.iter().filter(|t| of_network(t) == *set);
        let points = own.map(|t| (t.seconds * super::ROWS_A_CELL, t.error));
        series.push(Series::new(format!("networks, {set}"), Mark::Dot, colour, points));
        let euler = measured.accuracy.iter().filter(|a| validated(&a.problem, a.t_end) == *set);
        let points: Vec<(f64, f64)> = euler.map(|a| (a.seconds, a.error)).collect();
        if !points.is_empty() {
            series.push(Series::new(format!("Euler, {set}"), Mark::Line, colour, points));
        }
    }
    let panel = Panel {
        title: "Error and time, 16 million cells until t = 10".into(),
        x: Axis::log("time (s)"),
        y: Axis::log("mean of |ΔU| + |ΔW|"),
        series,
    };
    draw("fig41", &[panel], SIZE)
}

/// Fig. 40: plain CUDA's time over TensorRT's, over neurons, by layers; nothing where no network has both.
pub(super) fn speedup(measured: &Measurements) -> Result<Option<String>, Error> {
    let series: Vec<Series> = (1..=5)
        .zip(COLOURS)
        .filter_map(|(depth, colour)| {
            let of_depth = measured.gpu_pool.iter().filter(|p| p.depth == depth);
            let points: Vec<(f64, f64)> =
                of_depth.filter_map(|p| Some((p.neurons as f64, p.speedup()?))).collect();
            let label = if depth == 1 { "1 layer".into() } else { format!("{depth} layers") };
            (!points.is_empty()).then(|| Series::new(label, Mark::Dot, colour, points))
        })
        .collect();
    if series.is_empty() {
        return Ok(None);
    }
    let panel = Panel {
        title: "Untrained networks, plain CUDA over TensorRT".into(),
        x: Axis::log("neurons"),
        y: Axis::log("ratio of times"),
        series,
    };
    draw("fig40", &[panel], SIZE).map(Some)
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
