//! Plans for small situations, as the user sees them.

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

#[test]
fn a_retention_changed_by_hand_is_drift() {
    check_drift(
        "log_group",
        |object| object.spec["retention_days"] = json!(1),
        &expect![[r#"
        Plan for demo 

        ~ log_group.signer  drift: it was changed outside of deployer
            retention_days  1 → 30  (drift)

        Summary: 1 to change, 5 unchanged
    "#]],
    );
}

#[test]
fn a_widened_policy_is_drift() {
    check_drift(
        "iam_role",
        |object| object.spec["allow"]["Statement"][1]["Resource"] = json!(["*"]),
        &expect![[r#"
            Plan for demo 

            ~ iam_role.signer  drift: it was changed outside of deployer
                allow  (drift)
                      on arn:aws:log_group:/demo:*
                    Allow secretsmanager:GetSecretValue
                  -   on *
                  +   on arn:aws:secret:demo/ca
                  loses secretsmanager:GetSecretValue on *

            Summary: 1 to change, 5 unchanged
        "#]],
    );
}

#[test]
fn a_foreign_trust_is_drift() {
    check_drift(
        "iam_role",
        |object| {
            object.spec["trust"]["Statement"][0]["Principal"] =
                json!({"AWS": ["arn:aws:iam::222222222222:root"]});
        },
        &expect![[r#"
            Plan for demo 

            ~ iam_role.signer  drift: it was changed outside of deployer
                trust  (drift)
                    Allow sts:AssumeRole
                  -   for AWS 222222222222
                  +   for Service lambda.amazonaws.com
                  gains sts:AssumeRole for Service lambda.amazonaws.com
                  loses sts:AssumeRole for AWS 222222222222

            Summary: 1 to change, 5 unchanged
        "#]],
    );
}

#[test]
fn an_open_route_is_drift() {
    check_drift(
        "http_route",
        |object| object.spec["authorization"] = json!("NONE"),
        &expect![[r#"
            Plan for demo 

            ~ http_route.issue_cert  drift: it was changed outside of deployer
            !!  PUBLIC: anybody can call POST /issue-cert of the API id-1
                authorization  "NONE" → "AWS_IAM"  (drift)

            Summary: 1 to change, 5 unchanged
        "#]],
    );
}

#[test]
fn a_lost_permission_is_drift() {
    check_drift(
        "http_route",
        |object| object.spec["invoke_from"] = json!(null),
        &expect![[r#"
        Plan for demo 

        ~ http_route.issue_cert  drift: it was changed outside of deployer
            invoke_from  (none) → "$default/POST/issue-cert"  (drift)

        Summary: 1 to change, 5 unchanged
    "#]],
    );
}

#[test]
fn a_lost_ownership_tag_is_drift() {
    check_drift(
        "log_group",
        |object| {
            object.spec["tags"] =
                json!({"deployer:stack": "demo", "deployer:address": "log_group.signer", "x": "y"});
        },
        &expect!["No changes. 6 resources are as declared. "],
    );
}

#[test]
fn tags_of_others_are_left_alone() {
    let cloud = deployed(ONE);
    cloud.tamper("log_group", |object| object.spec["tags"]["cost-center"] = json!("42"));
    assert!(ui::is_empty(&cloud.plan(ONE).expect("a plan")));
}

#[test]
fn drift_and_change_are_told_apart_field_by_field() {
    let cloud = deployed(STACK);
    cloud.tamper("lambda_function", |object| object.spec["memory_mb"] = json!(512));
    let edited = STACK.replace(
        "    log_group: ${log_group.signer.name}\n",
        "    log_group: ${log_group.signer.name}\n    timeout_seconds: 9\n",
    );
    check(
        &cloud,
        &edited,
        &expect![[r#"
        Plan for demo 

        ~ lambda_function.signer  stack.yaml changed; drift: it was changed outside of deployer
            memory_mb        512 → 128  (drift)
            timeout_seconds  3 → 9

        Summary: 1 to change, 5 unchanged
    "#]],
    );
}

#[test]
fn what_was_deleted_by_hand_is_made_again() {
    let cloud = deployed(STACK);
    cloud.remove("iam_role");
    check(
        &cloud,
        STACK,
        &expect![[r#"
            Plan for demo 

            ── 1 to create

            + iam_role.signer  drift: it was deleted outside of deployer
                allow
                  + Allow logs:CreateLogStream
                  + Allow logs:PutLogEvents
                  +   on arn:aws:log_group:/demo:*
                  + Allow secretsmanager:GetSecretValue
                  +   on arn:aws:secret:demo/ca
                name   "demo-signer"
                trust
                  + Allow sts:AssumeRole
                  +   for Service lambda.amazonaws.com

            ── 1 to change

            ~ lambda_function.signer  something that it refers to is made anew
                role  "arn:aws:iam_role:demo-signer" → (known after apply)

            Summary: 1 to create, 1 to change, 4 unchanged
        "#]],
    );
}

#[test]
fn a_change_that_was_also_made_by_hand_needs_nothing() {
    let cloud = deployed(ONE);
    cloud.tamper("log_group", |object| object.spec["retention_days"] = json!(7));
    assert!(ui::is_empty(&cloud.plan(&ONE.replace("30", "7")).expect("a plan")));
}

#[test]
fn a_lost_state_is_rebuilt_in_silence() {
    let cloud = deployed(STACK);
    cloud.lose_state();
    assert!(ui::is_empty(&cloud.plan(STACK).expect("a plan")));
    assert_eq!(cloud.apply(STACK), Vec::<String>::new());
    assert_eq!(cloud.store("demo").state.resources.len(), 6);
}

#[test]
fn a_lost_state_does_not_stop_destroy() {
    let cloud = deployed(STACK);
    cloud.lose_state();
    // The route goes along with its API and its function.
    assert_eq!(cloud.destroy(STACK).len(), 5);
    assert!(cloud.objects.borrow().is_empty());
}

#[test]
fn ours_by_tag_but_different_is_brought_in_line() {
    let cloud = deployed(ONE);
    cloud.lose_state();
    check(
        &cloud,
        &ONE.replace("30", "7"),
        &expect![[r#"
        Plan for demo 

        ~ log_group.a  it is ours by tag, and differs from stack.yaml
            retention_days  30 → 7

        Summary: 1 to change
    "#]],
    );
}

#[test]
fn an_object_of_another_stack_is_refused_with_the_way_to_adopt_it() {
    let cloud = deployed(&ONE.replace("stack: demo", "stack: other"));
    cloud.lose_state();
    let error = cloud.plan(ONE).expect_err("it is another's");
    expect![[r#"
        log_group.a exists already and is not this stack's: arn:aws:log_group:/a
        its tags say that it is log_group.a of the stack `other`
        to adopt it, add `--adopt log_group.a`; otherwise choose another name"#]]
    .assert_eq(&format!("{error}\n{}\n{}", error.causes.join("\n"), error.hints.join("\n")));
}

#[test]
fn an_object_without_tags_is_refused() {
    let cloud = deployed(ROLE);
    cloud.lose_state();
    cloud.tamper("iam_role", |object| object.spec["tags"] = json!({}));
    let error = cloud.plan(ROLE).expect_err("nobody knows whose it is");
    assert!(error.causes[0].contains("no ownership tags"), "{error:?}");
}

/// A role of somebody else, under the name that ours is to have.
const ROLE: &str = "stack: demo\nresources:\n  iam_role.a: { name: a }\n";

#[test]
fn what_is_adopted_gets_our_tags_and_whatever_differs() {
    let cloud = deployed(&ROLE.replace("stack: demo", "stack: other"));
    cloud.lose_state();
    cloud.plan(ROLE).expect_err("it is another's");
    let ours = ROLE.replace("name: a }", "name: a, description: Ours }");
    let plan = cloud.plan_adopting(&ours, &["iam_role.a"]).expect("a plan");
    expect![[r#"
        Plan for demo 

        ~ iam_role.a  adopted: it was not this stack's
            description          "" → "Ours"
            tags.deployer:stack  "other" → "demo"

        Summary: 1 to change
    "#]]
    .assert_eq(&ui::plain(&plan));
    cloud.carry_out(&plan);
    assert!(ui::is_empty(&cloud.plan(&ours).expect("a plan")));
}

#[test]
fn only_what_is_declared_and_found_by_name_can_be_adopted() {
    let refusals: Vec<_> =
        ["log_group.singer", "secret.other_thing", "http_api.issuer", "http_route.issue_cert"]
            .map(|address| FakeCloud::new().plan_adopting(STACK, &[address]))
            .map(|plan| ui::plain_error(&plan.expect_err("it cannot be adopted")))
            .into();
    expect![[r#"
        error: stack.yaml does not declare log_group.singer
          hint: did you mean log_group.signer?
        error: stack.yaml does not declare secret.other_thing
          hint: there are http_api.issuer, http_route.issue_cert, iam_role.signer, lambda_function.signer, log_group.signer, secret.ca
        error: http_api.issuer cannot be adopted by its name
          because: names of APIs are not unique, so an API is found by its ownership tags
          hint: tag it with deployer:stack=demo and deployer:address=http_api.issuer instead
        error: http_route.issue_cert cannot be adopted by its name
          because: a route is its API's: there is nothing to adopt but the API
    "#]].assert_eq(&refusals.concat());
}

#[test]
fn a_log_group_without_any_tags_is_adopted_without_asking() {
    let cloud = FakeCloud::new();
    revive(&cloud);
    check(
        &cloud,
        ONE,
        &expect![[r#"
        Plan for demo 

        ~ log_group.a  adopted: it has no tags at all, as what AWS makes by itself
            retention_days         (none) → 30
            tags.deployer:address  (none) → "log_group.a"
            tags.deployer:stack    (none) → "demo"

        Summary: 1 to change
    "#]],
    );
    cloud.tamper("log_group", |object| object.spec["tags"]["team"] = json!("theirs"));
    cloud.plan(ONE).expect_err("somebody has made it");
}

#[test]
fn several_foreign_objects_are_refused_in_one_go() {
    let cloud = deployed(&STACK.replace("stack: demo", "stack: other"));
    cloud.lose_state();
    let error = cloud.plan(STACK).expect_err("they are another's");
    assert_eq!(error.causes.len(), 5, "{error:?}");
}

#[test]
fn an_object_of_another_stack_is_never_deleted() {
    let cloud = deployed(ONE);
    cloud.tamper("log_group", |object| object.spec["tags"]["deployer:stack"] = json!("other"));
    assert_eq!(cloud.destroy(ONE), Vec::<String>::new());
    assert_eq!(cloud.objects.borrow().len(), 1);
}

#[test]
fn an_address_that_is_renamed_together_with_its_tag_keeps_its_object() {
    let cloud = deployed(ONE);
    let renamed = ONE.replace("log_group.a", "log_group.b");
    let error = cloud.plan(&renamed).expect_err("its tag still names the old address");
    assert!(error.hints[0].contains("--adopt log_group.b"), "{error:?}");
    cloud.tamper("log_group", |object| {
        object.spec["tags"]["deployer:address"] = json!("log_group.b");
    });
    assert_eq!(cloud.apply(&renamed), Vec::<String>::new());
    assert_eq!(cloud.objects.borrow().len(), 1);
    let addresses: Vec<_> = cloud.store("demo").state.resources.into_keys().collect();
    assert_eq!(addresses, ["log_group.b".parse().expect("an address")]);
}

#[test]
fn a_route_that_is_renamed_is_not_deleted() {
    let cloud = deployed(STACK);
    let renamed = STACK.replace("http_route.issue_cert", "http_route.issue");
    assert_eq!(cloud.apply(&renamed), Vec::<String>::new());
    assert_eq!(cloud.objects.borrow().len(), 6);
}

#[test]
fn what_an_interrupted_delete_may_have_left_is_deleted_again() {
    let cloud = deployed(STACK);
    let (rest, _) = STACK.split_once("  http_route.").expect("a route at the end");
    // The route is gone, but the run ended before all that belongs to it was.
    cloud.fail_at.set(Some(cloud.calls.borrow().len() + 1));
    cloud.lose_answer.set(true);
    let _ = cloud.carry_out(&cloud.plan(rest).expect("a plan"));
    cloud.fail_at.set(None);
    let plan = cloud.plan(rest).expect("a plan");
    let route = plan.changes.iter().find(|change| change.address.kind == "http_route");
    let route = route.expect("the route is still in the plan");
    assert_eq!((route.action, &route.reasons[..]), (Action::Delete, &[Reason::Unfinished][..]));
}

/// A log group that must not be lost.
const PROTECTED: &str =
    "stack: demo\nresources:\n  log_group.a:\n    name: /a\n    protect: true\n";

fn check_refusal(plan: Result<Plan>, expect: &Expect) {
    expect.assert_eq(&ui::plain_error(&plan.expect_err("it is protected")));
}

#[test]
fn what_is_protected_is_not_destroyed() {
    let cloud = deployed(PROTECTED);
    check_refusal(
        cloud.plan_destroy(PROTECTED),
        &expect![[r#"
        error: log_group.a is protected, and would be deleted

         --> stack.yaml:5:5
        5 |     protect: true
          |     ^ this protects log_group.a, which would be deleted

          hint: if it is to go: set `protect: false`, apply, then do this again
          hint: nothing was changed
    "#]],
    );
    // Neither AWS nor the state need the other to remember.
    cloud.tamper("log_group", |object| {
        object.spec["tags"].as_object_mut().expect("tags").remove("deployer:protected");
    });
    cloud.plan_destroy(PROTECTED).expect_err("the state remembers");
    cloud.apply(PROTECTED);
    cloud.lose_state();
    cloud.plan_destroy(PROTECTED).expect_err("its tag says so");
}

#[test]
fn what_is_protected_outlives_its_entry() {
    let cloud = deployed(PROTECTED);
    check_refusal(
        cloud.plan("stack: demo\nresources: {}\n"),
        &expect![[r#"
        error: log_group.a is protected, and would be deleted
          because: log_group.a is not declared any more
          hint: if it is to go: declare it again with `protect: false`, apply, then do this again
          hint: nothing was changed
    "#]],
    );
}

#[test]
fn what_is_protected_is_not_replaced() {
    let cloud = deployed(PROTECTED);
    check_refusal(
        cloud.plan(&PROTECTED.replace("/a", "/b")),
        &expect![[r#"
        error: log_group.a is protected, and would be replaced

         --> stack.yaml:5:5
        5 |     protect: true
          |     ^ this protects log_group.a, which would be replaced

          hint: if it is to go: apply with nothing changed but `protect: false`, then do this again
          hint: nothing was changed
    "#]],
    );
    check_refusal(
        cloud.plan(&PROTECTED.replace("/a", "/b").replace("true", "false")),
        &expect![[r#"
            error: log_group.a is protected, and would be replaced

             --> stack.yaml:5:5
            5 |     protect: false
              |     ^ log_group.a would be replaced, and no apply has lifted its protection yet

              hint: if it is to go: apply with nothing changed but `protect: false`, then do this again
              hint: nothing was changed
        "#]],
    );
}

#[test]
fn all_that_is_protected_is_named_in_one_error() {
    let twice = "stack: demo\nresources:\n  log_group.a: { name: /a, protect: true }\n  \
                 log_group.b: { name: /b, protect: true }\n";
    let cloud = deployed(twice);
    check_refusal(
        cloud.plan_destroy(twice),
        &expect![[r#"
        error: 2 objects are protected, and would be deleted or replaced

         --> stack.yaml:3:28
        3 |   log_group.a: { name: /a, protect: true }
          |                            ^ this protects log_group.a, which would be deleted

         --> stack.yaml:4:28
        4 |   log_group.b: { name: /b, protect: true }
          |                            ^ this protects log_group.b, which would be deleted

          hint: if it is to go: set `protect: false`, apply, then do this again
          hint: nothing was changed
    "#]],
    );
}

#[test]
fn lifting_a_protection_is_a_change_of_its_own() {
    let cloud = deployed(PROTECTED);
    let lifted = PROTECTED.replace("    protect: true\n", "");
    check_refusal(
        cloud.plan_destroy(&lifted),
        &expect![[r#"
        error: log_group.a is protected, and would be deleted

         --> stack.yaml:3:3
        3 |   log_group.a:
          |   ^ log_group.a would be deleted, and no apply has lifted its protection yet

          hint: if it is to go: apply, then do this again
          hint: nothing was changed
    "#]],
    );
    // Also when nobody remembers that it was set.
    cloud.lose_state();
    check(
        &cloud,
        &lifted,
        &expect![[r#"
        Plan for demo 

        ~ log_group.a  it is ours by tag, and differs from stack.yaml
            tags.deployer:protected  "true" → (none)

        Summary: 1 to change
    "#]],
    );
    cloud.apply(&lifted);
    assert_eq!(cloud.destroy(&lifted), ["delete log_group.a"]);
}

#[test]
fn a_route_is_protected_by_its_api() {
    let text = STACK.replace("    route: POST", "    protect: true\n    route: POST");
    check_refusal(
        FakeCloud::new().plan(&text),
        &expect![[r#"
        error: stack.yaml has 1 mistake

          --> stack.yaml:20:5
        20 |     protect: true
           |     ^ protection is kept in tags, and this has none: protect its API instead

          hint: nothing was read from or changed in AWS
    "#]],
    );
}

#[test]
fn destroy_goes_from_the_users_to_the_used() {
    let cloud = deployed(STACK);
    expect![[r#"
        Plan for demo 

        - lambda_function.signer  the whole stack is destroyed

        - http_api.issuer  the whole stack is destroyed

        - http_route.issue_cert  the whole stack is destroyed

        - iam_role.signer  the whole stack is destroyed

        - log_group.signer  the whole stack is destroyed

        - secret.ca  the whole stack is destroyed

        Summary: 6 to delete
    "#]]
    .assert_eq(&ui::plain(&cloud.plan_destroy(STACK).expect("a plan")));
    assert_eq!(cloud.destroy(STACK).len(), 5, "the route goes along");
    assert!(cloud.objects.borrow().is_empty());
    let state = cloud.store("demo").state;
    assert!(state.resources.values().all(|entry| entry.phase == Phase::Deleted), "{state:?}");
    assert_eq!(cloud.destroy(STACK), Vec::<String>::new());
    assert!(cloud.store("demo").state.resources.is_empty(), "what stayed away is forgotten");
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
fn what_comes_back_after_its_delete_is_deleted_again() {
    let cloud = deployed(ONE);
    cloud.destroy(ONE);
    revive(&cloud);
    expect![[r#"
        Plan for demo 

        - log_group.a  it was deleted, and is there again

        Summary: 1 to delete
    "#]]
    .assert_eq(&ui::plain(&cloud.plan_destroy(ONE).expect("a plan")));
    let nothing = "stack: demo\nresources: {}\n";
    assert_eq!(cloud.apply(nothing), ["delete log_group.a"]);

    // What carries somebody's tags has nothing to do with what we have deleted.
    revive(&cloud);
    cloud.tamper("log_group", |object| object.spec["tags"]["team"] = json!("theirs"));
    assert_eq!(cloud.apply(nothing), Vec::<String>::new());
    assert!(cloud.store("demo").state.resources.is_empty(), "and is forgotten");
    assert_eq!(cloud.objects.borrow().len(), 1);
}

#[test]
fn what_was_deleted_is_made_again_as_if_it_were_new() {
    let cloud = deployed(ONE);
    cloud.destroy(ONE);
    check(
        &cloud,
        ONE,
        &expect![[r#"
            Plan for demo 

            + log_group.a  new in stack.yaml
                name            "/a"
                retention_days  30

            Summary: 1 to create
        "#]],
    );
    assert_eq!(cloud.apply(ONE), ["create log_group.a"]);
    cloud.destroy(ONE);
    revive(&cloud);
    check(
        &cloud,
        ONE,
        &expect![[r#"
        Plan for demo 

        ~ log_group.a  adopted: it has no tags at all, as what AWS makes by itself
            retention_days         (none) → 30
            tags.deployer:address  (none) → "log_group.a"
            tags.deployer:stack    (none) → "demo"

        Summary: 1 to change
    "#]],
    );
    cloud.apply(ONE);
    assert!(ui::is_empty(&cloud.plan(ONE).expect("a plan")));
}

#[test]
fn a_destroy_tells_what_is_left() {
    let cloud = deployed(STACK);
    cloud.tamper("iam_role", |object| object.spec["tags"]["deployer:stack"] = json!("other"));
    let stack = crate::stack::Stack::parse(STACK, "stack.yaml", ".".into()).expect("a stack");
    let desired = crate::desired::nothing(&stack);
    let mut observed = Observed::new();
    let secret = Recovery {
        what: "the secret demo/ca".to_owned(),
        until: "2026-05-08T00:00:00Z".to_owned(),
        purge: "aws secretsmanager delete-secret".to_owned(),
    };
    let mut state = cloud.store("demo").state;
    for (address, entry) in &mut state.resources {
        entry.phase = Phase::Deleted;
        observed.insert(address.clone(), Reading::Absent);
    }
    let objects = cloud.objects.borrow();
    let role = objects.values().find(|object| object.spec["trust"].is_object());
    let role = role.cloned().expect("a role");
    observed.insert("iam_role.signer".parse().expect("an address"), Reading::Present(role));
    observed.insert("secret.ca".parse().expect("an address"), Reading::Recoverable(secret));
    expect![[r#"
        ✓ 4 objects are gone
        ! secret.ca: AWS keeps the secret demo/ca until 2026-05-08T00:00:00Z
            to bring it back until then: deployer apply
            to be rid of it at once: aws secretsmanager delete-secret
        - iam_role.signer was left alone: its tags say that it is iam_role.signer of the stack `other`
    "#]].assert_eq(&ui::plain_residue(&Residue::of(&desired, &observed, &state)));
}

#[test]
fn destroying_nothing_is_fine() {
    let cloud = FakeCloud::new();
    expect!["No changes. There is nothing. "]
        .assert_eq(&ui::plain(&cloud.plan_destroy(STACK).expect("a plan")));
}

#[test]
fn only_a_recoverable_secret_is_restored() {
    let stack = crate::stack::Stack::parse(STACK, "stack.yaml", ".".into()).expect("a stack");
    let kept = Recovery {
        what: "the secret demo/ca".to_owned(),
        until: "2026-05-08T00:00:00Z".to_owned(),
        purge: "aws delete-secret".to_owned(),
    };
    let observed =
        Observed::from([("secret.ca".parse().expect("an address"), Reading::Recoverable(kept))]);
    let mut desired = crate::cloud::fake::gather(&stack);
    desired.resources.retain(|address, _| address.kind == "secret");
    let plan = plan(&desired, &observed, &State::empty("demo")).expect("a plan");
    expect![[r#"
        Plan for demo 

        ^ secret.ca  AWS has it scheduled for deletion on 2026-05-08T00:00:00Z
            name                  "demo/ca"
            recovery_window_days  30
            value_sha256          "sha256 of \"ca.json\""

        Summary: 1 to restore
    "#]]
    .assert_eq(&ui::plain(&plan));
}

/// What a plan to destroy does with the route: whether it needs no call of its own.
fn route_goes_along(stack: &str) -> bool {
    let plan = deployed(stack).plan_destroy(stack).expect("a plan");
    let route = plan.changes.iter().find(|change| change.address.kind == "http_route");
    route.expect("a route").goes_along
}

#[test]
fn a_route_goes_along_only_with_all_that_it_lives_in() {
    assert!(route_goes_along(STACK));
    // The permission of a function that is not ours to delete must be taken back.
    let elsewhere = "arn:aws:lambda:eu-west-1:111111111111:function:other";
    assert!(!route_goes_along(&STACK.replace("${lambda_function.signer.arn}", elsewhere)));
    // What needs the API goes before it, and what the API needs after it.
    let after = STACK.replace(
        "{ name: demo }",
        "{ name: demo, description: \"${lambda_function.signer.name}\" }",
    );
    assert!(!route_goes_along(&after));
    let before =
        STACK.replace("CA_SECRET_ARN: ", "API: \"${http_api.issuer.id}\", CA_SECRET_ARN: ");
    assert!(route_goes_along(&before));
}
