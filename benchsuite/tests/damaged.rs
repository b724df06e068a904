//! Ten thousand damaged files of each kind that sweeps and runs leave: read, or refused by an error that names a
//! file, and nothing else happens.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[path = "common/damage.rs"]
mod damage;
#[path = "common/greed.rs"]
mod greed;

use std::path::{Path, PathBuf};
use std::process::Command;

use benchsuite::Error;
use benchsuite::manifest::{Code, Machine, Manifest, Start};
use benchsuite::metrics::{self, Progressed};
use benchsuite::rundir::{RunDir, experiment_of};
use benchsuite::seal;
use benchsuite::sweep::{Claim, Folder, Plan, Process, status};
use damage::{TRIES, every, replace, text};

/// The errors that a damaged file may give.
fn expected(error: &Error) -> bool {
    let kinds = matches!(
        error,
        Error::Damaged { .. }
            | Error::Io { .. }
            | Error::Plan { .. }
            | Error::NotASweep(_)
            | Error::NotSealed(_)
    );
    kinds && !error.to_string().is_empty()
}

#[track_caller]
fn look<T>(result: Result<T, Error>) -> bool {
    match result {
        Ok(_) => true,
        Err(e) if expected(&e) => false,
        Err(e) => panic!("{e:?}"),
    }
}

#[test]
fn plans() {
    let trials = "name = \"b\"\nkind = \"trial\"\n[[section]]\nexperiment = \"W-BS2\"\nproblem = \"B_S\"\n\
                  class = \"DDNN\"\nlayers = [\"SiLU4\", \"Tanh8\"]\ndepths = [1]\nbatch = 16\nseed = [1, 2]\n\
                  samples = 20\niterations = 200\nvalidate_every = 20\n";
    let rehearsals = "name = \"n\"\nkind = \"rehearsal\"\n[[section]]\nlayers = [\"SiLU8\", \"ELU8\"]\n\
                      depths = [1, 2]\nseed = [1, 2]\nsteps = 10\n[[section]]\nseed = 3\nsteps = 5\n";
    let brackets = "name = \"f\"\nkind = \"bracket\"\n[[section]]\ncell = [\"fhn\", \"hh\"]\nseed = [1, 2]\n\
                    candidates = 8\nreduction = 4\nhalvings = 1\nepochs = 8\nparameters = 20000\nsamples = 60\n\
                    points = 120\nbatch = 8\nsmall = true\n";
    let mut read = 0;
    every(&[trials.into(), rehearsals.into(), brackets.into()], |bytes| {
        if let Ok(plan) =
            Plan::parse(Path::new("plan.toml"), &text(bytes)).inspect_err(|e| assert!(expected(e)))
        {
            read += 1;
            assert!(!plan.trials.is_empty());
        }
    });
    assert!(read > 200, "{read}");
}

/// A finished sweep of three rehearsals, one of which failed.
fn sweep(root: &Path) -> PathBuf {
    let plan = root.join("plan.toml");
    let body = "name = \"n\"\nkind = \"rehearsal\"\n[[section]]\nseed = [1, 2]\nsteps = 3\n\
                [[section]]\nseed = 3\nsteps = 3\nfail = true\n";
    std::fs::write(&plan, body).unwrap();
    let folder = root.join("sweep");
    for (args, code) in [
        (vec!["new", plan.to_str().unwrap(), folder.to_str().unwrap()], 0),
        (vec!["run", folder.to_str().unwrap()], 1),
    ] {
        let out = Command::new(env!("CARGO_BIN_EXE_benchsuite")).arg("sweep").args(args).output().unwrap();
        assert_eq!(out.status.code(), Some(code), "{}", String::from_utf8_lossy(&out.stderr));
    }
    folder
}

/// The first JSON file in a folder.
fn first(folder: &Path) -> PathBuf {
    let files = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<_> = files.filter(|p| p.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    files.swap_remove(0)
}

#[test]
fn records_and_heads_of_a_sweep() {
    let root = tempfile::tempdir().unwrap();
    let folder = sweep(root.path());
    let whole = Folder::open(&folder).unwrap();
    let parts = ["results", "failed", "workers"].map(|part| first(&folder.join(part)));
    for path in parts.iter().chain(&[folder.join("sweep.json"), folder.join("plan.toml")]) {
        let good = std::fs::read(path).unwrap();
        let mut read = 0;
        every(std::slice::from_ref(&good), |bytes| {
            replace(path, bytes);
            let part = path.parent().unwrap().file_name().unwrap().to_str().unwrap();
            let good = match part {
                "results" => look(whole.results()),
                "failed" => look(whole.failures()),
                "workers" => look(whole.workers()),
                _ => look(Folder::open(&folder)),
            };
            read += usize::from(good);
        });
        assert!(read > 0, "{}", path.display());
        replace(path, &good);
    }
    status(&whole).unwrap();
}

/// A worker that runs on another machine has a trial: whoever looks at the sweep reads its claim.
#[test]
fn claims_of_a_sweep_at_work() {
    let root = tempfile::tempdir().unwrap();
    let plan = root.path().join("plan.toml");
    std::fs::write(&plan, "name = \"n\"\nkind = \"rehearsal\"\n[[section]]\nseed = [1, 2]\nsteps = 3\n")
        .unwrap();
    let sweep = Folder::begin(&plan, &root.path().join("sweep"), None).unwrap();
    let trial = &sweep.plan.trials[0].id;
    let claim = Claim {
        trial: trial.clone(),
        generation: 0,
        worker: "elsewhere-1".into(),
        process: Process { space: "another machine".into(), ..Process::current() },
        at: "2026-01-01T00:00:00Z".into(),
    };
    let path = sweep.path().join("claims").join(format!("{trial}.0000.json"));
    let good = serde_json::to_vec_pretty(&claim).unwrap();
    let (mut tried, mut read, mut looked) = (0, 0, 0);
    every(std::slice::from_ref(&good), |bytes| {
        replace(&path, bytes);
        let whole = look(Claim::read(&sweep, trial, 0));
        (tried, read) = (tried + 1, read + usize::from(whole));
        // Who looks at a sweep waits for the disk, to know the file system's clock: some of them are enough.
        if tried % 100 == 0 {
            assert_eq!(look(status(&sweep)), whole, "{}", text(bytes));
            looked += 1;
        }
    });
    assert_eq!((tried, looked), (TRIES, TRIES / 100));
    // Damage to a name or a number leaves a claim that can be read; most of it does not.
    assert!((100..5_000).contains(&read), "{read}");
    replace(&path, &good);
    let status = status(&sweep).unwrap();
    assert_eq!((status.running.len(), status.waiting), (1, 1));
    assert_eq!(status.running[0].worker, claim.worker);
}

#[test]
fn what_a_run_leaves() {
    let root = tempfile::tempdir().unwrap();
    let run = root.path();
    let start = Start {
        at: "2026-01-01T00:00:00Z".into(),
        command: "cargo xtask reproduce W-A".into(),
        jobs: 2,
        code: Code::current(),
        machine: Machine::current(),
    };
    let manifest = Manifest {
        format: 1,
        experiment: "W-A".into(),
        seeds: [("run".to_owned(), 1)].into(),
        datasets: [("train".to_owned(), "0".repeat(64))].into(),
        starts: vec![start],
    };
    let line = Progressed {
        iteration: 10,
        loss: 0.1,
        data: 0.1,
        physics: 0.0,
        initial: 0.0,
        lr: 1e-3,
        mean_error: 1.0 / 3.0,
        max_error: 2.0,
    };
    let line = serde_json::to_string(&line).unwrap();
    std::fs::write(run.join("manifest.json"), serde_json::to_vec_pretty(&manifest).unwrap()).unwrap();
    std::fs::write(run.join("config.json"), "{\"experiment\": \"W-A\", \"seed\": 1}\n").unwrap();
    std::fs::write(run.join("metrics.jsonl"), format!("{line}\n{line}\n{line}\n")).unwrap();
    seal::seal(run).unwrap();
    for name in ["manifest.json", "config.json", "metrics.jsonl", seal::LIST] {
        let path = run.join(name);
        let good = std::fs::read(&path).unwrap();
        let mut read = 0;
        every(std::slice::from_ref(&good), |bytes| {
            replace(&path, bytes);
            read += usize::from(match name {
                "manifest.json" => look(RunDir::manifest(run)),
                "config.json" => look(experiment_of(run)),
                "metrics.jsonl" => look(metrics::read::<Progressed>(&path)),
                _ => look(seal::verify(run)),
            });
        });
        assert!(read > 0, "{name}");
        replace(&path, &good);
        assert!(seal::verify(run).unwrap().damaged.is_empty());
    }
}

#[test]
fn kept_results_of_trials() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/werneck2024/trials");
    let good = std::fs::read(first(&kept)).unwrap();
    let root = tempfile::tempdir().unwrap();
    let place = root.path().join("trials").join("a.json");
    std::fs::create_dir(place.parent().unwrap()).unwrap();
    replace(&place, &good);
    assert_eq!(benchsuite::trial::kept::load(root.path()).unwrap().len(), 1);
    let mut read = 0;
    every(std::slice::from_ref(&good), |bytes| {
        replace(&place, bytes);
        read += usize::from(look(benchsuite::trial::kept::load(root.path())));
    });
    assert!(read > 0);
}
