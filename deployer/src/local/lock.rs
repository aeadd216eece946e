//! Locks between processes: for the installation, and for each instance.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::step::Step;

/// How often a taken lock is tried again. (Waiting in the system would hold up the whole program.)
const PAUSE: Duration = Duration::from_millis(50);

/// What whoever waits for an instance is told.
const WAITING: &str = "waiting for another deployer that is starting or stopping it";

/// A lock that is held until it is dropped, by a crash too.
#[derive(Debug)]
pub(super) struct Lock {
    /// Held open: the lock goes with it.
    _file: File,
    path: PathBuf,
}

impl Lock {
    /// The lock of an instance's folder, which is made when it is missing.
    pub(super) async fn of_instance(instance: &Path, report: &dyn Fn(&Step<'_>)) -> Result<Self> {
        let waiting = || report(&Step::Begun(WAITING));
        Self::acquire(&instance.join("lock"), waiting).await
    }

    /// Waits until the file at `path` is locked by us; calls `waiting` once if that takes time.
    pub(super) async fn acquire(path: &Path, waiting: impl FnOnce()) -> Result<Self> {
        let failed = |source: std::io::Error| Error::io("lock", path, &source);
        let mut waiting = Some(waiting);
        loop {
            let file = open(path).map_err(failed)?;
            match file.try_lock() {
                // A holder that stopped the instance has removed the file; a lock on it is none.
                Ok(()) if is_at(&file, path) => {
                    return Ok(Self { _file: file, path: path.to_owned() });
                }
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    if let Some(waiting) = waiting.take() {
                        waiting();
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
    }

    /// Removes the lock, and its folder unless that holds something of others.
    pub(super) fn remove(self) {
        let _ = fs::remove_file(&self.path);
        let _ = self.path.parent().map(fs::remove_dir);
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::metadata(path)) {
        (Ok(held), Ok(found)) => (held.dev(), held.ino()) == (found.dev(), found.ino()),
        _ => false,
    }
}
