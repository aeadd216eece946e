//! What is told of single changes, and what is covered by what.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;

fn policy(statements: Value) -> Policy {
    Policy::stored(json!({ "Version": "2012-10-17", "Statement": statements }))
}

fn check(before: Value, after: Value, expect: &Expect) {
    let effect = Effect::of(Some(&policy(before)), Some(&policy(after)));
    let lines = |verb: &'static str, all: Vec<Permission>| {
        all.into_iter().map(move |permission| format!("{verb} {permission}\n"))
    };
    let text: String = lines("gains", effect.gains).chain(lines("loses", effect.loses)).collect();
    expect.assert_eq(&text);
}

fn allow(actions: &[&str], resources: &[&str]) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

#[test]
fn what_a_wider_grant_covers_is_not_gained() {
    let one = allow(&["s3:GetObject"], &["arn:aws:s3:::b/k"]);
    let wide = allow(&["s3:Get*"], &["arn:aws:s3:::b/*"]);
    check(
        json!([wide]),
        json!([one]),
        &expect![[r#"
        loses s3:Get* on arn:aws:s3:::b/*
    "#]],
    );
    check(
        json!([one]),
        json!([wide]),
        &expect![[r#"
        gains s3:Get* on arn:aws:s3:::b/*
    "#]],
    );
    // Grants move from one statement to another, and letter case means nothing.
    let split = json!([allow(&["S3:getobject"], &["arn:aws:s3:::b/k"]), wide]);
    check(split, json!([wide]), &expect![""]);
}

#[test]
fn each_action_on_each_resource_counts() {
    check(
        json!([allow(&["logs:CreateLogStream"], &["arn:aws:logs:r:1:log-group:/a:*"])]),
        json!([allow(
            &["logs:CreateLogStream", "logs:PutLogEvents"],
            &["arn:aws:logs:r:1:log-group:/a:*", "arn:aws:logs:r:1:log-group:/b:*"],
        )]),
        &expect![[r#"
            gains logs:CreateLogStream on arn:aws:logs:r:1:log-group:/b:*
            gains logs:PutLogEvents on arn:aws:logs:r:1:log-group:/a:*
            gains logs:PutLogEvents on arn:aws:logs:r:1:log-group:/b:*
        "#]],
    );
}

#[test]
fn a_denial_takes_and_one_that_is_dropped_gives() {
    let wide = allow(&["*"], &["*"]);
    let denial = |action| json!({ "Effect": "Deny", "Action": action, "Resource": "*" });
    check(
        json!([wide]),
        json!([wide, denial("iam:*")]),
        &expect![[r#"
        loses a denial of iam:* on *
    "#]],
    );
    check(
        json!([wide, denial("iam:*")]),
        json!([wide, denial("iam:Get*")]),
        &expect![[r#"
        gains a denial of iam:* on *
    "#]],
    );
}

#[test]
fn conditions_principals_and_all_but_are_told() {
    let trust = |principal: Value, condition: Value| {
        json!([{
            "Effect": "Allow",
            "Principal": principal,
            "Action": "sts:AssumeRole",
            "Condition": condition,
        }])
    };
    let service = json!({ "Service": "lambda.amazonaws.com" });
    let ours = json!({ "StringEquals": { "aws:SourceAccount": ["111111111111"] } });
    check(
        trust(service.clone(), ours),
        trust(service, json!({})),
        &expect![[r#"
            gains sts:AssumeRole for Service lambda.amazonaws.com
        "#]],
    );
    let rest = |action: &str| json!([{ "Effect": "Allow", "NotAction": action, "Resource": "*" }]);
    check(
        rest("iam:*"),
        rest("iam:Get*"),
        &expect![[r#"
        gains all but iam:Get* on *
    "#]],
    );
}

#[test]
fn a_star_in_an_arn_stays_within_its_part() {
    let on = |resource: &str| json!([allow(&["s3:GetObject"], &[resource])]);
    let effect =
        |before, after| Effect::of(Some(&policy(on(before))), Some(&policy(on(after)))).gains.len();
    assert_eq!(effect("arn:aws:s3:*:*:b", "arn:aws:s3:r:1:b"), 0);
    assert_eq!(effect("arn:aws:s3:*:b", "arn:aws:s3:r:1:b"), 1);
    assert_eq!(effect("arn:aws:logs:r:1:*", "arn:aws:logs:r:1:log-group:/a:*"), 0);
    assert_eq!(effect("*", "${secret.ca.arn}"), 0);
    // In a variable a star is a plain character.
    assert_eq!(effect("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/k"), 1);
}

#[test]
fn a_condition_follows_from_a_stricter_one() {
    let covers = |wide: Value, narrow: Value| cover::covers_condition(Some(&wide), Some(&narrow));
    let test = |operator: &str, values: &[&str]| json!({ operator: { "aws:SourceArn": values } });
    assert!(covers(test("StringEquals", &["a", "b"]), test("stringequals", &["a"])));
    assert!(!covers(test("StringEquals", &["a"]), test("StringEquals", &["a", "b"])));
    assert!(covers(test("ArnLike", &["arn:aws:s3:::*"]), test("ArnLike", &["arn:aws:s3:::b"])));
    assert!(!covers(test("StringEquals", &["a*"]), test("StringEquals", &["ab"])));
    assert!(covers(test("StringNotEquals", &["a"]), test("StringNotEquals", &["a", "b"])));
    assert!(!covers(test("StringNotEquals", &["a", "b"]), test("StringNotEquals", &["a"])));
    let both = json!({
        "StringEquals": { "aws:SourceArn": ["a"] },
        "Bool": { "aws:SecureTransport": ["true"] },
    });
    assert!(covers(test("StringEquals", &["a"]), both.clone()));
    assert!(!covers(both, test("StringEquals", &["a"])));
}

#[test]
fn the_two_versions_of_the_language_never_say_the_same_with_variables() {
    let own = |version: &str| {
        let statement = allow(&["s3:GetObject"], &["arn:aws:s3:::b/${aws:username}"]);
        Policy::stored(json!({ "Version": version, "Statement": [statement] }))
    };
    let effect = Effect::of(Some(&own("2008-10-17")), Some(&own("2012-10-17")));
    assert_eq!((effect.gains.len(), effect.loses.len()), (1, 1));
    assert!(Effect::of(None, Some(&own("2008-10-17"))).loses.is_empty());
}

#[test]
fn as_data_a_permission_says_no_more_than_it_holds() {
    let effect = Effect::of(None, Some(&policy(json!([allow(&["s3:GetObject"], &["*"])]))));
    let data = json!({ "gains": [{ "action": "s3:GetObject", "resource": "*" }], "loses": [] });
    assert_eq!(serde_json::to_value(&effect).expect("data"), data);
    assert_eq!(serde_json::from_value::<Effect>(data).expect("the same"), effect);
}
