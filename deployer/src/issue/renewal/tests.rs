//! Certificates of every age and kind, and what is to become of them.

use std::fs;

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};
use time::Duration;

use super::*;
use crate::issue::Usage;
use crate::issue::tests::request;

const NOON: OffsetDateTime = time::macros::datetime!(2026-05-08 12:00 UTC);

/// A folder with a certificate that is valid for twelve hours from noon.
struct World {
    dir: tempfile::TempDir,
    key: KeyPair,
}

impl World {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(["a.internal".to_owned(), "10.0.0.1".to_owned()])
            .expect("names");
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "a.internal");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = NOON - Duration::MINUTE;
        params.not_after = NOON + Duration::hours(12) - Duration::SECOND;
        let certificate = params.self_signed(&key).expect("a certificate");
        let world = Self { dir, key };
        world.write("cert.pem", &certificate.pem());
        world.write("key.pem", &world.key.serialize_pem());
        world
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.dir.path().join(name), text).expect("a file");
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.dir.path().join(name)).expect("a file");
    }

    /// A request that leaves everything to the certificate that is there.
    fn open(&self) -> Request {
        Request { dns: Vec::new(), out: self.dir.path().into(), ..request() }
    }
}

/// Why a young certificate is replaced, and by what.
#[track_caller]
fn replaced(request: &Request) -> (String, Request) {
    match look(request, Duration::HOUR).expect("a look") {
        Renewal::Now { because, request, .. } => (because, *request),
        Renewal::Later { .. } => panic!("it is left alone"),
    }
}

#[track_caller]
fn left(request: &Request) {
    let look = look(request, Duration::HOUR).expect("a look");
    assert!(matches!(look, Renewal::Later { .. }), "{look:?}");
}

fn look(request: &Request, after: Duration) -> Result<Renewal> {
    renewal(request, NOON + after, 0.0)
}

#[test]
fn a_certificate_is_left_alone_until_two_thirds_of_its_lifetime() {
    let world = World::new();
    for (hours, renewed) in [(0, false), (7, false), (9, true), (13, true)] {
        let look = look(&world.open(), Duration::hours(hours)).expect("a look");
        assert_eq!(matches!(look, Renewal::Now { .. }), renewed, "{hours}: {look:?}");
    }
    let early = renewal(&world.open(), NOON + Duration::minutes(7 * 60 + 30), 1.0).expect("a look");
    assert!(matches!(early, Renewal::Now { .. }), "{early:?}");
    let Renewal::Later { present, at } = look(&world.open(), Duration::HOUR).expect("a look")
    else {
        panic!("it is young")
    };
    assert_eq!(at, present.certificate.lifetime().renewal(0.0));
    assert!(present.paths.key.is_some());
}

#[test]
fn a_renewal_asks_for_the_same() {
    let world = World::new();
    let Renewal::Now { request, lifetime, .. } =
        look(&world.open(), Duration::hours(9)).expect("a look")
    else {
        panic!("it is old")
    };
    assert_eq!(request.dns, ["a.internal"]);
    assert_eq!(request.ip, [std::net::IpAddr::from([10, 0, 0, 1])]);
    assert_eq!(request.common_name.as_deref(), Some("a.internal"));
    assert_eq!(request.usages, [Usage::Server]);
    assert_eq!(request.key_type, Some(KeyType::P256));
    assert_eq!(request.ttl_hours, None, "the policy's default");
    assert_eq!(lifetime.map(|one| one.until), Some(NOON + Duration::hours(12) - Duration::SECOND));
}

#[test]
fn what_is_asked_for_anew_goes_before_what_is_there() {
    let world = World::new();
    let open = world.open();
    let same = Request {
        dns: vec!["A.internal".into()],
        ip: vec![[10, 0, 0, 1].into()],
        common_name: Some("a.internal".into()),
        usages: vec![Usage::Server],
        key_type: Some(KeyType::P256),
        ..open.clone()
    };
    left(&same);
    let named = Request { dns: vec!["b.internal".into()], ..same.clone() };
    let (because, request) = replaced(&named);
    assert_eq!(because, "it lacks DNS:b.internal");
    assert_eq!(request.dns, ["b.internal"], "names are all or none");
    assert_eq!(request.usages, [Usage::Server], "what is not said stays");
    let used = Request { usages: vec![Usage::Client], ..open.clone() };
    let (because, request) = replaced(&used);
    assert_eq!(because, "it is for server, client was asked for");
    assert_eq!((request.usages, request.dns), (vec![Usage::Client], vec!["a.internal".into()]));
    let kind = Request { key_type: Some(KeyType::P384), ..open };
    assert_eq!(replaced(&kind).0, "its key is not of the kind p384");
}

#[test]
fn a_certificate_without_its_key_is_replaced_if_it_is_known_by_what() {
    let world = World::new();
    world.write("key.pem", &KeyPair::generate().expect("a key").serialize_pem());
    assert_eq!(replaced(&world.open()).0, "its key.pem is of another certificate");
    world.remove("key.pem");
    let error = look(&world.open(), Duration::HOUR).expect_err("nothing to go by");
    assert!(error.hints[0].contains("--csr"), "{error:?}");
    let named = Request { dns: vec!["a.internal".into()], ..world.open() };
    assert_eq!(replaced(&named).0, "its key.pem is not there");
}

#[test]
fn a_request_from_a_file_needs_no_key() {
    let world = World::new();
    world.remove("key.pem");
    let csr = |names: &[&str], key: &KeyPair| {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("names");
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "a.internal");
        params.serialize_request(key).expect("a request").pem().expect("PEM")
    };
    let path = world.dir.path().join("csr.pem");
    let request = Request { csr: Some(path), ..world.open() };
    world.write("csr.pem", &csr(&["a.internal", "10.0.0.1"], &world.key));
    left(&request);
    world.write("csr.pem", &csr(&["a.internal"], &world.key));
    assert_eq!(replaced(&request).0, "it has IP:10.0.0.1, which was not asked for");
    let other = KeyPair::generate().expect("a key");
    world.write("csr.pem", &csr(&["a.internal", "10.0.0.1"], &other));
    assert!(replaced(&request).0.ends_with("is for another key"));
}

#[test]
fn nothing_to_go_by_is_an_error_that_says_what_is_missing() {
    let world = World::new();
    let named = Request { dns: vec!["a.internal".into()], ..world.open() };
    world.write("cert.pem", "garbage");
    assert!(replaced(&named).0.starts_with("could not use the certificate in"));
    let error = look(&world.open(), Duration::HOUR).expect_err("nothing to go by");
    assert!(error.hints[0].contains("--dns"), "{error:?}");
    world.remove("cert.pem");
    assert!(replaced(&named).0.ends_with("yet"));
    let error = look(&world.open(), Duration::HOUR).expect_err("nothing to go by");
    assert!(error.message.ends_with("cert.pem yet"), "{error:?}");
}

#[test]
fn names_that_are_none_are_an_error_and_no_reason_to_wait() {
    let world = World::new();
    let request = Request { dns: vec!["a_b".into()], ..world.open() };
    let error = look(&request, Duration::HOUR).expect_err("no name");
    assert!(error.message.contains("a_b"), "{error:?}");
}
