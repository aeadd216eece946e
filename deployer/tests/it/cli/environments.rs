//! Several environments of one stack: in one account, and never in each other's way.

use std::fs;

use expect_test::expect;

use super::{nowhere, shown, snapshot, world_of};
use crate::support::World;

const STACK: &str = "\
stack: logs
region: us-east-1
variables:
  days: { type: number, default: 7 }
  prefix: { description: What the names of log groups begin with }
resources:
  log_group.a:
    name: /${var.prefix}/a
    retention_days: ${var.days}
outputs:
  name: ${log_group.a.name}
";

fn world() -> World {
    let world = world_of(STACK);
    world.write("stack.dev.yaml", "variables: { prefix: dev }\n");
    world.write("stack.prod.yaml", "tags: { tier: gold }\nvariables: { prefix: prod, days: 30 }\n");
    world
}

/// The log groups and how many days they keep, as AWS has them.
async fn log_groups(world: &World) -> Vec<String> {
    let found = world.root().await.logs.describe_log_groups().send().await.expect("log groups");
    let line = |group: &aws_sdk_cloudwatchlogs::types::LogGroup| {
        let days = group.retention_in_days.unwrap_or_default();
        format!("{} {days}", group.log_group_name().unwrap_or_default())
    };
    found.log_groups().iter().map(line).collect()
}

#[tokio::test]
async fn environments_of_a_stack_stand_side_by_side() {
    let world = world();
    world.succeed(&["local", "start"]);
    world.succeed(&["--local", "--env", "dev", "apply", "--yes"]);
    let plan =
        world.succeed(&["--local", "--env", "prod", "plan", "--var", "days=90", "--out", "p"]);
    assert!(plan.stdout.starts_with("Plan for logs.prod (the local AWS"), "{}", plan.stdout);
    assert_eq!(log_groups(&world).await, ["/dev/a 7"]);

    // The plan has its environment and its values; others do not go with it.
    for other in [["--env", "dev"], ["--var", "days=60"]] {
        let run = world.fail(&["--local", "apply", "p", other[0], other[1]]);
        assert!(run.stderr.contains("does not go with the plan in p"), "{}", run.stderr);
    }
    world.succeed(&["--local", "apply", "p"]);
    assert_eq!(log_groups(&world).await, ["/dev/a 7", "/prod/a 90"]);
    let output =
        |environment| world.succeed(&["--local", "--env", environment, "output", "name"]).stdout;
    assert_eq!((output("dev").as_str(), output("prod").as_str()), ("/dev/a\n", "/prod/a\n"));
    let mut states: Vec<_> = fs::read_dir(world.path("state"))
        .expect("states")
        .filter_map(|file| file.expect("a file").file_name().into_string().ok())
        .filter(|name| !name.contains("lock"))
        .collect();
    states.sort();
    assert_eq!(states, ["logs.dev.local.json", "logs.prod.local.json"]);

    // By their tags, what one has made is another's, also under the same name and without a state.
    fs::remove_file(world.path("state/logs.dev.local.json")).expect("a state to lose");
    let taken = world.fail(&["--local", "--env", "dev", "plan", "--var", "prefix=prod"]);
    assert!(taken.stderr.contains("logs.prod"), "{}", taken.stderr);
    world.succeed(&["--local", "--env", "dev", "destroy", "--yes"]);
    assert_eq!(log_groups(&world).await, ["/prod/a 90"]);
}

#[test]
fn what_is_wrong_with_environments_and_values_tells_what_to_do() {
    let world = world();
    let run = |arguments: &[&str]| snapshot(&world, &mut nowhere(&world, arguments));
    let mut process = nowhere(&world, &["graph", "--env", "dev"]);
    let process = snapshot(&world, process.env("DEPLOYER_VAR_days", "8"));
    expect![[r#"
        status 1
        --- stderr
        error: stack.yaml has 1 mistake

         --> stack.yaml:5:3
        5 |   prefix: { description: What the names of log groups begin with }
          |   ^ `prefix` has no value: give it with --var prefix=…, DEPLOYER_VAR_prefix or the file of an environment, chosen with --env

          hint: nothing was read from or changed in AWS
        status 1
        --- stderr
        error: there is no environment `prd` of stack.yaml
          because: stack.prd.yaml does not exist
          hint: did you mean --env prod?
        status 1
        --- stderr
        error: there is no environment `staging` of stack.yaml
          because: stack.staging.yaml does not exist
          hint: there are `dev`, `prod`
        status 1
        --- stderr
        error: stack.yaml has 1 mistake

         --> stack.yaml:3:1
        3 | variables:
          | ^ --var dys is given: unknown variable `dys`; did you mean `days`?

          hint: nothing was read from or changed in AWS
        status 1
        --- stderr
        error: stack.yaml has 1 mistake

         --> stack.yaml:9:21
        9 |     retention_days: ${var.days}
          |                     ^ AWS offers 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 days; `days` is `8` by DEPLOYER_VAR_days

          hint: nothing was read from or changed in AWS
    "#]].assert_eq(
        &[
            run(&["plan"]),
            run(&["plan", "--env", "prd"]),
            run(&["plan", "--env", "staging"]),
            run(&["plan", "--env", "dev", "--var", "dys=7"]),
            process,
        ]
        .concat(),
    );
    let unnamed = world.run(&["plan", "--env", "local"]);
    assert!(shown(&world, &unnamed).contains("`local` means the local AWS"), "{unnamed:?}");
}
