//! The page itself.

use std::collections::BTreeMap;

use super::{Row, Work};
use crate::manifest::{Code, Machine, now};
use crate::report::verdicts::{precise, sized};
use crate::report::{Block, Cell, Document, Table, Tone, header};
use crate::results::Verdict;

/// `linked`: pages of runs lie beside this one. `networks`: so does that of the kept networks.
pub(super) fn document(works: &[Work], linked: bool, networks: bool) -> Document {
    let machine = Machine::current();
    let commands = Commands::of(works);
    let mut blocks = vec![
        Block::Paragraph(
            "Every number that the four works print, or state in words, and what became of it here. A verdict \
             is given at the paper's scale alone: from results that are kept with the sources, each with the \
             command, commit and machine that made it. Numbers of shorter runs stand beside them in a column \
             of their own; they show that everything works, and are not comparable with the publications. \
             The last column of a table says by which of the commands at the end of the page a number is \
             measured. Where a training was shorter than the publication's, the verdict says so: what agrees \
             after a shorter training agrees."
                .into(),
        ),
        Block::Table(overview(works)),
    ];
    let mut pages: Vec<(String, String)> = works
        .iter()
        .flat_map(|w| w.runs.iter().map(move |r| (w, r)))
        .filter(|(_, run)| linked && run.finished)
        .map(|(work, run)| {
            let text = format!("{}, {}", run.experiment, work.publication.short);
            (text, format!("{}/report.html", run.folder))
        })
        .collect();
    if networks {
        let text = "Kept networks for problems B and C, Werneck 2024: all tables and figures".into();
        pages.push((text, format!("{}/report.html", super::NETWORKS)));
    }
    if !pages.is_empty() {
        blocks.push(Block::heading("A page for each work"));
        blocks.push(Block::Paragraph(
            "What was asked, how, every figure, what deviates from the publication, and where the numbers \
             come from:"
                .into(),
        ));
        blocks.push(Block::Links(pages));
    }
    let unfinished: Vec<String> = works
        .iter()
        .flat_map(|w| &w.runs)
        .filter(|r| !r.finished)
        .map(|r| format!("{} is not finished", r.experiment))
        .collect();
    if !unfinished.is_empty() {
        let text = format!("{}: resume to go on.", unfinished.join(", "));
        blocks.push(Block::Notice(Tone::Warning, text));
    }
    blocks.push(Block::heading("Where ours differ"));
    blocks.push(differences(works, &commands));
    for work in works {
        blocks.push(Block::heading(work.publication.short.clone()));
        blocks.push(Block::Paragraph(work.publication.citation.clone()));
        let (judged, open): (Vec<&Row>, Vec<&Row>) =
            work.rows.iter().partition(|r| r.verdict() != Verdict::NotRun);
        if judged.is_empty() {
            blocks.push(Block::Notice(Tone::Quiet, "Nothing is kept at the paper's scale yet.".into()));
        } else {
            let title = format!("{} numbers with a verdict", judged.len());
            blocks.push(Block::Details(title, vec![Block::Table(claims(&judged, &commands))]));
        }
        if !open.is_empty() {
            let title = format!("{} numbers without", open.len());
            blocks.push(Block::Details(title, vec![Block::Table(claims(&open, &commands))]));
        }
    }
    blocks.push(Block::heading("How fast, beside others"));
    blocks.push(Block::Links(vec![(
        "Ours beside the rivals: solvers, training, inference, each with where we are behind".into(),
        "benches.html".into(),
    )]));
    blocks.push(Block::heading("To measure them again"));
    blocks.push(Block::Table(commands.table()));
    blocks.push(Block::heading("This program and this machine"));
    blocks.push(Block::Table(origin(&machine)));
    Document {
        title: "Excitable cells, simulated and learned: what four works say, and what came out".into(),
        subtitle: format!("Written {} by commit {}", now(), Code::current().short_commit()),
        blocks,
    }
}

fn overview(works: &[Work]) -> Table {
    let count = |n: usize, tone| Cell {
        text: n.to_string(),
        tone: if n == 0 { Tone::Quiet } else { tone },
        number: true,
    };
    let mut rows: Vec<Vec<Cell>> = works
        .iter()
        .map(|work| {
            vec![
                Cell::text(work.publication.short.clone()),
                count(work.rows.len(), Tone::Plain),
                count(work.count(Verdict::Pass), Tone::Good),
                count(work.count(Verdict::Differs), Tone::Bad),
                count(work.count(Verdict::NotRun), Tone::Quiet),
            ]
        })
        .collect();
    let all = |v| works.iter().map(|w| w.count(v)).sum();
    rows.push(vec![
        Cell::text("all"),
        count(works.iter().map(|w| w.rows.len()).sum(), Tone::Plain),
        count(all(Verdict::Pass), Tone::Good),
        count(all(Verdict::Differs), Tone::Bad),
        count(all(Verdict::NotRun), Tone::Quiet),
    ]);
    Table {
        caption: "Published numbers at the paper's scale".into(),
        header: header(["work", "numbers", "PASS", "DIFFERS", "NOT_RUN"]),
        rows,
        ..Table::default()
    }
}

fn digits(value: Option<f64>) -> Cell {
    value.map_or(Cell::number(None), |v| Cell::digits(precise(v)))
}

fn differences(works: &[Work], commands: &Commands) -> Block {
    let rows: Vec<&Row> =
        works.iter().flat_map(|w| &w.rows).filter(|r| r.verdict() == Verdict::Differs).collect();
    if rows.is_empty() {
        return Block::Paragraph("Nowhere, among the numbers that have a verdict.".into());
    }
    Block::Table(claims(&rows, commands))
}

fn claims(rows: &[&Row], commands: &Commands) -> Table {
    let rows = rows.iter().map(|row| {
        let verdict = row.verdict();
        let judged = format!(
            "{}{}",
            sized(verdict, Some(&row.claim), row.measured()),
            if row.is_shorter() { ", shorter training" } else { "" }
        );
        let text = match verdict {
            Verdict::NotRun => format!("{verdict}: {}", row.reason()),
            _ => judged,
        };
        let fresh = row.fresh.as_ref().and_then(|r| r.measured);
        vec![
            // The id on a line of its own: it does not break.
            Cell::text(format!("{} ({}) `{}`", row.claim.description, row.claim.source, row.claim.id)),
            digits(Some(row.claim.value)),
            digits(row.measured()),
            digits(fresh).toned(Tone::Quiet),
            Cell::text(row.agrees_if()),
            Cell::text(text).toned(verdict.into()),
            Cell::digits(commands.number(row).to_string()),
        ]
    });
    let header = [
        "what",
        "published",
        "ours, at the paper's scale",
        "ours, this run",
        "agrees if",
        "verdict",
        "command",
    ];
    Table {
        caption: "Published numbers and ours".into(),
        header: header.map(Into::into).to_vec(),
        rows: rows.collect(),
        ..Table::default()
    }
}

/// The commands that measure the numbers, each once, in the order of first use.
struct Commands {
    order: Vec<String>,
    /// How many numbers of which experiment each measures.
    measures: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Commands {
    fn of(works: &[Work]) -> Self {
        let mut all = Self { order: Vec::new(), measures: BTreeMap::new() };
        for row in works.iter().flat_map(|w| &w.rows) {
            let command = row.command();
            if !all.measures.contains_key(&command) {
                all.order.push(command.clone());
            }
            let experiment = row.claim.id.split('/').next().unwrap_or_default().to_owned();
            *all.measures.entry(command).or_default().entry(experiment).or_default() += 1;
        }
        all
    }

    /// Which one measures a number: counted from 1, as in the table.
    fn number(&self, row: &Row) -> usize {
        let command = row.command();
        self.order.iter().position(|c| *c == command).map_or(0, |k| k + 1)
    }

    fn table(&self) -> Table {
        let rows = self.order.iter().enumerate().map(|(k, command)| {
            let of = self.measures.get(command).into_iter().flatten();
            let text: Vec<String> = of.map(|(experiment, n)| format!("{experiment} ({n})")).collect();
            vec![
                Cell::digits((k + 1).to_string()),
                Cell::text(text.join(", ")),
                Cell::text(format!("`{command}`")),
            ]
        });
        Table {
            caption: "Commands, and how many numbers of which experiment each measures".into(),
            header: header(["no.", "numbers", "command"]),
            rows: rows.collect(),
            ..Table::default()
        }
    }
}

fn origin(machine: &Machine) -> Table {
    let code = Code::current();
    let pair = |name: &str, value: String| vec![Cell::text(name), Cell::text(value)];
    Table {
        caption: "This page".into(),
        header: vec!["what".into(), "value".into()],
        rows: vec![
            pair("commit", code.short_commit()),
            pair("Cargo.lock, SHA-256", format!("`{}`", code.cargo_lock_sha256)),
            pair("compiler", format!("{}, {}, {}", code.rustc, code.target, code.profile)),
            pair(
                "machine",
                format!(
                    "{}, {} threads, {}, {} GiB",
                    machine.cpu, machine.threads, machine.simd, machine.memory_gib
                ),
            ),
            pair("system", machine.os.clone()),
        ],
        ..Table::default()
    }
}
