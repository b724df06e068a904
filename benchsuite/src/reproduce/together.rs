//! The folder that several experiments share: which ones belong to it, and whether all of them and its front page
//! are as they were left.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::rundir::RunDir;
use crate::{Error, files, front, seal};

/// The name of the file that says which experiments belong to a folder.
const EXPECTED: &str = "experiments.json";

/// `experiments.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// The ids, in the order of their running: the names of their folders.
    experiments: Vec<String>,
}

/// Says in a folder which experiments are to be run there, beside those of earlier starts. From here on its files are
/// not what its list of hashes says.
///
/// # Errors
/// [`Error::Io`]; [`Error::Damaged`] for such a file that cannot be read.
pub(super) fn begin(folder: &Path, ids: &[&str]) -> Result<(), Error> {
    let mut experiments = expected(folder)?.map_or_else(Vec::new, |e| e.experiments);
    for id in ids {
        if !experiments.iter().any(|known| known == id) {
            experiments.push((*id).to_owned());
        }
    }
    let list = folder.join(seal::LIST);
    match std::fs::remove_file(&list) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io(&list, "check that the folder is writable")(e))
        }
        _ => files::write_json(&folder.join(EXPECTED), &Expected { experiments }),
    }
}

fn expected(folder: &Path) -> Result<Option<Expected>, Error> {
    let path = folder.join(EXPECTED);
    if !path.exists() {
        return Ok(None);
    }
    let expected: Expected = files::read_json(&path, "restore it; it names the folders of the experiments")?;
    // A name is joined to the folder's: it must not lead out of it.
    let plain = |id: &String| !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    match expected.experiments.iter().find(|id| !plain(id)) {
        Some(id) => Err(Error::Damaged {
            path,
            why: format!("`{id}` is no experiment"),
            remedy: "restore it; it names the folders of the experiments".into(),
        }),
        None => Ok(Some(expected)),
    }
}

/// Lists the hashes of the front page and of the other files that lie in a folder beside those of its runs, if all
/// experiments that belong there came to their end: each of them has a list of its own. Nothing is done in a folder
/// that was not begun for several.
///
/// # Errors
/// Those of [`seal::seal_beside`], and [`Error::Damaged`].
pub fn seal_shared(folder: &Path) -> Result<(), Error> {
    let Some(expected) = expected(folder)? else { return Ok(()) };
    let sealed = |id: &String| folder.join(id).join(seal::LIST).is_file();
    if expected.experiments.iter().all(sealed) { seal::seal_beside(folder, front::NETWORKS) } else { Ok(()) }
}

/// Whether a folder holds a run. One that lost its configuration is still known by its list.
fn is_run(path: &Path) -> bool {
    RunDir::config(path).exists() || path.join(seal::LIST).exists()
}

/// Holds a finished run, or all runs of a folder with the page over them, against the lists of their files. Returns a
/// line for each.
///
/// # Errors
/// [`Error::NoRuns`]; for the first that is not whole [`Error::NotSealed`] or [`Error::NotWhole`], which also names
/// the experiments of a folder that were never begun; those of [`seal::verify`].
pub fn verify(folder: &Path) -> Result<Vec<String>, Error> {
    let expected = expected(folder)?;
    if expected.is_none() && is_run(folder) {
        return Ok(vec![line(folder, seal::verify(folder)?)?]);
    }
    let mut lines = Vec::new();
    if let Some(Expected { experiments }) = expected {
        let missing: Vec<String> = experiments
            .iter()
            .filter(|id| !is_run(&folder.join(id)))
            .map(|id| format!("the experiment {id} is not there"))
            .collect();
        if !missing.is_empty() {
            return Err(Error::NotWhole { path: folder.to_owned(), files: missing });
        }
        lines.push(line(folder, seal::verify_beside(folder, front::NETWORKS)?)?);
    }
    for run in runs(folder)? {
        lines.push(line(&run, seal::verify(&run)?)?);
    }
    if lines.is_empty() { Err(Error::NoRuns(folder.to_owned())) } else { Ok(lines) }
}

/// The folders of runs in a folder, by their names.
fn runs(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let io = || Error::io(folder, "give the folder of a run, or of several");
    let mut runs = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io())? {
        let path = entry.map_err(io())?.path();
        if is_run(&path) {
            runs.push(path);
        }
    }
    runs.sort();
    Ok(runs)
}

/// What became of a folder, in a line; an error if something was damaged.
fn line(folder: &Path, found: seal::Found) -> Result<String, Error> {
    if !found.damaged.is_empty() {
        let files = found.damaged.iter().map(|(name, what)| format!("{name} {what}")).collect();
        return Err(Error::NotWhole { path: folder.to_owned(), files });
    }
    let added = match found.added.as_slice() {
        [] => String::new(),
        added => format!("; came later: {}", added.join(", ")),
    };
    Ok(format!("{}: {} files, as they were left{added}", folder.display(), found.intact))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A finished run of an experiment in a folder.
    fn run(folder: &Path, id: &str) {
        let run = folder.join(id);
        std::fs::create_dir(&run).unwrap();
        std::fs::write(RunDir::config(&run), format!("{{\"experiment\": \"{id}\"}}")).unwrap();
        seal::seal(&run).unwrap();
    }

    fn refused(folder: &Path) -> String {
        let error = verify(folder).unwrap_err();
        assert!(matches!(error, Error::NotWhole { .. } | Error::NotSealed(_)), "{error}");
        error.to_string()
    }

    #[test]
    fn an_experiment_that_was_never_begun_and_damage_to_the_page_are_found() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path();
        begin(folder, &["W-A", "K"]).unwrap();
        run(folder, "W-A");
        std::fs::write(folder.join("report.html"), "page").unwrap();
        let networks = folder.join(front::NETWORKS);
        std::fs::create_dir(&networks).unwrap();
        std::fs::write(networks.join("report.html"), "networks").unwrap();
        // Stopped before the second: there is nothing to list yet, and it is missed.
        seal_shared(folder).unwrap();
        assert!(!folder.join(seal::LIST).exists());
        assert!(refused(folder).contains("the experiment K is not there"));
        run(folder, "K");
        assert!(matches!(verify(folder), Err(Error::NotSealed(path)) if path == folder));
        seal_shared(folder).unwrap();
        let lines = verify(folder).unwrap();
        assert_eq!(lines.len(), 3);
        assert!(
            lines[0].contains(": 3 files, as they were left") && !lines[0].contains("later"),
            "{lines:?}"
        );

        std::fs::write(networks.join("report.html"), "other networks").unwrap();
        assert!(refused(folder).contains(&format!("{}/report.html holds something else", front::NETWORKS)));
        std::fs::write(networks.join("report.html"), "networks").unwrap();
        std::fs::write(folder.join("report.html"), "pagf").unwrap();
        assert!(refused(folder).contains("report.html holds something else"));
        std::fs::remove_file(folder.join("report.html")).unwrap();
        assert!(refused(folder).contains("report.html is gone"));
        std::fs::write(folder.join("report.html"), "page").unwrap();
        std::fs::write(folder.join("benches.md"), "").unwrap();
        assert!(verify(folder).unwrap()[0].ends_with("came later: benches.md"));
        std::fs::remove_file(folder.join("benches.md")).unwrap();

        std::fs::remove_dir_all(folder.join("K")).unwrap();
        assert!(refused(folder).contains("the experiment K is not there"));
        run(folder, "K");
        // The list of experiments is one of the files.
        std::fs::remove_file(folder.join(EXPECTED)).unwrap();
        assert!(refused(folder).contains("experiments.json is gone"));
    }

    #[test]
    fn what_is_run_later_belongs_to_the_folder_too() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path();
        begin(folder, &["W-A"]).unwrap();
        run(folder, "W-A");
        seal_shared(folder).unwrap();
        assert_eq!(verify(folder).unwrap().len(), 2);
        begin(folder, &["F", "W-A"]).unwrap();
        assert!(refused(folder).contains("the experiment F is not there"));
        run(folder, "F");
        assert!(matches!(verify(folder), Err(Error::NotSealed(_))));
        seal_shared(folder).unwrap();
        assert_eq!(verify(folder).unwrap().len(), 3);
        assert_eq!(expected(folder).unwrap().unwrap().experiments, ["W-A", "F"]);
    }

    #[test]
    fn names_that_lead_out_of_the_folder_are_refused() {
        let root = tempfile::tempdir().unwrap();
        for text in
            ["{\"experiments\": [\"../K\"]}", "{\"experiments\": [\"\"]}", "{", "{\"experiments\": 1}"]
        {
            std::fs::write(root.path().join(EXPECTED), text).unwrap();
            for result in
                [verify(root.path()).map(drop), seal_shared(root.path()), begin(root.path(), &["K"])]
            {
                assert!(matches!(result, Err(Error::Damaged { .. })), "{text}");
            }
        }
    }

    #[test]
    fn a_folder_of_nothing_holds_no_runs() {
        let root = tempfile::tempdir().unwrap();
        assert!(matches!(verify(root.path()), Err(Error::NoRuns(_))));
        // Runs that somebody put side by side: nobody knows how many there should be.
        run(root.path(), "K");
        seal_shared(root.path()).unwrap();
        assert_eq!(verify(root.path()).unwrap().len(), 1);
        assert_eq!(verify(&root.path().join("K")).unwrap().len(), 1);
    }
}
