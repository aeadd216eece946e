//! Which permissions are broad, given what was allowed before.

use serde_json::{Value, json};

use super::Breadth::{
    DroppedDenial, EveryAction, EveryResource, ForeignPrincipal, WeakerCondition,
};
use super::*;
use crate::policy::Policy;
use crate::policy::effect::{Effect, permissions};

const ACCOUNT: &str = "111111111111";

fn policy(statements: &[Value]) -> Policy {
    Policy::stored(json!({ "Version": "2012-10-17", "Statement": statements }))
}

/// What makes broad what the second document gives over the first one.
fn breadth(before: &[Value], after: &[Value]) -> Vec<Breadth> {
    let (before, after) = (policy(before), policy(after));
    let gains = Effect::of(Some(&before), Some(&after)).gains;
    let before = permissions(Some(&before));
    gains.iter().flat_map(|gained| Breadth::of(gained, &before, ACCOUNT)).collect()
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

fn with(mut statement: Value, element: &str, value: Value) -> Value {
    statement[element] = value;
    statement
}

#[test]
fn a_star_is_broad_where_it_stands_for_everything() {
    let one = "arn:aws:s3:::b/k";
    for (action, resource, expected) in [
        ("s3:GetObject", one, &[][..]),
        ("s3:Get*", one, &[]),
        ("s3:*", one, &[EveryAction]),
        ("*", one, &[EveryAction]),
        ("s3:?*", one, &[EveryAction]),
        ("s3:GetObject", "*", &[EveryResource]),
        ("s3:GetObject", "arn:aws:s3:::*", &[EveryResource]),
        ("s3:GetObject", "arn:aws:s3:*", &[EveryResource]),
        ("s3:GetObject", "arn:*", &[EveryResource]),
        ("s3:GetObject", "arn:aws:s3:::b/*", &[]),
        ("logs:PutLogEvents", "arn:aws:logs:r:1:log-group:/a:*", &[]),
        ("logs:PutLogEvents", "${log_group.signer.arn}:*", &[]),
        ("s3:*", "*", &[EveryAction, EveryResource]),
    ] {
        assert_eq!(breadth(&[], &[allow(action, resource)]), expected, "{action} on {resource}");
    }
    let rest = json!({ "Effect": "Allow", "NotAction": "iam:*", "NotResource": one });
    assert_eq!(breadth(&[], &[rest]), [EveryAction, EveryResource]);
}

#[test]
fn what_was_there_before_is_not_broad_again() {
    let wide = || allow("s3:*", "*");
    for after in [wide(), allow("s3:Get*", "*"), allow("s3:PutObject", "arn:aws:s3:::b")] {
        assert_eq!(breadth(&[wide()], &[after]), []);
    }
    assert_eq!(breadth(&[wide()], &[allow("*", "*")]), [EveryAction, EveryResource]);
}

#[test]
fn a_condition_that_goes_or_tests_less_is_broad() {
    let one = || allow("s3:GetObject", "arn:aws:s3:::b/k");
    let from = |vpcs: Value| json!({ "StringEquals": { "aws:SourceVpc": vpcs } });
    let when = |vpcs: Value| with(one(), "Condition", from(vpcs));
    let wider = with(allow("s3:Get*", "arn:aws:s3:::b/*"), "Condition", json!({}));
    assert_eq!(breadth(&[when(json!("a"))], &[one()]), [WeakerCondition]);
    assert_eq!(breadth(&[when(json!("a"))], &[wider]), [WeakerCondition]);
    assert_eq!(breadth(&[when(json!("a"))], &[when(json!(["a", "b"]))]), [WeakerCondition]);
    assert_eq!(breadth(&[when(json!(["a", "b"]))], &[when(json!("a"))]), []);
    assert_eq!(breadth(&[one()], &[when(json!("a"))]), []);
    // Another grant is no condition's business, nor is a condition that never held anybody back.
    let other = allow("s3:PutObject", "arn:aws:s3:::b/k");
    assert_eq!(breadth(&[when(json!("a"))], &[when(json!("a")), other]), []);
    let free = allow("s3:Get*", "arn:aws:s3:::b/k");
    let freer = allow("s3:Get*", "arn:aws:s3:::b/*");
    assert_eq!(breadth(&[when(json!("a")), free], &[freer]), []);
}

#[test]
fn whoever_is_not_of_the_account_is_foreign() {
    for (principal, expected) in [
        (json!({ "Service": "lambda.amazonaws.com" }), &[][..]),
        (json!({ "AWS": "111111111111" }), &[]),
        (json!({ "AWS": "arn:aws:iam::111111111111:root" }), &[]),
        (json!({ "AWS": "arn:aws-cn:iam::111111111111:role/a" }), &[]),
        (json!({ "AWS": "${iam_role.other.arn}" }), &[]),
        (json!({ "Federated": "arn:aws:iam::111111111111:saml-provider/a" }), &[]),
        (json!({ "AWS": "arn:aws:iam::222222222222:root" }), &[ForeignPrincipal]),
        (json!({ "AWS": "arn:aws:iam::222222222222:user/a" }), &[ForeignPrincipal]),
        (json!({ "Federated": "accounts.google.com" }), &[ForeignPrincipal]),
        (json!({ "AWS": ["*", "111111111111"] }), &[ForeignPrincipal]),
        (json!("*"), &[ForeignPrincipal]),
    ] {
        let trust = json!({ "Effect": "Allow", "Action": "sts:AssumeRole" });
        let trust = with(trust, "Principal", principal.clone());
        assert_eq!(breadth(&[], &[trust]), expected, "{principal}");
    }
}

#[test]
fn a_denial_that_goes_or_denies_less_is_broad() {
    let deny = |action: &str| with(allow(action, "*"), "Effect", json!("Deny"));
    assert_eq!(breadth(&[deny("iam:*")], &[deny("iam:Get*")]), [DroppedDenial]);
    assert_eq!(breadth(&[deny("iam:Get*")], &[deny("iam:*")]), []);
}
