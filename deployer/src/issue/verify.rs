//! The check of an answer against what was asked for. What passes is safe to install; nothing of
//! it is taken on trust but the pinned root.

use std::collections::BTreeSet;

use rustls_pki_types::{CertificateDer, UnixTime};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

use super::answer::Answer;
use super::name::Name;
use super::{Issued, Paths, pem};
use crate::error::{Error, Result};

/// A certificate's beginning may lie this far ahead: the issuer's clock and ours differ.
const SKEW: Duration = Duration::minutes(5);

/// The end may lie this much beyond what was asked: the time of the request itself.
const TTL_TOLERANCE: Duration = Duration::seconds(60);

/// What the certificate must be.
pub(super) struct Expected<'a> {
    /// DER of `SubjectPublicKeyInfo`.
    pub(super) public_key: &'a [u8],
    pub(super) names: &'a BTreeSet<Name>,
    pub(super) ttl_hours: Option<u32>,
    pub(super) roots: &'a [CertificateDer<'static>],
    pub(super) now: OffsetDateTime,
}

/// A leaf and its chain that passed every check.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) leaf: CertificateDer<'static>,
    pub(super) chain: Vec<CertificateDer<'static>>,
    names: BTreeSet<Name>,
    serial: String,
    validity: (OffsetDateTime, OffsetDateTime),
    issuer: String,
    key_type: String,
    usages: Vec<&'static str>,
}

impl Verified {
    /// The description for the user.
    pub(super) fn issued(self, paths: Paths) -> Issued {
        Issued {
            names: self.names.into_iter().collect(),
            serial: self.serial,
            not_before: self.validity.0,
            not_after: self.validity.1,
            issuer: self.issuer,
            key_type: self.key_type,
            usages: self.usages,
            paths,
        }
    }
}

/// Checks an answer.
///
/// # Errors
///
/// One that names the first thing that is not as it must be.
pub(super) fn verify(answer: &Answer, expected: &Expected<'_>) -> Result<Verified> {
    let leaf = leaf(&answer.certificate)?;
    let chain = pem::certificates(answer.chain.as_bytes())
        .map_err(|error| error.within("`chain` is unreadable"))?;
    let certificate = parse(&leaf).map_err(|error| error.within("`certificate` is unreadable"))?;

    if certificate.public_key().raw != expected.public_key {
        return Err(Error::new("it certifies another key than ours"));
    }
    check_leaf(&certificate)?;
    check_names(&certificate, expected.names)?;
    let validity = check_validity(&certificate, answer, expected)?;
    let usages = usages(&certificate)?;
    for issuer in &chain {
        check_intermediate(&parse(issuer)?)?;
    }
    check_path(&leaf, &chain, expected, validity.0, &usages)?;

    Ok(Verified {
        names: expected.names.clone(),
        serial: hex(certificate.raw_serial()),
        validity,
        issuer: certificate.issuer().to_string(),
        key_type: key_type(&certificate),
        usages: usages.iter().map(|usage| usage.0).collect(),
        leaf,
        chain,
    })
}

fn leaf(text: &str) -> Result<CertificateDer<'static>> {
    let mut certificates = pem::certificates(text.as_bytes())
        .map_err(|error| error.within("`certificate` is unreadable"))?;
    match (certificates.pop(), certificates.len()) {
        (Some(leaf), 0) => Ok(leaf),
        (None, _) => Err(Error::new("`certificate` holds no certificate")),
        (Some(_), others) => {
            Err(Error::new(format!("`certificate` holds {} certificates, not one", others + 1)))
        }
    }
}

fn parse<'a>(der: &'a CertificateDer<'_>) -> Result<X509Certificate<'a>> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        Ok(_) => Err(Error::new("there are bytes after the end of the certificate")),
        Err(source) => Err(Error::new("it is no X.509 certificate").because(source)),
    }
}

fn malformed(extension: &str) -> impl Fn(x509_parser::error::X509Error) -> Error {
    let message = format!("its {extension} extension is malformed");
    move |source| Error::new(message.clone()).because(source)
}

fn check_leaf(certificate: &X509Certificate<'_>) -> Result<()> {
    let constraints = certificate.basic_constraints().map_err(malformed("basicConstraints"))?;
    if constraints.is_some_and(|extension| extension.value.ca) {
        return Err(Error::new("it is a CA's certificate, not a leaf"));
    }
    let serial = certificate.raw_serial();
    let positive = serial.first().is_some_and(|first| first & 0x80 == 0);
    if !positive || serial.iter().all(|byte| *byte == 0) {
        return Err(Error::new("its serial number is not positive"));
    }
    Ok(())
}

fn check_names(certificate: &X509Certificate<'_>, asked: &BTreeSet<Name>) -> Result<()> {
    let extension = certificate.subject_alternative_name().map_err(malformed("subjectAltName"))?;
    let mut names = BTreeSet::new();
    for name in extension.iter().flat_map(|extension| &extension.value.general_names) {
        names.insert(Name::of(name).ok_or_else(|| {
            Error::new("it has a name of a kind that was not asked for").because(name)
        })?);
    }
    let list =
        |names: Vec<&Name>| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let missing: Vec<_> = asked.difference(&names).collect();
    if !missing.is_empty() {
        return Err(Error::new(format!("it lacks {}", list(missing))));
    }
    let extra: Vec<_> = names.difference(asked).collect();
    if !extra.is_empty() {
        return Err(Error::new(format!("it has {}, which was not asked for", list(extra))));
    }
    Ok(())
}

fn check_validity(
    certificate: &X509Certificate<'_>,
    answer: &Answer,
    expected: &Expected<'_>,
) -> Result<(OffsetDateTime, OffsetDateTime)> {
    let not_before = certificate.validity().not_before.to_datetime();
    let not_after = certificate.validity().not_after.to_datetime();
    if not_before > expected.now + SKEW {
        return Err(Error::new(format!("it is not valid before {not_before}"))
            .hint("check this machine's clock"));
    }
    if not_after <= expected.now {
        return Err(
            Error::new(format!("it expired at {not_after}")).hint("check this machine's clock")
        );
    }
    let said = OffsetDateTime::parse(&answer.not_after, &Rfc3339)
        .map_err(|source| Error::new("`not_after` is no RFC 3339 time").because(source))?;
    if said != not_after {
        return Err(Error::new(format!("`not_after` says {said}, the certificate {not_after}")));
    }
    if let Some(hours) = expected.ttl_hours {
        let longest = Duration::hours(hours.into()) + TTL_TOLERANCE;
        if not_after - expected.now > longest {
            return Err(Error::new(format!(
                "it is valid until {not_after}, longer than the {hours} hours that were asked for"
            ))
            .hint("check this machine's clock"));
        }
    }
    Ok((not_before, not_after))
}

/// A purpose that we ask webpki about, with its name for people.
struct Usage(&'static str, fn() -> webpki::KeyUsage);

fn usages(certificate: &X509Certificate<'_>) -> Result<Vec<Usage>> {
    let extension = certificate.extended_key_usage().map_err(malformed("extendedKeyUsage"))?;
    let Some(usage) = extension.map(|extension| extension.value) else {
        return Err(Error::new("it does not say what it may be used for"));
    };
    if usage.any {
        return Err(Error::new("it may be used for anything, which was not asked for"));
    }
    let mut usages = Vec::new();
    if usage.client_auth {
        usages.push(Usage("client", webpki::KeyUsage::client_auth));
    }
    if usage.server_auth {
        usages.push(Usage("server", webpki::KeyUsage::server_auth));
    }
    if usages.is_empty() {
        return Err(Error::new("it is neither for clients nor for servers"));
    }
    Ok(usages)
}

/// webpki looks at basicConstraints and the path's length, but not at keyUsage.
fn check_intermediate(certificate: &X509Certificate<'_>) -> Result<()> {
    let usage = certificate.key_usage().map_err(malformed("keyUsage"))?;
    if certificate.is_ca() && usage.is_none_or(|usage| usage.value.key_cert_sign()) {
        return Ok(());
    }
    Err(Error::new(format!("`chain` holds {}, which is no CA", certificate.subject())))
}

fn check_path(
    leaf: &CertificateDer<'_>,
    chain: &[CertificateDer<'_>],
    expected: &Expected<'_>,
    not_before: OffsetDateTime,
    usages: &[Usage],
) -> Result<()> {
    let untrusted = |source: webpki::Error| {
        Error::new("it does not lead to the pinned root through `chain`")
            .because(source)
            .hint("if the issuing CA was replaced, pass its root with --root")
    };
    let anchors = expected
        .roots
        .iter()
        .map(webpki::anchor_from_trusted_cert)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| Error::new("the pinned root is unusable").because(source))?;
    let leaf = webpki::EndEntityCert::try_from(leaf).map_err(untrusted)?;
    // A clock that is slightly behind is forgiven, as above.
    let time = expected.now.max(not_before).unix_timestamp().unsigned_abs();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(time));
    for Usage(_, usage) in usages {
        let path = leaf
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &anchors,
                chain,
                time,
                usage(),
                None,
                None,
            )
            .map_err(untrusted)?;
        if !path.intermediate_certificates().map(webpki::Cert::der).eq(chain.iter().cloned()) {
            return Err(Error::new("`chain` is not exactly the path to the pinned root")
                .because("the leaf's issuer comes first, each one's issuer next, no root"));
        }
    }
    Ok(())
}

fn key_type(certificate: &X509Certificate<'_>) -> String {
    use x509_parser::public_key::PublicKey;
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
        Ok(PublicKey::EC(point)) => format!("P-{}", point.key_size()),
        _ => "Ed25519".into(),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
