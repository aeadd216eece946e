//! What is sent: a certificate request, made here with a new key or taken from a file.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PublicKeyData, RsaKeySize};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::SectionKind;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer as _;
use zeroize::Zeroizing;

use super::Request;
use super::name::{Name, is_dns_name};
use super::pem;
use crate::error::{Context as _, Error, Result};

/// The kinds of key that the client makes. The signer accepts each of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyType {
    /// ECDSA on P-256, which everything understands.
    #[default]
    P256,
    /// ECDSA on P-384.
    P384,
    /// RSA with 2048 bits.
    Rsa2048,
    /// RSA with 4096 bits; making one takes seconds.
    Rsa4096,
    /// Ed25519, which many browsers and load balancers still refuse.
    Ed25519,
}

impl KeyType {
    /// Every kind, in the order in which help texts list them.
    pub const ALL: [Self; 5] =
        [Self::P256, Self::P384, Self::Rsa2048, Self::Rsa4096, Self::Ed25519];

    /// The word for it on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::Rsa2048 => "rsa2048",
            Self::Rsa4096 => "rsa4096",
            Self::Ed25519 => "ed25519",
        }
    }

    fn generate(self) -> Result<Zeroizing<KeyPair>> {
        let key = match self {
            Self::P256 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
            Self::P384 => KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
            Self::Rsa2048 => rsa(RsaKeySize::_2048),
            Self::Rsa4096 => rsa(RsaKeySize::_4096),
            Self::Ed25519 => return ed25519(),
        };
        key.map(Zeroizing::new).context(|| format!("could not make a key ({self})"))
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for KeyType {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            Error::new(format!("`{text}` is no kind of key")).hint(format!("there are: {known}"))
        })
    }
}

fn rsa(size: RsaKeySize) -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size)
}

/// rcgen would write version 2 of the key format, which OpenSSL 3.0 cannot read.
fn ed25519() -> Result<Zeroizing<KeyPair>> {
    let message = || "could not make a key (ed25519)".to_owned();
    let key = aws_lc_rs::signature::Ed25519KeyPair::generate().context(message)?;
    let document = key.to_pkcs8v1().context(message)?;
    KeyPair::from_pkcs8_der_and_sign_algo(
        &PrivatePkcs8KeyDer::from(document.as_ref()),
        &rcgen::PKCS_ED25519,
    )
    .map(Zeroizing::new)
    .context(message)
}

/// A certificate request, and what the certificate must match.
pub(super) struct Prepared {
    /// The request, PEM.
    csr: String,
    /// The public key as it must be in the certificate: the DER of `SubjectPublicKeyInfo`.
    pub(super) public_key: Vec<u8>,
    pub(super) names: BTreeSet<Name>,
    /// The private key, if it was made here.
    pub(super) key: Option<Zeroizing<KeyPair>>,
}

impl Prepared {
    /// The body of the POST.
    pub(super) fn body(&self, ttl_hours: Option<u32>) -> Result<Vec<u8>> {
        let mut body = serde_json::json!({ "csr": self.csr });
        if let Some(hours) = ttl_hours {
            body["ttl_hours"] = hours.into();
        }
        serde_json::to_vec(&body).context(|| "could not write the request as JSON".into())
    }
}

/// Makes the request that the input describes, or reads the one that it names.
pub(super) fn prepare(input: &Request) -> Result<Prepared> {
    match &input.csr {
        Some(path) => read(path).map_err(|error| {
            error.within(format!("could not use {} as a certificate request", path.display()))
        }),
        None => make(input),
    }
}

fn make(input: &Request) -> Result<Prepared> {
    let names = names(input)?;
    let key = input.key_type.generate()?;
    let mut params = CertificateParams::default();
    params.subject_alt_names = names.iter().map(Name::to_san).collect::<Result<_>>()?;
    params.distinguished_name = DistinguishedName::new();
    if let Some(common_name) = &input.common_name {
        params.distinguished_name.push(DnType::CommonName, common_name.as_str());
    }
    let csr = params
        .serialize_request(&*key)
        .context(|| "could not sign the certificate request".into())?;
    let csr = crate::ca::pem::encode("CERTIFICATE REQUEST", csr.der()).to_string();
    Ok(Prepared { csr, public_key: key.subject_public_key_info(), names, key: Some(key) })
}

fn names(input: &Request) -> Result<BTreeSet<Name>> {
    let common_name = input.common_name.as_deref().filter(|name| is_dns_name(name));
    let dns = input.dns.iter().map(String::as_str).chain(common_name).map(Name::dns);
    let uri = input.uri.iter().map(|uri| Name::uri(uri));
    let ip = input.ip.iter().map(|ip| Ok(Name::Ip(*ip)));
    let names = dns.chain(uri).chain(ip).collect::<Result<BTreeSet<_>>>()?;
    if names.is_empty() {
        return Err(Error::new("a certificate needs at least one name")
            .hint("name it with --dns, --ip or --uri; for example --dns api.internal"));
    }
    Ok(names)
}

fn read(path: &Path) -> Result<Prepared> {
    let text = fs::read(path).map_err(|source| Error::new("it cannot be read").because(source))?;
    let mut requests = pem::blocks(&text)?;
    requests.retain(|(kind, _)| matches!(kind, SectionKind::Csr));
    let [(_, der)] = requests.as_slice() else {
        return Err(Error::new(format!("it holds {} certificate requests", requests.len()))
            .because("exactly one CERTIFICATE REQUEST block in PEM is needed")
            .hint("convert one from DER with `openssl req -inform der -in FILE -out FILE.pem`"));
    };
    let malformed = || Error::new("the certificate request is malformed");
    let (rest, csr) =
        X509CertificationRequest::from_der(der).map_err(|source| malformed().because(source))?;
    if !rest.is_empty() {
        return Err(malformed().because("there are bytes after its end"));
    }
    Ok(Prepared {
        // Encoded anew, so that whatever else the file holds is not sent.
        csr: crate::ca::pem::encode("CERTIFICATE REQUEST", der).to_string(),
        public_key: csr.certification_request_info.subject_pki.raw.to_vec(),
        names: requested_names(&csr)?,
        key: None,
    })
}

fn requested_names(csr: &X509CertificationRequest<'_>) -> Result<BTreeSet<Name>> {
    let mut names = BTreeSet::new();
    for extension in csr.requested_extensions().into_iter().flatten() {
        let ParsedExtension::SubjectAlternativeName(requested) = extension else { continue };
        for name in &requested.general_names {
            names.insert(Name::of(name).ok_or_else(|| {
                Error::new("it asks for a kind of name that is never issued")
                    .because(name)
                    .hint("ask for DNS names, IP addresses and URIs only")
            })?);
        }
    }
    if names.is_empty() {
        return Err(Error::new("it asks for no subject alternative name")
            .hint("add one: `openssl req … -addext subjectAltName=DNS:api.internal`"));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_types_read_as_they_are_written() {
        for kind in KeyType::ALL {
            assert_eq!(kind.as_str().parse::<KeyType>().expect("a kind"), kind);
        }
        let error = "dsa".parse::<KeyType>().expect_err("refused");
        assert_eq!(error.message, "`dsa` is no kind of key");
    }

    fn read_text(text: &str) -> Result<Prepared> {
        let file = tempfile::NamedTempFile::new().expect("a file");
        fs::write(file.path(), text).expect("a file");
        read(file.path())
    }

    #[test]
    fn only_the_request_of_a_file_is_sent() {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(["A.internal".to_owned()]).expect("names");
        let csr = params.serialize_request(&key).expect("a request").pem().expect("PEM");
        let read = read_text(&format!("Some text\n{csr}{}", key.serialize_pem())).expect("read");
        assert!(!read.csr.contains("PRIVATE"));
        assert!(!read.csr.contains("Some text"));
        assert_eq!(read.public_key, key.subject_public_key_info());
        assert_eq!(read.names, BTreeSet::from([Name::Dns("a.internal".into())]));
        assert!(read.key.is_none());
        assert!(read_text(&format!("{csr}{csr}")).is_err());
    }

    #[test]
    fn unusable_requests_are_refused_with_the_reason() {
        let error = read_text("").err().expect("refused");
        assert_eq!(error.message, "it holds 0 certificate requests");
        let garbage = crate::ca::pem::encode("CERTIFICATE REQUEST", b"garbage");
        let error = read_text(&garbage).err().expect("refused");
        assert_eq!(error.message, "the certificate request is malformed");
        let key = KeyPair::generate().expect("a key");
        let nameless = CertificateParams::default().serialize_request(&key).expect("a request");
        let error = read_text(&nameless.pem().expect("PEM")).err().expect("refused");
        assert_eq!(error.message, "it asks for no subject alternative name");
    }
}
