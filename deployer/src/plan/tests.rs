//! Plans for small situations, as the user sees them.

mod deletion;
mod drift;
mod ownership;
mod protection;

use expect_test::{Expect, expect};
use serde_json::json;

use super::*;
use crate::cloud::fake::FakeCloud;
use crate::resource::Recovery;
use crate::ui;

/// One entry of each kind, referring to one another as in the default stack.
const STACK: &str = r#"
stack: demo
resources:
  secret.ca: { name: demo/ca, value_file: ca.json }
  log_group.signer: { name: /demo, retention_days: 30 }
  iam_role.signer:
    name: demo-signer
    allow:
      - { actions: "secretsmanager:GetSecretValue", on: "${secret.ca.arn}" }
      - { actions: ["logs:CreateLogStream", "logs:PutLogEvents"], on: "${log_group.signer.arn}:*" }
  lambda_function.signer:
    name: demo-signer
    role: ${iam_role.signer.arn}
    code: { cargo: signer }
    log_group: ${log_group.signer.name}
    environment: { CA_SECRET_ARN: "${secret.ca.arn}" }
  http_api.issuer: { name: demo }
  http_route.issue_cert:
    api: ${http_api.issuer.id}
    route: POST /issue-cert
    function: ${lambda_function.signer.arn}
"#;

/// A stack of one log group.
const ONE: &str = "stack: demo\nresources:\n  log_group.a: { name: /a, retention_days: 30 }\n";

fn deployed(text: &str) -> FakeCloud {
    let cloud = FakeCloud::new();
    cloud.apply(text);
    cloud
}

fn check(cloud: &FakeCloud, text: &str, expect: &Expect) {
    expect.assert_eq(&ui::plain(&cloud.plan(text).expect("a plan")));
}

/// The plan for the stack with one stretch of its text replaced.
fn check_edit(from: &str, to: &str, expect: &Expect) {
    assert!(STACK.contains(from), "the edit must apply: {from}");
    check(&deployed(STACK), &STACK.replace(from, to), expect);
}

/// The plan after somebody has changed an object of a kind by hand.
fn check_drift(kind: &str, change: impl FnOnce(&mut Object), expect: &Expect) {
    let cloud = deployed(STACK);
    cloud.tamper(kind, change);
    check(&cloud, STACK, expect);
    cloud.apply(STACK);
    assert!(ui::is_empty(&cloud.plan(STACK).expect("a plan")), "apply mends the drift");
}

/// A log group as a late write of Lambda makes it.
fn revive(cloud: &FakeCloud) {
    let address: Address = "log_group.a".parse().expect("an address");
    let spec = json!({"name": "/a", "tags": {}});
    let outputs = json!({"arn": "arn:aws:log_group:/a", "id": "id-/a"});
    let key = (address.kind, "\"/a\"".to_owned());
    cloud.objects.borrow_mut().insert(key, Object::new(spec, outputs));
}

#[test]
fn a_new_stack_is_created_in_order() {
    let cloud = FakeCloud::new();
    check(
        &cloud,
        STACK,
        &expect![[r#"
            Plan for demo 

            + http_api.issuer  new in stack.yaml
                auto_deploy  true
                name         "demo"

            + log_group.signer  new in stack.yaml
                name            "/demo"
                retention_days  30

            + secret.ca  new in stack.yaml
                name                  "demo/ca"
                recovery_window_days  30
                value_sha256          "sha256 of \"ca.json\""

            + iam_role.signer  new in stack.yaml
                allow
                  + Allow logs:CreateLogStream
                  + Allow logs:PutLogEvents
                  +   on ${log_group.signer.arn}:*
                  + Allow secretsmanager:GetSecretValue
                  +   on ${secret.ca.arn}
                name   "demo-signer"
                trust
                  + Allow sts:AssumeRole
                  +   for Service lambda.amazonaws.com

            + lambda_function.signer  new in stack.yaml
                architecture               "x86_64"
                code_sha256                "sha256 of {\"cargo\":\"signer\"}"
                environment.CA_SECRET_ARN  (known after apply)
                handler                    "bootstrap"
                log_format                 "JSON"
                log_group                  (known after apply)
                memory_mb                  128
                name                       "demo-signer"
                role                       (known after apply)
                runtime                    "provided.al2023"
                timeout_seconds            3

            + http_route.issue_cert  new in stack.yaml
                api             (known after apply)
                authorization   "AWS_IAM"
                function        (known after apply)
                invoke_from     "$default/POST/issue-cert"
                payload_format  "2.0"
                route           "POST /issue-cert"

            Summary: 6 to create
        "#]],
    );
    let calls = cloud.apply(STACK);
    let position =
        |address: &str| calls.iter().position(|call| call.ends_with(address)).expect(address);
    for (first, then) in [
        ("secret.ca", "iam_role.signer"),
        ("log_group.signer", "iam_role.signer"),
        ("iam_role.signer", "lambda_function.signer"),
        ("lambda_function.signer", "http_route.issue_cert"),
        ("http_api.issuer", "http_route.issue_cert"),
    ] {
        assert!(position(first) < position(then), "{first} before {then}: {calls:?}");
    }
}

#[test]
fn what_was_applied_needs_nothing() {
    let cloud = deployed(STACK);
    check(&cloud, STACK, &expect!["No changes. 6 resources are as declared. "]);
    assert_eq!(cloud.apply(STACK), Vec::<String>::new());
}

#[test]
fn the_same_inputs_give_the_same_plan_byte_for_byte() {
    let plan =
        || serde_json::to_string(&FakeCloud::new().plan(STACK).expect("a plan")).expect("JSON");
    assert_eq!(plan(), plan());
}

#[test]
fn one_changed_field_is_the_whole_plan() {
    check_edit(
        "retention_days: 30",
        "retention_days: 14",
        &expect![[r#"
        Plan for demo 

        ~ log_group.signer  stack.yaml changed
            retention_days  30 → 14

        Summary: 1 to change, 5 unchanged
    "#]],
    );
}

#[test]
fn a_removed_field_is_shown_as_none() {
    check_edit(
        ", retention_days: 30",
        "",
        &expect![[r#"
        Plan for demo 

        ~ log_group.signer  stack.yaml changed
            retention_days  30 → (none)

        Summary: 1 to change, 5 unchanged
    "#]],
    );
}

#[test]
fn policies_are_shown_as_the_lines_that_change() {
    check_edit(
        r#"["logs:CreateLogStream", "logs:PutLogEvents"]"#,
        r#"["logs:PutLogEvents", "logs:DescribeLogStreams"]"#,
        &expect![[r#"
            Plan for demo 

            ~ iam_role.signer  stack.yaml changed
                allow
                  - Allow logs:CreateLogStream
                  + Allow logs:DescribeLogStreams
                    Allow logs:PutLogEvents
                      on arn:aws:log_group:/demo:*
                  gains logs:DescribeLogStreams on arn:aws:log_group:/demo:*
                  loses logs:CreateLogStream on arn:aws:log_group:/demo:*

            Summary: 1 to change, 5 unchanged
        "#]],
    );
}

#[test]
fn a_policy_written_otherwise_is_no_change() {
    check_edit(
        r#"actions: ["logs:CreateLogStream", "logs:PutLogEvents"], on: "${log_group.signer.arn}:*""#,
        r#"on: ["${log_group.signer.arn}:*"], actions: ["LOGS:putlogevents", "logs:CreateLogStream"]"#,
        &expect!["No changes. 6 resources are as declared. "],
    );
}

#[test]
fn environment_variables_are_shown_one_by_one() {
    check_edit(
        r#"environment: { CA_SECRET_ARN: "${secret.ca.arn}" }"#,
        r#"environment: { RUST_LOG: debug }"#,
        &expect![[r#"
            Plan for demo 

            ~ lambda_function.signer  stack.yaml changed
                environment.CA_SECRET_ARN  "arn:aws:secret:demo/ca" → (none)
                environment.RUST_LOG       (none) → "debug"

            Summary: 1 to change, 5 unchanged
        "#]],
    );
}

#[test]
fn new_code_changes_the_function_in_place() {
    check_edit(
        "{ cargo: signer }",
        "{ bootstrap: elsewhere }",
        &expect![[r#"
            Plan for demo 

            ~ lambda_function.signer  stack.yaml changed
                code_sha256  "sha256 of {\"cargo\":\"signer\"}"
                           → "sha256 of {\"bootstrap\":\"elsewhere\"}"

            Summary: 1 to change, 5 unchanged
        "#]],
    );
}

#[test]
fn a_new_value_shows_fingerprints_only() {
    check_edit(
        "value_file: ca.json",
        "value_file: other.json",
        &expect![[r#"
        Plan for demo 

        ~ secret.ca  stack.yaml changed
            value_sha256  "sha256 of \"ca.json\"" → "sha256 of \"other.json\""

        Summary: 1 to change, 5 unchanged
    "#]],
    );
}

#[test]
fn what_cannot_change_in_place_is_replaced_and_dependents_follow() {
    check_edit(
        "name: /demo,",
        "name: /other,",
        &expect![[r#"
            Plan for demo 

            ── 2 to change

            ~ iam_role.signer  something that it refers to is made anew
                allow
                    Allow logs:CreateLogStream
                    Allow logs:PutLogEvents
                  -   on arn:aws:log_group:/demo:*
                  +   on ${log_group.signer.arn}:*
                    Allow secretsmanager:GetSecretValue
                      on arn:aws:secret:demo/ca
                  gains logs:CreateLogStream on ${log_group.signer.arn}:*
                  gains logs:PutLogEvents on ${log_group.signer.arn}:*
                  loses logs:CreateLogStream on arn:aws:log_group:/demo:*
                  loses logs:PutLogEvents on arn:aws:log_group:/demo:*

            ~ lambda_function.signer  something that it refers to is made anew
                log_group  "/demo" → (known after apply)

            ── 1 to replace

            ± log_group.signer  stack.yaml changed
                name  "/demo" → "/other"  (forces replacement)

            Summary: 2 to change, 1 to replace, 3 unchanged
        "#]],
    );
}

#[test]
fn a_replaced_function_takes_its_route_along() {
    check_edit(
        "name: demo-signer\n    role",
        "name: demo-signer-2\n    role",
        &expect![[r#"
            Plan for demo 

            ── 1 to change

            ~ http_route.issue_cert  something that it refers to is made anew
                function  "arn:aws:lambda_function:demo-signer" → (known after apply)

            ── 1 to replace

            ± lambda_function.signer  stack.yaml changed
                name  "demo-signer" → "demo-signer-2"  (forces replacement)

            Summary: 1 to change, 1 to replace, 4 unchanged
        "#]],
    );
}

#[test]
fn tags_of_the_stack_reach_everything_taggable() {
    check_edit(
        "stack: demo\n",
        "stack: demo\ntags: { team: pki }\n",
        &expect![[r#"
        Plan for demo 

        ~ http_api.issuer  stack.yaml changed
            tags.team  (none) → "pki"

        ~ log_group.signer  stack.yaml changed
            tags.team  (none) → "pki"

        ~ secret.ca  stack.yaml changed
            tags.team  (none) → "pki"

        ~ iam_role.signer  stack.yaml changed
            tags.team  (none) → "pki"

        ~ lambda_function.signer  stack.yaml changed
            tags.team  (none) → "pki"

        Summary: 5 to change, 1 unchanged
    "#]],
    );
}

#[test]
fn an_entry_that_is_gone_is_deleted_after_what_used_it() {
    let cloud = deployed(STACK);
    let edited = STACK.replace("secret.ca", "secret.new").replace("demo/ca", "demo/new");
    check(
        &cloud,
        &edited,
        &expect![[r#"
            Plan for demo 

            ── 1 to create

            + secret.new  new in stack.yaml
                name                  "demo/new"
                recovery_window_days  30
                value_sha256          "sha256 of \"ca.json\""

            ── 2 to change

            ~ iam_role.signer  something that it refers to is made anew
                allow
                      on arn:aws:log_group:/demo:*
                    Allow secretsmanager:GetSecretValue
                  -   on arn:aws:secret:demo/ca
                  +   on ${secret.new.arn}
                  gains secretsmanager:GetSecretValue on ${secret.new.arn}
                  loses secretsmanager:GetSecretValue on arn:aws:secret:demo/ca

            ~ lambda_function.signer  something that it refers to is made anew
                environment.CA_SECRET_ARN  "arn:aws:secret:demo/ca" → (known after apply)

            ── 1 to delete

            - secret.ca  not declared in stack.yaml any more

            Summary: 1 to create, 2 to change, 1 to delete, 3 unchanged
        "#]],
    );
    let calls = cloud.apply(&edited);
    let position = |call: &str| calls.iter().position(|made| made == call).expect(call);
    assert!(position("delete secret.ca") > position("update lambda_function.signer"), "{calls:?}");
}
