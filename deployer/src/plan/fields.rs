//! What differs, field by field, and who has changed it: the user or somebody else.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::diff::{self, Difference};
use crate::policy::Policy;
use crate::policy::effect::Effect;

/// One field that is to change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The field's path, such as `environment.LOG_LEVEL`.
    pub path: String,
    /// What AWS holds.
    pub before: Option<Value>,
    /// What it is to hold; unresolved references are known only after apply.
    pub after: Option<Value>,
    /// Whether AWS differs from what the last apply left, rather than `stack.yaml`.
    pub drift: bool,
    /// Whether this field is why the object must be replaced.
    pub forces_replacement: bool,
    /// What the change means, where the field is a policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
}

/// The fields of an object that is to be made, apart from those that are left to AWS.
pub(super) fn created(spec: &Value) -> Vec<FieldChange> {
    diff::between(&Value::Object(serde_json::Map::new()), spec)
        .into_iter()
        .flat_map(|difference| match difference.after {
            // A mapping that is all new is still shown entry by entry.
            Some(Value::Object(fields)) if !diff::is_policy(&Value::Object(fields.clone())) => {
                fields
                    .into_iter()
                    .map(|(key, value)| (format!("{}.{key}", difference.path), Some(value)))
                    .collect()
            }
            after => vec![(difference.path, after)],
        })
        .map(|(path, after)| FieldChange {
            path,
            effect: effect(None, after.as_ref()),
            before: None,
            after,
            drift: false,
            forces_replacement: false,
        })
        .collect()
}

pub(super) fn field_change(
    difference: Difference,
    spec: &Value,
    last: Option<&Value>,
    replace_on: &[&str],
) -> FieldChange {
    let field = difference.path.split(['.', '[']).next().unwrap_or_default();
    // `stack.yaml` asks for the same as at the last apply: so it is AWS that has moved.
    let drift = last.is_some_and(|last| at(last, &difference.path) == at(spec, &difference.path));
    FieldChange {
        forces_replacement: replace_on.contains(&field),
        drift,
        effect: effect(difference.before.as_ref(), difference.after.as_ref()),
        path: difference.path,
        before: difference.before,
        after: difference.after,
    }
}

/// What the change means where there is a policy before or after it.
fn effect(before: Option<&Value>, after: Option<&Value>) -> Option<Effect> {
    let policy = |document: Option<&Value>| {
        document.filter(|document| diff::is_policy(document)).cloned().map(Policy::stored)
    };
    let (before, after) = (policy(before), policy(after));
    (before.is_some() || after.is_some()).then(|| Effect::of(before.as_ref(), after.as_ref()))
}

/// The value at a path such as `tags.a.b` or `rules[0].dns`, where keys may hold dots themselves.
fn at<'v>(document: &'v Value, path: &str) -> Option<&'v Value> {
    if let Some(value) = step(document, path) {
        return Some(value).filter(|value| !value.is_null());
    }
    let mut ends = path.match_indices(['.', '[']).map(|(end, _)| path.split_at(end));
    ends.find_map(|(first, rest)| {
        at(step(document, first)?, rest.strip_prefix('.').unwrap_or(rest))
    })
}

/// The value of a key, or of an item such as `[0]`.
fn step<'v>(document: &'v Value, step: &str) -> Option<&'v Value> {
    let item = step.strip_prefix('[').and_then(|step| step.strip_suffix(']'));
    match item.and_then(|item| item.parse::<usize>().ok()) {
        Some(item) => document.get(item),
        None => document.get(step),
    }
}
