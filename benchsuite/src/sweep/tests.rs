//! What the tests of the parts share, and tests of a worker in this process.

use std::path::Path;

use super::worker::{self, Options};
use super::*;
use crate::Error;
use crate::interrupt::Stop;
use crate::progress::Progress;

/// A sweep of so many rehearsals that expires after a second.
pub(crate) fn begin(root: &Path, trials: usize) -> Folder {
    let seeds: Vec<String> = (1..=trials).map(|n| n.to_string()).collect();
    begin_with(root, &format!("[[section]]\nseed = [{}]\nsteps = 20\n", seeds.join(", ")))
}

fn begin_with(root: &Path, sections: &str) -> Folder {
    let plan = root.join("given.toml");
    std::fs::write(&plan, format!("name = \"test\"\nkind = \"rehearsal\"\n{sections}")).unwrap();
    Folder::begin(&plan, &root.join("sweep"), Some(1)).unwrap()
}

pub(crate) fn trial_ids(folder: &Folder) -> Vec<String> {
    folder.plan.trials.iter().map(|t| t.id.clone()).collect()
}

fn work(folder: &Folder, options: Options) -> Result<worker::Done, Error> {
    worker::run(folder, options, Stop::new(), &Progress::new("test"), "go on")
}

const TWO: Options = Options { jobs: 2, stay: true, retry: false };

#[test]
fn a_worker_ends_all_trials_and_a_second_one_finds_nothing_to_do() {
    let root = tempfile::tempdir().unwrap();
    let folder = begin(root.path(), 7);
    let done = work(&folder, TWO).unwrap();
    assert_eq!((done.here, done.all, done.taken_over, done.elsewhere), (7, 7, 0, 0));
    assert_eq!(work(&folder, TWO).unwrap().here, 0);
    for id in trial_ids(&folder) {
        let starts = std::fs::read_to_string(folder.trial(&id).join("starts.log")).unwrap();
        assert_eq!(starts.lines().count(), 1);
    }
    let workers = folder.workers().unwrap();
    assert_eq!(workers.len(), 2);
    assert!(workers.iter().all(|w| w.ended.is_some() && w.jobs == 2));
}

#[test]
fn a_failed_trial_is_kept_with_its_error_and_stops_no_other() {
    let root = tempfile::tempdir().unwrap();
    let sections = "[[section]]\nseed = [1, 2, 3]\nsteps = 20\n\
                    [[section]]\nseed = 4\nsteps = 20\nfail = true\n\
                    [[section]]\nseed = 5\nsteps = 20\npanic = true\n";
    let folder = begin_with(root.path(), sections);
    let error = work(&folder, TWO).unwrap_err();
    assert!(matches!(error, Error::TrialsFailed { failed: 2, all: 5, .. }), "{error}");
    assert!(error.to_string().contains("asked to fail") && error.to_string().contains("--retry"), "{error}");
    assert_eq!(folder.results().unwrap().len(), 3);
    let failures = folder.failures().unwrap();
    assert!(failures.values().any(|f| f.error.contains("panic")), "{failures:?}");
    // Not again unless asked to; then each once more, and the old errors are kept.
    assert!(work(&folder, TWO).is_err());
    let starts =
        |id: &str| std::fs::read_to_string(folder.trial(id).join("starts.log")).unwrap().lines().count();
    let failed: Vec<String> = failures.keys().cloned().collect();
    assert!(failed.iter().all(|id| starts(id) == 1));
    assert!(work(&folder, Options { retry: true, ..TWO }).is_err());
    assert!(failed.iter().all(|id| starts(id) == 2));
    assert!(folder.path().join("failed").join(format!("{}.1.txt", failed[0])).exists());
}

#[test]
fn a_stopped_worker_gives_its_trials_back_and_the_next_goes_on_at_once() {
    let root = tempfile::tempdir().unwrap();
    let folder = begin_with(root.path(), "[[section]]\nseed = [1, 2]\nsteps = 60\nstep_ms = 20\n");
    let stop = Stop::new();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(400));
            stop.request();
        });
        let stopped = worker::run(&folder, TWO, stop, &Progress::new("test"), "sweep run again");
        let text = stopped.unwrap_err().to_string();
        assert!(text.contains("sweep run again"), "{text}");
    });
    let ended = std::fs::read_dir(folder.path().join("claims")).unwrap();
    let ended = ended.filter(|e| e.as_ref().unwrap().file_name().to_str().unwrap().ends_with(".end")).count();
    assert_eq!(ended, 2);
    assert_eq!(work(&folder, TWO).unwrap().here, 2);
    let records = folder.results().unwrap();
    assert!(records.values().all(|r| r.generation == 1));
    // As if it had not been stopped.
    let other = tempfile::tempdir().unwrap();
    let whole = begin_with(other.path(), "[[section]]\nseed = [1, 2]\nsteps = 60\nstep_ms = 20\n");
    work(&whole, TWO).unwrap();
    for (id, record) in whole.results().unwrap() {
        assert_eq!(records[&id].outcome, record.outcome);
    }
}

#[test]
fn a_folder_takes_one_plan_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let folder = begin(root.path(), 2);
    let path = folder.path().to_owned();
    // The same plan again changes nothing.
    let again = Folder::begin(&root.path().join("given.toml"), &path, None).unwrap();
    assert_eq!(again.head, folder.head);
    let other_expiry = Folder::begin(&root.path().join("given.toml"), &path, Some(99)).unwrap_err();
    assert!(matches!(other_expiry, Error::OtherConfig { .. }), "{other_expiry}");

    let other = root.path().join("other.toml");
    std::fs::write(&other, "name = \"other\"\nkind = \"rehearsal\"\n[[section]]\nseed = 9\nsteps = 1\n")
        .unwrap();
    let error = Folder::begin(&other, &path, None).unwrap_err();
    assert!(matches!(error, Error::OtherPlan { .. }), "{error}");
    assert!(error.to_string().contains("`test`") && error.to_string().contains("`other`"), "{error}");

    let taken = root.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    std::fs::write(taken.join("thesis.tex"), "").unwrap();
    assert!(matches!(Folder::begin(&other, &taken, None), Err(Error::NotForASweep(_))));
    assert!(matches!(Folder::open(&taken), Err(Error::NotASweep(_))));
    assert!(matches!(Folder::begin(Path::new("none.toml"), &taken, None), Err(Error::Io { .. })));
}

#[test]
fn damaged_files_are_named_with_the_remedy_before_anything_runs() {
    let root = tempfile::tempdir().unwrap();
    let folder = begin(root.path(), 2);
    let ids = trial_ids(&folder);
    work(&folder, TWO).unwrap();
    let damaged = |result: Result<worker::Done, Error>, part: &str| {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(part), "{error}");
    };
    let spoil = |path: &Path, text: &str| {
        let old = std::fs::read(path).unwrap();
        std::fs::write(path, text).unwrap();
        old
    };
    let result = folder.path().join("results").join(format!("{}.json", ids[0]));
    let old = spoil(&result, "{\"trial\": ");
    damaged(work(&folder, TWO), "delete it");
    // A result of another trial under this one's name.
    let other =
        std::fs::read_to_string(folder.path().join("results").join(format!("{}.json", ids[1]))).unwrap();
    std::fs::write(&result, other).unwrap();
    damaged(work(&folder, TWO), "of no trial of this plan");
    std::fs::write(&result, old).unwrap();
    assert!(work(&folder, TWO).is_ok());

    let plan = folder.path().join("plan.toml");
    let old = spoil(&plan, "name = \"edited\"\n");
    assert!(matches!(Folder::open(folder.path()), Err(Error::Damaged { .. })));
    std::fs::write(&plan, old).unwrap();
    let head = folder.path().join("sweep.json");
    spoil(&head, "");
    assert!(matches!(Folder::open(folder.path()), Err(Error::Damaged { .. })));
}

#[test]
fn a_damaged_claim_of_a_trial_that_still_runs_is_an_error() {
    let root = tempfile::tempdir().unwrap();
    let folder = begin(root.path(), 1);
    let id = &trial_ids(&folder)[0];
    std::fs::write(folder.path().join("claims").join(format!("{id}.0000.json")), "torn").unwrap();
    let error = work(&folder, TWO).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }) && error.to_string().contains("claims"), "{error}");
}
