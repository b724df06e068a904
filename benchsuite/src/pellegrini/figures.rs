//! The figures of the report.

use super::cell::CellId;
use super::findings::Findings;
use super::train::Trained;
use crate::Error;
use crate::figures::{Axis, Colour, Mark, Panel, Series, draw};
use crate::report::Block;

/// All figures of some operators.
pub(crate) fn all(f: &Findings) -> Result<Vec<Block>, Error> {
    let examples = f.nets.iter().map(example).filter_map(Result::transpose);
    courses(f)?.into_iter().map(Ok).chain(examples).collect()
}

/// The courses of all trainings.
fn courses(f: &Findings) -> Result<Option<Block>, Error> {
    let panels: Vec<Panel> = f
        .nets
        .iter()
        .filter(|t| t.history.len() > 1)
        .map(|t| {
            let each = t.history.last().map_or(1.0, |r| r.iteration as f64) / t.epochs.max(1) as f64;
            let points = |value: fn(&surrogates::EpochRecord) -> f64| {
                t.history.iter().map(move |r| (r.iteration as f64 / each, value(r)))
            };
            Panel {
                title: t.net.id(),
                x: Axis::linear("epoch"),
                y: Axis::log("relative L² error"),
                series: vec![
                    Series::new("training", Mark::Line, Colour::Blue, points(|r| r.train)),
                    Series::new("validation", Mark::Line, Colour::Red, points(|r| r.validation)),
                ],
            }
        })
        .collect();
    if panels.is_empty() {
        return Ok(None);
    }
    let name = "courses";
    let svg = draw(name, &panels, (360 * panels.len() as u32, 320))?;
    let caption = "The error over batches of training, and over validation trajectories, in normal units.";
    Ok(Some(Block::figure(name, svg, caption)))
}

/// Truth and operator on one test trajectory, for up to four variables.
fn example(t: &Trained) -> Result<Option<Block>, Error> {
    let Some(first) = t.example.first() else { return Ok(None) };
    let step = t.net.cell.end() / first.0.len() as f64;
    // Of 41 variables these are looked at first.
    let wanted: &[&str] = if t.net.cell.states() > 4 { &["V", "Ca_i", "Na_i", "m"] } else { &[] };
    let shown: Vec<usize> = match t.net.cell {
        CellId::Ord | CellId::OrdLong => {
            let at = |name: &&str| t.errors.variables.iter().position(|v| v == name);
            wanted.iter().filter_map(at).collect()
        }
        _ => (0..t.example.len()).collect(),
    };
    let panels: Vec<Panel> = shown
        .into_iter()
        .filter_map(|j| {
            let (truth, own) = t.example.get(j)?;
            let points =
                |x: &[f64]| x.iter().enumerate().map(|(i, x)| (step * i as f64, *x)).collect::<Vec<_>>();
            Some(Panel {
                title: t.errors.variables.get(j)?.clone(),
                x: Axis::linear(if t.net.cell == CellId::Fhn { "time (model units)" } else { "time, ms" }),
                y: Axis::linear(""),
                series: vec![
                    Series::new("model", Mark::Line, Colour::Blue, points(truth)),
                    Series::new("operator", Mark::Line, Colour::Red, points(own)),
                ],
            })
        })
        .collect();
    let name = format!("example-{}", t.net.file_name());
    let svg = draw(&name, &panels, (340 * panels.len() as u32, 300))?;
    let caption = format!("{}: a test trajectory, in physical units.", t.net.id());
    Ok(Some(Block::figure(name, svg, caption)))
}
