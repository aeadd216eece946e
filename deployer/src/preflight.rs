//! Preflight: what of a plan IAM would refuse, asked of IAM's policy simulator before the first
//! change.
//!
//! The simulator sees the caller's own policies only. A permitted run must not be held up by it, so
//! it is asked only about actions that the plan certainly takes, and its word counts only where
//! nothing that it does not see could allow them.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::address::Address;
use crate::aws::{Aws, Decision, Opinion};
use crate::error::{Error, Result};
use crate::permissions::{Need, Prospect};
use crate::plan::{Action, Change, Plan};
use crate::resource::operations::{Operation, Purpose};
use crate::resource::{self, Place};

/// Actions that the simulator knows nothing of: whether a role may be passed depends on the service
/// that it is passed to, and API Gateway's own names for tagging are none of IAM's older ones.
const NOT_SIMULATED: [&str; 3] =
    ["apigateway:TagResource", "apigateway:UntagResource", "iam:PassRole"];

/// Services whose objects have policies of their own, which may allow what the caller's do not.
const WITH_POLICIES: [&str; 2] = ["lambda:", "secretsmanager:"];

/// An action that the caller may not use, and which change takes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// Whose change.
    pub address: Address,
    /// What is to happen to it.
    pub change: Action,
    /// Such as `iam:CreateRole`.
    pub action: &'static str,
    /// Where it would have to be allowed.
    pub resource: String,
}

/// A need of a change, and whether a policy of the object itself may allow it.
struct Expected {
    change: Action,
    need: Need,
    has_policy: bool,
}

/// What a plan certainly takes and the caller may not do.
///
/// # Errors
/// If IAM could not be asked.
pub async fn missing(aws: &Aws, plan: &Plan) -> Result<Vec<Missing>> {
    let expected = expected(plan, &aws.place().await?);
    if expected.is_empty() {
        return Ok(Vec::new());
    }
    let mut questions: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for Expected { need, .. } in &expected {
        questions.entry(need.action).or_default().extend(need.resources.iter().cloned());
    }
    let opinions = aws.simulate(&questions).await?;
    Ok(judged(expected, &opinions))
}

/// The error that lists what is missing.
pub fn refusal(missing: &[Missing], command: &str) -> Error {
    let count = missing.len();
    let plural = if count == 1 { "permission is" } else { "permissions are" };
    let error = Error::new(format!("{count} {plural} missing for this plan"));
    let error =
        missing.iter().fold(error, |error, Missing { address, change, action, resource }| {
            let what = match change {
                Action::Create => "create",
                Action::Restore => "restore",
                Action::Replace => "replace",
                Action::Delete => "delete",
                Action::Update | Action::NoOp => "change",
            };
            error.because(format!("{action} on {resource}, to {what} {address}"))
        });
    error
        .hint("nothing was changed")
        .hint(format!("`deployer policy --for {command}` prints an IAM policy that allows it all"))
        .hint("IAM's policy simulator says so; --no-preflight goes ahead without asking it")
}

/// Everything that the plan certainly takes.
fn expected(plan: &Plan, place: &Place) -> Vec<Expected> {
    let documents: BTreeMap<Address, &Value> = plan
        .changes
        .iter()
        .filter_map(|change| {
            let live = change.live.as_ref().map(|live| &live.spec);
            Some((change.address.clone(), change.spec.as_ref().or(live)?))
        })
        .collect();
    let stays = |change: &&Change| change.action != Action::Replace;
    let known = plan.changes.iter().filter(stays).filter_map(|change| {
        Some((change.address.clone(), change.live.as_ref().map(|live| &live.outputs)?))
    });
    let prospect = Prospect { place, documents, known: known.collect() };
    let there: BTreeSet<&str> = plan
        .changes
        .iter()
        .filter_map(|change| change.live.as_ref()?.outputs["arn"].as_str())
        .collect();
    let needs = plan.actions().flat_map(|change| {
        let actions = certain(change).flat_map(|operation| operation.actions);
        let asked = actions.filter(|action| !NOT_SIMULATED.contains(action));
        asked.filter_map(|action| prospect.need(&change.address, action)).map(|need| {
            let has_policy = WITH_POLICIES.iter().any(|service| need.action.starts_with(service))
                && need.resources.iter().any(|arn| there.contains(arn.as_str()));
            let resources = need.resources.iter().filter_map(|one| example(one)).collect();
            Expected { change: change.action, need: Need { resources, ..need }, has_policy }
        })
    });
    needs.filter(|expected| !expected.need.resources.is_empty()).collect()
}

/// The operations without which a change cannot be.
fn certain(change: &Change) -> impl Iterator<Item = &'static Operation> {
    let operations = resource::find(&change.address.kind).map_or(&[][..], |kind| kind.operations());
    operations.iter().filter(move |operation| match change.action {
        Action::Create => makes(operation, change),
        Action::Restore => restores(operation),
        Action::Update => changes(operation, change),
        Action::Replace => makes(operation, change) || removes(operation),
        Action::Delete => removes(operation),
        Action::NoOp => false,
    })
}

fn makes(operation: &Operation, change: &Change) -> bool {
    let given = |field: &str| change.spec.as_ref().is_some_and(|spec| !spec[field].is_null());
    let only_makes = operation.purposes == [Purpose::Make] && !restores(operation);
    only_makes || operation.in_making.iter().any(|field| given(field))
}

fn restores(operation: &Operation) -> bool {
    operation.name.starts_with("Restore")
}

fn changes(operation: &Operation, change: &Change) -> bool {
    change.fields.iter().any(|field| {
        let name = field.path.split(['.', '[']).next().unwrap_or_default();
        let to = change.spec.as_ref().map_or(&Value::Null, |spec| &spec[name]);
        operation.in_changing.contains(&name) && !to.is_null()
    })
}

fn removes(operation: &Operation) -> bool {
    operation.purposes == [Purpose::Remove] && operation.name.starts_with("Delete")
}

/// The needs that IAM says are not allowed on any of the ARNs that would do. What it is silent about
/// is not missing.
fn judged(expected: Vec<Expected>, opinions: &[Opinion]) -> Vec<Missing> {
    let missing = expected.into_iter().filter_map(|Expected { change, need, has_policy }| {
        let about: Vec<&Opinion> = opinions
            .iter()
            .filter(|opinion| opinion.action == need.action)
            .filter(|opinion| need.resources.contains(&opinion.resource))
            .collect();
        let refused = |opinion: &&Opinion| match opinion.decision {
            Decision::Open => false,
            Decision::NotAllowed => !has_policy,
            Decision::Denied => true,
        };
        let first = about.first()?;
        about.iter().all(refused).then(|| Missing {
            address: need.address,
            change,
            action: need.action,
            resource: first.resource.clone(),
        })
    });
    missing.collect::<BTreeSet<_>>().into_iter().collect()
}

/// An ARN that a pattern matches: the simulator is asked about objects, not about patterns. There is
/// none for all that lies within something: a narrower policy may allow just what is needed there.
fn example(pattern: &str) -> Option<String> {
    (!pattern.contains("/*")).then(|| pattern.replace(['*', '?'], "x"))
}
