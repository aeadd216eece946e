//! Every kind of key, usage and issuing CA before verifiers and a linter that are not ours: OpenSSL,
//! webpki, pyca's `cryptography` and `pkilint`.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::authority::Authority;
use crate::certificates::{text, webpki_accepts, write};
use crate::der::{Csr, fixture, san};
use crate::events::{World, event};
use crate::python::{self, Answer};
use crate::rules::policy_with;

/// What `pkilint` says of any URI whose scheme is not one of the eight that its library knows.
const FALSE_POSITIVE: &str = "ERROR pkix.invalid_uri_syntax";

const AUTHORITIES: [&rcgen::SignatureAlgorithm; 4] = [
    &rcgen::PKCS_ECDSA_P256_SHA256,
    &rcgen::PKCS_ECDSA_P384_SHA384,
    &rcgen::PKCS_RSA_SHA256,
    &rcgen::PKCS_ED25519,
];

const PROFILES: [&[&str]; 3] = [&["client"], &["server"], &["server", "client"]];

/// What pyca says of an issuing CA with an Ed25519 key. Issued certificates may have such a key.
const FORBIDDEN: &str = "Forbidden public key algorithm";

/// One certificate and how it came about.
struct Case {
    what: String,
    csr: String,
    authority: &'static rcgen::SignatureAlgorithm,
    usages: &'static [&'static str],
    body: Value,
}

fn requests() -> Vec<(&'static str, String)> {
    let names = san(&[
        (0x82, b"api.example.com"),
        (0x87, &[10, 1, 2, 3]),
        (0x86, b"https://example.com/a"),
    ]);
    let mut requests: Vec<_> =
        ["p256_sha256", "p384_sha256", "rsa2048_sha256", "rsa4096_sha256", "ed25519"]
            .map(|name| (name, fixture(name)))
            .into();
    requests.push(("names of all kinds", Csr::new(&[names]).pem()));
    let spiffe = san(&[(0x86, b"spiffe://example.internal/api")]);
    requests.push(("SPIFFE", Csr::new(&[spiffe]).pem()));
    requests
}

fn cases(world: &mut World, authority: &'static rcgen::SignatureAlgorithm) -> Vec<Case> {
    let mut cases = Vec::new();
    for usages in PROFILES {
        world.handler.policy = policy_with(|rule| rule["usages"] = json!(usages));
        for (name, csr) in requests() {
            let body = world.issue(&csr);
            let what = format!("{name} for {usages:?} by {authority:?}");
            cases.push(Case { what, csr, authority, usages, body });
        }
    }
    cases
}

impl Case {
    fn question(&self, world: &World) -> Value {
        json!({
            "request": self.csr,
            "certificate": {
                "leaf": self.body["certificate"],
                "chain": self.body["chain"],
                "root": world.authority.root,
            },
            "lint": true,
        })
    }

    fn is_for(&self, usage: &str) -> bool {
        self.usages.contains(&usage)
    }
}

#[test]
fn every_key_profile_and_ca_is_accepted_for_its_usage_and_for_no_other() {
    let mut count = 0;
    for authority in AUTHORITIES {
        let mut world = World::of(Authority::with(authority, |_| {}));
        let cases = cases(&mut world, authority);
        let questions: Vec<_> = cases.iter().map(|case| case.question(&world)).collect();
        for (case, answer) in cases.iter().zip(python::judge(&questions)) {
            assert_pyca(case, &answer);
            assert_lint(case, &answer);
        }
        for usage in ["client", "server"] {
            assert_openssl(&world, &cases, usage);
        }
        for case in &cases {
            assert_webpki(&world, case);
        }
        count += cases.len();
    }
    eprintln!("{count} certificates before four verifiers and a linter");
}

#[test]
fn the_key_of_every_fixture_is_certified_byte_for_byte() {
    let world = World::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let questions: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "pem"))
        .filter_map(|path| {
            let csr = std::fs::read_to_string(path).unwrap();
            let (status, body) = world.send(&event(json!({"csr": csr}).to_string().as_bytes()));
            let certificate = json!({
                "leaf": body["certificate"],
                "chain": body["chain"],
                "root": world.authority.root,
            });
            (status == 200).then(|| json!({"request": csr, "certificate": certificate}))
        })
        .collect();
    assert_eq!(questions.len(), 9, "the fixtures with keys and signatures that are accepted");
    for answer in python::judge(&questions) {
        let (request, certificate) = (answer.request.unwrap(), answer.certificate.unwrap());
        assert_eq!(certificate.unwrap().spki, request.unwrap().spki);
    }
}

fn assert_webpki(world: &World, case: &Case) {
    for (usage, eku) in
        [("server", webpki::KeyUsage::server_auth()), ("client", webpki::KeyUsage::client_auth())]
    {
        let verdict = webpki_accepts(world, &case.body, &eku);
        assert_eq!(verdict.is_ok(), case.is_for(usage), "{}: {usage}: {verdict:?}", case.what);
    }
}

fn assert_pyca(case: &Case, answer: &Answer) {
    let what = &case.what;
    let request = answer.request.clone().unwrap().unwrap();
    let certificate = answer.certificate.clone().unwrap().unwrap();
    assert_eq!(certificate.spki, request.spki, "{what}");
    assert_eq!(certificate.names, request.names, "{what}");
    let server_name = certificate.names.iter().any(|name| !name.starts_with("uri:"));
    for (usage, verdict) in [("client", &certificate.client), ("server", &certificate.server)] {
        if usage == "server" && !server_name {
            assert!(verdict.contains("no name"), "{what}: {usage}: {verdict}");
        } else if !case.is_for(usage) {
            assert!(verdict.contains("required EKU not found"), "{what}: {usage}: {verdict}");
        } else if case.authority == &rcgen::PKCS_ED25519 {
            assert!(verdict.contains(FORBIDDEN), "{what}: {usage}: {verdict}");
        } else {
            assert_eq!(verdict, "ok", "{what}: {usage}");
        }
    }
}

fn assert_lint(case: &Case, answer: &Answer) {
    let names = answer.request.clone().unwrap().unwrap().names;
    let spiffe = names.iter().any(|name| name.starts_with("uri:spiffe:"));
    let expected: &[&str] = if spiffe { &[FALSE_POSITIVE] } else { &[] };
    assert_eq!(answer.lint.clone().unwrap().unwrap(), expected, "{}", case.what);
}

/// One process for all certificates: those for that usage are accepted, the others are not.
fn assert_openssl(world: &World, cases: &[Case], usage: &str) {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), world, &cases[0].body);
    let files: Vec<_> = cases.iter().enumerate().map(|(index, _)| format!("{index}.pem")).collect();
    for (case, file) in cases.iter().zip(&files) {
        std::fs::write(directory.path().join(file), text(&case.body, "certificate")).unwrap();
    }
    let said = verify(directory.path(), &format!("ssl{usage}"), &files);
    for (case, file) in cases.iter().zip(&files) {
        let expected = if case.is_for(usage) {
            format!("{file}: OK\n")
        } else {
            format!("error {file}: verification failed\n")
        };
        assert!(said.contains(&expected), "{}: {usage}: {said}", case.what);
    }
    let refused = cases.iter().filter(|case| !case.is_for(usage)).count();
    assert_eq!(said.matches("purpose").count(), refused, "{said}");
}

/// All that `openssl verify` says of these files.
pub(crate) fn verify(directory: &Path, purpose: &str, files: &[String]) -> String {
    let output = Command::new("openssl")
        .args(["verify", "-x509_strict", "-purpose", purpose])
        .args(["-CAfile", "root.pem", "-untrusted", "chain.pem"])
        .args(files)
        .current_dir(directory)
        .output()
        .unwrap();
    // An empty line first, so that each of them has one before it.
    format!("\n{}", String::from_utf8_lossy(&[output.stdout, output.stderr].concat()))
}
