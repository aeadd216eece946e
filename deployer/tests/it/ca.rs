//! The CA as others see it: OpenSSL, webpki, and the file system.

mod constraints;
mod leaf;
mod rotation;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use deployer::ca::{self, Files};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use time::OffsetDateTime;

use self::leaf::Leaf;

fn made() -> (tempfile::TempDir, Files) {
    let dir = tempfile::tempdir().expect("a folder");
    let files = ca::init(&dir.path().join("ca"), OffsetDateTime::now_utc()).expect("a CA");
    (dir, files)
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").permissions().mode() & 0o777
}

fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).output().expect("openssl");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[test]
fn private_files_are_private() {
    let (_dir, files) = made();
    assert_eq!(mode(&files.root_key), 0o600);
    assert_eq!(mode(&files.issuing_secret), 0o600);
    assert_eq!(mode(files.root.parent().expect("a folder")), 0o700);
}

#[test]
fn openssl_accepts_both_certificates_strictly() {
    let (_dir, files) = made();
    let (root, issuing) = (text(&files.root), text(&files.issuing));
    openssl(&["verify", "-x509_strict", "-CAfile", root, root]);
    openssl(&["verify", "-x509_strict", "-CAfile", root, issuing]);

    let shown = openssl(&["x509", "-noout", "-text", "-in", issuing]);
    for expected in [
        "Signature Algorithm: ecdsa-with-SHA256",
        "Issuer: O = deployer demo, CN = Demo Root CA",
        "Subject: O = deployer demo, CN = Demo Issuing CA",
        "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0",
        "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign",
        "X509v3 Subject Key Identifier",
        "X509v3 Authority Key Identifier",
    ] {
        assert!(shown.contains(expected), "{expected} is missing from\n{shown}");
    }
    openssl(&["pkey", "-noout", "-check", "-in", text(&files.root_key)]);
}

#[test]
fn the_secret_holds_the_issuing_ca_and_its_own_key() {
    let (_dir, files) = made();
    let secret: serde_json::Value =
        serde_json::from_slice(&fs::read(&files.issuing_secret).expect("a secret")).expect("JSON");
    let certificate = fs::read_to_string(&files.issuing).expect("a certificate");
    assert_eq!(secret["certificate"], certificate.as_str());
    assert_eq!(secret["chain"], certificate.as_str());
    assert_eq!(secret.as_object().map(serde_json::Map::len), Some(3));

    let key =
        rcgen::KeyPair::from_pem(secret["private_key"].as_str().expect("a key")).expect("a key");
    let der = CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate");
    let (_, parsed) = x509_parser::parse_x509_certificate(&der).expect("a certificate");
    assert_eq!(parsed.public_key().raw, rcgen::PublicKeyData::subject_public_key_info(&key));
    assert_eq!(parsed.raw_serial().len(), 20);
}

#[test]
fn a_leaf_of_the_issuing_ca_leads_to_the_root() {
    let (_dir, files) = made();
    let leaf = Leaf::of(&files.issuing_secret, &["leaf.internal"]);
    leaf.webpki(&files.root, &[&files.issuing]).expect("a chain to the root");
    leaf.openssl(&files.root, &[&files.issuing]).expect("a chain to the root");
}

#[test]
fn an_existing_file_stops_everything() {
    let dir = tempfile::tempdir().expect("a folder");
    let files = Files::within(dir.path());
    fs::write(&files.issuing, "mine").expect("a file");
    let error = ca::init(dir.path(), OffsetDateTime::now_utc()).expect_err("refused");
    assert_eq!(error.message, "could not make a demo CA");
    assert!(error.causes[0].ends_with("issuing-ca.pem exists already"), "{error:?}");
    assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 1);
    assert_eq!(fs::read_to_string(&files.issuing).expect("a file"), "mine");
}

#[test]
fn two_authorities_share_nothing() {
    let (_one, first) = made();
    let (_two, second) = made();
    for (one, two) in first.paths().into_iter().zip(second.paths()) {
        assert_ne!(fs::read(one).expect("a file"), fs::read(two).expect("a file"));
    }
}
