//! The order of changes: what is needed is made first, and deleted last.

use std::collections::{BTreeMap, BTreeSet};

use super::{Action, Change};
use crate::address::Address;
use crate::error::{Error, Result};
use crate::graph;
use crate::resource;
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
    let along: BTreeMap<&Address, Vec<&Address>> = changes
        .values()
        .filter_map(|change| Some((&change.address, homes(change, &changes)?)))
        .collect();
    let mut after = waits(&changes, &along, state);
    let along: BTreeSet<Address> = along.into_keys().cloned().collect();
    let ordered = order(after.iter())?;
    Ok(ordered
        .into_iter()
        .filter_map(|address| {
            let mut change = changes.remove(&address)?;
            change.goes_along = along.contains(&address);
            change.after = after.remove(&address).unwrap_or_default();
            Some(change)
        })
        .collect())
}

/// What an object lives in, in the order in which that goes, if all of it goes and the object along.
fn homes<'c>(
    change: &'c Change,
    changes: &'c BTreeMap<Address, Change>,
) -> Option<Vec<&'c Address>> {
    let kinds = resource::find(&change.address.kind).map_or(&[][..], |kind| kind.lives_in());
    let home = |kind: &&str| {
        let mut needs = change.depends_on.iter().filter(|need| need.kind == **kind);
        needs.find(|need| is_deleted(changes, need))
    };
    let homes: Vec<_> = kinds.iter().map_while(&home).collect();
    let all = change.action == Action::Delete && !kinds.is_empty() && homes.len() == kinds.len();
    // Where the last needs an earlier one, that has to stay until it is gone.
    let needs = |address| changes.get(address).map(|change| &change.depends_on);
    let in_order = homes.windows(2).all(|pair| !graph::closure(pair[1], needs).contains(pair[0]));
    (all && in_order).then_some(homes)
}

fn is_deleted(changes: &BTreeMap<Address, Change>, address: &Address) -> bool {
    changes.get(address).is_some_and(|change| change.action == Action::Delete)
}

fn waits(
    changes: &BTreeMap<Address, Change>,
    along: &BTreeMap<&Address, Vec<&Address>>,
    state: &State,
) -> BTreeMap<Address, BTreeSet<Address>> {
    let is_deleted = |address: &Address| is_deleted(changes, address);
    let mut after: BTreeMap<Address, BTreeSet<Address>> =
        changes.keys().map(|address| (address.clone(), BTreeSet::new())).collect();
    for change in changes.values() {
        let remembered = state.resources.get(&change.address).map(|entry| &entry.depends_on);
        for need in change.depends_on.iter().chain(remembered.into_iter().flatten()) {
            // What goes needs nothing that stays.
            if is_deleted(&change.address) && !is_deleted(need) {
                continue;
            }
            // What is still referred to, or was until this plan, is deleted last, but for what goes
            // along with it.
            let needed_last = is_deleted(need) && !along.contains_key(&change.address);
            let (later, earlier) =
                if needed_last { (need, &change.address) } else { (&change.address, need) };
            let still_needed = is_deleted(need) || change.depends_on.contains(need);
            if still_needed && changes.contains_key(need) {
                after.entry(later.clone()).or_default().insert(earlier.clone());
            }
        }
    }
    for pair in along.values().flat_map(|homes| homes.windows(2)) {
        after.entry(pair[1].clone()).or_default().insert(pair[0].clone());
    }
    after
}
