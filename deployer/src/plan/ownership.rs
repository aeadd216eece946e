//! Whose objects are whose: ours by tag are ours in silence, those of others are refused unless the
//! user has them adopted.

use serde_json::Value;

use super::{Desired, Observed, Reason};
use crate::address::Address;
use crate::error::{Error, Result};
use crate::resource::{self, Adoption, Object, Reading, tags};
use crate::state::{Entry, Phase, State};

/// Refuses objects that are wanted but belong to others.
///
/// # Errors
/// All of them in one error.
pub(super) fn check(desired: &Desired, observed: &Observed, state: &State) -> Result<()> {
    let of_others = desired.resources.keys().filter_map(|address| match observed.get(address) {
        Some(Reading::Present(live)) => match claim(desired, address, live, state.made(address)) {
            Claim::Others => Some((address, live)),
            Claim::Ours | Claim::Adopted(_) => None,
        },
        _ => None,
    });
    match of_others.collect::<Vec<_>>().as_slice() {
        [] => Ok(()),
        [(address, live)] => {
            let refused = Error::new(clash(address, live)).because(whose(live));
            let adopt = how_to_adopt(&desired.stack, &[address]);
            Err(refused.hint(format!("to adopt it, {adopt}; otherwise choose another name")))
        }
        all => {
            let count = all.len();
            let refused =
                Error::new(format!("{count} objects exist already and are not this stack's"));
            let refused = all.iter().fold(refused, |refused, (address, live)| {
                refused.because(format!("{}: {}", clash(address, live), whose(live)))
            });
            let addresses: Vec<_> = all.iter().map(|(address, _)| *address).collect();
            let adopt = how_to_adopt(&desired.stack, &addresses);
            Err(refused.hint(format!("to adopt them, {adopt}; otherwise choose other names")))
        }
    }
}

/// Whose an object is that a stack wants.
pub(super) enum Claim {
    /// This stack's.
    Ours,
    /// It becomes this stack's; why.
    Adopted(Reason),
    /// Somebody else's.
    Others,
}

pub(super) fn claim(
    desired: &Desired,
    address: &Address,
    live: &Object,
    entry: Option<&Entry>,
) -> Claim {
    let Some((its_stack, its_address)) = tags::owner(&live.spec) else { return Claim::Ours };
    let ours = its_stack == desired.stack && its_address == address.to_string();
    // What we have made ourselves is still ours when somebody has taken its tags off.
    let untagged = its_stack.is_empty() || (its_stack == desired.stack && its_address.is_empty());
    if ours || (untagged && entry.is_some()) {
        Claim::Ours
    } else if desired.adopt.contains(address) {
        Claim::Adopted(Reason::Adopted)
    } else if is_bare(address, live) {
        Claim::Adopted(Reason::AdoptedBare)
    } else {
        Claim::Others
    }
}

/// Whether this is an object that AWS has made by itself.
fn is_bare(address: &Address, live: &Object) -> bool {
    adoption(address) == Some(Adoption::IfBare) && tags::is_bare(&live.spec)
}

fn adoption(address: &Address) -> Option<Adoption> {
    resource::find(&address.kind).map(resource::AnyResourceType::adoption)
}

/// Whose an object is, in words.
pub(super) fn whose(live: &Object) -> String {
    match tags::owner(&live.spec).unwrap_or_default() {
        ("", _) => "it carries no ownership tags".to_owned(),
        (its_stack, "") => {
            format!("its tags say that it is of the stack `{its_stack}`, but not what")
        }
        (its_stack, its_address) => {
            format!("its tags say that it is {its_address} of the stack `{its_stack}`")
        }
    }
}

fn clash(address: &Address, live: &Object) -> String {
    let name = live.outputs.get("arn").or(live.outputs.get("id")).and_then(Value::as_str);
    let name = name.unwrap_or_default();
    format!("{address} exists already and is not this stack's: {name}")
}

/// What makes objects the stack's: one option for each, and tags for those that it is not enough for.
fn how_to_adopt(stack: &str, addresses: &[&Address]) -> String {
    let by_hand = |address: &&&Address| matches!(adoption(address), Some(Adoption::Never(_)));
    let (tagged, named): (Vec<&Address>, Vec<&Address>) = addresses.iter().partition(by_hand);
    let options: Vec<_> = named.iter().map(|address| format!("--adopt {address}")).collect();
    let option = (!options.is_empty()).then(|| format!("add `{}`", options.join(" ")));
    let tags = tagged.iter().map(|address| by_tag(stack, address));
    option.into_iter().chain(tags).collect::<Vec<_>>().join(", ")
}

/// How an object becomes a stack's by the hand of the user.
pub fn by_tag(stack: &str, address: &Address) -> String {
    format!("tag it with {}={stack} and {}={address}", tags::STACK, tags::ADDRESS)
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
        Some(("", _) | (_, "")) => match entry.map(|entry| entry.phase) {
            None => false,
            // What we have deleted is gone: this is another one.
            Some(Phase::Deleted) => is_bare(address, live),
            Some(Phase::Creating | Phase::Ready | Phase::Deleting) => true,
        },
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
