//! `deployer state`: what is remembered, shown and forgotten.

use expect_test::expect;

use super::{SMALL, shown, world_of};
use crate::support::World;

#[test]
fn what_is_remembered_is_listed_shown_and_forgotten() {
    let world = world_of(SMALL);
    assert_eq!(world.succeed(&["--local", "state", "list"]).stdout, "nothing is remembered\n");
    world.succeed(&["--local", "apply", "--yes"]);
    listed(&world);
    forgotten(&world);
}

fn listed(world: &World) {
    let lines: [&[&str]; 5] = [
        &["--local", "state", "list"],
        &["--local", "state", "list", "--json"],
        &["--local", "state", "show", "log_group.a"],
        &["--local", "state", "show", "log_group.a", "--json"],
        &["--local", "state", "show", "log_group.c"],
    ];
    let all: Vec<_> = lines.iter().map(|line| shown(world, &world.run(line))).collect();
    expect![[r#"
        status 0
        --- stdout
        log_group.a  ready     arn:aws:logs:us-east-1:000000000000:log-group:/small/a
        log_group.b  ready     arn:aws:logs:us-east-1:000000000000:log-group:/small/b
        status 0
        --- stdout
        [
          {
            "address": "log_group.a",
            "outputs": {
              "arn": "arn:aws:logs:us-east-1:000000000000:log-group:/small/a",
              "name": "/small/a"
            },
            "phase": "ready"
          },
          {
            "address": "log_group.b",
            "outputs": {
              "arn": "arn:aws:logs:us-east-1:000000000000:log-group:/small/b",
              "name": "/small/b"
            },
            "phase": "ready"
          }
        ]
        status 0
        --- stdout
        log_group.a  ready
          AWS assigned
            arn   "arn:aws:logs:us-east-1:000000000000:log-group:/small/a"
            name  "/small/a"
          last applied
            name                   "/small/a"
            retention_days         7
            tags.deployer:address  "log_group.a"
            tags.deployer:stack    "small"
        status 0
        --- stdout
        {
          "depends_on": [],
          "outputs": {
            "arn": "arn:aws:logs:us-east-1:000000000000:log-group:/small/a",
            "name": "/small/a"
          },
          "phase": "ready",
          "spec": {
            "name": "/small/a",
            "retention_days": 7,
            "tags": {
              "deployer:address": "log_group.a",
              "deployer:stack": "small"
            }
          }
        }
        status 1
        --- stderr
        error: the state remembers no log_group.c
          hint: `deployer --local state list` shows what it remembers
    "#]]
    .assert_eq(&all.concat());
    let whole = world.succeed(&["--local", "state", "show"]).stdout;
    assert!(whole.contains("log_group.a") && whole.contains("log_group.b"), "{whole}");
    let json = world.succeed(&["--local", "state", "show", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["resources"]["log_group.a"]["phase"], "ready");
}

fn forgotten(world: &World) {
    let asked = world.fail(&["--local", "state", "forget", "log_group.a"]);
    assert!(asked.stderr.contains("add --yes"), "{}", asked.stderr);
    let unknown = world.fail(&["--local", "state", "forget", "log_group.c", "--yes"]);
    assert!(unknown.stderr.contains("the state remembers no log_group.c"), "{}", unknown.stderr);
    let run = world.succeed(&["--local", "state", "forget", "log_group.a", "--yes"]);
    expect![[r#"
        status 0
        --- stdout
        log_group.a  ready
          AWS assigned
            arn   "arn:aws:logs:us-east-1:000000000000:log-group:/small/a"
            name  "/small/a"
          last applied
            name                   "/small/a"
            retention_days         7
            tags.deployer:address  "log_group.a"
            tags.deployer:stack    "small"
        --- stderr
        forgot log_group.a; AWS keeps the object
        declared in stack.yaml, it is found again by its name and tags; otherwise it is yours
    "#]]
    .assert_eq(&shown(world, &run));
    let list = world.succeed(&["--local", "state", "list"]).stdout;
    assert!(!list.contains("log_group.a") && list.contains("log_group.b"), "{list}");
    // Declared and ours by its tags, it is found again.
    assert_eq!(world.run(&["--local", "plan", "--detailed-exitcode"]).status, 0);
}
