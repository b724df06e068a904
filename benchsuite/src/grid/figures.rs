//! Figures 22 to 38 of the dissertation that show many networks, from their results.

use super::select::{self, depth, error, shape};
use crate::Error;
use crate::figures::{Axis, Colour, Mark, Panel, Series, draw};
use crate::stats::Shape;
use crate::trial::{Class, Course, TrialResult};

/// The measure that errors of results of one protocol are in ([`TrialResult::measure`]).
pub(super) fn measure(results: &[&TrialResult]) -> &'static str {
    match results.first() {
        Some(r) if r.measure() == 0.5 => "mean of (|ΔU| + |ΔW|) / 2",
        _ => "mean of |ΔU| + |ΔW|",
    }
}

/// An axis of errors.
fn errors(results: &[&TrialResult]) -> Axis {
    Axis::Log(measure(results).into())
}

const NEURONS: &str = "neurons";
const BATCH: &str = "batch size";

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
    let panel = scatter(title, Axis::Linear(NEURONS.into()), errors(results), &groups, neurons, error);
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
        scatter("mean error (Fig. 22)", x(), errors(results), &groups, batch, error),
        scatter("time of an iteration (Fig. 23)", x(), Axis::log("µs"), &groups, batch, |r| r.iteration_us),
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
    let sizes = ["fewer than 32 neurons", "32 to 100 neurons", "more than 100 neurons"];
    let colours = [Colour::Orange, Colour::Blue, Colour::Ink];
    let groups: Vec<Group<'_>> = (0..3)
        .map(|k| Group {
            label: sizes[k].into(),
            colour: colours[k],
            mark: Mark::Dot,
            points: results.iter().copied().filter(|r| size(r) == k).collect(),
        })
        .collect();
    let y = || errors(results);
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
    let panel = scatter("problem B_C", x, errors(results), &groups, neurons, error);
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
    let y = || errors(results);
    let mut panels = vec![scatter("whole time domain", x(), y(), &groups, neurons, error)];
    if results.iter().any(|r| r.one_step.is_some()) {
        let one = |r: &TrialResult| r.judged_step().unwrap_or(f64::NAN);
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
    let shown: Vec<&TrialResult> = results.iter().map(|r| r.1).collect();
    let mut panels =
        [("validation", measure(&shown)), ("training", "loss of a batch")].map(|(title, y)| Panel {
            title: title.into(),
            x: Axis::linear("iteration"),
            y: Axis::Log(y.into()),
            series: Vec::new(),
        });
    for (i, (label, r)) in results.iter().enumerate() {
        let colour = colours[i % colours.len()];
        for (k, course) in r.courses.iter().enumerate() {
            let label = if k == 0 { *label } else { "" };
            let line = |values: &[f64], scale: f64| {
                let points = course.iteration.iter().zip(values).map(|(i, v)| (*i as f64, scale * v));
                points.collect::<Vec<_>>()
            };
            let scale = r.measure();
            panels[0].series.push(Series::new(label, Mark::Line, colour, line(&course.mean_error, scale)));
            let rings = breakthroughs(course).into_iter().map(|(i, e)| (i as f64, scale * e));
            panels[0].series.push(Series::new("", Mark::Ring, colour, rings));
            panels[1].series.push(Series::new(label, Mark::Line, colour, line(&course.loss, 1.0)));
        }
    }
    draw(name, &panels, (900, 400))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::select::tests::{architectures, made};

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

    /// Both panels of Fig. 34, and all other errors of a figure, are in the measure that its axes name.
    #[test]
    fn a_figure_has_one_measure_and_says_which() {
        let mut step = made("W-IT", Class::Itnn, "SiLU8,SiLU8", 128, 0.04);
        step.one_step = Some(step.scores);
        let text = extra("e", &[&step]).unwrap();
        assert!(text.contains("mean of |ΔU| + |ΔW|") && !text.contains("/ 2"));
        step.spec.loss = surrogates::DataNorm::Euclidean;
        step.spec.domain = crate::trial::Domain::Program;
        assert_eq!((step.judged(), step.judged_step()), (0.02, Some(0.02)));
        let program = extra("e", &[&step]).unwrap();
        assert!(!program.contains("mean of |ΔU| + |ΔW|"));
        assert_eq!(program.matches("mean of (|ΔU| + |ΔW|) / 2").count(), 2);
        assert!(courses("f", &[("one", &step)]).unwrap().contains("(|ΔU| + |ΔW|) / 2"));
    }

    #[test]
    fn every_figure_is_drawn() {
        let all = architectures();
        let refs: Vec<&TrialResult> = all.iter().collect();
        let figures = [
            shapes("a", "problem B_S", &refs).unwrap(),
            batches("b", &refs).unwrap(),
            classes("c", &refs).unwrap(),
            domains("d", &refs).unwrap(),
            extra("e", &refs).unwrap(),
            courses("f", &[("one", &all[0]), ("two", &all[1])]).unwrap(),
        ];
        for svg in &figures {
            assert!(svg.starts_with("<svg") && !svg.contains("NaN") && svg.len() < 400_000, "{}", svg.len());
        }
        assert!(figures[0].contains("bowtie"));
        // Nothing to show is no error.
        assert!(shapes("a", "none", &[]).is_ok());
    }
}
