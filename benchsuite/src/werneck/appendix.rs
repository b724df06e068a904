//! The end of the report: what was chosen, verdicts, how to run it again, where the numbers come from.

use super::document::{Parts, tone};
use super::figures::thousands;
use super::findings::judge;
use super::kept;
use crate::Tier;
use crate::report::{Block, Cell, Table, Tone, scientific};
use crate::results::ClaimResult;

pub(crate) fn write(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    deviations(parts, blocks);
    verdicts(parts, blocks);
    again(parts, blocks);
    provenance(parts, blocks);
}

fn deviations(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    let p = &parts.config.protocol;
    blocks.push(Block::Heading("What the dissertation leaves open, and what was chosen".into()));
    blocks.push(Block::List(vec![
        format!(
            "Weights of the loss terms (eq. 3.16) are not printed: λ_D = {}, λ_P = {}, λ_B = {}.",
            p.data_weight, p.physics_weight, p.initial_weight
        ),
        format!(
            "How t enters the network is not printed: here t = 0…20 enters as {}…{}, U and W leave unscaled. In a \
             trial with 600 000 iterations and two seeds, mapping t to −1…1 made the PINN's error more than five times \
             as large.",
            p.time_normal[0], p.time_normal[1]
        ),
        "First weights are not printed: uniform in ±1/√(inputs of the layer), what PyTorch's linear layer does."
            .into(),
        "Where the points of the training sets lie is not printed: equal distances with both ends included, \
         20/9 and 20/999; between Euler steps the solution is interpolated linearly."
            .into(),
        "The validation set is described as common to all networks and not printed: see Method.".into(),
        "The model's equation is printed as K U (U − α)(1 − U) − W, which gives no action potential; with K in \
         front of the whole bracket the printed figures come out."
            .into(),
        format!(
            "The schedule (factor {}, patience {}, threshold {:e}, least rate {:e}, eps {:e}) is the printed one. \
             With PyTorch's rule it never acts: it would change the rate by {:.0e}, less than eps. The learning \
             rate is in effect constant.",
            p.plateau.factor,
            p.plateau.patience,
            p.plateau.threshold,
            p.plateau.min_learning_rate,
            p.plateau.eps,
            p.adam.learning_rate * (1.0 - p.plateau.factor)
        ),
        "The text names 1e6 iterations, the captions of Tables 14 and 15 name 2e6: tier paper does 2e6.".into(),
        "Training is done in 32-bit floating point, as is inference.".into(),
        "Each row of the tables is one training, there and here: chance alone moves such errors by a factor of \
         a few. The rules that judge single rows allow for it."
            .into(),
    ]));
}

fn verdicts(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading("Verdicts".into()));
    blocks.push(Block::Paragraph(
        "One line for each published number. PASS and DIFFERS are given only to numbers measured under the \
         paper's protocol; everything else is NOT_RUN, with its reason. The same list is in `results.json`."
            .into(),
    ));
    if !parts.config.is_comparable() && !parts.kept.is_empty() {
        let results = judge(parts.publication, &kept::samples(parts.kept), Tier::Paper, None);
        blocks.push(Block::Details(
            format!("Kept results at paper scale: {}", counts(&results)),
            vec![Block::Table(table(parts, &results))],
        ));
    }
    blocks.push(Block::Details(
        format!("This run: {}", counts(parts.results)),
        vec![Block::Table(table(parts, parts.results))],
    ));
}

fn counts(results: &[ClaimResult]) -> String {
    use crate::results::Verdict::{Differs, NotRun, Pass};
    let count = |v| results.iter().filter(|r| r.verdict == v).count();
    format!("{} PASS, {} DIFFERS, {} NOT_RUN", count(Pass), count(Differs), count(NotRun))
}

fn table(parts: &Parts<'_>, results: &[ClaimResult]) -> Table {
    let rows = results
        .iter()
        .map(|r| {
            let verdict = match &r.reason {
                Some(reason) => format!("{}: {reason}", r.verdict),
                None => r.verdict.to_string(),
            };
            let source = parts.publication.claim(&r.id).map_or(r.source.as_str(), |c| c.source.as_str());
            vec![
                Cell::text(format!("`{}`", r.id)),
                Cell::text(source),
                Cell { text: scientific(r.published), tone: Tone::Plain, number: true },
                Cell::number(r.measured),
                Cell::text(r.tolerance.clone()),
                Cell::text(verdict).toned(tone(r.verdict)),
            ]
        })
        .collect();
    Table {
        caption: "Claims; all numbers are without unit".into(),
        groups: Vec::new(),
        header: ["claim", "source", "published", "measured", "agrees if", "verdict"]
            .map(str::to_owned)
            .to_vec(),
        rows,
    }
}

fn again(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading("Run it again".into()));
    blocks.push(Block::Paragraph(
        "The first command repeats this run: on the same machine with the same commit it gives the same networks, \
         bit for bit. The second one goes on with a run that was stopped. The third one is the paper's own scale, \
         all architectures; the kept runs took half an hour in all, one network at a time. It may be stopped and \
         resumed at any time."
            .into(),
    ));
    blocks.push(Block::Code(format!(
        "{}\n{}\ncargo xtask reproduce W-A --tier paper",
        parts.command, parts.resume
    )));
}

fn provenance(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::Heading("Where the numbers come from".into()));
    let pair = |name: &str, value: String| vec![Cell::text(name), Cell::text(value)];
    let mut rows = Vec::new();
    if let (Some(first), Some(last)) = (parts.manifest.starts.first(), parts.manifest.starts.last()) {
        rows.push(pair("started", first.at.clone()));
        if parts.manifest.starts.len() > 1 {
            rows.push(pair(
                "resumed",
                format!("{} times, last {}", parts.manifest.starts.len() - 1, last.at),
            ));
        }
        rows.push(pair("commit", parts.manifest.commits().join(", then ")));
        rows.push(pair("Cargo.lock, SHA-256", format!("`{}`", last.code.cargo_lock_sha256)));
        rows.push(pair(
            "compiler",
            format!("{}, {}, {}", last.code.rustc, last.code.target, last.code.profile),
        ));
        let m = &last.machine;
        rows.push(pair(
            "machine",
            format!("{}, {} threads, {}, {} GiB", m.cpu, m.threads, m.simd, m.memory_gib),
        ));
        rows.push(pair("system", m.os.clone()));
        rows.push(pair("networks at a time", last.jobs.to_string()));
    }
    rows.push(pair("seed of the run", parts.config.seed.to_string()));
    rows.push(pair("inference", "native provider, 32-bit, one thread".into()));
    for (name, hash) in &parts.manifest.datasets {
        rows.push(pair(&format!("data set {name}, SHA-256"), format!("`{hash}`")));
    }
    blocks.push(Block::Table(Table {
        caption: "This run".into(),
        groups: Vec::new(),
        header: vec!["what".into(), "value".into()],
        rows,
    }));
    blocks.push(Block::Details("Networks of this run".into(), vec![Block::Table(networks(parts))]));
    if !parts.config.is_comparable() && !parts.kept.is_empty() {
        blocks.push(Block::Details(
            "Kept networks at paper scale".into(),
            vec![Block::Table(kept_networks(parts))],
        ));
    }
}

fn networks(parts: &Parts<'_>) -> Table {
    let number = |text: String| Cell { text, tone: Tone::Plain, number: true };
    let rows = parts
        .courses
        .iter()
        .map(|c| {
            let t = &c.trained;
            vec![
                Cell::text(format!("`{}`", t.network.id())),
                number(t.parameters.to_string()),
                number(t.seed.to_string()),
                number(format!("{:.1}", t.microseconds_per_iteration)),
                Cell::number(Some(t.evaluation.euler.mean)),
                Cell::number(Some(t.evaluation.accurate.mean)),
                Cell::text(format!("`models/{}.onnx`", t.network.file_name())),
            ]
        })
        .collect();
    Table {
        caption: "Mean error against the Euler validation set, and against the accurate solution".into(),
        groups: Vec::new(),
        header: [
            "network",
            "parameters",
            "seed",
            "µs per iteration",
            "error, Euler",
            "error, accurate",
            "file",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows,
    }
}

fn kept_networks(parts: &Parts<'_>) -> Table {
    let rows = parts
        .kept
        .iter()
        .map(|k| {
            vec![
                Cell::text(format!("`{}`", k.trained.network.id())),
                Cell { text: thousands(k.trained.iterations), tone: Tone::Plain, number: true },
                Cell::number(Some(k.trained.evaluation.euler.mean)),
                Cell::number(Some(k.trained.evaluation.accurate.mean)),
                Cell::text(k.provenance.code.short_commit()),
                Cell::text(format!("{}, {} threads", k.provenance.machine.cpu, k.provenance.machine.threads)),
                Cell::text(k.provenance.started.clone()),
            ]
        })
        .collect();
    Table {
        caption: "Mean error against the Euler validation set, and against the accurate solution".into(),
        groups: Vec::new(),
        header: ["network", "iterations", "error, Euler", "error, accurate", "commit", "machine", "started"]
            .map(str::to_owned)
            .to_vec(),
        rows,
    }
}
