//! The figures of the report.

use super::arm::{Group, METHOD, PINN, PLAIN, Subject, UNSCALED};
use super::evaluate::Horizon;
use super::findings::Findings;
use super::truth::Truth;
use crate::Error;
use crate::figures::{Axis, Colour, Mark, Panel, Series, draw};
use crate::report::Block;

/// The method and its baselines with what the figures call them.
pub(crate) const MAIN: [(&str, &str, Colour); 4] = [
    (METHOD, "PI-NODE-SR", Colour::Red),
    (UNSCALED, "PI-NODE, not scaled", Colour::Orange),
    (PLAIN, "neural ODE", Colour::Green),
    (PINN, "PINN", Colour::Purple),
];

/// The time between kept states, in ms.
const EVERY: f64 = 0.1;

/// One state of a network's kept trajectory.
fn kept(f: &Findings, arm: &str, j: usize) -> Vec<(f64, f64)> {
    let Some(network) = f.of(arm).find(|n| !n.evaluation.states.is_empty()) else { return Vec::new() };
    network.evaluation.states.iter().enumerate().map(|(i, u)| (i as f64 * EVERY, u[j])).collect()
}

/// One state of the cell at the same times.
fn own(truth: &Truth, j: usize, end: f64) -> Vec<(f64, f64)> {
    let every = ((EVERY / truth.dt).round() as usize).max(1);
    let rows = truth.rows.chunks_exact(truth.states()).step_by(every).enumerate();
    rows.map(|(i, u)| (i as f64 * EVERY, u[j])).take_while(|(t, _)| *t <= end).collect()
}

/// The potential over the first horizon: the cell and, one below the other, each way to learn.
pub(crate) fn potentials(f: &Findings, truth: &Truth) -> Result<Vec<Block>, Error> {
    let mut figures = Vec::new();
    for (pair, name, title) in [
        (&MAIN[..2], "potential-informed", "networks with the equations"),
        (&MAIN[2..], "potential-baselines", "the baselines"),
    ] {
        let mut panels = Vec::new();
        for (arm, label, colour) in pair {
            let points = kept(f, arm, 0);
            let Some(&(end, _)) = points.last() else { continue };
            panels.push(Panel {
                title: (*label).to_owned(),
                x: Axis::linear("time, ms"),
                y: Axis::linear("V, mV"),
                series: vec![
                    Series::new("cell", Mark::Line, Colour::Blue, own(truth, 0, end)),
                    Series::new(*label, Mark::Thin, *colour, points),
                ],
            });
        }
        if !panels.is_empty() {
            figures.push(Block::figure(
                name,
                draw(name, &panels, (1300, 360))?,
                format!(
                    "The potential of the cell and of {title} (seed 1). The first {:.2} ms were \
                     observed; the rest is extrapolated.",
                    truth.period
                ),
            ));
        }
    }
    Ok(figures)
}

/// The gates around the last subthreshold stretch of the first horizon.
pub(crate) fn gates(f: &Findings, truth: &Truth) -> Result<Option<Block>, Error> {
    let Some(&(end, _)) = kept(f, METHOD, 0).last() else { return Ok(None) };
    let from = (end - 2.0 * truth.period).max(0.0);
    let late = |points: Vec<(f64, f64)>| points.into_iter().filter(move |(t, _)| *t >= from);
    let panels: Vec<Panel> = (1..truth.states())
        .map(|j| Panel {
            title: format!("gate {}", truth.names[j]),
            x: Axis::linear("time, ms"),
            y: Axis::linear(&truth.names[j]),
            series: std::iter::once(Series::new("cell", Mark::Line, Colour::Blue, late(own(truth, j, end))))
                .chain(MAIN.iter().take(3).map(|(arm, label, colour)| {
                    Series::new(*label, Mark::Thin, *colour, late(kept(f, arm, j)))
                }))
                .collect(),
        })
        .collect();
    Ok(Some(Block::figure(
        "gates",
        draw("gates", &panels, (1500, 400))?,
        "The gates over the last two oscillations before the end of the horizon (seed 1).",
    )))
}

/// What a dot of [`distribution`] is.
type Number = fn(&Horizon) -> Option<f64>;

/// Numbers of every network of a group, a row for each arm.
fn rows(f: &Findings, group: Group, title: &str, number: Number) -> Panel {
    let arms = f.arms(group);
    let names = arms.iter().map(|a| a.id.clone()).collect();
    let dots = arms
        .iter()
        .enumerate()
        .flat_map(|(row, arm)| f.numbers(&arm.id, false, number).into_iter().map(move |v| (v, row as f64)));
    Panel {
        title: title.to_owned(),
        x: Axis::Log(title.to_owned()),
        y: Axis::Names(names),
        series: vec![Series::new("a seed", Mark::Ring, Colour::Blue, dots)],
    }
}

/// The distribution over seeds: frequency, amplitude and error of every arm of a group.
pub(crate) fn distribution(f: &Findings, group: Group) -> Result<Option<Block>, Error> {
    let name = match group {
        Group::Main => "seeds-main",
        Group::Scaling => "seeds-scaling",
        Group::Weight => "seeds-weight",
        Group::Residual => "seeds-residual",
        Group::Adjoint => "seeds-adjoint",
        Group::Solver => "seeds-solver",
        Group::Window => "seeds-window",
        Group::Schedule => "seeds-schedule",
        Group::Noise => "seeds-noise",
        Group::Subject => return Ok(None),
    };
    if f.arms(group).len() < 2 {
        return Ok(None);
    }
    let mut panels = vec![
        rows(f, group, "frequency error, %", |h| h.frequency_error),
        rows(f, group, "amplitude error, %", |h| h.amplitude_error),
        rows(f, group, "error, standard deviations", |h| h.error),
    ];
    // Networks that all do not fire have neither frequency nor amplitude.
    panels.retain(|p| p.series.iter().any(|s| s.points.iter().any(|(x, _)| x.is_finite())));
    if panels.is_empty() {
        return Ok(None);
    }
    let height = 160 + 30 * f.arms(group).len() as u32;
    Ok(Some(Block::figure(
        name,
        draw(name, &panels, (1500, height))?,
        format!(
            "{}: every seed at the first horizon. What does not fire twice, or broke off, has no dot.",
            group.title()
        ),
    )))
}

/// The courses of the method and its baselines.
pub(crate) fn courses(f: &Findings) -> Result<Option<Block>, Error> {
    let mut panels = Vec::new();
    for (title, physics) in [("data term", false), ("physics term", true)] {
        let mut series = Vec::new();
        for (arm, label, colour) in MAIN {
            for (k, network) in f.of(arm).enumerate() {
                if physics && network.trial.arm.physics.is_none() {
                    continue;
                }
                let points = network.course.iter().map(|c| (c.0 as f64, if physics { c.2 } else { c.1 }));
                let label = if k == 0 { label } else { "" };
                series.push(Series::new(label, Mark::Thin, colour, points));
            }
        }
        panels.push(Panel {
            title: title.into(),
            x: Axis::linear("iteration"),
            y: Axis::Log(title.into()),
            series,
        });
    }
    if f.networks.iter().all(|n| n.trial.arm.subject != Subject::HodgkinHuxley) {
        return Ok(None);
    }
    Ok(Some(Block::figure(
        "courses",
        draw("courses", &panels, (1200, 420))?,
        "The terms of the loss during training, all seeds. Physics terms that are not scaled are in \
                  physical units, and not comparable with those that are; the PINN's data term is half a square.",
    )))
}
