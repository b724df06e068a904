//! Figures 27 to 36 of the dissertation that show what one network makes of many initial states.

use super::cuts::Prediction;
use crate::Error;
use crate::figures::{Axis, Colour, Heat, HeatPanel, Mark, Panel, Series, draw, draw_heat};

const TIME: &str = "time t (model units)";

/// Solutions that hold a point with at least this share of the greatest error are "high error
/// solutions": captions of Figs 27 and 31.
const HIGH: f64 = 0.8;

/// The solutions of high error.
pub fn high(all: &[Prediction]) -> Vec<&Prediction> {
    let greatest = all.iter().map(Prediction::max_error).fold(0.0, f64::max);
    all.iter().filter(|p| p.max_error() >= HIGH * greatest).collect()
}

/// Figs 27, 31, 36: U over time of many solutions, those of high error in front; dashed is the accurate
/// solution.
///
/// # Errors
/// [`Error::Figure`].
pub fn solutions(name: &str, title: &str, all: &[Prediction]) -> Result<String, Error> {
    let bad = high(all);
    let u = |p: &Prediction, of: &[[f64; 2]]| -> Vec<(f64, f64)> {
        p.times.iter().copied().zip(of.iter().map(|y| y[0])).collect()
    };
    let mut series = Vec::new();
    for (k, p) in all.iter().filter(|p| p.max_error() < HIGH * greatest_of(all)).enumerate() {
        let label = if k == 0 { "network" } else { "" };
        series.push(Series::new(label, Mark::Thin, Colour::Grey, u(p, &p.network)));
    }
    for (k, p) in bad.iter().enumerate() {
        let first = |label: &'static str| if k == 0 { label } else { "" };
        series.push(Series::new(first("network, high error"), Mark::Line, Colour::Red, u(p, &p.network)));
        series.push(Series::new(first("accurate"), Mark::Dashed, Colour::Ink, u(p, &p.truth)));
    }
    let panel = Panel { title: title.into(), x: Axis::Linear(TIME.into()), y: Axis::linear("U"), series };
    draw(name, &[panel], (900, 420))
}

fn greatest_of(all: &[Prediction]) -> f64 {
    all.iter().map(Prediction::max_error).fold(0.0, f64::max)
}

/// As Fig. 5: solutions in the phase plane, the network's beside the accurate ones.
///
/// # Errors
/// [`Error::Figure`].
pub fn phase_plane(name: &str, title: &str, all: &[Prediction]) -> Result<String, Error> {
    let curves = |of: fn(&Prediction) -> &Vec<[f64; 2]>, colour: Colour| {
        let lines = all.iter().map(move |p| {
            Series::new("", Mark::Thin, colour, of(p).iter().map(|y| (y[0], y[1])).collect::<Vec<_>>())
        });
        lines.collect::<Vec<_>>()
    };
    let starts =
        || Series::new("starts", Mark::Dot, Colour::Orange, all.iter().map(|p| (p.start[0], p.start[1])));
    let panel = |what: &str, mut series: Vec<Series>| {
        series.push(starts());
        Panel { title: format!("{title}: {what}"), x: Axis::linear("U"), y: Axis::linear("W"), series }
    };
    let panels = [
        panel("accurate", curves(|p| &p.truth, Colour::Ink)),
        panel("network", curves(|p| &p.network, Colour::Blue)),
    ];
    draw(name, &panels, (900, 420))
}

/// Figs 28 and 35: the error over U₀ and time in cuts of constant W₀. `all` holds a grid of starts, U₀
/// fastest ([`super::cuts::starts`]), over `domain`; the cuts are its rows.
///
/// # Errors
/// [`Error::Figure`].
pub fn slices(
    name: &str,
    all: &[Prediction],
    domain: [(f64, f64); 2],
    across: usize,
) -> Result<String, Error> {
    let panels: Vec<HeatPanel> = all
        .chunks_exact(across)
        .map(|row| HeatPanel {
            title: format!("W₀ = {:.2}", row[0].start[1]),
            x: ("U₀".into(), domain[0]),
            y: (TIME.into(), (0.0, row[0].times.last().copied().unwrap_or(1.0))),
            // Rows of the picture are times, from below.
            values: (0..row[0].times.len())
                .map(|t| row.iter().map(|p| p.errors().nth(t).unwrap_or(f64::NAN)).collect())
                .collect(),
        })
        .collect();
    draw_heat(name, &Heat { scale: "|ΔU| + |ΔW|".into(), panels }, (900, 380))
}

/// Figs 32 and 33: the error over both initial values, its mean over the time domain and its greatest
/// value, from a grid of starts as [`slices`] takes it.
///
/// # Errors
/// [`Error::Figure`].
pub fn regions(
    name: &str,
    all: &[Prediction],
    domain: [(f64, f64); 2],
    across: usize,
) -> Result<String, Error> {
    let panel = |title: &str, value: fn(&Prediction) -> f64| HeatPanel {
        title: title.into(),
        x: ("U₀".into(), domain[0]),
        y: ("W₀".into(), domain[1]),
        values: all.chunks_exact(across).map(|row| row.iter().map(value).collect()).collect(),
    };
    let panels = vec![
        panel("mean over time", Prediction::mean_error),
        panel("greatest over time", Prediction::max_error),
    ];
    draw_heat(name, &Heat { scale: "|ΔU| + |ΔW|".into(), panels }, (900, 400))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::cuts::starts;

    const DOMAIN: [(f64, f64); 2] = [(0.0, 1.0), (0.0, 0.18)];

    fn prediction(start: [f64; 2]) -> Prediction {
        let times: Vec<f64> = (0..20).map(f64::from).collect();
        let truth: Vec<[f64; 2]> = times.iter().map(|t| [start[0] * (-t / 9.0).exp(), start[1]]).collect();
        let off =
            |y: &[f64; 2]| [y[0] + 1e-3 + 0.1 * f64::from(u8::from((start[0] - 0.4).abs() < 0.06)), y[1]];
        let network = truth.iter().map(off).collect();
        Prediction { start, times, truth, network }
    }

    #[test]
    fn errors_of_predictions_and_the_high_ones() {
        let all: Vec<Prediction> = starts(DOMAIN, 11, 3).into_iter().map(prediction).collect();
        assert!((all[0].mean_error() - 1e-3).abs() < 1e-12 && (all[0].max_error() - 1e-3).abs() < 1e-12);
        let bad = high(&all);
        assert_eq!(bad.len(), 3);
        assert!(bad.iter().all(|p| (p.start[0] - 0.4).abs() < 1e-9));
        let mut broken = all[0].clone();
        broken.network[3][0] = f64::NAN;
        assert!(broken.max_error().is_nan());
    }

    #[test]
    fn every_figure_is_drawn() {
        let predictions: Vec<Prediction> = starts(DOMAIN, 11, 3).into_iter().map(prediction).collect();
        let figures = [
            solutions("g", "B_S", &predictions).unwrap(),
            phase_plane("h", "B_S", &predictions).unwrap(),
            slices("i", &predictions, DOMAIN, 11).unwrap(),
            regions("j", &predictions, [(-0.1, 0.81), (0.0, 0.12)], 11).unwrap(),
        ];
        for svg in &figures {
            assert!(svg.starts_with("<svg") && !svg.contains("NaN") && svg.len() < 400_000, "{}", svg.len());
        }
        assert!(figures[2].contains("W₀ = 0.09"));
        // The axes are those of the domain.
        let has_tick = |svg: &str| svg.lines().any(|line| line == "1");
        assert!(has_tick(&figures[2]) && !has_tick(&figures[3]));
        // Nothing to show is no error.
        assert!(regions("j", &[], DOMAIN, 11).is_ok() && slices("i", &[], DOMAIN, 11).is_ok());
    }
}
