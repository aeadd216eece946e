//! What is told of single changes, and what is covered by what.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::*;

fn policy(statements: &[Value]) -> Policy {
    Policy::stored(json!({ "Version": "2012-10-17", "Statement": statements }))
}

fn check(before: &[Value], after: &[Value], expect: &Expect) {
    let effect = Effect::of(Some(&policy(before)), Some(&policy(after)));
    expect.assert_eq(&effect.told().map(|(_, line)| line + "\n").collect::<String>());
}

fn allow(actions: &[&str], resources: &[&str]) -> Value {
    json!({ "Effect": "Allow", "Action": actions, "Resource": resources })
}

#[test]
fn what_a_wider_grant_covers_is_not_gained() {
    let one = || allow(&["s3:GetObject"], &["arn:aws:s3:::b/k"]);
    let wide = || allow(&["s3:Get*"], &["arn:aws:s3:::b/*"]);
    let lost = expect!["loses s3:Get* on arn:aws:s3:::b/*\n"];
    check(&[wide()], &[one()], &lost);
    let gained = expect!["gains s3:Get* on arn:aws:s3:::b/*\n"];
    check(&[one()], &[wide()], &gained);
    // Grants move from one statement to another, and letter case means nothing.
    let moved = allow(&["S3:getobject"], &["arn:aws:s3:::b/k"]);
    check(&[moved, wide()], &[wide()], &expect![""]);
}

#[test]
fn each_action_on_each_resource_counts() {
    let (a, b) = ("arn:aws:logs:r:1:log-group:/a:*", "arn:aws:logs:r:1:log-group:/b:*");
    let all = expect![[r#"
        gains logs:CreateLogStream on arn:aws:logs:r:1:log-group:/b:*
        gains logs:PutLogEvents on arn:aws:logs:r:1:log-group:/a:*
        gains logs:PutLogEvents on arn:aws:logs:r:1:log-group:/b:*
    "#]];
    let after = allow(&["logs:CreateLogStream", "logs:PutLogEvents"], &[a, b]);
    check(&[allow(&["logs:CreateLogStream"], &[a])], &[after], &all);
}

#[test]
fn a_denial_takes_and_one_that_is_dropped_gives() {
    let wide = || allow(&["*"], &["*"]);
    let deny = |action| json!({ "Effect": "Deny", "Action": action, "Resource": "*" });
    let taken = expect!["loses iam:* on * (denied now)\n"];
    check(&[wide()], &[wide(), deny("iam:*")], &taken);
    let given = expect!["gains iam:* on * (denied so far)\n"];
    check(&[wide(), deny("iam:*")], &[wide(), deny("iam:Get*")], &given);
}

#[test]
fn conditions_principals_and_all_but_are_told() {
    let trust = |condition: &Value| {
        [json!({
            "Effect": "Allow",
            "Principal": { "Service": "lambda.amazonaws.com" },
            "Action": "sts:AssumeRole",
            "Condition": condition,
        })]
    };
    let ours = json!({ "StringEquals": { "aws:SourceAccount": ["111111111111"] } });
    let given = expect!["gains sts:AssumeRole for Service lambda.amazonaws.com\n"];
    check(&trust(&ours), &trust(&json!({})), &given);
    let taken = expect![[r#"
        loses sts:AssumeRole for Service lambda.amazonaws.com
    "#]];
    check(&trust(&json!({})), &trust(&ours), &taken);
    let new = expect![[r#"
        gains sts:AssumeRole for Service lambda.amazonaws.com if StringEquals aws:SourceAccount 111111111111
    "#]];
    check(&[], &trust(&ours), &new);
    let rest = |action: &str| json!({ "Effect": "Allow", "NotAction": action, "Resource": "*" });
    check(&[rest("iam:*")], &[rest("iam:Get*")], &expect!["gains all but iam:Get* on *\n"]);
}

#[test]
fn a_star_in_an_arn_stays_within_its_part() {
    let on = |resource: &str| policy(&[allow(&["s3:GetObject"], &[resource])]);
    let gains =
        |before: &str, after: &str| Effect::of(Some(&on(before)), Some(&on(after))).gains.len();
    assert_eq!(gains("arn:aws:s3:*:*:b", "arn:aws:s3:r:1:b"), 0);
    assert_eq!(gains("arn:aws:s3:*:b", "arn:aws:s3:r:1:b"), 1);
    assert_eq!(gains("arn:aws:logs:r:1:*", "arn:aws:logs:r:1:log-group:/a:*"), 0);
    assert_eq!(gains("*", "${secret.ca.arn}"), 0);
    // In a variable a star is a plain character.
    assert_eq!(gains("arn:aws:s3:::b/${*}", "arn:aws:s3:::b/k"), 1);
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
    let effect = Effect::of(None, Some(&policy(&[allow(&["s3:GetObject"], &["*"])])));
    let data = json!({ "gains": [{ "action": "s3:GetObject", "resource": "*" }], "loses": [] });
    assert_eq!(serde_json::to_value(&effect).expect("data"), data);
    assert_eq!(serde_json::from_value::<Effect>(data).expect("the same"), effect);
}
