//! A leaf of an issuing CA, signed with its key and held against what verifiers make of it: the
//! signer's own checks are left out.

use std::fs;
use std::path::Path;
use std::process::Command;

use rcgen::string::Ia5String;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair, SanType};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, UnixTime};

use super::text;

/// A leaf certificate in a file.
pub(super) struct Leaf {
    certificate: rcgen::Certificate,
    dir: tempfile::TempDir,
}

impl Leaf {
    /// Signs one with the key in a secret's value. Names with `//` are URIs.
    pub(super) fn of(value: &Path, names: &[&str]) -> Self {
        let secret: serde_json::Value =
            serde_json::from_slice(&fs::read(value).expect("a secret")).expect("JSON");
        let part = |name: &str| secret[name].as_str().expect("a part of the secret").to_owned();
        let key = KeyPair::from_pem(&part("private_key")).expect("a key");
        let issuer = Issuer::from_ca_cert_pem(&part("certificate"), key).expect("an issuer");

        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.subject_alt_names = names.iter().map(|name| san(name)).collect();
        params.not_before = time::OffsetDateTime::now_utc() - time::Duration::MINUTE;
        params.not_after = params.not_before + time::Duration::HOUR;
        params.use_authority_key_identifier_extension = true;
        params.is_ca = rcgen::IsCa::ExplicitNoCa;
        params.key_usages = vec![rcgen::KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let leaf_key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&leaf_key, &issuer).expect("a leaf");
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("leaf.pem"), certificate.pem()).expect("a file");
        Self { certificate, dir }
    }

    /// What `openssl verify` says with these intermediates at hand.
    pub(super) fn openssl(&self, root: &Path, intermediates: &[&Path]) -> Result<(), String> {
        let leaf = self.dir.path().join("leaf.pem");
        let mut command = Command::new("openssl");
        command.args(["verify", "-x509_strict", "-CAfile", text(root)]);
        for one in intermediates {
            command.args(["-untrusted", text(one)]);
        }
        let output = command.arg(leaf).output().expect("openssl");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        if output.status.success() { Ok(()) } else { Err(said) }
    }

    /// What rustls says with these intermediates at hand.
    pub(super) fn webpki(&self, root: &Path, intermediates: &[&Path]) -> Result<(), webpki::Error> {
        let read = |path: &&Path| CertificateDer::from_pem_file(path).expect("a certificate");
        let root = read(&root);
        let intermediates: Vec<_> = intermediates.iter().map(read).collect();
        webpki::EndEntityCert::try_from(self.certificate.der())
            .expect("a leaf")
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &[webpki::anchor_from_trusted_cert(&root).expect("an anchor")],
                &intermediates,
                UnixTime::now(),
                webpki::KeyUsage::client_auth(),
                None,
                None,
            )
            .map(drop)
    }
}

fn san(name: &str) -> SanType {
    let ascii = || Ia5String::try_from(name).expect("ASCII");
    match name.parse() {
        Ok(address) => SanType::IpAddress(address),
        Err(_) if name.contains("//") => SanType::URI(ascii()),
        Err(_) => SanType::DnsName(ascii()),
    }
}
