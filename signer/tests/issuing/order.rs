//! The order of the checks, and what the reference says of their codes.

use serde_json::{Value, json};
use signer::refusal::Code;

use crate::authority::Authority;
use crate::der::{COMMON_NAME, Csr, dns, extension, fixture, oid, pem, subject, tlv};
use crate::events::{World, event};
use crate::rules::policy_with;

/// A request in which one fault after the other is mended.
struct Trial {
    world: World,
    event: Value,
}

impl Trial {
    fn expect(&self, code: &str) {
        let (_, answer) = self.world.send(&self.event);
        assert_eq!(answer["error"]["code"], code, "{answer}");
    }

    /// Mends the fault that is found now; the next one is found then.
    fn then(&mut self, pointer: &str, mended: Value, code: &str) {
        *self.event.pointer_mut(pointer).unwrap() = mended;
        self.expect(code);
    }

    fn body(&mut self, csr: &str, ttl_hours: u32, code: &str) {
        let body = json!({"csr": csr, "ttl_hours": ttl_hours}).to_string();
        self.then("/body", json!(body), code);
    }

    fn csr(&mut self, csr: &Csr, code: &str) {
        self.body(&csr.pem(), 25, code);
    }
}

/// What is cheap to find, or says the most about the sender, comes first.
#[test]
fn transport_and_identity_come_before_the_body() {
    let mut request = event("x".repeat(70_000).as_bytes());
    request["rawPath"] = json!("/other");
    request["headers"]["content-type"] = json!("text/plain");
    request["requestContext"]["http"]["method"] = json!("GET");
    let iam = request["requestContext"]["authorizer"]["iam"].take();
    let mut trial = Trial { world: World::new(), event: request };
    trial.expect("not_found");
    trial.then("/rawPath", json!("/issue-cert"), "method_not_allowed");
    trial.then("/requestContext/http/method", json!("POST"), "unsupported_media_type");
    trial.then("/headers/content-type", json!("application/json"), "too_large");
    trial.then("/body", json!(""), "no_identity");
    trial.then("/requestContext/authorizer/iam", iam, "empty_body");
    trial.then("/body", json!("{"), "invalid_json");
    trial.then("/body", json!("[]"), "invalid_request");
    trial.body(&"x".repeat(17_000), 0, "too_large");
    trial.body("-----BEGIN PRIVATE KEY-----", 0, "invalid_ttl");
    trial.body("-----BEGIN PRIVATE KEY-----", 25, "private_key_sent");
}

#[test]
fn the_proof_comes_before_the_wishes_and_the_wishes_before_the_policy() {
    let ca_true = extension(&[0x55, 0x1d, 0x13], &[0x30, 3, 1, 1, 0xff]);
    let client = extension(&[0x55, 0x1d, 0x25], &tlv(0x30, &[&oid(&[0x2b, 6, 1, 5, 5, 7, 3, 2])]));
    let named = |extensions: &[Vec<u8>]| Csr {
        subject: subject(&[(COMMON_NAME, 0x0c, b"admin")]),
        ..Csr::new(extensions)
    };
    let unproven = |extensions: &[Vec<u8>]| Csr { flip_signature: true, ..named(extensions) };
    let sha1 = tlv(0x30, &[&oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1])]);

    let mut trial = Trial { world: World::new(), event: event(b"") };
    trial.world.handler.policy = policy_with(|rule| {
        rule["common_name"] = json!(false);
        rule["usages"] = json!(["server"]);
        rule["key_types"] = json!(["ed25519"]);
    });
    let caller = "/requestContext/authorizer/iam/userArn";
    let stranger = json!("arn:aws:iam::111122223333:user/stranger");
    let known = std::mem::replace(trial.event.pointer_mut(caller).unwrap(), stranger);
    trial.body("x", 25, "invalid_pem");
    trial.body(&pem("CERTIFICATE", &[0x30, 0]), 25, "wrong_pem_type");
    trial.csr(&Csr { version: 1, algorithm: sha1.clone(), ..unproven(&[]) }, "invalid_csr");
    trial.body(&fixture("rsa1024_sha256"), 25, "weak_key");
    trial.body(&fixture("p521_sha512"), 25, "unsupported_key");
    trial.csr(&Csr { algorithm: sha1, ..unproven(&[dns("a b")]) }, "unsupported_signature");
    trial.csr(&unproven(&[dns("a b")]), "bad_csr_signature");
    // In the order in which they are asked for.
    trial.csr(&named(&[dns("a b"), ca_true.clone()]), "invalid_name");
    trial.csr(&named(&[ca_true]), "forbidden_extension");
    trial.csr(&named(std::slice::from_ref(&client)), "no_names");
    trial.csr(&named(&[dns("evil.test"), client.clone()]), "common_name_not_allowed");
    let with_name = |name: &'static str| Csr {
        subject: subject(&[(COMMON_NAME, 0x0c, name.as_bytes())]),
        ..Csr::new(&[dns(name), client.clone()])
    };
    trial.csr(&with_name("evil.test"), "caller_not_allowed");
    trial.then(caller, known, "name_not_allowed");
    trial.csr(&with_name("api.example.com"), "common_name_not_allowed");
    trial.csr(&Csr::new(&[dns("api.example.com"), client]), "usage_not_allowed");
    trial.csr(&Csr::new(&[dns("api.example.com")]), "key_type_not_allowed");
    trial.body(&fixture("ed25519"), 25, "ttl_too_long");
}

#[test]
fn the_ca_is_asked_last() {
    let authority = Authority::with(&rcgen::PKCS_ECDSA_P256_SHA256, |params| {
        params.not_after = time::OffsetDateTime::now_utc() + time::Duration::hours(5);
        params.name_constraints = Some(rcgen::NameConstraints {
            permitted_subtrees: vec![rcgen::GeneralSubtree::DnsName("internal.example".into())],
            excluded_subtrees: Vec::new(),
        });
    });
    let mut trial = Trial { world: World::of(authority), event: event(b"") };
    let secret = trial.world.secret.lock().unwrap().take();
    trial.csr(&Csr::new(&[dns("evil.test")]), "name_not_allowed");
    let outside = Csr::new(&[dns("api.example.com")]).pem();
    trial.body(&outside, 24, "ca_unavailable");
    *trial.world.secret.lock().unwrap() = secret;
    trial.world.ahead.store(15, std::sync::atomic::Ordering::SeqCst);
    trial.body(&outside, 24, "name_outside_ca");
    trial.body(&Csr::new(&[dns("a.internal.example")]).pem(), 24, "ca_expiring");
}

#[test]
fn the_reference_tells_every_code_with_its_status_and_what_to_do() {
    let reference = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/api.md");
    let reference = std::fs::read_to_string(reference).unwrap();
    for code in Code::ALL {
        let (name, status) = (format!("`{}`", code.as_str()), code.status().to_string());
        let row = reference.lines().find(|line| {
            let cells: Vec<_> = line.split(" | ").collect();
            cells.len() == 3 && cells[0].contains(&status) && cells[1].contains(&name)
        });
        assert!(row.is_some(), "{name} with {status}");
    }
}
