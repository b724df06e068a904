//! Files that are either complete or not there.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use crate::Error;

/// Writes `path` through a temporary file in the same folder: flushed, synchronised with the disk,
/// then renamed. Whatever fails, and whenever the program is killed, an older file at `path` stays
/// as it was.
pub(crate) fn write(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<&File>) -> Result<(), Error>,
) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".datagen-").suffix(".tmp");
    #[cfg(unix)]
    {
        // Temporary files are private by default; a data set gets what the user's umask allows.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let temporary = builder.tempfile_in(folder).map_err(Error::io("create a file in", folder))?;
    let mut buffer = BufWriter::with_capacity(1 << 16, temporary.as_file());
    content(&mut buffer)?;
    buffer.flush().map_err(Error::io("write", path))?;
    drop(buffer);
    temporary.as_file().sync_all().map_err(Error::io("write", path))?;
    temporary.persist(path).map_err(|e| Error::io("rename a temporary file to", path)(e.error))?;
    #[cfg(unix)]
    File::open(folder).and_then(|f| f.sync_all()).map_err(Error::io("synchronise the folder", folder))?;
    Ok(())
}
