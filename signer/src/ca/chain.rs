//! What makes certificates fit to issue others, and to be given to clients as a chain.

use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::x509::{X509Name, X509Version};

use super::{Checked, problem};
use crate::notation::utc;
use crate::policy::Usage;

/// What a certificate needs to issue others (RFC 5280 sections 4.1.2.6, 4.2.1.2, 4.2.1.3, 4.2.1.9).
pub(super) fn check_issuing(certificate: &X509Certificate<'_>) -> Checked<()> {
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
    if certificate.subject().iter_attributes().next().is_none() {
        return wrong("has an empty subject");
    }
    if !is_writable(certificate.subject()) {
        return wrong("has an attribute in its subject whose object identifier cannot be written");
    }
    Ok(())
}

/// Whether `rcgen` can write a name as it is: it panics on object identifiers of the arcs from 2.40
/// up, which it reads as 3.x.
pub fn is_writable(name: &X509Name<'_>) -> bool {
    name.iter_attributes().all(|one| matches!(one.attr_type().as_bytes(), [0..=119, ..]))
}

/// The chain begins with the issuing certificate, each certificate is signed by the next, which may
/// do so, and no root is in it. Returns the validity that all of them share.
pub(super) fn check(
    certificate: &X509Certificate<'_>,
    chain: &[X509Certificate<'_>],
    now: OffsetDateTime,
) -> Checked<(OffsetDateTime, OffsetDateTime)> {
    let wrong = |message: &str| Err(problem("chain", message));
    if chain.first().is_none_or(|first| first.as_raw() != certificate.as_raw()) {
        return wrong("does not begin with the issuing certificate");
    }
    for (below, pair) in chain.windows(2).enumerate() {
        let signed = pair[0].verify_signature(Some(pair[1].public_key())).is_ok();
        if pair[0].issuer().as_raw() != pair[1].subject().as_raw() || !signed {
            return wrong("has a certificate that the next one did not issue");
        }
        if !may_issue_cas(&pair[1], below + 1) {
            return wrong("has a certificate that may not issue the CA before it");
        }
    }
    for each in chain {
        check_extensions(each)?;
    }
    // Clients must have the root already, and its key has no business to be online.
    if chain.iter().any(|each| each.issuer().as_raw() == each.subject().as_raw()) {
        return wrong("includes a root; issue with a CA below it, and leave the root out");
    }
    let starts = chain.iter().map(|each| each.validity().not_before.to_datetime());
    let ends = chain.iter().map(|each| each.validity().not_after.to_datetime());
    let Some((not_before, not_after)) = starts.max().zip(ends.min()) else {
        return wrong("has no certificate");
    };
    if now < not_before {
        return wrong(&format!("is not valid before {}", utc(not_before)));
    }
    if now > not_after {
        return wrong(&format!("has expired at {}", utc(not_after)));
    }
    Ok((not_before, not_after))
}

/// Each extension comes once (RFC 5280 section 4.2), and none is critical that nobody knows:
/// verifiers refuse everything below such a CA.
fn check_extensions(certificate: &X509Certificate<'_>) -> Checked<()> {
    let mut seen = Vec::new();
    for extension in certificate.extensions() {
        let oid = extension.oid.as_bytes();
        if seen.contains(&oid) {
            return Err(problem("chain", "has a certificate with the same extension twice"));
        }
        seen.push(oid);
        let unknown = extension.parsed_extension().unsupported()
            || extension.parsed_extension().error().is_some();
        if extension.critical && unknown {
            return Err(problem(
                "chain",
                "has a certificate with a critical extension of no known kind",
            ));
        }
    }
    Ok(())
}

/// The usages that every certificate of the chain may certify for: all, where it does not say.
/// Verifiers hold the extended key usages of a CA against what is below it.
pub(super) fn usages(chain: &[X509Certificate<'_>]) -> Checked<Vec<Usage>> {
    let allows = |usage| {
        chain.iter().all(|each| match (each.extended_key_usage(), usage) {
            (Ok(None), _) => true,
            (Ok(Some(found)), Usage::Server) => found.value.any || found.value.server_auth,
            (Ok(Some(found)), Usage::Client) => found.value.any || found.value.client_auth,
            (Err(_), _) => false,
        })
    };
    let usages: Vec<_> =
        [Usage::Server, Usage::Client].into_iter().filter(|usage| allows(*usage)).collect();
    if usages.is_empty() {
        return Err(problem("chain", "is neither for servers nor for clients (extendedKeyUsage)"));
    }
    Ok(usages)
}

/// Whether this is a CA with as many further CAs below it (RFC 5280 section 4.2.1.9).
fn may_issue_cas(certificate: &X509Certificate<'_>, below: usize) -> bool {
    let path_length_allows = |length: Option<u32>| {
        length.is_none_or(|length| usize::try_from(length).is_ok_and(|length| below <= length))
    };
    matches!(certificate.basic_constraints(), Ok(Some(basic))
        if basic.value.ca && path_length_allows(basic.value.path_len_constraint))
        && matches!(certificate.key_usage(), Ok(Some(usage)) if usage.value.key_cert_sign())
}
