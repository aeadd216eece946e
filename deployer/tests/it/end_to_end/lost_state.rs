//! The state is a memory, never the truth: torn or lost, it is made again from what AWS holds.

use std::fs;

use serde_json::Value;

use super::{deployed, mutating_calls, read};
use crate::support::World;

const STATE: &str = "state/cert-issuer.local.json";

#[test]
fn a_lost_or_torn_state_is_made_again_from_aws_alone() {
    let world = deployed();
    let whole = read(&world.path(STATE));
    nothing_is_planned_without_the_state_folder(&world);

    fs::create_dir_all(world.path("state")).expect("a folder");
    world.write(STATE, &whole[..whole.len() / 2]);
    let refused = world.fail(&["--local", "plan"]);
    assert!(refused.stderr.contains("`deployer --local state rebuild`"), "{}", refused.stderr);

    let rebuilt = world.succeed(&["--local", "-v", "state", "rebuild", "--yes"]);
    assert_eq!(mutating_calls(&rebuilt), Vec::<&str>::new());
    assert_eq!(
        read(&world.path("state/cert-issuer.local.json.before-rebuild")),
        whole[..whole.len() / 2]
    );
    assert_eq!(memory(&read(&world.path(STATE))), memory(&whole));
    let plan = world.succeed(&["--local", "plan", "--detailed-exitcode"]);
    assert!(plan.stdout.starts_with("No changes."), "{}", plan.stdout);

    what_is_not_declared_any_more_is_remembered_too(&world);
}

fn nothing_is_planned_without_the_state_folder(world: &World) {
    fs::remove_dir_all(world.path("state")).expect("a state to lose");
    let plan = world.succeed(&["--local", "plan", "--detailed-exitcode"]);
    assert!(plan.stdout.starts_with("No changes."), "{}", plan.stdout);
}

/// What is remembered of each resource: its spec and what AWS has assigned. AWS keeps no recovery
/// window and does not tell what lies beside a program, and which function holds the permission is
/// found out by the next look.
fn memory(state: &str) -> Vec<(String, Value, Value)> {
    let state: Value = serde_json::from_str(state).expect("a state");
    let resources = state["resources"].as_object().expect("resources");
    let all = resources.iter().map(|(address, entry)| {
        let (mut spec, outputs) = (entry["spec"].clone(), entry["outputs"].clone());
        if let Some(fields) = spec.as_object_mut() {
            fields.remove("recovery_window_days");
            fields.remove("files");
        }
        (address.clone(), spec, outputs)
    });
    all.collect()
}

fn what_is_not_declared_any_more_is_remembered_too(world: &World) {
    let stack = read(&world.path("stack.yaml"));
    let (before, rest) = stack.split_once("  http_route.issue_cert:").expect("a route");
    let (_, after) = rest.split_once("outputs:").expect("outputs");
    let (_, url) = after.split_once('\n').expect("a line");
    world.write(
        "stack.yaml",
        &format!("{before}outputs:\n{}", url.lines().next().unwrap_or_default()),
    );
    fs::remove_dir_all(world.path("state")).expect("a state to lose");
    world.succeed(&["--local", "state", "rebuild", "--yes"]);
    let plan = world.succeed(&["--local", "plan"]);
    assert!(plan.stdout.contains("- http_route.issue_cert"), "{}", plan.stdout);
    assert!(plan.stdout.contains("1 to delete, 5 unchanged"), "{}", plan.stdout);
}
