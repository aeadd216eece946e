//! What was changed since the state was last written whole: a line for each change, so that what a
//! change writes does not grow with the stack.
//!
//! A line counts once its line break is on disk. The first one says which state the others continue:
//! with any other, which was put back from a copy or brought along, they would make something that never
//! was.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use signer::notation::sha256;

use super::{Entry, State};
use crate::address::Address;
use crate::error::{Error, Result};

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head<T> {
    /// The fingerprint of the state file that the journal continues.
    continues: T,
}

/// One change.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<A, E> {
    /// Of the state after it.
    serial: u64,
    address: A,
    entry: E,
}

/// What a journal knows a state file by.
pub(super) fn fingerprint(file: &[u8]) -> String {
    sha256(file)
}

/// The journal of a run that changes a state.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    /// The file, and how much of it counts, in bytes.
    file: Option<(File, u64)>,
}

/// Where the journal of a state lies.
pub(super) fn beside(state: &Path) -> PathBuf {
    state.with_extension("journal")
}

/// What an earlier run has left of its journal.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    match fs::read(path) {
        Ok(bytes) => Ok(bytes),
        // Where the folder is none, the state file tells better.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        Err(error) => Err(Error::io("read the journal of the state", path, &error)
            .hint("mend the permissions of the file or the folder")),
    }
}

/// Brings a state, which was read from a file with this fingerprint, to where the journal ends.
pub(super) fn replay(
    journal: &[u8],
    path: &Path,
    fingerprint: &str,
    state: &mut State,
) -> Result<()> {
    let lines = journal.split_inclusive(|byte| *byte == b'\n');
    let mut lines = lines.filter(|line| line.ends_with(b"\n")).enumerate();
    let bad = || {
        Error::new(format!("could not use the journal of the state {}", path.display())).hint(
            "it holds what a run has done that was killed: put back the state file that it belongs to; or remove the journal, and `deployer state rebuild` finds in AWS what it tells of",
        )
    };
    let unreadable = |n: usize, error| bad().because(format!("line {}: {error}", n + 1));
    let Some((n, head)) = lines.next() else { return Ok(()) };
    let head: Head<String> = serde_json::from_slice(head).map_err(|error| unreadable(n, error))?;
    let changes: Vec<Line<Address, Entry>> = lines
        .map(|(n, line)| serde_json::from_slice(line).map_err(|error| unreadable(n, error)))
        .collect::<Result<_>>()?;
    if head.continues != fingerprint {
        // A crash came when the state had been written whole, and before the journal was removed.
        let has_all = changes.last().is_none_or(|last| last.serial <= state.serial);
        return if has_all {
            Ok(())
        } else {
            Err(bad().because("it does not continue the state file that is there, if there is one"))
        };
    }
    for Line { serial, address, entry } in changes {
        state.serial = serial;
        state.resources.insert(address, entry);
    }
    Ok(())
}

impl Journal {
    /// A journal that has nothing in it yet.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// Whether the whole state lacks nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.file.is_none()
    }

    /// Adds a change of the state whose file has this fingerprint: on disk when this returns. One that
    /// failed does not count, nor is it in the way of the next.
    pub(super) fn add(
        &mut self,
        fingerprint: &str,
        serial: u64,
        address: &Address,
        entry: &Entry,
    ) -> io::Result<()> {
        let mut text = Vec::new();
        if self.file.is_none() {
            text = serde_json::to_vec(&Head { continues: fingerprint })?;
            text.push(b'\n');
        }
        text.extend(serde_json::to_vec(&Line { serial, address, entry })?);
        text.push(b'\n');
        let (file, length) = match self.file.take() {
            Some(open) => open,
            None => (create(&self.path)?, 0),
        };
        let write = || {
            file.set_len(length)?;
            file.write_all_at(&text, length)?;
            file.sync_data()
        };
        let written = write();
        if written.is_err() {
            let _ = file.set_len(length);
        }
        // A file that holds nothing yet is begun again, with its first line.
        let length = if written.is_ok() { length + text.len() as u64 } else { length };
        self.file = (length > 0).then_some((file, length));
        written
    }

    /// Removes what the state has been written whole with.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.file = None;
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// A new file, whose name is on disk.
fn create(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()?;
    Ok(file)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::state::{Holder, Phase, Store};

    fn entry(n: u32) -> Entry {
        let spec = json!({ "name": n });
        Entry { phase: Phase::Ready, spec, outputs: json!({}), depends_on: BTreeSet::new() }
    }

    fn address(n: u32) -> Address {
        format!("log_group.g{n}").parse().unwrap()
    }

    fn locked(folder: &Path) -> Store {
        let text = String::from;
        let (who, command, since) = (text("ada"), text("deployer apply"), text("today"));
        let holder = Holder { who, pid: 1, command, since };
        Store::open_locked(folder.join("demo.json"), "demo", &holder, "1234".into()).unwrap()
    }

    fn seen(folder: &Path) -> State {
        Store::open(folder.join("demo.json"), "demo").unwrap().state
    }

    /// A run that ends like a crash, after these changes; what it knew after each.
    fn crashed(folder: &Path) -> Vec<State> {
        let mut store = locked(folder);
        store.begin(|state| drop(state.resources.insert(address(0), entry(0)))).unwrap();
        let mut states = vec![store.state.clone()];
        for (at, value) in [(1, 1), (0, 2), (1, 3)] {
            store.put(&address(at), entry(value)).unwrap();
            states.push(store.state.clone());
        }
        states
    }

    #[test]
    fn every_change_is_on_disk_and_the_whole_state_is_not_written_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = locked(folder.path());
        let many =
            |state: &mut State| state.resources.extend((0..99).map(|n| (address(n), entry(n))));
        store.begin(many).unwrap();
        let whole = fs::read(folder.path().join("demo.json")).unwrap();
        store.put(&address(7), entry(8)).unwrap();
        store.put(&address(7), entry(8)).unwrap();
        assert_eq!(fs::read(folder.path().join("demo.json")).unwrap(), whole);
        let line = fs::read_to_string(folder.path().join("demo.journal")).unwrap();
        assert_eq!(line.lines().count(), 2, "what changes nothing writes nothing: {line}");
        assert_eq!(seen(folder.path()), store.state);
        store.settle().unwrap();
        assert!(!folder.path().join("demo.journal").exists());
        assert_eq!(seen(folder.path()), store.state);
    }

    #[test]
    fn a_journal_that_was_torn_anywhere_ends_with_its_last_whole_line() {
        let folder = tempfile::tempdir().unwrap();
        let states = crashed(folder.path());
        let path = folder.path().join("demo.journal");
        let journal = fs::read(&path).unwrap();
        for length in 0..=journal.len() {
            fs::write(&path, &journal[..length]).unwrap();
            let lines = journal[..length].split(|byte| *byte == b'\n').count() - 1;
            let changes = lines.saturating_sub(1);
            assert_eq!(seen(folder.path()), states[changes], "{length} bytes");
        }
    }

    #[test]
    fn the_next_run_writes_whole_what_a_crash_has_left() {
        let folder = tempfile::tempdir().unwrap();
        let states = crashed(folder.path());
        let path = folder.path().join("demo.journal");
        let journal = fs::read(&path).unwrap();
        assert_eq!(Some(&locked(folder.path()).state), states.last());
        assert!(!path.exists());
        assert_eq!(Some(&seen(folder.path())), states.last());
        // As if the crash had come before it was removed.
        fs::write(&path, journal).unwrap();
        assert_eq!(Some(&seen(folder.path())), states.last());
    }

    #[test]
    fn a_failed_attempt_leaves_nothing_in_the_way_of_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo.journal");
        let mut journal = Journal::new(path.clone());
        journal.add("it", 1, &address(1), &entry(1)).unwrap();
        let good = fs::read(&path).unwrap();
        let left = b"{\"serial\": 2, and no more\nor a line of the length of another one, and longer still";
        fs::write(&path, [&good[..], left].concat()).unwrap();
        journal.add("it", 2, &address(2), &entry(2)).unwrap();
        let mut state = State::empty("demo");
        replay(&fs::read(&path).unwrap(), &path, "it", &mut state).unwrap();
        assert_eq!((state.serial, state.resources.len()), (2, 2));
    }

    #[test]
    fn a_journal_of_another_state_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo.json");
        crashed(folder.path());
        let other = fs::read_to_string(&path).unwrap().replace("\"serial\": 1", "\"serial\": 2");
        fs::write(&path, other).unwrap();
        for _ in 0..2 {
            let error = Store::open(path.clone(), "demo").unwrap_err();
            assert!(error.message.starts_with("could not use the journal"), "{error:?}");
            assert_eq!(
                error.causes,
                ["it does not continue the state file that is there, if there is one"]
            );
            let _ = fs::remove_file(&path);
        }
        fs::write(folder.path().join("demo.journal"), "{}\n").unwrap();
        let error = Store::open(path, "demo").unwrap_err();
        assert!(error.causes[0].starts_with("line 1: missing field"), "{error:?}");
    }
}
