//! The report of a sweep: its results as a table, who computed them, and what its kind says of them.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::command::command;
use super::finished::Finished;
use super::folder::Folder;
use crate::progress::duration;
use crate::report::{Block, Cell, Document, Table, Tone, header};
use crate::{Error, files};

/// Rows of the report's own table; `results.csv` has all.
const ROWS: usize = 400;

/// Writes `results.csv`, `workers.csv`, `report.html`, `report.md` and figures into the folder of a
/// sweep, from what is done so far, and returns the place of the page.
///
/// # Errors
/// [`Error::Damaged`], [`Error::Io`], and those of figures.
pub fn report(folder: &Folder) -> Result<PathBuf, Error> {
    let sweep = Finished::read(folder)?;
    let rows = rows(&sweep);
    files::write(&folder.path().join("results.csv"), csv(&rows))?;
    files::write(&folder.path().join("workers.csv"), csv(&worker_rows(&sweep)))?;
    let distribution = Distribution::of(&sweep);
    files::write_json(&folder.path().join("grid.json"), &distribution)?;
    let mut blocks = vec![summary(&sweep)];
    if !sweep.failures.is_empty() {
        blocks.push(Block::Notice(
            Tone::Bad,
            format!("{} trials failed; they are listed at the end.", sweep.failures.len()),
        ));
    }
    blocks.extend(folder.plan.kind.report(&sweep)?);
    blocks.push(Block::heading("All results"));
    let shown = rows.len().min(ROWS);
    blocks.push(Block::Paragraph(format!(
        "`results.csv` holds the {} results so far{}.",
        rows.len(),
        if shown < rows.len() { format!("; the first {shown} are shown") } else { String::new() }
    )));
    let table = table("Results, in the order of the plan", &rows[..shown]);
    blocks.push(Block::Details(format!("Table of {shown} results"), vec![Block::Table(table)]));
    blocks.extend(origin(&sweep, &distribution));
    let head = &folder.head;
    let document = Document {
        title: format!("Sweep {}", head.name),
        subtitle: format!("{} of {} trials, kind {}", sweep.records.len(), head.trials, head.kind),
        blocks,
    };
    document.write(folder.path())?;
    Ok(folder.path().join("report.html"))
}

type Row = Vec<(String, Value)>;

fn rows(sweep: &Finished<'_>) -> Vec<Row> {
    let kind = sweep.folder.plan.kind;
    let row = |(trial, record): &(&super::Trial, super::Record)| {
        let mut row = vec![("trial".to_owned(), Value::from(trial.id.clone()))];
        row.extend(kind.columns(&record.spec, &record.outcome));
        row.push(("seconds".into(), Value::from((record.seconds * 1000.0).round() / 1000.0)));
        row.push(("claims_before".into(), record.generation.into()));
        row.push(("worker".into(), record.worker.clone().into()));
        row.push(("finished".into(), record.finished.clone().into()));
        row
    };
    sweep.records.iter().map(row).collect()
}

fn worker_rows(sweep: &Finished<'_>) -> Vec<Row> {
    let row = |w: &super::Worker| -> Row {
        let trials = sweep.records.iter().filter(|(_, r)| r.worker == w.id).count();
        let engine: Vec<String> = w.engine.iter().map(|(name, value)| format!("{name}={value}")).collect();
        [
            ("worker", Value::from(w.id.clone())),
            ("machine", w.process.host.clone().into()),
            ("processor", w.machine.cpu.clone().into()),
            ("jobs", w.jobs.into()),
            ("trials", trials.into()),
            ("begun", w.begun.clone().into()),
            ("ended", w.ended.clone().unwrap_or_else(|| "–".into()).into()),
            ("commit", w.code.short_commit().into()),
            ("engine", engine.join(" ").into()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    };
    sweep.workers.iter().map(row).collect()
}

fn summary(sweep: &Finished<'_>) -> Block {
    let head = &sweep.folder.head;
    let seconds: f64 = sweep.records.iter().map(|(_, r)| r.seconds).sum();
    let stopped = sweep.records.iter().filter(|(_, r)| r.generation > 0).count();
    Block::Paragraph(format!(
        "{} of {} trials are done, {} failed. Processes that took part: {}, on machines: {}. The trials took {} of \
         computing in all; {stopped} were stopped or lost at least once and gone on with. Begun {}.",
        sweep.records.len(),
        head.trials,
        sweep.failures.len(),
        sweep.workers.len(),
        sweep.machines().len(),
        duration(seconds),
        head.begun
    ))
}

/// `grid.json`: what ran, where, by how many. It is what W-GRID asks.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Distribution {
    command: String,
    trials: usize,
    done: usize,
    failed: usize,
    /// Trials that were stopped or lost at least once and gone on with.
    gone_on_with: usize,
    processes: usize,
    begun: String,
    /// The end of the last trial so far.
    finished: Option<String>,
    /// Seconds of computing, over all trials.
    seconds: f64,
    machines: Vec<OnMachine>,
}

/// A machine's share.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct OnMachine {
    name: String,
    cpu: String,
    threads: usize,
    processes: usize,
    /// Trials at the same time, over all processes that ever took part.
    jobs: usize,
    trials: usize,
    /// What started the processes.
    engines: Vec<String>,
}

/// What started a process, by what it was told.
fn engine(worker: &super::Worker) -> &'static str {
    let told = |start: &str| worker.engine.keys().any(|name| name.starts_with(start));
    match () {
        () if told("OMPI_") || told("PMI_") => "MPI",
        () if told("HQ_") => "HyperQueue",
        () if told("SLURM_ARRAY") => "Slurm array",
        () if told("SLURM") => "Slurm",
        () if told("PARALLEL_") => "GNU parallel",
        () => "none",
    }
}

impl Distribution {
    fn of(sweep: &Finished<'_>) -> Self {
        let mut machines: Vec<OnMachine> = Vec::new();
        for worker in &sweep.workers {
            let place = machines.iter().position(|m| m.name == worker.process.host);
            let place = place.unwrap_or_else(|| {
                machines.push(OnMachine {
                    name: worker.process.host.clone(),
                    cpu: worker.machine.cpu.clone(),
                    threads: worker.machine.threads,
                    processes: 0,
                    jobs: 0,
                    trials: 0,
                    engines: Vec::new(),
                });
                machines.len() - 1
            });
            let machine = &mut machines[place];
            machine.processes += 1;
            machine.jobs += worker.jobs;
            machine.trials += sweep.records.iter().filter(|(_, r)| r.worker == worker.id).count();
            let engine = engine(worker).to_owned();
            if !machine.engines.contains(&engine) {
                machine.engines.push(engine);
            }
        }
        let folder = sweep.folder;
        Distribution {
            command: command("run", folder.path()),
            trials: folder.head.trials,
            done: sweep.records.len(),
            failed: sweep.failures.len(),
            gone_on_with: sweep.records.iter().filter(|(_, r)| r.generation > 0).count(),
            processes: sweep.workers.len(),
            begun: folder.head.begun.clone(),
            finished: sweep.records.iter().map(|(_, r)| r.finished.clone()).max(),
            seconds: sweep.records.iter().map(|(_, r)| r.seconds).sum(),
            machines,
        }
    }

    fn table(&self) -> Table {
        let count = |n: usize| Cell::digits(n.to_string());
        let row = |m: &OnMachine| {
            vec![
                Cell::text(m.name.clone()),
                Cell::text(m.cpu.clone()),
                count(m.threads),
                count(m.processes),
                count(m.jobs),
                count(m.trials),
                Cell::text(m.engines.join(", ")),
            ]
        };
        Table {
            caption: format!("What ran where: {} trials, {} processes in all", self.done, self.processes),
            groups: Vec::new(),
            header: header(["machine", "processor", "threads", "processes", "jobs", "trials", "engine"]),
            rows: self.machines.iter().map(row).collect(),
        }
    }
}

fn origin(sweep: &Finished<'_>, distribution: &Distribution) -> Vec<Block> {
    let folder = sweep.folder;
    let mut blocks = vec![
        Block::heading("Where the numbers come from"),
        Block::Table(distribution.table()),
        Block::Code(format!(
            "{}\n{}\n{}",
            command("run", folder.path()),
            command("status", folder.path()),
            command("report", folder.path())
        )),
        Block::Paragraph(format!(
            "The plan is `plan.toml`, SHA-256 `{}`. Begun by commit {}. Each trial lies in its own folder \
             under `trials/`, with what it saved; each result under `results/` names the worker that \
             finished it.",
            folder.head.plan_sha256,
            folder.head.code.short_commit()
        )),
        Block::Details(
            format!("{} processes took part", sweep.workers.len()),
            vec![Block::Table(table("Processes, in the order of their starts", &worker_rows(sweep)))],
        ),
    ];
    if !sweep.failures.is_empty() {
        let kind = folder.plan.kind;
        let failed =
            sweep.failures.iter().map(|(trial, f)| format!("{}: {}", kind.label(&trial.spec), f.error));
        blocks.push(Block::Details("Failed trials".into(), vec![Block::List(failed.collect())]));
    }
    blocks
}

fn table(caption: &str, rows: &[Row]) -> Table {
    let header = rows.first().map_or(Vec::new(), |r| r.iter().map(|(name, _)| name.clone()).collect());
    let cell = |(name, value): &(String, Value)| match value {
        // Counts are exact; everything else has three digits.
        Value::Number(n) if n.is_f64() && name != "seconds" => Cell::number(n.as_f64()),
        Value::Number(n) => Cell::digits(n.to_string()),
        Value::String(s) => Cell::text(s.clone()),
        Value::Null => Cell::text("–"),
        other => Cell::text(other.to_string()),
    };
    Table {
        caption: caption.into(),
        groups: Vec::new(),
        header,
        rows: rows.iter().map(|r| r.iter().map(cell).collect()).collect(),
    }
}

/// Comma-separated values as RFC 4180 has them.
fn csv(rows: &[Row]) -> String {
    let field = |value: &Value| {
        let text = match value {
            Value::Null => String::new(),
            Value::String(s) => s.clone(),
            other => other.to_string(),
        };
        if text.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        }
    };
    let line = |fields: Vec<String>| fields.join(",") + "\r\n";
    let mut out = String::new();
    if let Some(first) = rows.first() {
        out.push_str(&line(first.iter().map(|(name, _)| name.clone()).collect()));
    }
    for row in rows {
        out.push_str(&line(row.iter().map(|(_, value)| field(value)).collect()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_quotes_what_it_must() {
        let rows = vec![vec![
            ("layers".to_owned(), Value::from("SiLU8,ELU8")),
            ("x".to_owned(), Value::from(0.1)),
            ("none".to_owned(), Value::Null),
        ]];
        assert_eq!(csv(&rows), "layers,x,none\r\n\"SiLU8,ELU8\",0.1,\r\n");
        assert_eq!(csv(&[]), "");
    }
}
