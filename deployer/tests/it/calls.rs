//! No call to AWS is made that nothing needs, and none waits that need not.

use std::time::Duration;

use crate::cli::at;
use crate::faults::{Fault, Proxy, Rule, Which, rounds};
use crate::support::{Run, World, signer, write_program};

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
    // A real function takes a debug build as long to zip as a call takes here.
    write_program(&world, "small", 62);
    world.edit(&signer().display().to_string(), "small");
    world.succeed(&["local", "start"]);
    let proxy = Proxy::to(&world.instance().endpoint);
    // The account and 6 looks, and 1 before an API is made; 12 to make it all, and 1 to see the function
    // ready. Each waits for another: the looks, secret, role, function, integration, route.
    assert_eq!(
        counts(&world, &proxy, &["apply", "--yes", "--no-verify", "--no-preflight"]),
        (21, 12, 6)
    );
    // The account and all that is there, at once.
    assert_eq!(counts(&world, &proxy, &["plan"]), (13, 0, 1));
    world.edit("retention_days: 30", "retention_days: 14");
    assert_eq!(
        counts(&world, &proxy, &["apply", "--yes", "--no-verify", "--no-preflight"]),
        (14, 1, 2)
    );
    // What a plan takes, 6 deletes, of which the route goes along, and a look at the log group and the
    // secret.
    assert_eq!(counts(&world, &proxy, &["destroy", "--yes", "--no-preflight"]), (22, 6, 6));
}
