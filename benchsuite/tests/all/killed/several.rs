//! Several experiments in one folder, killed at any moment: the same networks in the end, and a folder that knows
//! what belongs to it.

use std::path::Path;
use std::process::Child;

use super::{benchsuite, finish, said};
use crate::kill::{assert_same, kill_often, timeless, took};

/// The smallest operators, of two cells.
fn start(out: &Path) -> Child {
    let mut args = vec!["reproduce", "F-FHN", "F-HH", "--iterations", "24", "--save-every", "0.05"];
    if out.join("F-FHN/config.json").exists() {
        args.push("--resume");
    }
    args.extend(["--jobs", "1", "--out", out.to_str().unwrap()]);
    benchsuite(&args).spawn().unwrap()
}

fn verify(folder: &Path) -> std::process::Output {
    benchsuite(&["verify", folder.to_str().unwrap()]).output().unwrap()
}

#[test]
fn several_experiments_killed_at_any_moment_train_the_same_operators_and_are_sealed_together() {
    let root = tempfile::tempdir().unwrap();
    let (whole, killed) = (root.path().join("whole"), root.path().join("killed"));
    let time = took(start(&whole));
    let at_work = kill_often(5, time.mul_f64(0.6), || start(&killed));
    assert!(at_work >= 2, "nothing was at work when it was to be killed");
    // Killed before the end, it is not called whole.
    if !killed.join("SHA256SUMS").exists() {
        let refused = verify(&killed);
        assert!(!refused.status.success(), "{}", said(&refused));
    }
    finish(start(&killed));
    for id in ["F-FHN", "F-HH"] {
        let compared = assert_same(&whole.join(id), &killed.join(id));
        assert!(compared >= 8, "only {compared} files of {id}");
    }

    let found = verify(&killed);
    assert!(found.status.success() && said(&found).contains("as they were left"), "{}", said(&found));
    // The page is one of the files; whoever writes it anew lists it anew.
    let page = killed.join("report.md");
    let text = std::fs::read(&page).unwrap();
    std::fs::write(&page, "x").unwrap();
    let refused = verify(&killed);
    assert!(!refused.status.success() && said(&refused).contains("report.md holds something else"));
    finish(benchsuite(&["report", killed.to_str().unwrap()]).spawn().unwrap());
    assert!(timeless(std::fs::read(&page).unwrap()) == timeless(text), "the same page says something else");
    assert!(verify(&killed).status.success());
    // So is every experiment that was asked for.
    std::fs::remove_dir_all(killed.join("F-HH")).unwrap();
    let refused = verify(&killed);
    assert!(!refused.status.success() && said(&refused).contains("the experiment F-HH is not there"));
}
