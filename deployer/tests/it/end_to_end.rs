//! The main job with the real binaries: deploy, issue, verify, refuse, destroy.

use crate::support::World;

#[test]
fn a_stack_is_deployed_issues_a_certificate_and_goes() {
    let world = World::new();
    world.succeed(&["--local", "apply", "--yes"]);
    let plan = world.succeed(&["--local", "plan", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("No changes"), "{}", plan.stdout);
    world.succeed(&["--local", "issue", "--dns", "a.internal.example"]);
    world.succeed(&["--local", "destroy", "--yes"]);
}
