//! What the report of a sweep of networks says: tables, verdicts, figures, experiment by experiment.

use super::analyses::{Response, Size};
use super::cuts::{Network, Prediction, starts};
use super::select::{self, error};
use super::{figures, findings, results, solutions, tables};
use crate::claims::Publication;
use crate::report::{Block, Table, Tone, scientific, verdicts};
use crate::results::ClaimResult;
use crate::sweep::finished::Finished;
use crate::trial::{Class, Problem, Protocol, TrialResult};
use crate::{Error, files};

/// The parts of the report.
pub(super) fn blocks(sweep: &Finished<'_>) -> Result<Vec<Block>, Error> {
    let all = results(sweep)?;
    if all.is_empty() {
        return Ok(vec![Block::Notice(Tone::Quiet, "No network is finished yet.".into())]);
    }
    let publication = Publication::werneck2024()?;
    let command = crate::sweep::command("run", sweep.folder.path());
    let judged = findings::judge(&publication, &all, &command);
    files::write_json(&sweep.folder.path().join("results.json"), &judged)?;
    let mut blocks = Vec::new();
    if let Some(doubt) = findings::doubt(&all) {
        blocks.push(Block::Notice(Tone::Warning, format!("{doubt}.")));
    }
    blocks.push(Block::Paragraph(format!(
        "Unless said otherwise, errors are |ΔU| + |ΔW| (eq. 3.3), mean over the validation set, against the \
         explicit Euler solution \
         with step 0.01 as in the dissertation; `results.csv` has them against an accurate solution too. \
         Published numbers: {}.",
        publication.citation
    )));
    for experiment in select::experiments(&all) {
        blocks.push(Block::heading(format!("{experiment}{}", about(&experiment))));
        blocks.extend(tables_of(&publication, &experiment, &select::of(&all, &experiment)));
        blocks.extend(figures_of(sweep, &all, &experiment)?);
    }
    blocks.extend(verdict_blocks(&publication, &judged));
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

/// What differs from the publication's text in networks that follow its author's program; nothing for
/// others.
fn protocol(of: &[&TrialResult]) -> Option<Block> {
    of.iter().any(|r| r.spec.protocol() == Some(Protocol::Program)).then(|| {
        Block::Paragraph(
            "These networks are trained as the program that the author published does it \
             (github.com/ybwerneck/Pinn-Torch, commit 7cd578e), and not as the text says: the loss is the mean length \
             of the error vector and not half its square; solutions are sampled every 0.1; initial states lie in U \
             −0.1…0.81 and W 0…0.12 (for iterators −0.1…1 and 0…0.2) and not in 0…1 and 0…0.18. Errors are the \
             program's, the mean over U and W: half of the sum that eq. 3.3 prints."
                .into(),
        )
    })
}

fn tables_of(publication: &Publication, experiment: &str, of: &[&TrialResult]) -> Vec<Block> {
    let mut blocks: Vec<Block> = protocol(of).into_iter().collect();
    match experiment {
        "W-BS1" => {
            let two = findings::twenty(of);
            blocks.push(Block::Formula("Q(mean err) ≈ C(iccs)·bs + C(pinn)·bs   (eq. 4.1)".into()));
            for response in [Response::Error, Response::IterationTime] {
                blocks.push(table(tables::classes(publication, &two, response)));
            }
        }
        "W-BS2" => {
            let once = findings::architectures(of);
            blocks.extend(tables::notable(publication, experiment, of).map(Block::Table));
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
        _ => blocks.extend(tables::notable(publication, experiment, of).map(Block::Table)),
    }
    blocks
}

fn figures_of(sweep: &Finished<'_>, all: &[TrialResult], experiment: &str) -> Result<Vec<Block>, Error> {
    let of = select::of(all, experiment);
    let mut blocks = Vec::new();
    let name = |what: &str| format!("{}-{what}", experiment.to_lowercase());
    let rings =
        "Rings are networks of two layers, dots of three or more; shapes are displaced sideways a little.";
    match experiment {
        "W-BS1" => {
            let svg = figures::batches(&name("batches"), &of)?;
            blocks.push(Block::figure(
                name("batches"),
                svg,
                "As Figs 22 and 23: error and cost by class and batch size.",
            ));
            let svg = figures::classes(&name("classes"), &of)?;
            blocks.push(Block::figure(
                name("classes"),
                svg,
                "As Figs 24 and 25: error by size and by class.",
            ));
        }
        "W-BC1" => {
            let svg = figures::domains(&name("domains"), &of)?;
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
            let svg = figures::shapes(&name("shapes"), &format!("{experiment}: all networks"), &of)?;
            blocks.push(Block::figure(
                name("shapes"),
                svg,
                format!("{number}: error by neurons and shape. {rings}"),
            ));
        }
    }
    if of.iter().any(|r| r.spec.extra.is_some()) {
        let svg = figures::extra(&name("extra"), &of)?;
        blocks.push(Block::figure(name("extra"), svg, "As Figs 34 and 37: with and without extra data."));
    }
    if let Some(shown) = courses_shown(&of) {
        let svg = figures::courses(&name("courses"), &shown)?;
        blocks.push(Block::figure(
            name("courses"),
            svg,
            "The course of training; rings are breakthroughs, where the error falls below half of its smallest \
             value so far.",
        ));
    }
    blocks.extend(best_network(sweep, all, experiment)?);
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

/// Values of U₀ and W₀ over which errors are shown.
const ACROSS: usize = 41;
const UP: usize = 19;
/// Times at which solutions are drawn, and at which cuts are.
const FINE: usize = 401;
const COARSE: usize = 61;

/// What the best network of an experiment gets wrong, and where.
fn best_network(sweep: &Finished<'_>, all: &[TrialResult], experiment: &str) -> Result<Vec<Block>, Error> {
    let Some(best) = select::best(&select::of(all, experiment), |_| true) else { return Ok(Vec::new()) };
    // Results and records are in one order.
    let Some(place) = all.iter().position(|r| std::ptr::eq(r, best)) else { return Ok(Vec::new()) };
    let folder = sweep.folder.trial(&sweep.records[place].0.id);
    let exported = folder.join(if best.spec.windows() == 1 { "model.onnx" } else { "window-0/model.onnx" });
    if !exported.exists() {
        let why = format!(
            "The folder of the best network, {}, holds no network: its figures are left out.",
            best.id
        );
        return Ok(vec![Block::Notice(Tone::Quiet, why)]);
    }
    let mut network = Network::open(&folder, &best.spec)?;
    let (fine, times) = (network.times(FINE), network.times(COARSE));
    // Problem C's middle: K = 0.5.
    let current = 0.1;
    let of = format!(
        "{} ({}), mean error {}",
        tables::layers(&best.spec.layers),
        best.spec.class,
        scientific(error(best))
    );
    let title = format!("best network of {experiment}, {}", best.spec.layers);
    let name = |what: &str| format!("{}-{what}", experiment.to_lowercase());

    let some = network.predict(&starts(13, 7), current, &fine)?;
    let field = network.predict(&starts(ACROSS, UP), current, &times)?;
    let few: Vec<Prediction> = network.predict(&starts(5, 3), current, &fine)?;
    let cuts = network.predict(&starts(ACROSS, 3), current, &times)?;
    let numbers = match (best.spec.problem, best.spec.class) {
        (_, Class::Itnn) => ["As Fig. 36", "As Fig. 35", "As Figs 32 and 33", "As Fig. 5"],
        (Problem::BS, _) => ["As Fig. 27", "As Fig. 28", "As Fig. 32 for problem B_S", "As Fig. 5"],
        (Problem::BC, _) => ["As Fig. 31", "As Fig. 28 for problem B_C", "As Figs 32 and 33", "As Fig. 5"],
        (Problem::C, _) => {
            ["As Fig. 31 for K = 0.5", "As Fig. 28 for K = 0.5", "As Fig. 32 for K = 0.5", "As Fig. 5"]
        }
    };
    Ok(vec![
        Block::figure(
            name("solutions"),
            solutions::solutions(&name("solutions"), &title, &some)?,
            format!(
                "{}: U over time from 91 initial states, by {of}. In front the {} that hold a point with at least \
                 80 % of the greatest error.",
                numbers[0],
                solutions::high(&some).len()
            ),
        ),
        Block::figure(
            name("slices"),
            solutions::slices(&name("slices"), &cuts, ACROSS)?,
            format!("{}: the error in three cuts of its domain.", numbers[1]),
        ),
        Block::figure(
            name("regions"),
            solutions::regions(&name("regions"), &field, ACROSS)?,
            format!("{}: where in the plane of initial values the error is high.", numbers[2]),
        ),
        Block::figure(
            name("phase"),
            solutions::phase_plane(&name("phase"), &title, &few)?,
            format!("{}: solutions in the phase plane.", numbers[3]),
        ),
    ])
}

fn verdict_blocks(publication: &Publication, results: &[ClaimResult]) -> Vec<Block> {
    if results.is_empty() {
        return Vec::new();
    }
    vec![
        Block::heading("Published claims"),
        Block::Paragraph(format!("{}. `results.json` has them all.", verdicts::counts(results))),
        Block::Details(
            format!("All {} claims", results.len()),
            vec![verdicts::table(publication, results, true)],
        ),
    ]
}
