//! Replacing files one after the other, so that a crash leaves each either old or new.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// How the names begin that files have until they get their own.
const TEMPORARY: &str = ".ca-";

/// Lets one run at a time replace the files of a folder, for as long as it is held, and removes what a
/// crash has left of an earlier one: it holds private keys.
pub(super) fn lock(dir: &Path) -> io::Result<File> {
    let lock = File::open(dir)?;
    lock.lock()?;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let temporary = entry.file_name().to_string_lossy().starts_with(TEMPORARY);
        if temporary && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(lock)
}

/// A file that is to have this content and mode.
pub(super) struct Replacement<'a> {
    pub(super) path: &'a Path,
    pub(super) bytes: &'a [u8],
    pub(super) mode: u32,
}

/// Replaces files in a folder, in this order.
///
/// All of them are on the disk under temporary names before the first gets its own, so that a full
/// disk changes nothing. Each is there for good before the next one.
pub(super) fn replace(dir: &Path, files: &[Replacement<'_>]) -> Result<()> {
    let mut staged = Vec::new();
    for file in files {
        let new = stage(dir, file).map_err(|source| Error::io("write", file.path, &source))?;
        staged.push((new, file.path));
    }
    for (new, path) in staged {
        new.persist(path)
            .map_err(|error| error.error)
            .and_then(|_| File::open(dir)?.sync_all())
            .map_err(|source| Error::io("write", path, &source))?;
    }
    Ok(())
}

fn stage(dir: &Path, file: &Replacement<'_>) -> io::Result<NamedTempFile> {
    let mut new = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .permissions(Permissions::from_mode(file.mode))
        .tempfile_in(dir)?;
    new.write_all(file.bytes)?;
    new.as_file().sync_all()?;
    Ok(new)
}
