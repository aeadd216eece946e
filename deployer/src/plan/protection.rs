//! Protection: what is marked as protected is neither deleted nor replaced. Lifting the mark is a
//! change of its own, so that nobody deletes by one slip what was protected from slips.

use super::{Action, Change, Declared, Desired, Observed, Plan};
use crate::error::{Error, Result};
use crate::resource::{Reading, tags};
use crate::state::State;

/// Refuses a plan that deletes or replaces what AWS or the state knows as protected.
///
/// # Errors
/// All of them in one error.
pub(super) fn check(
    plan: &Plan,
    desired: &Desired,
    observed: &Observed,
    state: &State,
) -> Result<()> {
    let refused: Vec<&Change> = plan
        .changes
        .iter()
        .filter(|change| matches!(change.action, Action::Delete | Action::Replace))
        .filter(|change| is_protected(change, observed, state))
        .collect();
    let message = match refused[..] {
        [] => return Ok(()),
        [change] => format!("{} is protected, and {}", change.address, fate(change)),
        _ => format!("{} objects are protected, and would be deleted or replaced", refused.len()),
    };
    let mut error = Error::new(message);
    for change in refused {
        let declared = desired.declared.get(&change.address);
        match declared {
            Some(declared) => {
                error.diagnostics.push(declared.place.point(said(change, declared)));
            }
            None => error = error.because(format!("{} is not declared any more", change.address)),
        }
        error = error.hint(way_out(change, declared));
    }
    Err(error.hint("nothing was changed"))
}

/// What is gone already needs no protection any more.
fn is_protected(change: &Change, observed: &Observed, state: &State) -> bool {
    let Some(Reading::Present(live)) = observed.get(&change.address) else { return false };
    let last = state.resources.get(&change.address).map(|entry| &entry.spec);
    tags::is_protected(&live.spec) || last.is_some_and(tags::is_protected)
}

fn fate(change: &Change) -> &'static str {
    if change.action == Action::Delete { "would be deleted" } else { "would be replaced" }
}

fn said(change: &Change, declared: &Declared) -> String {
    let address = &change.address;
    if declared.protected {
        format!("this protects {address}, which {}", fate(change))
    } else {
        format!("{address} {}, and no apply has lifted its protection yet", fate(change))
    }
}

/// The shortest way to what the user wants, if it is meant.
fn way_out(change: &Change, declared: Option<&Declared>) -> &'static str {
    match (change.action, declared.map(|declared| declared.protected)) {
        (Action::Delete, Some(true)) => {
            "if it is to go: set `protect: false`, apply, then do this again"
        }
        (Action::Delete, Some(false)) => "if it is to go: apply, then do this again",
        (Action::Delete, None) => {
            "if it is to go: declare it again with `protect: false`, apply, then do this again"
        }
        _ => "if it is to go: apply with nothing changed but `protect: false`, then do this again",
    }
}
