//! The end of the report: verdicts, how to run it again, where the numbers come from.

use super::document::{Parts, tone};
use super::figures::thousands;
use super::findings::judge;
use super::kept;
use crate::Tier;
use crate::report::{Block, Cell, Table, Tone, scientific};
use crate::results::ClaimResult;

pub(crate) fn write(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    verdicts(parts, blocks);
    again(parts, blocks);
    provenance(parts, blocks);
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
