//! Files that are there whole or not at all.

use std::io::Write;
use std::path::Path;

use crate::Error;

/// Writes `bytes` to a temporary file beside `path`, flushes it to the disk, renames it, and flushes the folder.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let error = |e| Error::io(path, e);
    let mut builder = tempfile::Builder::new();
    builder.prefix(".ionic-surrogates-").suffix(".tmp");
    // Temporary files are private; a result gets what the user's umask allows.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(error)?;
    file.write_all(bytes).map_err(error)?;
    file.as_file().sync_all().map_err(error)?;
    file.persist(path).map_err(|e| error(e.error))?;
    #[cfg(unix)]
    std::fs::File::open(folder).and_then(|f| f.sync_all()).map_err(error)?;
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn permissions_are_those_of_other_new_files() {
        let folder = tempfile::tempdir().unwrap();
        let mode = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        std::fs::File::create(folder.path().join("plain")).unwrap();
        super::write(&folder.path().join("written"), b"x").unwrap();
        assert_eq!(mode("written"), mode("plain"));
    }
}
