//! The CA material: an issuing certificate, its private key and the chain that clients get.
//!
//! It is checked before anything is signed with it, because `rcgen` checks none of it: a key that
//! does not fit the certificate, or a subject that `rcgen` cannot reproduce byte for byte (repeated
//! attributes are dropped), would yield certificates that verify nowhere.

mod chain;
mod constraints;
mod key;

use rcgen::{CertificateParams, DistinguishedName, Issuer, KeyPair, PublicKeyData as _};
use serde::{Deserialize, Deserializer};
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;
use zeroize::{Zeroize as _, Zeroizing};

use crate::name::Name;
use crate::notation::sha256;
use crate::pem;
use crate::policy::{Problem, Usage};
use constraints::Constraints;

pub use chain::is_writable;

/// CA material that certificates can be signed with. The private key is wiped on drop.
pub struct Ca {
    key: KeyPair,
    certificate: Vec<u8>,
    chain: String,
    not_before: OffsetDateTime,
    not_after: OffsetDateTime,
    constraints: Vec<Constraints>,
    usages: Vec<Usage>,
}

/// The secret as it is stored. `private_key` is the reason why there is no `Debug`. It is wiped; the
/// copies that the JSON parser and the AWS SDK have made on the way here are out of reach.
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
    /// `certificate` is the issuing certificate, `private_key` its key as PKCS#8, SEC1 or PKCS#1, and
    /// `chain` what clients get: the issuing certificate again, then further intermediates, the root left out.
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
        let key = key::read(&bundle.private_key)?;
        let parsed = parse("certificate", certificate)?;
        chain::check_issuing(&parsed)?;
        if key.subject_public_key_info() != parsed.public_key().raw {
            return Err(problem("private_key", "is not the key of the certificate"));
        }
        let chain = certificates("chain", &bundle.chain)?;
        let members: Vec<_> =
            chain.iter().map(|der| parse("chain", der)).collect::<Checked<_>>()?;
        let (not_before, not_after) = chain::check(&parsed, &members, now)?;
        let constraints = members.iter().map(Constraints::of).collect::<Checked<_>>()?;
        let usages = chain::usages(&members)?;
        let chain = chain.iter().map(|der| pem::encode("CERTIFICATE", der)).collect();
        let certificate = certificate.clone();
        let ca = Self { key, certificate, chain, not_before, not_after, constraints, usages };
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

    /// Whether the name constraints of the whole chain let this CA certify the name.
    pub fn may_certify(&self, name: &Name) -> bool {
        self.constraints.iter().all(|constraints| constraints.permit(name))
    }

    /// Whether the extended key usages of the whole chain let this CA certify for the usage.
    pub fn may_certify_for(&self, usage: Usage) -> bool {
        self.usages.contains(&usage)
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
