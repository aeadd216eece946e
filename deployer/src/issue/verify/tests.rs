//! Forged answers, each wrong in one way.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData as _,
    SerialNumber,
};
use std::collections::BTreeSet;

use super::super::name::Name;
use super::*;

const NOW: OffsetDateTime = time::macros::datetime!(2026-05-08 05:39:10 UTC);

/// A root, an issuing CA beneath it, and a client's key.
struct World {
    root: rcgen::Certificate,
    root_params: CertificateParams,
    root_key: KeyPair,
    issuing: rcgen::Certificate,
    issuing_params: CertificateParams,
    issuing_key: KeyPair,
    key: KeyPair,
}

impl World {
    fn new() -> Self {
        Self::with(|_| ())
    }

    /// A world whose issuing CA is wrong in one way.
    fn with(change: impl FnOnce(&mut CertificateParams)) -> Self {
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
        let mut issuing_params = ca("issuing", BasicConstraints::Constrained(0));
        change(&mut issuing_params);
        Self {
            root: root_params.self_signed(&root_key).expect("a root"),
            issuing: issuing_params
                .signed_by(&issuing_key, &Issuer::from_params(&root_params, &root_key))
                .expect("an issuing CA"),
            root_params,
            root_key,
            issuing_params,
            issuing_key,
            key: key(),
        }
    }

    /// The right parameters, for a test to make one of them wrong.
    fn params() -> CertificateParams {
        let mut params = CertificateParams::new(["api.internal".to_owned()]).expect("a name");
        params.distinguished_name = DistinguishedName::new();
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.serial_number = Some(SerialNumber::from_slice(&[0x40; 20]));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        (params.not_before, params.not_after) = (NOW - Duration::MINUTE, NOW + Duration::hours(12));
        params
    }

    fn leaf(&self, params: &CertificateParams, key: &KeyPair) -> rcgen::Certificate {
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
        self.verify_for(answer, now, &wanted(|_| ()))
    }

    fn verify_for(
        &self,
        answer: &Answer,
        now: OffsetDateTime,
        wanted: &Wanted,
    ) -> Result<Verified> {
        let expected = Expected {
            public_key: &self.key.subject_public_key_info(),
            wanted,
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

/// What is asked for, but for one thing.
fn wanted(change: impl FnOnce(&mut Wanted)) -> Wanted {
    let names = BTreeSet::from([Name::Dns("api.internal".into())]);
    let mut wanted = Wanted { names, common_name: None, usages: BTreeSet::new() };
    change(&mut wanted);
    wanted
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

#[test]
fn the_right_answer_passes() {
    let world = World::new();
    let verified = world.verify_at(&world.answer(|_| ()), NOW).expect("verified");
    let certificate = verified.certificate;
    assert_eq!(certificate.serial, "40".repeat(20));
    assert_eq!(certificate.key_type, "P-256");
    assert_eq!(certificate.usages, BTreeSet::from([Usage::Client]));
    assert!(certificate.issuer.contains("CN=issuing"), "{}", certificate.issuer);
    assert_eq!(certificate.not_after, NOW + Duration::hours(12));
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
    let usages = world.verify_at(&both, NOW).expect("verified").certificate.usages;
    assert_eq!(usages, BTreeSet::from(Usage::ALL));
    let more = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::TimeStamping];
    world.refuses(&with(more), "more than to be a client or a server");
    let other = ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 2]);
    world.refuses(&with(vec![ExtendedKeyUsagePurpose::ClientAuth, other]), "more than to be");
}

#[test]
fn the_usage_must_be_exactly_the_one_asked_for() {
    let world = World::new();
    let (client, server) =
        (ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth);
    let both = BTreeSet::from(Usage::ALL);
    for (issued, asked, right) in [
        (vec![client.clone()], BTreeSet::from([Usage::Client]), true),
        (vec![client.clone(), server.clone()], both.clone(), true),
        (vec![client.clone(), server.clone()], BTreeSet::new(), true),
        (vec![client.clone()], BTreeSet::from([Usage::Server]), false),
        (vec![client.clone(), server], BTreeSet::from([Usage::Client]), false),
        (vec![client], both, false),
    ] {
        let answer = world.answer(|params| params.extended_key_usages.clone_from(&issued));
        let wanted = wanted(|wanted| wanted.usages.clone_from(&asked));
        let verified = world.verify_for(&answer, NOW, &wanted);
        assert_eq!(verified.is_ok(), right, "{issued:?} for {asked:?}");
        if let Err(error) = verified {
            assert!(error.message.contains("it is for "), "{error:?}");
        }
    }
}

#[test]
fn the_key_must_be_for_signatures_and_not_a_cas() {
    let world = World::new();
    let with = |usages: Vec<_>| world.answer(|params| params.key_usages = usages);
    world.refuses(&with(vec![]), "does not say what its key may be used for");
    world.refuses(&with(vec![KeyUsagePurpose::KeyAgreement]), "not be used for signatures");
    for ca in [KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign] {
        world.refuses(&with(vec![KeyUsagePurpose::DigitalSignature, ca]), "used as a CA's");
    }
    // Issuers may add this to RSA keys.
    let more = with(vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment]);
    assert!(world.verify_at(&more, NOW).is_ok());
}

#[test]
fn the_subject_must_be_the_one_asked_for() {
    let world = World::new();
    let named = |name: &str| {
        world.answer(|params| params.distinguished_name.push(DnType::CommonName, name))
    };
    world.refuses(&named("api.internal"), "CN=api.internal, no common name was asked for");
    let asked = wanted(|wanted| wanted.common_name = Some("api.internal".into()));
    let check = |answer| world.verify_for(&answer, NOW, &asked);
    assert!(check(named("API.internal")).is_ok());
    for wrong in [named("b.internal"), world.answer(|_| ())] {
        let error = check(wrong).expect_err("a forgery passed");
        assert!(error.message.ends_with("CN=api.internal was asked for"), "{error:?}");
    }
    let more = world.answer(|params| {
        params.distinguished_name.push(DnType::CommonName, "api.internal");
        params.distinguished_name.push(DnType::OrganizationName, "somebody");
    });
    let error = check(more).expect_err("a forgery passed");
    assert!(error.message.contains("its subject is "), "{error:?}");
}

#[test]
fn a_forged_signature_is_refused() {
    let world = World::new();
    let answer = world.answer(|_| ());
    let mut leaf =
        pem::certificates(answer.certificate.as_bytes()).expect("PEM").remove(0).to_vec();
    *leaf.last_mut().expect("bytes") ^= 1;
    let certificate = crate::ca::pem::encode("CERTIFICATE", &leaf).to_string();
    world.refuses(&Answer { certificate, ..answer }, "does not lead to the pinned root");
}

#[test]
fn an_extension_that_nobody_here_knows_is_refused_if_it_is_critical() {
    let world = World::new();
    let with = |critical| {
        let mut extension = CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 1], vec![5, 0]);
        extension.set_criticality(critical);
        world.answer(|params| params.custom_extensions = vec![extension])
    };
    assert!(world.verify_at(&with(false), NOW).is_ok());
    world.refuses(&with(true), "does not lead to the pinned root");
}

#[test]
fn an_issuer_must_be_allowed_to_sign_certificates() {
    for (usages, what) in
        [(vec![], "none said"), (vec![KeyUsagePurpose::CrlSign], "for something else")]
    {
        let world = World::with(|params| params.key_usages = usages);
        let error = world.verify_at(&world.answer(|_| ()), NOW).expect_err(what);
        assert!(error.message.contains("which is no CA"), "{what}: {error:?}");
    }
    let world = World::with(|params| params.is_ca = IsCa::ExplicitNoCa);
    world.refuses(&world.answer(|_| ()), "which is no CA");
}

#[test]
fn an_issuer_must_be_valid_now() {
    let world = World::with(|params| params.not_after = NOW - Duration::HOUR);
    world.refuses(&world.answer(|_| ()), "does not lead to the pinned root");
}

#[test]
fn an_issuer_must_not_be_deeper_than_its_own_issuer_allows() {
    for (upper, right) in
        [(BasicConstraints::Constrained(1), true), (BasicConstraints::Constrained(0), false)]
    {
        let world = World::new();
        let mut params = world.issuing_params.clone();
        params.distinguished_name.push(DnType::CommonName, "upper");
        params.is_ca = IsCa::Ca(upper);
        let upper_key = key();
        let root = Issuer::from_params(&world.root_params, &world.root_key);
        let upper = params.signed_by(&upper_key, &root).expect("an upper CA");
        let between = Issuer::from_params(&params, &upper_key);
        let lower = world.issuing_params.signed_by(&world.issuing_key, &between).expect("a CA");
        let answer = Answer { chain: lower.pem() + &upper.pem(), ..world.answer(|_| ()) };
        assert_eq!(world.verify_at(&answer, NOW).is_ok(), right);
    }
}

#[test]
fn serial_numbers_are_positive() {
    let world = World::new();
    let zero = world.answer(|params| params.serial_number = Some(SerialNumber::from_slice(&[0])));
    world.refuses(&zero, "serial number");
    let long = SerialNumber::from_slice(&[0x40; 21]);
    let long = world.answer(|params| params.serial_number = Some(long));
    world.refuses(&long, "its serial number is too long");
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
