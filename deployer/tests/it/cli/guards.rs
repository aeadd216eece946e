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

              hint: nothing was read from or changed in AWS
              hint: use credentials for 123456789012, for example with AWS_PROFILE
        "#]]
        .assert_eq(&snapshot(&world, &mut command));
    }
    assert!(!world.path("state").exists());

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
    expect![[r#""#]].assert_eq(&[refused, unknown, adopted].concat());
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
    expect![[r#""#]].assert_eq(&shown(world, &world.run(&["--local", "destroy", "--yes"])));
    world.edit("    protect: true\n", "");
    world.succeed(&["--local", "apply", "--yes"]);
}

fn destroyed(world: &World) {
    let run = world.succeed(&["--local", "destroy", "--yes"]);
    let (_, report) = run.stderr.split_once("calls to AWS").expect("a summary");
    expect![[r#""#]].assert_eq(report);
}

fn came_back(world: &World) {
    let run = world.succeed(&["--local", "destroy", "--yes"]);
    expect![[r#""#]].assert_eq(&shown(world, &run));
}
