//! Figures 22 to 38 of the dissertation, from results and from trained networks.

use super::cuts::Prediction;
use super::select::{self, depth, error, shape};
use crate::Error;
use crate::figures::{Axis, Colour, Heat, HeatPanel, Mark, Panel, Series, draw, draw_heat};
use crate::stats::Shape;
use crate::trial::{Class, Course, TrialResult};

const ERROR: &str = "mean of |ΔU| + |ΔW|";
const NEURONS: &str = "neurons";
const BATCH: &str = "batch size";
const TIME: &str = "time t (model units)";

/// A network as a point: across, up, and the group that it is shown with.
struct Group<'a> {
    label: String,
    colour: Colour,
    mark: Mark,
    points: Vec<&'a TrialResult>,
}

fn shape_colour(shape: Shape) -> Colour {
    match shape {
        Shape::Rectangle => Colour::Ink,
        Shape::Funnel => Colour::Blue,
        Shape::Bottleneck => Colour::Green,
        Shape::Bowtie => Colour::Red,
        Shape::Diamond => Colour::Purple,
    }
}

fn class_colour(class: Class) -> Colour {
    match class {
        Class::Ddnn => Colour::Red,
        Class::Pinn => Colour::Blue,
        Class::DdnnA => Colour::Orange,
        Class::PinnA => Colour::Green,
        Class::Itnn => Colour::Purple,
    }
}

/// The groups side by side, each a little displaced, as the dissertation displaces its categories.
fn scatter(
    title: &str,
    x: Axis,
    y: Axis,
    groups: &[Group<'_>],
    place: impl Fn(&TrialResult) -> f64,
    value: impl Fn(&TrialResult) -> f64,
) -> Panel {
    let n = groups.len();
    let beside = |i: usize| i as f64 - (n as f64 - 1.0) / 2.0;
    let moved = |v: f64, i: usize| match &x {
        Axis::Log(_) => v * 1.03_f64.powf(beside(i)),
        _ => v + 0.6 * beside(i),
    };
    let series = groups.iter().enumerate().filter(|(_, g)| !g.points.is_empty()).map(|(i, g)| {
        let points = g.points.iter().map(|r| (moved(place(r), i), value(r)));
        Series::new(g.label.clone(), g.mark, g.colour, points)
    });
    let series = series.collect();
    Panel { title: title.into(), x, y, series }
}

fn neurons(r: &TrialResult) -> f64 {
    r.neurons as f64
}

fn by_shape<'a>(results: &[&'a TrialResult], depths: bool) -> Vec<Group<'a>> {
    let mut groups = Vec::new();
    for s in Shape::ALL {
        for layers in [3, 2] {
            if !depths && layers == 2 {
                continue;
            }
            let wanted =
                |r: &&&TrialResult| shape(r) == Some(s) && (!depths || (depth(r) == 2) == (layers == 2));
            // One entry in the legend for a colour: rings are explained in the caption.
            let named = groups.iter().any(|g: &Group<'_>| g.label == s.to_string());
            let points: Vec<&TrialResult> = results.iter().filter(wanted).copied().collect();
            groups.push(Group {
                label: if named || points.is_empty() { String::new() } else { s.to_string() },
                colour: shape_colour(s),
                mark: if layers == 3 { Mark::Dot } else { Mark::Ring },
                points,
            });
        }
    }
    groups
}

/// Figs 26, 30, 38: mean error over neuron count, by shape; networks of two layers as rings.
///
/// # Errors
/// [`Error::Figure`].
pub fn shapes(name: &str, title: &str, results: &[&TrialResult]) -> Result<String, Error> {
    let groups = by_shape(results, true);
    let panel =
        scatter(title, Axis::Linear(NEURONS.into()), Axis::Log(ERROR.into()), &groups, neurons, error);
    draw(name, &[panel], (900, 460))
}

fn by_class<'a>(results: &[&'a TrialResult]) -> Vec<Group<'a>> {
    let group = |class: Class| Group {
        label: class.to_string(),
        colour: class_colour(class),
        mark: Mark::Dot,
        points: results.iter().copied().filter(|r| r.spec.class == class).collect(),
    };
    Class::ALL.into_iter().map(group).collect()
}

/// Figs 22 and 23: error, and time of an iteration, over the batch size, by class.
///
/// # Errors
/// [`Error::Figure`].
pub fn batches(name: &str, results: &[&TrialResult]) -> Result<String, Error> {
    let groups = by_class(results);
    let batch = |r: &TrialResult| r.spec.batch as f64;
    let x = || Axis::Log(BATCH.into());
    let panels = [
        scatter("mean error (Fig. 22)", x(), Axis::Log(ERROR.into()), &groups, batch, error),
        scatter("time of an iteration (Fig. 23)", x(), Axis::Log("µs".into()), &groups, batch, |r| {
            r.iteration_us
        }),
    ];
    draw(name, &panels, (900, 400))
}

/// Fig. 24: error over the batch size by size of the network. Fig. 25: error over neurons by class.
///
/// # Errors
/// [`Error::Figure`].
pub fn classes(name: &str, results: &[&TrialResult]) -> Result<String, Error> {
    // "small if less than 32 neurons, large if more than 100, and medium otherwise"
    let size = |r: &TrialResult| match r.neurons {
        0..32 => 0,
        32..=100 => 1,
        _ => 2,
    };
    let sizes = ["fewer than 32 neurons", "32 to 100", "more than 100"];
    let colours = [Colour::Orange, Colour::Blue, Colour::Ink];
    let groups: Vec<Group<'_>> = (0..3)
        .map(|k| Group {
            label: sizes[k].into(),
            colour: colours[k],
            mark: Mark::Dot,
            points: results.iter().copied().filter(|r| size(r) == k).collect(),
        })
        .collect();
    let y = || Axis::Log(ERROR.into());
    let batch = |r: &TrialResult| r.spec.batch as f64;
    let panels = [
        scatter("by size (Fig. 24)", Axis::Log(BATCH.into()), y(), &groups, batch, error),
        scatter("by class (Fig. 25)", Axis::Linear(NEURONS.into()), y(), &by_class(results), neurons, error),
    ];
    draw(name, &panels, (900, 430))
}

/// Fig. 29: error over neurons, by the end of the time domain.
///
/// # Errors
/// [`Error::Figure`].
pub fn domains(name: &str, results: &[&TrialResult]) -> Result<String, Error> {
    let ends = select::by(results, |r| (r.spec.t_end() * 1e3).round() as u64);
    let colours = [Colour::Blue, Colour::Red, Colour::Green, Colour::Orange];
    let groups: Vec<Group<'_>> = ends
        .into_iter()
        .enumerate()
        .map(|(i, (end, points))| Group {
            label: format!("t up to {}", end as f64 / 1e3),
            colour: colours[i % colours.len()],
            mark: Mark::Dot,
            points,
        })
        .collect();
    let x = Axis::Linear(NEURONS.into());
    let panel = scatter("problem B_C", x, Axis::Log(ERROR.into()), &groups, neurons, error);
    draw(name, &[panel], (900, 420))
}

/// Figs 34 and 37: with and without the extra data, over neurons; for iterators the error of one step
/// beside that of the whole domain.
///
/// # Errors
/// [`Error::Figure`].
pub fn extra(name: &str, results: &[&TrialResult]) -> Result<String, Error> {
    let group = |extra: bool| Group {
        label: if extra { "with extra data" } else { "without" }.into(),
        colour: if extra { Colour::Blue } else { Colour::Red },
        mark: Mark::Dot,
        points: results.iter().copied().filter(|r| r.spec.extra.is_some() == extra).collect(),
    };
    let groups = [group(true), group(false)];
    let x = || Axis::Linear(NEURONS.into());
    let y = || Axis::Log(ERROR.into());
    let mut panels = vec![scatter("whole time domain", x(), y(), &groups, neurons, error)];
    if results.iter().any(|r| r.one_step.is_some()) {
        let one = |r: &TrialResult| r.one_step.map_or(f64::NAN, |s| s.euler.mean);
        panels.insert(0, scatter("one step", x(), y(), &groups, neurons, one));
    }
    draw(name, &panels, (900, 420))
}

/// Where a training breaks through: iterations at which the mean error falls below half of the smallest
/// one before, the first tenth of the course left out.
pub fn breakthroughs(course: &Course) -> Vec<(u64, f64)> {
    let mut best = f64::INFINITY;
    let mut found = Vec::new();
    let first = course.iteration.len() / 10;
    for (k, (iteration, error)) in course.iteration.iter().zip(&course.mean_error).enumerate() {
        if k >= first.max(1) && *error < 0.5 * best {
            found.push((*iteration, *error));
        }
        if *error < best {
            best = *error;
        }
    }
    found
}

/// As Figs 19 and 20: the course of trainings, with breakthroughs as rings: validation errors on the
/// left, the loss of a batch on the right.
///
/// # Errors
/// [`Error::Figure`].
pub fn courses(name: &str, results: &[(&str, &TrialResult)]) -> Result<String, Error> {
    let colours = [Colour::Blue, Colour::Red, Colour::Green, Colour::Orange, Colour::Purple];
    let mut panels =
        [("validation", "mean of |ΔU| + |ΔW|"), ("training", "loss of a batch")].map(|(title, y)| Panel {
            title: title.into(),
            x: Axis::Linear("iteration".into()),
            y: Axis::Log(y.into()),
            series: Vec::new(),
        });
    for (i, (label, r)) in results.iter().enumerate() {
        let colour = colours[i % colours.len()];
        for (k, course) in r.courses.iter().enumerate() {
            let label = if k == 0 { *label } else { "" };
            let line = |values: &[f64]| {
                let points = course.iteration.iter().map(|i| *i as f64).zip(values.iter().copied());
                points.collect::<Vec<_>>()
            };
            panels[0].series.push(Series::new(label, Mark::Line, colour, line(&course.mean_error)));
            let rings = breakthroughs(course).into_iter().map(|(i, e)| (i as f64, e));
            panels[0].series.push(Series::new("", Mark::Ring, colour, rings));
            panels[1].series.push(Series::new(label, Mark::Line, colour, line(&course.loss)));
        }
    }
    draw(name, &panels, (900, 400))
}

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
    let panel =
        Panel { title: title.into(), x: Axis::Linear(TIME.into()), y: Axis::Linear("U".into()), series };
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
        Panel {
            title: format!("{title}: {what}"),
            x: Axis::Linear("U".into()),
            y: Axis::Linear("W".into()),
            series,
        }
    };
    let panels = [
        panel("accurate", curves(|p| &p.truth, Colour::Ink)),
        panel("network", curves(|p| &p.network, Colour::Blue)),
    ];
    draw(name, &panels, (900, 420))
}

/// Figs 28 and 35: the error over U₀ and time in cuts of constant W₀. `all` holds a grid of starts, U₀
/// fastest ([`super::cuts::starts`]); the cuts are its rows.
///
/// # Errors
/// [`Error::Figure`].
pub fn slices(name: &str, all: &[Prediction], across: usize) -> Result<String, Error> {
    let panels: Vec<HeatPanel> = all
        .chunks_exact(across)
        .map(|row| HeatPanel {
            title: format!("W₀ = {:.2}", row[0].start[1]),
            x: ("U₀".into(), (0.0, 1.0)),
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
/// value.
///
/// # Errors
/// [`Error::Figure`].
pub fn regions(name: &str, all: &[Prediction], across: usize) -> Result<String, Error> {
    let panel = |title: &str, value: fn(&Prediction) -> f64| HeatPanel {
        title: title.into(),
        x: ("U₀".into(), (0.0, 1.0)),
        y: ("W₀".into(), (0.0, 0.18)),
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
    use crate::grid::select::tests::{architectures, made};

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
        let all: Vec<Prediction> = starts(11, 3).into_iter().map(prediction).collect();
        assert!((all[0].mean_error() - 1e-3).abs() < 1e-12 && (all[0].max_error() - 1e-3).abs() < 1e-12);
        let bad = high(&all);
        assert_eq!(bad.len(), 3);
        assert!(bad.iter().all(|p| (p.start[0] - 0.4).abs() < 1e-9));
        let mut broken = all[0].clone();
        broken.network[3][0] = f64::NAN;
        assert!(broken.max_error().is_nan());
    }

    #[test]
    fn a_breakthrough_is_a_sudden_fall() {
        let r = made("W-BS2", Class::Ddnn, "SiLU8,SiLU8", 128, 1e-3);
        let found = breakthroughs(&r.courses[0]);
        assert_eq!(found.iter().map(|f| f.0).collect::<Vec<_>>(), [400_000]);
        let slow = Course {
            iteration: (0..50).collect(),
            loss: vec![1.0; 50],
            mean_error: (0..50).map(|k| 0.95_f64.powi(k)).collect(),
            max_error: vec![1.0; 50],
        };
        assert!(breakthroughs(&slow).is_empty());
    }

    #[test]
    fn every_figure_is_drawn() {
        let all = architectures();
        let refs: Vec<&TrialResult> = all.iter().collect();
        let predictions: Vec<Prediction> = starts(11, 3).into_iter().map(prediction).collect();
        let figures = [
            shapes("a", "problem B_S", &refs).unwrap(),
            batches("b", &refs).unwrap(),
            classes("c", &refs).unwrap(),
            domains("d", &refs).unwrap(),
            extra("e", &refs).unwrap(),
            courses("f", &[("one", &all[0]), ("two", &all[1])]).unwrap(),
            solutions("g", "B_S", &predictions).unwrap(),
            phase_plane("h", "B_S", &predictions).unwrap(),
            slices("i", &predictions, 11).unwrap(),
            regions("j", &predictions, 11).unwrap(),
        ];
        for svg in &figures {
            assert!(svg.starts_with("<svg") && !svg.contains("NaN") && svg.len() < 400_000, "{}", svg.len());
        }
        assert!(figures[0].contains("bowtie") && figures[8].contains("W₀ = 0.09"));
        // Nothing to show is no error.
        assert!(
            shapes("a", "none", &[]).is_ok() && regions("j", &[], 11).is_ok() && slices("i", &[], 11).is_ok()
        );
    }
}
