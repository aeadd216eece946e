//! Forged answers, each wrong in one way.

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _, SerialNumber,
};
use time::format_description::well_known::Rfc3339;

use super::*;

const NOW: OffsetDateTime = time::macros::datetime!(2026-05-08 05:39:10 UTC);

/// A root, an issuing CA beneath it, and a client's key.
struct World {
    root: Certificate,
    issuing: Certificate,
    issuing_params: CertificateParams,
    issuing_key: KeyPair,
    key: KeyPair,
}

impl World {
    fn new() -> Self {
        let ca = |name: &str, constraints| {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(constraints);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
            (params.not_before, params.not_after) = (NOW - Duration::DAY, NOW + Duration::WEEK);
            params
        };
        let (root_key, issuing_key) = (key(), key());
        let root_params = ca("root", BasicConstraints::Unconstrained);
        let issuing_params = ca("issuing", BasicConstraints::Constrained(0));
        Self {
            root: root_params.self_signed(&root_key).expect("a root"),
            issuing: issuing_params
                .signed_by(&issuing_key, &Issuer::from_params(&root_params, &root_key))
                .expect("an issuing CA"),
            issuing_params,
            issuing_key,
            key: key(),
        }
    }

    /// The right parameters, for a test to make one of them wrong.
    fn params() -> CertificateParams {
        let mut params = CertificateParams::new(["api.internal".to_owned()]).expect("a name");
        params.is_ca = IsCa::ExplicitNoCa;
        params.serial_number = Some(SerialNumber::from_slice(&[0x40; 20]));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        (params.not_before, params.not_after) = (NOW - Duration::MINUTE, NOW + Duration::hours(12));
        params
    }

    fn leaf(&self, params: &CertificateParams, key: &KeyPair) -> Certificate {
        let issuer = Issuer::from_params(&self.issuing_params, &self.issuing_key);
        params.signed_by(key, &issuer).expect("a leaf")
    }

    fn answer(&self, change: impl FnOnce(&mut CertificateParams)) -> Answer {
        let mut params = Self::params();
        change(&mut params);
        Answer {
            certificate: self.leaf(&params, &self.key).pem(),
            chain: self.issuing.pem(),
            not_after: params.not_after.format(&Rfc3339).expect("a time"),
        }
    }

    fn verify_at(&self, answer: &Answer, now: OffsetDateTime) -> Result<Verified> {
        let expected = Expected {
            public_key: &self.key.subject_public_key_info(),
            names: &BTreeSet::from([Name::Dns("api.internal".into())]),
            ttl_hours: Some(12),
            roots: &[self.root.der().clone()],
            now,
        };
        verify(answer, &expected)
    }

    #[track_caller]
    fn refuses(&self, answer: &Answer, message: &str) {
        let error = self.verify_at(answer, NOW).expect_err("a forgery passed");
        assert!(error.message.contains(message), "{error:?}");
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

#[test]
fn the_right_answer_passes() {
    let world = World::new();
    let verified = world.verify_at(&world.answer(|_| ()), NOW).expect("verified");
    assert_eq!(verified.serial, "40".repeat(20));
    assert_eq!(verified.key_type, "P-256");
    assert_eq!(verified.usages, ["client"]);
    assert!(verified.issuer.contains("CN=issuing"), "{}", verified.issuer);
    assert_eq!(verified.validity.1, NOW + Duration::hours(12));
}

#[test]
fn dns_names_are_compared_without_case() {
    let world = World::new();
    let answer = world.answer(|params| {
        params.subject_alt_names =
            vec![rcgen::SanType::DnsName("API.Internal".try_into().expect("a name"))];
    });
    assert!(world.verify_at(&answer, NOW).is_ok());
}

#[test]
fn another_key_is_refused() {
    let world = World::new();
    let mut answer = world.answer(|_| ());
    answer.certificate = world.leaf(&World::params(), &key()).pem();
    world.refuses(&answer, "another key than ours");
}

#[test]
fn another_root_is_refused() {
    let world = World::new();
    let mut other = World::new();
    other.key = KeyPair::from_pem(&world.key.serialize_pem()).expect("a key");
    world.refuses(&other.answer(|_| ()), "does not lead to the pinned root");
}

#[test]
fn the_chain_must_be_there_and_exact() {
    let world = World::new();
    let mut answer = world.answer(|_| ());
    answer.chain = String::new();
    world.refuses(&answer, "does not lead to the pinned root");
    answer.chain = world.issuing.pem() + &world.root.pem();
    world.refuses(&answer, "not exactly the path");
    answer.chain = world.issuing.pem() + &answer.certificate;
    world.refuses(&answer, "which is no CA");
    answer.chain = key().serialize_pem();
    world.refuses(&answer, "`chain` is unreadable");
}

#[test]
fn a_certificate_that_is_not_valid_now_is_refused() {
    let world = World::new();
    let answer = world.answer(|_| ());
    for (late, message) in [(Duration::DAY, "it expired"), (-Duration::DAY, "not valid before")] {
        let error = world.verify_at(&answer, NOW + late).expect_err("refused");
        assert!(error.message.contains(message), "{error:?}");
    }
    let slightly_ahead = world.answer(|params| params.not_before = NOW + Duration::minutes(4));
    assert!(world.verify_at(&slightly_ahead, NOW).is_ok());
}

#[test]
fn the_end_must_be_as_said_and_as_asked() {
    let world = World::new();
    let mut answer = world.answer(|_| ());
    answer.not_after = "2026-05-08T17:39:11Z".into();
    world.refuses(&answer, "`not_after` says");
    answer.not_after = "soon".into();
    world.refuses(&answer, "no RFC 3339 time");
    let answer = world.answer(|params| params.not_after = NOW + Duration::hours(13));
    world.refuses(&answer, "longer than the 12 hours");
}

#[test]
fn names_must_be_exactly_those_asked_for() {
    let world = World::new();
    let dns = |name: &str| rcgen::SanType::DnsName(name.try_into().expect("a name"));
    let extra = world.answer(|params| params.subject_alt_names.push(dns("b.internal")));
    world.refuses(&extra, "it has DNS:b.internal");
    let other = world.answer(|params| params.subject_alt_names = vec![dns("b.internal")]);
    world.refuses(&other, "it lacks DNS:api.internal");
    let none = world.answer(|params| params.subject_alt_names.clear());
    world.refuses(&none, "it lacks DNS:api.internal");
    let mail = rcgen::SanType::Rfc822Name("a@b.c".try_into().expect("a name"));
    let mail = world.answer(|params| params.subject_alt_names.push(mail));
    world.refuses(&mail, "a kind that was not asked for");
}

#[test]
fn a_ca_certificate_is_refused() {
    let world = World::new();
    let answer = world.answer(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained));
    world.refuses(&answer, "a CA's certificate");
}

#[test]
fn the_usage_must_be_a_clients_or_servers() {
    let world = World::new();
    let with = |usages: Vec<_>| world.answer(|params| params.extended_key_usages = usages);
    world.refuses(&with(vec![]), "does not say what it may be used for");
    world.refuses(&with(vec![ExtendedKeyUsagePurpose::CodeSigning]), "neither for clients");
    world.refuses(&with(vec![ExtendedKeyUsagePurpose::Any]), "anything");
    let both = with(vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth]);
    assert_eq!(world.verify_at(&both, NOW).expect("verified").usages, ["client", "server"]);
}

#[test]
fn serial_numbers_are_positive() {
    let world = World::new();
    let zero = world.answer(|params| params.serial_number = Some(SerialNumber::from_slice(&[0])));
    world.refuses(&zero, "serial number");
}

#[test]
fn exactly_one_certificate_is_expected() {
    let world = World::new();
    let mut answer = world.answer(|_| ());
    answer.certificate = answer.certificate.repeat(2);
    world.refuses(&answer, "2 certificates");
    answer.certificate = "garbage".into();
    world.refuses(&answer, "no certificate");
    answer.certificate = crate::ca::pem::encode("CERTIFICATE", b"garbage").to_string();
    world.refuses(&answer, "`certificate` is unreadable");
    answer.certificate = key().serialize_pem();
    world.refuses(&answer, "`certificate` is unreadable");
}
