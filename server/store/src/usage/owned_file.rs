//! Files that hold usage while the database does not.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// Opens a file for reading and for what `options` say besides. It is made where there is none, for its owner only.
///
/// # Errors
/// Where it cannot be opened, or another process has it open.
pub(super) fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let file = options.read(true).create(true).mode(0o600).open(path)?;
    file.try_lock()?;
    Ok(file)
}
