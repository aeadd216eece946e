//! The plan: desired, observed and state in; changes out. Pure and synchronous, and complete: apply
//! decides nothing but the order and the retries.

mod drift;
mod fields;
mod ownership;
mod protection;
mod reason;
mod residue;
mod sequence;
mod single;
#[cfg(test)]
mod tests;
mod widening;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use drift::drift;
pub use fields::FieldChange;
use fields::{created, field_change};
use ownership::Claim;
pub use ownership::by_tag;
pub use reason::Reason;
pub use residue::Residue;
pub use single::single;
pub use widening::Widening;

use crate::address::Address;
use crate::diff;
use crate::error::Result;
use crate::reference::{self, Reference};
use crate::resource::{self, AnyResourceType, Object, Reading, tags};
use crate::stack::Spot;
use crate::state::{Entry, Phase, State};

/// What is wanted of one resource: its spec with references as they stand in `stack.yaml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Local files replaced by fingerprints, references unresolved.
    pub spec: Value,
    /// What it refers to.
    pub depends_on: BTreeSet<Address>,
}

/// Everything that is wanted of a stack.
#[derive(Debug, Clone, Default)]
pub struct Desired {
    /// The stack's name.
    pub stack: String,
    /// What is wanted, by address. Empty to destroy.
    pub resources: BTreeMap<Address, Wanted>,
    /// What the stack file declares, also when nothing of it is wanted.
    pub declared: BTreeMap<Address, Declared>,
    /// What becomes the stack's although its tags say otherwise.
    pub adopt: BTreeSet<Address>,
}

/// What matters of an entry of the stack file also when it is not wanted.
#[derive(Debug, Clone)]
pub struct Declared {
    /// What it refers to: the order in which to delete what the state has forgotten.
    pub depends_on: BTreeSet<Address>,
    /// Whether it is neither to be deleted nor replaced.
    pub protected: bool,
    /// Where that is said, or else where its address stands.
    pub place: Spot,
}

/// What AWS holds now, by address.
pub type Observed = BTreeMap<Address, Reading<Object>>;

/// What is to happen to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is as it should be.
    NoOp,
    /// It is made.
    Create,
    /// It was deleted, and is brought back to what it is to be.
    Restore,
    /// It is changed in place.
    Update,
    /// It is removed and made anew, because AWS cannot change it in place.
    Replace,
    /// It is removed.
    Delete,
}

/// What is to happen to one resource, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Whose change this is.
    pub address: Address,
    /// What is to happen.
    pub action: Action,
    /// Why; for display only.
    pub reasons: Vec<Reason>,
    /// What is so wrong with the live object that it is to be shouted about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alarm: Option<String>,
    /// What differs.
    pub fields: Vec<FieldChange>,
    /// What it gives that nobody is to give by the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub widenings: Vec<Widening>,
    /// Whether it is deleted by deleting what it lives in, without a call of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub goes_along: bool,
    /// The changes that must be done before this one.
    pub after: BTreeSet<Address>,
    /// What the object is to be, as far as it is known; none when it is to go.
    pub spec: Option<Value>,
    /// What the object refers to.
    pub depends_on: BTreeSet<Address>,
    /// The object as it was observed.
    pub live: Option<Object>,
}

/// All changes, in an order in which they could be carried out one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The stack's name.
    pub stack: String,
    /// One change for each resource, those without an action included.
    pub changes: Vec<Change>,
}

impl Plan {
    /// The changes that do something.
    pub fn actions(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.action != Action::NoOp)
    }

    /// How many changes have this action.
    pub fn count(&self, action: Action) -> usize {
        self.changes.iter().filter(|change| change.action == action).count()
    }
}

/// Makes the plan.
///
/// # Errors
/// Objects of the same name that belong to others, all of them in one error; and protected objects
/// that would have to go.
pub fn plan(desired: &Desired, observed: &Observed, state: &State) -> Result<Plan> {
    ownership::check(desired, observed, state)?;
    let plan = draft(desired, observed, state)?;
    protection::check(&plan, desired, observed, state)?;
    Ok(plan)
}

/// What would have to be done, whether it may be or not.
fn draft(desired: &Desired, observed: &Observed, state: &State) -> Result<Plan> {
    let mut planner = Planner { desired, observed, state, known: BTreeMap::new() };
    let wanted = desired.resources.iter().map(|(address, wanted)| (address, &wanted.depends_on));
    let mut changes = BTreeMap::new();
    for address in sequence::order(wanted)? {
        let change = planner.wanted(&address, &desired.resources[&address])?;
        changes.insert(address, change);
    }
    for address in observed.keys().filter(|address| !desired.resources.contains_key(*address)) {
        if let Some(change) = planner.unwanted(address) {
            changes.insert(address.clone(), change);
        }
    }
    Ok(Plan { stack: desired.stack.clone(), changes: sequence::changes(changes, state)? })
}

struct Planner<'a> {
    desired: &'a Desired,
    observed: &'a Observed,
    state: &'a State,
    /// The outputs of objects that stay.
    known: BTreeMap<Address, Value>,
}

impl Planner<'_> {
    fn wanted(&mut self, address: &Address, wanted: &Wanted) -> Result<Change> {
        let kind = resource::of(address)?;
        let spec =
            kind.normalise(&reference::resolve(&wanted.spec, &|found| lookup(&self.known, found)))?;
        let entry = self.state.made(address);
        let reading = self.observed.get(address).unwrap_or(&Reading::Absent);
        let mut change = Change {
            address: address.clone(),
            action: Action::NoOp,
            reasons: Vec::new(),
            alarm: None,
            fields: Vec::new(),
            widenings: Vec::new(),
            goes_along: false,
            after: BTreeSet::new(),
            depends_on: wanted.depends_on.clone(),
            live: None,
            spec: None,
        };
        match reading {
            Reading::Present(live) => {
                compare(kind, &mut change, live, &spec, entry)?;
                change.alarm = kind.alarm(&live.spec);
                if let Claim::Adopted(reason) = ownership::claim(self.desired, address, live, entry)
                {
                    change.reasons = vec![reason];
                }
            }
            Reading::Absent | Reading::Recoverable(_) => {
                let gone = *reading == Reading::Absent;
                change.action = if gone { Action::Create } else { Action::Restore };
                change.reasons.push(Reason::of_absence(reading, entry));
                change.fields = created(&spec);
            }
        }
        if matches!(change.action, Action::NoOp | Action::Update)
            && let Some(live) = &change.live
        {
            self.known.insert(address.clone(), live.outputs.clone());
        }
        change.widenings = widening::of(&change.fields, &self.state.account);
        if matches!(change.action, Action::Create | Action::Update | Action::Replace) {
            let before = || match (change.action, &change.live) {
                (Action::Create, _) => self.of_kind(&address.kind),
                (_, live) => Ok(live.iter().map(|live| live.spec.clone()).collect()),
            };
            let openings = kind.widens(&before, &spec)?;
            change.widenings.extend(openings.into_iter().map(Widening::of_opening));
        }
        change.spec = Some(spec);
        Ok(change)
    }

    /// What there is of a kind, as far as it is remembered.
    fn of_kind(&self, kind: &str) -> Result<Vec<Value>> {
        let present = self.observed.iter().filter_map(|(address, reading)| match reading {
            Reading::Present(live) if address.kind == kind => Some((address, live)),
            _ => None,
        });
        let remembered = present.map(|(address, live)| {
            let last = self.state.made(address).map(|entry| &entry.spec);
            resource::of(address)?.align(&live.spec, last.unwrap_or(&live.spec), None)
        });
        remembered.collect()
    }

    /// What is in AWS or in the state, but not in `stack.yaml`.
    fn unwanted(&self, address: &Address) -> Option<Change> {
        let entry = self.state.resources.get(address);
        let (live, reason) = match (self.observed.get(address)?, entry) {
            (Reading::Present(live), _) => {
                let ours = ownership::may_delete(&self.desired.stack, address, live, entry);
                if !ours || ownership::is_moved(address, live, self.desired, self.observed) {
                    return None;
                }
                (live.clone(), Reason::of_removal(entry, self.desired.declared.get(address)))
            }
            // An interrupted run may have left parts of it, which deleting again finds.
            (Reading::Absent, Some(entry))
                if matches!(entry.phase, Phase::Creating | Phase::Deleting)
                    && !entry.outputs.is_null() =>
            {
                let remembered = Object::new(entry.spec.clone(), entry.outputs.clone());
                (remembered, Reason::Unfinished)
            }
            _ => return None,
        };
        Some(Change {
            address: address.clone(),
            action: Action::Delete,
            reasons: vec![reason],
            alarm: resource::find(&address.kind).and_then(|kind| kind.alarm(&live.spec)),
            fields: diff::between(&live.spec, &Value::Object(serde_json::Map::new()))
                .into_iter()
                .map(|difference| field_change(difference, &Value::Null, None, &[]))
                .collect(),
            widenings: Vec::new(),
            goes_along: false,
            after: BTreeSet::new(),
            spec: None,
            depends_on: entry
                .map(|entry| &entry.depends_on)
                .or_else(|| self.desired.declared.get(address).map(|entry| &entry.depends_on))
                .cloned()
                .unwrap_or_default(),
            live: Some(live),
        })
    }
}

/// Fills in what differs between the live object and its spec, and what follows from that.
fn compare(
    kind: &dyn AnyResourceType,
    change: &mut Change,
    live: &Object,
    spec: &Value,
    entry: Option<&Entry>,
) -> Result<()> {
    let last = entry.filter(|entry| entry.phase == Phase::Ready).map(|entry| &entry.spec);
    let mut seen = kind.align(&live.spec, spec, last)?;
    let ours: Vec<&Value> = std::iter::once(spec).chain(last).collect();
    tags::forget_foreign(&mut seen, &ours);
    change.fields = diff::between(&seen, spec)
        .into_iter()
        .map(|difference| field_change(difference, spec, last, kind.replace_on()))
        .collect();
    change.live = Some(Object { spec: seen, ..live.clone() });
    if change.fields.is_empty() {
        return Ok(());
    }
    let replace = change.fields.iter().any(|field| field.forces_replacement);
    change.action = if replace { Action::Replace } else { Action::Update };
    change.reasons = Reason::of_difference(&change.fields, entry);
    Ok(())
}

/// Resolves a reference from outputs that are known.
pub(crate) fn lookup(known: &BTreeMap<Address, Value>, found: &Reference) -> Option<String> {
    known.get(&found.address)?.get(&found.attribute)?.as_str().map(ToOwned::to_owned)
}
