//! A root and an issuing CA for tests, made in memory.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyIdMethod,
    KeyPair, KeyUsagePurpose, PublicKeyData as _,
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

/// The certificates and keys of a CA, each part to be tampered with.
pub(crate) struct Authority {
    pub(crate) root: String,
    pub(crate) root_key: KeyPair,
    pub(crate) root_params: CertificateParams,
    pub(crate) key: KeyPair,
    pub(crate) params: CertificateParams,
}

pub(crate) fn params(name: &str, path_length: u8) -> CertificateParams {
    let now = OffsetDateTime::now_utc();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Example");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(30);
    params.use_authority_key_identifier_extension = true;
    params
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::with(&rcgen::PKCS_ECDSA_P256_SHA256, |_| {})
    }

    /// An issuing CA with this kind of key, whose certificate is changed before it is signed.
    pub(crate) fn with(
        algorithm: &'static rcgen::SignatureAlgorithm,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let root_key = KeyPair::generate().unwrap();
        let root_params = params("Test Root", 1);
        let root = root_params.self_signed(&root_key).unwrap().pem();
        let key = KeyPair::generate_for(algorithm).unwrap();
        let mut params = params("Test Issuing CA", 0);
        params.key_identifier_method = KeyIdMethod::PreSpecified(key.der_bytes()[..20].to_vec());
        change(&mut params);
        Self { root, root_key, root_params, key, params }
    }

    /// The issuing certificate as PEM.
    pub(crate) fn certificate(&self) -> String {
        let root = Issuer::from_params(&self.root_params, &self.root_key);
        self.params.signed_by(&self.key, &root).unwrap().pem()
    }

    /// The secret's content.
    pub(crate) fn bundle(&self) -> Value {
        let certificate = self.certificate();
        json!({
            "certificate": certificate,
            "private_key": self.key.serialize_pem(),
            "chain": certificate,
        })
    }
}
