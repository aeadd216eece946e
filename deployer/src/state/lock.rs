//! One run at a time changes a state: a lock that the system takes back when its holder ends,
//! however it ends.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Who changes a state, for those who are refused meanwhile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Such as `ada@laptop`.
    pub who: String,
    /// The process's number on that machine.
    pub pid: u32,
    /// Such as `deployer apply`.
    pub command: String,
    /// When it began, as RFC 3339 has it.
    pub since: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, pid, command, since } = self;
        write!(f, "{who} has been running `{command}` since {since}, as process {pid}")
    }
}

/// Held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock of the state file at `state`, or tells who holds it.
    pub(super) fn take(state: &Path, holder: &Holder) -> Result<Self> {
        let path = state.with_extension("lock");
        let failed = |error: std::io::Error| {
            Error::io("lock the state with", &path, &error).hint(
                "make room or mend the folder's permissions, or name another folder with --state",
            )
        };
        let mut file = open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(&mut file, state)),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        // The lock holds without a word about its holder, which a full disk has no room for.
        let _ = serde_json::to_vec(holder)
            .map_err(std::io::Error::from)
            .and_then(|text| file.set_len(0).and_then(|()| file.write_all(&text)));
        Ok(Self { file })
    }
}

impl Drop for Lock {
    /// The file stays: were it removed, one run could lock the old file and another a new one. It is
    /// unlocked rather than only closed, because a program that is being started shares it for a moment.
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

fn open(path: &Path) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)
}

fn held(file: &mut File, state: &Path) -> Error {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut text)).is_ok();
    let holder = Some(text).filter(|_| read).and_then(|text| serde_json::from_str(&text).ok());
    let holder = holder.map_or_else(
        || "somebody has just begun or is about to end".to_owned(),
        |holder: Holder| holder.to_string(),
    );
    Error::new(format!("another run is changing the state file {}", state.display()))
        .because(holder)
        .hint(
            "wait until it has ended, then run again; its lock ends with it, even if it is killed",
        )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;

    fn holder(command: &str) -> Holder {
        Holder {
            who: "ada@laptop".into(),
            pid: 4711,
            command: command.into(),
            since: "2026-05-08T05:39:10Z".into(),
        }
    }

    #[test]
    fn the_second_is_told_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("new/demo.json");
        let first = Lock::take(&state, &holder("deployer destroy")).unwrap();
        let error = Lock::take(&state, &holder("deployer apply")).unwrap_err();
        assert_eq!(
            error.causes,
            [
                "ada@laptop has been running `deployer destroy` since 2026-05-08T05:39:10Z, as process 4711"
            ]
        );
        // The refusal has not overwritten who it is.
        assert!(Lock::take(&state, &holder("x")).unwrap_err().causes[0].contains("destroy"));
        drop(first);
        Lock::take(&state, &holder("deployer apply")).unwrap();
    }

    #[test]
    fn a_lock_that_names_nobody_is_a_lock_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("demo.json");
        let _first = Lock::take(&state, &holder("deployer apply")).unwrap();
        fs::write(folder.path().join("demo.lock"), "torn {").unwrap();
        let error = Lock::take(&state, &holder("deployer apply")).unwrap_err();
        assert!(error.causes[0].starts_with("somebody"), "{error:?}");
    }

    #[test]
    fn it_ends_although_a_program_that_is_being_started_still_has_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("demo.json");
        let first = Lock::take(&state, &holder("deployer apply")).unwrap();
        let shared = first.file.try_clone().unwrap();
        drop(first);
        Lock::take(&state, &holder("deployer apply")).unwrap();
        drop(shared);
    }
}
