//! The CA material as it comes, changes and fails to come.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::authority::Authority;
use crate::der::fixture;
use crate::events::{World, event, run};

/// The refresh interval and the pause after a failure, in seconds.
const REFRESH: i64 = 600;
const RETRY: i64 = 15;

fn good() -> Value {
    event(json!({"csr": fixture("p256_sha256")}).to_string().as_bytes())
}

impl World {
    fn reads(&self) -> usize {
        self.reads.load(Ordering::SeqCst)
    }

    fn wait(&self, seconds: i64) {
        self.ahead.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Asks for a certificate; the fingerprint of the CA that issued it, or the code of the refusal.
    fn issuer(&self) -> String {
        let (_, body) = self.send(&good());
        let code = body["error"]["code"].as_str();
        let line = self.last_line();
        code.map_or_else(|| line["ca_sha256"].as_str().unwrap().to_owned(), str::to_owned)
    }
}

#[test]
fn a_missing_secret_is_looked_for_again_after_a_pause_and_once_for_all_who_wait() {
    let world = World::new();
    let secret = world.secret.lock().unwrap().take();
    let (status, body) = world.send(&good());
    assert_eq!((status, &body["error"]["code"]), (503, &json!("ca_unavailable")));
    assert_eq!(body["error"]["message"], "the issuing CA is not available; try again in a while");
    assert!(!body.to_string().contains("arn:"), "{body}");
    assert_eq!(world.last_line()["decision"], "refused");
    assert_eq!(world.issuer(), "ca_unavailable");
    assert_eq!(world.reads(), 1, "the second request makes no look of its own");
    assert_eq!(world.alarms(), ["ca_unavailable"; 2]);

    *world.secret.lock().unwrap() = secret;
    world.wait(RETRY);
    let event = good();
    let (first, second, third) = run(async {
        tokio::join!(world.send_async(&event), world.send_async(&event), world.send_async(&event))
    });
    assert_eq!([first.0, second.0, third.0], [200; 3]);
    assert_eq!(world.reads(), 2, "one failure, then one for all three");
}

#[test]
fn the_first_look_is_made_before_the_first_request() {
    let world = World::new();
    run(world.handler.prepare());
    assert_eq!((world.reads(), world.alarms().len()), (1, 0));
    world.issuer();
    assert_eq!(world.reads(), 1);

    let world = World::new();
    world.secret.lock().unwrap().take();
    run(world.handler.prepare());
    assert_eq!(world.alarms(), ["ca_unavailable"]);
    let alarm: Value = serde_json::from_str(&world.lines.lock().unwrap()[0]).unwrap();
    assert!(alarm["detail"].as_str().unwrap().contains("ResourceNotFoundException"), "{alarm}");
}

#[test]
fn a_thousand_requests_at_once_make_one_look_and_get_serials_of_their_own() {
    let world = World::new();
    let event = good();
    let answers = run(async {
        let mut answers = Vec::new();
        for _ in 0..1000 {
            answers.push(world.send_async(&event));
        }
        futures_util::future::join_all(answers).await
    });
    assert!(answers.iter().all(|(status, _)| *status == 200));
    assert_eq!(world.reads(), 1);
    let lines = world.lines.lock().unwrap();
    let serial = |line: &String| serde_json::from_str::<Value>(line).unwrap()["serial"].to_string();
    let serials: std::collections::BTreeSet<_> = lines.iter().map(serial).collect();
    assert_eq!(serials.len(), 1000);
}

#[test]
fn a_new_ca_is_taken_up_without_a_restart() {
    let world = World::new();
    let old = world.issuer();
    *world.secret.lock().unwrap() = Some(Authority::new().bundle().to_string());
    world.wait(REFRESH - 1);
    assert_eq!(world.issuer(), old);
    world.wait(2);
    assert_ne!(world.issuer(), old);
    assert_eq!(world.reads(), 2);
    assert_eq!(world.alarms(), Vec::<String>::new());
}

#[test]
fn the_old_ca_is_kept_while_the_new_one_cannot_be_used() {
    let world = World::new();
    let old = world.issuer();
    let unusable = json!({"certificate": 1, "private_key": "-----BEGIN PRIVATE KEY-----"});
    for (count, content) in [(1, None), (2, Some(unusable.to_string()))] {
        *world.secret.lock().unwrap() = content;
        world.wait(REFRESH);
        assert_eq!(world.issuer(), old);
        assert_eq!(world.issuer(), old);
        assert_eq!(world.alarms(), vec!["ca_refresh_failed"; count], "one for each look");
        assert_eq!(world.reads(), 1 + count);
    }
    assert!(world.lines.lock().unwrap().iter().all(|line| !line.contains("PRIVATE")));
    *world.secret.lock().unwrap() = Some(Authority::new().bundle().to_string());
    world.wait(RETRY);
    assert_ne!(world.issuer(), old);
}

#[test]
fn requests_that_come_during_a_look_get_the_old_ca() {
    let world = World::new();
    let old = world.issuer();
    *world.secret.lock().unwrap() = Some(Authority::new().bundle().to_string());
    world.wait(REFRESH);
    let event = good();
    run(async { tokio::join!(world.send_async(&event), world.send_async(&event)) });
    let lines = world.lines.lock().unwrap();
    let issuers: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(issuers[1]["ca_sha256"], old.as_str(), "the one that did not wait answers first");
    assert_ne!(issuers[2]["ca_sha256"], old.as_str());
    assert_eq!(world.reads(), 2);
}

#[test]
fn a_clock_that_was_set_back_brings_a_look() {
    let world = World::new();
    world.issuer();
    world.wait(-100);
    world.issuer();
    assert_eq!(world.reads(), 2);
}

#[test]
fn unusable_material_is_the_issuers_fault_and_no_details_get_out() {
    let world = World::new();
    let mut other = Authority::new().bundle();
    other["private_key"] = json!(Authority::new().key.serialize_pem());
    let expired = Authority::with(&rcgen::PKCS_ECDSA_P256_SHA256, |params| {
        params.not_after = params.not_before + time::Duration::HOUR;
    });
    for content in ["{\"certificate\": 1}", "", &other.to_string(), &expired.bundle().to_string()] {
        *world.secret.lock().unwrap() = Some(content.to_owned());
        let (status, body) = world.send(&good());
        assert_eq!((status, &body["error"]["code"]), (503, &json!("ca_unavailable")), "{content}");
        let message = "the issuing CA is not available; try again in a while";
        assert_eq!(body["error"]["message"], message);
        world.wait(RETRY);
    }
    assert_eq!(world.reads(), 4);
    assert_eq!(world.alarms(), ["ca_unavailable"; 4]);
}
