//! What a certificate says, as far as clients of this system have a use for it.

use std::collections::BTreeSet;
use std::path::Path;

use rustls_pki_types::CertificateDer;
use signer::notation::hex;
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ExtendedKeyUsage;
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name};

use super::name::Name;
use super::usage::Usage;
use crate::error::{Error, Result};

/// `id-Ed25519`, 1.3.101.112 (RFC 8410 section 3).
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

/// What a leaf says.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// Every name in it, sorted.
    pub names: BTreeSet<Name>,
    /// The subject's only attribute, if it has one.
    pub common_name: Option<String>,
    /// What it may be used for.
    pub usages: BTreeSet<Usage>,
    /// The serial number in lower-case hexadecimal, two digits to an octet.
    pub serial: String,
    /// When its validity begins.
    pub not_before: OffsetDateTime,
    /// When its validity ends.
    pub not_after: OffsetDateTime,
    /// The issuer's distinguished name, such as `O=deployer demo, CN=Demo Issuing CA`.
    pub issuer: String,
    /// The kind of key it certifies, such as `P-256`.
    pub key_type: String,
    /// The key it certifies: DER of `SubjectPublicKeyInfo`.
    pub(super) public_key: Vec<u8>,
}

impl Certificate {
    /// What a parsed leaf says.
    ///
    /// # Errors
    ///
    /// When it says something that this system never issues.
    pub(super) fn of(leaf: &X509Certificate<'_>) -> Result<Self> {
        Ok(Self {
            names: names(leaf)?,
            common_name: common_name(leaf.subject())?,
            usages: usages(leaf)?,
            serial: hex(leaf.raw_serial()),
            not_before: leaf.validity().not_before.to_datetime(),
            not_after: leaf.validity().not_after.to_datetime(),
            issuer: leaf.issuer().to_string(),
            key_type: key_type(leaf.public_key()),
            public_key: leaf.public_key().raw.to_vec(),
        })
    }

    /// What the first certificate of a file says.
    pub(super) fn load(path: &Path) -> Result<Self> {
        let read = || {
            let text =
                std::fs::read(path).map_err(|source| Error::new("unreadable").because(source))?;
            let mut all = super::pem::certificates(&text)?.into_iter();
            let leaf = all.next().ok_or_else(|| Error::new("it holds no certificate"))?;
            Self::of(&parse(&leaf)?)
        };
        read().map_err(|error: Error| {
            error.within(format!("could not use the certificate in {}", path.display()))
        })
    }
}

/// Parses DER that is one certificate and nothing more.
pub(super) fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => Err(Error::new("there are bytes after the end of the certificate")),
        Err(source) => Err(Error::new("it is no X.509 certificate").because(source)),
    }
}

/// Says which extension of a certificate could not be read.
pub(super) fn malformed(extension: &str) -> impl Fn(x509_parser::error::X509Error) -> Error {
    let message = format!("its {extension} extension is malformed");
    move |source| Error::new(message.clone()).because(source)
}

fn names(leaf: &X509Certificate<'_>) -> Result<BTreeSet<Name>> {
    let extension = leaf.subject_alternative_name().map_err(malformed("subjectAltName"))?;
    let names = extension.iter().flat_map(|extension| &extension.value.general_names);
    let known = names.map(|name| {
        Name::of(name).ok_or_else(|| {
            Error::new("it has a name of a kind that was not asked for").because(name)
        })
    });
    known.collect()
}

fn common_name(subject: &X509Name<'_>) -> Result<Option<String>> {
    let common_names: Vec<_> = subject.iter_common_name().collect();
    if common_names.len() != subject.iter_attributes().count() || common_names.len() > 1 {
        return Err(Error::new(format!("its subject is {subject}"))
            .because("a subject is a common name, or empty"));
    }
    let text = common_names.first().map(|attribute| attribute.as_str().map(str::to_owned));
    text.transpose().map_err(|source| Error::new("its common name is no text").because(source))
}

fn usages(leaf: &X509Certificate<'_>) -> Result<BTreeSet<Usage>> {
    let extension = leaf.extended_key_usage().map_err(malformed("extendedKeyUsage"))?;
    let Some(extension) = extension else {
        return Err(Error::new("it does not say what it may be used for"));
    };
    let (extension, usages) = (extension.value, known_usages(extension.value));
    if extension.any {
        return Err(Error::new("it may be used for anything, which was not asked for"));
    }
    if usages.is_empty() {
        return Err(Error::new("it is neither for clients nor for servers"));
    }
    let others = [
        extension.code_signing,
        extension.email_protection,
        extension.time_stamping,
        extension.ocsp_signing,
        !extension.other.is_empty(),
    ];
    if others.contains(&true) {
        return Err(Error::new("it may be used for more than to be a client or a server"));
    }
    Ok(usages)
}

/// The usages of an extension, of a certificate or a request, that this system issues.
pub(super) fn known_usages(extension: &ExtendedKeyUsage<'_>) -> BTreeSet<Usage> {
    let all = [(Usage::Client, extension.client_auth), (Usage::Server, extension.server_auth)];
    all.into_iter().filter(|(_, there)| *there).map(|(usage, _)| usage).collect()
}

/// The kind of a key, such as `P-256`, `RSA 2048` or `Ed25519`.
pub(crate) fn key_type(key: &SubjectPublicKeyInfo<'_>) -> String {
    match key.parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
        Ok(PublicKey::EC(point)) => format!("P-{}", point.key_size()),
        // Those of RFC 8410 are known by their identifiers alone.
        _ if key.algorithm.algorithm.as_bytes() == ED25519 => "Ed25519".into(),
        _ => "unknown".into(),
    }
}
