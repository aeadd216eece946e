//! The canonical form of a policy document, and its meaning.
//!
//! Both are total functions: whatever IAM may hold has a canonical form, and what is not understood
//! stays as it is, so that it compares as different rather than as nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// The version of the policy language in which policy variables work.
pub(super) const VERSION: &str = "2012-10-17";

/// The version that IAM assumes when none is given; `${aws:username}` is plain text in it.
pub(super) const OLD_VERSION: &str = "2008-10-17";

/// The document with every freedom of notation taken out, but for letter case that people want to read.
pub(super) fn document(mut document: Value) -> Value {
    let Some(object) = document.as_object_mut() else { return document };
    object.remove("Id");
    let mut statements: Vec<Value> =
        list(object.remove("Statement")).into_iter().map(statement).collect();
    // Sorted by meaning, so that two documents that differ in letter case alone are in one order.
    statements.sort_by_cached_key(|statement| folded_statement(statement).to_string());
    let version = version(object.remove("Version"), statements.iter().any(has_variable));
    object.insert("Version".into(), version);
    object.insert("Statement".into(), Value::Array(statements));
    document
}

/// What remains of a canonical document when letter case that IAM ignores is folded as well.
pub(super) fn meaning(document: &Value) -> Value {
    let mut meaning = document.clone();
    if let Some(Value::Array(statements)) = meaning.get_mut("Statement") {
        for statement in statements.iter_mut() {
            *statement = folded_statement(statement);
        }
    }
    meaning
}

/// The versions differ in policy variables only, so without any the newer one says the same.
fn version(written: Option<Value>, variables: bool) -> Value {
    match written.as_ref().map(Value::as_str) {
        None | Some(Some(OLD_VERSION)) => if variables { OLD_VERSION } else { VERSION }.into(),
        Some(_) => written.unwrap_or_default(),
    }
}

/// Whether a policy variable occurs, such as `${aws:username}` or the escape `${*}`. References to
/// resources, such as `${secret.ca.arn}`, have no colon in them.
fn has_variable(value: &Value) -> bool {
    match value {
        Value::String(text) => text.split("${").skip(1).any(|rest| {
            rest.split_once('}')
                .is_some_and(|(name, _)| name.contains(':') || ["*", "?", "$"].contains(&name))
        }),
        Value::Array(items) => items.iter().any(has_variable),
        Value::Object(object) => object.values().any(has_variable),
        _ => false,
    }
}

fn statement(mut statement: Value) -> Value {
    let Some(object) = statement.as_object_mut() else { return statement };
    object.remove("Sid");
    object.retain(|key, value| {
        let written = value.take();
        *value = match key.as_str() {
            "Effect" => effect(written),
            "Principal" | "NotPrincipal" => principal(written),
            "Action" | "NotAction" => strings(written, str::to_ascii_lowercase),
            "Resource" | "NotResource" => strings(written, str::to_owned),
            "Condition" => condition(written),
            _ => written,
        };
        // A condition that tests nothing is always met.
        key != "Condition" || *value != Value::Object(Map::new())
    });
    statement
}

fn effect(written: Value) -> Value {
    match written.as_str() {
        Some(effect) if effect.eq_ignore_ascii_case("allow") => "Allow".into(),
        Some(effect) if effect.eq_ignore_ascii_case("deny") => "Deny".into(),
        _ => written,
    }
}

/// `"*"` is short for `{"AWS": "*"}`, and an account's root ARN stands for the account.
fn principal(written: Value) -> Value {
    let Value::Object(mut kinds) = written else { return written };
    kinds.retain(|kind, names| {
        *names = strings(names.take(), str::to_owned);
        if let (Value::Array(names), "AWS") = (&mut *names, kind.as_str()) {
            let accounts = names.drain(..).map(account).collect();
            *names = distinct(accounts, str::to_owned);
        }
        *names != Value::Array(Vec::new())
    });
    let everyone = Value::Array(vec!["*".into()]);
    if kinds.len() == 1 && kinds.get("AWS") == Some(&everyone) {
        return "*".into();
    }
    Value::Object(kinds)
}

/// The account of `arn:aws:iam::123456789012:root`, whatever the partition: a policy cannot name an
/// account of another one.
fn account(name: Value) -> Value {
    let account = name.as_str().and_then(|name| {
        let (_partition, rest) = name.strip_prefix("arn:")?.split_once(":iam::")?;
        rest.strip_suffix(":root")
    });
    match account {
        Some(id) if id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) => id.into(),
        _ => name,
    }
}

/// Operators and keys stay as written; their values become lists of strings. An operator without keys
/// tests nothing.
fn condition(written: Value) -> Value {
    let Value::Object(mut operators) = written else { return written };
    operators.retain(|_, keys| {
        if let Value::Object(keys) = keys {
            for values in keys.values_mut() {
                *values = strings(values.take(), str::to_owned);
            }
        }
        *keys != Value::Object(Map::new())
    });
    Value::Object(operators)
}

/// One value or a list of them, as a sorted list without those that only differ in what `fold`
/// removes. IAM reads numbers and booleans as their text.
fn strings(written: Value, fold: fn(&str) -> String) -> Value {
    let items = list(Some(written)).into_iter().map(|item| match item {
        Value::Bool(value) => value.to_string().into(),
        Value::Number(value) => value.to_string().into(),
        other => other,
    });
    Value::Array(distinct(items.collect(), fold))
}

fn distinct(mut items: Vec<Value>, fold: fn(&str) -> String) -> Vec<Value> {
    let key = |item: &Value| item.as_str().map_or_else(|| item.to_string(), fold);
    // The text itself is the second key, so that which of two spellings survives is no accident.
    items.sort_by_cached_key(|item| (key(item), item.to_string()));
    items.dedup_by_key(|item| (item.is_string(), key(item)));
    items
}

fn list(value: Option<Value>) -> Vec<Value> {
    match value {
        None => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(single) => vec![single],
    }
}

fn folded_statement(statement: &Value) -> Value {
    let mut folded = statement.clone();
    let Some(object) = folded.as_object_mut() else { return folded };
    for (key, value) in object.iter_mut() {
        match key.as_str() {
            "Action" | "NotAction" => fold_each(value),
            "Condition" => {
                *value = fold_keys(value.take(), |keys| fold_keys(keys, |values| values));
            }
            _ => {}
        }
    }
    folded
}

fn fold_each(value: &mut Value) {
    for item in value.as_array_mut().into_iter().flatten() {
        if let Value::String(text) = item {
            text.make_ascii_lowercase();
        }
    }
}

/// Keys that fold into one are put side by side: such a document means nothing that a sound one means.
fn fold_keys(value: Value, inner: impl Fn(Value) -> Value) -> Value {
    let Value::Object(object) = value else { return value };
    let mut folded: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (key, value) in object {
        folded.entry(key.to_ascii_lowercase()).or_default().push(inner(value));
    }
    folded.into_iter().map(|(key, values)| (key, Value::Array(values))).collect()
}
