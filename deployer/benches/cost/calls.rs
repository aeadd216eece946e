//! The calls of a stack's life, and how long it takes when each of them takes 50 ms longer: the default
//! stack is made, looked at, changed in one field, and destroyed, once without that delay and once with
//! it. What is the program's and the local AWS's own is in both, so the difference is what waiting for
//! calls costs, to be held against the rounds.
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

use crate::faults::{Call, Fault, Proxy, Rule, Which, rounds};
use crate::support::{Run, World, signer, write_program};

/// What each call takes longer.
const LATENCY: Duration = Duration::from_millis(50);

/// The steps of a stack's life.
const STEPS: [(&str, &[&str]); 4] = [
    ("create", &["apply", "--yes", "--no-verify", "--no-preflight"]),
    ("plan without changes", &["plan"]),
    ("change of one field", &["apply", "--yes", "--no-verify", "--no-preflight"]),
    ("destroy", &["destroy", "--yes", "--no-preflight"]),
];

/// The least of so many lives counts.
const LIVES: usize = 5;

/// What a step took.
struct Cost {
    time: Duration,
    calls: Vec<Call>,
}

pub(crate) fn measure() {
    let plain: Vec<_> = (0..LIVES).map(|_| life(Duration::ZERO)).collect();
    let delayed: Vec<_> = (0..LIVES).map(|_| life(LATENCY)).collect();
    let latency = LATENCY.as_millis();
    println!("calls and rounds, and the time without a delay and with {latency} ms for each call");
    println!(
        "{:22} {:>5} {:>6} {:>6} {:>9} {:>9} {:>16}",
        "", "calls", "writes", "rounds", "0 ms", "50 ms", "delay, to rounds"
    );
    for (n, (what, _)) in STEPS.into_iter().enumerate() {
        let least = |lives: &[Vec<Cost>]| lives.iter().map(|life| life[n].time).min();
        let times = [least(&plain), least(&delayed)].map(Option::unwrap_or_default);
        report(what, &delayed[0][n].calls, times);
    }
}

/// The default stack from its creation to its end.
fn life(latency: Duration) -> Vec<Cost> {
    let world = World::new();
    world.edit("protect: true", "protect: false");
    // To pack a real function takes time that is not AWS's.
    write_program(&world, "small", 62);
    world.edit(&signer().display().to_string(), "small");
    world.succeed(&["local", "start"]);
    let proxy = Proxy::to(&world.instance().endpoint);
    let mut costs = Vec::new();
    for (what, arguments) in STEPS {
        if what == "change of one field" {
            world.edit("retention_days: 30", "retention_days: 14");
        }
        proxy.faults.set(vec![Rule::on_each(Which::Every, Fault::Delay(latency))]);
        let instance = world.instance();
        let mut command = world.command(arguments);
        command
            .env("AWS_ENDPOINT_URL", &proxy.endpoint)
            .env("AWS_REGION", &instance.region)
            .env("AWS_ACCESS_KEY_ID", instance.deployer.access_key_id())
            .env("AWS_SECRET_ACCESS_KEY", instance.deployer.secret_access_key());
        let since = Instant::now();
        let run = Run::of(&mut command);
        let time = since.elapsed();
        assert_eq!(run.status, 0, "{what}: {}{}", run.stdout, run.stderr);
        costs.push(Cost { time, calls: proxy.faults.calls() });
    }
    costs
}

fn report(what: &str, calls: &[Call], [plain, delayed]: [Duration; 2]) {
    let mut services: BTreeMap<String, usize> = BTreeMap::new();
    for call in calls {
        *services.entry(format!("{:?}", call.operation.service)).or_default() += 1;
    }
    let services: Vec<_> = services.iter().map(|(name, count)| format!("{name} {count}")).collect();
    // The look at the function comes when a pause is over, behind answers that it does not wait for.
    let prompt = calls.iter().filter(|call| call.operation.name != "GetFunctionConfiguration");
    let rounds = rounds(&prompt.cloned().collect::<Vec<_>>());
    let count = calls.len();
    let writes = calls.iter().filter(|call| !call.operation.reads()).count();
    let least = LATENCY.as_secs_f64() * f64::from(u32::try_from(rounds).unwrap_or(u32::MAX));
    let ratio = delayed.saturating_sub(plain).as_secs_f64() / least;
    let [plain, delayed] = [plain, delayed].map(|time| format!("{} ms", time.as_millis()));
    println!(
        "{what:22} {count:>5} {writes:>6} {rounds:>6} {plain:>9} {delayed:>9} {:>16}  {}",
        format!("× {ratio:.2}"),
        services.join(", ")
    );
}
