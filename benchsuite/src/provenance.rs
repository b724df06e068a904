//! Where a run's numbers come from, as a table for its report.

use crate::manifest::Manifest;
use crate::report::{Cell, Table};

/// Starts, commits, compiler, machine, seed and data sets of a run.
pub(crate) fn table(manifest: &Manifest, seed: u64) -> Table {
    let pair = |name: &str, value: String| vec![Cell::text(name), Cell::text(value)];
    let mut rows = Vec::new();
    if let (Some(first), Some(last)) = (manifest.starts.first(), manifest.starts.last()) {
        rows.push(pair("started", first.at.clone()));
        if manifest.starts.len() > 1 {
            let text = format!("{} times, last {}", manifest.starts.len() - 1, last.at);
            rows.push(pair("resumed", text));
        }
        rows.push(pair("commit", manifest.commits().join(", then ")));
        rows.push(pair("Cargo.lock, SHA-256", format!("`{}`", last.code.cargo_lock_sha256)));
        let code = &last.code;
        rows.push(pair("compiler", format!("{}, {}, {}", code.rustc, code.target, code.profile)));
        let m = &last.machine;
        let text = format!("{}, {} threads, {}, {} GiB", m.cpu, m.threads, m.simd, m.memory_gib);
        rows.push(pair("machine", text));
        rows.push(pair("system", m.os.clone()));
        rows.push(pair("networks at a time", last.jobs.to_string()));
    }
    rows.push(pair("seed of the run", seed.to_string()));
    for (name, hash) in &manifest.datasets {
        rows.push(pair(&format!("data set {name}, SHA-256"), format!("`{hash}`")));
    }
    Table {
        caption: "This run".into(),
        groups: Vec::new(),
        header: vec!["what".into(), "value".into()],
        rows,
    }
}
