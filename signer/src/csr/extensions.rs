//! The extensions that a certificate request asks for: names and usages are read, harmless ones
//! ignored, and everything else refused aloud. A dropped request for a CA certificate, say, would
//! leave its sender in the belief to have one.

use crate::der::{self, Reader, tag};
use crate::name::Name;
use crate::policy::Usage;
use crate::refusal::{Code, Refusal};

/// The most names in one certificate.
const MAX_NAMES: usize = 100;

const SUBJECT_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x0e];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// 1.3.6.1.5.5.7.3.1 and .2 (RFC 5280 section 4.2.1.12).
const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
const CLIENT_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

/// What of the requested extensions matters to the decision.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub(super) names: Vec<Name>,
    pub(super) usages: Vec<Usage>,
}

/// Reads the requested extensions, each of which may come once.
pub(super) fn read(mut requested: Reader<'_>) -> Result<Extensions, Refusal> {
    let mut extensions = Extensions::default();
    let mut seen: Vec<&[u8]> = Vec::new();
    if requested.is_empty() {
        return Err(malformed("list of extensions"));
    }
    while !requested.is_empty() {
        let (oid, value) = extension(&mut requested).map_err(|_| malformed("extension"))?;
        if seen.contains(&oid) {
            let message = "the certificate request asks for the same extension twice";
            return Err(Refusal::new(Code::InvalidCsr, message));
        }
        seen.push(oid);
        match oid {
            SUBJECT_ALT_NAME => extensions.names = names(value)?,
            EXTENDED_KEY_USAGE => extensions.usages = usages(value)?,
            KEY_USAGE => key_usage(value)?,
            BASIC_CONSTRAINTS => basic_constraints(value)?,
            SUBJECT_KEY_IDENTIFIER => subject_key_identifier(value)?,
            other => {
                let message = "the certificate request asks for an extension other than \
                               subjectAltName, keyUsage, extendedKeyUsage and basicConstraints";
                return Err(forbidden(message).with_detail(format!("extension {other:02x?}")));
            }
        }
    }
    Ok(extensions)
}

fn malformed(what: &str) -> Refusal {
    Refusal::new(Code::InvalidCsr, format!("the certificate request has a malformed {what}"))
}

fn forbidden(message: &str) -> Refusal {
    Refusal::new(Code::ForbiddenExtension, message)
}

fn extension<'a>(requested: &mut Reader<'a>) -> der::Result<(&'a [u8], &'a [u8])> {
    let mut extension = requested.nested(tag::SEQUENCE)?;
    let oid = extension.read(tag::OID)?;
    // Critical or not: what is understood is, and anything else is refused.
    extension.optional(tag::BOOLEAN)?;
    let value = extension.read(tag::OCTET_STRING)?;
    extension.finish()?;
    Ok((oid, value))
}

/// The only element of an extension's value, as the reader of a sequence.
fn sequence(value: &[u8]) -> der::Result<Reader<'_>> {
    let mut outside = Reader::new(value);
    let inside = outside.nested(tag::SEQUENCE)?;
    outside.finish()?;
    Ok(inside)
}

fn basic_constraints(value: &[u8]) -> Result<(), Refusal> {
    let asks_for_ca = || -> der::Result<bool> {
        let mut fields = sequence(value)?;
        let ca = fields.optional(tag::BOOLEAN)?.is_some_and(|value| value != [0]);
        let path_length = fields.optional(tag::INTEGER)?;
        fields.finish()?;
        Ok(ca || path_length.is_some())
    };
    if asks_for_ca().map_err(|_| malformed("basicConstraints"))? {
        return Err(forbidden("the certificate request asks for a CA certificate"));
    }
    Ok(())
}

fn key_usage(value: &[u8]) -> Result<(), Refusal> {
    /// Bits 5 and 6, counted from the most significant one (RFC 5280 section 4.2.1.3).
    const KEY_CERT_SIGN_OR_CRL_SIGN: u8 = 0b0000_0110;
    /// Bit 4. Without it, bits 7 and 8 mean nothing.
    const KEY_AGREEMENT: u8 = 0b0000_1000;
    let mut outside = Reader::new(value);
    let bits = outside.read(tag::BIT_STRING).map_err(|_| malformed("keyUsage"))?;
    match bits {
        [_, first, rest @ ..] if outside.is_empty() && rest.len() <= 1 => {
            if first & KEY_CERT_SIGN_OR_CRL_SIGN != 0 {
                return Err(forbidden("the certificate request asks for the key usage of a CA"));
            }
            let only = first & 1 != 0 || rest.first().is_some_and(|second| second & 0x80 != 0);
            if only && first & KEY_AGREEMENT == 0 {
                return Err(malformed("keyUsage"));
            }
            Ok(())
        }
        _ => Err(malformed("keyUsage")),
    }
}

/// Computed from the key by some tools; ignored, since ours is computed here.
fn subject_key_identifier(value: &[u8]) -> Result<(), Refusal> {
    let mut outside = Reader::new(value);
    outside
        .read(tag::OCTET_STRING)
        .and_then(|_| outside.finish())
        .map_err(|_| malformed("subjectKeyIdentifier"))
}

fn usages(value: &[u8]) -> Result<Vec<Usage>, Refusal> {
    let malformed = |_| malformed("extendedKeyUsage");
    let mut purposes = sequence(value).map_err(malformed)?;
    let mut usages = Vec::new();
    // At least one purpose, as the syntax demands.
    loop {
        let usage = match purposes.read(tag::OID).map_err(malformed)? {
            SERVER_AUTH => Usage::Server,
            CLIENT_AUTH => Usage::Client,
            _ => {
                let message = "the certificate request asks for an extended key usage other than \
                               serverAuth and clientAuth";
                return Err(forbidden(message));
            }
        };
        if !usages.contains(&usage) {
            usages.push(usage);
        }
        if purposes.is_empty() {
            return Ok(usages);
        }
    }
}

fn names(value: &[u8]) -> Result<Vec<Name>, Refusal> {
    let mut names = Vec::new();
    let elements = general_names(value).map_err(|_| malformed("subjectAltName"))?;
    if elements.len() > MAX_NAMES {
        let message = format!("a certificate can have at most {MAX_NAMES} names");
        return Err(Refusal::new(Code::TooManyNames, message));
    }
    for element in elements {
        // Context tags of GeneralName, RFC 5280 section 4.2.1.6.
        let name = match element.tag {
            0x82 => Name::dns(element.content),
            0x86 => Name::uri(element.content),
            0x87 => Name::ip(element.content),
            _ => {
                let message = "names can only be DNS names, IP addresses and URIs";
                return Err(Refusal::new(Code::UnsupportedSan, message));
            }
        };
        let name = name.map_err(|message| Refusal::new(Code::InvalidName, message))?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let uris = || {
        names.iter().filter_map(|name| match name {
            Name::Uri(uri) => Some(uri),
            _ => None,
        })
    };
    if uris().any(|uri| uri.starts_with("spiffe:")) && uris().count() > 1 {
        // X509-SVID section 2.
        let message = "a certificate with a SPIFFE ID can have no other URI";
        return Err(Refusal::new(Code::InvalidName, message));
    }
    Ok(names)
}

fn general_names(value: &[u8]) -> der::Result<Vec<der::Element<'_>>> {
    let mut reader = sequence(value)?;
    let mut elements = vec![reader.element()?];
    while !reader.is_empty() {
        elements.push(reader.element()?);
    }
    Ok(elements)
}
