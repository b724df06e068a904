//! The report, for a reader who knows neither the code nor the paper.

use super::config::{Config, Method, PAPER_EPOCHS, PAPER_STEPS, Part, STEPS, Variant};
use super::data::Separation;
use super::figures;
use super::findings::Findings;
use super::tables;
use crate::Error;
use crate::claims::Publication;
use crate::manifest::Manifest;
use crate::report::{Again, Block, Document, Tone, scientific, verdicts};
use crate::results::ClaimResult;
use crate::stats::median;

/// What a report is written from.
pub(crate) struct Parts<'a> {
    pub(crate) publication: &'a Publication,
    pub(crate) config: &'a Config,
    pub(crate) manifest: &'a Manifest,
    pub(crate) findings: &'a Findings,
    pub(crate) separations: &'a [(Variant, &'a Separation)],
    pub(crate) results: &'a [ClaimResult],
    pub(crate) command: &'a str,
    pub(crate) resume: &'a str,
}

pub(crate) fn write(parts: &Parts<'_>) -> Result<Document, Error> {
    let mut blocks = Vec::new();
    let f = parts.findings;
    let wants = |part| parts.config.parts.contains(&part);
    if !parts.config.is_comparable() {
        blocks.push(Block::Notice(
            Tone::Warning,
            format!(
                "The numbers of the maps in this report are not comparable with the paper: they come from {} \
                 steps on {} pairs, those of tier paper from {PAPER_STEPS} on {}. They show that every part works.",
                parts.config.steps,
                parts.config.chunks * parts.config.pairs,
                Config::PAPER_PAIRS
            ),
        ));
    }
    question(parts, &mut blocks);
    answer(parts, &mut blocks);
    method(parts, &mut blocks);
    blocks.push(Block::heading("What the maps learned from"));
    separation_text(parts, &mut blocks);
    blocks.extend(figures::separation(parts.separations)?);
    blocks.extend(figures::courses(f)?);
    blocks.push(Block::Table(tables::trainings(f)));
    printed_text(f, &mut blocks);
    if wants(Part::Series) {
        blocks.push(Block::heading("Time series and attractor (K-TS)"));
        for variant in Variant::ALL {
            blocks.extend(figures::series(f, variant)?);
        }
        blocks.extend(figures::attractor(f)?);
        blocks.push(Block::Table(tables::rhythms(f)));
    }
    if wants(Part::Diagrams) {
        blocks.push(Block::heading("Bifurcation diagrams (K-BIF)"));
        transition_text(parts, &mut blocks);
        blocks.extend(figures::diagrams(f, "rising"));
        blocks.extend(figures::diagrams(f, "far"));
    }
    if wants(Part::FixedPoint) {
        blocks.push(Block::heading("The fixed point (K-FP)"));
        blocks.extend(figures::distances(f)?);
        blocks.push(Block::Table(tables::distances(f)));
        outside_text(parts, &mut blocks);
    }
    if wants(Part::Eigenvalues) {
        blocks.push(Block::heading("Its eigenvalues (K-EIG)"));
        blocks.push(Block::Paragraph(
            "A map's multipliers ρ become growth rates by μ = ln(ρ)/Δt, with the principal logarithm: imaginary \
             parts lie between −π/Δt and π/Δt."
                .into(),
        ));
        for variant in Variant::ALL {
            blocks.extend(figures::rates(f, variant)?);
        }
    }
    if wants(Part::Bistability) {
        blocks.push(Block::heading("The silent branch (K-BIST)"));
        blocks.extend(figures::diagrams(f, "near"));
        blocks.push(Block::Table(tables::windows(f)));
    }
    if wants(Part::Reach) {
        blocks.push(Block::heading("How many random starts become silent (K-PFXP)"));
        blocks.extend(figures::reach(f)?);
    }
    deviations(parts, &mut blocks);
    judged(parts, &mut blocks)?;
    blocks.extend(
        Again { what: "maps", more: "", command: parts.command, resume: parts.resume, experiment: "K" }
            .blocks(),
    );
    blocks.push(Block::heading("Where the numbers come from"));
    blocks.push(Block::Table(crate::provenance::table(parts.manifest, parts.config.seed)));
    Ok(Document {
        title: "Neural maps of a bursting cell: Kuptsov et al. 2022".into(),
        subtitle: format!(
            "Experiment {}, tier {}, {} maps",
            parts.config.experiment,
            parts.config.tier,
            parts.config.maps.len()
        ),
        blocks,
    })
}

fn question(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::heading("Question"));
    blocks.push(Block::Paragraph(
        "A small network learns to step a β-cell of the pancreas through time: from the state (V, n, S) and one \
         parameter, V_S, to the state Δt later. It sees nothing but the cell's oscillation (bursts or spikes). \
         Does it know more than it was shown? The paper says: the map's fixed point, which no training pair comes \
         near, lies where the equations have theirs; its stability is theirs, eigenvalue by eigenvalue; and where \
         the equations have a second, silent attractor, so has the map."
            .into(),
    ));
    blocks.push(Block::Paragraph(format!("Source: {}", parts.publication.citation)));
}

/// The answer in words that follow from the numbers.
fn answer(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::heading("Answer"));
    let f = parts.findings;
    let mut lines = Vec::new();
    for variant in Variant::ALL {
        let worst = f.main(variant).map(|m| m.trained.validation).fold(0.0, f64::max);
        if let Some(middle) = median(&f.distances(variant)) {
            let seeds = match f.main(variant).count() {
                1 => "one seed".to_owned(),
                n => format!("{n} seeds"),
            };
            // Where Newton's method finds none the distance counts as infinite.
            let apart = if middle.is_finite() {
                let largest = f.distances(variant).into_iter().fold(0.0, f64::max);
                format!(
                    "distance of the fixed points, median over V_S and seeds, {}, at most {}",
                    scientific(middle),
                    if largest.is_finite() { scientific(largest) } else { "infinite: some have none".into() }
                )
            } else {
                "at most values of V_S the maps have no fixed point near the equations'".to_owned()
            };
            lines.push(format!(
                "{variant}: mean squared error of validation at most {} over {seeds}; {apart}",
                scientific(worst)
            ));
        }
    }
    let windows = f.window_errors();
    if !windows.is_empty() {
        let found: Vec<String> = windows
            .iter()
            .map(|w| match w {
                Some((l, r)) => format!("{l:+.3} and {r:+.3} mV"),
                None => "the map has none".into(),
            })
            .collect();
        lines.push(format!(
            "the stable window of the bistable system: the maps' left and right ends less the equations', for \
             each seed: {}",
            found.join("; ")
        ));
    }
    lines.push(format!("claims: {}", verdicts::counts(parts.results)));
    blocks.push(Block::List(lines));
}

fn method(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::heading("Method"));
    blocks.push(Block::Formula(
        "hᵢ = tanh([u without uᵢ, p]·[Aᵢ′; Bᵢ] + βᵢ)\nqᵢ = tanh(uᵢ aᵢ + αᵢ + hᵢ)\nvᵢ = uᵢ + qᵢ bᵢ + γᵢ"
            .into(),
    ));
    let c = parts.config;
    blocks.push(Block::Paragraph(format!(
        "One such sub-network for each of V, n and S (eqs 11 to 15), {} neurons in each layer, 701 parameters; inputs \
         and increments standardised (eq. 10). Data: {} trajectories, each at its own V_S, uniform in [−40, −30], \
         from a depolarised start; 100 s are dropped, {} pairs of states Δt apart follow in a row. {} % of the \
         trajectories are kept for validation. Mean squared error (eq. 16), brought down in two ways.",
        c.width,
        c.chunks,
        c.pairs,
        (c.validation * 100.0).round(),
    )));
    blocks.push(Block::Paragraph(format!(
        "By least squares: {} steps of Levenberg's and Marquardt's method for each sub-network, in f64, each through \
         all pairs. The first {} scout: they find out how much each input matters, the root mean square of the \
         increment's derivative by it. Then the sub-network begins again with its input weights in units of that, to \
         the power of {}, so that what it knows little of stays nearly linear. All verdicts on maps are about these.",
        c.steps, c.scouting, c.sharpness
    )));
    blocks.push(Block::Paragraph(format!(
        "As the paper does: {} epochs of Adam, {} iterations with batches of {}, learning rate {} falling to its {}th \
         part along a half-wave of the cosine, in f32; one map of each system.",
        c.epochs,
        c.epochs * c.iterations_per_epoch(),
        c.batch,
        c.adam.learning_rate,
        match c.decay {
            surrogates::neural_map::Decay::Cosine(end) | surrogates::neural_map::Decay::Exponential(end) =>
                (1.0 / end).round(),
            surrogates::neural_map::Decay::Constant => 1.0,
        },
    )));
    blocks.push(Block::Paragraph(
        "Fixed points are found by Newton's method, of the map with the analytic Jacobian of eq. 18, in `f64`. The \
         ODE's branch of fixed points is followed by pseudo-arclength over the whole range, a map's from V_S = −36."
            .into(),
    ));
}

fn separation_text(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    for (variant, s) in parts.separations {
        blocks.push(Block::Paragraph(format!(
            "{variant}: no point of the data set (Δt = {}) comes nearer to the fixed point at its V_S than {} \
             (V in mV), or {} standard deviations.",
            STEPS[0],
            scientific(s.smallest),
            scientific(s.smallest_standard)
        )));
    }
}

/// Why the distance grows to the right.
fn outside_text(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    for (variant, s) in parts.separations {
        let Some(ode) = parts.findings.ode(*variant).and_then(|a| a.equilibria.as_ref()) else { continue };
        let rests: Vec<_> = ode.rests.iter().flatten().collect();
        let count = rests.len().saturating_sub(1);
        let places: Vec<String> = (0..=4)
            .filter_map(|k| rests.get(k * count / 4))
            .map(|r| format!("{:+.1} at V_S = {:.1}", (r.state[2] - s.slow.0) / s.slow.1, r.v_s))
            .collect();
        blocks.push(Block::Paragraph(format!(
            "{variant}: S of the equations' fixed point lies this many standard deviations from the mean of the data: {}. \
             The farther outside, the more a map has to extrapolate: an error of the sub-network of n in S grows \
             there, and with it the distance.",
            places.join(", ")
        )));
    }
}

fn transition_text(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    let f = parts.findings;
    let printed = parts.publication.claim("K-BIF/ode/transition").map_or(f64::NAN, |c| c.value);
    let Some(ode) = f.ode(Variant::Original).and_then(|a| a.transition) else { return };
    let maps: Vec<String> = f
        .main(Variant::Original)
        .map(|m| m.analysis.transition.map_or("none found".into(), |t| format!("{t:.4}")))
        .collect();
    blocks.push(Block::Paragraph(format!(
        "Bursting becomes spiking at V_S = {ode:.4} in the equations (±0.0005, by bisection; the paper reads {printed} off \
         its diagram), and at {} in the maps, seed by seed.",
        maps.join(", ")
    )));
}

fn deviations(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::heading("Deviations from the paper, and what it does not print"));
    let c = parts.config;
    blocks.push(Block::List(vec![
        format!(
            "Tables 1 and 2 are not in the copy of the paper that was at hand. The cell's parameters reproduce every number that the text prints. Chosen here: \
             {} trajectories of {} pairs, 100 s before them, batch {}, a validation share of {}, the integrator \
             (Dormand–Prince of order 8, relative tolerance 1e-10).",
            c.chunks, c.pairs, c.batch, c.validation
        ),
        format!(
            "The paper trains by Adam for {PAPER_EPOCHS} epochs. The maps that are judged here were fitted by least \
             squares. A map has to extrapolate to its fixed point, up to {} standard deviations of S from the mean of \
             the data; the table of distances has both methods. Steps, pairs and sharpness were chosen by looking at \
             that distance, not by the validation error alone, for other first weights on trajectories of the same \
             seed: the equations are known here.",
            reach(parts)
        ),
        format!(
            "The paper does not print its learning rate, and mentions no schedule. For the maps by Adam the rate falls: \
             at a constant one the error over validation pairs stays at the level of Adam's own noise. First weights \
             are random in the paper; here they are uniform with Glorot's bound, and biases begin at 0. Adam's eps is \
             {:e}.",
            c.adam.eps
        ),
        "The validation share is a share of trajectories here, so that no validated pair is a neighbour of a \
         learned one; the paper splits the records."
            .into(),
        "Adam works in `f32`, with increments v − u taken in `f64` before they are rounded; least squares work in \
         `f64`, and all maps are evaluated in `f64`. ONNX files hold `f32`."
            .into(),
        format!(
            "Seeds differ in first weights and order of the pairs; data sets are shared. Time steps other than {} have \
             one seed.",
            STEPS[0]
        ),
        "The ODE's share of random starts is taken with 40 s for each: a start has arrived that stays within 2 mV \
         of the fixed point for the last 12 s, longer than a burst takes."
            .into(),
    ]));
}

/// How far S of the fixed points lies from the mean of the data, in standard deviations.
fn reach(parts: &Parts<'_>) -> String {
    let of = |(variant, s): &(Variant, &Separation)| {
        let rests = parts.findings.ode(*variant)?.equilibria.as_ref()?.rests.iter().flatten();
        rests.map(|r| ((r.state[2] - s.slow.0) / s.slow.1).abs()).max_by(f64::total_cmp)
    };
    let farthest = parts.separations.iter().filter_map(of).max_by(f64::total_cmp);
    farthest.map_or("several".into(), |d| format!("{d:.0}"))
}

/// In the place of a median distance that is infinite.
const NONE: &str = "without a number, since most values of V_S have none";

/// What the published optimiser gives.
fn printed_text(f: &Findings, blocks: &mut Vec<Block>) {
    for variant in Variant::ALL {
        let Some(ode) = f.ode(variant).and_then(|a| a.equilibria.as_ref()) else { continue };
        for map in f.by(Method::Adam, variant) {
            let Some(found) = &map.analysis.equilibria else { continue };
            let all: Vec<f64> =
                found.distances(ode).into_iter().map(|(_, d)| d.unwrap_or(f64::INFINITY)).collect();
            blocks.push(Block::Paragraph(format!(
                "{variant}, by Adam as the paper trains: mean squared error of validation {}, distance of the \
                 fixed points (median) {}. By least squares: at most {}, and {}.",
                scientific(map.trained.validation),
                median(&all).filter(|d| d.is_finite()).map_or(NONE.into(), scientific),
                scientific(f.main(variant).map(|m| m.trained.validation).fold(0.0, f64::max)),
                median(&f.distances(variant)).filter(|d| d.is_finite()).map_or(NONE.into(), scientific),
            )));
        }
    }
}

fn judged(parts: &Parts<'_>, blocks: &mut Vec<Block>) -> Result<(), Error> {
    blocks.push(Block::heading("Verdicts"));
    blocks.push(Block::Paragraph(
        "One line for each published number. PASS and DIFFERS are given to numbers of the maps only at the paper's \
         scale, others are NOT_RUN, with the reason; where the paper has words alone, \
         `benchsuite/claims/kuptsov2022.toml` quotes them beside the rule. The same list is in `results.json`."
            .into(),
    ));
    if !parts.config.is_comparable() {
        blocks.extend(verdicts::kept(parts.publication, true)?);
    }
    blocks.push(verdicts::table(parts.publication, parts.results, true));
    Ok(())
}
