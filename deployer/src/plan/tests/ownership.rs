//! What is whose: by tag, by name, by adoption, and without a state.

use super::*;

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
