//! What makes a gained permission so broad that nobody is to give it by the way.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::effect::{Permission, Set};

/// Why a permission is a broad one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Breadth {
    /// `*`, `service:*`, or all but some.
    EveryAction,
    /// `*`, an ARN that names nothing of its service, or all but some.
    EveryResource,
    /// The same was allowed under a condition that is gone now, or tests less.
    WeakerCondition,
    /// Somebody outside of the account.
    ForeignPrincipal,
    /// It was denied.
    DroppedDenial,
}

impl Breadth {
    /// Everything that makes a permission broad which `before` did not hold.
    pub fn of(gained: &Permission, before: &[Permission], account: &str) -> Vec<Self> {
        if gained.denied {
            return vec![Self::DroppedDenial];
        }
        let resource = gained.resource.as_ref();
        let principal = gained.principal.as_ref();
        let mut found = Vec::new();
        let mut note = |holds: bool, breadth| found.extend(holds.then_some(breadth));
        note(any_or_rest(&gained.action, is_every_action), Self::EveryAction);
        note(resource.is_some_and(|set| any_or_rest(set, is_every_resource)), Self::EveryResource);
        note(weakens(gained, before), Self::WeakerCondition);
        let is_foreign = |name: &str| is_foreign(name, account);
        note(principal.is_some_and(|set| any_or_rest(set, is_foreign)), Self::ForeignPrincipal);
        found
    }
}

/// What leaves out some takes in all the rest.
fn any_or_rest(set: &Set, is_broad: impl Fn(&str) -> bool) -> bool {
    match set {
        Set::Of(item) => is_broad(item),
        Set::AllBut { .. } => true,
    }
}

fn is_every_action(action: &str) -> bool {
    is_any_text(action.split_once(':').map_or(action, |(_, name)| name))
}

/// The sixth part of an ARN is what names something; `log-group:/a:*` is the streams of one group. In
/// an ARN that is cut short, a `*` at its end stands for all that is missing.
fn is_every_resource(resource: &str) -> bool {
    let Some(arn) = resource.strip_prefix("arn:") else { return is_any_text(resource) };
    let parts: Vec<&str> = arn.splitn(5, ':').collect();
    let names_something = |part: &&str| !part.is_empty() && !is_any_text(part);
    let is_cut_short = parts.len() < 5 && !parts.iter().skip(2).any(names_something);
    parts.last().is_some_and(|last| is_any_text(last)) && (parts.len() == 5 || is_cut_short)
}

fn is_any_text(pattern: &str) -> bool {
    pattern.contains('*') && pattern.chars().all(|symbol| "*?".contains(symbol))
}

/// Services act for whom they are told to; everyone else must be of the account. References are to
/// objects of the stack.
fn is_foreign(principal: &str, account: &str) -> bool {
    let is_own = |name: &str| {
        name == account || name.starts_with("${") || name.split(':').nth(4) == Some(account)
    };
    match principal.split_once(' ') {
        Some(("Service", _)) => false,
        Some(("AWS" | "Federated", name)) => !is_own(name),
        _ => true,
    }
}

/// Whether something of this was allowed before under conditions alone that do not hold any more.
fn weakens(gained: &Permission, before: &[Permission]) -> bool {
    let allowed = || before.iter().filter(|old| !old.denied);
    let is_contained =
        |old: &Permission| allowed().any(|other| other.covers(old) && !old.covers(other));
    allowed()
        .filter(|old| old.reaches(gained) || gained.reaches(old))
        .any(|old| !old.holds_whenever(gained) && !is_contained(old))
}

impl fmt::Display for Breadth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EveryAction => "every action",
            Self::EveryResource => "every resource",
            Self::WeakerCondition => "a condition is gone or tests less",
            Self::ForeignPrincipal => "somebody outside of the account",
            Self::DroppedDenial => "it was denied",
        })
    }
}

#[cfg(test)]
mod tests;
