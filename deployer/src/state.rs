//! The state file: a memory of what earlier runs made, never the truth.
//!
//! It holds specs and outputs, no secret values: those never enter a spec. Lost, it is rebuilt from
//! AWS by names and ownership tags. This is the only module that writes below the state folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Address;
use crate::error::{Error, Result};

/// The format that this release writes. Newer ones are refused, so that nothing in them is lost.
const VERSION: u32 = 1;

/// What is remembered of a stack.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The format's version.
    pub version: u32,
    /// The stack's name.
    pub stack: String,
    /// The account that the objects are in; empty before the first apply.
    pub account: String,
    /// The region that the objects are in.
    pub region: String,
    /// Counts the writes.
    pub serial: u64,
    /// What was made, by address.
    pub resources: BTreeMap<Address, Entry>,
    /// The stack's outputs, in their order in `stack.yaml`.
    pub outputs: Vec<(String, String)>,
}

/// What is remembered of one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// How far the last run got with it.
    pub phase: Phase,
    /// What the last apply asked for, references resolved.
    pub spec: Value,
    /// What AWS assigned; may be incomplete while the object is being created.
    pub outputs: Value,
    /// What it referred to: needed to delete in the right order once the declaration is gone.
    pub depends_on: BTreeSet<Address>,
}

/// How far a run got with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// A create was about to begin or is under way.
    Creating,
    /// The object is as its spec says.
    Ready,
    /// A delete was about to begin or is under way.
    Deleting,
    /// It was deleted. It is remembered until a later run has looked once more, because AWS may
    /// bring it back: a late write does so with a log group.
    Deleted,
}

/// The state together with its file.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    /// What is remembered.
    pub state: State,
}

impl Store {
    /// Opens the state of a stack; a missing file is an empty state.
    pub fn open(path: PathBuf, stack: &str) -> Result<Self> {
        let state = match fs::read(&path) {
            Ok(bytes) => parse(&bytes, &path)?,
            Err(error) if error.kind() == ErrorKind::NotFound => State::empty(stack),
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
        Ok(Self { path, state })
    }

    /// Where the state is kept.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Refuses a state that was made in another account or region; one without objects takes these,
    /// and forgets what was deleted elsewhere.
    pub fn bind(&mut self, account: &str, region: &str) -> Result<()> {
        let state = &mut self.state;
        let elsewhere = (state.account.as_str(), state.region.as_str()) != (account, region);
        if elsewhere && state.resources.values().all(|entry| entry.phase == Phase::Deleted) {
            state.resources.clear();
            account.clone_into(&mut state.account);
            region.clone_into(&mut state.region);
        } else if elsewhere {
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
        Ok(())
    }

    /// Changes the state and writes it: complete and on disk when this returns, or not at all.
    pub fn change(&mut self, change: impl FnOnce(&mut State)) -> Result<()> {
        let before = self.state.clone();
        change(&mut self.state);
        if self.state == before {
            return Ok(());
        }
        self.state.serial += 1;
        let saved = self.save();
        if saved.is_err() {
            self.state = before;
        }
        saved
    }

    /// A temporary file in the same folder, flushed, then renamed over the old one, and the folder
    /// flushed: at any moment the path holds one whole state.
    fn save(&self) -> Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let write = || -> std::io::Result<()> {
            fs::create_dir_all(folder)?;
            let mut file = tempfile::Builder::new().prefix(".state-").tempfile_in(folder)?;
            serde_json::to_writer_pretty(&mut file, &self.state)?;
            file.write_all(b"\n")?;
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|error| error.error)?;
            File::open(folder)?.sync_all()
        };
        write().map_err(|error| {
            Error::io("write the state file", &self.path, &error)
                .hint("make room or mend the folder's permissions, then run again: what is in AWS is found again")
        })
    }
}

impl State {
    /// What is remembered of a resource that was not deleted since.
    pub fn made(&self, address: &Address) -> Option<&Entry> {
        self.resources.get(address).filter(|entry| entry.phase != Phase::Deleted)
    }

    /// The state of a stack that was never applied.
    pub fn empty(stack: &str) -> Self {
        Self {
            version: VERSION,
            stack: stack.to_owned(),
            account: String::new(),
            region: String::new(),
            serial: 0,
            resources: BTreeMap::new(),
            outputs: Vec::new(),
        }
    }
}

fn parse(bytes: &[u8], path: &Path) -> Result<State> {
    /// Read first, because another version may have other fields.
    #[derive(Deserialize)]
    struct Header {
        version: u32,
    }
    let unreadable = |error: &serde_json::Error| {
        Error::new(format!("could not understand the state file {}", path.display())).because(error).hint(
            "put back a good copy, or move the file away: the state is then rebuilt from what AWS holds",
        )
    };
    let header: Header = serde_json::from_slice(bytes).map_err(|error| unreadable(&error))?;
    if header.version != VERSION {
        return Err(Error::new(format!("could not understand the state file {}", path.display()))
            .because(format!(
                "its format is version {}, and this release knows {VERSION}",
                header.version
            ))
            .hint("use the release of deployer that wrote it, or a newer one"));
    }
    serde_json::from_slice(bytes).map_err(|error| unreadable(&error))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry() -> Entry {
        Entry {
            phase: Phase::Ready,
            spec: json!({"name": "a"}),
            outputs: json!({"arn": "arn:a"}),
            depends_on: BTreeSet::new(),
        }
    }

    fn store(folder: &Path) -> Store {
        let mut store = Store::open(folder.join("demo.json"), "demo").unwrap();
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
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
    }

    #[test]
    fn writing_nothing_new_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(folder.path());
        let serial = store.state.serial;
        store.change(|_| {}).unwrap();
        assert_eq!(store.state.serial, serial);
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
    fn what_was_deleted_does_not_tie_a_state_to_its_account() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = store(folder.path());
        store
            .change(|state| {
                state.resources.values_mut().for_each(|entry| entry.phase = Phase::Deleted);
            })
            .unwrap();
        store.bind("111111111111", "eu-west-1").unwrap();
        assert_eq!(store.state.resources.len(), 1, "here it may come back");
        store.bind("222222222222", "eu-west-1").unwrap();
        assert!(store.state.resources.is_empty(), "there it never was");
    }

    #[test]
    fn torn_foreign_and_newer_files_are_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("demo.json");
        let whole = serde_json::to_string(&store(folder.path()).state).unwrap();
        let newer = whole.replace("\"version\":1", "\"version\":2");
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
