//! Which notations mean the same, and which do not.

use serde_json::{Value, json};

use super::Policy;

fn policy(document: &Value) -> Policy {
    Policy::from_aws(&document.to_string()).expect("a JSON object")
}

fn of(statements: &Value) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// A document that allows one action on everything, with these elements changed or added.
fn with(changes: Value) -> Value {
    let mut statement = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*" });
    if let (Value::Object(statement), Value::Object(changes)) = (&mut statement, changes) {
        statement.extend(changes);
    }
    of(&json!([statement]))
}

fn when(condition: &Value) -> Value {
    with(json!({ "Condition": condition }))
}

fn by(principal: &Value) -> Value {
    with(json!({ "Principal": principal }))
}

fn in_version(version: Option<&str>, resource: &str) -> Value {
    let statement = json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": resource });
    match version {
        Some(version) => json!({ "Version": version, "Statement": statement }),
        None => json!({ "Statement": statement }),
    }
}

fn assert_same(name: &str, one: &Value, other: &Value) {
    let (one, other) = (policy(one), policy(other));
    assert!(one.means_same(&other) && other.means_same(&one), "{name}: {one:?} and {other:?}");
}

fn assert_different(name: &str, one: &Value, other: &Value) {
    let (one, other) = (policy(one), policy(other));
    assert!(!one.means_same(&other) && !other.means_same(&one), "{name}: {one:?} and {other:?}");
}

#[test]
fn notations_of_statements_mean_the_same() {
    let (a, b) = (json!({ "Effect": "Deny", "Action": "s3:*", "Resource": "*" }), with(json!({})));
    let b = &b["Statement"][0];
    assert_same("statement order", &of(&json!([a, b])), &of(&json!([b, a])));
    assert_same("single statement", &of(&json!([a])), &of(&a));
    assert_same("effect case", &with(json!({})), &with(json!({ "Effect": "allow" })));
    assert_same("sid", &with(json!({})), &with(json!({ "Sid": "VisualEditor0" })));
    let mut named = with(json!({}));
    named["Id"] = "policy-1".into();
    assert_same("id", &with(json!({})), &named);
    let elements = [
        ("action", json!({ "Action": "s3:GetObject" }), json!({ "Action": ["s3:GetObject"] })),
        ("action case", json!({ "Action": "S3:getobject" }), json!({})),
        ("action order", json!({ "Action": ["a:B", "a:C"] }), json!({ "Action": ["a:C", "a:B"] })),
        ("action twice", json!({ "Action": ["s3:GetObject", "s3:getObject"] }), json!({})),
        ("resource", json!({ "Resource": ["*"] }), json!({})),
        ("resource twice", json!({ "Resource": ["*", "*"] }), json!({})),
        ("not action", json!({ "NotAction": ["a:B"] }), json!({ "NotAction": "A:b" })),
        (
            "not resource",
            json!({ "NotResource": ["r", "q"] }),
            json!({ "NotResource": ["q", "r"] }),
        ),
    ];
    for (name, one, other) in elements {
        assert_same(name, &with(one), &with(other));
    }
}

#[test]
fn notations_of_conditions_mean_the_same() {
    let pairs = [
        ("value list", json!({ "Bool": { "k": ["x"] } }), json!({ "Bool": { "k": "x" } })),
        ("value order", json!({ "S": { "k": ["x", "y"] } }), json!({ "S": { "k": ["y", "x"] } })),
        ("boolean", json!({ "Bool": { "k": true } }), json!({ "Bool": { "k": "true" } })),
        ("number", json!({ "N": { "k": [1, 2.5] } }), json!({ "N": { "k": ["1", "2.5"] } })),
        (
            "operator case",
            json!({ "StringEquals": { "k": "x" } }),
            json!({ "stringequals": { "k": "x" } }),
        ),
        (
            "key case",
            json!({ "S": { "aws:SourceArn": "x" } }),
            json!({ "S": { "AWS:sourcearn": "x" } }),
        ),
        ("empty operator", json!({ "S": { "k": "x" }, "T": {} }), json!({ "S": { "k": "x" } })),
    ];
    for (name, one, other) in pairs {
        assert_same(name, &when(&one), &when(&other));
    }
    assert_same("empty condition", &when(&json!({})), &with(json!({})));
}

#[test]
fn notations_of_principals_mean_the_same() {
    let root = "arn:aws:iam::123456789012:root";
    let pairs = [
        ("service", json!({ "Service": "a.b" }), json!({ "Service": ["a.b"] })),
        ("order", json!({ "Service": ["a", "b"] }), json!({ "Service": ["b", "a"] })),
        ("everyone", json!("*"), json!({ "AWS": "*" })),
        ("everyone in a list", json!("*"), json!({ "AWS": ["*"] })),
        ("account", json!({ "AWS": "123456789012" }), json!({ "AWS": [root] })),
        ("account twice", json!({ "AWS": ["123456789012", root] }), json!({ "AWS": root })),
        (
            "partition",
            json!({ "AWS": "123456789012" }),
            json!({ "AWS": "arn:aws-cn:iam::123456789012:root" }),
        ),
        ("empty list", json!({ "Service": "a", "AWS": [] }), json!({ "Service": "a" })),
    ];
    for (name, one, other) in pairs {
        assert_same(name, &by(&one), &by(&other));
    }
}

#[test]
fn the_version_counts_only_with_policy_variables() {
    let (old, new) = (Some("2008-10-17"), Some("2012-10-17"));
    for plain in ["*", "${secret.ca.arn}", "${log_group.signer.arn}:*", "$", "${aws:unclosed"] {
        assert_same(plain, &in_version(None, plain), &in_version(new, plain));
        assert_same(plain, &in_version(old, plain), &in_version(new, plain));
    }
    for variable in ["arn:aws:s3:::b/${aws:username}", "x${a}${aws:PrincipalTag/t, 'none'}", "${*}"]
    {
        assert_different(variable, &in_version(None, variable), &in_version(new, variable));
        assert_same(variable, &in_version(None, variable), &in_version(old, variable));
    }
}

#[test]
fn edits_change_the_meaning() {
    let edits = [
        ("effect", json!({ "Effect": "Deny" })),
        ("action", json!({ "Action": "s3:PutObject" })),
        ("one more action", json!({ "Action": ["s3:GetObject", "s3:PutObject"] })),
        ("resource", json!({ "Resource": "arn:aws:s3:::b" })),
        ("principal", json!({ "Principal": "*" })),
        ("empty principal", json!({ "Principal": {} })),
        ("condition", json!({ "Condition": { "Bool": { "aws:SecureTransport": "true" } } })),
        ("unknown element", json!({ "Future": "x" })),
    ];
    for (name, edit) in edits {
        assert_different(name, &with(json!({})), &with(edit));
    }
    let negated = json!({ "Effect": "Allow", "NotAction": "s3:GetObject", "Resource": "*" });
    assert_different("not action", &with(json!({})), &of(&negated));
}

#[test]
fn values_that_iam_tells_apart_stay_apart() {
    let (a, b) = (with(json!({})), with(json!({ "Effect": "Deny" })));
    let (a, b) = (&a["Statement"][0], &b["Statement"][0]);
    assert_different("multiset", &of(&json!([a, a, b])), &of(&json!([a, b, b])));
    let resource = |resource: &str| with(json!({ "Resource": resource }));
    assert_different("resource case", &resource("arn:aws:s3:::B"), &resource("arn:aws:s3:::b"));
    let conditions = [
        ("value case", json!({ "S": { "k": "x" } }), json!({ "S": { "k": "X" } })),
        ("value", json!({ "Bool": { "k": true } }), json!({ "Bool": { "k": false } })),
        ("operator", json!({ "S": { "k": "x" } }), json!({ "T": { "k": "x" } })),
        ("key", json!({ "S": { "k": "x" } }), json!({ "S": { "l": "x" } })),
        (
            "repeated key",
            json!({ "S": { "k": "x", "K": "y" } }),
            json!({ "S": { "k": ["x", "y"] } }),
        ),
    ];
    for (name, one, other) in conditions {
        assert_different(name, &when(&one), &when(&other));
    }
    let principals = [
        ("plain texts", json!("a"), json!("b")),
        ("kinds", json!({ "AWS": "a" }), json!({ "Service": "a" })),
        ("accounts", json!({ "AWS": "123456789012" }), json!({ "AWS": "123456789013" })),
        (
            "user",
            json!({ "AWS": "123456789012" }),
            json!({ "AWS": "arn:aws:iam::123456789012:user/root" }),
        ),
        ("everyone of a service", json!("*"), json!({ "Service": "*" })),
    ];
    for (name, one, other) in principals {
        assert_different(name, &by(&one), &by(&other));
    }
}

#[test]
fn documents_of_aws_are_percent_decoded() {
    let trust = Policy::trust("lambda.amazonaws.com").to_json_string();
    let encoded: String =
        percent_encoding::utf8_percent_encode(&trust, percent_encoding::NON_ALPHANUMERIC).collect();
    let read = Policy::from_aws(&encoded).expect("a document");
    assert_eq!(read.to_json_string(), trust);
    for wrong in ["", "%7B", "%FF", "[]", "%22x%22", r#"{"Version":"a","Version":"b"}"#] {
        let error = Policy::from_aws(wrong).expect_err(wrong);
        assert_eq!(error.message, "could not read the policy document that AWS returned");
        assert_eq!(error.causes.len(), 1, "{wrong}: {error:?}");
    }
}

#[test]
fn quotas_count_what_is_not_white_space() {
    let spaced = policy(&with(json!({ "Resource": "a b\u{a0}é" })));
    assert_eq!(spaced.non_whitespace_len(), spaced.to_json_string().chars().count() - 2);
}
