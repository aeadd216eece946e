//! CA material: each rule broken once, and refused.

use rcgen::{
    BasicConstraints, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PublicKeyData as _,
    SigningKey as _,
};
use serde_json::{Value, json};
use signer::ca::Ca;
use time::{Duration, OffsetDateTime};

use crate::authority::{Authority, params};
use crate::der::{ECDSA_SHA256, OID_2_999_1, extension, oid, pem, subject, tlv};

/// The problem's path and message, or nothing if the material is fine.
fn check(bundle: &Value) -> Option<(String, String)> {
    check_at(bundle, OffsetDateTime::now_utc())
}

fn check_at(bundle: &Value, now: OffsetDateTime) -> Option<(String, String)> {
    Ca::from_json(bundle.to_string().as_bytes(), now)
        .err()
        .map(|problem| (problem.path, problem.message))
}

fn assert_refused(bundle: &Value, path: &str, part: &str) {
    let (at, message) = check(bundle).unwrap();
    assert!(at == path && message.contains(part), "{at}: {message}, not {path}: …{part}…");
}

fn changed(change: impl FnOnce(&mut rcgen::CertificateParams)) -> Value {
    Authority::with(&rcgen::PKCS_ECDSA_P256_SHA256, change).bundle()
}

#[test]
fn good_material_is_accepted() {
    assert_eq!(check(&Authority::new().bundle()), None);
    assert_eq!(
        check(&changed(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained))),
        None
    );
}

#[test]
fn a_certificate_that_may_not_issue_is_refused() {
    assert_refused(&changed(|params| params.is_ca = IsCa::ExplicitNoCa), "certificate", "not a CA");
    assert_refused(
        &changed(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]),
        "certificate",
        "keyCertSign",
    );
    assert_refused(&changed(|params| params.key_usages.clear()), "certificate", "keyCertSign");
    assert_refused(
        &changed(|params| params.distinguished_name = rcgen::DistinguishedName::new()),
        "certificate",
        "empty subject",
    );
}

#[test]
fn name_constraints_that_are_not_understood_are_refused() {
    let custom = |value: Vec<u8>| {
        changed(|params| {
            let constraints = rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 30], value);
            params.custom_extensions.push(constraints);
        })
    };
    let name = subject(&[(&[0x55, 4, 10], 0x0c, b"Example")]);
    for (tag, base) in [
        (0xa4, name.as_slice()),
        (0x85, &[0x30, 0]),
        (0xa3, &[]),
        // Host names, but not as bases are: verifiers differ on what these leave out.
        (0x82, b"*.x.example"),
        (0x82, b"."),
        (0x82, b"x.example."),
        (0x86, b"."),
    ] {
        let permitted = tlv(0xa0, &[&tlv(0x30, &[&tlv(tag, &[base])])]);
        assert_refused(&custom(tlv(0x30, &[&permitted])), "chain", "nameConstraints");
    }
    assert_refused(&custom(vec![0x04, 0]), "chain", "malformed nameConstraints");
    // Nobody gets a mail address here, so what is said about them does not matter.
    let mail = tlv(0xa0, &[&tlv(0x30, &[&tlv(0x81, &[b"x.example"])])]);
    assert_eq!(check(&custom(tlv(0x30, &[&mail]))), None);
}

#[test]
fn extensions_below_which_nothing_verifies_are_refused() {
    let with = |oid: &[u64], value: &[u8], critical| {
        changed(|params| {
            let mut other = rcgen::CustomExtension::from_oid_content(oid, value.to_vec());
            other.set_criticality(critical);
            params.custom_extensions.push(other);
        })
    };
    assert_refused(&with(&[2, 5, 29, 14], &tlv(4, &[&[9; 20]]), false), "chain", "twice");
    assert_refused(&with(&[1, 2, 3, 4], &[5, 0], true), "chain", "critical");
    assert_refused(&with(&[2, 5, 29, 36], &[5, 0], true), "chain", "critical");
    assert_eq!(check(&with(&[1, 2, 3, 4], &[5, 0], false)), None);
    let usages = |usages: &[ExtendedKeyUsagePurpose]| {
        changed(|params| params.extended_key_usages = usages.to_vec())
    };
    assert_refused(&usages(&[ExtendedKeyUsagePurpose::CodeSigning]), "chain", "extendedKeyUsage");
    for good in [ExtendedKeyUsagePurpose::Any, ExtendedKeyUsagePurpose::ServerAuth] {
        assert_eq!(check(&usages(&[good])), None);
    }
}

#[test]
fn the_key_must_fit_the_certificate() {
    let mut bundle = Authority::new().bundle();
    bundle["private_key"] = json!(KeyPair::generate().unwrap().serialize_pem());
    assert_refused(&bundle, "private_key", "not the key of the certificate");
}

#[test]
fn a_subject_that_cannot_be_reproduced_is_refused() {
    // Of attributes of one type rcgen would write only one into issuers.
    let openssl = |arguments: &[&str]| {
        std::process::Command::new("openssl").args(arguments).output().unwrap()
    };
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let make = |name: &str, subject: &str, signed_by: &[&str]| {
        let (key, certificate) = (path(&format!("{name}.key")), path(&format!("{name}.pem")));
        let output = openssl(
            &[
                &["req", "-x509", "-new", "-nodes", "-newkey", "ec", "-days", "9"][..],
                &[
                    "-pkeyopt",
                    "ec_paramgen_curve:P-256",
                    "-addext",
                    "keyUsage=critical,keyCertSign",
                ],
                &["-keyout", &key, "-out", &certificate, "-subj", subject],
                signed_by,
            ]
            .concat(),
        );
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        [certificate, key].map(|path| std::fs::read_to_string(path).unwrap())
    };
    make("root", "/CN=Root", &[]);
    let bundle_for = |subject: &str| {
        let root = [path("root.pem"), path("root.key")];
        let [certificate, key] = make("ca", subject, &["-CA", &root[0], "-CAkey", &root[1]]);
        json!({"certificate": certificate, "private_key": key, "chain": certificate})
    };
    assert_eq!(check(&bundle_for("/C=DE/O=Example/CN=CA")), None);
    assert_refused(&bundle_for("/DC=com/DC=corp"), "certificate", "repeated");
}

#[test]
fn a_subject_that_would_make_rcgen_panic_is_refused() {
    let key = KeyPair::generate().unwrap();
    let name = subject(&[(OID_2_999_1, 0x0c, b"x")]);
    let algorithm = tlv(0x30, &[&oid(ECDSA_SHA256)]);
    let validity = tlv(0x30, &[&tlv(0x17, &[b"260101000000Z"]), &tlv(0x17, &[b"490101000000Z"])]);
    let extensions = [
        extension(&[0x55, 0x1d, 0x13], &[0x30, 3, 1, 1, 0xff]),
        extension(&[0x55, 0x1d, 0x0f], &[3, 2, 2, 4]),
        extension(&[0x55, 0x1d, 0x0e], &tlv(4, &[&[1; 20]])),
    ];
    let signed = tlv(
        0x30,
        &[
            &[0xa0, 3, 2, 1, 2, 2, 1, 1],
            &algorithm,
            &name,
            &validity,
            &name,
            &key.subject_public_key_info(),
            &tlv(0xa3, &[&tlv(0x30, &[&extensions.concat()])]),
        ],
    );
    let signature = tlv(3, &[&[0], &key.sign(&signed).unwrap()]);
    let certificate = pem("CERTIFICATE", &tlv(0x30, &[&signed, &algorithm, &signature]));
    let bundle = json!({
        "certificate": certificate, "private_key": key.serialize_pem(), "chain": certificate,
    });
    assert_refused(&bundle, "certificate", "object identifier");
}

#[test]
fn the_parts_must_be_one_block_of_the_right_kind() {
    let authority = Authority::new();
    let good = authority.bundle();
    let with = |field: &str, value: &str| {
        let mut bundle = good.clone();
        bundle[field] = json!(value);
        bundle
    };
    let certificate = good["certificate"].as_str().unwrap();
    let key = good["private_key"].as_str().unwrap();
    assert_refused(&with("certificate", &certificate.repeat(2)), "certificate", "exactly one");
    assert_refused(&with("certificate", ""), "certificate", "no certificate");
    assert_refused(&with("certificate", key), "certificate", "labelled CERTIFICATE");
    assert_refused(&with("certificate", &pem("CERTIFICATE", &[0x30, 0])), "certificate", "DER");
    for (label, part) in
        [("ENCRYPTED PRIVATE KEY", "unencrypted"), ("DSA PRIVATE KEY", "unencrypted")]
    {
        let labelled = key.replace("PRIVATE KEY", label);
        assert_refused(&with("private_key", &labelled), "private_key", part);
    }
    assert_refused(&with("private_key", &key.repeat(2)), "private_key", "exactly one");
    assert_refused(&with("private_key", &pem("PRIVATE KEY", &[0x30, 0])), "private_key", "P-256");
    assert_refused(&with("chain", &authority.root), "chain", "does not begin");
    assert_refused(&with("chain", &format!("{certificate}{}", authority.root)), "chain", "root");
    // One has another name, the other another key.
    let stranger = Authority::new();
    for other in [stranger.certificate(), stranger.root] {
        let chain = with("chain", &format!("{certificate}{other}"));
        assert_refused(&chain, "chain", "did not issue");
    }
}

#[test]
fn keys_are_read_in_every_form_that_openssl_writes() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    for (algorithm, label) in [
        (&rcgen::PKCS_ECDSA_P256_SHA256, "EC PRIVATE KEY"),
        (&rcgen::PKCS_ECDSA_P384_SHA384, "EC PRIVATE KEY"),
        (&rcgen::PKCS_RSA_SHA256, "RSA PRIVATE KEY"),
    ] {
        let mut bundle = Authority::with(algorithm, |_| {}).bundle();
        std::fs::write(path("pkcs8.pem"), bundle["private_key"].as_str().unwrap()).unwrap();
        let converted = std::process::Command::new("openssl")
            .args(["pkey", "-traditional", "-in", &path("pkcs8.pem"), "-out", &path("key.pem")])
            .status();
        assert!(converted.unwrap().success());
        let key = std::fs::read_to_string(path("key.pem")).unwrap();
        assert!(key.starts_with(&format!("-----BEGIN {label}-----")), "another form");
        bundle["private_key"] = json!(key);
        assert_eq!(check(&bundle), None, "{label}");
    }
}

#[test]
fn a_p521_key_is_refused() {
    let bundle = Authority::with(&rcgen::PKCS_ECDSA_P521_SHA512, |_| {}).bundle();
    assert_refused(&bundle, "private_key", "P-256");
}

#[test]
fn material_outside_of_its_validity_is_refused() {
    let bundle = Authority::new().bundle();
    let now = OffsetDateTime::now_utc();
    let at = |offset| check_at(&bundle, now + offset).unwrap().1;
    assert!(at(Duration::days(31)).contains("expired"));
    assert!(at(Duration::days(-2)).contains("not valid before"));
}

#[test]
fn an_intermediate_that_ends_earlier_ends_the_validity() {
    let bundle = below(|params| params.not_after = OffsetDateTime::now_utc() + Duration::days(2));
    let ca = Ca::from_json(bundle.to_string().as_bytes(), OffsetDateTime::now_utc()).unwrap();
    assert!(ca.not_after() < OffsetDateTime::now_utc() + Duration::days(3));
    assert_eq!(ca.chain().matches("BEGIN CERTIFICATE").count(), 2);
}

/// Material of which the issuing CA is two levels below the root.
fn below(change: impl FnOnce(&mut rcgen::CertificateParams)) -> Value {
    let root_key = KeyPair::generate().unwrap();
    let root = rcgen::CertifiedIssuer::self_signed(params("Root", 3), root_key).unwrap();
    let mut middle = params("Middle", 1);
    change(&mut middle);
    let middle =
        rcgen::CertifiedIssuer::signed_by(middle, KeyPair::generate().unwrap(), &root).unwrap();
    let authority = Authority::new();
    let certificate = authority.params.signed_by(&authority.key, &middle).unwrap().pem();
    json!({
        "certificate": certificate,
        "private_key": authority.key.serialize_pem(),
        "chain": format!("{certificate}{}", middle.pem()),
    })
}

#[test]
fn every_certificate_of_the_chain_may_issue_the_one_before_it() {
    assert_eq!(check(&below(|_| ())), None);
    let part = "may not issue the CA before it";
    let short = below(|params| params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0)));
    assert_refused(&short, "chain", part);
    assert_refused(&below(|params| params.is_ca = IsCa::ExplicitNoCa), "chain", part);
    let no_signing = below(|params| params.key_usages = vec![KeyUsagePurpose::CrlSign]);
    assert_refused(&no_signing, "chain", part);
}

#[test]
fn a_root_does_not_issue() {
    let authority = Authority::new();
    let bundle = json!({
        "certificate": authority.root,
        "private_key": authority.root_key.serialize_pem(),
        "chain": authority.root,
    });
    assert_refused(&bundle, "chain", "includes a root");
}

#[test]
fn a_problem_never_quotes_the_material() {
    let mut bundle = Authority::new().bundle();
    let key = bundle["private_key"].as_str().unwrap().to_owned();
    bundle.as_object_mut().unwrap().insert(key.clone(), json!("x"));
    let (_, message) = check(&bundle).unwrap();
    assert!(!message.contains("PRIVATE"), "{message}");
}
