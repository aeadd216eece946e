//! What certificates look like that are made the obvious way, as `rcgen` offers it: the request's
//! parameters, signed. The judges that accept ours must refuse them, or they prove nothing.

use rcgen::{CertificateSigningRequestParams, Issuer};
use serde_json::json;

use crate::certificates::{text, webpki_accepts, write};
use crate::der::{Csr, dns, extension, fixture};
use crate::events::World;
use crate::python::{self, Judged};
use crate::verifiers::verify;

const NO_AUTHORITY: &str = "ERROR pkix.authority_key_identifier_extension_absent";
const NO_SUBJECT_KEY: &str = "WARNING pkix.certificate_skid_end_entity_missing";

/// What each judge says of one certificate.
struct Verdicts {
    pyca: String,
    openssl: String,
    webpki: String,
    lint: Judged<Vec<String>>,
}

/// Makes a certificate the obvious way, and asks the judges about it.
fn judge(csr: &str) -> Verdicts {
    let world = World::new();
    let authority = &world.authority;
    let issuer = Issuer::from_params(&authority.params, &authority.key);
    let params = CertificateSigningRequestParams::from_pem(csr).unwrap();
    let leaf = params.signed_by(&issuer).unwrap().pem();
    let body = json!({"certificate": leaf, "chain": authority.certificate()});
    let certificate = json!({"leaf": leaf, "chain": body["chain"], "root": authority.root});
    let question = json!({"request": csr, "certificate": certificate, "lint": true});
    let answer = python::judge(&[question]).remove(0);
    assert_eq!(answer.request.unwrap().refusal(), None, "the request itself is fine");
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), &world, &body);
    assert_eq!(text(&body, "certificate"), leaf);
    Verdicts {
        pyca: match answer.certificate.unwrap() {
            Judged::Read(certificate) => certificate.client,
            Judged::Refused(why) => why,
        },
        openssl: verify(directory.path(), "sslclient", &["leaf.pem".into()]),
        webpki: format!("{:?}", webpki_accepts(&world, &body, &webpki::KeyUsage::client_auth())),
        lint: answer.lint.unwrap(),
    }
}

#[test]
fn the_key_of_another_curve_than_its_signature_suggests_is_corrupted() {
    for name in ["p384_sha256", "p256_sha384"] {
        let verdicts = judge(&fixture(name));
        assert!(verdicts.pyca.contains("Invalid key"), "{name}: {}", verdicts.pyca);
        assert!(verdicts.openssl.contains("decode error"), "{name}: {}", verdicts.openssl);
        // Neither webpki nor pkilint looks at the key of a certificate that it verifies.
        assert_eq!(verdicts.webpki, "Ok(())");
        assert_eq!(verdicts.lint.unwrap(), [NO_AUTHORITY, NO_SUBJECT_KEY]);
    }
}

#[test]
fn fields_that_nobody_decided_on_are_missed() {
    let verdicts = judge(&fixture("p256_sha256"));
    // 2.5.29.35 is the authority key identifier.
    assert!(verdicts.pyca.contains("2.5.29.35: Certificate is missing"), "{}", verdicts.pyca);
    assert!(verdicts.openssl.contains("Missing Authority Key Id"), "{}", verdicts.openssl);
    // That it is valid from 1975 to 4096 strikes nobody, so our own tests must look at that.
    assert_eq!(verdicts.lint.unwrap(), [NO_AUTHORITY, NO_SUBJECT_KEY]);
}

#[test]
fn a_name_that_ends_at_a_nul_is_noticed_by_the_linter_alone() {
    let verdicts = judge(&Csr::new(&[dns("api.example.com\0.evil.example")]).pem());
    assert_eq!(verdicts.webpki, "Ok(())");
    let syntax = "ERROR pkix.invalid_domain_name_syntax";
    assert_eq!(verdicts.lint.unwrap(), [NO_AUTHORITY, syntax, NO_SUBJECT_KEY]);
}

#[test]
fn a_caller_who_asks_for_a_ca_gets_one() {
    let ca = extension(&[0x55, 0x1d, 0x13], &[0x30, 3, 1, 1, 0xff]);
    let verdicts = judge(&Csr::new(&[dns("api.example.com"), ca]).pem());
    assert!(verdicts.pyca.contains("basicConstraints.cA must not"), "{}", verdicts.pyca);
    assert!(verdicts.openssl.contains("CA cert does not include"), "{}", verdicts.openssl);
    assert_eq!(verdicts.webpki, "Err(CaUsedAsEndEntity)");
    let no_usage = "ERROR pkix.ca_certificate_no_ku_extension";
    assert_eq!(verdicts.lint.unwrap(), [NO_AUTHORITY, no_usage]);
}
