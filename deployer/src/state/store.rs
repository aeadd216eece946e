//! The state together with its file, which is written whole when a run begins and ends, and its journal,
//! which takes each change in between.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::journal::{self, Journal};
use super::lock::Lock;
use super::{Entry, Holder, State, format};
use crate::address::Address;
use crate::error::{Error, Result};

/// The state together with its file.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    writer: Option<Writer>,
    /// What is remembered.
    pub state: State,
    /// That of the state file as it is.
    fingerprint: String,
}

/// What it takes to change a state.
#[derive(Debug)]
struct Writer {
    /// Held for as long as the store is open.
    _lock: Lock,
    /// For a state that has no lineage yet.
    lineage: String,
    journal: Journal,
}

impl Store {
    /// Opens the state of a stack to change it; nobody else can before this store is dropped. A
    /// state that has none yet gets `lineage` with the first write.
    pub fn open_locked(
        path: PathBuf,
        stack: &str,
        holder: &Holder,
        lineage: String,
    ) -> Result<Self> {
        // Locked first: what was read before could have been changed meanwhile.
        let lock = Lock::take(&path, holder)?;
        let mut store = Self::open(path, stack)?;
        let journal = Journal::new(journal::beside(&store.path));
        store.writer = Some(Writer { _lock: lock, lineage, journal });
        if journal::beside(&store.path).exists() {
            store.save()?;
        }
        Ok(store)
    }

    /// Begins a new state in the place of whatever is there, which stays until the first write and is
    /// then kept beside it.
    pub fn anew(path: PathBuf, stack: &str, holder: &Holder, lineage: String) -> Result<Self> {
        let lock = Lock::take(&path, holder)?;
        let journal = Journal::new(journal::beside(&path));
        let writer = Some(Writer { _lock: lock, lineage, journal });
        let fingerprint = journal::fingerprint(&[]);
        Ok(Self { path, writer, state: State::empty(stack), fingerprint })
    }

    /// Sets aside the file that [`Store::anew`] replaces; its new name, if there was one.
    /// What a run has left of its journal goes with it.
    pub fn set_aside(&self) -> Result<Option<PathBuf>> {
        let aside = self.path.with_extension("json.before-rebuild");
        let journal = journal::beside(&self.path);
        set_aside(&journal, &journal.with_extension("journal.before-rebuild"))?;
        Ok(set_aside(&self.path, &aside)?.then_some(aside))
    }

    /// Opens the state of a stack to look at it; a missing file is an empty state.
    pub fn open(path: PathBuf, stack: &str) -> Result<Self> {
        // Read first: a run that ends meanwhile writes the state whole and removes its journal.
        let journal_path = journal::beside(&path);
        let journal = journal::read(&journal_path)?;
        let (mut state, fingerprint) = match fs::read(&path) {
            Ok(bytes) => (format::parse(&bytes, &path)?, journal::fingerprint(&bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                (State::empty(stack), journal::fingerprint(&[]))
            }
            Err(error) => {
                return Err(Error::io("read the state file", &path, &error).hint(
                    "mend the file's or the folder's permissions, or name another folder with --state",
                ));
            }
        };
        if state.stack != stack {
            return Err(Error::new(format!(
                "the state file {} belongs to another stack",
                path.display()
            ))
            .because(format!("it remembers `{}`, and this is `{stack}`", state.stack))
            .hint(
                "choose another folder with --state, or give the stack its own name in stack.yaml",
            ));
        }
        journal::replay(&journal, &journal_path, &fingerprint, &mut state)?;
        Ok(Self { path, writer: None, state, fingerprint })
    }

    /// Where the state is kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// When the file was last written, if there is one.
    pub fn written(&self) -> Result<Option<SystemTime>> {
        match fs::metadata(&self.path).and_then(|file| file.modified()) {
            Ok(time) => Ok(Some(time)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("look at", &self.path, &error)),
        }
    }

    /// Refuses a state that was made in another account or region; one that holds nothing takes these.
    /// Whether it forgets something by that: what was deleted there.
    pub fn bind(&mut self, account: &str, region: &str) -> Result<bool> {
        let state = &mut self.state;
        if (state.account.as_str(), state.region.as_str()) == (account, region) {
            return Ok(false);
        }
        if state.all_made().next().is_some() {
            return Err(Error::new(format!(
                "the state file {} belongs to another account or region",
                self.path.display()
            ))
            .because(format!(
                "it was made in account {} in {}, and the credentials are for account {account} in {region}",
                state.account, state.region
            ))
            .hint("use that account's credentials and region, or another folder with --state"));
        }
        account.clone_into(&mut state.account);
        region.clone_into(&mut state.region);
        Ok(!std::mem::take(&mut state.resources).is_empty())
    }

    /// Remembers a resource: on disk when this returns, or not at all. Unlike [`Store::change`], it
    /// writes no more than that.
    pub fn put(&mut self, address: &Address, entry: Entry) -> Result<()> {
        if self.state.resources.get(address) == Some(&entry) {
            return Ok(());
        }
        if self.state.lineage.is_empty() {
            return self.change(|state| drop(state.resources.insert(address.clone(), entry)));
        }
        let serial = self.state.serial + 1;
        let path = &self.path;
        let writer = self.writer.as_mut().ok_or_else(|| read_only(path))?;
        let added = writer.journal.add(&self.fingerprint, serial, address, &entry);
        added.map_err(|error| unwritten(path, &error))?;
        self.state.serial = serial;
        self.state.resources.insert(address.clone(), entry);
        Ok(())
    }

    /// Writes the state whole again, where its journal has something.
    pub fn settle(&mut self) -> Result<()> {
        let is_settled = self.writer.as_ref().is_none_or(|writer| writer.journal.is_empty());
        if is_settled { Ok(()) } else { self.save() }
    }

    /// Changes the state and writes it whole: complete and on disk when this returns, or not at all. A
    /// change that changes nothing writes nothing.
    pub fn change(&mut self, change: impl FnOnce(&mut State)) -> Result<()> {
        let mut next = self.state.clone();
        change(&mut next);
        if next == self.state { self.settle() } else { self.write(next) }
    }

    /// Changes the state and writes it in any case, so that its serial tells that a run began.
    pub fn begin(&mut self, change: impl FnOnce(&mut State)) -> Result<()> {
        let mut next = self.state.clone();
        change(&mut next);
        self.write(next)
    }

    fn write(&mut self, mut next: State) -> Result<()> {
        let writer = self.writer.as_ref().ok_or_else(|| read_only(&self.path))?;
        if next.lineage.is_empty() {
            next.lineage.clone_from(&writer.lineage);
        }
        next.serial += 1;
        let before = std::mem::replace(&mut self.state, next);
        // A serial that may have got to the disk is not given again.
        let serial = self.state.serial;
        self.save().inspect_err(|_| self.state = State { serial, ..before })
    }

    /// A temporary file in the same folder, flushed, then renamed over the old one, and the folder
    /// flushed: at any moment the path holds one whole state. The journal, which is in it, can go.
    fn save(&mut self) -> Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut write = || -> std::io::Result<()> {
            fs::create_dir_all(folder)?;
            let mut file = tempfile::Builder::new().prefix(".state-").tempfile_in(folder)?;
            let mut text = serde_json::to_vec_pretty(&self.state)?;
            text.push(b'\n');
            file.write_all(&text)?;
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|error| error.error)?;
            self.fingerprint = journal::fingerprint(&text);
            File::open(folder)?.sync_all()?;
            self.writer.as_mut().map_or(Ok(()), |writer| writer.journal.clear())
        };
        write().map_err(|error| unwritten(&self.path, &error))
    }
}

/// Renames a file; whether there was one.
fn set_aside(path: &Path, aside: &Path) -> Result<bool> {
    match fs::rename(path, aside) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("set aside", path, &error)
            .hint("mend the folder's permissions; nothing was changed")),
    }
}

fn read_only(path: &Path) -> Error {
    Error::new(format!("the state file {} was opened to be read only", path.display()))
}

fn unwritten(path: &Path, error: &std::io::Error) -> Error {
    Error::io("write the state file", path, error).hint(
        "make room or mend the folder's permissions, then run again: what is in AWS is found again",
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::state::{Entry, Phase};

    fn entry() -> Entry {
        Entry {
            phase: Phase::Ready,
            spec: json!({"name": "a"}),
            outputs: json!({"arn": "arn:a"}),
            depends_on: BTreeSet::new(),
        }
    }

    fn locked(folder: &Path, lineage: &str) -> Store {
        let holder = Holder {
            who: "ada@laptop".into(),
            pid: 4711,
            command: "deployer apply".into(),
            since: "2026-05-08T05:39:10Z".into(),
        };
        Store::open_locked(folder.join("demo.json"), "demo", &holder, lineage.into()).unwrap()
    }

    fn store(folder: &Path) -> Store {
        let mut store = locked(folder, "1234");
        store.bind("111111111111", "eu-west-1").unwrap();
        store
            .change(|state| drop(state.resources.insert("secret.ca".parse().unwrap(), entry())))
            .unwrap();
        store
    }

    #[test]
    fn what_was_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let written = store(folder.path()).state;
        assert_eq!(Store::open(folder.path().join("demo.json"), "demo").unwrap().state, written);
        let mut left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["demo.json", "demo.lock"], "no temporary file stays");
    }

    #[test]
    fn writing_nothing_new_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(folder.path());
        let serial = store.state.serial;
        store.change(|_| {}).unwrap();
        assert_eq!(store.state.serial, serial);
        store.begin(|_| {}).unwrap();
        assert_eq!(store.state.serial, serial + 1, "but the beginning of a run counts");
    }

    #[test]
    fn the_lineage_stays_whoever_writes() {
        let folder = tempfile::tempdir().unwrap();
        drop(store(folder.path()));
        let mut store = locked(folder.path(), "other");
        store.change(|state| state.resources.clear()).unwrap();
        assert_eq!(store.state.lineage, "1234");
    }

    #[test]
    fn a_state_without_a_lineage_gets_one_with_the_next_write() {
        let folder = tempfile::tempdir().unwrap();
        let old = r#"{"version":1,"stack":"demo","account":"1","region":"r","serial":7,"resources":{},"outputs":[]}"#;
        fs::write(folder.path().join("demo.json"), old).unwrap();
        let mut store = locked(folder.path(), "1234");
        assert_eq!((store.state.lineage.as_str(), store.state.serial), ("", 7));
        store.begin(|_| {}).unwrap();
        drop(store);
        let read = Store::open(folder.path().join("demo.json"), "demo").unwrap().state;
        assert_eq!((read.version, read.lineage.as_str(), read.serial), (2, "1234", 8));
    }

    #[test]
    fn what_was_opened_to_be_read_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path().join("demo.json"), "demo").unwrap();
        assert!(store.begin(|_| {}).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn another_account_or_region_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(folder.path());
        assert!(store.bind("222222222222", "eu-west-1").is_err());
        assert!(store.bind("111111111111", "us-east-1").is_err());
        assert!(store.bind("111111111111", "eu-west-1").is_ok());
    }

    #[test]
    fn torn_foreign_and_newer_files_are_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo.json");
        let whole = serde_json::to_string(&store(folder.path()).state).unwrap();
        let newer = whole.replace("\"version\":2", "\"version\":3");
        for text in ["", &whole[..whole.len() / 2], "{}", "[]", "\u{0}", newer.as_str()] {
            fs::write(&path, text).unwrap();
            let error = Store::open(path.clone(), "demo").unwrap_err();
            assert!(error.message.contains("could not understand"), "{error:?}");
            assert!(!error.hints.is_empty());
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        fs::write(&path, &whole).unwrap();
        assert!(Store::open(path, "other").unwrap_err().message.contains("another stack"));
    }
}
