//! What differs, field by field, and who has changed it: the user or somebody else.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::diff::{self, Difference};

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
    let field = difference.path.split('.').next().unwrap_or_default();
    // `stack.yaml` asks for the same as at the last apply: so it is AWS that has moved.
    let drift = last.is_some_and(|last| at(last, &difference.path) == at(spec, &difference.path));
    FieldChange {
        forces_replacement: replace_on.contains(&field),
        drift,
        path: difference.path,
        before: difference.before,
        after: difference.after,
    }
}

/// The value at a path such as `tags.a.b`, where keys may hold dots themselves.
fn at<'v>(document: &'v Value, path: &str) -> Option<&'v Value> {
    if let Some(value) = document.get(path) {
        return Some(value).filter(|value| !value.is_null());
    }
    path.match_indices('.').find_map(|(dot, _)| at(document.get(&path[..dot])?, &path[dot + 1..]))
}
