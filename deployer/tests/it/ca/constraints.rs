//! Name constraints: what verifiers accept and refuse of an issuing CA that has them.

use std::path::Path;

use deployer::ca::{self, Constraints, Files, Profile, Rotation, Subtree};
use time::OffsetDateTime;

use super::leaf::Leaf;
use super::{openssl, text};

fn dns(name: &str) -> Subtree {
    Subtree::dns(name).expect("a name")
}

fn ip(range: &str) -> Subtree {
    Subtree::ip(range).expect("a range")
}

fn uri(host: &str) -> Subtree {
    Subtree::uri(host).expect("a host")
}

fn constrained(permitted: &[Subtree], excluded: &[Subtree]) -> (tempfile::TempDir, Files) {
    let dir = tempfile::tempdir().expect("a folder");
    let constraints = Constraints { permitted: permitted.into(), excluded: excluded.into() };
    let profile = Profile { constraints: constraints.closed(), ..Profile::default() };
    let files = ca::make(dir.path(), &profile, OffsetDateTime::now_utc()).expect("a CA");
    openssl(&["verify", "-x509_strict", "-CAfile", text(&files.root), text(&files.issuing)]);
    (dir, files)
}

/// Whether OpenSSL and rustls accept a leaf with this name.
fn verdicts(files: &Files, name: &str) -> (bool, bool) {
    let leaf = Leaf::of(&files.issuing_secret, &[name]);
    let intermediates: [&Path; 1] = [&files.issuing];
    let openssl = leaf.openssl(&files.root, &intermediates);
    if let Err(said) = &openssl {
        let reasons = ["permitted subtree violation", "excluded subtree violation"];
        assert!(reasons.iter().any(|reason| said.contains(reason)), "{name}: {said}");
    }
    let rustls = leaf.webpki(&files.root, &intermediates);
    if let Err(error) = &rustls {
        assert!(matches!(error, webpki::Error::NameConstraintViolation), "{name}: {error:?}");
    }
    (openssl.is_ok(), rustls.is_ok())
}

#[track_caller]
fn assert_verdicts(files: &Files, names: &[(&str, bool)]) {
    for (name, accepted) in names {
        assert_eq!(verdicts(files, name), (*accepted, *accepted), "{name}");
    }
}

#[test]
fn a_permitted_dns_name_forbids_all_others_addresses_and_uris() {
    let (_dir, files) = constrained(&[dns("Internal.example")], &[dns("secret.internal.example")]);
    assert_verdicts(
        &files,
        &[
            ("internal.example", true),
            ("a.b.internal.example", true),
            ("notinternal.example", false),
            ("example", false),
            ("secret.internal.example", false),
            ("a.secret.internal.example", false),
            ("10.0.0.1", false),
            ("::1", false),
            ("spiffe://internal.example/a", false),
        ],
    );
    let shown = openssl(&["x509", "-noout", "-text", "-in", text(&files.issuing)]);
    assert!(shown.contains("X509v3 Name Constraints: critical"), "{shown}");
}

#[test]
fn a_permitted_range_forbids_all_other_addresses_names_and_uris() {
    let (_dir, files) = constrained(&[ip("10.16.0.0/12")], &[ip("10.31.0.0/16")]);
    assert_verdicts(
        &files,
        &[
            ("10.16.0.1", true),
            ("10.30.255.255", true),
            ("10.31.0.1", false),
            ("10.32.0.1", false),
            ("::1", false),
            ("internal.example", false),
            ("spiffe://internal.example/a", false),
        ],
    );
    let (_dir, files) = constrained(&[ip("fd00::/8")], &[]);
    assert_verdicts(&files, &[("fd12::1", true), ("fe80::1", false), ("10.0.0.1", false)]);
}

/// rustls evaluates no constraints on URIs: where there are any, it refuses every URI.
#[test]
fn uri_hosts_are_for_openssl_and_rustls_refuses_every_uri() {
    let (_dir, files) = constrained(&[uri("internal.example"), uri(".below.example")], &[]);
    for (name, openssl) in [
        ("spiffe://internal.example/a", true),
        ("https://a.below.example/a", true),
        ("https://below.example/a", false),
        ("spiffe://a.internal.example/a", false),
        ("spiffe://other.example/a", false),
    ] {
        assert_eq!(verdicts(&files, name), (openssl, false), "{name}");
    }
    assert_verdicts(&files, &[("internal.example", false), ("10.0.0.1", false)]);

    let (_dir, files) = constrained(&[], &[uri("bad.example")]);
    assert_eq!(verdicts(&files, "spiffe://bad.example/a"), (false, false));
    assert_eq!(verdicts(&files, "spiffe://good.example/a"), (true, false));
    assert_verdicts(&files, &[("bad.example", true)]);
}

#[test]
fn what_is_excluded_alone_leaves_the_rest_free() {
    let (_dir, files) = constrained(&[], &[dns("bad.example"), ip("10.0.0.0/8")]);
    assert_verdicts(
        &files,
        &[
            ("bad.example", false),
            ("good.example", true),
            ("10.1.1.1", false),
            ("192.168.1.1", true),
            ("spiffe://internal.example/a", true),
        ],
    );
}

#[test]
fn a_rotation_takes_them_over_unless_others_are_given() {
    let (dir, files) = constrained(&[dns("internal.example"), uri(".internal.example")], &[]);
    let shown = || ca::show(dir.path()).expect("certificates")[1].constraints.clone();
    let before = shown();
    let rotate = |constraints| {
        let rotation = Rotation { root_key: None, days: 30, constraints };
        ca::rotate(dir.path(), &rotation, OffsetDateTime::now_utc()).expect("rotated");
        std::fs::remove_file(&files.previous_secret).expect("a previous one");
    };
    rotate(None);
    assert_eq!(shown(), before);
    assert_verdicts(&files, &[("a.internal.example", true), ("other.example", false)]);
    let others = Constraints { permitted: vec![ip("10.0.0.0/8")], excluded: vec![] }.closed();
    rotate(Some(others.clone()));
    assert_eq!(shown(), others);
    rotate(Some(Constraints::default()));
    assert_verdicts(&files, &[("other.example", true), ("10.0.0.1", true)]);
}

#[test]
fn what_cannot_be_a_constraint_is_refused_with_its_reason() {
    let cases: [(Result<Subtree, String>, &str); 9] = [
        (Subtree::dns(".internal.example"), "leave out what is before it"),
        (Subtree::dns("*.internal.example"), "leave out what is before it"),
        (Subtree::dns(""), "empty"),
        (Subtree::dns("10.0.0.1"), "an IP address"),
        (Subtree::ip("10.0.0.1/8"), "bits behind the length"),
        (Subtree::ip("10.0.0.0/33"), "from 0 to 32"),
        (Subtree::ip("internal.example"), "expected a range"),
        (Subtree::uri("spiffe://internal.example"), "the host alone"),
        (Subtree::uri("..example"), "labels"),
    ];
    for (read, reason) in cases {
        let error = read.expect_err(reason);
        assert!(error.contains(reason), "{error}");
    }
    assert_eq!(ip("10.0.0.1"), ip("10.0.0.1/32"));
}
