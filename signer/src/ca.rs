//! The CA material: an issuing certificate, its private key and the chain that clients get.
//!
//! It is checked before anything is signed with it, because `rcgen` checks none of it: a key that
//! does not fit the certificate, or a subject that `rcgen` cannot reproduce byte for byte (repeated
//! attributes are dropped), would yield certificates that verify nowhere.

use rcgen::{CertificateParams, DistinguishedName, Issuer, KeyPair, PublicKeyData as _};
use serde::{Deserialize, Deserializer};
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Version;
use zeroize::{Zeroize as _, Zeroizing};

use crate::notation::{sha256, utc};
use crate::pem;
use crate::policy::Problem;

/// CA material that certificates can be signed with. The private key is wiped on drop.
pub struct Ca {
    key: KeyPair,
    certificate: Vec<u8>,
    chain: String,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
}

/// The secret as it is stored. `private_key` is the reason why there is no `Debug`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bundle {
    certificate: String,
    #[serde(deserialize_with = "wiped")]
    private_key: Zeroizing<String>,
    chain: String,
}

fn wiped<'de, D: Deserializer<'de>>(from: D) -> Result<Zeroizing<String>, D::Error> {
    String::deserialize(from).map(Zeroizing::new)
}

type Checked<T> = Result<T, Problem>;

fn problem(path: &str, message: impl Into<String>) -> Problem {
    Problem { path: path.to_owned(), message: message.into() }
}

impl Ca {
    /// Reads and checks `{"certificate": PEM, "private_key": PEM, "chain": PEM}`.
    ///
    /// `certificate` is the issuing certificate, `private_key` its key as PKCS#8, and `chain` what
    /// clients get: the issuing certificate again, then further intermediates, the root left out.
    ///
    /// # Errors
    /// The first thing that is wrong with it. The message never quotes the material.
    pub fn from_json(json: &[u8], now: OffsetDateTime) -> Checked<Self> {
        let bundle: Bundle = serde_json::from_slice(json).map_err(|error| {
            // The error itself may quote what it did not expect, so only its place is told.
            let message = format!(
                "not a JSON object of the strings certificate, private_key and chain \
                 (line {}, column {})",
                error.line(),
                error.column()
            );
            problem(".", message)
        })?;
        let certificate = certificates("certificate", &bundle.certificate)?;
        let [certificate] = certificate.as_slice() else {
            return Err(problem("certificate", "must be exactly one certificate"));
        };
        let key = private_key(&bundle.private_key)?;
        let parsed = parse("certificate", certificate)?;
        check_issuing(&parsed)?;
        if key.subject_public_key_info() != parsed.public_key().raw {
            return Err(problem("private_key", "is not the key of the certificate"));
        }
        let chain = certificates("chain", &bundle.chain)?;
        let (not_before, not_after) = check_chain(certificate, &chain)?;
        check_validity(not_before, not_after, now)?;
        let chain = chain.iter().map(|der| pem::encode("CERTIFICATE", der)).collect();
        let ca = Self { key, certificate: certificate.clone(), chain, not_before, not_after };
        ca.check_round_trip()?;
        Ok(ca)
    }

    /// The issuing certificate as DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The chain that clients get, as PEM.
    pub fn chain(&self) -> &str {
        &self.chain
    }

    /// The first moment at which the whole chain is valid.
    pub fn not_before(&self) -> OffsetDateTime {
        self.not_before
    }

    /// The last moment at which the whole chain is valid.
    pub fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }

    /// SHA-256 of the issuing certificate, in lower-case hexadecimal.
    pub fn fingerprint(&self) -> String {
        sha256(&self.certificate)
    }

    /// The public key as the DER of its `SubjectPublicKeyInfo`.
    pub fn spki(&self) -> Vec<u8> {
        self.key.subject_public_key_info()
    }

    /// What `rcgen` signs with: the subject and key identifier of the certificate, and the key.
    pub(crate) fn issuer(&self) -> Result<Issuer<'_, &KeyPair>, rcgen::Error> {
        Issuer::from_ca_cert_der(&self.certificate.as_slice().into(), &self.key)
    }

    /// Signs a throw-away certificate and compares: the issuer must be the subject byte for byte
    /// (RFC 5280 section 7.1), and the signature must hold.
    fn check_round_trip(&self) -> Checked<()> {
        let message = "the subject or the key cannot be used: a certificate signed with it does \
                       not verify; give it a subject without repeated or unusual attributes";
        let failed = || problem("certificate", message);
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let signed = self.issuer().and_then(|issuer| params.signed_by(&self.key, &issuer));
        let signed = signed.map_err(|_| failed())?;
        let ours = parse("certificate", &self.certificate)?;
        let probe = parse("certificate", signed.der())?;
        let same = probe.issuer().as_raw() == ours.subject().as_raw();
        if same && probe.verify_signature(Some(ours.public_key())).is_ok() {
            Ok(())
        } else {
            Err(failed())
        }
    }
}

impl Drop for Ca {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

fn certificates(path: &str, text: &str) -> Checked<Vec<Vec<u8>>> {
    let blocks = pem::blocks(text).map_err(|error| problem(path, error))?;
    if blocks.is_empty() {
        return Err(problem(path, "has no certificate"));
    }
    if blocks.iter().any(|block| block.label != "CERTIFICATE") {
        return Err(problem(path, "has a PEM block that is not labelled CERTIFICATE"));
    }
    Ok(blocks.iter().map(|block| block.der.to_vec()).collect())
}

fn parse<'a>(path: &str, der: &'a [u8]) -> Checked<X509Certificate<'a>> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(problem(path, "has a certificate that is not well-formed DER")),
    }
}

fn private_key(text: &str) -> Checked<KeyPair> {
    let blocks = pem::blocks(text).map_err(|error| problem("private_key", error))?;
    let [block] = blocks.as_slice() else {
        return Err(problem("private_key", "must be exactly one PEM block"));
    };
    if block.label != "PRIVATE KEY" {
        let message = "must be unencrypted PKCS#8, labelled PRIVATE KEY; \
                       `openssl pkcs8 -topk8 -nocrypt` converts other keys";
        return Err(problem("private_key", message));
    }
    let unusable = "is not a P-256, P-384, RSA (2048 bits or more) or Ed25519 key";
    let key =
        KeyPair::try_from(block.der.as_slice()).map_err(|_| problem("private_key", unusable))?;
    // The algorithm that the issuing CA signs with follows from its key (RFC 5758, 4055, 8410).
    let accepted = [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_RSA_SHA256,
        &rcgen::PKCS_ED25519,
    ];
    if !accepted.contains(&key.algorithm()) {
        return Err(problem("private_key", unusable));
    }
    Ok(key)
}

/// What a certificate needs to issue others (RFC 5280 sections 4.1.2.6, 4.2.1.2, 4.2.1.3, 4.2.1.9).
fn check_issuing(certificate: &X509Certificate<'_>) -> Checked<()> {
    let wrong = |message: &str| Err(problem("certificate", message));
    if certificate.version() != X509Version::V3 {
        return wrong("is not an X.509 version 3 certificate");
    }
    if !matches!(certificate.basic_constraints(), Ok(Some(basic)) if basic.value.ca) {
        return wrong("is not a CA certificate (basicConstraints)");
    }
    if !matches!(certificate.key_usage(), Ok(Some(usage)) if usage.value.key_cert_sign()) {
        return wrong("may not sign certificates (keyUsage lacks keyCertSign)");
    }
    let has = |wanted: fn(&ParsedExtension<'_>) -> bool| {
        certificate.extensions().iter().any(|extension| wanted(extension.parsed_extension()))
    };
    if !has(|extension| matches!(extension, ParsedExtension::SubjectKeyIdentifier(_))) {
        return wrong("has no subjectKeyIdentifier");
    }
    // Signing outside of them makes certificates that no client accepts.
    if has(|extension| matches!(extension, ParsedExtension::NameConstraints(_))) {
        return wrong("has nameConstraints, which this issuer does not evaluate");
    }
    let mut attributes = certificate.subject().iter_attributes().peekable();
    if attributes.peek().is_none() {
        return wrong("has an empty subject");
    }
    // `rcgen` panics on object identifiers of the arcs from 2.40 up, which it reads as 3.x.
    if attributes.any(|attribute| !matches!(attribute.attr_type().as_bytes(), [0..=119, ..])) {
        return wrong("has an attribute in its subject whose object identifier cannot be written");
    }
    Ok(())
}

/// The chain begins with the issuing certificate, each certificate is signed by the next, and no
/// root is in it. Returns the validity that all of them share.
fn check_chain(certificate: &[u8], chain: &[Vec<u8>]) -> Checked<(OffsetDateTime, OffsetDateTime)> {
    if chain[0] != certificate {
        return Err(problem("chain", "does not begin with the issuing certificate"));
    }
    let chain: Vec<_> = chain.iter().map(|der| parse("chain", der)).collect::<Checked<_>>()?;
    for pair in chain.windows(2) {
        let signed = pair[0].verify_signature(Some(pair[1].public_key())).is_ok();
        if pair[0].issuer().as_raw() != pair[1].subject().as_raw() || !signed {
            return Err(problem("chain", "has a certificate that the next one did not issue"));
        }
    }
    // A CA without an intermediate has nothing but its root to offer, which does no harm.
    let is_root = |certificate: &X509Certificate<'_>| {
        certificate.issuer().as_raw() == certificate.subject().as_raw()
    };
    if chain[1..].iter().any(is_root) {
        return Err(problem("chain", "includes the root, which clients must have already"));
    }
    let starts = chain.iter().map(|each| each.validity().not_before.to_datetime());
    let ends = chain.iter().map(|each| each.validity().not_after.to_datetime());
    let window = starts.max().zip(ends.min());
    window.ok_or_else(|| problem("chain", "has no certificate"))
}

fn check_validity(
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    now: OffsetDateTime,
) -> Checked<()> {
    if now < not_before {
        return Err(problem("chain", format!("is not valid before {}", utc(not_before))));
    }
    if now > not_after {
        return Err(problem("chain", format!("has expired at {}", utc(not_after))));
    }
    Ok(())
}
