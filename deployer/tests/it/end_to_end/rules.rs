//! Rules for callers, asked through the real route by real identities, and offline.

use serde_json::json;

use super::authorization::{assume, role_that_may_call};
use super::caller::{Answer, Call};
use super::openssl_csr;
use crate::support::World;

const P256: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

const RULES: &str = "rules:
            - name: pipelines
              callers: ['arn:aws:iam::000000000000:role/ci-*']
              dns: ['{role_name}.ci.example']
              uri: ['spiffe://internal.example/{account}/{role_name}']
              ttl_hours: { default: 1, max: 2 }
            - name: people
              callers: ['arn:aws:iam::*:user/client']
              dns: ['*.internal.example']
              wildcards: true
              usages: [client, server]
";

/// A request's names, and what becomes of it for a role, a user and a role without a rule.
const CASES: [(&str, [&str; 3]); 7] = [
    ("DNS:ci-deploy.ci.example", ["issued", "name_not_allowed", "caller_not_allowed"]),
    ("DNS:ci-release.ci.example", ["name_not_allowed", "name_not_allowed", "caller_not_allowed"]),
    // The name of the session, which the caller chose.
    ("DNS:test.ci.example", ["name_not_allowed", "name_not_allowed", "caller_not_allowed"]),
    (
        "URI:spiffe://internal.example/000000000000/ci-deploy",
        ["issued", "name_not_allowed", "caller_not_allowed"],
    ),
    ("DNS:a.internal.example", ["name_not_allowed", "issued", "caller_not_allowed"]),
    ("DNS:*.internal.example", ["name_not_allowed", "issued", "caller_not_allowed"]),
    (
        "DNS:a.internal.example,DNS:ci-deploy.ci.example",
        ["name_not_allowed", "name_not_allowed", "caller_not_allowed"],
    ),
];

#[tokio::test]
async fn each_caller_gets_what_its_rules_grant_and_the_offline_answer_is_the_same() {
    let world = World::new();
    let stack = super::read(&world.path("stack.yaml"));
    let (before, rest) = stack.split_once("rules:\n").expect("a policy");
    let (_, after) = rest.split_once("\n  http_api.issuer:").expect("the next entry");
    world.write("stack.yaml", &format!("{before}{RULES}\n  http_api.issuer:{after}"));
    world.succeed(&["--local", "apply", "--yes"]);
    let (role, stranger) = (
        role_that_may_call(&world, "ci-deploy").await,
        role_that_may_call(&world, "stranger").await,
    );
    let user = format!("arn:aws:iam::{}:user/client", world.instance().account);
    let callers = [
        (role.as_str(), assume(&world, &role).await),
        (&user, world.instance().client),
        (&stranger, assume(&world, &stranger).await),
    ];
    for (names, expected) in CASES {
        let csr = openssl_csr(&world, "case", &P256, &format!("subjectAltName = {names}"));
        for ((arn, credentials), expected) in callers.iter().zip(expected) {
            let call = Call::new(&world, json!({"csr": csr}).to_string());
            let answer = call.signed(credentials).send();
            assert_eq!(outcome(&answer), expected, "{names} for {arn}: {answer:?}");
            let rules = ["pipelines", "people", "ci-*", "user/client"];
            assert!(rules.iter().all(|text| !answer.body.contains(text)), "{answer:?}");
            assert_eq!(offline(&world, arn), message(&answer), "{names} for {arn}");
        }
    }
}

/// `issued`, or the code of the refusal.
fn outcome(answer: &Answer) -> String {
    if answer.status == 200 { "issued".into() } else { answer.code() }
}

/// The signer's reason, if it refused.
fn message(answer: &Answer) -> Option<String> {
    answer.json()["error"]["message"].as_str().map(str::to_owned)
}

/// The reason that `policy check` gives for refusing the same, if it does.
fn offline(world: &World, arn: &str) -> Option<String> {
    let check = ["policy", "check", "--json", "--csr", "case.csr", "--caller", arn];
    let run = world.run(&check);
    let answer: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let decision = &answer["decision"];
    assert_eq!(run.status, if decision["issued"] == true { 0 } else { 2 }, "{run:?}");
    decision["message"].as_str().map(str::to_owned)
}
