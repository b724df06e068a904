//! What a report says of one experiment: how its networks were trained, what they say, tables, figures.

use super::analyses::{Response, Size};
use super::best::{self, Exported};
use super::{answers, figures, findings, select, tables};
use crate::Error;
use crate::claims::Publication;
use crate::report::{Block, Table, Tone};
use crate::trial::{Class, Problem, Protocol, TrialResult};

/// The section of an experiment, of its networks among `all`; figures of single networks are drawn with the
/// files that `exported` finds.
pub(super) fn blocks(
    publication: &Publication,
    all: &[TrialResult],
    experiment: &str,
    exported: Exported<'_>,
) -> Result<Vec<Block>, Error> {
    let of = select::of(all, experiment);
    let mut blocks = vec![Block::heading(format!("{experiment}{}", about(experiment)))];
    blocks.extend(protocol(&of));
    blocks.extend(answer(publication, experiment, &of));
    blocks.extend(tables_of(publication, experiment, &of));
    blocks.extend(figures_of(experiment, &of)?);
    for network in select::best_of_each_domain(&of) {
        blocks.extend(best::blocks(experiment, network, exported)?);
    }
    Ok(blocks)
}

fn about(experiment: &str) -> &'static str {
    match experiment {
        "W-BS1" => ": classes and batch sizes, problem B_S",
        "W-BS2" => ": architectures, problem B_S",
        "W-BC1" => ": long and short time domain, problem B_C",
        "W-BC2" => ": small networks, problem B_C",
        "W-IT" => ": iterators, problem B_C",
        "W-C" => ": problem C",
        "W-WIN" => ": time windows",
        _ => "",
    }
}

/// A table, or why there is none.
fn table(made: Result<Table, Error>) -> Block {
    match made {
        Ok(table) => Block::Table(table),
        Err(error) => Block::Notice(Tone::Quiet, format!("A table is left out: {error}.")),
    }
}

/// How the networks of an experiment were trained where that is not as the text says; nothing for others.
fn protocol(of: &[&TrialResult]) -> Option<Block> {
    let program = of.iter().filter(|r| r.spec.protocol() == Some(Protocol::Program));
    let first = program.into_iter().next()?;
    let [u, w] = first.spec.initial_domain();
    let iterator = first.spec.class == Class::Itnn;
    let until = if first.spec.problem == Problem::C {
        format!("; solutions end at t = {}, where the text has 50", first.spec.t_end())
    } else {
        String::new()
    };
    Some(Block::Paragraph(format!(
        "These networks are trained as the program that the author published does it \
         (github.com/ybwerneck/Pinn-Torch, commit 7cd578e), and not as the text says: the loss is the mean length \
         of the error vector and not half its square; {}initial states lie in U {}…{} and W {}…{} and not in 0…1 and \
         0…0.18{until}. Errors are the program's, the mean over U and W: half of the sum that eq. 3.3 prints.",
        if iterator { "" } else { "solutions are sampled every 0.1; " },
        minus(u.0),
        u.1,
        minus(w.0),
        w.1
    )))
}

/// With the sign of a text.
fn minus(value: f64) -> String {
    value.to_string().replace('-', "−")
}

/// That tables are over a part of the networks that the printed ones are of; nothing if they are over all.
fn part(tables: &str, found: usize, of: usize) -> Option<Block> {
    (found < of).then(|| {
        Block::Notice(
            Tone::Quiet,
            format!("{tables} are over {found} of {of} networks: no verdict is given by them."),
        )
    })
}

/// What the results say, in a paragraph; nothing if they say nothing.
fn answer(publication: &Publication, experiment: &str, of: &[&TrialResult]) -> Option<Block> {
    let sentences = answers::answer(publication, experiment, of);
    (!sentences.is_empty()).then(|| Block::Paragraph(format!("Answer. {}", sentences.join(" "))))
}

fn tables_of(publication: &Publication, experiment: &str, of: &[&TrialResult]) -> Vec<Block> {
    let mut blocks = Vec::new();
    match experiment {
        "W-BS1" => {
            let two = findings::twenty(of);
            blocks.extend(part("Tables 2 and 3", two.len(), 20));
            blocks.push(Block::Formula("Q(mean err) ≈ C(iccs)·bs + C(pinn)·bs   (eq. 4.1)".into()));
            for response in [Response::Error, Response::IterationTime] {
                blocks.push(table(tables::classes(publication, &two, response)));
            }
        }
        "W-BS2" => {
            let once = findings::architectures(of);
            blocks.extend(tables::notable(publication, experiment, &once).map(Block::Table));
            blocks.extend(part("Tables 5 and 6", once.len(), findings::ARCHITECTURES));
            blocks.push(Block::Formula("Q(mean err) ≈ C(shape)·neuron   (eq. 4.2)".into()));
            for size in Size::ALL {
                blocks.push(table(tables::shapes(publication, &once, size)));
            }
            blocks.push(table(tables::variances(publication, &once)));
            blocks.push(Block::Paragraph(
                "Shapes are those of the text of section 4.2.1 and of Table 16, by which (8, 32, 8) is a diamond; \
                 Tables 4 and 17 print it as a bowtie."
                    .into(),
            ));
            let rankings = [16, 17].map(|n| Block::Table(tables::ranking(publication, &once, n)));
            blocks.push(Block::Details("Tables 16 and 17".into(), rankings.to_vec()));
        }
        "W-BC1" => blocks.push(Block::Table(tables::domains(publication, of))),
        "W-WIN" => blocks.extend(answers::windows_table(of).map(Block::Table)),
        _ => {
            let once = select::first_seed(of);
            blocks.extend(tables::notable(publication, experiment, &once).map(Block::Table));
        }
    }
    blocks
}

fn figures_of(experiment: &str, of: &[&TrialResult]) -> Result<Vec<Block>, Error> {
    let mut blocks = Vec::new();
    let name = |what: &str| format!("{}-{what}", experiment.to_lowercase());
    let rings =
        "Rings are networks of two layers, dots of three or more; shapes are displaced sideways a little.";
    match experiment {
        "W-BS1" => {
            let svg = figures::batches(&name("batches"), of)?;
            blocks.push(Block::figure(
                name("batches"),
                svg,
                "As Figs 22 and 23: error and cost by class and batch size.",
            ));
            let svg = figures::classes(&name("classes"), of)?;
            blocks.push(Block::figure(
                name("classes"),
                svg,
                "As Figs 24 and 25: error by batch size, coloured by the number of neurons, and by neurons, \
                 coloured by class; classes are displaced sideways a little.",
            ));
        }
        "W-BC1" => {
            let svg = figures::domains(&name("domains"), of)?;
            blocks.push(Block::figure(
                name("domains"),
                svg,
                "As Fig. 29: error by the end of the time domain.",
            ));
        }
        _ => {
            let number = match experiment {
                "W-BS2" => "As Fig. 26",
                "W-BC2" => "As Fig. 30",
                "W-C" => "As Fig. 38",
                _ => "Errors",
            };
            let svg = figures::shapes(&name("shapes"), &format!("{experiment}: all networks"), of)?;
            blocks.push(Block::figure(
                name("shapes"),
                svg,
                format!("{number}: error by neurons and shape. {rings}"),
            ));
        }
    }
    if of.iter().any(|r| r.spec.extra.is_some()) {
        let svg = figures::extra(&name("extra"), of)?;
        let number = if experiment == "W-C" { "37" } else { "34" };
        let caption = format!("As Fig. {number}: with and without extra data.");
        blocks.push(Block::figure(name("extra"), svg, caption));
    }
    if let Some(shown) = courses_shown(of) {
        let svg = figures::courses(&name("courses"), &shown)?;
        blocks.push(Block::figure(
            name("courses"),
            svg,
            "The course of training; rings are breakthroughs, where the error falls below half of its smallest \
             value so far.",
        ));
    }
    Ok(blocks)
}

/// Whose course is shown: the best, the median, the worst.
fn courses_shown<'a>(of: &[&'a TrialResult]) -> Option<Vec<(&'static str, &'a TrialResult)>> {
    let ranked = select::ranked(of);
    let (best, worst) = (ranked.first()?, ranked.last()?);
    Some(match ranked.len() {
        1 => vec![("the only one", *best)],
        2 => vec![("best", *best), ("worst", *worst)],
        n => vec![("best", *best), ("median", ranked[n / 2]), ("worst", *worst)],
    })
}
