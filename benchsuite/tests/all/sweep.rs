//! Sweeps with many processes: no trial is lost or run twice, however they end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use benchsuite::Error;
use benchsuite::sweep::Folder;

fn benchsuite(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_benchsuite"));
    command.arg("sweep").args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a program said, on one line: messages are wrapped.
fn text(output: &Output) -> String {
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    said.concat().replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn plan(root: &Path, body: &str) -> PathBuf {
    let path = root.join("plan.toml");
    std::fs::write(&path, format!("name = \"many\"\nkind = \"rehearsal\"\n[[section]]\n{body}")).unwrap();
    path
}

/// Begins a sweep of rehearsals in `root/name`. Deaths on one machine are seen at once; only the test that
/// freezes a worker waits for a claim to expire.
fn begin(root: &Path, name: &str, body: &str) -> PathBuf {
    begin_with_expiry(root, name, body, "20")
}

fn begin_with_expiry(root: &Path, name: &str, body: &str, seconds: &str) -> PathBuf {
    let folder = root.join(name);
    let plan = plan(root, body);
    let begun =
        benchsuite(&["new", plan.to_str().unwrap(), folder.to_str().unwrap(), "--expire", seconds]).output();
    let begun = begun.unwrap();
    assert!(begun.status.success(), "{}", text(&begun));
    folder
}

fn start(folder: &Path, more: &[&str]) -> Child {
    let mut args = vec!["run", folder.to_str().unwrap()];
    args.extend(more);
    benchsuite(&args).spawn().expect("the program starts")
}

fn finish(child: Child) {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}

/// Outcomes by trial.
fn outcomes(folder: &Path) -> BTreeMap<String, serde_json::Value> {
    let sweep = Folder::open(folder).unwrap();
    sweep.results().unwrap().into_iter().map(|(id, record)| (id, record.outcome)).collect()
}

/// How often each trial was begun, and how often it was claimed.
fn starts_and_claims(folder: &Path) -> (Vec<usize>, usize) {
    let sweep = Folder::open(folder).unwrap();
    let starts = sweep.plan.trials.iter().map(|t| {
        std::fs::read_to_string(sweep.trial(&t.id).join("starts.log")).unwrap_or_default().lines().count()
    });
    let claims = std::fs::read_dir(folder.join("claims")).unwrap();
    let claims =
        claims.filter(|c| c.as_ref().unwrap().file_name().to_str().unwrap().ends_with(".json")).count();
    (starts.collect(), claims)
}

#[test]
fn many_processes_run_every_trial_exactly_once() {
    let root = tempfile::tempdir().unwrap();
    let seeds: Vec<String> = (1..=60).map(|n| n.to_string()).collect();
    let body = format!("seed = [{}]\nsteps = 10\nstep_ms = 1\n", seeds.join(", "));
    let folder = begin(root.path(), "many", &body);
    let children: Vec<Child> = (0..6).map(|_| start(&folder, &["--jobs", "2"])).collect();
    children.into_iter().for_each(finish);
    assert_eq!(outcomes(&folder).len(), 60);
    let (starts, claims) = starts_and_claims(&folder);
    assert_eq!(starts, vec![1; 60]);
    assert_eq!(claims, 60);
    let sweep = Folder::open(&folder).unwrap();
    assert_eq!(sweep.workers().unwrap().len(), 6);
    assert!(sweep.results().unwrap().values().all(|r| r.generation == 0));
}

/// A few bits that differ from call to call, for moments to kill at.
fn chance() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::from(since.subsec_nanos()) / 7919
}

#[test]
fn killed_at_random_moments_a_sweep_ends_as_if_it_had_not_been() {
    let root = tempfile::tempdir().unwrap();
    let seeds: Vec<String> = (1..=24).map(|n| n.to_string()).collect();
    let body = format!("seed = [{}]\nsteps = 60\nstep_ms = 2\n", seeds.join(", "));
    let whole = begin(root.path(), "whole", &body);
    finish(start(&whole, &["--jobs", "8"]));

    let folder = begin(root.path(), "killed", &body);
    let mut children: Vec<Child> = (0..3).map(|_| start(&folder, &["--jobs", "2"])).collect();
    let mut killed = 0;
    while killed < 8 {
        std::thread::sleep(Duration::from_millis(30 + chance() % 150));
        let victim = (chance() % 3) as usize;
        if outcomes(&folder).len() == 24 {
            break;
        }
        children[victim].kill().unwrap();
        children[victim].wait().unwrap();
        killed += 1;
        children[victim] = start(&folder, &["--jobs", "2"]);
    }
    children.into_iter().for_each(finish);
    assert!(killed > 0, "the sweep ended before anything was killed");
    assert_eq!(outcomes(&folder), outcomes(&whole));
    // Each start has a claim of its own (a worker may die between the two).
    let (starts, claims) = starts_and_claims(&folder);
    let starts: usize = starts.iter().sum();
    assert!(starts <= claims && starts >= 24, "{starts} starts for {claims} claims");
    let sweep = Folder::open(&folder).unwrap();
    assert!(sweep.failures().unwrap().is_empty());
    // No process ever found another one at work on its trial.
    assert!(sweep.plan.trials.iter().all(|t| !sweep.trial(&t.id).join("overlaps.log").exists()));
}

#[test]
fn the_trial_of_a_stopped_process_is_taken_over_once_and_it_notices() {
    let root = tempfile::tempdir().unwrap();
    let body = "seed = 1\nsteps = 150\nstep_ms = 20\n";
    let folder = begin_with_expiry(root.path(), "frozen", body, "3");
    let frozen = start(&folder, &["--jobs", "1"]);
    let state = |n: u64| {
        let sweep = Folder::open(&folder).unwrap();
        let path = sweep.trial(&sweep.plan.trials[0].id).join("state.json");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        serde_json::from_str::<serde_json::Value>(&text).is_ok_and(|s| s["step"].as_u64() >= Some(n))
    };
    let begun = Instant::now();
    while !state(10) {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not begin");
        std::thread::sleep(Duration::from_millis(10));
    }
    let signal = |name: &str| {
        let id = frozen.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    };
    // A process that is stopped is alive: only the age of its beat tells.
    signal("-STOP");
    let others: Vec<Child> = (0..3).map(|_| start(&folder, &["--jobs", "1"])).collect();
    let taken = |n: usize| starts_and_claims(&folder).1 >= n;
    while !taken(2) {
        assert!(begun.elapsed() < Duration::from_secs(90), "nobody takes the trial over");
        std::thread::sleep(Duration::from_millis(10));
    }
    signal("-CONT");
    let woken = frozen.wait_with_output().unwrap();
    others.into_iter().for_each(finish);
    assert!(text(&woken).contains("another one has it"), "{}", text(&woken));
    // Of three who saw the claim expire, one took it.
    assert_eq!(starts_and_claims(&folder).1, 2);
    let results = Folder::open(&folder).unwrap().results().unwrap();
    assert!(results.values().all(|r| r.generation == 1));
    let whole = begin(root.path(), "whole", "seed = 1\nsteps = 150\nstep_ms = 0\n");
    finish(start(&whole, &[]));
    let bits = |folder: &Path| outcomes(folder).into_values().collect::<Vec<_>>();
    assert_eq!(bits(&folder), bits(&whole));
}

#[test]
fn interrupted_by_a_signal_it_says_how_to_go_on_and_gives_its_trials_back() {
    for (signal, name) in [("-INT", "int"), ("-TERM", "term")] {
        let root = tempfile::tempdir().unwrap();
        let folder = begin(root.path(), name, "seed = [1, 2]\nsteps = 400\nstep_ms = 5\n");
        let child = start(&folder, &["--jobs", "2"]);
        let begun = Instant::now();
        while starts_and_claims(&folder).0 != [1, 1] {
            assert!(begun.elapsed() < Duration::from_secs(60), "it does not begin");
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(130), "{}", text(&output));
        assert!(text(&output).contains("sweep run"), "{}", text(&output));
        let status = benchsuite(&["status", folder.to_str().unwrap()]).output().unwrap();
        assert!(text(&status).contains("running 0, waiting 2, failed 0"), "{}", text(&status));
    }
}

#[test]
fn failures_damage_and_folders_that_cannot_be_used_end_with_a_remedy() {
    let root = tempfile::tempdir().unwrap();
    let folder = begin(root.path(), "bad", "seed = [1, 2]\nsteps = 1\nfail = [false, true]\n");
    let run = start(&folder, &["--jobs", "2"]).wait_with_output().unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert!(text(&run).contains("2 of 4 trials failed"), "{}", text(&run));
    let status = benchsuite(&["status", folder.to_str().unwrap()]).output().unwrap();
    let said = text(&status);
    assert!(said.contains("2 of 4 trials done") && said.contains("FAILED: "), "{said}");
    let report = benchsuite(&["report", folder.to_str().unwrap()]).output().unwrap();
    assert!(report.status.success(), "{}", text(&report));
    let csv = std::fs::read_to_string(folder.join("results.csv")).unwrap();
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(std::fs::read_to_string(folder.join("report.html")).unwrap().contains("Failed trials"));
    let grid = std::fs::read_to_string(folder.join("grid.json")).unwrap();
    let grid: serde_json::Value = serde_json::from_str(&grid).unwrap();
    assert_eq!((&grid["trials"], &grid["done"], &grid["failed"]), (&4.into(), &2.into(), &2.into()));
    assert_eq!((&grid["processes"], &grid["machines"][0]["trials"]), (&1.into(), &2.into()));

    let other = root.path().join("other.toml");
    std::fs::write(&other, "name = \"o\"\nkind = \"rehearsal\"\n[[section]]\nseed = 1\nsteps = 1\n").unwrap();
    let refused = benchsuite(&["new", other.to_str().unwrap(), folder.to_str().unwrap()]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused).contains("another plan"), "{}", text(&refused));

    let none = benchsuite(&["run", root.path().join("none").to_str().unwrap()]).output().unwrap();
    assert!(text(&none).contains("sweep new"), "{}", text(&none));
    // A file stands where the workers' folder should be: nothing can be written there, even by root.
    let workers = folder.join("workers");
    std::fs::remove_dir_all(&workers).unwrap();
    std::fs::write(&workers, "").unwrap();
    let unwritable = start(&folder, &["--jobs", "1"]).wait_with_output().unwrap();
    assert_eq!(unwritable.status.code(), Some(1));
    assert!(text(&unwritable).contains("writable"), "{}", text(&unwritable));
    let error = Folder::begin(&other, &workers.join("below"), None).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
}

/// Real networks, small ones, from a plan to a report with tables, figures and verdicts.
#[test]
fn networks_are_trained_by_two_processes_and_reported() {
    let root = tempfile::tempdir().unwrap();
    let plan = root.path().join("networks.toml");
    let body = "name = \"networks\"\nkind = \"trial\"\n[[section]]\nexperiment = \"W-BS2\"\nproblem = \"B_S\"\n\
                class = \"DDNN\"\nlayers = [\"SiLU4\", \"Tanh8\"]\ndepths = [2]\nbatch = 16\nseed = 1\n\
                samples = 20\niterations = 200\nvalidate_every = 20\n";
    std::fs::write(&plan, body).unwrap();
    let folder = root.path().join("sweep");
    let begun = benchsuite(&["new", plan.to_str().unwrap(), folder.to_str().unwrap()]).output().unwrap();
    assert!(begun.status.success(), "{}", text(&begun));
    let children: Vec<Child> = (0..2).map(|_| start(&folder, &["--jobs", "1"])).collect();
    children.into_iter().for_each(finish);
    let report = benchsuite(&["report", folder.to_str().unwrap()]).output().unwrap();
    assert!(report.status.success(), "{}", text(&report));
    let html = std::fs::read_to_string(folder.join("report.html")).unwrap();
    for part in ["not comparable", "Table 4", "Tables 16 and 17", "As Fig. 26", "As Fig. 28", "As Fig. 5"] {
        assert!(html.contains(part), "{part} is missing");
    }
    let csv = std::fs::read_to_string(folder.join("results.csv")).unwrap();
    assert_eq!(csv.lines().count(), 5, "{csv}");
    let verdicts = std::fs::read_to_string(folder.join("results.json")).unwrap();
    assert!(verdicts.contains("W-GRID/models") && !verdicts.contains("\"PASS\""), "{verdicts}");
}
