//! `deployer policy check`: what the signer would answer, without asking anybody.

use std::process::Command;

use expect_test::expect;

use super::shown;
use crate::support::{Run, World};

const STACK: &str = "stack: cert-issuer
resources:
  log_group.signer: { name: /signer }
  lambda_function.signer:
    name: signer
    role: arn:aws:iam::111122223333:role/signer
    log_group: /signer
    code:
      bootstrap: not-built
      files:
        policy.json:
          rules:
            - name: pipelines
              callers: ['arn:aws:iam::111122223333:role/ci-*']
              user_ids: [AROAEXAMPLE]
              dns: ['{role_name}.ci.example']
              ttl_hours: { default: 1, max: 4 }
            - name: services
              callers: ['111122223333']
              dns: ['*.internal.example']
              common_name: true
              usages: [client, server]
              key_types: [p384]
            - name: people
              callers: ['arn:aws:iam::111122223333:user/*']
              uri: ['spiffe://internal.example/user/{user_name}']
";

const ROLE: &str = "arn:aws:iam::111122223333:role/ci-deploy";

fn world() -> World {
    let world = World::empty();
    world.write("stack.yaml", STACK);
    world
}

/// Makes a certificate request with OpenSSL.
fn csr(world: &World, curve: &str, subject: &str, names: &str) {
    let (curve, names) = (format!("ec_paramgen_curve:{curve}"), format!("subjectAltName={names}"));
    let run = Run::of(
        Command::new("openssl")
            .args(["req", "-new", "-newkey", "ec", "-pkeyopt", &curve, "-nodes"])
            .args(["-keyout", "key.pem", "-out", "req.pem", "-subj", subject, "-addext", &names])
            .current_dir(world.path(".")),
    );
    assert_eq!(run.status, 0, "{}", run.stderr);
}

fn check(world: &World, more: &[&str]) -> Run {
    world.run(&[&["policy", "check", "--csr", "req.pem", "--caller"], more].concat())
}

#[test]
fn each_rule_says_what_it_grants_or_why_not() {
    let world = world();
    csr(&world, "P-384", "/CN=a.internal.example", "DNS:a.internal.example,DNS:b.internal.example");
    expect![[r#"
        status 0
        --- stdout
        caller  arn:aws:sts::111122223333:assumed-role/ci-deploy/any-session
        names   dns:a.internal.example
                dns:b.internal.example
        cn      a.internal.example
        key     p384

        - pipelines  is not for this caller
        ✓ services   grants it: for client, server, 12 hours
        - people     is not for this caller

        The certificate would be issued by the rule services: for client, server, 12 hours
        --- stderr
        without --user-id, rules and names that depend on it grant nothing here
    "#]]
    .assert_eq(&shown(&world, &check(&world, &[ROLE])));

    let user = "arn:aws:iam::111122223333:user/ada";
    expect![[r#"
        status 2
        --- stdout
        caller  arn:aws:iam::111122223333:user/ada
        names   dns:a.internal.example
                dns:b.internal.example
        cn      a.internal.example
        key     p384
        valid   25 hours

        - pipelines  is not for this caller
        ✗ services   grants at most 24 hours
        ✗ people     does not grant dns:a.internal.example, dns:b.internal.example

        The request would be refused with 400 ttl_too_long: ttl_hours must not be over 24
        --- stderr
        without --user-id, rules and names that depend on it grant nothing here
    "#]]
    .assert_eq(&shown(&world, &check(&world, &[user, "--ttl-hours", "25"])));
}

#[test]
fn identities_are_matched_as_the_signer_would() {
    let world = world();
    csr(&world, "P-256", "/", "DNS:ci-deploy.ci.example");
    let with_id = |id: &str| check(&world, &[ROLE, "--user-id", id]).status;
    assert_eq!(with_id("AROAEXAMPLE:session"), 0);
    assert_eq!(with_id("AROAANOTHER:session"), 2);
    let session = "arn:aws:sts::111122223333:assumed-role/other/ci-deploy";
    assert_eq!(check(&world, &[session, "--user-id", "AROAEXAMPLE"]).status, 2);
}

#[test]
fn names_do_in_place_of_a_request() {
    let world = world();
    let check = |more: &[&str]| world.run(&[&["policy", "check", "--caller", ROLE], more].concat());
    let names = ["--dns", "a.internal.example", "--cn", "a.internal.example"];
    let granted = [&names[..], &["--key-type", "p384", "--usage", "server"]].concat();
    let run = check(&granted);
    assert_eq!(run.status, 0, "{run:?}");
    assert!(run.stdout.contains("by the rule services: for server, 12 hours"), "{run:?}");
    assert!(run.stderr.contains("without --user-id"), "{run:?}");
    let run = check(&names);
    assert!(run.stdout.contains("403 key_type_not_allowed"), "{run:?}");
    let run = check(&["--user-id", "AROAEXAMPLE", "--dns", "ci-deploy.ci.example"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""), "{run:?}");
    for mistake in [&["--dns", "a", "--ttl-hours", "0"][..], &["--dns", "a_b"], &[]] {
        assert_eq!(check(mistake).status, 1, "{mistake:?}");
    }
}

#[test]
fn programs_get_the_same_as_data() {
    let world = world();
    csr(&world, "P-256", "/", "DNS:a.internal.example");
    expect![[r#"
        status 2
        --- stdout
        {
          "caller": "arn:aws:sts::111122223333:assumed-role/ci-deploy/any-session",
          "decision": {
            "code": "key_type_not_allowed",
            "issued": false,
            "message": "kind of key not allowed for this caller: p256",
            "status": 403
          },
          "request": {
            "key_type": "p256",
            "names": [
              "dns:a.internal.example"
            ],
            "usages": []
          },
          "rules": [
            {
              "grants": false,
              "reason": "is not for this caller",
              "rule": "pipelines"
            },
            {
              "grants": false,
              "reason": "does not grant keys of type p256",
              "rule": "services"
            },
            {
              "grants": false,
              "reason": "is not for this caller",
              "rule": "people"
            }
          ]
        }
        --- stderr
        without --user-id, rules and names that depend on it grant nothing here
    "#]]
    .assert_eq(&shown(&world, &check(&world, &[ROLE, "--json"])));
}

#[test]
fn what_is_no_request_is_refused_as_the_signer_would() {
    let world = world();
    csr(&world, "P-521", "/", "DNS:a.internal.example");
    let run = check(&world, &[ROLE]);
    assert_eq!(run.status, 2, "{run:?}");
    assert!(run.stdout.contains("400 unsupported_key"), "{run:?}");
    // What lies beside the request is not sent, so it does not matter here either.
    csr(&world, "P-384", "/", "DNS:a.internal.example");
    let (key, request) = (world.path("key.pem"), world.path("req.pem"));
    let both = [key, request].map(|path| std::fs::read_to_string(path).expect("PEM"));
    world.write("req.pem", &both.concat());
    assert_eq!(check(&world, &[ROLE]).status, 0);
}

#[test]
fn mistakes_are_errors() {
    let world = world();
    csr(&world, "P-256", "/", "DNS:a.internal.example");
    let run = world.fail(&["policy", "check", "--csr", "none.pem", "--caller", ROLE]);
    assert!(run.stderr.contains("could not use none.pem as a certificate request"), "{run:?}");
    let run = world.fail(&["policy", "check", "--csr", "req.pem", "--caller", "ada"]);
    assert!(run.stderr.contains("`ada` is not the ARN of a caller"), "{run:?}");
    world.write("other.yaml", "stack: other\nresources:\n  log_group.a: { name: /a }\n");
    let run = world.fail(&[
        "policy",
        "check",
        "--stack",
        "other.yaml",
        "--csr",
        "req.pem",
        "--caller",
        ROLE,
    ]);
    assert!(run.stderr.contains("other.yaml declares no issuing policy"), "{run:?}");
}
