//! Saved plans: carried out as they were reviewed, or refused with what has moved.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use expect_test::expect;

use super::{SMALL, nowhere, shown, snapshot, world_of};
use crate::support::{Run, World};

#[tokio::test]
async fn a_saved_plan_is_carried_out_once_and_only_where_it_belongs() {
    let world = world_of(SMALL);
    world.succeed(&["local", "start"]);
    saved(&world);
    refused_elsewhere(&world);
    carried_out_once(&world);
    refused_when_aws_has_moved(&world).await;
    destroyed(&world);
}

/// What a run that must be refused says; nothing may have changed.
fn refused(world: &World, arguments: &[&str]) -> String {
    let before = fs::read(world.path("state/small.local.json")).ok();
    let run = world.fail(arguments);
    assert_eq!(fs::read(world.path("state/small.local.json")).ok(), before);
    shown(world, &run)
}

fn saved(world: &World) {
    let run = world.succeed(&["--local", "plan", "--out", "plan.json"]);
    assert!(run.stdout.contains("Summary: 2 to create\n"), "{}", run.stdout);
    expect![[r#"
        saved: `deployer --local apply plan.json` carries out exactly this plan
    "#]]
    .assert_eq(&run.stderr);
    let mode = fs::metadata(world.path("plan.json")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!world.path("state/small.local.json").exists(), "a plan writes no state");
}

fn refused_elsewhere(world: &World) {
    let for_aws = snapshot(world, &mut nowhere(world, &["apply", "plan.json"]));
    world.edit("retention_days: 7", "retention_days: 14");
    let edited = refused(world, &["--local", "apply", "plan.json"]);
    world.edit("retention_days: 14", "retention_days: 7");
    world.edit("region: us-east-1", "region: eu-west-1");
    let region = refused(world, &["--local", "apply", "plan.json"]);
    world.edit("region: eu-west-1", "region: us-east-1");
    world.edit("stack: small", "stack: other");
    let stack = refused(world, &["--local", "apply", "plan.json"]);
    world.edit("stack: other", "stack: small");
    world.write("torn.json", &fs::read_to_string(world.path("plan.json")).expect("a plan")[..99]);
    let torn = refused(world, &["--local", "apply", "torn.json"]);
    let missing = refused(world, &["--local", "apply", "none.json"]);
    expect![[r#"
        status 1
        --- stderr
        error: the plan in plan.json was made against something else
          because: it was made for the local AWS, and this is AWS
          hint: add --local to carry it out where it belongs
        status 1
        --- stderr
        error: the plan in plan.json does not hold any more
          because: in stack.yaml, log_group.a retention_days was 7 and is 14 now
          hint: nothing was changed; make a new plan with `deployer plan --local --out plan.json`
        status 1
        --- stderr
        error: the plan in plan.json was made against something else
          because: it was made for region us-east-1, and this is region eu-west-1
          hint: nothing was changed; make a new plan with `deployer plan --local --out plan.json`
        status 1
        --- stderr
        error: the plan in plan.json was made against something else
          because: it was made for the stack small, and this is the stack other
          hint: nothing was changed; make a new plan with `deployer plan --local --out plan.json`
        status 1
        --- stderr
        error: could not understand the plan file torn.json
          because: it is not what `deployer plan --out` writes
          because: EOF while parsing a value at line 7 column 1
          hint: `deployer --local apply` without a file carries out what stack.yaml declares
        status 1
        --- stderr
        error: could not read the plan file none.json
          because: No such file or directory (os error 2)
          hint: make a new one with `deployer --local plan --out none.json`
    "#]]
    .assert_eq(&[for_aws, edited, region, stack, torn, missing].concat());
    assert_eq!(world.run(&["--local", "plan", "--detailed-exitcode"]).status, 2);
}

fn carried_out_once(world: &World) {
    // Nobody is asked: the plan was reviewed.
    let run = world.succeed(&["--local", "apply", "plan.json"]);
    assert!(run.stderr.contains("Done: 2 created"), "{}", run.stderr);
    let again = refused(world, &["--local", "apply", "plan.json"]);
    world.succeed(&["--local", "plan", "--out", "plan.json"]);
    let state = fs::read_to_string(world.path("state/small.local.json")).expect("a state");
    let lineage = state.split('"').skip_while(|text| *text != "lineage").nth(2).expect("a lineage");
    assert_eq!(lineage.len(), 32);
    let other_state = refused(world, &["--local", "apply", "plan.json", "--state", "other"]);
    expect![[r#"
        status 1
        --- stderr
        error: the plan in plan.json was made against something else
          because: there was no state yet, and something was applied since
          hint: nothing was changed; make a new plan with `deployer plan --local --out plan.json`
    "#]]
    .assert_eq(&again);
    expect![[r#"
        status 1
        --- stderr
        error: the plan in plan.json was made against something else
          because: it was made with the state [lineage], and there is none here
          hint: nothing was changed; make a new plan with `deployer --state other plan --local --out plan.json`
    "#]]
    .assert_eq(&other_state.replace(lineage, "[lineage]"));
    // Nothing to do is something that can be planned, too.
    let idle = world.succeed(&["--local", "apply", "plan.json"]);
    assert!(idle.stdout.contains("No changes."), "{}", idle.stdout);
}

async fn refused_when_aws_has_moved(world: &World) {
    world.edit("retention_days: 7", "retention_days: 14");
    world.succeed(&["--local", "plan", "--out", "plan.json"]);
    let logs = world.root().await.logs;
    let retain = logs.put_retention_policy().log_group_name("/small/a").retention_in_days(90);
    retain.send().await.expect("another retention");
    logs.delete_log_group().log_group_name("/small/b").send().await.expect("a deletion");
    expect![[r#"
        status 1
        --- stderr
        error: the plan in plan.json does not hold any more
          because: in AWS, log_group.a retention_days was 7 and is 90 now
          because: in AWS, log_group.b was there and is not now
          hint: nothing was changed; make a new plan with `deployer plan --local --out plan.json`
    "#]]
    .assert_eq(&refused(world, &["--local", "apply", "plan.json"]));
    let run = world.succeed(&["--local", "apply", "--yes"]);
    assert!(run.stderr.contains("Done: 1 created, 1 changed"), "{}", run.stderr);
}

fn destroyed(world: &World) {
    let plan = world.succeed(&["--local", "plan", "--destroy", "--out", "gone.json"]);
    assert!(plan.stdout.contains("Summary: 2 to delete"), "{}", plan.stdout);
    let run = world.succeed(&["--local", "apply", "gone.json"]);
    assert!(run.stderr.contains("Done: 2 deleted"), "{}", run.stderr);
    let again: Run = world.fail(&["--local", "apply", "gone.json"]);
    assert!(again.stderr.contains("the state has changed since"), "{}", again.stderr);
}
