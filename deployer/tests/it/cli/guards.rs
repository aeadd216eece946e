//! What keeps people from working in the wrong place, and from losing what must not be lost.

use aws_credential_types::Credentials;
use expect_test::expect;

use super::{SMALL, at, shown, snapshot, world_of};
use crate::support::{Run, World};

#[test]
fn a_stack_is_put_into_no_account_but_its_own() {
    let world = world_of(&format!("account: 123456789012\n{SMALL}"));
    world.succeed(&["local", "start"]);
    let instance = world.instance();
    // To the local AWS, a key id of twelve digits is the root of that account.
    let other = Credentials::new("111111111111", "any", None, None, "test");
    for command in [&["plan"][..], &["apply", "--yes"], &["destroy", "--yes"]] {
        let mut command = at(&world, &instance.endpoint, &other, command);
        expect![[r#"
            status 1
            --- stderr
            error: the stack `small` is for account 123456789012, and the credentials are for account 111111111111

             --> stack.yaml:1:10
            1 | account: 123456789012
              |          ^ no other account is meant

              hint: nothing was changed in AWS
              hint: use credentials for 123456789012, for example with AWS_PROFILE
        "#]]
        .assert_eq(&snapshot(&world, &mut command));
    }
    assert!(!world.path("state/small.json").exists());
    // Somebody who may not even look is told the same.
    let plan = Run::of(&mut at(&world, &instance.endpoint, &instance.client, &["plan"]));
    let account = "the credentials are for account 000000000000";
    assert!(plan.stderr.contains(account), "{}", shown(&world, &plan));

    world.edit("123456789012", "\"111111111111\"");
    let plan = Run::of(&mut at(&world, &instance.endpoint, &other, &["plan"]));
    assert!(plan.stdout.contains("2 to create"), "{}", shown(&world, &plan));
    // The local AWS is never the wrong account.
    world.succeed(&["--local", "plan"]);
}

#[tokio::test]
async fn what_is_protected_is_adopted_or_comes_back_is_told() {
    let world = world_of(SMALL);
    world.succeed(&["local", "start"]);
    let root = world.root().await;
    let create = |name: &str| root.logs.create_log_group().log_group_name(name);
    create("/small/a").tags("team", "theirs").send().await.expect("a log group of somebody else");
    create("/small/b").send().await.expect("a log group as Lambda makes it");
    adopted(&world);
    protected(&world);
    destroyed(&world);

    // A late write brings one of them back: the state remembers to look once more.
    create("/small/b").send().await.expect("a log group as Lambda makes it");
    create("/small/a").tags("team", "theirs").send().await.expect("a log group of somebody else");
    came_back(&world);
    let left = root.logs.describe_log_groups().send().await.expect("log groups");
    let left: Vec<_> =
        left.log_groups().iter().filter_map(|group| group.log_group_name()).collect();
    assert_eq!(left, ["/small/a"]);
    world.edit("/small/a", "/small/c");
    let idle = world.succeed(&["--local", "destroy", "--yes"]);
    assert!(idle.stdout.starts_with("No changes. There is nothing."), "{}", idle.stdout);
}

fn adopted(world: &World) {
    let refused = shown(world, &world.run(&["--local", "plan"]));
    let unknown = shown(world, &world.run(&["--local", "plan", "--adopt", "log_group.aa"]));
    let adopted = shown(world, &world.run(&["--local", "plan", "--adopt", "log_group.a"]));
    expect![[r#"
        status 1
        --- stderr
        error: log_group.a exists already and is not this stack's: arn:aws:logs:us-east-1:000000000000:log-group:/small/a
          because: it carries no ownership tags
          hint: to adopt it, add `--adopt log_group.a`; otherwise choose another name
        status 1
        --- stderr
        error: stack.yaml does not declare log_group.aa
          hint: did you mean log_group.a?
        status 0
        --- stdout
        Plan for small (the local AWS, account 000000000000, us-east-1)

        ~ log_group.a  adopted: it was not this stack's
            retention_days         (none) → 7
            tags.deployer:address  (none) → "log_group.a"
            tags.deployer:stack    (none) → "small"

        ~ log_group.b  adopted: it has no tags at all, as what AWS makes by itself
            tags.deployer:address  (none) → "log_group.b"
            tags.deployer:stack    (none) → "small"

        Summary: 2 to change
    "#]].assert_eq(&[refused, unknown, adopted].concat());
    world.succeed(&["--local", "apply", "--yes", "--adopt", "log_group.a"]);
    let idle = world.succeed(&["--local", "plan"]);
    assert!(idle.stdout.starts_with("No changes."), "{}", idle.stdout);
}

fn protected(world: &World) {
    world.edit("  log_group.b:\n", "  log_group.b:\n    protect: true\n");
    let marked = world.succeed(&["--local", "apply", "--yes"]);
    assert!(
        marked.stdout.contains(r#"tags.deployer:protected  (none) → "true""#),
        "{}",
        marked.stdout
    );
    expect![[r#"
        status 1
        --- stderr
        error: log_group.b is protected, and would be deleted

         --> stack.yaml:8:5
        8 |     protect: true
          |     ^ this protects log_group.b, which would be deleted

          hint: if it is to go: set `protect: false`, apply, then do this again
          hint: nothing was changed
    "#]]
    .assert_eq(&shown(world, &world.run(&["--local", "destroy", "--yes"])));
    world.edit("    protect: true\n", "");
    world.succeed(&["--local", "apply", "--yes"]);
}

fn destroyed(world: &World) {
    let run = world.succeed(&["--local", "destroy", "--yes"]);
    let (_, report) = run.stderr.split_once("calls to AWS").expect("a summary");
    expect![[r#"
        , those of the plan included

        What is left
        ✓ 2 objects are gone, and nothing is left
    "#]]
    .assert_eq(report);
}

fn came_back(world: &World) {
    let run = world.succeed(&["--local", "destroy", "--yes"]);
    expect![[r#"
        status 0
        --- stdout
        Plan for small (the local AWS, account 000000000000, us-east-1)

        - log_group.b  it was deleted, and is there again

        Summary: 1 to delete
        --- stderr
          log_group.b deleting …
        ✓ log_group.b deleted ([seconds] s)

        Done: 1 deleted
        in [seconds] s; 6 calls to AWS, those of the plan included

        What is left
        ✓ 1 object is gone
        - log_group.a was left alone: it carries no ownership tags
    "#]]
    .assert_eq(&shown(world, &run));
}
