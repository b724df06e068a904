//! Files that are whole or absent.

use std::io::{Read as _, Write as _};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use crate::Error;

const REMEDY: &str = "check that the folder is writable and the disk is not full, or choose another folder";

/// The folder of a file; that of a bare name is the working one.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// How names begin under which files are written before they are renamed.
pub(crate) const UNFINISHED: &str = ".tmp-";

/// A file in a folder, with the permissions that the user's umask leaves: what a run leaves behind is read by
/// whoever may read other new files. (Temporary files are private unless told otherwise.)
fn unfinished(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Creates a folder and those above it, unless they are there.
pub(crate) fn create_folder(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(Error::io(path, REMEDY))
}

/// Writes a file under a temporary name beside it, flushes it to the disk, then renames it.
pub(crate) fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
    let folder = folder_of(path);
    create_folder(folder)?;
    let attempt = || -> std::io::Result<()> {
        let mut file = unfinished(folder)?;
        file.write_all(bytes.as_ref())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|e| e.error)?;
        // The name, too, is to outlive a power cut.
        #[cfg(unix)]
        std::fs::File::open(folder)?.sync_all()?;
        Ok(())
    };
    attempt().map_err(Error::io(path, REMEDY))
}

/// As [`write`], but only if there is no file of that name, and says whether it was written. Of many
/// writers, on any machines that share the folder, one succeeds.
pub(crate) fn write_new(path: &Path, bytes: impl AsRef<[u8]>) -> Result<bool, Error> {
    let folder = folder_of(path);
    let attempt = || -> std::io::Result<bool> {
        let mut file = unfinished(folder)?;
        file.write_all(bytes.as_ref())?;
        file.as_file().sync_all()?;
        // A rename that does not replace, or a hard link where the file system has no such rename.
        match file.persist_noclobber(path) {
            Ok(_) => Ok(true),
            Err(e) if e.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(e) => Err(e.error),
        }
    };
    attempt().map_err(Error::io(path, REMEDY))
}

/// As [`write_new`], for a value as JSON.
pub(crate) fn write_new_json(path: &Path, value: &impl Serialize) -> Result<bool, Error> {
    write_new(path, json(path, value)?)
}

/// Prints to standard output. A reader that has gone, such as `head`, is no error.
///
/// # Errors
/// [`Error::Io`] if standard output cannot be written to.
pub fn print(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::io(Path::new("standard output"), "check where the output goes")(e))
        }
        _ => Ok(()),
    }
}

/// Writes a value as indented JSON with a final newline.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Error> {
    write(path, json(path, value)?)
}

fn json(path: &Path, value: &impl Serialize) -> Result<Vec<u8>, Error> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|e| Error::Damaged {
        path: path.to_owned(),
        why: e.to_string(),
        remedy: "this is a defect of the program".into(),
    })?;
    text.push(b'\n');
    Ok(text)
}

/// Reads a JSON file that this program wrote.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path, remedy: &str) -> Result<T, Error> {
    let text = std::fs::read_to_string(path).map_err(Error::io(path, "check that the file is there"))?;
    serde_json::from_str(&text).map_err(|e| Error::Damaged {
        path: path.to_owned(),
        why: e.to_string(),
        remedy: remedy.to_owned(),
    })
}

/// SHA-256 of some bytes, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// A seed from a text: the first 53 bits of its SHA-256, which every reader of JSON keeps exactly.
pub(crate) fn seed_of(text: &str) -> u64 {
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().take(8).fold(0, |seed, byte| (seed << 8) | u64::from(*byte)) >> 11
}

/// SHA-256 of a file, in hexadecimal, however large it is; `remedy` is for one that cannot be read.
pub(crate) fn sha256_of(path: &Path, remedy: &'static str) -> Result<String, Error> {
    let attempt = || -> std::io::Result<String> {
        let (mut file, mut hash) = (std::fs::File::open(path)?, Sha256::new());
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                n => hash.update(&buffer[..n]),
            }
        }
        Ok(hash.finalize().iter().map(|b| format!("{b:02x}")).collect())
    };
    attempt().map_err(Error::io(path, remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_everybody_knows() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_other_new_files() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        std::fs::File::create(folder.path().join("plain")).unwrap();
        write(&folder.path().join("written"), "x").unwrap();
        assert!(write_new(&folder.path().join("new"), "x").unwrap());
        assert_eq!([mode("written"), mode("new")], [mode("plain"); 2]);
    }

    #[test]
    fn of_many_writers_one_makes_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claim");
        let won: Vec<bool> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|i| {
                    let path = &path;
                    scope.spawn(move || write_new(path, format!("writer {i}")).unwrap())
                })
                .collect();
            threads.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let winner = won.iter().position(|w| *w).unwrap();
        assert_eq!(won.iter().filter(|w| **w).count(), 1);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("writer {winner}"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_litter() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write(&path, "old").unwrap();
        // A folder of that name cannot be replaced by a file.
        let taken = folder.path().join("taken");
        std::fs::create_dir(&taken).unwrap();
        std::fs::write(taken.join("inside"), "x").unwrap();
        assert!(matches!(write(&taken, "new"), Err(Error::Io { .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
