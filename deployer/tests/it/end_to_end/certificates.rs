//! Certificates of every kind, as OpenSSL and webpki see them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use super::{deployed, openssl, openssl_csr, read};
use crate::support::World;

/// `id-ce-noRevAvail`, 2.5.29.56.
const NO_REV_AVAIL: &[u8] = &[0x55, 0x1d, 0x38];

#[test]
fn every_kind_of_key_gets_a_certificate_that_other_verifiers_accept() {
    let world = deployed();
    for kind in ["p256", "p384", "rsa2048", "rsa4096", "ed25519"] {
        a_made_key_is_certified(&world, kind);
    }
    for (name, key) in [
        ("p256", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"][..]),
        // OpenSSL signs this with SHA-256, which some issuers take for a P-256 key.
        ("p384", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"]),
        ("rsa3072", &["-newkey", "rsa:3072"]),
        ("ed25519", &["-newkey", "ed25519"]),
    ] {
        a_request_of_openssl_is_certified(&world, name, key);
    }
    nothing_secret_is_remembered(&world);
    nothing_is_left_after_a_stop(&world);
}

fn a_made_key_is_certified(world: &World, kind: &str) {
    let out = format!("out-{kind}");
    let issued = world.succeed(&[
        "--local",
        "issue",
        "--key-type",
        kind,
        "--out",
        &out,
        "--dns",
        "API.internal.example",
        "--dns",
        "b.a.internal.example",
        "--ip",
        "10.1.2.3",
        "--ip",
        "127.0.0.1",
        "--uri",
        "spiffe://internal.example/billing",
        "--cn",
        "api.internal.example",
        "--ttl-hours",
        "5",
    ]);
    assert!(issued.stdout.contains("client") && issued.stdout.contains("server"), "{issued:?}");
    let key = world.path(&format!("{out}/key.pem"));
    let mode = fs::metadata(&key).expect("a key").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{}", key.display());
    let leaf = accepted(world, &out, &["api.internal.example", "b.a.internal.example"]);
    let own = openssl(world, &["pkey", "-pubout", "-in", &format!("{out}/key.pem")]);
    let certified =
        openssl(world, &["x509", "-noout", "-pubkey", "-in", &format!("{out}/cert.pem")]);
    assert_eq!(certified, own, "{kind}: the certificate belongs to key.pem");
    let sans = openssl(world, &["x509", "-noout", "-ext", "subjectAltName", "-in", &leaf]);
    let names = sans.lines().nth(1).map(|line| line.trim().split(", ").collect::<Vec<_>>());
    let mut names = names.expect("a line of names");
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "DNS:api.internal.example",
            "DNS:b.a.internal.example",
            "IP Address:10.1.2.3",
            "IP Address:127.0.0.1",
            "URI:spiffe://internal.example/billing",
        ],
        "{kind}"
    );
    let subject = openssl(world, &["x509", "-noout", "-subject", "-in", &leaf]);
    assert_eq!(subject.trim(), "subject=CN = api.internal.example", "{kind}");
    every_field_is_ours(world, &out, 5);
}

fn a_request_of_openssl_is_certified(world: &World, name: &str, key: &[&str]) {
    let asked = "subjectAltName = DNS:c.internal.example, IP:10.0.0.7\n\
                 basicConstraints = critical, CA:FALSE\n\
                 keyUsage = critical, digitalSignature, keyEncipherment\n\
                 extendedKeyUsage = clientAuth, serverAuth";
    let request = format!("openssl-{name}");
    openssl_csr(world, &request, key, asked);
    let out = format!("out-{request}");
    let csr = format!("{request}.csr");
    world.succeed(&["--local", "issue", "--csr", &csr, "--out", &out]);
    assert!(!world.path(&format!("{out}/key.pem")).exists(), "there is no key to write");
    let leaf = accepted(world, &out, &["c.internal.example"]);
    let certified = openssl(world, &["x509", "-noout", "-pubkey", "-in", &leaf]);
    let own = openssl(world, &["req", "-noout", "-pubkey", "-in", &csr]);
    assert_eq!(certified, own, "{name}: the key is the one of the request");
    // An empty subject makes the names critical (RFC 5280 section 4.2.1.6).
    let sans = openssl(world, &["x509", "-noout", "-ext", "subjectAltName", "-in", &leaf]);
    assert!(sans.contains("critical"), "{sans}");
    every_field_is_ours(world, &out, 12);
}

/// Verifies `cert.pem` with OpenSSL and with webpki, for both usages; yields its path.
fn accepted(world: &World, out: &str, names: &[&str]) -> String {
    let (leaf, chain) = (format!("{out}/cert.pem"), format!("{out}/chain.pem"));
    for purpose in ["sslserver", "sslclient"] {
        let mut arguments = vec!["verify", "-x509_strict", "-purpose", purpose];
        arguments.extend(["-CAfile", "ca/root.pem", "-untrusted", &chain]);
        arguments.extend(["-verify_hostname", names[0], &leaf]);
        openssl(world, &arguments);
    }
    let root = certificates(world, "ca/root.pem").remove(0);
    let der = certificates(world, &leaf).remove(0);
    let intermediates = certificates(world, &chain);
    assert!(!intermediates.contains(&root), "the chain leaves the root out");
    let anchors = [webpki::anchor_from_trusted_cert(&root).expect("an anchor")];
    let certificate = webpki::EndEntityCert::try_from(&der).expect("a leaf");
    for usage in [webpki::KeyUsage::server_auth(), webpki::KeyUsage::client_auth()] {
        let (algorithms, now) = (webpki::ALL_VERIFICATION_ALGS, UnixTime::now());
        certificate
            .verify_for_usage(algorithms, &anchors, &intermediates, now, usage, None, None)
            .expect("a path to the root");
    }
    let is_for = |name: &str| {
        let name = ServerName::try_from(name).expect("a name");
        certificate.verify_is_valid_for_subject_name(&name).is_ok()
    };
    assert!(names.iter().all(|name| is_for(name)), "{names:?}");
    assert!(!is_for("z.internal.example"), "no name that was not asked for");
    leaf
}

fn certificates(world: &World, file: &str) -> Vec<CertificateDer<'static>> {
    let text = fs::read(world.path(file)).expect("a file of certificates");
    CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().expect("certificates")
}

/// Compares what the issuer writes, whatever the request says, with what it should write.
fn every_field_is_ours(world: &World, out: &str, hours: i64) {
    let leaf = certificates(world, &format!("{out}/cert.pem")).remove(0);
    let issuer = certificates(world, &format!("{out}/chain.pem")).remove(0);
    let (_, leaf) = X509Certificate::from_der(&leaf).expect("a certificate");
    let (_, issuer) = X509Certificate::from_der(&issuer).expect("an issuing CA");
    assert_eq!(leaf.issuer().as_raw(), issuer.subject().as_raw(), "{out}: issuer");
    let (begin, end) = (leaf.validity().not_before, leaf.validity().not_after);
    let length = end.timestamp() - begin.timestamp();
    // Up to a minute of backdating: less if the CA itself is younger than that.
    let expected = hours * 3600 - 1..=hours * 3600 - 1 + 60;
    assert!(expected.contains(&length), "{out}: valid for {length} seconds");
    let age = x509_parser::time::ASN1Time::now().timestamp() - begin.timestamp();
    assert!((0..180).contains(&age), "{out}: begins {age} seconds ago");
    let usage = leaf.key_usage().expect("one key usage").expect("a key usage");
    assert!(usage.critical && usage.value.digital_signature(), "{out}: key usage");
    assert_eq!(usage.value.flags, 1, "{out}: digitalSignature and nothing else");
    let extended = leaf.extended_key_usage().expect("one").expect("an extended key usage").value;
    assert!(extended.client_auth && extended.server_auth && !extended.any, "{out}: usages");
    assert!(extended.other.is_empty() && !extended.code_signing, "{out}: no other usages");
    let constraints = leaf.basic_constraints().expect("one").expect("basic constraints");
    assert!(constraints.critical && !constraints.value.ca, "{out}: no CA");
    let no_revocation = leaf.extensions().iter().find(|one| one.oid.as_bytes() == NO_REV_AVAIL);
    let no_revocation = no_revocation.expect("noRevAvail");
    assert_eq!((no_revocation.critical, no_revocation.value), (false, &[5, 0][..]), "{out}");
    // basicConstraints, keyUsage, extendedKeyUsage, SAN, SKI, AKI and noRevAvail.
    assert_eq!(leaf.extensions().len(), 7, "{out}: {:?}", leaf.extensions());
    assert_eq!(leaf.raw_serial().len(), 20, "{out}: serial");
}

/// Neither what the deployer keeps nor what it prints holds a line of the CA's private key.
fn nothing_secret_is_remembered(world: &World) {
    let material: serde_json::Value =
        serde_json::from_str(&read(&world.path("ca/issuing-ca.json"))).expect("CA material");
    let key = material["private_key"].as_str().expect("a private key");
    let secrets: Vec<_> =
        key.lines().filter(|line| line.len() >= 16 && !line.starts_with("-----")).collect();
    assert!(!secrets.is_empty(), "a key has lines");
    // A value that is to change is planned as a change, so the plan has a reason to show it.
    fs::rename(world.path("ca"), world.path("old-ca")).expect("a folder to move");
    world.succeed(&["ca", "init"]);
    let plan = world.succeed(&["--local", "plan", "-v"]);
    let json = world.succeed(&["--local", "plan", "--json"]);
    let mut texts = vec![plan.stdout, plan.stderr, json.stdout, json.stderr];
    assert!(texts[0].contains("secret.ca"), "{}", texts[0]);
    for entry in fs::read_dir(world.path("state")).expect("a state folder") {
        texts.push(read(&entry.expect("an entry").path()));
    }
    assert!(texts.len() > 4, "there is a state file");
    for text in texts {
        assert!(!text.contains("PRIVATE KEY"), "{text}");
        assert!(secrets.iter().all(|secret| !text.contains(secret)), "{text}");
    }
}

fn nothing_is_left_after_a_stop(world: &World) {
    let server = world.instance().pid;
    let folder = world.path("local");
    let functions = processes_from(&folder);
    assert!(!functions.is_empty(), "the function runs from {}", folder.display());
    world.succeed(&["local", "stop"]);
    assert!(!folder.exists(), "{}", folder.display());
    let left = processes_from(&folder);
    assert!(left.is_empty(), "{left:?}");
    assert!(!Path::new("/proc").join(server.to_string()).join("exe").exists(), "the server");
    let status = world.run(&["local", "status"]);
    assert_eq!(status.status, 1, "{status:?}");
}

/// The programs that run from files in this folder, deleted ones included.
fn processes_from(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir("/proc").expect("/proc");
    let programs = entries.filter_map(|entry| fs::read_link(entry.ok()?.path().join("exe")).ok());
    programs.filter(|program| program.starts_with(folder)).collect()
}
