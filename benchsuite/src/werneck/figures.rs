//! The figures of problem A, numbered as in the dissertation.

use super::Course;
use super::config::Config;
use super::data::Data;
use super::findings::Samples;
use super::network::{Class, Network, Set, architectures};
use crate::Error;
use crate::claims::Publication;
use crate::figures::{Axis, Colour, Mark, Panel, Series, draw};
use crate::metrics::Progressed;

/// The course of a training, from a run or from what is kept.
#[derive(Debug, Clone)]
pub(crate) struct Curve {
    pub(crate) network: Network,
    pub(crate) log: Vec<Progressed>,
    pub(crate) solution: Vec<[f64; 3]>,
}

impl Curve {
    pub(crate) fn of_run(course: &Course) -> Self {
        Curve {
            network: course.trained.network.clone(),
            log: course.log.clone(),
            solution: course.trained.evaluation.solution.clone(),
        }
    }

    pub(crate) fn of_kept(kept: &super::Kept) -> Self {
        let log = kept
            .course
            .iter()
            .map(|c| Progressed {
                iteration: c[0] as u64,
                loss: c[1],
                data: c[2],
                physics: c[3],
                initial: c[4],
                lr: c[5],
                mean_error: c[6],
                max_error: c[7],
            })
            .collect();
        Curve {
            network: kept.trained.network.clone(),
            log,
            solution: kept.trained.evaluation.solution.clone(),
        }
    }
}

const TIME: &str = "time t (model units)";
const ITERATION: &str = "iteration";
const ERROR: &str = "mean of |ΔU| and |ΔW|";

fn colour(class: Class) -> Colour {
    match class {
        Class::Pinn => Colour::Blue,
        Class::Ddnn => Colour::Red,
    }
}

/// The pair of networks that the dissertation shows: two SiLU layers of 32; else the first pair.
pub(crate) fn shown_pair<'a>(curves: &'a [Curve], set: Set) -> Option<(&'a Curve, &'a Curve)> {
    let pair = |layers: &str| -> Option<(&'a Curve, &'a Curve)> {
        let find = |class| {
            curves
                .iter()
                .find(|c| c.network.set == set && c.network.class == class && c.network.layers == layers)
        };
        Some((find(Class::Pinn)?, find(Class::Ddnn)?))
    };
    pair("SiLU32,SiLU32").or_else(|| curves.iter().find_map(|c| pair(&c.network.layers)))
}

/// Fig. 16: the two training sets on the accurate solution.
pub(crate) fn training_sets(data: &Data) -> Result<String, Error> {
    let solution = |i: usize| data.reference().into_iter().map(move |(t, y)| (t, y[i]));
    let panels = Set::ALL.map(|set| {
        let points = |i: usize| data.points(set).into_iter().map(move |(t, y)| (t, y[i]));
        // A thousand points merge into a line: every twentieth is drawn.
        let every = if set == Set::Complete { 20 } else { 1 };
        let shown = if every > 1 { ", every 20th" } else { "" };
        Panel {
            title: format!("{set} set: {} points{shown}", set.points()),
            x: Axis::Linear(TIME.into()),
            y: Axis::linear("U, W"),
            series: vec![
                Series::new("U, accurate", Mark::Line, Colour::Grey, solution(0)),
                Series::new("W, accurate", Mark::Dashed, Colour::Grey, solution(1)),
                Series::new("U, set", Mark::Dot, Colour::Blue, points(0).step_by(every)),
                Series::new("W, set", Mark::Dot, Colour::Green, points(1).step_by(every)),
            ],
        }
    });
    draw("fig16", &panels, (900, 400))
}

/// Figs 17 and 21: the mean errors of all architectures, both classes, published and measured.
pub(crate) fn errors(
    publication: &Publication,
    set: Set,
    samples: &Samples<'_>,
    run: &str,
) -> Result<String, Error> {
    let names: Vec<String> = architectures(publication, set);
    let mut series = Vec::new();
    for class in Class::ALL {
        let rows = || names.iter().enumerate().map(|(row, layers)| (row as f64, layers.as_str()));
        let published = rows().filter_map(|(row, layers)| {
            let claim = publication.claim(&format!("W-A/{set}/{class}/{layers}/mean_error"))?;
            Some((claim.value, row))
        });
        series.push(Series::new(format!("{class}, published"), Mark::Ring, colour(class), published));
        let measured = rows().filter_map(|(row, layers)| {
            Some((samples.find(set, class, layers)?.trained.evaluation.euler.mean_as_printed(), row))
        });
        series.push(Series::new(format!("{class}, {run}"), Mark::Dot, colour(class), measured));
    }
    let number = if set == Set::Scarce { 17 } else { 21 };
    let panel = Panel {
        title: format!("{set} set: mean error over the validation set"),
        x: Axis::Log(ERROR.into()),
        y: Axis::Names(names.clone()),
        series,
    };
    draw(&format!("fig{number}"), &[panel], (900, 150 + 30 * names.len() as u32))
}

/// Fig. 18: what the two networks of a pair give, against the solution and the training points.
pub(crate) fn solutions(data: &Data, pinn: &Curve, ddnn: &Curve) -> Result<String, Error> {
    let set = pinn.network.set;
    let panels = [(0, "U"), (1, "W")].map(|(i, name)| {
        let truth = data.reference().into_iter().map(|(t, y)| (t, y[i]));
        let given = data.points(set).into_iter().map(|(t, y)| (t, y[i]));
        let of = |c: &Curve| c.solution.iter().map(|row| (row[0], row[1 + i])).collect::<Vec<_>>();
        let mut series = vec![
            Series::new("accurate", Mark::Line, Colour::Grey, truth),
            Series::new("PINN", Mark::Dashed, Colour::Blue, of(pinn)),
            Series::new("DDNN", Mark::Line, Colour::Red, of(ddnn)),
        ];
        if set == Set::Scarce {
            series.push(Series::new("training points", Mark::Dot, Colour::Ink, given));
        }
        Panel {
            title: format!("{name}, {}, {set} set", pinn.network.layers),
            x: Axis::Linear(TIME.into()),
            y: Axis::Linear(name.into()),
            series,
        }
    });
    draw("fig18", &panels, (900, 400))
}

/// Fig. 19: the validation error in the course of training.
pub(crate) fn validation(pinn: &Curve, ddnn: &Curve) -> Result<String, Error> {
    let panels = [pinn, ddnn].map(|c| {
        let line = |f: fn(&Progressed) -> f64| c.log.iter().map(move |l| (l.iteration as f64, f(l)));
        Panel {
            title: format!("{}, {}, {} set", c.network.class, c.network.layers, c.network.set),
            x: Axis::Linear(ITERATION.into()),
            y: Axis::log("|ΔU| + |ΔW| over the validation set"),
            series: vec![
                Series::new("mean", Mark::Line, colour(c.network.class), line(|l| l.mean_error)),
                Series::new("greatest", Mark::Dashed, Colour::Grey, line(|l| l.max_error)),
            ],
        }
    });
    draw("fig19", &panels, (900, 380))
}

/// Fig. 20: the terms of the loss in the course of training.
pub(crate) fn losses(pinn: &Curve, ddnn: &Curve) -> Result<String, Error> {
    let panels = [pinn, ddnn].map(|c| {
        let line = |f: fn(&Progressed) -> f64| c.log.iter().map(move |l| (l.iteration as f64, f(l)));
        let mut series = vec![Series::new("data", Mark::Line, Colour::Red, line(|l| l.data))];
        if c.network.class == Class::Pinn {
            series.push(Series::new("physics", Mark::Line, Colour::Blue, line(|l| l.physics)));
            series.push(Series::new("initial condition", Mark::Line, Colour::Green, line(|l| l.initial)));
        }
        Panel {
            title: format!("{}, {}, {} set", c.network.class, c.network.layers, c.network.set),
            x: Axis::Linear(ITERATION.into()),
            y: Axis::log("loss of a batch"),
            series,
        }
    });
    draw("fig20", &panels, (900, 380))
}

/// A label for the points of a run: its number of iterations.
pub(crate) fn run_label(config: &Config) -> String {
    format!("this run ({} iterations)", thousands(config.iterations))
}

/// A whole number with thin spaces between thousands.
pub(crate) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn whole_numbers() {
        assert_eq!(thousands(7), "7");
        assert_eq!(thousands(2_000_000), "2\u{202f}000\u{202f}000");
    }
}
