//! The page itself.

use std::collections::{BTreeMap, BTreeSet};

use super::words::{about, terms};
use super::{Row, Work};
use crate::manifest::{Code, Machine, now};
use crate::report::verdicts::{precise, sized};
use crate::report::{Block, Cell, Document, Table, Tone, anchor, header};
use crate::results::Verdict;

/// `linked`: pages of runs lie beside this one. `networks`: so does that of the kept networks. `rivals`: who is faster
/// how often, in words.
pub(super) fn document(works: &[Work], linked: bool, networks: bool, rivals: &str) -> Document {
    let machine = Machine::current();
    let commands = Commands::of(works);
    let open = works.iter().any(|w| w.count(Verdict::NotRun) > 0);
    let mut blocks = vec![
        Block::Paragraph(
            "Every number that four publications print, or state in words: what was found here, by which command, \
             and whether the two agree."
                .into(),
        ),
        Block::List(
            [
                "`PASS`: measured at the publication's scale (tier `paper`), and it agrees by the rule in the column \
                 `agrees if`. Where a shorter training agrees all the same, the verdict says so.",
                "`DIFFERS`: measured at that scale, and it does not agree.",
                "`NOT_RUN`: no verdict. Nothing was measured at that scale, some of the networks that the number is \
                 over are missing, or a shorter training has not come to it. The reason stands beside it; what was \
                 found so far is named and does not count.",
            ]
            .map(Into::into)
            .to_vec(),
        ),
        Block::Paragraph(format!(
            "Verdicts are of results that are kept with the sources (`benchsuite/results`), each with the command, \
             commit, machine and seeds that made it. Published numbers and rules are data, in `benchsuite/claims`.{}",
            if commands.fresh { SHORTER } else { "" }
        )),
        Block::Table(overview(works)),
        Block::Links(contents(open, rivals)),
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
        blocks.push(Block::heading("Pages of the works"));
        blocks.push(Block::Paragraph(
            "What was asked, how, every figure, what deviates from the publication, and where the numbers come \
             from. `cargo xtask reproduce` writes one for each work; beside this page lie:"
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
        let text = format!("{}: repeat the command with `--resume` to go on.", unfinished.join(", "));
        blocks.push(Block::Notice(Tone::Warning, text));
    }
    blocks.push(Block::heading(EXPERIMENTS));
    blocks.push(Block::Table(experiments(works, &commands)));
    if open {
        blocks.push(Block::heading(OPEN));
        blocks.push(Block::Table(reasons(works, &commands)));
    }
    blocks.push(Block::heading(DIFFER));
    blocks.push(differences(works, &commands));
    for work in works {
        blocks.push(Block::heading(work.publication.short.clone()));
        blocks.push(Block::Paragraph(work.publication.citation.clone()));
        let terms = terms(&work.publication.folder);
        if !terms.is_empty() {
            blocks.push(Block::Paragraph(terms.into()));
        }
        let (judged, open): (Vec<&Row>, Vec<&Row>) =
            work.rows.iter().partition(|r| r.verdict() != Verdict::NotRun);
        if judged.is_empty() {
            blocks.push(Block::Notice(Tone::Quiet, "Nothing is kept at the paper's scale yet.".into()));
        } else {
            let title = format!("{} numbers with a verdict", judged.len());
            blocks.push(Block::Details(title, vec![Block::Table(claims(&judged, &commands))]));
        }
        if !open.is_empty() {
            let title = format!("{} numbers without a verdict", open.len());
            blocks.push(Block::Details(title, vec![Block::Table(claims(&open, &commands))]));
        }
    }
    blocks.push(Block::heading(AGAIN));
    blocks.push(Block::Paragraph(
        "The last column of each table above has the number of the command that measures a row; it measures all that \
         are counted beside it here. `cargo xtask reproduce` writes a folder under `runs`, whose `report.html` has \
         the verdicts; those of a sweep are written into its folder by `cargo xtask sweep report FOLDER`. With \
         `--known benchsuite/results/werneck2024` behind `sweep new`, networks that are kept count as done, and only \
         the others are trained. `cargo xtask keep FOLDER` puts what a finished run or sweep of tier `paper` found \
         with the sources, and `cargo xtask report` writes this page anew."
            .into(),
    ));
    blocks.push(Block::Table(commands.table()));
    blocks.push(Block::heading("This program and this machine"));
    blocks.push(Block::Table(origin(&machine)));
    Document {
        title: "Excitable cells, simulated and learned: what four works say, and what came out".into(),
        subtitle: format!("Written {} by commit {}", now(), Code::current().short_commit()),
        blocks,
    }
}

const SHORTER: &str = " Numbers of this run stand in a column of their own. Those of shorter runs show that everything \
                       works, and are not comparable with the publications.";

// Headings that the contents lead to.
const EXPERIMENTS: &str = "The experiments";
const OPEN: &str = "What was not run, and why";
const DIFFER: &str = "Where ours differ";
const AGAIN: &str = "To measure them again";

/// Where what stands; `open`: there are numbers without a verdict.
fn contents(open: bool, rivals: &str) -> Vec<(String, String)> {
    let here = |heading: &str| (heading.to_owned(), format!("#{}", anchor(heading)));
    let mut all = vec![here(EXPERIMENTS)];
    all.extend(open.then(|| here(OPEN)));
    all.extend([DIFFER, AGAIN].map(here));
    let rivals = format!("Speed {rivals}. That page begins with where others are ahead");
    all.push((rivals, "benches.html".into()));
    all
}

/// A count: quiet where it is none.
fn count(n: usize, tone: Tone) -> Cell {
    Cell { text: n.to_string(), tone: if n == 0 { Tone::Quiet } else { tone }, number: true }
}

fn overview(works: &[Work]) -> Table {
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

/// The experiments that numbers belong to: what each asks, and how its numbers came out.
fn experiments(works: &[Work], commands: &Commands) -> Table {
    let mut order: Vec<(&Work, &str, Vec<&Row>)> = Vec::new();
    for (work, row) in works.iter().flat_map(|w| w.rows.iter().map(move |r| (w, r))) {
        match order.iter_mut().find(|(_, id, _)| *id == row.part()) {
            Some((.., rows)) => rows.push(row),
            None => order.push((work, row.part(), vec![row])),
        }
    }
    let rows = order.iter().map(|(work, id, rows)| {
        let of = |verdict| rows.iter().filter(|r| r.verdict() == verdict).count();
        vec![
            Cell::text(format!("`{id}`")),
            Cell::text(format!("{}: {}", work.publication.short, about(id))),
            count(of(Verdict::Pass), Tone::Good),
            count(of(Verdict::Differs), Tone::Bad),
            count(of(Verdict::NotRun), Tone::Quiet),
            Cell::digits(commands.numbers(rows)),
        ]
    });
    Table {
        caption: "How the numbers of each experiment came out".into(),
        header: header(["experiment", "what it asks", "PASS", "DIFFERS", "NOT_RUN", "command"]),
        rows: rows.collect(),
        ..Table::default()
    }
}

/// Why numbers have no verdict, each reason once.
fn reasons(works: &[Work], commands: &Commands) -> Table {
    let mut order: Vec<(String, Vec<&Row>)> = Vec::new();
    for row in works.iter().flat_map(|w| &w.rows).filter(|r| r.verdict() == Verdict::NotRun) {
        let reason = row.reason();
        match order.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, rows)) => rows.push(row),
            None => order.push((reason, vec![row])),
        }
    }
    let rows = order.iter().map(|(reason, rows)| {
        let of: BTreeSet<String> = rows.iter().map(|r| format!("`{}`", r.part())).collect();
        vec![
            Cell::text(reason.clone()),
            Cell::digits(rows.len().to_string()),
            Cell::text(of.into_iter().collect::<Vec<_>>().join(", ")),
            Cell::digits(commands.numbers(rows)),
        ]
    });
    Table {
        caption: "Reasons, and how many numbers wait for each".into(),
        header: header(["why", "numbers", "of", "command"]),
        rows: rows.collect(),
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
    // Without a run there is no column for one.
    let fresh = commands.fresh;
    let rows = rows.iter().map(|row| {
        let verdict = row.verdict();
        let judged = format!(
            "{}{}",
            sized(verdict, Some(&row.claim), row.measured()),
            if row.is_shorter() { ", shorter training" } else { "" }
        );
        let text = match (verdict, row.so_far()) {
            (Verdict::NotRun, None) => format!("{verdict}: {}", row.reason()),
            (Verdict::NotRun, Some(value)) => {
                format!("{verdict}: {}; so far {}", row.reason(), precise(value))
            }
            _ => judged,
        };
        let mut cells = vec![
            // The id on a line of its own: it does not break.
            Cell::text(format!("{} ({}) `{}`", row.claim.what(), row.claim.source, row.claim.id)),
            digits(Some(row.claim.value)),
            digits(row.measured()),
        ];
        cells.extend(fresh.then(|| digits(row.fresh.as_ref().and_then(|r| r.measured)).toned(Tone::Quiet)));
        cells.extend([
            Cell::text(row.agrees_if()),
            Cell::text(text).toned(verdict.into()),
            Cell::digits(commands.number(row).to_string()),
        ]);
        cells
    });
    let mut header = vec!["what", "published"];
    header.extend(if fresh { vec!["ours, at the paper's scale", "ours, this run"] } else { vec!["ours"] });
    header.extend(["agrees if", "verdict", "command"]);
    Table {
        caption: "Published numbers and ours".into(),
        header: header.into_iter().map(Into::into).collect(),
        rows: rows.collect(),
        ..Table::default()
    }
}

/// The commands that measure the numbers, each once, in the order of first use.
struct Commands {
    order: Vec<String>,
    /// How many numbers of which experiment each measures.
    measures: BTreeMap<String, BTreeMap<String, usize>>,
    /// Whether a run of the folder found something.
    fresh: bool,
}

impl Commands {
    fn of(works: &[Work]) -> Self {
        let fresh = works.iter().flat_map(|w| &w.rows).any(|r| r.fresh.is_some());
        let mut all = Self { order: Vec::new(), measures: BTreeMap::new(), fresh };
        for row in works.iter().flat_map(|w| &w.rows) {
            let command = row.command();
            if !all.measures.contains_key(&command) {
                all.order.push(command.clone());
            }
            *all.measures.entry(command).or_default().entry(row.part().to_owned()).or_default() += 1;
        }
        all
    }

    /// Which one measures a number: counted from 1, as in the table.
    fn number(&self, row: &Row) -> usize {
        let command = row.command();
        self.order.iter().position(|c| *c == command).map_or(0, |k| k + 1)
    }

    /// Which ones measure these numbers.
    fn numbers(&self, rows: &[&Row]) -> String {
        let all: BTreeSet<usize> = rows.iter().map(|row| self.number(row)).collect();
        all.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
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
