//! Reports of sweeps and the front page, killed while they are written.

use std::path::Path;

use super::benchsuite;
use crate::kill::{files_below, kill_amid_writing, took};

/// The report of a finished sweep: each of its files is whole or as it was, wherever it was killed.
pub(crate) fn a_report_is_whole_or_as_it_was(sweep: &Path) {
    let report = || benchsuite(&["sweep", "report", sweep.to_str().unwrap()]).spawn().unwrap();
    let before = files_below(sweep, |_| true);
    let time = took(report());
    let written = files_below(sweep, |_| true).into_iter().filter(|f| !before.contains(f));
    let files: Vec<_> = written.map(|f| sweep.join(f)).collect();
    let names = ["results.csv", "workers.csv", "results.json", "grid.json", "report.html", "report.md"];
    assert!(names.iter().all(|name| files.contains(&sweep.join(name))), "{files:?}");
    let amid = kill_amid_writing(&files, time, report);
    assert!(amid >= 3, "{amid} kills came between the first file and the last");
}

#[test]
fn the_front_page_is_whole_or_as_it_was() {
    let root = tempfile::tempdir().unwrap();
    let report = || benchsuite(&["report", "--out", root.path().to_str().unwrap()]).spawn().unwrap();
    let time = took(report());
    let files = ["report.html", "report.md", "benches.html", "benches.md"].map(|name| root.path().join(name));
    let amid = kill_amid_writing(&files, time, report);
    assert!(amid >= 3, "{amid} kills came between the first file and the last");
}
