//! `deployer demo`, in a folder that holds a stack file and nothing else.

use super::mutating_calls;
use crate::support::{World, default_stack};

#[test]
fn the_demo_runs_from_nothing_and_again_without_changing_anything() {
    let world = World::empty();
    world.write("stack.yaml", &default_stack());
    let first = world.succeed(&["demo", "-v"]);
    assert!(first.stderr.contains("was refused with status 403"), "{}", first.stderr);
    assert!(first.stdout.contains("DNS:demo.internal.example"), "{}", first.stdout);
    assert!(first.stdout.contains("certs/cert.pem"), "{}", first.stdout);
    assert!(!mutating_calls(&first).is_empty(), "{}", first.stderr);
    for file in ["ca/root.pem", "certs/cert.pem", "certs/chain.pem", "certs/key.pem"] {
        assert!(world.path(file).is_file(), "{file}");
    }

    let again = world.succeed(&["demo", "-v", "--dns", "again.internal.example"]);
    assert_eq!(mutating_calls(&again), [""; 0], "{}", again.stderr);
    assert!(again.stdout.contains("No changes"), "{}", again.stdout);
    assert!(again.stderr.contains("was refused with status 403"), "{}", again.stderr);
    assert!(again.stdout.contains("DNS:again.internal.example"), "{}", again.stdout);

    let refused = world.fail(&["demo", "--dns", "example.com"]);
    assert!(refused.stderr.contains("name_not_allowed"), "{}", refused.stderr);
}
