//! Reads an issued certificate back with another parser and compares it, field by field, with what
//! was decided. A certificate that differs never leaves the function.

use std::collections::BTreeMap;

use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Version;

use crate::ca::Ca;
use crate::certificate::{NULL, ToBeSigned};
use crate::der::{self, Reader, tag};
use crate::name::Name;
use crate::policy::Usage;

/// The field in which an issued certificate differs from the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mismatch(pub &'static str);

/// The validity as it is encoded in the certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first second of the validity.
    pub not_before: OffsetDateTime,
    /// The last second of the validity.
    pub not_after: OffsetDateTime,
}

/// Compares a certificate (DER) with the decision that it should carry out.
///
/// # Errors
/// The first field that differs.
pub fn check(der: &[u8], decided: &ToBeSigned, ca: &Ca) -> Result<Validity, Mismatch> {
    let parse = |der| match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err(Mismatch("encoding")),
    };
    let (issued, issuing) = (parse(der)?, parse(ca.certificate())?);
    let validity = Validity {
        not_before: issued.validity().not_before.to_datetime(),
        not_after: issued.validity().not_after.to_datetime(),
    };
    let equal = |same: bool, field: &'static str| if same { Ok(()) } else { Err(Mismatch(field)) };
    equal(issued.version() == X509Version::V3, "version")?;
    equal(issued.raw_serial() == decided.serial, "serial")?;
    equal(issued.issuer().as_raw() == issuing.subject().as_raw(), "issuer")?;
    equal(validity.not_before == decided.not_before, "not_before")?;
    equal(validity.not_after == decided.not_after, "not_after")?;
    equal(same_subject(&issued, decided.common_name.as_deref()), "subject")?;
    equal(issued.public_key().raw == decided.spki, "public key")?;
    let extensions = by_oid(&issued).ok_or(Mismatch("extensions"))?;
    same_extensions(&extensions, decided, &issuing)?;
    equal(same_algorithm(der) == Ok(true), "signature algorithm")?;
    equal(issued.verify_signature(Some(issuing.public_key())).is_ok(), "signature")?;
    Ok(validity)
}

/// Whether the algorithm next to the signature is, byte for byte, the one within what is signed
/// (RFC 5280 section 4.1.1.2). The general parser is lenient about the parts that are not signed.
fn same_algorithm(der: &[u8]) -> der::Result<bool> {
    let mut outside = Reader::new(der);
    let mut certificate = outside.nested(tag::SEQUENCE)?;
    outside.finish()?;
    let mut signed = certificate.nested(tag::SEQUENCE)?;
    let algorithm = certificate.element()?;
    der::whole_bits(certificate.read(tag::BIT_STRING)?)?;
    certificate.finish()?;
    signed.read(tag::CONTEXT_0)?;
    signed.read(tag::INTEGER)?;
    Ok(signed.element()?.raw == algorithm.raw)
}

fn same_subject(issued: &X509Certificate<'_>, common_name: Option<&str>) -> bool {
    let found: Vec<_> = issued.subject().iter_attributes().collect();
    match (found.as_slice(), common_name) {
        // An empty SEQUENCE.
        ([], None) => issued.subject().as_raw() == [0x30, 0x00],
        ([attribute], Some(wanted)) => {
            attribute.attr_type().as_bytes() == [0x55, 0x04, 0x03]
                && attribute.as_str().is_ok_and(|found| found == wanted)
        }
        _ => false,
    }
}

type Extensions<'a, 'b> = BTreeMap<&'b [u8], &'b X509Extension<'a>>;

/// The extensions by the bytes of their identifiers, unless one is there twice.
fn by_oid<'a, 'b>(issued: &'b X509Certificate<'a>) -> Option<Extensions<'a, 'b>> {
    let all = issued.extensions();
    let map: Extensions<'a, 'b> = all.iter().map(|each| (each.oid.as_bytes(), each)).collect();
    (map.len() == all.len()).then_some(map)
}

/// Exactly these seven, each with its criticality and its value.
fn same_extensions(
    found: &Extensions<'_, '_>,
    decided: &ToBeSigned,
    issuing: &X509Certificate<'_>,
) -> Result<(), Mismatch> {
    use ParsedExtension as Parsed;
    type Fits<'f> = &'f dyn Fn(&X509Extension<'_>) -> bool;
    let ca_key_identifier = key_identifier(issuing);
    let expected: [(&[u8], &str, bool, Fits<'_>); 7] = [
        (&[0x55, 0x1d, 0x23], "authorityKeyIdentifier", false, &|each| {
            matches!(each.parsed_extension(), Parsed::AuthorityKeyIdentifier(authority)
                if authority.key_identifier.as_ref().map(|identifier| identifier.0) == ca_key_identifier
                    && ca_key_identifier.is_some())
        }),
        (&[0x55, 0x1d, 0x0e], "subjectKeyIdentifier", false, &|each| {
            matches!(each.parsed_extension(), Parsed::SubjectKeyIdentifier(identifier)
                if identifier.0 == decided.key_identifier())
        }),
        (&[0x55, 0x1d, 0x11], "subjectAltName", decided.common_name.is_none(), &|each| {
            matches!(each.parsed_extension(), Parsed::SubjectAlternativeName(san)
                if same_names(&san.general_names, &decided.names))
        }),
        (
            &[0x55, 0x1d, 0x0f],
            "keyUsage",
            true,
            &|each| matches!(each.parsed_extension(), Parsed::KeyUsage(usage) if usage.flags == 1),
        ),
        (&[0x55, 0x1d, 0x25], "extendedKeyUsage", false, &|each| same_usages(each, decided)),
        (&[0x55, 0x1d, 0x13], "basicConstraints", true, &|each| each.value == [0x30, 0x00]),
        (&[0x55, 0x1d, 0x38], "noRevAvail", false, &|each| each.value == NULL),
    ];
    if found.len() != expected.len() {
        return Err(Mismatch("extensions"));
    }
    for (oid, name, critical, fits) in expected {
        match found.get(oid) {
            Some(each) if each.critical == critical && fits(each) => {}
            _ => return Err(Mismatch(name)),
        }
    }
    Ok(())
}

fn key_identifier<'a>(certificate: &X509Certificate<'a>) -> Option<&'a [u8]> {
    certificate.iter_extensions().find_map(|each| match each.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(identifier) => Some(identifier.0),
        _ => None,
    })
}

fn same_names(found: &[GeneralName<'_>], decided: &[Name]) -> bool {
    found.len() == decided.len()
        && found.iter().zip(decided).all(|(found, decided)| match (found, decided) {
            (GeneralName::DNSName(found), Name::Dns(_) | Name::Wildcard(_)) => {
                *found == decided.text()
            }
            (GeneralName::URI(found), Name::Uri(decided)) => found == decided,
            (GeneralName::IPAddress(_), Name::Ip(_)) => {
                matches!(found, GeneralName::IPAddress(octets) if Name::ip(octets).as_ref() == Ok(decided))
            }
            _ => false,
        })
}

fn same_usages(found: &X509Extension<'_>, decided: &ToBeSigned) -> bool {
    let ParsedExtension::ExtendedKeyUsage(found) = found.parsed_extension() else { return false };
    let others = found.any
        || found.code_signing
        || found.email_protection
        || found.time_stamping
        || found.ocsp_signing
        || !found.other.is_empty();
    found.server_auth == decided.usages.contains(&Usage::Server)
        && found.client_auth == decided.usages.contains(&Usage::Client)
        && !others
}
