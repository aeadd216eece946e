//! `aws_iam_role` with one inline policy, an `aws_iam_role_policy` or a block within the role.

use serde::Deserialize;
use serde_json::{Value, json};

use super::draft::{Context, Draft, Tagged};
use super::terraform::Instance;
use crate::policy::Policy;

const KNOWN: &[&str] = &[
    "arn",
    "assume_role_policy",
    "create_date",
    "description",
    "force_detach_policies",
    "id",
    "inline_policy",
    "managed_policy_arns",
    "name",
    "name_prefix",
    "tags",
    "tags_all",
    "unique_id",
];

#[derive(Deserialize)]
struct Attributes {
    arn: String,
    name: String,
    description: Option<String>,
    unique_id: String,
    assume_role_policy: String,
    inline_policy: Option<Vec<Inline>>,
    managed_policy_arns: Option<Vec<String>>,
    #[serde(flatten)]
    tags: Tagged,
}

#[derive(Deserialize)]
struct Inline {
    name: String,
    policy: String,
}

#[derive(Deserialize)]
struct RolePolicy {
    role: String,
    #[serde(flatten)]
    inline: Inline,
}

pub(super) fn draft(instance: &Instance<'_>, context: &Context<'_>) -> Result<Draft, String> {
    let mut role: Attributes = instance.read()?;
    let mut draft = Draft::new(instance);
    let usual = [("max_session_duration", json!(3600)), ("path", json!("/"))];
    draft.leaves("", &instance.unknown(KNOWN, &usual));
    let inline = inline(&mut role, &mut draft, context);
    for attached in role.managed_policy_arns.unwrap_or_default() {
        draft.notes.push(stays(&format!("the attached policy {attached}")));
    }
    let trust = document("assume_role_policy", &role.assume_role_policy)?;
    let allow = inline.as_ref().map(|inline| document("policy", &inline.policy)).transpose()?;
    draft.spec = json!({
        "name": role.name,
        "description": role.description.unwrap_or_default(),
        "trust": trust,
        "allow": allow,
        "policy_name": inline.map(|inline| inline.name),
        "tags": role.tags.all(),
    });
    draft.declare_as_is(&["name", "description"]);
    draft.declare("trust", trusting(&trust));
    if let Some(allow) = &allow {
        draft.declare("allow", grants(allow).unwrap_or_else(|| allow.clone()));
    }
    draft.declare_as_is(&["policy_name", "tags"]);
    draft.outputs = json!({"arn": role.arn, "id": role.unique_id, "name": role.name});
    Ok(draft)
}

/// The one inline policy that a role has here. The provider lists within the role also those that are
/// resources of their own.
fn inline(role: &mut Attributes, draft: &mut Draft, context: &Context<'_>) -> Option<Inline> {
    let parts = context.parts::<RolePolicy>("aws_iam_role_policy").into_iter();
    let mut parts = parts.filter(|(_, part)| part.role == role.name);
    let mut blocks = role.inline_policy.take().unwrap_or_default();
    blocks.retain(|block| !block.name.is_empty());
    let first = parts.next().map(|(part, policy)| {
        draft.terraform.push(part.address.clone());
        policy.inline
    });
    let apart: Vec<String> = parts.map(|(_, policy)| policy.inline.name).collect();
    let first = first.or_else(|| (!blocks.is_empty()).then(|| blocks.remove(0)))?;
    let others = blocks.into_iter().map(|block| block.name).filter(|name| *name != first.name);
    let mut others: Vec<String> = others.chain(apart).collect();
    others.sort();
    others.dedup();
    for other in others {
        draft.notes.push(stays(&format!("the inline policy {other}")));
    }
    Some(first)
}

fn stays(what: &str) -> String {
    format!("{what} is not managed here: it stays, and keeps the role from being deleted")
}

fn document(attribute: &str, text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|_| format!("its `{attribute}` is not JSON"))
}

/// The trust policy, by the name of the service where it trusts that alone.
fn trusting(document: &Value) -> Value {
    let service = document["Statement"][0]["Principal"]["Service"]
        .as_str()
        .or(document["Statement"]["Principal"]["Service"].as_str());
    let only = service
        .filter(|service| Policy::stored(document.clone()).means_same(&Policy::trust(service)));
    only.map_or_else(|| document.clone(), Into::into)
}

/// The short form of a policy that only allows actions on resources.
fn grants(document: &Value) -> Option<Value> {
    let statements = match &document["Statement"] {
        Value::Array(statements) => statements.as_slice(),
        single => std::slice::from_ref(single),
    };
    let is_new = document["Version"] == "2012-10-17" || !document.to_string().contains("${");
    let grants = statements.iter().map(|statement| {
        let elements = statement.as_object()?;
        let plain = ["Sid", "Effect", "Action", "Resource"];
        let simple = is_new
            && statement["Effect"] == "Allow"
            && elements.keys().all(|element| plain.contains(&element.as_str()));
        let (actions, on) =
            (one_or_all(elements.get("Action")?), one_or_all(elements.get("Resource")?));
        simple.then(|| json!({"actions": actions, "on": on}))
    });
    grants.collect()
}

/// A list of one is written as that one.
fn one_or_all(value: &Value) -> &Value {
    match value {
        Value::Array(items) if items.len() == 1 => &items[0],
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_written_short_where_that_says_all() {
        let lambda = json!({"Service": "lambda.amazonaws.com"});
        let trust = |more: Value| {
            let mut statement =
                json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": lambda});
            statement.as_object_mut().expect("one").extend(more.as_object().expect("more").clone());
            json!({"Version": "2012-10-17", "Statement": [statement]})
        };
        assert_eq!(trusting(&trust(json!({"Sid": ""}))), "lambda.amazonaws.com");
        let condition = trust(json!({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}));
        assert_eq!(trusting(&condition), condition);

        let allow = |more: Value| {
            let mut statement = json!({"Effect": "Allow", "Action": ["a:B"], "Resource": "*"});
            statement.as_object_mut().expect("one").extend(more.as_object().expect("more").clone());
            json!({"Version": "2012-10-17", "Statement": statement})
        };
        assert_eq!(grants(&allow(json!({}))), Some(json!([{"actions": "a:B", "on": "*"}])));
        assert_eq!(grants(&allow(json!({"Effect": "Deny"}))), None);
        assert_eq!(grants(&allow(json!({"Condition": {}}))), None);
    }
}
