//! A new issuing CA under a running function: taken up without a restart, and both chains verify.

use std::thread;
use std::time::{Duration, Instant};

use super::{LOG_GROUP, openssl, processes_from, read};
use crate::faults::{Failure, Fault, Proxy, Rule, Which, reads_secrets_through};
use crate::support::World;

/// How long a change of the secret may take to show, with a look at it every second.
const PATIENCE: Duration = Duration::from_mins(1);

/// The pause after a look that failed.
const RETRY: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_rotated_ca_is_taken_up_without_a_restart_and_both_chains_verify() {
    let world = World::new();
    world.succeed(&["local", "start"]);
    let proxy = Proxy::to(&world.instance().endpoint);
    reads_secrets_through(&world, &proxy);
    world.edit("environment:\n", "environment:\n      CA_REFRESH_SECONDS: \"1\"\n");
    world.succeed(&["--local", "apply", "--yes"]);
    let old = issued_by(&world, "old");
    let process = processes_from(&world.path("local"));
    assert_eq!(process.len(), 1, "{process:?}");

    a_pending_version_is_not_used(&world, &proxy, &old).await;
    a_look_that_fails_leaves_the_old_ca_in_use(&world, &proxy, &old).await;

    world.succeed(&["ca", "rotate"]);
    world.succeed(&["--local", "apply", "--yes"]);
    let deadline = Instant::now() + PATIENCE + RETRY;
    let new = until(deadline, || Some(issued_by(&world, "new")).filter(|issuer| *issuer != old));
    assert!(new.contains("Issuing CA"), "{new}");
    assert_eq!(processes_from(&world.path("local")), process, "no restart");
    both_chains_verify(&world);
    let plan = world.run(&["--local", "plan", "--detailed-exitcode"]);
    assert_eq!(plan.status, 0, "{plan:?}");
}

/// The issuer of a certificate that is asked for now.
fn issued_by(world: &World, out: &str) -> String {
    world.succeed(&["--local", "issue", "--dns", "a.internal.example", "--out", out]);
    openssl(world, &["x509", "-noout", "-issuer", "-in", &format!("{out}/cert.pem")])
}

/// What `look` finds, as soon as it finds something.
fn until<T>(deadline: Instant, mut look: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "it did not happen in time");
        thread::sleep(Duration::from_secs(1));
    }
}

fn looks(proxy: &Proxy) -> usize {
    let calls = proxy.faults.calls();
    calls.iter().filter(|call| call.operation.name == "GetSecretValue").count()
}

/// Asks for certificates until the function has looked at the secret again.
fn until_looked_again(world: &World, proxy: &Proxy) -> String {
    let before = looks(proxy);
    until(Instant::now() + PATIENCE + RETRY, || {
        let issuer = issued_by(world, "meanwhile");
        (looks(proxy) > before).then_some(issuer)
    })
}

/// A version that somebody prepares, as AWS's own rotation does.
async fn a_pending_version_is_not_used(world: &World, proxy: &Proxy, old: &str) {
    let other = World::new();
    let material = read(&other.path("ca/issuing-ca.json"));
    let root = world.root().await;
    let put = root.secrets.put_secret_value().secret_id("cert-issuer/ca").secret_string(material);
    put.version_stages("AWSPENDING").send().await.expect("a pending version");
    assert_eq!(until_looked_again(world, proxy), old);
}

async fn a_look_that_fails_leaves_the_old_ca_in_use(world: &World, proxy: &Proxy, old: &str) {
    let denied = Fault::Answer(Failure::AccessDenied);
    proxy.faults.set(vec![Rule::on("secretsmanager.GetSecretValue", Which::Every, denied)]);
    assert_eq!(until_looked_again(world, proxy), old);
    proxy.faults.set(Vec::new());
    let logs = world.root().await.logs;
    let events = logs.filter_log_events().log_group_name(LOG_GROUP).send().await.expect("events");
    let mut lines = events.events().iter().filter_map(|event| event.message());
    let alarm = lines.rfind(|line| line.contains("\"alarm\":\"ca_refresh_failed\""));
    assert!(alarm.is_some_and(|line| line.contains("AccessDenied")), "{alarm:?}");
}

/// Each certificate with its own chain, and with both intermediates at hand.
fn both_chains_verify(world: &World) {
    let both = ["old", "new"].map(|out| read(&world.path(&format!("{out}/chain.pem"))));
    world.write("both.pem", &both.concat());
    for out in ["old", "new"] {
        let (own, leaf) = (format!("{out}/chain.pem"), format!("{out}/cert.pem"));
        for chain in [own.as_str(), "both.pem"] {
            let verify = ["verify", "-x509_strict", "-CAfile", "ca/root.pem", "-untrusted", chain];
            openssl(world, &[&verify[..], &[&leaf]].concat());
        }
    }
}
