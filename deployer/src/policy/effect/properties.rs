//! What is told as given and taken, against a small IAM that decides requests one by one.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

use super::*;

const ACTIONS: [&str; 6] = ["s3:GetObject", "s3:Get*", "s3:*", "s3:PutObject", "sts:*", "*"];
const RESOURCES: [&str; 5] =
    ["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/k", "arn:aws:s3:::*", "arn:aws:s3:::b/*/k"];
const SOURCES: [&str; 3] = ["vpc-1", "vpc-2", "vpc-3"];

/// With one of these operators, and fewer than so many values.
fn condition(
    operators: &'static [&'static str],
    values: usize,
) -> impl Strategy<Value = Option<Value>> {
    let condition = (select(operators), subsequence(SOURCES.to_vec(), 1..values));
    prop::option::of(
        condition.prop_map(|(operator, values)| json!({ operator: { "aws:SourceVpc": values } })),
    )
}

/// A document whose statements have these effects, elements for actions, and conditions.
fn document(
    effects: &'static [&'static str],
    actions: &'static [&'static str],
    condition: impl Strategy<Value = Option<Value>>,
) -> impl Strategy<Value = Value> {
    let statement = (
        select(effects),
        select(actions),
        subsequence(ACTIONS.to_vec(), 1..3),
        subsequence(RESOURCES.to_vec(), 1..3),
        condition,
    );
    let statement = statement.prop_map(|(effect, element, actions, resources, condition)| {
        let mut statement = json!({ "Effect": effect, element: actions, "Resource": resources });
        if let Some(condition) = condition {
            statement["Condition"] = condition;
        }
        statement
    });
    prop::collection::vec(statement, 0..4)
        .prop_map(|statements| json!({ "Version": "2012-10-17", "Statement": statements }))
}

/// Grants of which no two can say together what a third one says.
fn grants() -> impl Strategy<Value = Value> {
    document(&["Allow"], &["Action"], condition(&["StringEquals"], 2))
}

fn anything() -> impl Strategy<Value = Value> {
    let condition = condition(&["StringEquals", "StringNotEquals"], 3);
    document(&["Allow", "Deny"], &["Action", "Action", "NotAction"], condition)
}

/// An action, a resource, and the source that the request comes from.
type Request = (String, String, &'static str);

/// Each pattern as it is, and with something in the place of its wildcards that no pattern names.
fn requests() -> Vec<Request> {
    let instances = |patterns: &[&str]| -> Vec<String> {
        patterns.iter().map(|pattern| pattern.replace('*', "Zz")).collect()
    };
    let mut requests = Vec::new();
    for action in instances(&ACTIONS) {
        for resource in instances(&RESOURCES) {
            for source in SOURCES.iter().chain(&["vpc-4"]) {
                requests.push((action.clone(), resource.clone(), *source));
            }
        }
    }
    requests
}

fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text
            .strip_prefix(start)
            .is_some_and(|text| (0..=text.len()).any(|taken| fits(rest, &text[taken..]))),
    }
}

fn any_fits(patterns: &Value, text: &str) -> bool {
    let mut patterns = patterns.as_array().into_iter().flatten().filter_map(Value::as_str);
    patterns.any(|pattern| fits(pattern, text))
}

fn applies(statement: &Value, (action, resource, source): &Request) -> bool {
    let names_action = match statement.get("NotAction") {
        Some(actions) => !any_fits(actions, action),
        None => any_fits(&statement["Action"], action),
    };
    let condition = &statement["Condition"];
    let among = |operator: &str| condition[operator]["aws:SourceVpc"].as_array();
    let source_fits = among("StringEquals").is_none_or(|all| all.contains(&json!(source)))
        && among("StringNotEquals").is_none_or(|all| !all.contains(&json!(source)));
    names_action && any_fits(&statement["Resource"], resource) && source_fits
}

/// The requests that a document allows.
fn allowed(document: &Value) -> BTreeSet<Request> {
    let statements = document["Statement"].as_array().expect("statements");
    let any = |effect: &str, request: &Request| {
        statements.iter().any(|it| it["Effect"] == effect && applies(it, request))
    };
    requests().into_iter().filter(|it| any("Allow", it) && !any("Deny", it)).collect()
}

fn effect(before: &Value, after: &Value) -> Effect {
    let policy = |document: &Value| Policy::stored(document.clone());
    Effect::of(Some(&policy(before)), Some(&policy(after)))
}

proptest! {
    #[test]
    fn what_one_way_gains_the_other_way_loses(one in anything(), other in anything()) {
        let (there, back) = (effect(&one, &other), effect(&other, &one));
        prop_assert_eq!(there.gains, back.loses);
        prop_assert_eq!(there.loses, back.gains);
    }

    #[test]
    fn there_is_neither_gain_nor_loss_just_if_all_is_decided_alike(
        one in grants(),
        other in grants(),
    ) {
        let effect = effect(&one, &other);
        let (before, after) = (allowed(&one), allowed(&other));
        prop_assert_eq!(effect.gains.is_empty(), after.is_subset(&before));
        prop_assert_eq!(effect.loses.is_empty(), before.is_subset(&after));
        prop_assert_eq!(effect.is_none(), before == after);
    }

    #[test]
    fn nothing_that_is_given_goes_untold(one in anything(), other in anything()) {
        let effect = effect(&one, &other);
        let (before, after) = (allowed(&one), allowed(&other));
        prop_assert!(!effect.gains.is_empty() || after.is_subset(&before));
        prop_assert!(!effect.loses.is_empty() || before.is_subset(&after));
    }

    #[test]
    fn documents_that_mean_the_same_have_no_effect(document in anything()) {
        let mut other = document.clone();
        let statements = other["Statement"].as_array_mut().expect("statements");
        statements.reverse();
        statements.extend(statements.first().cloned());
        prop_assert!(effect(&document, &other).is_none());
        prop_assert_eq!(effect(&document, &document), Effect::default());
    }
}
