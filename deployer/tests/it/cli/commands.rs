//! Plan, apply, output and destroy: what they print where, and how they end.

use std::process::Stdio;

use expect_test::expect;
use serde_json::Value;

use super::{SMALL, filtered, shown, snapshot, world_of};
use crate::support::{Run, World};

fn state(world: &World) -> Option<String> {
    std::fs::read_to_string(world.path("state/small.local.json")).ok()
}

#[test]
fn a_stack_comes_stays_and_goes() {
    let world = world_of(SMALL);
    world.succeed(&["local", "start"]);
    before_the_first_apply(&world);
    plans_as_json(&world);
    without_a_terminal(&world);
    applied(&world);
    outputs(&world);
    colours(&world);
    readers_that_go_away(&world);
    destroyed(&world);
}

fn before_the_first_apply(world: &World) {
    let plan = world.run(&["--local", "plan"]);
    expect![[r#"
        status 0
        --- stdout
        Plan for small (the local AWS, account 000000000000, us-east-1)

        + log_group.a  new in stack.yaml
            name            "/small/a"
            retention_days  7

        + log_group.b  new in stack.yaml
            name  "/small/b"

        Summary: 2 to create
    "#]]
    .assert_eq(&shown(world, &plan));
    assert_eq!(world.run(&["--local", "plan", "--detailed-exitcode"]).status, 2);
    expect![[r#"
        status 1
        --- stderr
        error: the stack `small` has no outputs yet
          because: state/small.local.json remembers none
          hint: deploy it first with `deployer --local apply`
    "#]]
    .assert_eq(&shown(world, &world.run(&["--local", "output"])));
    assert_eq!(state(world), None, "a plan writes nothing");
}

fn plans_as_json(world: &World) {
    let run = world.succeed(&["--local", "plan", "--json"]);
    let plan: Value = serde_json::from_str(&run.stdout).expect("nothing but JSON");
    assert_eq!((&plan["format"], &plan["stack"]), (&Value::from(1), &Value::from("small")));
    let actions: Vec<_> = plan["changes"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|change| {
            format!(
                "{} {}",
                change["action"].as_str().expect("text"),
                change["address"].as_str().expect("text")
            )
        })
        .collect();
    assert_eq!(actions, ["create log_group.a", "create log_group.b"]);
    assert_eq!(world.succeed(&["--local", "plan", "--json"]).stdout, run.stdout);
}

fn without_a_terminal(world: &World) {
    let run = world.fail(&["--local", "apply"]);
    assert!(run.stdout.contains("2 to create"), "{}", run.stdout);
    expect![[r#"
        error: this needs a confirmation, and standard input is no terminal
          hint: nothing was changed; add --yes to go ahead without being asked
    "#]]
    .assert_eq(&filtered(world, &run.stderr));
    assert_eq!(state(world), None);
    assert_eq!(world.run(&["--local", "plan", "--detailed-exitcode"]).status, 2);
}

fn applied(world: &World) {
    let run = world.succeed(&["--local", "apply", "--yes"]);
    let (plan, outputs) = run.stdout.split_once("2 to create\n").expect("a summary");
    assert!(plan.starts_with("Plan for small"), "{plan}");
    expect![[r#"
        arn  = arn:aws:logs:us-east-1:000000000000:log-group:/small/a
        name = /small/a
    "#]]
    .assert_eq(outputs);
    let mut steps: Vec<_> = run.stderr.lines().map(str::to_owned).collect();
    // The two have nothing to do with each other, so that either may end first.
    steps.sort();
    expect![[r#"


          log_group.a creating …
          log_group.b creating …
        Done: 2 created
        Outputs
        in [seconds] s; 6 calls to AWS, those of the plan included
        ✓ log_group.a created ([seconds] s)
        ✓ log_group.b created ([seconds] s)
    "#]]
    .assert_eq(&filtered(world, &steps.join("\n")));
    expect![[r#"
        status 0
        --- stdout
        No changes. 2 resources are as declared. (the local AWS, account 000000000000, us-east-1)
        arn  = arn:aws:logs:us-east-1:000000000000:log-group:/small/a
        name = /small/a
        --- stderr

        Outputs
    "#]]
    .assert_eq(&shown(world, &world.run(&["--local", "apply"])));
    let idle = world.run(&["--local", "plan", "--detailed-exitcode"]);
    expect![[r#"
        status 0
        --- stdout
        No changes. 2 resources are as declared. (the local AWS, account 000000000000, us-east-1)
    "#]]
    .assert_eq(&shown(world, &idle));
}

fn outputs(world: &World) {
    let lines: [&[&str]; 5] = [
        &["output", "--local"],
        &["output", "--local", "--json"],
        &["output", "--local", "name"],
        &["output", "--local", "name", "--json"],
        &["output", "--local", "nme"],
    ];
    let all: Vec<_> = lines.iter().map(|line| shown(world, &world.run(line))).collect();
    expect![[r#"
        status 0
        --- stdout
        arn  = arn:aws:logs:us-east-1:000000000000:log-group:/small/a
        name = /small/a
        status 0
        --- stdout
        {
          "arn": "arn:aws:logs:us-east-1:000000000000:log-group:/small/a",
          "name": "/small/a"
        }
        status 0
        --- stdout
        /small/a
        status 0
        --- stdout
        "/small/a"
        status 1
        --- stderr
        error: there is no output `nme`
          hint: did you mean `name`?
    "#]]
    .assert_eq(&all.concat());
}

fn colours(world: &World) {
    let escape = '\u{1b}';
    let coloured = world.succeed(&["--local", "plan", "--color", "always"]);
    assert!(coloured.stdout.contains(escape));
    for arguments in [&["--local", "plan"][..], &["--local", "plan", "--color", "never"]] {
        let plain = world.succeed(arguments);
        assert!(!(plain.stdout + &plain.stderr).contains(escape));
    }
    let plain = Run::of(world.command(&["output", "nothing", "--local"]).env("NO_COLOR", "1"));
    assert!(!plain.stderr.contains(escape), "{}", plain.stderr);
    let json = world.succeed(&["--local", "plan", "--json", "--color", "always"]);
    assert!(!json.stdout.contains(escape), "JSON is never coloured");
}

/// A reader that has seen enough is no failure; a full disk is one.
fn readers_that_go_away(world: &World) {
    let mut child = world
        .command(&["--local", "plan", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a process");
    drop(child.stdout.take());
    let ended = child.wait_with_output().expect("an end");
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");

    let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux");
    let mut command = world.command(&["--local", "output"]);
    let mut child = command.stdout(full).stderr(Stdio::piped()).spawn().expect("a process");
    let mut said = String::new();
    let mut stderr = child.stderr.take().expect("a pipe");
    std::io::Read::read_to_string(&mut stderr, &mut said).expect("text");
    assert_eq!(child.wait().expect("an end").code(), Some(1));
    expect![[r#"
        error: could not write to standard output
          because: No space left on device (os error 28)
          hint: make room where it is redirected to; what was done in AWS is in the state
    "#]]
    .assert_eq(&said);
}

fn destroyed(world: &World) {
    let before = state(world);
    expect![[r#"
        status 1
        --- stdout
        Plan for small (the local AWS, account 000000000000, us-east-1)

        - log_group.a  the whole stack is destroyed

        - log_group.b  the whole stack is destroyed

        Summary: 2 to delete
        --- stderr
        error: this needs a confirmation, and standard input is no terminal
          hint: nothing was changed; add --yes to go ahead without being asked
    "#]]
    .assert_eq(&shown(world, &world.run(&["--local", "destroy"])));
    assert_eq!(state(world), before);
    let run = world.succeed(&["--local", "destroy", "--yes"]);
    assert!(run.stderr.contains("Done: 2 deleted"), "{}", run.stderr);
    expect![[r#"
        status 0
        --- stdout
        No changes. There is nothing. (the local AWS, account 000000000000, us-east-1)
    "#]]
    .assert_eq(&shown(world, &world.run(&["--local", "destroy"])));
    expect![[r#"
        status 1
        --- stderr
        error: the stack `small` has no outputs yet
          because: state/small.local.json remembers none
          hint: deploy it first with `deployer --local apply`
    "#]]
    .assert_eq(&snapshot(world, &mut world.command(&["--local", "output"])));
}
