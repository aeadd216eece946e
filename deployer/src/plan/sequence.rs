//! The order of changes: what is needed is made first, and deleted last.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Change};
use crate::address::Address;
use crate::error::{Error, Result};
use crate::graph;
use crate::state::State;

/// Everything behind what it depends on.
pub(super) fn order<'a>(
    edges: impl Iterator<Item = (&'a Address, &'a BTreeSet<Address>)>,
) -> Result<Vec<Address>> {
    let graph = edges.map(|(address, needs)| (address.clone(), needs.clone())).collect();
    graph::order(&graph).map_err(|cycle| {
        let path: Vec<_> = cycle.iter().map(ToString::to_string).collect();
        Error::new(format!("these need each other: {}", path.join(" → ")))
    })
}

/// Gives each change what it must wait for, and puts all in order.
pub(super) fn changes(
    mut changes: BTreeMap<Address, Change>,
    state: &State,
) -> Result<Vec<Change>> {
    let mut after = waits(&changes, state);
    let ordered = order(after.iter())?;
    Ok(ordered
        .into_iter()
        .filter_map(|address| {
            let mut change = changes.remove(&address)?;
            change.after = after.remove(&address).unwrap_or_default();
            Some(change)
        })
        .collect())
}

fn waits(
    changes: &BTreeMap<Address, Change>,
    state: &State,
) -> BTreeMap<Address, BTreeSet<Address>> {
    let is_deleted = |address: &Address| {
        changes.get(address).is_some_and(|change| change.action == Action::Delete)
    };
    let mut after: BTreeMap<Address, BTreeSet<Address>> =
        changes.keys().map(|address| (address.clone(), BTreeSet::new())).collect();
    for change in changes.values() {
        let remembered = state.resources.get(&change.address).map(|entry| &entry.depends_on);
        for need in change.depends_on.iter().chain(remembered.into_iter().flatten()) {
            // What goes needs nothing that stays.
            if is_deleted(&change.address) && !is_deleted(need) {
                continue;
            }
            // What is still referred to, or was until this plan, is deleted last.
            let (later, earlier) =
                if is_deleted(need) { (need, &change.address) } else { (&change.address, need) };
            let still_needed = is_deleted(need) || change.depends_on.contains(need);
            if still_needed && changes.contains_key(need) {
                after.entry(later.clone()).or_default().insert(earlier.clone());
            }
        }
    }
    after
}
