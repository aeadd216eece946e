//! What somebody has changed by hand, and how it is told.

use super::*;

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
