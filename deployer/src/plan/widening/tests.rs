//! What widens on a first apply, on a later one, and never.

use expect_test::{Expect, expect};
use serde_json::{Value, json};

use super::Widening;
use crate::address::Address;
use crate::cloud::fake::FakeCloud;
use crate::stack::Stack;
use crate::ui;

const STACK: &str = r#"
stack: demo
resources:
  log_group.l: { name: /a }
  iam_role.a:
    name: a
    allow:
      - actions: logs:PutLogEvents
        on: ${log_group.l.arn}:*
"#;

/// What apply says of the stack with a stretch of its text replaced, if it refuses it.
fn refusal(cloud: &FakeCloud, from: &str, to: &str) -> String {
    assert!(STACK.contains(from), "the edit must apply: {from}");
    let text = STACK.replace(from, to);
    let stack = Stack::parse(&text, "stack.yaml", ".".into()).expect("a stack");
    let plan = cloud.plan(&text).expect("a plan");
    let refused = plan.refuse_widening(|address, it| stack.locate(address, &it.field, &it.texts()));
    let text = refused.err().map_or_else(String::new, |error| ui::plain_error(&error));
    // Known or not, it is the same one.
    text.replace("${log_group.l.arn}", "[log group]").replace("arn:aws:log_group:/a", "[log group]")
}

fn deployed() -> FakeCloud {
    let cloud = FakeCloud::new();
    cloud.apply(STACK);
    cloud
}

fn check(cloud: &FakeCloud, from: &str, to: &str, expect: &Expect) {
    expect.assert_eq(&refusal(cloud, from, to));
}

#[test]
fn the_default_stack_does_not_widen() {
    let cloud = FakeCloud::new();
    let text = crate::stack::DEFAULT;
    let plan = cloud.plan(text).expect("a plan");
    assert!(plan.actions().any(|change| change.address.kind == "iam_role"));
    assert_eq!(plan.widenings().count(), 0);
}

#[test]
fn a_star_is_refused_on_create_and_on_update() {
    let every_action = expect![[r#"
        error: this widens what is allowed

         --> stack.yaml:8:18
        8 |       - actions: logs:*
          |                  ^ allow of iam_role.a gives logs:* on [log group]:*: every action

          hint: nothing was changed; if that is meant, add --allow-widening
    "#]];
    let every_resource = expect![[r#"
        error: this widens what is allowed

         --> stack.yaml:9:13
        9 |         on: "*"
          |             ^ allow of iam_role.a gives logs:PutLogEvents on *: every resource

          hint: nothing was changed; if that is meant, add --allow-widening
    "#]];
    for cloud in [FakeCloud::new(), deployed()] {
        check(&cloud, "logs:PutLogEvents", "logs:*", &every_action);
        check(&cloud, "${log_group.l.arn}:*", "\"*\"", &every_resource);
    }
    assert_eq!(refusal(&deployed(), "PutLogEvents", "CreateLogStream"), "");
}

#[test]
fn a_foreign_account_in_a_trust_policy_is_refused_where_it_is_named() {
    let trust = |account: &str| {
        format!(
            "name: a
    trust:
      Statement:
        - Effect: Allow
          Principal: {{ AWS: arn:aws:iam::{account}:root }}
          Action: sts:AssumeRole"
        )
    };
    assert_eq!(refusal(&FakeCloud::new(), "name: a", &trust("111111111111")), "");
    check(
        &deployed(),
        "name: a",
        &trust("222222222222"),
        &expect![[r#"
        error: this widens what is allowed

          --> stack.yaml:10:29
        10 |           Principal: { AWS: arn:aws:iam::222222222222:root }
           |                             ^ trust of iam_role.a gives sts:AssumeRole for AWS 222222222222: somebody outside of the account

          hint: nothing was changed; if that is meant, add --allow-widening
    "#]],
    );
}

#[test]
fn what_others_have_widened_is_mended_without_a_word() {
    let cloud = deployed();
    cloud.tamper("iam_role", |role| {
        role.spec["allow"]["Statement"][0]["Action"] = json!(["*"]);
        role.spec["trust"]["Statement"][0]["Principal"] = json!("*");
    });
    let plan = cloud.plan(STACK).expect("a plan");
    assert_eq!(plan.actions().count(), 1);
    assert_eq!(plan.widenings().count(), 0);
}

#[test]
fn destroying_never_widens() {
    let deny = "
      Statement:
        - { Effect: Deny, Action: iam:*, Resource: \"*\" }";
    let text = STACK.split("      - actions").next().expect("a stack").trim_end().to_owned() + deny;
    let cloud = FakeCloud::new();
    cloud.apply(&text);
    assert_eq!(cloud.plan_destroy(&text).expect("a plan").widenings().count(), 0);
}

#[test]
fn a_widening_is_shown_and_is_data() {
    let cloud = deployed();
    let text = STACK.replace("logs:PutLogEvents", "\"*\"");
    let plan = cloud.plan(&text).expect("a plan");
    expect![[r#"
        Plan for demo 

        ~ iam_role.a  stack.yaml changed
            allow
              - Allow logs:PutLogEvents
              + Allow *
                  on arn:aws:log_group:/a:*
              gains * on arn:aws:log_group:/a:*
        !!  widens what is allowed: * on arn:aws:log_group:/a:* (every action)

        Summary: 1 to change, 1 unchanged
        It widens what is allowed: apply needs --allow-widening.
    "#]]
    .assert_eq(&ui::plain(&plan));
    let document: Value = serde_json::to_value(&plan.changes).expect("data");
    let role = document.as_array().expect("changes").iter().find(|it| it["action"] == "update");
    assert_eq!(
        role.expect("the role")["widenings"],
        json!([{
            "field": "allow",
            "permission": { "action": "*", "resource": "arn:aws:log_group:/a:*" },
            "breadth": ["every_action"],
        }])
    );
}

#[test]
fn an_issuing_policy_that_grants_more_is_refused_and_one_that_grants_less_is_not() {
    let default = crate::stack::DEFAULT;
    let cloud = FakeCloud::new();
    cloud.apply(default);
    let refusal = |from: &str, to: &str| {
        assert!(default.contains(from), "the edit must apply: {from}");
        let text = default.replace(from, to);
        let stack = Stack::parse(&text, "stack.yaml", ".".into()).expect("a stack");
        let plan = cloud.plan(&text).expect("a plan");
        let place =
            |address: &Address, it: &Widening| stack.locate(address, &it.field, &it.texts());
        let refused = plan.refuse_widening(place).err();
        refused.map_or_else(String::new, |error| ui::plain_error(&error))
    };
    expect![[r#"
        error: this widens what is allowed

          --> stack.yaml:58:21
        58 |             - name: services
           |                     ^ files.policy.json.rules[0] of lambda_function.signer gives certificates by the rule `services`: more in names

          hint: nothing was changed; if that is meant, add --allow-widening
    "#]].assert_eq(&refusal("*.internal.example", "*.example"));
    let rule = "            - name: services\n";
    let new = "            - { name: guests, callers: [\"*\"], dns: [guest.example] }\n";
    expect![[r#"
        error: this widens what is allowed

          --> stack.yaml:58:23
        58 |             - { name: guests, callers: ["*"], dns: [guest.example] }
           |                       ^ files.policy.json.rules[0] of lambda_function.signer gives certificates by the rule `guests`: a new rule

          hint: nothing was changed; if that is meant, add --allow-widening
    "#]].assert_eq(&refusal(rule, &format!("{new}{rule}")));
    let within = default.split_once("      cargo: signer").expect("code").1;
    let within =
        format!("      cargo: signer{}", within.split_once("\n  http_api").expect("more").0);
    expect![[r#"
        error: this widens what is allowed

          --> stack.yaml:42:3
        42 |   lambda_function.signer:
           |   ^ files.policy.json of lambda_function.signer gives certificates by a policy that does not stand here: it cannot be compared with the one before

          hint: nothing was changed; if that is meant, add --allow-widening
    "#]].assert_eq(&refusal(&within, "      zip: signer.zip\n"));
    // Another function to which the route is led is measured against the one that is there.
    let other = |text: &str| text.replace("lambda_function.signer", "lambda_function.other");
    let moved = other(default).replace(
        "name: cert-issuer-signer\n    description: Issues",
        "name: other\n    description: Issues",
    );
    assert_ne!(moved, other(default));
    assert_eq!(refusal(default, &moved), "");
    let wider = refusal(default, &moved.replace("*.internal.example", "*.example"));
    assert!(wider.contains("certificates by the rule `services`: more in names"), "{wider}");
    // What is not remembered has granted nothing.
    assert_eq!(refusal("timeout_seconds: 10", "timeout_seconds: 9"), "");
    cloud.lose_state();
    assert_eq!(refusal("timeout_seconds: 10", "timeout_seconds: 9"), "");
    let forgotten = refusal("max: 24", "max: 12");
    assert!(forgotten.contains("what was granted before is not remembered"), "{forgotten}");
    cloud.apply(default);
    assert_eq!(refusal("*.internal.example", "*.a.internal.example"), "");
    assert_eq!(refusal("max: 24", "max: 12"), "");
}
