//! The report on problem A, for a reader who knows neither the code nor the dissertation.

use super::config::{Config, PAPER_ITERATIONS};
use super::data::Data;
use super::figures::{self, Curve, thousands};
use super::findings::{Sample, Samples, published_columns};
use super::kept::{self, Kept};
use super::network::{Class, Network, Set, architectures};
use super::{Course, appendix};
use crate::Error;
use crate::claims::Publication;
use crate::manifest::Manifest;
use crate::report::{Block, Cell, Document, Table, Tone, header, scientific};
use crate::results::ClaimResult;
use crate::stats::{student, welch};

/// What a report is written from.
pub(crate) struct Parts<'a> {
    pub(crate) publication: &'a Publication,
    pub(crate) config: &'a Config,
    pub(crate) manifest: &'a Manifest,
    pub(crate) data: &'a Data,
    pub(crate) courses: &'a [Course],
    pub(crate) kept: &'a [Kept],
    pub(crate) results: &'a [ClaimResult],
    pub(crate) command: &'a str,
    pub(crate) resume: &'a str,
}

impl Parts<'_> {
    /// The networks of this run.
    fn fresh(&self) -> Samples<'_> {
        let sample =
            |c| Sample { trained: c, command: self.command, tier: self.config.tier, seed: self.config.seed };
        Samples { all: self.courses.iter().map(|c| sample(&c.trained)).collect() }
    }

    /// The paper-scale results to show beside them: none for a run that is of paper scale itself.
    fn kept(&self) -> Samples<'_> {
        if self.config.is_comparable() { Samples::default() } else { kept::samples(self.kept) }
    }
}

pub(crate) fn write(parts: &Parts<'_>) -> Result<Document, Error> {
    let mut blocks = Vec::new();
    banner(parts, &mut blocks);
    question(parts, &mut blocks);
    answer(parts, &mut blocks);
    method(parts, &mut blocks)?;
    for set in Set::ALL {
        set_results(parts, set, &mut blocks)?;
    }
    courses(parts, &mut blocks)?;
    tests(parts, &mut blocks);
    appendix::write(parts, &mut blocks);
    Ok(Document {
        title: "One action potential from ten points: problem A of Werneck 2024".into(),
        subtitle: format!(
            "Experiment W-A, tier {}, {} networks, {} iterations each",
            parts.config.tier,
            parts.config.networks.len(),
            thousands(parts.config.iterations)
        ),
        blocks,
    })
}

fn banner(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    if parts.config.is_comparable() {
        return;
    }
    let mut text = format!(
        "The fresh numbers of this report are not comparable with the paper: they come from {} iterations \
         of training, the paper's from {}. They show that every part works.",
        thousands(parts.config.iterations),
        thousands(PAPER_ITERATIONS)
    );
    if !parts.kept().all.is_empty() {
        text.push_str(
            " Beside them stand results of earlier runs at the paper's scale, kept with the sources and \
             marked as such.",
        );
    }
    blocks.push(Block::Notice(Tone::Warning, text));
}

fn question(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::heading("Question"));
    blocks.push(Block::Paragraph(
        "A small neural network is to learn one action potential of the FitzHugh–Nagumo model as a function of \
         time. Does it help to put the model's equations into the loss (a physics-informed network, PINN), \
         or do data alone do as well (a data-driven network, DDNN)? The dissertation answers: with only \
         ten data points every PINN is better than the DDNN of the same architecture, by an order of \
         magnitude; with a thousand points there is no significant difference."
            .into(),
    ));
    blocks.push(Block::Paragraph(format!("Source: {}, section 4.1.", parts.publication.citation)));
}

/// The answer in words that follow from the numbers.
fn answer(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::heading("Answer"));
    let fresh = (parts.fresh(), format!("This run ({} iterations)", thousands(parts.config.iterations)));
    let kept = (parts.kept(), "Kept results at paper scale".to_owned());
    for (samples, name) in [kept, fresh] {
        let said = sentences(parts.publication, &samples);
        blocks.extend(said.map(|said| Block::Paragraph(format!("{name}: {said}."))));
    }
}

/// What networks of both classes say, set by set; none without a pair of them.
pub(super) fn sentences(publication: &Publication, samples: &Samples<'_>) -> Option<String> {
    let mut sentences = Vec::new();
    for set in Set::ALL {
        let (ddnn, pinn) = samples.columns(publication, set);
        if ddnn.is_empty() {
            continue;
        }
        let better = ddnn.iter().zip(&pinn).filter(|(d, p)| p < d).count();
        let ratios: Vec<f64> = ddnn.iter().zip(&pinn).map(|(d, p)| d / p).collect();
        let low = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let high = ratios.iter().copied().fold(0.0, f64::max);
        sentences.push(format!(
            "with {} points the PINN is better in {better} of {} architectures (error ratio DDNN / PINN {})",
            set.points(),
            ddnn.len(),
            if ratios.len() > 1 {
                format!("{} to {}", scientific(low), scientific(high))
            } else {
                scientific(low)
            },
        ));
    }
    (!sentences.is_empty()).then(|| sentences.join("; "))
}

fn method(parts: &Parts<'_>, blocks: &mut Vec<Block>) -> Result<(), Error> {
    let p = &parts.config.protocol;
    blocks.push(Block::heading("Method"));
    blocks.push(Block::Paragraph("The model, for t from 0 to 20, without applied current:".into()));
    blocks.push(Block::Formula(
        "dU/dt = K [U (U − α)(1 − U) − W], dW/dt = ε (β U − γ W)\n\
         K = 10, α = 0.4, ε = 0.2, β = 0.2, γ = 0.8; U(0) = 0.5, W(0) = 0"
            .into(),
    ));
    blocks.push(Block::List(vec![
        "Data: explicit Euler with step 0.01, as in the dissertation. The scarce set has 10 points, the \
         complete set 1000."
            .into(),
        "Validation: the Euler solution at 1000 times (0.01, 0.03, … 19.99), the same for all networks, none \
         of them a training point. The error is also taken against an accurate solution (Tsit5, relative \
         tolerance 1e-10) at the same times: Euler itself is off by about 0.001."
            .into(),
        "Networks: fully connected, one input t, two outputs U and W. `SiLU32,Tanh8` is a layer of 32 SiLU \
         neurons, then one of 8 tanh neurons."
            .into(),
        format!(
            "Loss of a DDNN: half the squared error on {} data points. A PINN adds the squared residual of the \
             equations at {} random times and the squared error of the initial condition ({} points at t = 0). \
             The time derivative of the network is exact (forward-mode differentiation).",
            p.data_batch, p.physics_batch, p.initial_batch
        ),
        format!(
            "Training: Adam, learning rate {}, {} iterations, validation every {}.",
            p.adam.learning_rate,
            thousands(parts.config.iterations),
            thousands(parts.config.validate_every)
        ),
        "Every trained network is exported as an ONNX file; all errors below are computed from what the \
         inference session gives when it runs that file."
            .into(),
    ]));
    blocks.push(Block::Paragraph(
        "The error of a sample (eq. 3.3), of which the tables are to print the mean and the maximum over the validation \
         set:"
            .into(),
    ));
    blocks.push(Block::Formula("V = |U_network − U_true| + |W_network − W_true|".into()));
    blocks.push(Block::Paragraph(
        "The program that the author published takes another mean, over U and W too, which is half as large. Below, \
         means beside printed ones are the program's; greatest errors are those of V, at least as large as the \
         program's, which takes the greatest of |ΔU| and |ΔW|."
            .into(),
    ));
    blocks.push(Block::figure(
        "fig16-data",
        figures::training_sets(parts.data)?,
        "The two training sets (corresponds to Fig. 16). U is the potential, W the recovery variable, both \
                  without unit.",
    ));
    Ok(())
}

fn set_results(parts: &Parts<'_>, set: Set, blocks: &mut Vec<Block>) -> Result<(), Error> {
    let (fresh, kept) = (parts.fresh(), parts.kept());
    blocks.push(Block::heading(format!(
        "Results: {set} set, {} points (Table {})",
        set.points(),
        set.table()
    )));
    let with_kept = kept.all.iter().any(|s| s.trained.network.set == set);
    let measures = [("mean_error", "Mean of |ΔU| and |ΔW|"), ("max_error", "Greatest error |ΔU| + |ΔW|")];
    for measure in measures {
        blocks.push(Block::Table(error_table(parts, set, measure, &fresh, &kept, with_kept)));
    }
    let number = if set == Set::Scarce { 17 } else { 21 };
    let (samples, label) = if with_kept {
        (&kept, "kept, paper scale".to_owned())
    } else {
        (&fresh, figures::run_label(parts.config))
    };
    blocks.push(Block::figure(format!("fig{number}-{set}"), figures::errors(parts.publication, set, samples, &label)?, format!(
            "Mean error of both classes for each architecture (corresponds to Fig. {number}). Rings: published in \
             Table {}. Dots: {label}. The axis is logarithmic; left is better.",
            set.table()
        )));
    if set == Set::Scarce {
        // The pair that the dissertation shows, at the greatest scale that there is.
        let curves = curves(parts);
        if let Some((pinn, ddnn)) = figures::shown_pair(&curves, set) {
            blocks.push(Block::figure("fig18-solution", figures::solutions(parts.data, pinn, ddnn)?, format!(
                    "What a PINN and a DDNN of the same architecture give after training on ten points (corresponds \
                     to Fig. 18). {}",
                    origin(parts)
                )));
        }
    }
    Ok(())
}

/// Where the figures of single networks come from.
fn origin(parts: &Parts<'_>) -> String {
    if parts.kept().all.is_empty() {
        format!("From this run ({} iterations).", thousands(parts.config.iterations))
    } else {
        format!("From the kept run at paper scale ({} iterations).", thousands(PAPER_ITERATIONS))
    }
}

fn curves(parts: &Parts<'_>) -> Vec<Curve> {
    if parts.kept().all.is_empty() {
        parts.courses.iter().map(Curve::of_run).collect()
    } else {
        parts.kept.iter().map(Curve::of_kept).collect()
    }
}

fn error_table(
    parts: &Parts<'_>,
    set: Set,
    (quantity, measure): (&str, &str),
    fresh: &Samples<'_>,
    kept: &Samples<'_>,
    with_kept: bool,
) -> Table {
    let comparable = parts.config.is_comparable();
    let pick = |samples: &Samples<'_>, class, layers: &str| {
        let errors = samples.find(set, class, layers)?.trained.evaluation.euler;
        Some(if quantity == "max_error" { errors.max } else { errors.mean_as_printed() })
    };
    let mut columns = vec!["published"];
    if with_kept {
        columns.push("kept, paper scale");
    }
    columns.push("this run");
    let mut rows = Vec::new();
    for layers in architectures(parts.publication, set) {
        let mut row = vec![Cell::text(format!("`{layers}`"))];
        for class in Class::ALL {
            let network = Network { set, class, layers: layers.clone() };
            let claim = parts.publication.claim(&network.claim(quantity));
            row.push(Cell::number(claim.map(|c| c.value)));
            let judged = |value: Option<f64>| {
                let tone = match (claim, value) {
                    (Some(c), Some(v)) if c.rule.holds(c.value, v) => Tone::Good,
                    (Some(_), Some(_)) => Tone::Bad,
                    _ => Tone::Quiet,
                };
                Cell::number(value).toned(tone)
            };
            if with_kept {
                row.push(judged(pick(kept, class, &layers)));
            }
            let value = pick(fresh, class, &layers);
            row.push(if comparable { judged(value) } else { Cell::number(value).toned(Tone::Quiet) });
        }
        rows.push(row);
    }
    let colours = if comparable || with_kept {
        " In colour: green agrees by the claim's rule, red does not."
    } else {
        ""
    };
    let grey = if comparable { "" } else { " This run, in grey: not comparable, fewer iterations." };
    Table {
        caption: format!("{measure} over the validation set, {set} set.{colours}{grey}"),
        groups: std::iter::once((String::new(), 1))
            .chain(Class::ALL.map(|class| (class.to_string(), columns.len())))
            .collect(),
        header: std::iter::once("hidden layers".to_owned())
            .chain(Class::ALL.iter().flat_map(|_| columns.iter().map(|c| (*c).to_owned())))
            .collect(),
        rows,
    }
}

fn courses(parts: &Parts<'_>, blocks: &mut Vec<Block>) -> Result<(), Error> {
    let curves = curves(parts);
    let Some((pinn, ddnn)) = figures::shown_pair(&curves, Set::Scarce) else { return Ok(()) };
    blocks.push(Block::heading("Course of the training"));
    blocks.push(Block::figure(
        "fig19-validation",
        figures::validation(pinn, ddnn)?,
        format!(
            "Validation error in the course of training, PINN left, DDNN right (corresponds to Fig. 19). {}",
            origin(parts)
        ),
    ));
    blocks.push(Block::figure("fig20-loss", figures::losses(pinn, ddnn)?, format!(
            "Terms of the training loss, each without its weight, for the batch of that iteration (corresponds \
             to Fig. 20). {}",
            origin(parts)
        )));
    Ok(())
}

fn tests(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::heading("Statistical tests"));
    let of = |id: &str| parts.publication.claim(id).map_or(f64::NAN, |c| c.value);
    let on = |set: Set| {
        let (ddnn, pinn) = published_columns(parts.publication, set);
        student(&ddnn, &pinn).map_or((f64::NAN, f64::NAN), |t| (t.t, t.p))
    };
    let (complete, scarce) = (on(Set::Complete), on(Set::Scarce));
    blocks.push(Block::Paragraph(format!(
        "The dissertation compares the two classes by a t test and does not say which. From the printed rows of \
         Table 15, Student's unpaired test on the raw mean errors gives t = {:.3} and p = {:.3}: the printed \
         p of {}, and nearly the printed t of {} (the table is rounded to three digits). So that test is taken \
         here. From the printed rows of Table 14 the same test gives t = {:.2}; a paired test and tests on \
         logarithms do not give the printed {} either. It may have been computed over more networks than the table \
         lists.",
        complete.0,
        complete.1,
        of("W-A/complete/p"),
        of("W-A/complete/t"),
        scarce.0,
        of("W-A/scarce/t"),
    )));
    let (fresh, kept) = (parts.fresh(), parts.kept());
    let mut rows = Vec::new();
    for set in Set::ALL {
        let listed = architectures(parts.publication, set).len();
        let printed = |q: &str| parts.publication.claim(&format!("W-A/{set}/{q}")).map(|c| c.value);
        let row = |what: &str, n: usize, numbers: [Option<f64>; 3], tone: Tone| {
            let mut row =
                vec![Cell::text(set.to_string()), Cell::text(what), Cell::digits(format!("{n} of {listed}"))];
            row.extend(numbers.map(|x| Cell::number(x).toned(tone)));
            row
        };
        let tests = |(ddnn, pinn): &(Vec<f64>, Vec<f64>)| {
            let test = student(ddnn, pinn);
            [test.map(|t| t.t), test.map(|t| t.p), welch(ddnn, pinn).map(|t| t.p)]
        };
        rows.push(row("printed in the text", listed, [printed("t"), printed("p"), None], Tone::Plain));
        let table = published_columns(parts.publication, set);
        let name = format!("computed from the printed Table {}", set.table());
        rows.push(row(&name, listed, tests(&table), Tone::Plain));
        for (samples, name) in [(&kept, "kept, paper scale"), (&fresh, "this run")] {
            let columns = samples.columns(parts.publication, set);
            let n = columns.0.len();
            if n > 0 {
                rows.push(row(name, n, tests(&columns), Tone::Quiet));
            }
        }
    }
    blocks.push(Block::Table(Table {
        caption:
            "DDNN against PINN, mean errors: Student's t (positive: DDNN worse) and its two-sided p; the p of \
                  Welch's test, which does not take the variances of the classes for equal (with as many networks of \
                  either its t is the same). A test over fewer architectures than the table lists is no verdict on \
                  the claim."
                .into(),
        groups: Vec::new(),
        header: header(["set", "source", "architectures", "t", "p", "p (Welch)"]),
        rows,
    }));
}
