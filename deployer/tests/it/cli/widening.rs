//! What widens permissions is refused unless it is meant; what takes them back never is.

use expect_test::expect;
use percent_encoding::percent_decode_str;

use super::{shown, world_of};
use crate::support::World;

const STACK: &str = r#"
stack: wide
region: us-east-1
resources:
  log_group.a: { name: /wide/a, retention_days: 7 }
  iam_role.a:
    name: wide
    allow:
      - actions: logs:PutLogEvents
        on: ${log_group.a.arn}:*
"#;

/// The role's inline policy as AWS holds it.
async fn allowed(world: &World) -> String {
    let get = world.root().await.iam.get_role_policy().role_name("wide").policy_name("deployer");
    let document = get.send().await.expect("the policy").policy_document;
    percent_decode_str(&document).decode_utf8_lossy().into_owned()
}

#[tokio::test]
async fn what_widens_is_refused_unless_meant_and_what_narrows_is_not() {
    let world = world_of(STACK);
    world.succeed(&["local", "start"]);
    refused_at_first(&world).await;
    refused_later(&world).await;
    reviewed(&world).await;
    mended(&world).await;
    world.succeed(&["--local", "destroy", "--yes"]);
}

async fn refused_at_first(world: &World) {
    world.edit("logs:PutLogEvents", "logs:*");
    let refused = world.fail(&["--local", "apply", "--yes"]);
    assert!(refused.stderr.contains("stack.yaml:9:18"), "{}", refused.stderr);
    let role = world.root().await.iam.get_role().role_name("wide").send().await;
    assert!(role.is_err(), "no role is made");
    world.edit("logs:*", "logs:PutLogEvents");
    world.succeed(&["--local", "apply", "--yes"]);
}

async fn refused_later(world: &World) {
    world.edit("${log_group.a.arn}:*", "\"*\"");
    world.edit("retention_days: 7", "retention_days: 14");
    let before = allowed(world).await;
    let plan = world.run(&["--local", "plan", "--detailed-exitcode"]);
    assert_eq!(plan.status, 2, "a plan is only shown: {}", plan.stderr);
    expect![[r#"
        status 1
        --- stdout
        Plan for wide (the local AWS, account 000000000000, us-east-1)

        ~ iam_role.a  stack.yaml changed
            allow
                Allow logs:PutLogEvents
              -   on arn:aws:logs:us-east-1:000000000000:log-group:/wide/a:*
              +   on *
              gains logs:PutLogEvents on *
        !!  widens what is allowed: logs:PutLogEvents on * (every resource)

        ~ log_group.a  stack.yaml changed
            retention_days  7 → 14

        Summary: 2 to change
        It widens what is allowed: apply needs --allow-widening.
        --- stderr
        error: this widens what is allowed

          --> stack.yaml:10:13
        10 |         on: "*"
           |             ^ allow of iam_role.a gives logs:PutLogEvents on *: every resource

          hint: nothing was changed; if that is meant, add --allow-widening
    "#]]
    .assert_eq(&shown(world, &world.run(&["--local", "apply", "--yes"])));
    assert_eq!(allowed(world).await, before);
    let groups = world.root().await.logs.describe_log_groups().send().await.expect("log groups");
    assert_eq!(groups.log_groups()[0].retention_in_days(), Some(7), "nothing at all is changed");
}

async fn reviewed(world: &World) {
    let saved = world.succeed(&["--local", "plan", "--out", "plan.json"]);
    let command = "`deployer --local apply plan.json --allow-widening`";
    assert!(saved.stderr.contains(command), "{}", saved.stderr);
    let refused = world.fail(&["--local", "apply", "plan.json"]);
    assert!(refused.stderr.contains("add --allow-widening"), "{}", refused.stderr);
    world.succeed(&["--local", "plan", "--out", "plan.json", "--allow-widening"]);
    world.succeed(&["--local", "apply", "plan.json"]);
    let policy = allowed(world).await;
    assert!(policy.contains(r#""Resource":["*"]"#), "{policy}");
    world.edit("\"*\"", "${log_group.a.arn}:*");
    world.succeed(&["--local", "apply", "--yes"]);
    world.edit("logs:PutLogEvents", "logs:*");
    world.succeed(&["--local", "apply", "--yes", "--allow-widening"]);
    let policy = allowed(world).await;
    assert!(policy.contains(r#""Action":["logs:*"]"#), "{policy}");
    world.edit("logs:*", "logs:PutLogEvents");
    world.succeed(&["--local", "apply", "--yes"]);
}

async fn mended(world: &World) {
    let before = allowed(world).await;
    let wide =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let put = world.root().await.iam.put_role_policy().role_name("wide").policy_name("deployer");
    put.policy_document(wide).send().await.expect("a wide policy");
    let run = world.succeed(&["--local", "apply", "--yes"]);
    assert!(run.stdout.contains("loses * on *\n"), "{}", run.stdout);
    assert_eq!(allowed(world).await, before);
}
