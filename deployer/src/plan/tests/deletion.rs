//! What is to go: in which order, what goes along, what comes back, and what AWS keeps.

use super::*;

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
