//! All about one entry of a stack file: what it is, where it stands, what it needs and what needs it,
//! and how it compares with what is there.

use crate::address::Address;
use crate::error::Result;
use crate::plan::{Change, Observed};
use crate::reference;
use crate::resource::{self, AnyResourceType, Object, Reading, tags};
use crate::stack::{Edge, Stack};
use crate::state::{Phase, State};

/// Who told what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Witness {
    /// AWS, just now; which account and region.
    Aws(String),
    /// The state of the last apply; its file.
    State(String),
}

/// All about one entry.
pub struct Explanation {
    /// What type it is of.
    pub kind: &'static dyn AnyResourceType,
    /// The file and the line in which its address stands.
    pub place: String,
    /// Whether it is neither to be deleted nor replaced.
    pub protection: Protection,
    /// What it refers to.
    pub needs: Vec<Edge>,
    /// What refers to it.
    pub needed_by: Vec<Edge>,
    /// The outputs of the stack that refer to it.
    pub outputs: Vec<String>,
    /// What is there, and what an apply would make of it.
    pub change: Change,
    /// Who told that.
    pub witness: Witness,
}

/// Whether an object may be deleted and replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// It may be.
    None,
    /// The stack file forbids it.
    Declared,
    /// The stack file does not forbid it any more, but the object's tag does until the next apply.
    Lifted,
}

impl Explanation {
    /// Puts together what is known of the entry that a change is about.
    pub fn new(stack: &Stack, change: Change, witness: Witness) -> Result<Self> {
        let address = &change.address;
        let declaration = stack.entry(address)?;
        let kind = resource::of(address)?;
        let line = stack.declared(address).map_or(0, |place| place.line);
        let tagged = change.live.as_ref().is_some_and(|live| tags::is_protected(&live.spec));
        let protection = match (declaration.protected, tagged) {
            (true, _) => Protection::Declared,
            (false, true) => Protection::Lifted,
            (false, false) => Protection::None,
        };
        let edges = || stack.edges().into_iter();
        Ok(Self {
            kind,
            place: format!("{}:{line}", stack.source.file),
            protection,
            needs: edges().filter(|edge| edge.from == *address).collect(),
            needed_by: edges().filter(|edge| edge.to == *address).collect(),
            outputs: outputs(stack, address),
            change,
            witness,
        })
    }

    /// The fields of the entry that AWS cannot change in place; not those that only AWS tells of.
    pub fn replaced_by(&self) -> Vec<&'static str> {
        let spec = self.change.spec.as_ref();
        let is_declared = |field: &&str| spec.is_some_and(|spec| spec.get(*field).is_some());
        self.kind.replace_on().iter().copied().filter(is_declared).collect()
    }
}

/// The outputs of a stack that refer to an entry.
fn outputs(stack: &Stack, address: &Address) -> Vec<String> {
    let refers = |text: &str| reference::in_text(text).0.iter().any(|one| one.address == *address);
    stack.outputs.iter().filter(|(_, text)| refers(text)).map(|(name, _)| name.clone()).collect()
}

/// What the last apply has left, in the place of what AWS holds.
pub fn remembered(state: &State) -> Observed {
    let objects = state.resources.iter().map(|(address, entry)| {
        let object = Object::new(entry.spec.clone(), entry.outputs.clone());
        let is_there = entry.phase == Phase::Ready;
        (address.clone(), if is_there { Reading::Present(object) } else { Reading::Absent })
    });
    objects.collect()
}
