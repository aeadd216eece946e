//! Certificates that grow old: renewed when it is time, once or for as long as a run lasts.

use std::fs;
use std::process::Command;

use deployer::ca::Files;
use rcgen::{CertificateParams, DistinguishedName, ExtendedKeyUsagePurpose, KeyPair, SanType};
use rustix::process::Signal;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::{deployed, openssl, read};
use crate::support::World;
use crate::support::running::Running;

/// Tells of the files that it is called for, and of what they were.
const HOOK: &str = "cat \"$DEPLOYER_FULLCHAIN\" \"$DEPLOYER_KEY\" > served.pem; \
                    echo \"$DEPLOYER_NOT_AFTER\" >> hook.log; echo reloaded";

#[test]
fn a_certificate_is_renewed_when_it_is_time_and_not_before() {
    let world = deployed();
    let first = issued(&world, &["--dns", "a.internal.example", "--ip", "10.0.0.7"]);
    assert_eq!(first["names"], serde_json::json!(["DNS:a.internal.example", "IP:10.0.0.7"]));
    let fresh = world.succeed(&["--local", "issue", "--renew", "--exec", HOOK, "--json"]);
    assert!(fresh.stderr.contains("nothing to do"), "{}", fresh.stderr);
    assert_eq!(json(&fresh.stdout), first, "the same certificate is described");
    assert!(!world.path("hook.log").exists(), "nothing is new");
    // Nobody is asked, so there need be neither a stack nor credentials.
    world.succeed(&["issue", "--renew", "--stack", "none.yaml"]);

    // Plain files, as other tools write them.
    let old = grow_old(&world, Duration::hours(9));
    let renewed = issued(&world, &["--renew", "--exec", HOOK]);
    assert_ne!(renewed["serial"], first["serial"]);
    assert_eq!(renewed["names"], serde_json::json!(["DNS:old.internal.example", "IP:10.0.0.8"]));
    assert_eq!(renewed["key_type"], "P-384");
    lasts(&renewed, 12);
    pair(&world);
    let key = read(&world.path("certs/key.pem"));
    assert_ne!(key, old, "there is a new key each time");
    assert_eq!(read(&world.path("served.pem")), read(&world.path("certs/fullchain.pem")) + &key);
    assert_eq!(read(&world.path("certs/.versions/found/key.pem")), old, "the old one is kept");
    let ends = json_text(&renewed, "not_after");
    assert_eq!(read(&world.path("hook.log")).trim(), ends);
    a_failed_hook_is_told_and_made_up_for(&world);
}

/// The certificate stays, the status says that something failed, and the next run tries again.
fn a_failed_hook_is_told_and_made_up_for(world: &World) {
    fs::remove_file(world.path("hook.log")).expect("a log");
    let failed =
        world.fail(&["--local", "issue", "--dns", "b.internal.example", "--exec", "exit 7"]);
    assert!(failed.stdout.contains("DNS:b.internal.example"), "{}", failed.stdout);
    assert!(failed.stderr.contains("`exit 7` failed"), "{}", failed.stderr);
    assert!(failed.stderr.contains("exit status: 7"), "{}", failed.stderr);
    pair(world);
    let again = world.succeed(&["--local", "issue", "--renew", "--exec", HOOK]);
    assert!(again.stderr.contains("nothing to do"), "{}", again.stderr);
    assert_eq!(read(&world.path("hook.log")).lines().count(), 1);
    world.succeed(&["--local", "issue", "--renew", "--exec", HOOK]);
    assert_eq!(read(&world.path("hook.log")).lines().count(), 1, "once is enough");
}

#[test]
fn a_watched_certificate_is_renewed_until_the_run_is_asked_to_end() {
    let world = deployed();
    let old = grow_old(&world, Duration::hours(9));
    let mut watching = watch(&world, HOOK);
    watching.until("the next renewal is at");
    let key = read(&world.path("certs/key.pem"));
    assert_ne!(key, old);
    assert_eq!(read(&world.path("served.pem")), read(&world.path("certs/fullchain.pem")) + &key);
    watching.signal(Signal::TERM);
    let ended = watching.end();
    assert_eq!(ended.status, 143, "{}", ended.stderr);
    assert!(ended.stderr.contains("asked to terminate: the files are complete"), "{ended:?}");
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(lines.len(), 1, "one certificate, one line: {lines:?}");
    assert_eq!(json(lines[0])["names"][0], "DNS:old.internal.example");
    pair(&world);
    a_hook_is_waited_for(&world);
}

/// A request to end that comes while the hook runs is granted when the hook is done.
fn a_hook_is_waited_for(world: &World) {
    grow_old(world, Duration::hours(10));
    let hook = "echo begun >&2; until test -e go; do sleep 0.05; done; touch finished";
    let mut watching = watch(world, hook);
    watching.until("begun");
    watching.signal_all(Signal::INT);
    watching.until("finishing what is under way");
    assert!(!world.path("finished").exists());
    world.write("go", "");
    let ended = watching.end();
    assert_eq!(ended.status, 130, "{}", ended.stderr);
    assert!(world.path("finished").exists(), "the hook came to its end");
    assert!(!world.path("certs/current/hook-pending").exists(), "and is remembered");
}

#[test]
fn a_watch_without_an_answer_goes_on_and_says_so() {
    let world = World::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let url = format!("http://127.0.0.1:{port}/issue-cert");
    let mut command = world.command(&["issue", "--watch", "--dns", "a.example", "--url", &url]);
    command
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .env("AWS_ACCESS_KEY_ID", "AKIANOBODY")
        .env("AWS_SECRET_ACCESS_KEY", "none");
    let mut watching = Running::start(&mut command);
    watching.until("there is no certificate yet; trying again in");
    watching.signal(Signal::TERM);
    let ended = watching.end();
    assert_eq!(ended.status, 143, "{}", ended.stderr);
    assert!(ended.stderr.contains("could not reach http://127.0.0.1"), "{}", ended.stderr);
    assert!(!world.path("certs").exists());

    // Without anything to go by there is nothing to wait for.
    let aimless = world.fail(&["issue", "--watch"]);
    assert!(aimless.stderr.contains("there is no certs/cert.pem yet"), "{}", aimless.stderr);
}

#[test]
fn what_will_be_in_the_way_of_a_renewal_is_told_at_once_and_once() {
    let world = World::new();
    let told = |age, until| {
        grow_old(&world, age);
        let url = "http://127.0.0.1:9/issue-cert";
        let mut command = world.command(&["issue", "--watch", "--url", url]);
        let mut watching = Running::start(command.env("AWS_REGION", "us-east-1"));
        watching.until(until);
        watching.signal(Signal::TERM);
        watching.end().stderr
    };
    let soon = told(Duration::hours(11), "trying again in");
    assert_eq!(soon.matches("no AWS credentials were found").count(), 1, "{soon}");
    let later = told(Duration::hours(1), "the next renewal is at");
    assert_eq!(later.matches("no AWS credentials were found").count(), 1, "{later}");
    assert!(later.contains("could not be renewed as things stand"), "{later}");
}

fn watch(world: &World, hook: &str) -> Running {
    Running::start(&mut world.command(&["--local", "issue", "--watch", "--json", "--exec", hook]))
}

/// Puts a certificate of twelve hours into `certs` that is this old, in plain files; yields its key.
fn grow_old(world: &World, age: Duration) -> String {
    let secret = read(&Files::within(&world.path("ca")).issuing_secret);
    let secret = json(&secret);
    let issuing = KeyPair::from_pem(&json_text(&secret, "private_key")).expect("a key");
    let issuer = rcgen::Issuer::from_ca_cert_pem(&json_text(&secret, "certificate"), issuing);
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).expect("a key");
    let mut params = CertificateParams::new(["old.internal.example".to_owned()]).expect("a name");
    params.subject_alt_names.push(SanType::IpAddress([10, 0, 0, 8].into()));
    params.distinguished_name = DistinguishedName::new();
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.not_before = OffsetDateTime::now_utc() - age;
    params.not_after = params.not_before + Duration::hours(12);
    let certificate = params.signed_by(&key, &issuer.expect("an issuer")).expect("a certificate");
    if world.path("certs").exists() {
        fs::remove_dir_all(world.path("certs")).expect("a folder to remove");
    }
    fs::create_dir(world.path("certs")).expect("a folder");
    world.write("certs/cert.pem", &certificate.pem());
    world.write("certs/chain.pem", &json_text(&secret, "chain"));
    world.write("certs/key.pem", &key.serialize_pem());
    key.serialize_pem()
}

/// Runs `issue`, which must succeed; what it says of the certificate.
fn issued(world: &World, arguments: &[&str]) -> Value {
    let mut all = vec!["--local", "issue", "--json"];
    all.extend(arguments);
    json(&world.succeed(&all).stdout)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn json_text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

fn lasts(certificate: &Value, hours: i64) {
    let time = |name| {
        let text = json_text(certificate, name);
        let format = &time::format_description::well_known::Rfc3339;
        OffsetDateTime::parse(&text, format).expect("a time")
    };
    let lifetime = time("not_after") - time("not_before");
    assert!((lifetime - Duration::hours(hours)).abs() < Duration::minutes(2), "{lifetime}");
}

/// The files in `certs` belong together, and lead to the root.
fn pair(world: &World) {
    let public = |arguments: &[&str]| openssl(world, arguments);
    let certified = public(&["x509", "-noout", "-pubkey", "-in", "certs/cert.pem"]);
    assert_eq!(certified, public(&["pkey", "-pubout", "-in", "certs/key.pem"]));
    let chain = ["-CAfile", "ca/root.pem", "-untrusted", "certs/chain.pem", "certs/cert.pem"];
    openssl(world, &[&["verify", "-x509_strict"], &chain[..]].concat());
    let kind =
        Command::new("stat").args(["-L", "-c", "%a"]).arg(world.path("certs/key.pem")).output();
    assert_eq!(kind.expect("stat").stdout, b"600\n");
}
