//! The calls of a stack's life, and how long it takes when each of them takes 50 ms: the default stack
//! is made, looked at, changed in one field, and destroyed.
//!
//! The least that is possible, worked out by hand and measured with a plain script that sends all it
//! can at once: 11 calls in 4 rounds to make it (a log group and its retention, a secret, a role and
//! its policy, a function, an API and its stage, an integration, a route, a permission), 10 reads in 1
//! round where all ids are known, one call to change a field, and 6 in 2 rounds to delete it all (the
//! route goes with the API, the permission with the function). Beside these, the deployer asks whose
//! account it is, looks before it changes anything, waits for the function, and looks once more at what
//! may linger of what it has deleted.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::faults::{Fault, Proxy, Rule, Which, rounds};
use crate::support::{Run, World, signer, write_program};

/// What each call takes.
const LATENCY: Duration = Duration::from_millis(50);

pub(crate) fn measure() {
    let world = World::new();
    world.edit("protect: true", "protect: false");
    // To pack a real function takes time that is not AWS's.
    write_program(&world, "small", 62);
    world.edit(&signer().display().to_string(), "small");
    world.succeed(&["local", "start"]);
    let proxy = Proxy::to(&world.instance().endpoint);
    println!("calls and rounds, each call delayed by {} ms", LATENCY.as_millis());
    println!("{:22} {:>5} {:>7} {:>7} {:>9}", "", "calls", "of that", "rounds", "time per");
    println!("{:22} {:>5} {:>7} {:>7} {:>9}  by service", "", "", "writes", "", "round");
    let step = |what: &str, arguments: &[&str]| {
        proxy.faults.set(vec![Rule::on_each(Which::Every, Fault::Delay(LATENCY))]);
        let instance = world.instance();
        let mut command = world.command(arguments);
        command
            .env("AWS_ENDPOINT_URL", &proxy.endpoint)
            .env("AWS_REGION", &instance.region)
            .env("AWS_ACCESS_KEY_ID", instance.deployer.access_key_id())
            .env("AWS_SECRET_ACCESS_KEY", instance.deployer.secret_access_key());
        let since = Instant::now();
        let run = Run::of(&mut command);
        assert_eq!(run.status, 0, "{what}: {}{}", run.stdout, run.stderr);
        report(what, since.elapsed(), &proxy);
    };
    step("create", &["apply", "--yes", "--no-verify", "--no-preflight"]);
    step("plan without changes", &["plan"]);
    world.edit("retention_days: 30", "retention_days: 14");
    step("change of one field", &["apply", "--yes", "--no-verify", "--no-preflight"]);
    step("destroy", &["destroy", "--yes", "--no-preflight"]);
}

fn report(what: &str, took: Duration, proxy: &Proxy) {
    let calls = proxy.faults.calls();
    let mut services: BTreeMap<String, usize> = BTreeMap::new();
    for call in &calls {
        *services.entry(format!("{:?}", call.operation.service)).or_default() += 1;
    }
    let services: Vec<_> = services.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let (count, rounds) = (calls.len(), rounds(&calls));
    let writes = calls.iter().filter(|call| !call.operation.reads()).count();
    let least = LATENCY.as_secs_f64() * f64::from(u32::try_from(rounds).unwrap_or(u32::MAX));
    let ratio = took.as_secs_f64() / least;
    println!(
        "{what:22} {count:>5} {writes:>7} {rounds:>7} {:>9}  {}",
        format!("× {ratio:.2}"),
        services.join(", ")
    );
}
