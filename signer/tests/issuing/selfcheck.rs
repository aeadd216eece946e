//! The self-check must notice a difference in every single field.

use serde_json::{Value, json};
use signer::ca::Ca;
use signer::certificate::ToBeSigned;
use signer::check::{Mismatch, check};
use signer::name::Name;
use signer::policy::Usage;
use time::{Duration, OffsetDateTime};

use rcgen::{KeyPair, PublicKeyData as _};

use crate::authority::Authority;
use crate::der::fixture;
use crate::events::{World, event};

fn ca(authority: &Authority) -> Ca {
    Ca::from_json(authority.bundle().to_string().as_bytes(), OffsetDateTime::now_utc()).unwrap()
}

fn decided() -> ToBeSigned {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap();
    ToBeSigned {
        serial: [0x42; 20],
        not_before: now,
        not_after: now + Duration::hours(1),
        common_name: Some("api.example.com".into()),
        names: vec![
            Name::dns(b"api.example.com").unwrap(),
            Name::ip(&[10, 0, 0, 1]).unwrap(),
            Name::uri(b"spiffe://example.internal/a").unwrap(),
        ],
        usages: vec![Usage::Client],
        spki: KeyPair::generate().unwrap().subject_public_key_info(),
    }
}

#[test]
fn a_certificate_that_differs_in_one_field_is_noticed() {
    type Change = fn(&mut ToBeSigned);
    let changes: [(&str, Change); 12] = [
        ("serial", |decided| decided.serial[19] ^= 1),
        ("not_before", |decided| decided.not_before -= Duration::SECOND),
        ("not_after", |decided| decided.not_after += Duration::SECOND),
        ("subject", |decided| decided.common_name = None),
        ("subject", |decided| decided.common_name = Some("x.example.com".into())),
        ("subjectAltName", |decided| drop(decided.names.pop())),
        ("subjectAltName", |decided| decided.names.push(Name::dns(b"x").unwrap())),
        ("subjectAltName", |decided| decided.names[0] = Name::dns(b"x").unwrap()),
        ("subjectAltName", |decided| decided.names[1] = Name::ip(&[10, 0, 0, 2]).unwrap()),
        ("extendedKeyUsage", |decided| decided.usages = vec![Usage::Server]),
        ("extendedKeyUsage", |decided| decided.usages.push(Usage::Server)),
        ("public key", |decided| {
            decided.spki = KeyPair::generate().unwrap().subject_public_key_info();
        }),
    ];
    let ca = ca(&Authority::new());
    let wanted = decided();
    let der = wanted.sign(&ca).unwrap();
    assert!(check(&der, &wanted, &ca).is_ok());
    for (field, change) in changes {
        let mut other = wanted.clone();
        change(&mut other);
        assert_eq!(check(&der, &other, &ca), Err(Mismatch(field)));
    }
}

#[test]
fn a_certificate_of_another_ca_is_noticed() {
    let authority = Authority::new();
    let wanted = decided();
    let der = wanted.sign(&ca(&authority)).unwrap();
    let renamed = Authority::with(&rcgen::PKCS_ECDSA_P256_SHA256, |params| {
        params.distinguished_name.push(rcgen::DnType::CommonName, "Other");
    });
    assert_eq!(check(&der, &wanted, &ca(&renamed)), Err(Mismatch("issuer")));
    // Same name, other key.
    let namesake = ca(&Authority::new());
    assert_eq!(check(&der, &wanted, &namesake), Err(Mismatch("authorityKeyIdentifier")));
}

#[test]
fn no_byte_of_a_certificate_can_be_changed() {
    let ca = ca(&Authority::new());
    let wanted = decided();
    let der = wanted.sign(&ca).unwrap();
    for index in 0..der.len() {
        let mut tampered = der.clone();
        tampered[index] ^= 1;
        assert!(check(&tampered, &wanted, &ca).is_err(), "byte {index}");
    }
    assert_eq!(check(&[&der[..], &[0]].concat(), &wanted, &ca), Err(Mismatch("encoding")));
}

#[test]
fn a_certificate_that_is_not_what_was_decided_is_an_alarm_and_never_leaves() {
    let mut world = World::new();
    world.handler.sign = |decided, ca| {
        let mut other = decided.clone();
        other.not_after += Duration::HOUR;
        other.sign(ca)
    };
    let body = json!({"csr": fixture("p256_sha256")}).to_string();
    let (status, body) = world.send(&event(body.as_bytes()));
    assert_eq!((status, &body["error"]["code"]), (500, &json!("internal")));
    assert!(!body.to_string().contains("BEGIN"), "{body}");
    assert_eq!(world.alarms(), ["internal"]);
    let lines = world.lines.lock().unwrap();
    let [alarm, audit] = lines.as_slice() else { panic!("two lines: {lines:?}") };
    assert!(alarm.contains("differs from the decision: not_after"), "{alarm}");
    let audit: Value = serde_json::from_str(audit).unwrap();
    assert_eq!((&audit["decision"], &audit["serial"]), (&json!("refused"), &Value::Null));
}
