//! The check of an answer against what was asked for. What passes is safe to install; nothing of
//! it is taken on trust but the pinned root.

use rustls_pki_types::{CertificateDer, UnixTime};
use signer::notation::utc;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};
use x509_parser::certificate::X509Certificate;

use super::answer::Answer;
use super::certificate::{Certificate, malformed, parse};
use super::pem;
use super::request::Wanted;
use super::usage::Usage;
use crate::error::{Error, Result};

/// A certificate's beginning may lie this far ahead: the issuer's clock and ours differ.
const SKEW: Duration = Duration::minutes(5);

/// The end may lie this much beyond what was asked: the time of the request itself.
const TTL_TOLERANCE: Duration = Duration::seconds(60);

/// The most octets of a serial number (RFC 5280 section 4.1.2.2).
const SERIAL_LIMIT: usize = 20;

/// What the certificate must be.
pub(super) struct Expected<'a> {
    /// DER of `SubjectPublicKeyInfo`.
    pub(super) public_key: &'a [u8],
    pub(super) wanted: &'a Wanted,
    pub(super) ttl_hours: Option<u32>,
    pub(super) roots: &'a [CertificateDer<'static>],
    pub(super) now: OffsetDateTime,
}

/// A leaf and its chain that passed every check.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) leaf: CertificateDer<'static>,
    pub(super) chain: Vec<CertificateDer<'static>>,
    pub(super) certificate: Certificate,
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
    let parsed = parse(&leaf).map_err(|error| error.within("`certificate` is unreadable"))?;

    if parsed.public_key().raw != expected.public_key {
        return Err(Error::new("it certifies another key than ours"));
    }
    check_leaf(&parsed)?;
    let certificate = Certificate::of(&parsed)?;
    check_wanted(&certificate, expected.wanted)?;
    check_validity(&certificate, answer, expected)?;
    for issuer in &chain {
        check_intermediate(&parse(issuer)?)?;
    }
    check_path(&leaf, &chain, expected, &certificate)?;
    Ok(Verified { leaf, chain, certificate })
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

fn check_leaf(certificate: &X509Certificate<'_>) -> Result<()> {
    let constraints = certificate.basic_constraints().map_err(malformed("basicConstraints"))?;
    if constraints.is_some_and(|extension| extension.value.ca) {
        return Err(Error::new("it is a CA's certificate, not a leaf"));
    }
    let usage = certificate.key_usage().map_err(malformed("keyUsage"))?;
    let usage = usage.ok_or_else(|| Error::new("it does not say what its key may be used for"))?;
    if !usage.value.digital_signature() {
        return Err(Error::new("its key may not be used for signatures"));
    }
    if usage.value.key_cert_sign() || usage.value.crl_sign() {
        return Err(Error::new("its key may be used as a CA's, which was not asked for"));
    }
    let serial = certificate.raw_serial();
    let positive = serial.first().is_some_and(|first| first & 0x80 == 0);
    if !positive || serial.iter().all(|byte| *byte == 0) {
        return Err(Error::new("its serial number is not positive"));
    }
    if serial.len() > SERIAL_LIMIT {
        return Err(Error::new("its serial number is too long")
            .because(format!("it has {} octets, more than {SERIAL_LIMIT}", serial.len())));
    }
    Ok(())
}

/// Names, subject and usages are no more and no less than what was asked for.
pub(super) fn check_wanted(certificate: &Certificate, wanted: &Wanted) -> Result<()> {
    let missing: Vec<_> = wanted.names.difference(&certificate.names).collect();
    if !missing.is_empty() {
        return Err(Error::new(format!("it lacks {}", list(missing))));
    }
    let extra: Vec<_> = certificate.names.difference(&wanted.names).collect();
    if !extra.is_empty() {
        return Err(Error::new(format!("it has {}, which was not asked for", list(extra))));
    }
    let folded = |name: &Option<String>| name.as_deref().map(str::to_ascii_lowercase);
    if folded(&certificate.common_name) != folded(&wanted.common_name) {
        let shown = |name: &Option<String>| {
            name.as_ref().map_or("no common name".to_owned(), |name| format!("CN={name}"))
        };
        let (has, asked) = (shown(&certificate.common_name), shown(&wanted.common_name));
        return Err(Error::new(format!("its subject has {has}, {asked} was asked for")));
    }
    if !wanted.usages.is_empty() && certificate.usages != wanted.usages {
        let (is, asked) = (list(&certificate.usages), list(&wanted.usages));
        return Err(Error::new(format!("it is for {is}, {asked} was asked for")));
    }
    Ok(())
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

fn check_validity(
    certificate: &Certificate,
    answer: &Answer,
    expected: &Expected<'_>,
) -> Result<()> {
    let Certificate { not_before, not_after, .. } = *certificate;
    if not_before > expected.now + SKEW {
        return Err(Error::new(format!("it is not valid before {}", utc(not_before)))
            .hint("check this machine's clock"));
    }
    if not_after <= expected.now {
        return Err(Error::new(format!("it expired at {}", utc(not_after)))
            .hint("check this machine's clock"));
    }
    let said = OffsetDateTime::parse(&answer.not_after, &Rfc3339)
        .map_err(|source| Error::new("`not_after` is no RFC 3339 time").because(source))?;
    if said != not_after {
        return Err(Error::new(format!(
            "`not_after` says {}, the certificate {}",
            utc(said),
            utc(not_after)
        )));
    }
    if let Some(hours) = expected.ttl_hours {
        let longest = Duration::hours(hours.into()) + TTL_TOLERANCE;
        if not_after - expected.now > longest {
            return Err(Error::new(format!(
                "it is valid until {}, longer than the {hours} hours that were asked for",
                utc(not_after)
            ))
            .hint("check this machine's clock"));
        }
    }
    Ok(())
}

impl Usage {
    fn for_webpki(self) -> webpki::KeyUsage {
        match self {
            Self::Client => webpki::KeyUsage::client_auth(),
            Self::Server => webpki::KeyUsage::server_auth(),
        }
    }
}

/// webpki looks at basicConstraints and the path's length, but not at keyUsage.
fn check_intermediate(certificate: &X509Certificate<'_>) -> Result<()> {
    let usage = certificate.key_usage().map_err(malformed("keyUsage"))?;
    if certificate.is_ca() && usage.is_some_and(|usage| usage.value.key_cert_sign()) {
        return Ok(());
    }
    Err(Error::new(format!("`chain` holds {}, which is no CA", certificate.subject())))
}

fn check_path(
    leaf: &CertificateDer<'_>,
    chain: &[CertificateDer<'_>],
    expected: &Expected<'_>,
    certificate: &Certificate,
) -> Result<()> {
    let untrusted = |source: webpki::Error| {
        Error::new("it does not lead to the pinned root through `chain`")
            .because(source)
            .hint("if the issuing CA was replaced, pass its root with --root; a function that runs holds the old one for up to ten minutes")
    };
    let anchors = expected
        .roots
        .iter()
        .map(webpki::anchor_from_trusted_cert)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|source| Error::new("the pinned root is unusable").because(source))?;
    let leaf = webpki::EndEntityCert::try_from(leaf).map_err(untrusted)?;
    // A clock that is slightly behind is forgiven, as above.
    let time = expected.now.max(certificate.not_before).unix_timestamp().unsigned_abs();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(time));
    for usage in &certificate.usages {
        let path = leaf
            .verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &anchors,
                chain,
                time,
                usage.for_webpki(),
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

#[cfg(test)]
mod tests;
