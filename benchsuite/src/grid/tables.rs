//! Tables 2 to 10, 12, 13, 16 and 17 in the dissertation's layout, ours beside what it prints.

mod notable;
mod ranking;

pub use notable::{Note, notable};
pub use ranking::ranking;

use super::analyses::Inference;
use super::analyses::{self, Response, Size};
use super::select::{self, error, shape};
use crate::Error;
use crate::claims::Publication;
use crate::report::{Cell, Table};
use crate::stats::anova::Anova;
use crate::stats::{Shape, deviation, mean};
use crate::trial::TrialResult;

fn whole(value: Option<usize>) -> Cell {
    Cell::digits(value.map_or("–".into(), |v| v.to_string()))
}

/// `(SiLU-32, Tanh-32)`, as the dissertation writes architectures.
pub fn layers(spec: &str) -> String {
    let layer = |l: &str| {
        let at = l.find(|c: char| c.is_ascii_digit()).unwrap_or(l.len());
        format!("{}-{}", &l[..at], &l[at..])
    };
    format!("({})", spec.split(',').map(layer).collect::<Vec<_>>().join(", "))
}

fn class_of(r: &TrialResult) -> String {
    shape(r).map_or("–".into(), |s: Shape| s.to_string())
}

/// A published number, or none if the claims do not have it.
fn published(publication: &Publication, id: &str) -> Option<f64> {
    publication.claim(id).map(|c| c.value)
}

/// The quantities that a table of variance prints.
type Printed = &'static [(&'static str, &'static str)];
const COEFFICIENTS: Printed =
    &[("coefficient", "Fitted Coef"), ("sum_sq", "Sum Sq"), ("F", "F"), ("p", "p-value")];
const SQUARES: Printed = &[("sum_sq", "Sum Sq"), ("mean_sq", "Mean Sq"), ("F", "F-value"), ("p", "P-value")];

/// A table of variance: published columns, then ours. `rows` are the terms with the coefficient that
/// belongs to each.
fn variance(
    publication: &Publication,
    prefix: &str,
    caption: String,
    printed: Printed,
    rows: &[(&str, Option<&str>)],
    ours: &Anova,
) -> Table {
    let value = |term: &str, coefficient: Option<&str>, quantity: &str| -> Option<f64> {
        let row = if term == "Residual" { Some(&ours.residual) } else { ours.row(term) }?;
        match quantity {
            "coefficient" => ours.coefficient(coefficient?),
            "sum_sq" => Some(row.sum_sq),
            "mean_sq" => Some(row.mean_sq),
            "F" => row.f,
            _ => row.p,
        }
    };
    let cells = |(term, coefficient): &(&str, Option<&str>)| {
        let mut row = vec![Cell::text(*term)];
        for (quantity, _) in printed {
            row.push(Cell::number(published(publication, &format!("{prefix}/{term}/{quantity}"))));
        }
        row.push(whole(
            (if *term == "Residual" { Some(&ours.residual) } else { ours.row(term) })
                .map(|r| r.degrees as usize),
        ));
        row.extend(printed.iter().map(|(quantity, _)| Cell::number(value(term, *coefficient, quantity))));
        row
    };
    let names = || printed.iter().map(|(_, name)| (*name).to_owned());
    Table {
        caption,
        groups: vec![
            (String::new(), 1),
            ("published".into(), printed.len()),
            ("here".into(), printed.len() + 1),
        ],
        header: std::iter::once("Source".to_owned())
            .chain(names())
            .chain(std::iter::once("df".into()))
            .chain(names())
            .collect(),
        rows: rows.iter().map(cells).collect(),
    }
}

/// The terms of eq. 4.1 with their coefficients.
const CLASSES: &[(&str, Option<&str>)] = &[
    ("iccs", Some("iccs[yes]")),
    ("pinn", Some("pinn[yes]")),
    ("bs", Some("bs")),
    ("iccs:bs", Some("iccs[yes]:bs")),
    ("bs:pinn", Some("bs:pinn[yes]")),
    ("Residual", None),
];

/// Tables 2 and 3: eq. 4.1 for the mean error and for the time of an iteration.
///
/// # Errors
/// [`Error::Statistics`] for too few results.
pub fn classes(
    publication: &Publication,
    results: &[&TrialResult],
    response: Response,
) -> Result<Table, Error> {
    let ours = analyses::classes(results, response)?;
    let (number, key, what) = match response {
        Response::Error => (2, "anova_error", "mean error"),
        Response::IterationTime => (3, "anova_time", "time of an iteration, in seconds"),
    };
    let caption = format!(
        "Table {number}: analysis of variance ({}) of the {what} by the physics term near the unstable \
         equilibrium (iccs), that of the whole domain (pinn) and the batch size (bs); {} networks",
        ours.kind,
        results.len()
    );
    Ok(variance(publication, &format!("W-BS1/{key}"), caption, COEFFICIENTS, CLASSES, &ours))
}

/// Tables 5 and 6: eq. 4.2 for small and for large networks.
///
/// # Errors
/// [`Error::Statistics`] for too few results.
pub fn shapes(publication: &Publication, results: &[&TrialResult], size: Size) -> Result<Table, Error> {
    let ours = analyses::shapes(results, size)?;
    let (number, key, what) = match size {
        Size::Small => (5, "anova_small", "fewer than 120 neurons"),
        Size::Large => (6, "anova_large", "120 neurons or more"),
    };
    let caption = format!(
        "Table {number}: analysis of variance ({}) of the mean error by shape and number of neurons; {} networks \
         of {what}",
        ours.kind,
        size.of(results).len()
    );
    let rows = [("class", None), ("neuron", None), ("class:neuron", None), ("Residual", None)];
    Ok(variance(publication, &format!("W-BS2/{key}"), caption, SQUARES, &rows, &ours))
}

/// The variances within and between shapes that section 4.2.1 tells.
///
/// # Errors
/// [`Error::Statistics`] for too few results.
pub fn variances(publication: &Publication, results: &[&TrialResult]) -> Result<Table, Error> {
    let mut rows = Vec::new();
    for (size, name) in [(Size::Small, "small"), (Size::Large, "large")] {
        let ours = analyses::shape_variances(results, size)?;
        let printed = |of: &str| published(publication, &format!("W-BS2/variance_{name}/{of}"));
        let (extra, intra) = (printed("extra"), printed("intra"));
        let ratio = extra.zip(intra).map(|(e, i)| e / i);
        rows.push(vec![
            Cell::text(name),
            Cell::number(extra),
            Cell::number(intra),
            Cell::number(ratio),
            Cell::number(Some(ours.extra)),
            Cell::number(Some(ours.intra)),
            Cell::number(Some(ours.extra / ours.intra)),
            Cell::number(Some(ours.p)),
        ]);
    }
    let columns = ["extra-group", "intra-group", "ratio"].map(str::to_owned);
    Ok(Table {
        caption: "Variance of the mean error between shapes and within them (text on Table 5)".into(),
        groups: vec![(String::new(), 1), ("published".into(), 3), ("here".into(), 4)],
        header: std::iter::once("networks".to_owned())
            .chain(columns.clone())
            .chain(columns)
            .chain(std::iter::once("p".into()))
            .collect(),
        rows,
    })
}

/// The terms of eq. 4.3.
const INFERENCE: &[(&str, Option<&str>)] = &[
    ("layers", Some("layers")),
    ("neuron", Some("neuron")),
    ("layers:neuron", Some("layers:neuron")),
    ("Residual", None),
];

/// Table 12 (times) or 13 (speed-ups): eq. 4.3.
///
/// # Errors
/// [`Error::Statistics`] for too few results.
pub fn inference(publication: &Publication, number: u32, all: &[Inference]) -> Result<Table, Error> {
    let ours = analyses::inference(all)?;
    let (key, what) =
        if number == 12 { ("anova_time", "time of inference") } else { ("anova_speedup", "speed-up") };
    let caption = format!(
        "Table {number}: analysis of variance ({}) of the {what} by layers and neurons; {} networks",
        ours.kind,
        all.len()
    );
    Ok(variance(publication, &format!("W-INF/{key}"), caption, COEFFICIENTS, INFERENCE, &ours))
}

/// Table 7: mean, spread, best and worst over all networks, for each time domain.
pub fn domains(publication: &Publication, results: &[&TrialResult]) -> Table {
    let sound: Vec<&TrialResult> = results.iter().copied().filter(select::is_sound).collect();
    let ends = select::by(&sound, |r| std::cmp::Reverse((r.spec.t_end() * 1e3).round() as u64));
    let row = |(end, group): (&std::cmp::Reverse<u64>, &Vec<&TrialResult>)| {
        let errors: Vec<f64> = group.iter().map(|r| error(r)).collect();
        let end = end.0 as f64 / 1e3;
        let of = |what: &str| published(publication, &format!("W-BC1/T{end}/{what}"));
        let m = mean(&errors);
        let spread = deviation(&errors);
        vec![
            whole(Some(end as usize)),
            Cell::number(of("mean")),
            Cell::number(of("std")),
            Cell::number(of("best")),
            Cell::number(of("worst")),
            whole(Some(errors.len())),
            Cell::number(Some(m)),
            Cell::number(Some(spread).filter(|s| s.is_finite())),
            Cell::number(errors.iter().copied().reduce(f64::min)),
            Cell::number(errors.iter().copied().reduce(f64::max)),
        ]
    };
    let columns = ["Mean", "Std", "Best", "Worst"].map(str::to_owned);
    Table {
        caption: "Table 7: mean error of all networks of problem B_C by the length of the time domain".into(),
        groups: vec![(String::new(), 1), ("published".into(), 4), ("here".into(), 5)],
        header: std::iter::once("Time domain".to_owned())
            .chain(columns.clone())
            .chain(std::iter::once("networks".into()))
            .chain(columns)
            .collect(),
        rows: ends.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests;
