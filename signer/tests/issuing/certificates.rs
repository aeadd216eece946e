//! Issued certificates before verifiers that are not ours: webpki and the OpenSSL command line.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, UnixTime};
use serde_json::{Value, json};
use time::OffsetDateTime;
use webpki::{
    ALL_VERIFICATION_ALGS, EndEntityCert, ExtendedKeyUsageValidator, anchor_from_trusted_cert,
};
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::{FromDer as _, X509CertificationRequest};

use crate::authority::Authority;
use crate::der::{COMMON_NAME, Csr, dns, extension, fixture, oid, san, subject, tlv};
use crate::events::{World, event};

const KEYS: [&str; 7] = [
    "p256_sha256",
    "p256_sha384",
    "p384_sha256",
    "p384_sha384",
    "ed25519",
    "rsa2048_sha256",
    "rsa4096_sha256",
];

pub(crate) fn text<'a>(body: &'a Value, field: &str) -> &'a str {
    body[field].as_str().unwrap()
}

/// Whether webpki accepts the certificate for that usage, or why not.
pub(crate) fn webpki_accepts(
    world: &World,
    body: &Value,
    usage: &impl ExtendedKeyUsageValidator,
) -> Result<(), webpki::Error> {
    let der = |pem: &str| CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    let (root, leaf) = (der(&world.authority.root), der(text(body, "certificate")));
    let chain = [der(text(body, "chain"))];
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    EndEntityCert::try_from(&leaf)
        .unwrap()
        .verify_for_usage(
            ALL_VERIFICATION_ALGS,
            &[anchor_from_trusted_cert(&root).unwrap()],
            &chain,
            UnixTime::since_unix_epoch(now + Duration::from_secs(1)),
            usage,
            None,
            None,
        )
        .map(drop)
}

fn openssl(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).current_dir(directory).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// The chain leads from the leaf to the root, as OpenSSL sees it.
fn openssl_verifies(directory: &Path, world: &World, body: &Value) {
    write(directory, world, body);
    let arguments = ["verify", "-CAfile", "root.pem", "-untrusted", "chain.pem", "leaf.pem"];
    openssl(directory, &arguments);
}

pub(crate) fn write(directory: &Path, world: &World, body: &Value) {
    std::fs::write(directory.join("root.pem"), &world.authority.root).unwrap();
    std::fs::write(directory.join("chain.pem"), text(body, "chain")).unwrap();
    std::fs::write(directory.join("leaf.pem"), text(body, "certificate")).unwrap();
}

#[test]
fn every_key_type_gets_a_certificate_that_others_accept() {
    let world = World::new();
    let directory = tempfile::tempdir().unwrap();
    for key in KEYS {
        let csr = fixture(key);
        let body = world.issue(&csr);
        webpki_accepts(&world, &body, &webpki::KeyUsage::server_auth()).unwrap();
        webpki_accepts(&world, &body, &webpki::KeyUsage::client_auth()).unwrap();
        write(directory.path(), &world, &body);
        for purpose in ["sslserver", "sslclient"] {
            let arguments = [
                "verify",
                "-x509_strict",
                "-purpose",
                purpose,
                "-CAfile",
                "root.pem",
                "-untrusted",
                "chain.pem",
                "leaf.pem",
            ];
            assert_eq!(openssl(directory.path(), &arguments), "leaf.pem: OK\n", "{key}");
        }
        let (_, request) = parse_x509_pem(csr.as_bytes()).unwrap();
        let (_, request) = X509CertificationRequest::from_der(&request.contents).unwrap();
        let (_, leaf) = parse_x509_pem(text(&body, "certificate").as_bytes()).unwrap();
        let leaf = leaf.parse_x509().unwrap();
        assert_eq!(
            leaf.public_key().raw,
            request.certification_request_info.subject_pki.raw,
            "{key}"
        );
    }
}

#[test]
fn every_kind_of_ca_key_signs_with_the_algorithm_that_fits_it() {
    for (algorithm, name) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, "ecdsa-with-SHA256"),
        (&rcgen::PKCS_ECDSA_P384_SHA384, "ecdsa-with-SHA384"),
        (&rcgen::PKCS_RSA_SHA256, "sha256WithRSAEncryption"),
        (&rcgen::PKCS_ED25519, "ED25519"),
    ] {
        let world = World::of(Authority::with(algorithm, |_| {}));
        let body = world.issue(&fixture("p384_sha256"));
        webpki_accepts(&world, &body, &webpki::KeyUsage::client_auth()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        write(directory.path(), &world, &body);
        let text = openssl(directory.path(), &["x509", "-in", "leaf.pem", "-noout", "-text"]);
        assert_eq!(text.matches(&format!("Signature Algorithm: {name}")).count(), 2, "{text}");
    }
}

/// The lines of OpenSSL's description, without keys, identifiers, serial, times and signature.
fn described(world: &World, body: &Value, extensions: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), world, body);
    let arguments =
        ["x509", "-in", "leaf.pem", "-noout", "-subject", "-issuer", "-ext", extensions];
    openssl(directory.path(), &arguments)
}

#[test]
fn every_field_is_written_by_us_and_nothing_else_of_the_request_gets_in() {
    let world = World::new();
    let body = world.issue(&fixture("typical_openssl"));
    let all = "subjectAltName,keyUsage,extendedKeyUsage,basicConstraints";
    assert_eq!(
        described(&world, &body, all).lines().map(str::trim).collect::<Vec<_>>(),
        [
            "subject=CN = api.example.com",
            "issuer=O = Example, CN = Test Issuing CA",
            "X509v3 Subject Alternative Name:",
            "DNS:api.example.com, IP Address:10.1.2.3, URI:spiffe://example.internal/api",
            "X509v3 Key Usage: critical",
            "Digital Signature",
            "X509v3 Extended Key Usage:",
            "TLS Web Server Authentication, TLS Web Client Authentication",
            "X509v3 Basic Constraints: critical",
            "CA:FALSE",
        ]
    );
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), &world, &body);
    let text = openssl(directory.path(), &["x509", "-in", "leaf.pem", "-noout", "-text"]);
    // Seven extensions and their headline. Some releases of OpenSSL have no name for noRevAvail.
    let extensions = text.matches("X509v3 ").count() + text.matches("2.5.29.56").count();
    assert_eq!(extensions, 7 + 1, "{text}");
    assert!(
        text.contains("X509v3 Authority Key Identifier") && text.contains("Version: 3"),
        "{text}"
    );
}

#[test]
fn an_empty_subject_makes_the_names_critical() {
    let world = World::new();
    let body = world.issue(&fixture("p256_sha256"));
    let text = described(&world, &body, "subjectAltName");
    assert!(text.starts_with("subject=\n"), "{text}");
    assert!(text.contains("X509v3 Subject Alternative Name: critical"), "{text}");
}

#[test]
fn validity_is_exact_and_the_response_repeats_the_certificate() {
    let world = World::new();
    let before = OffsetDateTime::now_utc().unix_timestamp();
    let body = world.issue(&fixture("p256_sha256"));
    let after = OffsetDateTime::now_utc().unix_timestamp();
    let (_, pem) = parse_x509_pem(text(&body, "certificate").as_bytes()).unwrap();
    let leaf = pem.parse_x509().unwrap();
    let validity = leaf.validity();
    // Twelve hours from now, both ends included, and a minute before.
    let seconds = validity.not_after.timestamp() - validity.not_before.timestamp();
    assert_eq!(seconds, 12 * 3600 - 1 + 60);
    assert!((before..=after).contains(&(validity.not_before.timestamp() + 60)));
    let not_after = signer::notation::utc(validity.not_after.to_datetime());
    assert_eq!(text(&body, "not_after"), not_after);
    assert_eq!(not_after.len(), "2026-05-08T05:39:10Z".len());
    assert_eq!(text(&body, "certificate").matches("BEGIN").count(), 1);
    let issuing = signer::ca::Ca::from_json(
        world.secret.lock().unwrap().as_ref().unwrap().as_bytes(),
        OffsetDateTime::now_utc(),
    );
    assert_eq!(text(&body, "chain"), issuing.unwrap().chain());
}

#[test]
fn the_name_constraints_of_the_ca_are_kept() {
    let authority = Authority::with(&rcgen::PKCS_ECDSA_P256_SHA256, |params| {
        params.name_constraints = Some(rcgen::NameConstraints {
            permitted_subtrees: vec![
                rcgen::GeneralSubtree::DnsName("internal.example".into()),
                rcgen::GeneralSubtree::IpAddress(rcgen::CidrSubnet::from_v4_prefix(
                    [10, 1, 0, 0],
                    16,
                )),
            ],
            excluded_subtrees: vec![rcgen::GeneralSubtree::DnsName("x.internal.example".into())],
        });
    });
    let world = World::of(authority);
    let directory = tempfile::tempdir().unwrap();
    for (names, inside) in [
        (san(&[(0x82, b"a.internal.example"), (0x87, &[10, 1, 2, 3])]), true),
        (san(&[(0x86, b"spiffe://example.internal/a")]), true),
        (dns("api.example.com"), false),
        (dns("a.x.internal.example"), false),
        (san(&[(0x87, &[10, 2, 0, 1])]), false),
    ] {
        let csr = Csr::new(&[names]).pem();
        let (status, body) = world.send(&event(json!({"csr": csr}).to_string().as_bytes()));
        if inside {
            assert_eq!(status, 200, "{body}");
            webpki_accepts(&world, &body, &webpki::KeyUsage::client_auth()).unwrap();
            openssl_verifies(directory.path(), &world, &body);
        } else {
            assert_eq!((status, &body["error"]["code"]), (403, &json!("name_outside_ca")));
        }
    }
}

/// What `deployer ca init --permit-uri` writes; webpki takes no URI under such a CA, OpenSSL does.
#[test]
fn constraints_on_uris_and_on_all_of_a_kind_are_kept() {
    let subtree = |tag, base: &[u8]| tlv(0x30, &[&tlv(tag, &[base])]);
    let permitted = tlv(0xa0, &[&subtree(0x86, b"example.internal")]);
    let excluded = tlv(0xa1, &[&subtree(0x82, b""), &subtree(0x87, &[0; 8])]);
    let constraints = tlv(0x30, &[&permitted, &excluded]);
    let authority = Authority::with(&rcgen::PKCS_ECDSA_P256_SHA256, |params| {
        let extension = rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 30], constraints);
        params.custom_extensions.push(extension);
    });
    let world = World::of(authority);
    let directory = tempfile::tempdir().unwrap();
    for (names, inside) in [
        (san(&[(0x86, b"spiffe://example.internal/a")]), true),
        (san(&[(0x86, b"https://example.com/a")]), false),
        (dns("api.example.com"), false),
        (san(&[(0x87, &[10, 2, 0, 1])]), false),
    ] {
        let csr = Csr::new(&[names]).pem();
        let (status, body) = world.send(&event(json!({"csr": csr}).to_string().as_bytes()));
        assert_eq!(status, if inside { 200 } else { 403 }, "{body}");
        if inside {
            openssl_verifies(directory.path(), &world, &body);
        }
    }
}

#[test]
fn an_address_as_the_common_name_is_a_host_name_to_openssl() {
    let authority = Authority::with(&rcgen::PKCS_ECDSA_P256_SHA256, |params| {
        params.name_constraints = Some(rcgen::NameConstraints {
            permitted_subtrees: vec![rcgen::GeneralSubtree::DnsName("internal.example".into())],
            excluded_subtrees: Vec::new(),
        });
    });
    let world = World::of(authority);
    let directory = tempfile::tempdir().unwrap();
    let address: (u8, &[u8]) = (0x87, &[10, 1, 2, 3]);
    for (common_name, names, inside) in [
        (&b"10.1.2.3"[..], san(&[address]), false),
        (b"10.1.2.3", san(&[address, (0x82, b"a.internal.example")]), true),
        (
            b"2001:db8::1",
            san(&[(0x87, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])]),
            true,
        ),
    ] {
        let subject = subject(&[(COMMON_NAME, 0x0c, common_name)]);
        let csr = Csr { subject, ..Csr::new(&[names]) }.pem();
        let (status, body) = world.send(&event(json!({"csr": csr}).to_string().as_bytes()));
        if inside {
            assert_eq!(status, 200, "{body}");
            openssl_verifies(directory.path(), &world, &body);
        } else {
            assert_eq!((status, &body["error"]["code"]), (403, &json!("name_outside_ca")));
            let message = body["error"]["message"].as_str().unwrap();
            assert!(message.ends_with("certify: the common name 10.1.2.3"), "{message}");
        }
    }
}

#[test]
fn the_usages_of_the_ca_are_kept() {
    let world = World::of(Authority::with(&rcgen::PKCS_ECDSA_P256_SHA256, |params| {
        params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    }));
    let ask = |usages: &[u8]| {
        let purposes: Vec<_> =
            usages.iter().map(|last| oid(&[0x2b, 6, 1, 5, 5, 7, 3, *last])).collect();
        let usages = extension(&[0x55, 0x1d, 0x25], &tlv(0x30, &[&purposes.concat()]));
        let csr = Csr::new(&[dns("api.example.com"), usages]).pem();
        world.send(&event(json!({"csr": csr}).to_string().as_bytes()))
    };
    let (status, body) = ask(&[2]);
    assert_eq!(status, 200, "{body}");
    webpki_accepts(&world, &body, &webpki::KeyUsage::client_auth()).unwrap();
    for usages in [&[1][..], &[1, 2]] {
        let (status, body) = ask(usages);
        assert_eq!((status, &body["error"]["code"]), (403, &json!("usage_outside_ca")));
        assert_eq!(body["error"]["message"], "the issuing CA is not allowed to certify: server");
    }
}
