//! The ways of writing a policy in `stack.yaml`, and the mistakes that can be made with them.

use serde::Deserialize;

use super::{Policy, permissions, trust};

#[derive(Deserialize)]
struct Role {
    #[serde(deserialize_with = "trust")]
    trust: Policy,
    #[serde(deserialize_with = "permissions")]
    allow: Policy,
}

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["lambda.amazonaws.com"]},"Action":["sts:AssumeRole"]}]}"#;

#[test]
fn short_forms_become_whole_documents_with_the_version_first() {
    let role: Role = serde_yaml::from_str(
        "trust: lambda.amazonaws.com\n\
         allow:\n\
         - { actions: secretsmanager:GetSecretValue, on: '${secret.ca.arn}' }\n\
         - actions: [logs:PutLogEvents, logs:CreateLogStream]\n  on: ['${log_group.signer.arn}:*']\n",
    )
    .expect("a role");
    assert_eq!(role.trust.to_json_string(), TRUST);
    assert_eq!(role.trust, Policy::trust("lambda.amazonaws.com"));
    assert_eq!(
        role.allow.to_json_string(),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":["${log_group.signer.arn}:*"]},{"Effect":"Allow","Action":["secretsmanager:GetSecretValue"],"Resource":["${secret.ca.arn}"]}]}"#
    );
    let again: Policy = serde_json::from_str(&role.allow.to_json_string()).expect("a document");
    assert_eq!(again.to_json_string(), role.allow.to_json_string());
}

#[test]
fn mistakes_are_named() {
    let cases = [
        ("[]", "the list is empty; leave it out to grant nothing"),
        ("[{ actions: s3:GetObject }]", "missing field `on`"),
        ("[{ actions: [], on: '*' }]", "the list is empty; name at least one"),
        (
            "[{ actions: GetObject, on: '*' }]",
            "`GetObject` is not an action such as secretsmanager:GetSecretValue",
        ),
        ("[{ actions: s3:Get, on: secret.ca }]", "`secret.ca` is not an ARN"),
        ("[{ actions: s3:Get, on: '*', sid: x }]", "unknown field `sid`"),
        ("policy.json", "`policy.json` is not a service such as lambda.amazonaws.com"),
        ("7", "a list of `{ actions, on }`, a whole policy document"),
        ("{ Statement: [] }", "needs a `Statement`"),
        ("{ Version: 2013-01-01, Statement: [] }", "is 2012-10-17, not \"2013-01-01\""),
        ("{ statement: [] }", "unknown element `statement`"),
        ("{ Statement: { Action: 's3:*' } }", "statement 1: it needs an `Effect`"),
        ("{ Statement: { Effect: allow } }", "statement 1: it needs an `Action`"),
        (
            "{ Statement: { Effect: Allow, Action: [] } }",
            "statement 1: `Action`: the list is empty",
        ),
        ("{ Statement: { Effect: Allow, action: x } }", "statement 1: unknown element `action`"),
        ("{ Statement: { Effect: Maybe, Action: '*' } }", "is Allow or Deny, not \"Maybe\""),
        (
            "{ Statement: { Effect: Allow, Action: '*', NotAction: '*' } }",
            "both `Action` and `NotAction`",
        ),
        (
            "{ Statement: { Effect: Allow, Action: '*', Principal: x } }",
            "`Principal`: it is \"*\", or a mapping",
        ),
        (
            "{ Statement: { Effect: Allow, Action: '*', Condition: { S: { a: x, A: y } } } }",
            "`a` occurs twice",
        ),
    ];
    for (yaml, expected) in cases {
        let error = serde_yaml::from_str::<Policy>(yaml).expect_err(yaml).to_string();
        assert!(error.contains(expected), "{yaml}: {error}");
    }
}

#[test]
fn trust_and_permissions_are_told_apart() {
    let role = |trust: &str, allow: &str| {
        let role = serde_yaml::from_str::<Role>(&format!("trust: {trust}\nallow: {allow}"));
        role.map(|role| (role.trust, role.allow)).expect_err(trust).to_string()
    };
    let allow = "[{ actions: 's3:*', on: '*' }]";
    assert!(role(allow, allow).contains("it needs a `Principal`"));
    assert!(
        role("lambda.amazonaws.com", "lambda.amazonaws.com")
            .contains("belongs into a trust policy")
    );
}
