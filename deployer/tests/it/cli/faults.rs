//! An environment that is not as it should be: each fault is told clearly, ends with status 1 and
//! changes nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use aws_credential_types::Credentials;
use deployer::ca;
use expect_test::expect;
use time::OffsetDateTime;

use super::{SMALL, at, filtered, nowhere, shown, snapshot, world_of};
use crate::support::{Run, World, signer};

/// A stack that needs a CA and nothing else.
const ONE_SECRET: &str = "\
stack: s
region: us-east-1
resources:
  secret.ca: { name: s/ca, value_file: ca/issuing-ca.json }
";

/// How long somebody waits for the answer that nobody answers.
const PATIENCE: Duration = Duration::from_secs(15);

#[test]
fn without_a_region_or_keys_nothing_is_called() {
    let world = world_of(&SMALL.replace("region: us-east-1\n", ""));
    let region = snapshot(&world, &mut world.command(&["plan"]));
    let keys = snapshot(&world, world.command(&["plan"]).env("AWS_REGION", "us-east-1"));
    // The endpoint must make no difference.
    let endpoint = Run::of(
        world
            .command(&["plan"])
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
    );
    assert_eq!(shown(&world, &endpoint), keys);
    expect![[r#"
        status 1
        --- stderr
        error: no AWS region is configured
          hint: set `region:` in stack.yaml, AWS_REGION, or a region in your AWS profile; or use --local
        status 1
        --- stderr
        error: no AWS credentials were found
          because: no credentials found in chain. Attempted:
                Environment: environment variable not set
                Profile: not configured
                WebIdentityToken: $AWS_WEB_IDENTITY_TOKEN_FILE was not set
                EcsContainer: ECS provider not configured
                Ec2InstanceMetadata: IMDS disabled by AWS_EC2_METADATA_DISABLED env var set to `true`
          hint: set AWS_PROFILE, log in with `aws sso login`, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use --local
    "#]].assert_eq(&[region, keys].concat());
}

#[test]
fn the_keys_of_a_local_aws_are_never_sent_to_the_real_one() {
    let world = world_of(SMALL);
    let mut all = String::new();
    for key in ["test", "000000000000"] {
        let keys = Credentials::new(key, "test", None, None, "test");
        all += &snapshot(
            &world,
            at(&world, "", &keys, &["apply", "--yes"]).env_remove("AWS_ENDPOINT_URL"),
        );
    }
    expect![[r#"
        status 1
        --- stderr
        error: the AWS credentials are the dummy keys of a local AWS
          because: the access key id is `test`, and no AWS_ENDPOINT_URL is set
          hint: use --local, set AWS_ENDPOINT_URL, or configure real credentials
        status 1
        --- stderr
        error: the AWS credentials are the dummy keys of a local AWS
          because: the access key id is `000000000000`, and no AWS_ENDPOINT_URL is set
          hint: use --local, set AWS_ENDPOINT_URL, or configure real credentials
    "#]]
    .assert_eq(&all);
    assert!(!world.path("state/small.json").exists());
}

#[test]
fn an_endpoint_that_does_not_answer_is_given_up_within_seconds() {
    let world = world_of(SMALL);
    let begin = Instant::now();
    let run = snapshot(&world, &mut nowhere(&world, &["apply", "--yes"]));
    assert!(begin.elapsed() < PATIENCE, "{:?}", begin.elapsed());
    expect![[r#"
        status 1
        --- stderr
        error: could not find out which AWS account this is
          because: GetCallerIdentity failed for http://127.0.0.1:[port] in us-east-1, tried 3 times
          because: client error (Connect)
          because: tcp connect error
          because: Connection refused (os error 111)
          hint: check the network, AWS_ENDPOINT_URL and the region; for the local AWS, `deployer local status`
    "#]].assert_eq(&run);
    let keys = Credentials::new("AKIANOBODY", "none", None, None, "test");
    let run = snapshot(&world, &mut at(&world, "localhost:4566", &keys, &["plan"]));
    expect![[r#"
        status 1
        --- stderr
        error: `localhost:4566` is not the URL of an AWS endpoint
          because: it does not begin with http:// or https://
          hint: check AWS_ENDPOINT_URL and `endpoint_url` in your AWS profile
    "#]]
    .assert_eq(&run);
}

#[test]
fn a_state_file_that_cannot_be_trusted_stops_everything() {
    let world = world_of(SMALL);
    fs::create_dir(world.path("state")).expect("a folder");
    let whole = r#"{"version":1,"stack":"other","account":"1","region":"r","serial":1,"resources":{},"outputs":[]}"#;
    let newer = whole.replace("\"version\":1", "\"version\":3");
    let mut all = String::new();
    for text in ["", &whole[..40], "\0\0\0\0", whole, newer.as_str()] {
        world.write("state/small.json", text);
        all += &snapshot(&world, &mut nowhere(&world, &["apply", "--yes"]));
        let left = fs::read_to_string(world.path("state/small.json")).expect("a file");
        assert_eq!(left, text, "it is left alone");
    }
    fs::remove_file(world.path("state/small.json")).expect("a file to remove");
    fs::create_dir(world.path("state/small.json")).expect("a folder");
    all += &snapshot(&world, &mut nowhere(&world, &["output"]));
    world.write("file", "");
    all += &snapshot(&world, &mut nowhere(&world, &["output", "--state", "file"]));
    expect![[r#"
        status 1
        --- stderr
        error: could not understand the state file state/small.json
          because: EOF while parsing a value at line 1 column 0
          hint: put back a good copy, or make the state again from what AWS holds: `deployer state rebuild`
        status 1
        --- stderr
        error: could not understand the state file state/small.json
          because: EOF while parsing a string at line 1 column 40
          hint: put back a good copy, or make the state again from what AWS holds: `deployer state rebuild`
        status 1
        --- stderr
        error: could not understand the state file state/small.json
          because: expected value at line 1 column 1
          hint: put back a good copy, or make the state again from what AWS holds: `deployer state rebuild`
        status 1
        --- stderr
        error: the state file state/small.json belongs to another stack
          because: it remembers `other`, and this is `small`
          hint: choose another folder with --state, or give the stack its own name in stack.yaml
        status 1
        --- stderr
        error: could not understand the state file state/small.json
          because: its format is version 3, and this release knows 2
          hint: use the release of deployer that wrote it, or a newer one
        status 1
        --- stderr
        error: could not read the state file state/small.json
          because: Is a directory (os error 21)
          hint: mend the file's or the folder's permissions, or name another folder with --state
        status 1
        --- stderr
        error: could not read the state file file/small.json
          because: Not a directory (os error 20)
          hint: mend the file's or the folder's permissions, or name another folder with --state
    "#]].assert_eq(&all);
}

/// The smallest stack with a function.
fn with_function(architecture: &str) -> String {
    let function = "\
stack: f
region: us-east-1
resources:
  log_group.f: { name: /f }
  iam_role.f: { name: f, trust: lambda.amazonaws.com }
  lambda_function.f:
    name: f
    role: ${iam_role.f.arn}
    log_group: ${log_group.f.name}
    code: { bootstrap: bootstrap }
";
    format!("{function}    architecture: {architecture}\n")
}

fn executable(path: &Path, content: &[u8]) {
    fs::write(path, content).expect("a file to write");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("permissions");
}

#[test]
fn a_bootstrap_that_could_not_start_is_refused_before_any_call() {
    let world = world_of(&with_function("x86_64"));
    let plan = || snapshot(&world, &mut nowhere(&world, &["plan"]));
    let missing = plan();
    world.write("bootstrap", "x");
    let not_executable = plan();
    executable(&world.path("bootstrap"), b"#!/bin/sh\n");
    let script = plan();
    fs::remove_file(world.path("bootstrap")).expect("a file to remove");
    fs::create_dir(world.path("bootstrap")).expect("a folder");
    let folder = plan();
    expect![[r#"
        status 1
        --- stderr
        error: could not prepare lambda_function.f
          because: could not read ./bootstrap
          because: No such file or directory (os error 2)
          hint: build the program first; paths in stack.yaml are relative to the folder that it is in
        status 1
        --- stderr
        error: could not prepare lambda_function.f
          because: could not use ./bootstrap as the bootstrap of a function
          because: it is not marked as executable
          hint: mark it with `chmod +x ./bootstrap`
        status 1
        --- stderr
        error: could not prepare lambda_function.f
          because: could not use ./bootstrap as the bootstrap of a function
          because: it is a script, not a 64-bit Linux program
          hint: build it with `target: x86_64-unknown-linux-musl`, after `rustup target add x86_64-unknown-linux-musl`
        status 1
        --- stderr
        error: could not prepare lambda_function.f
          because: could not use ./bootstrap as the bootstrap of a function
          because: it is not a file
          hint: name the program itself, not the folder that it is in
    "#]].assert_eq(&[missing, not_executable, script, folder].concat());
}

/// The test itself is a program for this machine and its glibc.
#[cfg(all(target_arch = "x86_64", target_env = "gnu"))]
#[test]
fn nothing_is_built_where_something_is_wrong_already() {
    let world = World::new();
    world.edit(&format!("bootstrap: {}", signer().display()), "cargo: signer");
    fs::remove_dir_all(world.path("ca")).expect("a CA");
    let run = Run::of(&mut nowhere(&world, &["plan"]));
    assert!(run.stderr.contains("could not prepare secret.ca"), "{}", run.stderr);
    assert!(!run.stderr.contains("cargo"), "{}", run.stderr);
    ca::init(&world.path("ca"), OffsetDateTime::now_utc()).expect("a demo CA");
    let without_keys = Run::of(world.command(&["plan"]).env("AWS_REGION", "us-east-1"));
    for (run, wrong) in [
        (Run::of(&mut world.command(&["plan"])), "no AWS region"),
        (without_keys, "no AWS credentials"),
        (Run::of(&mut nowhere(&world, &["apply", "--yes"])), "which AWS account this is"),
    ] {
        assert!(run.stderr.contains(wrong), "{}", run.stderr);
        assert!(!run.stderr.contains("cargo"), "{}", run.stderr);
    }
}

#[test]
fn a_program_for_another_machine_is_refused() {
    let world = world_of(&with_function("arm64"));
    let this = fs::read(env!("CARGO_BIN_EXE_deployer")).expect("a program");
    executable(&world.path("bootstrap"), &this);
    expect![[r#"
        status 1
        --- stderr
        error: could not prepare lambda_function.f
          because: could not use ./bootstrap as the bootstrap of a function
          because: it is for x86_64, but the function is to run on arm64 (Lambda's provided.al2023)
          hint: build it with `target: aarch64-unknown-linux-musl`, or set `architecture: x86_64`
    "#]]
    .assert_eq(&snapshot(&world, &mut nowhere(&world, &["plan"])));
}

#[test]
fn material_that_is_no_issuing_ca_is_refused_without_showing_it() {
    let world = world_of(ONE_SECRET);
    let plan = || snapshot(&world, &mut nowhere(&world, &["plan"]));
    let missing = plan();
    let files = ca::init(&world.path("ca"), OffsetDateTime::now_utc()).expect("a demo CA");
    let good = fs::read(&files.issuing_secret).expect("a secret");
    fs::write(&files.issuing_secret, b"\x00garbage\xff").expect("a file to write");
    let garbage = plan();
    fs::write(&files.issuing_secret, "").expect("a file to write");
    let empty = plan();
    let mut other: serde_json::Value = serde_json::from_slice(&good).expect("JSON");
    let root_key = fs::read_to_string(&files.root_key).expect("a key");
    other["private_key"] = root_key.as_str().into();
    fs::write(&files.issuing_secret, other.to_string()).expect("a file to write");
    let foreign_key = plan();
    let all = [missing, garbage, empty, foreign_key, expired()].concat();
    assert!(!all.contains(root_key.lines().nth(2).expect("a key's body")));
    expect![[r#"
        status 1
        --- stderr
        error: could not prepare secret.ca
          because: could not read the secret's value from ./ca/issuing-ca.json
          because: No such file or directory (os error 2)
          hint: for a demo CA, make it with `deployer ca init`
        status 1
        --- stderr
        error: could not prepare secret.ca
          because: could not use ./ca/issuing-ca.json as the secret's value
          because: it is not the material of an issuing CA
          because: not a JSON object of the strings certificate, private_key and chain (line 1, column 1)
          hint: `deployer ca init` makes a demo CA; docs/guide/rotation.md shows the format for your own
        status 1
        --- stderr
        error: could not prepare secret.ca
          because: could not use ./ca/issuing-ca.json as the secret's value
          because: it is not the material of an issuing CA
          because: not a JSON object of the strings certificate, private_key and chain (line 1, column 0)
          hint: `deployer ca init` makes a demo CA; docs/guide/rotation.md shows the format for your own
        status 1
        --- stderr
        error: could not prepare secret.ca
          because: could not use ./ca/issuing-ca.json as the secret's value
          because: it is not the material of an issuing CA
          because: private_key: is not the key of the certificate
          hint: `deployer ca init` makes a demo CA; docs/guide/rotation.md shows the format for your own
        status 1
        --- stderr
        error: could not prepare secret.ca
          because: could not use ./ca/issuing-ca.json as the secret's value
          because: it is not the material of an issuing CA
          because: chain: has expired …
    "#]].assert_eq(&all);
}

fn expired() -> String {
    let world = world_of(ONE_SECRET);
    let long_ago = OffsetDateTime::now_utc() - time::Duration::days(40 * 365);
    ca::init(&world.path("ca"), long_ago).expect("a demo CA");
    let said = snapshot(&world, &mut nowhere(&world, &["plan"]));
    // The date depends on the day of the test.
    let stem = said.split_once("expired").map_or(said.as_str(), |(before, _)| before);
    format!("{stem}expired …\n")
}

#[test]
fn what_aws_refuses_is_told_and_nothing_is_done() {
    let world = world_of(SMALL);
    world.succeed(&["local", "start"]);
    wrong_keys(&world);
    no_permission(&world);
    no_room_for_the_state(&world);
    another_account(&world);
}

/// Nothing of the stack is there.
fn nothing_is_there(world: &World) {
    let instance = world.instance();
    let mut plan =
        at(world, &instance.endpoint, &instance.deployer, &["plan", "--state", "unused"]);
    let plan = Run::of(&mut plan);
    assert!(plan.stdout.contains("Summary: 2 to create\n"), "{}{}", plan.stdout, plan.stderr);
}

fn wrong_keys(world: &World) {
    let instance = world.instance();
    let id = instance.deployer.access_key_id();
    let apply = |keys: &Credentials| {
        let mut command = at(world, &instance.endpoint, keys, &["apply", "--yes"]);
        if let Some(token) = keys.session_token() {
            command.env("AWS_SESSION_TOKEN", token);
        }
        snapshot(world, &mut command)
    };
    let all = [
        apply(&Credentials::new(id, "wrong", None, None, "test")),
        apply(&Credentials::new("AKIANOSUCHKEY0000000", "wrong", None, None, "test")),
        apply(&Credentials::new("ASIANOSUCHKEY0000000", "wrong", Some("old".into()), None, "test")),
    ];
    expect![[r#"
        status 1
        --- stderr
        error: could not find out which AWS account this is
          because: GetCallerIdentity failed for http://127.0.0.1:[port] in us-east-1
          because: SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.
          hint: the credentials are wrong or deactivated: check AWS_PROFILE and the AWS_* variables
        status 1
        --- stderr
        error: could not find out which AWS account this is
          because: GetCallerIdentity failed for http://127.0.0.1:[port] in us-east-1
          because: InvalidClientTokenId: The security token included in the request is invalid.
          hint: the credentials are wrong or deactivated: check AWS_PROFILE and the AWS_* variables
        status 1
        --- stderr
        error: could not find out which AWS account this is
          because: GetCallerIdentity failed for http://127.0.0.1:[port] in us-east-1
          because: InvalidClientTokenId: The security token included in the request is invalid.
          hint: the credentials are wrong or deactivated: check AWS_PROFILE and the AWS_* variables
    "#]].assert_eq(&all.concat());
    nothing_is_there(world);
}

fn no_permission(world: &World) {
    let instance = world.instance();
    let mut command = at(world, &instance.endpoint, &instance.client, &["apply", "--yes"]);
    expect![[r#"
        status 1
        --- stderr
        error: could not read log_group.a

         --> stack.yaml:4:3
        4 |   log_group.a:
          |   ^ declared here

          because: DescribeLogGroups failed for /small/a
          because: AccessDeniedException: User: arn:aws:iam::000000000000:user/client is not authorized to perform: logs:DescribeLogGroups on resource: * because no identity-based policy allows the logs:DescribeLogGroups action
          hint: the caller lacks this permission: add the action to its IAM policy, then run again
    "#]].assert_eq(&snapshot(world, &mut command));
    assert!(!world.path("state/small.json").exists());
    nothing_is_there(world);
}

fn no_room_for_the_state(world: &World) {
    let instance = world.instance();
    let deployer = env!("CARGO_BIN_EXE_deployer");
    let mut full = Command::new("sh");
    let line = format!("trap '' XFSZ; ulimit -f 0; exec '{deployer}' apply --yes");
    full.args(["-c", &line]).current_dir(world.path("")).env_clear();
    let usual = at(world, &instance.endpoint, &instance.deployer, &[]);
    full.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let run = Run::of(&mut full);
    assert_eq!(run.status, 1);
    expect![[r#"
        error: could not write the state file state/small.json
          because: File too large (os error 27) at path "[folder]/state/.state-[random]"
          hint: make room or mend the folder's permissions, then run again: what is in AWS is found again
    "#]].assert_eq(&filtered(world, &run.stderr));
    nothing_is_there(world);

    let arguments = ["apply", "--yes", "--state", "/proc/none"];
    let run = Run::of(&mut at(world, &instance.endpoint, &instance.deployer, &arguments));
    assert_eq!(run.status, 1);
    expect![[r#"
        error: could not lock the state with /proc/none/small.lock
          because: No such file or directory (os error 2)
          hint: make room or mend the folder's permissions, or name another folder with --state
    "#]]
    .assert_eq(&filtered(world, &run.stderr));
    nothing_is_there(world);
}

fn another_account(world: &World) {
    let instance = world.instance();
    let run = Run::of(&mut at(world, &instance.endpoint, &instance.deployer, &["apply", "--yes"]));
    assert_eq!(run.status, 0, "{}", run.stderr);
    let before = fs::read_to_string(world.path("state/small.json")).expect("a state");
    // To the local AWS, a key id of twelve digits is the root of that account.
    let other = Credentials::new("111111111111", "any", None, None, "test");
    for command in ["plan", "apply", "destroy"] {
        let run = Run::of(&mut at(world, &instance.endpoint, &other, &[command]));
        assert!(run.stderr.contains("belongs to another account or region"), "{}", run.stderr);
        assert_eq!((run.status, run.stdout.as_str()), (1, ""));
    }
    let mut plan = at(world, &instance.endpoint, &other, &["plan"]);
    expect![[r#"
        status 1
        --- stderr
        error: the state file state/small.json belongs to another account or region
          because: it was made in account 000000000000 in us-east-1, and the credentials are for account 111111111111 in us-east-1
          hint: use that account's credentials and region, or another folder with --state
    "#]].assert_eq(&snapshot(world, &mut plan));
    world.edit("region: us-east-1", "region: eu-west-1");
    let mut plan = at(world, &instance.endpoint, &instance.deployer, &["plan"]);
    expect![[r#"
        status 1
        --- stderr
        error: the state file state/small.json belongs to another account or region
          because: it was made in account 000000000000 in us-east-1, and the credentials are for account 000000000000 in eu-west-1
          hint: use that account's credentials and region, or another folder with --state
    "#]].assert_eq(&snapshot(world, &mut plan));
    assert_eq!(fs::read_to_string(world.path("state/small.json")).expect("a state"), before);
}
