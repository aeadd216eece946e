//! What has moved since a plan was made: `stack.yaml`, the files that it names, or AWS. Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::SavedPlan;
use crate::address::Address;
use crate::diff::{self, Difference};
use crate::plan::Plan;

/// Values longer than this, in characters, are told to differ without being shown.
const LONGEST: usize = 60;

type Documents = BTreeMap<Address, Value>;

/// Why two plans differ, one line for each field; nothing if they do not.
pub(super) fn differences(then: &SavedPlan, now: &SavedPlan) -> Vec<String> {
    let (before, after) = (changes(&then.plan), changes(&now.plan));
    let order = |plan: &Plan| plan.changes.iter().map(|change| change.address.clone()).collect();
    let (first, second): (Vec<Address>, Vec<Address>) = (order(&then.plan), order(&now.plan));
    if (&before, first) == (&after, second) {
        return Vec::new();
    }
    let mut found = compare("in stack.yaml", &then.declared, &now.declared);
    // What follows from another declaration is told already.
    let same = |address: &Address| then.declared.get(address) == now.declared.get(address);
    let files = |all: &Documents| -> Documents {
        let of_same = all.iter().filter(|(address, _)| same(address));
        of_same.map(|(address, spec)| (address.clone(), spec.clone())).collect()
    };
    found.extend(compare("in the local files", &files(&then.wanted), &files(&now.wanted)));
    found.extend(compare("in AWS", &live(&then.plan), &live(&now.plan)));
    if found.is_empty() {
        found = compare("in the plan", &before, &after);
    }
    if found.is_empty() {
        found.push("in the plan, the order of the changes is another one".to_owned());
    }
    found
}

/// Each change as a document, in which what is absent and what is null are the same.
fn changes(plan: &Plan) -> Documents {
    let document = |change| serde_json::to_value(change).unwrap_or_default();
    plan.changes.iter().map(|change| (change.address.clone(), document(change))).collect()
}

fn live(plan: &Plan) -> Documents {
    plan.changes
        .iter()
        .filter_map(|change| Some((change.address.clone(), change.live.as_ref()?)))
        .map(|(address, live)| (address, serde_json::to_value(live).unwrap_or_default()))
        .collect()
}

fn compare(place: &str, before: &Documents, after: &Documents) -> Vec<String> {
    let addresses: BTreeSet<&Address> = before.keys().chain(after.keys()).collect();
    let mut found = Vec::new();
    for address in addresses {
        match (before.get(address), after.get(address)) {
            (Some(before), Some(after)) => found.extend(
                diff::between(before, after)
                    .into_iter()
                    .map(|difference| format!("{place}, {address} {}", field(&difference))),
            ),
            (None, _) => found.push(format!("{place}, {address} was not there and is now")),
            (_, None) => found.push(format!("{place}, {address} was there and is not now")),
        }
    }
    found
}

fn field(difference: &Difference) -> String {
    let path = difference.path.strip_prefix("spec.").unwrap_or(&difference.path);
    let (before, after) = (shown(difference.before.as_ref()), shown(difference.after.as_ref()));
    if before.chars().count().max(after.chars().count()) > LONGEST {
        return format!("{path} is another one now");
    }
    format!("{path} was {before} and is {after} now")
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "(none)".to_owned(), Value::to_string)
}
