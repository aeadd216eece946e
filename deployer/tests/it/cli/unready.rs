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

/// A run through a proxy with these rules, which succeeds, and the names of the calls that it made.
fn run(world: &World, rules: Vec<Rule>, arguments: &[&str]) -> (Run, Vec<String>) {
    let instance = world.instance();
    let proxy = Proxy::to(&instance.endpoint);
    proxy.faults.set(rules);
    let run = Run::of(&mut at(world, &proxy.endpoint, &instance.deployer, arguments));
    assert_eq!(run.status, 0, "{}{}", run.stdout, run.stderr);
    let calls = proxy.faults.calls().into_iter().map(|call| call.operation.name).collect();
    (run, calls)
}

const APPLY: [&str; 4] = ["apply", "--yes", "--no-verify", "--no-preflight"];

#[test]
fn what_is_limited_is_so_before_a_route_leads_to_it_and_otherwise_the_route_does_not_wait() {
    let positions = |limit: &str| {
        let world = world();
        world.edit("memory_mb: 128", limit);
        let (_, calls) = run(&world, Vec::new(), &APPLY);
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

/// An apply to which Lambda says something else of a function until it was changed by this operation,
/// and after which nothing is left to do; with the calls that changed the function.
fn told(world: &World, one: &'static str, other: &'static str, until: &str) -> (Run, Vec<String>) {
    let rule = |operation| Rule::on(operation, Which::Every, Fault::Says(one, other)).until(until);
    let rules = vec![rule("lambda.GetFunction"), rule("lambda.GetFunctionConfiguration")];
    let (told, calls) = run(world, rules, &APPLY);
    let of_function = |call: &String| call.contains("Function") && !call.starts_with("Get");
    let writes = calls.into_iter().filter(of_function).collect();
    run(world, Vec::new(), &["plan", "--detailed-exitcode"]);
    (told, writes)
}

#[test]
fn a_change_that_lambda_could_not_carry_out_is_made_up_for() {
    let world = world();
    run(&world, Vec::new(), &APPLY);
    world.edit("memory_mb: 128", "memory_mb: 256");
    let [one, other] = [r#""LastUpdateStatus": "Successful""#, r#""LastUpdateStatus": "Failed""#];
    let (mended, writes) = told(&world, one, other, "lambda.UpdateFunctionCode");
    let reason = r#"failure    "Lambda tells no reason" → (none)"#;
    assert!(mended.stdout.contains(reason), "{}", mended.stdout);
    assert_eq!(writes, ["UpdateFunctionCode", "UpdateFunctionConfiguration"]);
}

#[test]
fn a_function_that_lambda_could_not_make_is_made_again() {
    let world = world();
    run(&world, Vec::new(), &APPLY);
    let [one, other] = [r#""State": "Active""#, r#""State": "Failed""#];
    let (replaced, writes) = told(&world, one, other, "lambda.DeleteFunction");
    let reason = r#"creation_failure  "Lambda tells no reason""#;
    assert!(replaced.stdout.contains(reason), "{}", replaced.stdout);
    assert_eq!(writes, ["DeleteFunction", "CreateFunction"]);
}
