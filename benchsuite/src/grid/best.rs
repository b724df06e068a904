//! What the best network of an experiment gets wrong, and where: figures that need the network itself.

use std::path::{Path, PathBuf};

use super::cuts::{Network, Prediction, starts};
use super::select::error;
use super::{figures, solutions, tables};
use crate::report::{Block, Tone, scientific};
use crate::trial::{Class, Problem, TrialResult};
use crate::{Error, files, trial};

/// Finds the folder that holds the exported files of a network, as [`trial::run`] leaves them.
pub(super) type Exported<'a> = &'a dyn Fn(&TrialResult) -> Option<PathBuf>;

/// Values of U₀ and W₀ over which errors are shown.
const ACROSS: usize = 41;
const UP: usize = 19;
/// Times at which solutions are drawn, and at which cuts are.
const FINE: usize = 401;
const COARSE: usize = 61;

/// The figures of a network, or why there are none.
pub(super) fn blocks(
    experiment: &str,
    best: &TrialResult,
    exported: Exported<'_>,
) -> Result<Vec<Block>, Error> {
    let whole = exported(best).filter(|folder| is_whole(folder, best));
    let Some(folder) = whole else {
        let why = format!(
            "The exported file of {} is not at hand: figures of solutions, of cuts and of regions of high error are left \
             out. A sweep that trains it, reported or kept, draws them.",
            best.id
        );
        return Ok(vec![Block::Notice(Tone::Quiet, why)]);
    };
    let network = Network::open(&folder, &best.spec)?;
    drawn(experiment, best, network)
}

/// Whether all files of a network are there, and are those that were judged.
fn is_whole(folder: &Path, result: &TrialResult) -> bool {
    let is_judged = |(k, hash): (usize, &String)| {
        let path = folder.join(trial::model_name(&result.spec, k));
        files::sha256_of(&path, "train it again").is_ok_and(|found| found == *hash)
    };
    !result.onnx_sha256.is_empty() && result.onnx_sha256.iter().enumerate().all(is_judged)
}

/// The figures of the dissertation that these are like: of solutions, of cuts, of regions, of the phase plane.
fn numbers(of: &TrialResult) -> [&'static str; 4] {
    match (of.spec.problem, of.spec.class) {
        (_, Class::Itnn) => ["As Fig. 36", "As Fig. 35", "As Fig. 32 for an iterator", "As Fig. 5"],
        (Problem::BS, _) => ["As Fig. 27", "As Fig. 28", "As Fig. 32 for problem B_S", "As Fig. 5"],
        (Problem::BC, _) if of.spec.t_end() < 50.0 => {
            ["As Fig. 31 up to this time", "As Fig. 28 for problem B_C", "As Fig. 33", "As Fig. 5"]
        }
        (Problem::BC, _) => ["As Fig. 31", "As Fig. 28 for problem B_C", "As Fig. 32", "As Fig. 5"],
        (Problem::C, _) => {
            ["As Fig. 31 for K = 0.5", "As Fig. 28 for K = 0.5", "As Fig. 32 for K = 0.5", "As Fig. 5"]
        }
    }
}

fn drawn(experiment: &str, best: &TrialResult, mut network: Network) -> Result<Vec<Block>, Error> {
    let domain = best.spec.initial_domain();
    let (fine, times) = (network.times(FINE), network.times(COARSE));
    // Problem C's middle: K = 0.5.
    let current = 0.1;
    let until = best.spec.t_end();
    let of = format!(
        "{} ({}, t up to {until}; {} {})",
        tables::layers(&best.spec.layers),
        best.spec.class,
        figures::measure(&[best]),
        scientific(error(best))
    );
    let title = format!("best network of {experiment}, {}, t up to {until}", best.spec.layers);
    let name = |what: &str| format!("{}-t{until}-{what}", experiment.to_lowercase());

    let some = network.predict(&starts(domain, 13, 7), current, &fine)?;
    let field = network.predict(&starts(domain, ACROSS, UP), current, &times)?;
    let few: Vec<Prediction> = network.predict(&starts(domain, 5, 3), current, &fine)?;
    let cuts = network.predict(&starts(domain, ACROSS, 3), current, &times)?;
    let numbers = numbers(best);
    Ok(vec![
        Block::figure(
            name("solutions"),
            solutions::solutions(&name("solutions"), &title, &some)?,
            format!(
                "{}: U over time from 91 initial states, by {of}. In front those that hold a point with at least \
                 80 % of the greatest error: {}.",
                numbers[0],
                solutions::high(&some).len()
            ),
        ),
        Block::figure(
            name("slices"),
            solutions::slices(&name("slices"), &cuts, domain, ACROSS)?,
            format!(
                "{}: the error in three cuts of the domain that it was trained on, t up to {until}.",
                numbers[1]
            ),
        ),
        Block::figure(
            name("regions"),
            solutions::regions(&name("regions"), &field, domain, ACROSS)?,
            format!(
                "{}: where in the plane of initial values the error is high, t up to {until}.",
                numbers[2]
            ),
        ),
        Block::figure(
            name("phase"),
            solutions::phase_plane(&name("phase"), &title, &few)?,
            format!("{}: solutions in the phase plane.", numbers[3]),
        ),
    ])
}
