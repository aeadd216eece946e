//! What must be neither deleted nor replaced.

use super::*;

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
