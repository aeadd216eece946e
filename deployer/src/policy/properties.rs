//! No change of notation changes what a policy means, and every change of content does.

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Map, Value, json};

use super::Policy;

const ACTIONS: [&str; 5] = ["s3:GetObject", "s3:Put*", "sts:AssumeRole", "logs:PutLogEvents", "*"];
const RESOURCES: [&str; 4] =
    ["*", "arn:aws:s3:::b/*", "${secret.ca.arn}", "arn:aws:s3:::b/${aws:username}"];
const SERVICES: [&str; 3] =
    ["lambda.amazonaws.com", "ec2.amazonaws.com", "edgelambda.amazonaws.com"];

fn statement() -> impl Strategy<Value = Value> {
    (
        select(vec!["Allow", "Deny"]),
        subsequence(ACTIONS.to_vec(), 1..4),
        subsequence(RESOURCES.to_vec(), 1..4),
        prop::option::of(subsequence(SERVICES.to_vec(), 1..3)),
        prop::option::of(prop::collection::vec("[a-zA-Z]{1,4}", 1..3)),
    )
        .prop_map(|(effect, actions, resources, services, values)| {
            let mut statement =
                json!({ "Effect": effect, "Action": actions, "Resource": resources });
            if let Some(services) = services {
                statement["Principal"] = json!({ "Service": services });
            }
            if let Some(values) = values {
                statement["Condition"] = json!({ "StringLike": { "aws:SourceArn": values } });
            }
            statement
        })
}

fn document() -> impl Strategy<Value = Value> {
    prop::collection::vec(statement(), 1..4)
        .prop_map(|statements| json!({ "Version": "2012-10-17", "Statement": statements }))
}

/// Rewrites every list in another order, with a value twice, or without its brackets.
fn rewritten_list(mut items: Vec<Value>, seed: Index) -> Value {
    if items.is_empty() {
        return Value::Array(items);
    }
    let turn = seed.index(items.len());
    items.rotate_left(turn);
    if items.len() == 1 && seed.index(3) == 0 {
        return items.remove(0);
    }
    if items.iter().all(Value::is_string) && seed.index(3) == 1 {
        items.push(items[0].clone());
    }
    Value::Array(items)
}

fn rewritten(value: Value, ignores_case: bool, seed: Index) -> Value {
    match value {
        Value::String(text) if ignores_case && seed.index(2) == 0 => text.to_uppercase().into(),
        Value::Array(items) => {
            let items = items.into_iter().map(|item| rewritten(item, ignores_case, seed));
            rewritten_list(items.collect(), seed)
        }
        Value::Object(object) => Value::Object(rewritten_object(object, seed)),
        scalar => scalar,
    }
}

fn rewritten_object(object: Map<String, Value>, seed: Index) -> Map<String, Value> {
    let entries = object.into_iter().map(|(key, value)| {
        let value = rewritten(value, ["Action", "Effect"].contains(&key.as_str()), seed);
        let folded = ["StringLike", "aws:SourceArn"].contains(&key.as_str()) && seed.index(2) == 0;
        (if folded { key.to_lowercase() } else { key }, value)
    });
    let mut object: Map<String, Value> = entries.collect();
    if object.contains_key("Effect") && seed.index(3) == 2 {
        object.insert("Sid".into(), "Named".into());
    }
    object
}

/// Changes one thing that IAM heeds in one statement.
fn edited(mut document: Value, which: Index, edit: usize) -> Value {
    let Some(statements) = document["Statement"].as_array_mut() else { return document };
    let position = which.index(statements.len());
    let statement = &mut statements[position];
    match edit {
        0 => {
            let flipped = if statement["Effect"] == "Allow" { "Deny" } else { "Allow" };
            statement["Effect"] = flipped.into();
        }
        1 => statement["Action"] = json!(["new:Action"]),
        2 => statement["Resource"] = json!("arn:aws:s3:::another"),
        3 => statement["Principal"] = json!({ "AWS": "123456789012" }),
        4 => statement["Condition"] = json!({ "Bool": { "aws:SecureTransport": true } }),
        5 => {
            let copy = statement.clone();
            statements.push(copy);
        }
        _ => {
            statements.remove(position);
        }
    }
    document
}

fn policy(document: &Value) -> Policy {
    Policy::from_aws(&document.to_string()).expect("a JSON object")
}

proptest! {
    #[test]
    fn notation_does_not_matter(document in document(), seed: Index) {
        let other = rewritten(document.clone(), false, seed);
        prop_assert!(policy(&document).means_same(&policy(&other)), "{other}");
    }

    #[test]
    fn content_matters(document in document(), seed: Index, which: Index, edit in 0..7_usize) {
        let other = rewritten(edited(document.clone(), which, edit), false, seed);
        prop_assert!(!policy(&document).means_same(&policy(&other)), "{other}");
    }

    #[test]
    fn writing_and_reading_again_changes_nothing(document in document()) {
        let text = policy(&document).to_json_string();
        prop_assert!(text.starts_with(r#"{"Version":"#), "{}", text);
        let read: Policy = serde_json::from_str(&text).expect("our own document");
        prop_assert_eq!(&read.to_json_string(), &text);
        let value = serde_json::to_value(&read).expect("a document");
        let read: Policy = serde_json::from_value(value).expect("our own document");
        prop_assert_eq!(read.to_json_string(), text);
    }
}
