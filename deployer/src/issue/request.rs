//! What is sent: a certificate request, made here with a new key or taken from a file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, PublicKeyData,
};
use rustls_pki_types::pem::SectionKind;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::AttributeTypeAndValue;
use zeroize::Zeroizing;

use super::Request;
use super::certificate::known_usages;
use super::name::{Name, is_dns_name};
use super::pem;
use super::usage::Usage;
use crate::error::{Context as _, Error, Result};

/// What a certificate is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) names: BTreeSet<Name>,
    pub(super) common_name: Option<String>,
    /// Empty if that is left to the issuer.
    pub(super) usages: BTreeSet<Usage>,
}

/// A certificate request, and what the certificate must match.
pub(super) struct Prepared {
    /// The request, PEM.
    pub(super) csr: String,
    /// The public key as it must be in the certificate: the DER of `SubjectPublicKeyInfo`.
    pub(super) public_key: Vec<u8>,
    pub(super) wanted: Wanted,
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
    let wanted = wanted(input)?;
    let key = input.key_type.unwrap_or_default().generate()?;
    let mut params = CertificateParams::default();
    params.subject_alt_names = wanted.names.iter().map(Name::to_san).collect::<Result<_>>()?;
    params.extended_key_usages = wanted.usages.iter().copied().map(purpose).collect();
    params.distinguished_name = DistinguishedName::new();
    if let Some(common_name) = &wanted.common_name {
        params.distinguished_name.push(DnType::CommonName, common_name.as_str());
    }
    let csr = params
        .serialize_request(&*key)
        .context(|| "could not sign the certificate request".into())?;
    let csr = crate::ca::pem::encode("CERTIFICATE REQUEST", csr.der()).to_string();
    Ok(Prepared { csr, public_key: key.subject_public_key_info(), wanted, key: Some(key) })
}

fn purpose(usage: Usage) -> ExtendedKeyUsagePurpose {
    match usage {
        Usage::Client => ExtendedKeyUsagePurpose::ClientAuth,
        Usage::Server => ExtendedKeyUsagePurpose::ServerAuth,
    }
}

/// What an input asks for that names no file with a request.
pub(super) fn wanted(input: &Request) -> Result<Wanted> {
    let common_name = input.common_name.as_deref().filter(|name| is_dns_name(name));
    let dns = input.dns.iter().map(String::as_str).chain(common_name).map(Name::dns);
    let uri = input.uri.iter().map(|uri| Name::uri(uri));
    let ip = input.ip.iter().map(|ip| Ok(Name::Ip(*ip)));
    let names = dns.chain(uri).chain(ip).collect::<Result<BTreeSet<_>>>()?;
    if names.is_empty() {
        return Err(Error::new("a certificate needs at least one name")
            .hint("name it with --dns, --ip or --uri; for example --dns api.internal"));
    }
    let usages = input.usages.iter().copied().collect();
    Ok(Wanted { names, common_name: input.common_name.clone(), usages })
}

/// What a file holds that does not hold one certificate request.
fn no_request(blocks: &[(SectionKind, Vec<u8>)]) -> Error {
    let count = blocks.iter().filter(|(kind, _)| matches!(kind, SectionKind::Csr)).count();
    let has = |wanted: &[SectionKind]| blocks.iter().any(|(kind, _)| wanted.contains(kind));
    let keys = [SectionKind::PrivateKey, SectionKind::RsaPrivateKey, SectionKind::EcPrivateKey];
    let (holds, hint) = if count > 1 {
        (format!("{count} certificate requests"), "put each into a file of its own")
    } else if has(&keys) {
        (
            "a private key".to_owned(),
            "keep it here, and make a request with it: `openssl req -new -key FILE -subj / -addext subjectAltName=DNS:NAME -out FILE.csr`",
        )
    } else if has(&[SectionKind::Certificate]) {
        (
            "a certificate".to_owned(),
            "send the request that it was made from, or leave --csr out: a key and a request are made then",
        )
    } else {
        (
            "no PEM block".to_owned(),
            "convert one from DER with `openssl req -inform der -in FILE -out FILE.pem`",
        )
    };
    Error::new(format!("it holds {holds}"))
        .because("exactly one CERTIFICATE REQUEST block in PEM is needed")
        .hint(hint)
}

fn read(path: &Path) -> Result<Prepared> {
    let text = fs::read(path).map_err(|source| Error::new("it cannot be read").because(source))?;
    let blocks = pem::blocks(&text)?;
    let requests = blocks.iter().filter(|(kind, _)| matches!(kind, SectionKind::Csr));
    let [(_, der)] = requests.collect::<Vec<_>>().as_slice() else {
        return Err(no_request(&blocks));
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
        wanted: requested(&csr)?,
        key: None,
    })
}

fn requested(csr: &X509CertificationRequest<'_>) -> Result<Wanted> {
    let (mut names, mut usages) = (BTreeSet::new(), BTreeSet::new());
    for extension in csr.requested_extensions().into_iter().flatten() {
        match extension {
            ParsedExtension::SubjectAlternativeName(requested) => {
                for name in &requested.general_names {
                    names.insert(Name::of(name).ok_or_else(|| {
                        Error::new("it asks for a kind of name that is never issued")
                            .because(name)
                            .hint("ask for DNS names, IP addresses and URIs only")
                    })?);
                }
            }
            ParsedExtension::ExtendedKeyUsage(requested) => {
                // What is never issued is the signer's to refuse, in its own words.
                usages = known_usages(requested);
            }
            _ => {}
        }
    }
    if names.is_empty() {
        return Err(Error::new("it asks for no subject alternative name")
            .hint("add one: `openssl req … -addext subjectAltName=DNS:api.internal`"));
    }
    let subject = &csr.certification_request_info.subject;
    let common_name = subject.iter_common_name().next().map(AttributeTypeAndValue::as_str);
    let common_name =
        common_name.transpose().map_err(|_| Error::new("its common name is no text"))?;
    Ok(Wanted { names, common_name: common_name.map(str::to_owned), usages })
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(read.wanted.names, BTreeSet::from([Name::Dns("a.internal".into())]));
        assert!(read.key.is_none());
        assert!(read_text(&format!("{csr}{csr}")).is_err());
    }

    #[test]
    fn usages_and_the_common_name_are_asked_for_and_read_back() {
        let mut request = crate::issue::tests::request();
        request.usages = vec![Usage::Server];
        request.common_name = Some("a.internal".into());
        let made = make(&request).expect("a request");
        let read = read_text(&made.csr).expect("read");
        assert_eq!(read.wanted, made.wanted);
        assert_eq!(read.wanted.usages, BTreeSet::from([Usage::Server]));
        request.usages.clear();
        let made = make(&request).expect("a request");
        assert!(read_text(&made.csr).expect("read").wanted.usages.is_empty());
    }

    #[test]
    fn unusable_requests_are_refused_with_the_reason() {
        let error = read_text("").err().expect("refused");
        assert_eq!(error.message, "it holds no PEM block");
        let garbage = crate::ca::pem::encode("CERTIFICATE REQUEST", b"garbage");
        let error = read_text(&garbage).err().expect("refused");
        assert_eq!(error.message, "the certificate request is malformed");
        let key = KeyPair::generate().expect("a key");
        let nameless = CertificateParams::default().serialize_request(&key).expect("a request");
        let error = read_text(&nameless.pem().expect("PEM")).err().expect("refused");
        assert_eq!(error.message, "it asks for no subject alternative name");
    }
}
