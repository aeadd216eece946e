//! What was changed since the state was last written whole: a line for each change, so that what a
//! change writes does not grow with the stack.
//!
//! A line counts once its line break is on disk. Lines that the whole state has already, because a
//! crash came before they were removed, are skipped by their serials.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Entry, State};
use crate::address::Address;
use crate::error::{Error, Result};

/// One change.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<A, E> {
    /// Of the state after it.
    serial: u64,
    address: A,
    entry: E,
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

/// Brings a state to where the journal ends.
pub(super) fn replay(journal: &[u8], path: &Path, state: &mut State) -> Result<()> {
    let lines = journal.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
    for (n, line) in lines.enumerate() {
        let bad = || {
            Error::new(format!("could not understand the journal of the state {}", path.display()))
                .hint("if the state file was put back from a copy, remove the journal; otherwise `deployer state rebuild` makes the state again from what is in AWS")
        };
        let line: Line<Address, Entry> = serde_json::from_slice(line)
            .map_err(|error| bad().because(format!("line {}: {error}", n + 1)))?;
        if line.serial > state.serial + 1 {
            return Err(bad().because(format!(
                "line {} continues a state with serial {}, and the state file's is {}",
                n + 1,
                line.serial - 1,
                state.serial
            )));
        }
        if line.serial > state.serial {
            state.serial = line.serial;
            state.resources.insert(line.address, line.entry);
        }
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

    /// Adds a change, which is on disk when this returns, or not at all.
    pub(super) fn add(&mut self, serial: u64, address: &Address, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(&Line { serial, address, entry })?;
        line.push(b'\n');
        let (file, length) = match &mut self.file {
            Some(open) => open,
            none => none.insert((create(&self.path)?, 0)),
        };
        // What an attempt that failed has left does not count.
        file.set_len(*length)?;
        file.write_all_at(&line, *length)?;
        file.sync_data()?;
        *length += line.len() as u64;
        Ok(())
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
        assert_eq!(line.lines().count(), 1, "what changes nothing writes nothing: {line}");
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
            assert_eq!(seen(folder.path()), states[lines], "{length} bytes");
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
        journal.add(1, &address(1), &entry(1)).unwrap();
        let good = fs::read(&path).unwrap();
        fs::write(&path, [&good[..], b"{\"serial\": 2, and no more\nor a little"].concat())
            .unwrap();
        journal.add(2, &address(2), &entry(2)).unwrap();
        let mut state = State::empty("demo");
        replay(&fs::read(&path).unwrap(), &path, &mut state).unwrap();
        assert_eq!((state.serial, state.resources.len()), (2, 2));
    }

    #[test]
    fn a_journal_of_another_state_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo.json");
        crashed(folder.path());
        fs::remove_file(&path).unwrap();
        let error = Store::open(path.clone(), "demo").unwrap_err();
        assert!(error.message.starts_with("could not understand the journal"), "{error:?}");
        assert_eq!(
            error.causes,
            ["line 1 continues a state with serial 1, and the state file's is 0"]
        );
        fs::write(folder.path().join("demo.journal"), "{}\n").unwrap();
        let error = Store::open(path, "demo").unwrap_err();
        assert!(error.causes[0].starts_with("line 1: missing field"), "{error:?}");
    }
}
