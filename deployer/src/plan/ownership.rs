//! Whose objects are whose: ours by tag are adopted in silence, those of others are refused.

use serde_json::Value;

use super::{Desired, Observed};
use crate::address::Address;
use crate::error::{Error, Result};
use crate::resource::{Object, Reading, tags};
use crate::state::{Entry, State};

/// Refuses objects that are wanted but belong to others.
///
/// # Errors
/// All of them in one error.
pub(super) fn check(desired: &Desired, observed: &Observed, state: &State) -> Result<()> {
    let mut refusals: Vec<Error> = desired
        .resources
        .keys()
        .filter_map(|address| match observed.get(address) {
            Some(Reading::Present(live)) => {
                refusal(&desired.stack, address, live, state.resources.get(address))
            }
            _ => None,
        })
        .collect();
    match refusals.len() {
        0 => Ok(()),
        1 => Err(refusals.remove(0)),
        count => {
            let message = format!("{count} objects exist already and are not this stack's");
            Err(refusals.into_iter().fold(Error::new(message), |mut all, refusal| {
                all.hints.extend(refusal.hints);
                all.because(format!("{}: {}", refusal.message, refusal.causes.join(": ")))
            }))
        }
    }
}

fn refusal(stack: &str, address: &Address, live: &Object, entry: Option<&Entry>) -> Option<Error> {
    let (its_stack, its_address) = tags::owner(&live.spec)?;
    let ours = its_stack == stack && its_address == address.to_string();
    // What we have made ourselves is still ours when somebody has taken its tags off.
    let untagged = its_stack.is_empty() || (its_stack == stack && its_address.is_empty());
    if ours || (untagged && entry.is_some()) {
        return None;
    }
    let whose = match (its_stack, its_address) {
        ("", _) => "it carries no ownership tags".to_owned(),
        (its_stack, "") => {
            format!("its tags say that it is of the stack `{its_stack}`, but not what")
        }
        _ => format!("its tags say that it is {its_address} of the stack `{its_stack}`"),
    };
    let name = live.outputs.get("arn").or(live.outputs.get("id")).and_then(Value::as_str);
    let name = name.unwrap_or_default();
    Some(
        Error::new(format!("{address} exists already and is not this stack's: {name}")).because(whose).hint(
            format!(
                "to adopt it, tag it with {}={stack} and {}={address}; otherwise choose another name",
                tags::STACK,
                tags::ADDRESS
            ),
        ),
    )
}

/// Whether an object that is not wanted is ours to delete.
pub(super) fn may_delete(
    stack: &str,
    address: &Address,
    live: &Object,
    entry: Option<&Entry>,
) -> bool {
    match tags::owner(&live.spec) {
        // An object without tags of its own lives within one that was found to be ours.
        None => true,
        Some(("", _) | (_, "")) => entry.is_some(),
        // Under another address it was moved there, and is not to go.
        Some((its_stack, its_address)) => its_stack == stack && its_address == address.to_string(),
    }
}

/// Whether a wanted resource has taken over the object of one that is not wanted any more: the user
/// has given it another address.
pub(super) fn is_moved(
    address: &Address,
    live: &Object,
    desired: &Desired,
    observed: &Observed,
) -> bool {
    let identity = |object: &Object| {
        object.outputs.get("id").or(object.outputs.get("arn")).filter(|id| !id.is_null()).cloned()
    };
    desired.resources.keys().filter(|other| other.kind == address.kind).any(|other| {
        matches!(observed.get(other), Some(Reading::Present(object))
            if identity(object).is_some() && identity(object) == identity(live))
    })
}
