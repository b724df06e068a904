//! Killed, on a full disk, or very large: a data set is whole or absent, and held in memory once.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;
#[path = "common/damage.rs"]
mod damage;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{initial, small};
use datagen::*;

/// Tells a process of this program that it is the one that works, and where.
const PLACE: &str = "DATAGEN_TEST_PLACE";

/// This program again, with one of its tests.
fn again(test: &str, place: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture", "--include-ignored"]).env(PLACE, place);
    command
}

fn place() -> Option<PathBuf> {
    std::env::var_os(PLACE).map(PathBuf::from)
}

#[test]
fn killed_at_any_moment_it_is_whole_or_absent() {
    if let Some(path) = place() {
        // Not without end: nobody kills it if the test itself is killed.
        (0..1000).for_each(|_| small().generate().unwrap().save(&path).unwrap());
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.safetensors");
    let data = small().generate().unwrap();
    let (mut whole, mut absent) = (0, 0);
    for seed in 0..30 {
        let mut child =
            again("killed_at_any_moment_it_is_whole_or_absent", &path).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(damage::Damage(seed).below(60) as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        match path.exists() {
            true => {
                assert_eq!(Dataset::open(&path).unwrap(), data);
                std::fs::remove_file(&path).unwrap();
                whole += 1;
            }
            false => absent += 1,
        }
    }
    assert!(whole > 0, "killed too early, {absent} times");
    data.save(&path).unwrap();
    assert_eq!(Dataset::open(&path).unwrap(), data);
}

#[test]
fn a_full_disk_is_an_error_that_leaves_nothing() {
    if let Some(folder) = place() {
        let data = small().generate().unwrap();
        for (name, result) in [
            ("a", data.save(folder.join("a"))),
            ("b", data.export_csv(folder.join("b"))),
            ("c", data.export_npz(folder.join("c"))),
        ] {
            let error = result.expect_err(name).to_string();
            assert!(error.contains("too large"), "{error}");
            let remedy = ["disk is not full", "may be written"].iter().any(|part| error.contains(part));
            assert!(remedy, "{error}");
        }
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
        return;
    }
    // A limit on the length of files is a full disk that needs no privilege; without the trap its signal would kill.
    let folder = tempfile::tempdir().unwrap();
    let inner = again("a_full_disk_is_an_error_that_leaves_nothing", folder.path());
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\""]).arg(inner.get_program());
    let output = command.args(inner.get_args()).env(PLACE, folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}

/// The most memory that this process ever had, in bytes.
#[cfg(target_os = "linux")]
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    1024 * line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
#[ignore = "ten million rows: some seconds, 400 MB of disk, 500 MB of memory"]
fn ten_million_rows_are_held_once() {
    let recipe = Recipe {
        sampling: Sampling::Uniform {
            samples: 100_000,
            ranges: vec![
                Range { of: initial("U"), low: 0.0, high: 1.0 },
                Range { of: initial("W"), low: 0.0, high: 0.18 },
            ],
        },
        times: TimeGrid::Uniform { from: 0.0, to: 1.0, points: 100, ends: Ends::Last },
        ..small()
    };
    let bytes = 10_000_000 * 5 * 8;
    if let Some(path) = place() {
        match path.exists() {
            false => recipe.generate().unwrap().save(&path).unwrap(),
            true => assert_eq!(Dataset::open(&path).unwrap().values().nrows(), 10_000_000),
        }
        let peak = peak();
        println!("values {} MB, peak of the process {} MB", bytes / 1_000_000, peak / 1_000_000);
        assert!(peak < bytes + 100_000_000, "{peak} bytes");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.safetensors");
    for what in ["generated and saved", "opened"] {
        let output = again("ten_million_rows_are_held_once", &path).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}");
        println!("{what}: {}", text.lines().find(|l| l.contains("peak")).unwrap());
    }
}
