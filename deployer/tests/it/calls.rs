//! No call to AWS is made that nothing needs, and none waits that need not.

use std::time::Duration;

use crate::cli::at;
use crate::faults::{Fault, Proxy, Rule, Which, rounds};
use crate::support::{Run, World};

/// Long enough that calls which could be sent together are, also on a busy machine.
const LATENCY: Duration = Duration::from_millis(400);

/// The calls of a run with the default stack: how many, how many of them change something, and how
/// many rounds they take.
fn counts(world: &World, proxy: &Proxy, arguments: &[&str]) -> (usize, usize, usize) {
    proxy.faults.set(vec![Rule::on_each(Which::Every, Fault::Delay(LATENCY))]);
    let keys = world.instance().deployer;
    let run = Run::of(&mut at(world, &proxy.endpoint, &keys, arguments));
    assert_eq!(run.status, 0, "{arguments:?}: {}{}", run.stdout, run.stderr);
    let calls = proxy.faults.calls();
    let writes = calls.iter().filter(|call| !call.operation.reads()).count();
    (calls.len(), writes, rounds(&calls))
}

#[test]
fn no_call_is_made_that_nothing_needs() {
    let world = World::new();
    world.edit("protect: true", "protect: false");
    world.succeed(&["local", "start"]);
    let proxy = Proxy::to(&world.instance().endpoint);
    // The account, 6 looks, and 1 before an API is made; 12 to make it all, and 1 to see the function
    // ready.
    let create = counts(&world, &proxy, &["apply", "--yes", "--no-verify", "--no-preflight"]);
    assert_eq!((create.0, create.1), (21, 12));
    // The account; then all that is there, at once.
    assert_eq!(counts(&world, &proxy, &["plan"]), (13, 0, 2));
    world.edit("retention_days: 30", "retention_days: 14");
    assert_eq!(
        counts(&world, &proxy, &["apply", "--yes", "--no-verify", "--no-preflight"]),
        (14, 1, 3)
    );
    // What a plan takes, 6 deletes, of which the route goes along, and a look at the log group and the
    // secret.
    let destroy = counts(&world, &proxy, &["destroy", "--yes", "--no-preflight"]);
    assert_eq!((destroy.0, destroy.1), (22, 6));
}
