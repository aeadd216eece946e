//! The difference of two documents, field by field. Pure.

use serde_json::Value;

/// A field that differs. `None` stands for a field that is not there.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The field's path, such as `environment.LOG_LEVEL`.
    pub path: String,
    /// What the first document says.
    pub before: Option<Value>,
    /// What the second one says.
    pub after: Option<Value>,
}

/// Every field in which two documents differ, in the fields' order. `null` counts as absent.
/// Policy documents are compared and shown whole.
pub fn between(before: &Value, after: &Value) -> Vec<Difference> {
    let mut differences = Vec::new();
    descend(String::new(), Some(before), Some(after), &mut differences);
    differences
}

fn descend(
    path: String,
    before: Option<&Value>,
    after: Option<&Value>,
    found: &mut Vec<Difference>,
) {
    let before = before.filter(|value| !value.is_null());
    let after = after.filter(|value| !value.is_null());
    if before == after {
        return;
    }
    match (before.and_then(fields), after.and_then(fields)) {
        (Some(old), Some(new)) => {
            let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                descend(inner, old.get(key), new.get(key), found);
            }
        }
        _ => match before.zip(after).and_then(|(old, new)| pairs(old, new)) {
            Some(pairs) => {
                for (n, (old, new)) in pairs.enumerate() {
                    descend(format!("{path}[{n}]"), Some(old), Some(new), found);
                }
            }
            None => found.push(Difference { path, before: before.cloned(), after: after.cloned() }),
        },
    }
}

/// The fields of a mapping that is to be compared field by field.
fn fields(value: &Value) -> Option<&serde_json::Map<String, Value>> {
    value.as_object().filter(|_| !is_policy(value))
}

/// The items of two lists of as many mappings, which are compared one by one.
fn pairs<'v>(
    before: &'v Value,
    after: &'v Value,
) -> Option<impl Iterator<Item = (&'v Value, &'v Value)>> {
    let (old, new) = (before.as_array()?, after.as_array()?);
    let comparable = old.len() == new.len() && old.iter().chain(new).all(Value::is_object);
    comparable.then(|| old.iter().zip(new))
}

/// Whether this is an IAM policy document.
pub fn is_policy(value: &Value) -> bool {
    value.get("Statement").is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn paths(before: &Value, after: &Value) -> Vec<String> {
        between(before, after).into_iter().map(|difference| difference.path).collect()
    }

    #[test]
    fn only_what_differs_is_listed_by_its_path() {
        let before = json!({"a": 1, "tags": {"x": "1", "y": "2"}, "list": [1, 2]});
        let after = json!({"a": 1, "tags": {"x": "1", "y": "3", "z": "4"}, "list": [2, 1]});
        assert_eq!(paths(&before, &after), ["list", "tags.y", "tags.z"]);
    }

    #[test]
    fn lists_of_mappings_are_compared_item_by_item_while_they_are_as_long() {
        let before = json!({"rules": [{"dns": ["a"], "ttl": 1}, {"dns": ["b"]}]});
        let after = json!({"rules": [{"dns": ["a", "c"], "ttl": 2}, {"dns": ["b"]}]});
        assert_eq!(paths(&before, &after), ["rules[0].dns", "rules[0].ttl"]);
        assert_eq!(paths(&before, &json!({"rules": [{"dns": ["a"]}]})), ["rules"]);
    }

    #[test]
    fn null_and_absent_are_the_same() {
        assert_eq!(paths(&json!({"a": null}), &json!({})), Vec::<String>::new());
        assert_eq!(
            between(&json!({"a": null}), &json!({"a": 1})),
            [Difference { path: "a".into(), before: None, after: Some(json!(1)) }]
        );
    }

    #[test]
    fn policy_documents_stay_whole() {
        let before = json!({"allow": {"Version": "1", "Statement": [1]}});
        let after = json!({"allow": {"Version": "1", "Statement": [2]}});
        assert_eq!(paths(&before, &after), ["allow"]);
    }
}
