//! The list of a finished folder's files with their hashes: what it holds is then known to be whole, years
//! later and on other machines. `sha256sum --check SHA256SUMS` reads it as well.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use crate::{Error, files};

/// The name of the list.
pub const LIST: &str = "SHA256SUMS";

/// Writes the list of all files in a folder, and in its folders.
///
/// # Errors
/// [`Error::Io`], or [`Error::Damaged`] for a name that is not Unicode or holds a line break.
pub fn seal(folder: &Path) -> Result<(), Error> {
    write(folder, contents(folder, |_| true)?)
}

/// As [`seal()`], of the files that lie in the folder itself and in its folder `with`: its other folders have lists of
/// their own.
///
/// # Errors
/// Those of [`seal()`].
pub fn seal_beside(folder: &Path, with: &str) -> Result<(), Error> {
    write(folder, contents(folder, |name| is_in(name, with))?)
}

fn write(folder: &Path, contents: BTreeMap<String, PathBuf>) -> Result<(), Error> {
    let mut text = String::new();
    for (name, path) in contents {
        text.push_str(&format!("{}  {name}\n", files::sha256_of(&path, "check that it can be read")?));
    }
    files::write(&folder.join(LIST), text)
}

/// What became of a sealed folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Files that are as they were.
    pub intact: usize,
    /// Files that are gone or hold something else, each with what is wrong.
    pub damaged: Vec<(String, &'static str)>,
    /// Files that came later.
    pub added: Vec<String>,
}

/// Compares a folder with its list.
///
/// # Errors
/// [`Error::NotSealed`] if it has no list, [`Error::Damaged`] for a line that is none, [`Error::Io`].
pub fn verify(folder: &Path) -> Result<Found, Error> {
    compare(folder, |_| true)
}

/// As [`verify`], for a list that [`seal_beside`] wrote.
///
/// # Errors
/// Those of [`verify`].
pub fn verify_beside(folder: &Path, with: &str) -> Result<Found, Error> {
    compare(folder, |name| is_in(name, with))
}

/// Whether a relative name is that of a folder or of one inside.
fn is_in(name: &str, folder: &str) -> bool {
    name.split('/').next() == Some(folder)
}

fn compare(folder: &Path, descend: impl Fn(&str) -> bool) -> Result<Found, Error> {
    let list = folder.join(LIST);
    if !list.is_file() {
        return Err(Error::NotSealed(folder.to_owned()));
    }
    let text = std::fs::read_to_string(&list).map_err(Error::io(&list, "check that it can be read"))?;
    let mut here = contents(folder, descend)?;
    let mut found = Found::default();
    for (number, line) in text.lines().enumerate() {
        let Some((hash, name)) = entry(line) else {
            return Err(Error::Damaged {
                path: list,
                why: format!("line {} is no hash with a name inside the folder", number + 1),
                remedy: "restore it, or resume the run, which writes it anew".into(),
            });
        };
        match here.remove(name) {
            None => found.damaged.push((name.to_owned(), "is gone")),
            Some(path) if files::sha256_of(&path, "check that it can be read")? != hash => {
                found.damaged.push((name.to_owned(), "holds something else"));
            }
            Some(_) => found.intact += 1,
        }
    }
    found.added = here.into_keys().collect();
    Ok(found)
}

/// A line: 64 digits, two blanks, a relative name.
fn entry(line: &str) -> Option<(&str, &str)> {
    let (hash, name) = line.split_once("  ")?;
    let digits = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    let inside = Path::new(name).components().all(|c| matches!(c, Component::Normal(_)));
    (digits && inside && !name.is_empty()).then_some((hash, name))
}

/// The files of a folder, and of its folders that `descend` names, by their names relative to it, with `/`; not the
/// list, locks and what is being written. Links are not followed.
fn contents(folder: &Path, descend: impl Fn(&str) -> bool) -> Result<BTreeMap<String, PathBuf>, Error> {
    let mut found = BTreeMap::new();
    let mut open = vec![(String::new(), folder.to_owned())];
    while let Some((prefix, folder)) = open.pop() {
        let io = || Error::io(&folder, "check that it can be read");
        for entry in std::fs::read_dir(&folder).map_err(io())? {
            let entry = entry.map_err(io())?;
            let kind = entry.file_type().map_err(io())?;
            let Some(name) =
                entry.file_name().to_str().filter(|n| !n.contains(['\n', '\r'])).map(str::to_owned)
            else {
                return Err(Error::Damaged {
                    path: entry.path(),
                    why: "its name cannot stand in a list".into(),
                    remedy: "rename it, or take it out of the folder".into(),
                });
            };
            if name.starts_with('.') || (prefix.is_empty() && name == LIST) {
                continue;
            }
            let name = format!("{prefix}{name}");
            if kind.is_dir() && descend(&name) {
                open.push((format!("{name}/"), entry.path()));
            } else if kind.is_file() {
                found.insert(name, entry.path());
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_taken_and_added_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::create_dir(path.join("models")).unwrap();
        for name in ["a.json", "models/b.onnx", "models/c.onnx"] {
            std::fs::write(path.join(name), name).unwrap();
        }
        assert!(matches!(verify(path), Err(Error::NotSealed(_))));
        seal(path).unwrap();
        assert_eq!(verify(path).unwrap(), Found { intact: 3, ..Found::default() });
        let list = std::fs::read_to_string(path.join(LIST)).unwrap();
        assert!(list.lines().nth(1).unwrap().ends_with("  models/b.onnx"), "{list}");

        std::fs::write(path.join("models/b.onnx"), "x").unwrap();
        std::fs::remove_file(path.join("a.json")).unwrap();
        std::fs::write(path.join("notes.txt"), "").unwrap();
        let found = verify(path).unwrap();
        assert_eq!(found.intact, 1);
        assert_eq!(
            found.damaged,
            [("a.json".into(), "is gone"), ("models/b.onnx".into(), "holds something else")]
        );
        assert_eq!(found.added, ["notes.txt"]);
    }

    #[test]
    fn a_list_that_leads_out_of_the_folder_is_no_list() {
        let folder = tempfile::tempdir().unwrap();
        let hash = "0".repeat(64);
        for line in [format!("{hash}  ../x"), format!("{hash}  /etc/passwd"), "x  y".into(), hash.clone()] {
            std::fs::write(folder.path().join(LIST), line).unwrap();
            assert!(matches!(verify(folder.path()), Err(Error::Damaged { .. })));
        }
    }
}
