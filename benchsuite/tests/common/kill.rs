//! Programs that are killed at moments that a seed draws, and what they leave.
#![allow(dead_code, reason = "not every test binary kills alike")]

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::{Duration, Instant};

use crate::damage::Damage;

/// A moment in a stretch of time: always the same for a seed.
pub(crate) fn moment(seed: u64, within: Duration) -> Duration {
    within.mul_f64(Damage(seed).below(1000) as f64 / 1000.0)
}

/// How long a program takes that must succeed.
pub(crate) fn took(child: Child) -> Duration {
    let started = Instant::now();
    finish(child);
    started.elapsed()
}

/// Waits for a program that must succeed.
pub(crate) fn finish(child: Child) {
    let output = child.wait_with_output().expect("a child of ours");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Starts a program again and again and kills it each time, at a moment of the time that it would take. Returns how
/// often it was still at work.
pub(crate) fn kill_often(times: u64, within: Duration, start: impl Fn() -> Child) -> usize {
    (0..times)
        .filter(|&seed| {
            let mut child = start();
            std::thread::sleep(moment(seed, within));
            let at_work = child.try_wait().expect("a child of ours").is_none();
            if at_work {
                child.kill().expect("a child of ours");
            }
            let output = child.wait_with_output().expect("a child of ours");
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(at_work || output.status.success(), "{said}");
            at_work
        })
        .count()
}

/// A page without the moments that it names (`2026-11-28T05:16:48Z`), which differ each time that it is written.
pub(crate) fn timeless(mut page: Vec<u8>) -> Vec<u8> {
    const MOMENT: &[u8] = b"0000-00-00T00:00:00Z";
    let is_moment = |part: &[u8]| {
        part.iter().zip(MOMENT).all(|(c, m)| if *m == b'0' { c.is_ascii_digit() } else { c == m })
    };
    for at in 0..page.len().saturating_sub(MOMENT.len() - 1) {
        if is_moment(&page[at..at + MOMENT.len()]) {
            page[at..at + MOMENT.len()].copy_from_slice(MOMENT);
        }
    }
    page
}

/// Starts a program that writes files over older ones and kills it: each of them is then as it was, or whole. Every
/// other kill waits for the first file to change. Returns how many kills left new files beside old ones.
///
/// Afterwards the files are as the program leaves them, which must be the same every time, but for the time.
pub(crate) fn kill_amid_writing(files: &[PathBuf], within: Duration, start: impl Fn() -> Child) -> usize {
    const OLD: &[u8] = b"as it was";
    let read =
        |path: &PathBuf| timeless(std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())));
    let good: Vec<Vec<u8>> = files.iter().map(read).collect();
    let mut amid = 0;
    for seed in 0..12 {
        for path in files {
            std::fs::write(path, OLD).expect("it is there");
        }
        let mut child = start();
        if seed % 2 == 0 {
            std::thread::sleep(moment(seed, within));
        } else {
            let old = |path: &PathBuf| path.metadata().is_ok_and(|m| m.len() == OLD.len() as u64);
            while files.iter().all(old) && child.try_wait().expect("a child of ours").is_none() {
                std::thread::yield_now();
            }
            // Some at once: the files may lie together in time, at the end of much else.
            let later = (seed / 2) as f64 / 5.0;
            std::thread::sleep(moment(seed, within / 50).mul_f64(later.powi(3)));
        }
        child.kill().expect("a child of ours");
        child.wait().expect("a child of ours");
        let mut new = 0;
        for (path, good) in files.iter().zip(&good) {
            let found = read(path);
            assert!(found == OLD || found == *good, "half of {} is there", path.display());
            new += usize::from(found == *good);
        }
        amid += usize::from((1..files.len()).contains(&new));
    }
    finish(start());
    assert!(files.iter().map(read).eq(good), "the same program wrote something else");
    amid
}

/// The files below a folder whose path ends so, by their relative names, in order.
pub(crate) fn files_below(folder: &Path, wanted: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(inner) = open.pop() {
        for entry in std::fs::read_dir(&inner).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else if wanted(&path.to_string_lossy()) {
                found.push(path.strip_prefix(folder).expect("below it").to_owned());
            }
        }
    }
    found.sort();
    found
}

/// That two runs left the same data, checkpoints, courses, networks, findings and judgements: the same bytes, or in
/// JSON the same but for how long an iteration took. Returns how many files were compared.
pub(crate) fn assert_same(a: &Path, b: &Path) -> usize {
    // What says when, where and how often a run was started differs.
    let told = ["manifest.json", "report.html", "report.md", "SHA256SUMS"];
    let result = |name: &str| {
        let file = Path::new(name).file_name().expect("a file").to_string_lossy().into_owned();
        !told.contains(&&*file) && !file.starts_with('.')
    };
    let files = files_below(a, result);
    assert_eq!(files, files_below(b, result));
    for file in &files {
        let both = [a, b].map(|run| std::fs::read(run.join(file)).expect("it was listed"));
        let same = if file.extension().is_some_and(|e| e == "json") {
            let [a, b] = both.map(|text| {
                let mut value = serde_json::from_slice(&text).expect("it is JSON");
                forget_times(&mut value);
                value
            });
            a == b
        } else {
            both[0] == both[1]
        };
        assert!(same, "{} differs from that of the uninterrupted run", file.display());
    }
    files.len()
}

/// Takes out what was measured with a clock, and the folder that a command names.
fn forget_times(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(map) => {
            map.retain(|key, _| !key.ends_with("seconds_per_iteration") && key != "command");
            map.values_mut().for_each(forget_times);
        }
        serde_json::Value::Array(values) => values.iter_mut().for_each(forget_times),
        _ => {}
    }
}
