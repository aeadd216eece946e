//! What Lambda says of a function that is not ready.

use super::{at, world_of};
use crate::faults::{Fault, Proxy, Rule, Which};
use crate::support::{Run, World, write_program};

const STACK: &str = r#"
stack: function
region: us-east-1
resources:
  log_group.fn: { name: /function, retention_days: 7 }
  iam_role.fn: { name: function }
  lambda_function.fn:
    name: function
    role: ${iam_role.fn.arn}
    code: { bootstrap: one }
    log_group: ${log_group.fn.name}
    memory_mb: 128
  http_api.api: { name: function }
  http_route.get:
    api: ${http_api.api.id}
    route: GET /
    function: ${lambda_function.fn.arn}
"#;

fn world() -> World {
    let world = world_of(STACK);
    write_program(&world, "one", 62);
    world.succeed(&["local", "start"]);
    world
}

/// A run through a proxy with these rules, and the names of the calls that it made.
fn run(world: &World, rules: Vec<Rule>, arguments: &[&str]) -> (Run, Vec<String>) {
    let instance = world.instance();
    let proxy = Proxy::to(&instance.endpoint);
    proxy.faults.set(rules);
    let run = Run::of(&mut at(world, &proxy.endpoint, &instance.deployer, arguments));
    let calls = proxy.faults.calls().into_iter().map(|call| call.operation.name).collect();
    (run, calls)
}

const APPLY: [&str; 4] = ["apply", "--yes", "--no-verify", "--no-preflight"];

#[test]
fn what_is_limited_is_so_before_a_route_leads_to_it_and_otherwise_the_route_does_not_wait() {
    let positions = |limit: &str| {
        let world = world();
        world.edit("memory_mb: 128", limit);
        let (run, calls) = run(&world, Vec::new(), &APPLY);
        assert_eq!(run.status, 0, "{}", run.stderr);
        let position = |name: &str| calls.iter().position(|call| call == name);
        (
            position("PutFunctionConcurrency"),
            position("GetFunctionConfiguration"),
            position("CreateRoute"),
        )
    };
    let (limited, _, routed) = positions("reserved_concurrency: 0");
    assert!(limited.is_some() && limited < routed, "{limited:?}, {routed:?}");
    let (_, ready, routed) = positions("memory_mb: 128");
    assert!(routed.is_some() && routed < ready, "{routed:?}, {ready:?}");
}

#[test]
fn new_code_gets_a_function_going_again_that_lambda_has_given_up_on() {
    let world = world();
    let (made, _) = run(&world, Vec::new(), &APPLY);
    assert_eq!(made.status, 0, "{}", made.stderr);
    world.edit("memory_mb: 128", "memory_mb: 256");
    let failed = |operation| {
        let says = Fault::Says(r#""State": "Active""#, r#""State": "Failed""#);
        Rule::on(operation, Which::Every, says).until("lambda.UpdateFunctionCode")
    };
    let rules = vec![failed("lambda.GetFunction"), failed("lambda.GetFunctionConfiguration")];
    let (mended, calls) = run(&world, rules, &APPLY);
    assert_eq!(mended.status, 0, "{}{}", mended.stdout, mended.stderr);
    let told = r#"failure    "Lambda tells no reason" → (none)"#;
    assert!(mended.stdout.contains(told), "{}", mended.stdout);
    let changes: Vec<_> = calls.iter().filter(|call| call.starts_with("Update")).collect();
    assert_eq!(changes, ["UpdateFunctionCode", "UpdateFunctionConfiguration"]);
    let (again, _) = run(&world, Vec::new(), &["plan", "--detailed-exitcode"]);
    assert_eq!(again.status, 0, "{}", again.stdout);
}
