//! The report, for a reader who knows neither the code nor the paper.

use super::arm::{Group, METHOD};
use super::config::{Config, FULL};
use super::figures::{self, MAIN};
use super::findings::Findings;
use super::truth::Truth;
use crate::Error;
use crate::claims::Publication;
use crate::manifest::Manifest;
use crate::report::{Again, Block, Cell, Document, Table, Tone, header, verdicts};
use crate::results::ClaimResult;
use crate::stats::median;

/// What a report is written from.
pub(crate) struct Parts<'a> {
    pub(crate) publication: &'a Publication,
    pub(crate) config: &'a Config,
    pub(crate) manifest: &'a Manifest,
    pub(crate) truth: &'a Truth,
    pub(crate) findings: &'a Findings,
    pub(crate) results: &'a [ClaimResult],
    pub(crate) doubt: Option<&'a str>,
    pub(crate) command: &'a str,
    pub(crate) resume: &'a str,
}

pub(crate) fn write(parts: &Parts<'_>) -> Result<Document, Error> {
    let mut blocks = Vec::new();
    let f = parts.findings;
    if let Some(doubt) = parts.doubt {
        let text =
            format!("The numbers of this report get no verdict: {doubt}. They show that every part works.");
        blocks.push(Block::Notice(Tone::Warning, text));
    }
    question(parts, &mut blocks);
    answer(parts, &mut blocks);
    method(parts, &mut blocks);
    blocks.push(Block::heading("Extrapolation (P-EXT, P-BASE)"));
    blocks.extend(figures::potentials(f, parts.truth)?);
    blocks.push(Block::Table(variables(parts)));
    blocks.push(Block::Paragraph(
        "Errors over time count phase, and small errors of the frequency add up. Once a network is half a cycle \
         late it is farther from the cell than one that lies still, however right its spikes are: to the second \
         horizon compare frequencies. Baselines are compared at the first one."
            .into(),
    ));
    blocks.push(Block::heading("Shape of the gates (P-MORPH)"));
    blocks.extend(figures::gates(f, parts.truth)?);
    let shapes = shapes(parts);
    blocks.push(if shapes.rows.is_empty() {
        Block::Paragraph("No network fires before the first horizon: there are no gates to compare.".into())
    } else {
        Block::Table(shapes)
    });
    blocks.push(Block::heading("Every arm, every seed (P-ABL, P-NOISE, P-SEED)"));
    for group in Group::ALL {
        let arms = f.arms(group);
        if arms.is_empty() || (group != Group::Main && group != Group::Subject && arms.len() < 2) {
            continue;
        }
        blocks.extend(figures::distribution(f, group)?);
        blocks.push(Block::Table(numbers(parts, group)));
    }
    blocks.extend(figures::courses(f)?);
    deviations(&mut blocks);
    blocks.push(Block::heading("Verdicts"));
    blocks.push(Block::Paragraph(
        "One line for each claim, PASS or DIFFERS at the paper's scale and NOT_RUN with its reason otherwise. The public \
         text has words alone: `benchsuite/claims/kainth2025.toml` quotes them beside the rule. The same list is in \
         `results.json`."
            .into(),
    ));
    if parts.doubt.is_some() {
        blocks.extend(verdicts::kept(parts.publication, true)?);
    }
    blocks.push(verdicts::table(parts.publication, parts.results, true));
    let more = format!(
        ", as chosen here: {} seeds of `{METHOD}` and its baselines, {} iterations each, and the other arms",
        FULL.1, FULL.0
    );
    blocks.extend(
        Again {
            what: "networks",
            more: &more,
            command: parts.command,
            resume: parts.resume,
            experiment: "P",
        }
        .blocks(),
    );
    blocks.push(Block::heading("Where the numbers come from"));
    blocks.push(Block::Table(crate::provenance::table(parts.manifest, parts.config.seed)));
    Ok(Document {
        title: "Physics-informed neural ODEs with scale-aware residuals: Kainth et al. 2025".into(),
        subtitle: format!(
            "Experiment {}, tier {}, {} networks, {} iterations each",
            parts.config.experiment,
            parts.config.tier,
            parts.config.trials.len(),
            parts.config.iterations
        ),
        blocks,
    })
}

fn question(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::heading("Question"));
    blocks.push(Block::Paragraph(
        "A network learns the vector field of Hodgkin and Huxley's axon from one oscillation. Does it go on \
         oscillating with the right frequency and amplitude when it is integrated by itself, far beyond what it \
         saw? The paper's answer: it does if the loss holds the difference between the network's rates and those \
         of the equations, each state's divided by a scale of its own; and it does better than a neural ODE that \
         learns from data alone, and than a PINN."
            .into(),
    ));
    blocks.push(Block::Paragraph(format!(
        "Source: {}. Its abstract is all that is public.",
        parts.publication.citation
    )));
}

fn percent(value: Option<f64>) -> String {
    value.filter(|v| v.is_finite()).map_or_else(|| "none".into(), |v| format!("{v:.2} %"))
}

fn answer(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::heading("Answer"));
    let f = parts.findings;
    let lines = MAIN.iter().filter(|(arm, ..)| f.of(arm).next().is_some()).map(|(arm, name, _)| {
        let good = f.successes(arm);
        format!(
            "{name}: median frequency error {}, median amplitude error {}; {} of {} seeds below 2 % and 10 %; median \
             error {} standard deviations",
            percent(median(&f.numbers(arm, false, |h| h.frequency_error))),
            percent(median(&f.numbers(arm, false, |h| h.amplitude_error))),
            good.iter().filter(|x| **x).count(),
            good.len(),
            f.error(arm).filter(|e| e.is_finite()).map_or("infinite".into(), |e| format!("{e:.3}")),
        )
    });
    blocks.push(Block::List(lines.collect()));
}

fn method(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    let c = parts.config;
    blocks.push(Block::heading("Method"));
    blocks
        .push(Block::Formula("u' = N(u); loss = mean ((u(tᵢ) − ũᵢ)/σ)² + λ Σⱼ meanᵢ ((Nⱼ − fⱼ)/sⱼ)²".into()));
    blocks.push(Block::List(vec![
        format!(
            "Cell: Hodgkin and Huxley 1952 with its modern voltages, {} µA/cm², after {} ms on its limit cycle. \
             One oscillation takes {:.3} ms. Rodas5P, tolerances 1e-10 and 1e-12, a sample every {} ms.",
            super::truth::CURRENT,
            super::truth::TRANSIENT,
            parts.truth.period,
            super::truth::SAMPLE
        ),
        format!(
            "Network: {} from the states in standard deviations to rates in standard deviations. Heun's method, a \
             step for each sample; gradients of the discrete trajectory.",
            c.hidden
        ),
        format!(
            "Training: {} iterations of Adam from {}, falling along half a cosine to a hundredth; gradients longer \
             than {} are shortened. The first 15 % of the iterations cut the window into 30 pieces from observed \
             states, the rest take it whole. A trajectory that diverges counts up to where it did.",
            c.iterations, c.learning_rate, c.clip
        ),
        "λ = 0.3; s is the standard deviation of each equation's rate over the window; residuals are taken at the \
         observed states. Each of this is changed by itself in the tables below."
            .into(),
        "The neural ODE has the same network, data and iterations, and no λ. PI-NODE has s = 1. The PINN is a \
         network of the same layers from time to states, with all observations, as many collocation points and \
         the same number of iterations; its residuals are not scaled."
            .into(),
        "Errors: frequency from the first to the last spike; amplitude is the greatest error of a peak, of the \
         cell's range; the error is the root mean square over time in standard deviations of each state, averaged \
         over states, and counts phase."
            .into(),
    ]));
}

fn number(values: &[f64]) -> Cell {
    match median(values).filter(|v| v.is_finite()) {
        Some(v) => Cell::digits(format!("{v:.3}")),
        None => Cell::number(None),
    }
}

/// Medians and ranges of every arm of a group.
fn numbers(parts: &Parts<'_>, group: Group) -> Table {
    let f = parts.findings;
    let row = |id: &str| {
        let of = |far, number| f.numbers(id, far, number);
        let (near, far) = (of(false, |h| h.frequency_error), of(true, |h| h.frequency_error));
        let errors = of(false, |h| h.error);
        let ends = errors.iter().fold((f64::INFINITY, 0.0), |(l, h), e| (f64::min(l, *e), f64::max(h, *e)));
        let range = match ends {
            (l, h) if l == h && l.is_finite() => "–".into(),
            // A line that does not break.
            (l, h) if h.is_finite() => format!("{l:.3}\u{a0}…\u{a0}{h:.3}"),
            (l, _) if l.is_finite() => format!("{l:.3} … infinite"),
            _ => "infinite".into(),
        };
        let good = f.successes(id);
        // One action potential has no frequency.
        let share = match group {
            Group::Subject => "–".into(),
            _ => format!("{} of {}", good.iter().filter(|x| **x).count(), good.len()),
        };
        let diverged: u64 = f.of(id).map(|n| n.diverged).sum();
        let failed = f.of(id).filter(|n| n.failure.is_some()).count();
        vec![
            Cell::text(format!("`{id}`")),
            number(&near),
            number(&of(false, |h| h.amplitude_error)),
            number(&of(false, |h| h.drift)),
            number(&errors),
            Cell::text(range),
            Cell::text(share),
            number(&far),
            Cell::text(format!("{diverged}, {failed}")),
        ]
    };
    Table {
        caption: format!("{}: medians over seeds to the first horizon", group.title()),
        header: header([
            "arm",
            "frequency error, %",
            "amplitude error, %",
            "drift, ms",
            "error, σ",
            "its range",
            "below 2 % and 10 %",
            "frequency error further on, %",
            "iterations with divergence, trainings ended by it",
        ]),
        rows: f.arms(group).into_iter().map(|a| row(&a.id)).collect(),
        ..Table::default()
    }
}

/// The error of every variable, up to each horizon.
fn variables(parts: &Parts<'_>) -> Table {
    let f = parts.findings;
    let mut rows = Vec::new();
    for (arm, label, _) in MAIN {
        let Some(horizons) = f.of(arm).map(|n| n.evaluation.horizons.len()).max() else { continue };
        for k in 0..horizons {
            let all: Vec<_> = f.of(arm).filter_map(|n| n.evaluation.horizons.get(k)).collect();
            // A trajectory that broke off is farther away than any other.
            let of = |j: usize| -> Vec<f64> {
                all.iter().map(|h| h.rmse.get(j).copied().flatten().unwrap_or(f64::INFINITY)).collect()
            };
            let end = all.first().map_or(f64::NAN, |h| h.end);
            let mut row = vec![Cell::text(label), Cell::text(format!("{end} ms"))];
            row.extend((0..parts.truth.states()).map(|j| number(&of(j))));
            rows.push(row);
        }
    }
    let names = parts.truth.names.iter();
    let header = names.map(|n| if n == "V" { "V, mV".to_owned() } else { n.clone() });
    Table {
        caption: "Root mean squared error of every variable, medians over seeds".into(),
        header: ["network", "up to"].map(str::to_owned).into_iter().chain(header).collect(),
        rows,
        ..Table::default()
    }
}

/// Shape and curvature of every gate.
fn shapes(parts: &Parts<'_>) -> Table {
    let f = parts.findings;
    let mut rows = Vec::new();
    for (arm, label, _) in MAIN {
        let all: Vec<_> = f.of(arm).filter_map(|n| n.evaluation.morphology.as_ref()).collect();
        if all.is_empty() {
            continue;
        }
        for (j, gate) in parts.truth.names.iter().skip(1).enumerate() {
            rows.push(vec![
                Cell::text(label),
                Cell::text(gate),
                number(&all.iter().map(|m| m.shape[j]).collect::<Vec<_>>()),
                number(&all.iter().map(|m| m.curvature[j]).collect::<Vec<_>>()),
            ]);
        }
    }
    Table {
        caption:
            "Gates over the last oscillation before the first horizon, medians over seeds that fire there"
                .into(),
        header: header([
            "network",
            "gate",
            "difference, % of range",
            "sharpest subthreshold bend over the cell's",
        ]),
        rows,
        ..Table::default()
    }
}

fn deviations(blocks: &mut Vec<Block>) {
    blocks.push(Block::heading("What is ours"));
    blocks.push(Block::List(vec![
        "The paper's network, sizes, learning rates, λ, scales, iterations and seeds are not public. All of them \
         are our choices, named above."
            .into(),
        "\"Scale-aware\" is read as the standard deviation of the equations' rates. Other readings stand among the \
         scales."
            .into(),
        "\"Along the trajectory\" is read as at the observed states; `residual-trajectory` takes residuals at the \
         network's own."
            .into(),
        "Curvature is taken where the cell's potential is below −40 mV, as the largest second derivative by time."
            .into(),
        "Luo and Rudy's cell begins at −20 mV instead of under a stimulus; it is observed every 0.05 ms over 450 ms, \
         and its numbers are those of the window itself."
            .into(),
    ]));
}
