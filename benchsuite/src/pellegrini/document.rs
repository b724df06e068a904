//! The report, for a reader who knows neither the code nor the paper.

use surrogates::MuonConfig;

use super::cell::CellId;
use super::config::{Config, MARGIN, PAPER_EPOCHS, Part, Search, Size};
use super::findings::{Findings, RATE, estimated_hours, settled};
use super::train::Trained;
use super::{figures, tune};
use crate::claims::Publication;
use crate::manifest::Manifest;
use crate::report::{Again, Block, Cell, Document, Table, Tone, header, scientific, verdicts};
use crate::reproduce::Options;
use crate::results::ClaimResult;
use crate::{Error, Tier};

/// What a report is written from.
pub(crate) struct Parts<'a> {
    pub(crate) publication: &'a Publication,
    pub(crate) config: &'a Config,
    pub(crate) manifest: &'a Manifest,
    pub(crate) findings: &'a Findings,
    pub(crate) results: &'a [ClaimResult],
    pub(crate) command: &'a str,
    pub(crate) resume: &'a str,
}

pub(crate) fn write(parts: &Parts<'_>) -> Result<Document, Error> {
    let mut blocks = Vec::new();
    let (f, config) = (parts.findings, parts.config);
    if !config.is_comparable() {
        blocks.push(Block::Notice(
            Tone::Warning,
            format!(
                "The errors in this report are not comparable with the paper: they come from {} epochs on {} \
                 trajectories of {} points, the paper's from {PAPER_EPOCHS} epochs on 3000 of 1260. They show that \
                 every part works.",
                config.epochs, config.samples[0], config.points
            ),
        ));
    }
    method(parts, &mut blocks);
    if !f.nets.is_empty() {
        blocks.push(Block::heading("Errors"));
        blocks.push(Block::Table(errors(f)));
        blocks.push(Block::Table(variables(f)));
        blocks.push(Block::Table(physiology(f)));
        blocks.extend(figures::all(f)?);
    }
    if config.parts.contains(&Part::Epochs) {
        epochs(f, &mut blocks);
    }
    if f.nets.iter().any(|t| t.resolution.is_some()) {
        resolution(f, &mut blocks);
    }
    if !f.candidates.is_empty() {
        blocks.push(Block::heading("Search for a network (F-TUNE)"));
        blocks.push(Block::Table(candidates(f)));
    }
    deviations(parts, &mut blocks);
    blocks.push(Block::heading("Verdicts"));
    blocks.push(Block::Paragraph(
        "One line for each published number; the same list is in `results.json`. PASS and DIFFERS are given to errors \
         at the paper's scale alone: fewer epochs count if the error is met. What has no verdict is NOT_RUN, with the reason."
            .into(),
    ));
    if !config.is_comparable() {
        blocks.extend(verdicts::kept(parts.publication, false)?);
    }
    blocks.push(verdicts::table(parts.publication, parts.results, false));
    blocks.extend(
        Again {
            what: "operators",
            more: "",
            command: parts.command,
            resume: parts.resume,
            experiment: &config.experiment,
        }
        .blocks(),
    );
    blocks.push(Block::heading("Where the numbers come from"));
    blocks.push(Block::Table(crate::provenance::table(parts.manifest, config.seed)));
    Ok(Document {
        title: "Fourier neural operators of ionic models: Pellegrini et al. 2025".into(),
        subtitle: format!(
            "Experiment {}, tier {}, {} operators, {} epochs each",
            config.experiment,
            config.tier,
            config.nets.len(),
            config.epochs
        ),
        blocks,
    })
}

fn method(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::heading("Question"));
    blocks.push(Block::Paragraph(
        "A stimulus is a function of time, and so is every variable of the cell that receives it. Can a network learn \
         the map from the one function to all the others at once, for models of 2, 4 and 41 variables? The paper says \
         yes, to about one percent, and that networks of half a million parameters are as good as free ones, but need \
         twice the epochs."
            .into(),
    ));
    blocks.push(Block::Paragraph(format!("Source: {}", parts.publication.citation)));
    blocks.push(Block::heading("Method"));
    blocks.push(Block::Formula(
        "v₀ = P(t, I_app)\nvₗ₊₁ = σ(K vₗ + W vₗ)   or   σ(M(K vₗ) + W vₗ)   or   vₗ + σ(K vₗ + W vₗ)\nstates = Q(v_L)"
            .into(),
    ));
    let c = parts.config;
    blocks.push(Block::Paragraph(format!(
        "K keeps the lowest Fourier modes of each channel and mixes the channels, mode by mode; W, M, P and Q work \
         point by point. Data: single pulses from t = 0 of random strength and length, {} trajectories to learn from, \
         {} to watch with and {} to judge by, {} points each, integrated by Rodas5P at a relative tolerance of 1e-8, \
         and normalised for each variable and each time over the training trajectories. Loss: relative L² error, \
         averaged over variables; {}; batches of {}; {}.",
        c.samples[0],
        c.samples[1],
        c.samples[2],
        c.points,
        match c.muon {
            None => "AdamW",
            Some(_) => "Muon for the square matrices of Fourier layers, AdamW for all else",
        },
        c.batch,
        match c.decay {
            None => "the learning rate falls in steps every 10 epochs".to_owned(),
            Some(_) => format!("the learning rate falls along a half-wave of the cosine over {} epochs", c.epochs),
        }
    )));
}

fn errors(f: &Findings) -> Table {
    let rows = f.nets.iter().map(|t| {
        vec![
            Cell::text(t.net.cell.title()),
            Cell::text(t.net.size.to_string()),
            Cell::text(t.parameters.to_string()),
            Cell::text(t.epochs.to_string()),
            Cell::finite(t.errors.mean_l1()),
            Cell::finite(t.errors.mean_l2()),
            Cell::finite(t.errors.h1),
            Cell::time(t.milliseconds_per_iteration),
        ]
    });
    Table {
        caption: "Relative errors over test trajectories, means over variables: norms of the error over those of the \
                  solution, both in normal units (normalised for each variable and time); H¹ counts derivatives, too. \
                  Times are wall times of the last start, on a machine with other work."
            .into(),
        header: header(["cell", "network", "parameters", "epochs", "L¹", "L²", "H¹", "ms an iteration"]),
        rows: rows.collect(),
        ..Table::default()
    }
}

fn variables(f: &Findings) -> Table {
    let mut rows = Vec::new();
    for t in &f.nets {
        for (j, name) in t.errors.variables.iter().enumerate() {
            rows.push(vec![
                // Forty rows need not say of which network they are.
                Cell::text(if j == 0 { t.net.id() } else { String::new() }),
                Cell::text(name.clone()),
                Cell::number(t.errors.l1.get(j).copied()),
                Cell::number(t.errors.l2.get(j).copied()),
                Cell::number(t.errors.h1_each.get(j).copied()),
                Cell::number(t.errors.physical_l1.get(j).copied()),
                Cell::number(t.errors.physical_l2.get(j).copied()),
                Cell::number(t.errors.physical_h1.get(j).copied()),
                Cell::number(t.errors.pooled_l2.get(j).copied()),
                Cell::number(t.errors.rms.get(j).copied()),
                Cell::number(t.errors.physical_max.get(j).copied()),
            ]);
        }
    }
    Table {
        caption:
            "Errors of each variable: relative in normal units; in physical units relative, averaged over \
                  trajectories, of which those in which nearly nothing happens count as much as the others; \
                  relative of all trajectories as one (pooled); root mean square and the greatest, in the \
                  variable's unit."
                .into(),
        header: header([
            "network",
            "variable",
            "L¹",
            "L²",
            "H¹",
            "physical L¹",
            "physical L²",
            "physical H¹",
            "pooled L²",
            "RMS",
            "greatest",
        ]),
        rows,
        ..Table::default()
    }
}

fn physiology(f: &Findings) -> Table {
    let rows = f.nets.iter().map(|t| {
        let p = t.errors.physiology;
        vec![
            Cell::text(t.net.id()),
            Cell::text(format!("{} of {}", p.both + p.missed, t.errors.samples)),
            Cell::text(p.missed.to_string()),
            Cell::text(p.invented.to_string()),
            Cell::finite(if p.repolarised > 0 { p.apd90 } else { f64::NAN }),
            Cell::finite(if p.both > 0 { p.peak } else { f64::NAN }),
            Cell::number(p.calcium),
        ]
    });
    Table {
        caption: "Action potentials: how many trajectories have one, how many the operator misses or invents, mean \
                  absolute errors of the duration at 90 % and of the peak, and mean relative error of the amplitude of \
                  the calcium transient."
            .into(),
        header: header(["network", "excited", "missed", "invented", "APD90", "peak", "calcium"]),
        rows: rows.collect(),
        ..Table::default()
    }
}

fn epochs(f: &Findings, blocks: &mut Vec<Block>) {
    blocks.push(Block::heading("Epochs (F-EPOCHS)"));
    let line = |t: &Trained| settled(t).map(|e| format!("{}: epoch {e:.0} of {}", t.net.id(), t.epochs));
    let mut lines: Vec<String> = f.nets.iter().filter_map(line).collect();
    for cell in CellId::ALL {
        if let Some(ratio) = f.epochs_ratio(cell) {
            lines.push(format!("{}: unconstrained by constrained {ratio:.2}", cell.title()));
        }
    }
    blocks.push(Block::Paragraph(
        "The first epoch whose error over validation trajectories is within 5 % of the last. It depends on the \
         schedule of the learning rate, so that two networks are compared at the same number of epochs alone."
            .into(),
    ));
    blocks.push(Block::List(lines));
}

fn resolution(f: &Findings, blocks: &mut Vec<Block>) {
    blocks.push(Block::heading("A finer grid than was learned at (F-RES)"));
    for t in &f.nets {
        let Some((coarse, fine)) = &t.resolution else { continue };
        blocks.push(Block::Paragraph(format!(
            "{} on {} other trajectories: relative L² error {} at the {} points that it learned at, {} at {} points of \
             the same interval. Scales are interpolated, padding grows with the points, parameters are the same.",
            t.net.id(),
            coarse.samples,
            scientific(coarse.mean_l2()),
            coarse.points,
            scientific(fine.mean_l2()),
            fine.points
        )));
    }
}

fn candidates(f: &Findings) -> Table {
    let rows = f.candidates.iter().map(|c| {
        let n = c.config.network;
        vec![
            Cell::text(c.number.to_string()),
            Cell::text(n.to_string()),
            Cell::text(c.parameters.to_string()),
            Cell::finite(c.config.adam.learning_rate),
            Cell::finite(c.config.weight_decay),
            Cell::text(c.errors.iter().map(|e| scientific(*e)).collect::<Vec<_>>().join(", ")),
        ]
    });
    Table {
        caption:
            "Candidates, the best first: errors over validation trajectories at each rung that was reached."
                .into(),
        header: header(["number", "network", "parameters", "learning rate", "weight decay", "errors"]),
        rows: rows.collect(),
        ..Table::default()
    }
}

/// What the published search takes.
fn search_hours() -> Option<String> {
    let run = Config::new("F-TUNE", &[Part::Tune], &Options::new(Tier::Paper)).ok()?;
    let search = run.search.as_ref()?;
    let each = CellId::ALL.into_iter().flat_map(|cell| {
        [search.parameters, None].map(|parameters| {
            let search = Search { cell, parameters, ..search.clone() };
            let space = if parameters.is_some() { Size::Constrained } else { Size::Unconstrained };
            format!("{cell} {space} {:.0} h", tune::estimated_hours(&run, &search))
        })
    });
    Some(format!(
        "What a search of {} candidates takes, of which one in {} goes on from epoch {} to {}: {}.",
        search.candidates,
        search.reduction,
        search.rungs.first()?,
        search.rungs.last()?,
        each.collect::<Vec<_>>().join(", ")
    ))
}

fn deviations(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::heading("Deviations from the paper, and what it does not print"));
    let mut lines = vec![
        "How pulses are drawn is inferred from statistics that the authors released; O'Hara–Rudy's is chosen here: \
         35 % of −80 to −10 A/F and 0.5 to 1 ms, 25 % of −16 to −2 A/F and 1 to 5 ms, 40 % of −4 to −0.2 A/F and \
         5 to 100 ms, each with the threshold inside."
            .to_owned()
            + &parts.config.near_threshold.map_or_else(String::new, |near| {
                format!(
                    " But {near} of the {} to learn from are as strong as the weakest that excites at their length, to \
                     {:.0} %; those to watch with and to judge by are not.",
                    parts.config.samples[0],
                    100.0 * MARGIN
                )
            }),
        "Points lie at i·T/N without the end of the interval, so that a finer grid holds those of a coarser one. The \
         authors take every fourth of 5040 points with the end for FitzHugh–Nagumo and Hodgkin–Huxley, and all \
         5040 for O'Hara–Rudy; here it has 1260 for 500 ms, and the network sees the mean of the current between \
         two of them, so that pulses of different charge never look the same."
            .into(),
        "O'Hara–Rudy's constrained network is the one that the authors' code had in April 2025, when the paper was \
         sent in; an earlier state of it has 48 channels and 22 modes."
            .into(),
        "A batch that the end of an epoch leaves short is filled from the next epoch.".into(),
        "After the last Fourier layer of the residual kind v is added as in the others; the authors' code leaves that \
         layer out altogether."
            .into(),
        "The search draws its candidates independently and halves them together; the paper's is a tree of Parzen \
         estimators with asynchronous halving. Over a cluster it runs as a sweep of brackets: \
         `cargo xtask sweep new benchsuite/plans/pellegrini2025/f-tune-paper.toml DIR`."
            .into(),
    ];
    if let Some(decay) = parts.config.decay {
        lines.push(format!(
            "The learning rate falls as {decay:?} over {} epochs instead of the published steps over {PAPER_EPOCHS}.",
            parts.config.epochs
        ));
    }
    if let Some(rate) = parts.config.rate {
        lines.push(format!(
            "The learning rate of every network begins at {rate} instead of the published one."
        ));
    }
    if let Some(MuonConfig { momentum, size }) = parts.config.muon {
        lines.push(format!(
            "W, both maps of M and the complex weights of each mode move by Muon (Jordan et al. 2024, momentum \
             {momentum}, steps of {size} learning rates) instead of AdamW: each step is, nearly, the unitary \
             matrix that is nearest to the momentum."
        ));
    }
    if let Some(coarse) = parts.config.coarse {
        lines.push(format!(
            "But for O'Hara and Rudy's cell the first {} epochs are at one of {} points, each with the mean of the \
             current until the next: an epoch there takes {} times less.",
            coarse.epochs, coarse.every, coarse.every
        ));
    }
    let published: Vec<String> = CellId::ALL
        .into_iter()
        .flat_map(|cell| {
            [Size::Constrained, Size::Unconstrained].map(|size| super::config::NetId { cell, size })
        })
        .map(|net| format!("{} {:.0} h", net.id(), estimated_hours(&net)))
        .collect();
    lines.push(format!(
        "What the published protocol takes, at {:.0} GFLOP/s of one core: {}.",
        RATE / 1e9,
        published.join(", ")
    ));
    lines.extend(search_hours());
    blocks.push(Block::List(lines));
}
