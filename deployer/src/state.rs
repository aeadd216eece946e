//! The state file: a memory of what earlier runs made, never the truth.
//!
//! It holds specs and outputs, no secret values: those never enter a spec. Lost, it is rebuilt from
//! AWS by names and ownership tags. This is the only module that writes below the state folder.

mod format;
mod journal;
mod lock;
mod store;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use lock::Holder;
pub use store::Store;

use crate::address::Address;

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
    /// Tells this state from every other one, for as long as it is kept: random, and empty before
    /// the first write.
    pub lineage: String,
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

impl State {
    /// What is remembered of a resource that was not deleted since.
    pub fn made(&self, address: &Address) -> Option<&Entry> {
        self.resources.get(address).filter(|entry| entry.phase != Phase::Deleted)
    }

    /// All of that.
    pub fn all_made(&self) -> impl Iterator<Item = (&Address, &Entry)> {
        self.resources.iter().filter(|(_, entry)| entry.phase != Phase::Deleted)
    }

    /// The state of a stack that was never applied.
    pub fn empty(stack: &str) -> Self {
        Self {
            version: format::VERSION,
            stack: stack.to_owned(),
            account: String::new(),
            region: String::new(),
            lineage: String::new(),
            serial: 0,
            resources: BTreeMap::new(),
            outputs: Vec::new(),
        }
    }
}
