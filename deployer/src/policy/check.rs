//! What can be told to be wrong in a policy before IAM sees it.
//!
//! IAM answers most of these mistakes with `MalformedPolicyDocument` and little more, halfway through
//! an apply. Only documents that people write are checked; what IAM holds is past that.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::canonical::{OLD_VERSION, VERSION};
use crate::near;

type Check = Result<(), String>;

/// Every element of a statement that IAM knows.
const ELEMENTS: [&str; 9] = [
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
];

/// A service principal, such as `lambda.amazonaws.com`.
pub(super) fn service(name: &str) -> Check {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    if name.contains(".amazonaws.") && name.chars().all(allowed) {
        return Ok(());
    }
    Err(format!(
        "`{name}` is not a service such as lambda.amazonaws.com; a policy document is written as YAML here, not as JSON text or the name of a file"
    ))
}

/// An action: `*`, or a service and a name that may have wildcards.
pub(super) fn action(action: &str) -> Check {
    let sound = action.split_once(':').is_some_and(|(service, name)| {
        let service_sound = service.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let name_sound = name.chars().all(|c| c.is_ascii_alphanumeric() || "*?-_".contains(c));
        !service.is_empty() && !name.is_empty() && service_sound && name_sound
    });
    if sound || action == "*" {
        return Ok(());
    }
    Err(format!("`{action}` is not an action such as secretsmanager:GetSecretValue"))
}

/// A resource: `*`, an ARN, or a reference that will become one.
pub(super) fn resource(resource: &str) -> Check {
    if resource == "*" || resource.starts_with("arn:") || resource.starts_with("${") {
        return Ok(());
    }
    Err(format!(
        "`{resource}` is not an ARN; name the resource by its ARN, by a reference such as ${{secret.ca.arn}}, or by \"*\""
    ))
}

/// A whole policy document.
pub(super) fn document(document: &Value) -> Check {
    let Some(object) = document.as_object() else {
        return Err("a policy document is a mapping".into());
    };
    for (key, value) in object {
        match key.as_str() {
            "Version" if *value == VERSION || *value == OLD_VERSION => {}
            "Version" => {
                return Err(format!("the `Version` of a policy is {VERSION}, not {value}"));
            }
            "Statement" | "Id" => {}
            _ => {
                let meant = near::ending(key, &["Version", "Statement"], || {
                    "; a policy document has `Version` and `Statement`".to_owned()
                });
                return Err(format!("unknown element `{key}`{meant}"));
            }
        }
    }
    let statements = match object.get("Statement") {
        Some(Value::Array(statements)) => statements.as_slice(),
        Some(single) => std::slice::from_ref(single),
        None => &[],
    };
    if statements.is_empty() {
        return Err("a policy document needs a `Statement`".into());
    }
    each(statements, statement)
}

/// Statements of a policy that is attached to who may act.
pub(super) fn permissions(statements: &[Value]) -> Check {
    each(statements, |statement| {
        if has_either(statement, "Principal", "NotPrincipal") {
            return Err("it names a principal, which belongs into a trust policy".into());
        }
        if !has_either(statement, "Resource", "NotResource") {
            return Err("it needs a `Resource`".into());
        }
        Ok(())
    })
}

/// Statements of a policy that is attached to the role which others may assume.
pub(super) fn trust(statements: &[Value]) -> Check {
    each(statements, |statement| {
        if !has_either(statement, "Principal", "NotPrincipal") {
            return Err("it needs a `Principal`, who may assume the role".into());
        }
        if has_either(statement, "Resource", "NotResource") {
            return Err("it names a resource, but a trust policy is about its role alone".into());
        }
        Ok(())
    })
}

fn each(statements: &[Value], check: impl Fn(&Map<String, Value>) -> Check) -> Check {
    for (number, statement) in (1..).zip(statements) {
        let object = statement.as_object().ok_or_else(|| "a statement is a mapping".to_owned());
        object.and_then(&check).map_err(|cause| format!("statement {number}: {cause}"))?;
    }
    Ok(())
}

fn has_either(statement: &Map<String, Value>, one: &str, other: &str) -> bool {
    statement.contains_key(one) || statement.contains_key(other)
}

fn statement(statement: &Map<String, Value>) -> Check {
    for (key, value) in statement {
        match key.as_str() {
            "Effect" => effect(value)?,
            "Action" | "NotAction" => {
                texts(value)
                    .and_then(|texts| texts.into_iter().try_for_each(action))
                    .map_err(within(key))?;
            }
            "Resource" | "NotResource" => texts(value).map(drop).map_err(within(key))?,
            "Principal" | "NotPrincipal" => principal(value).map_err(within(key))?,
            "Condition" => condition(value).map_err(within(key))?,
            "Sid" => {}
            _ => {
                let meant = near::ending(key, &ELEMENTS, || {
                    format!("; a statement has {}", ELEMENTS.join(", "))
                });
                return Err(format!("unknown element `{key}`{meant}"));
            }
        }
    }
    if !statement.contains_key("Effect") {
        return Err("it needs an `Effect`: Allow or Deny".into());
    }
    if !has_either(statement, "Action", "NotAction") {
        return Err("it needs an `Action`".into());
    }
    for element in ["Action", "Principal", "Resource"] {
        let opposite = format!("Not{element}");
        if statement.contains_key(element) && statement.contains_key(&opposite) {
            return Err(format!("it has both `{element}` and `{opposite}`"));
        }
    }
    Ok(())
}

fn within(key: &str) -> impl Fn(String) -> String {
    move |cause| format!("`{key}`: {cause}")
}

fn effect(value: &Value) -> Check {
    match value.as_str() {
        Some(text) if ["allow", "deny"].contains(&text.to_ascii_lowercase().as_str()) => Ok(()),
        _ => Err(format!("the `Effect` is Allow or Deny, not {value}")),
    }
}

fn principal(value: &Value) -> Check {
    match value {
        Value::String(everyone) if everyone == "*" => Ok(()),
        Value::Object(kinds) if !kinds.is_empty() => {
            kinds.iter().try_for_each(|(kind, names)| match names {
                Value::Array(names) if names.is_empty() => Ok(()),
                names => texts(names).map(drop).map_err(within(kind)),
            })
        }
        _ => Err("it is \"*\", or a mapping such as { Service: lambda.amazonaws.com }".into()),
    }
}

fn condition(value: &Value) -> Check {
    for (operator, keys) in mapping(value)? {
        for (key, values) in mapping(keys).map_err(within(operator))? {
            let values = match values {
                Value::Array(values) => values.as_slice(),
                single => std::slice::from_ref(single),
            };
            if values.iter().any(|value| value.is_null() || value.is_array() || value.is_object()) {
                return Err(format!(
                    "`{operator}`: `{key}`: it is compared with texts, numbers or booleans"
                ));
            }
        }
    }
    Ok(())
}

/// A mapping whose keys differ in more than letter case, which IAM ignores in conditions.
fn mapping(value: &Value) -> Result<&Map<String, Value>, String> {
    let object = value.as_object().ok_or_else(|| "it is a mapping".to_owned())?;
    let mut seen = BTreeSet::new();
    match object.keys().find(|key| !seen.insert(key.to_ascii_lowercase())) {
        Some(key) => Err(format!("`{key}` occurs twice, letter case aside")),
        None => Ok(object),
    }
}

fn texts(value: &Value) -> Result<Vec<&str>, String> {
    let texts = match value {
        Value::String(text) => Some(vec![text.as_str()]),
        Value::Array(items) => items.iter().map(Value::as_str).collect(),
        _ => None,
    };
    match texts {
        Some(texts) if texts.is_empty() => Err("the list is empty; name at least one".into()),
        Some(texts) => Ok(texts),
        None => Err("it is a string or a list of strings".into()),
    }
}
