//! From the text of a certificate request to one whose sender has proved to hold the private key.

mod extensions;
mod key;
mod roca;
mod small_order;

use crate::der::{self, Element, Malformed, Reader, tag};
use crate::name::Name;
use crate::pem;
use crate::policy::{Usage, Wanted};
use crate::refusal::{Code, Refusal};

use extensions::Extensions;
pub use key::KeyType;

/// `id-at-commonName`, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// `pkcs-9-at-extensionRequest`, 1.2.840.113549.1.9.14.
const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];

/// What attributes of a subject are written in (RFC 5280 appendix A.1).
const STRINGS: [u8; 7] = [
    tag::UTF8_STRING,
    tag::NUMERIC_STRING,
    tag::PRINTABLE_STRING,
    tag::T61_STRING,
    tag::IA5_STRING,
    tag::UNIVERSAL_STRING,
    tag::BMP_STRING,
];

/// The upper bound of a common name (RFC 5280 appendix A.1, `ub-common-name`).
const MAX_COMMON_NAME: usize = 64;

/// A certificate request (RFC 2986) whose signature holds. It can only be made by [`verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedRequest {
    spki: Vec<u8>,
    key_type: KeyType,
    names: Vec<Name>,
    common_name: Option<Name>,
    usages: Vec<Usage>,
}

impl VerifiedRequest {
    /// The public key as the DER of its `SubjectPublicKeyInfo`, exactly as it was sent.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The kind of the public key.
    pub fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// The requested names, each once, in the order of the request.
    pub fn names(&self) -> &[Name] {
        &self.names
    }

    /// The one of the names that the request repeats as its common name.
    pub fn common_name(&self) -> Option<&Name> {
        self.common_name.as_ref()
    }

    /// The extended key usages that the request asks for; none is no opinion.
    pub fn usages(&self) -> &[Usage] {
        &self.usages
    }

    /// What the request asks the policy for.
    pub fn wanted(&self, ttl_hours: Option<u32>) -> Wanted<'_> {
        Wanted {
            names: &self.names,
            common_name: self.common_name.as_ref(),
            usages: &self.usages,
            key_type: self.key_type,
            ttl_hours,
        }
    }
}

/// Reads a certificate request and verifies its signature and everything that it asks for.
///
/// # Errors
/// The first thing wrong with it: form, then key and signature, then extensions and names.
pub fn verify(text: &str) -> Result<VerifiedRequest, Refusal> {
    let block = decode(text)?;
    let parts = Parts::read(&block.der).map_err(|_| malformed())?;
    if parts.version != [0] {
        let message = "the certificate request has a version other than 1 (RFC 2986 section 4.1)";
        return Err(Refusal::new(Code::InvalidCsr, message));
    }
    let requested = extension_request(parts.attributes)?;
    let key_type = key::verify(parts.spki, parts.algorithm, parts.info, parts.signature)?;
    let Extensions { names, usages } = match requested {
        Some(requested) => extensions::read(requested)?,
        None => Extensions::default(),
    };
    if names.is_empty() {
        let message = "the certificate request names nothing; put names into a subjectAltName \
                       extension, since a common name alone identifies nothing";
        return Err(Refusal::new(Code::NoNames, message));
    }
    let common_name = common_name(parts.subject, &names)?;
    let spki = parts.spki.raw.to_vec();
    Ok(VerifiedRequest { spki, key_type, names, common_name, usages })
}

fn malformed() -> Refusal {
    Refusal::new(Code::InvalidCsr, "the certificate request is not well-formed DER (RFC 2986)")
}

/// The one PEM block that a request may be.
fn decode(text: &str) -> Result<pem::Block<'_>, Refusal> {
    // First of all, and however broken the rest is: the sender must know about this.
    if text.contains("PRIVATE KEY-----") {
        let message = "csr contains a private key. Consider that key lost: make a new one, and send \
                       only the certificate request made with it";
        return Err(Refusal::new(Code::PrivateKeySent, message));
    }
    let expected = "csr must be exactly one PEM block labelled CERTIFICATE REQUEST";
    let mut blocks = pem::blocks(text)
        .map_err(|error| Refusal::new(Code::InvalidPem, format!("{expected}: {error}")))?;
    let (Some(block), None) = (blocks.pop(), blocks.pop()) else {
        return Err(Refusal::new(Code::InvalidPem, expected));
    };
    // The second label is what OpenSSL and IIS wrote once.
    if !["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"].contains(&block.label) {
        return Err(Refusal::new(Code::WrongPemType, expected));
    }
    Ok(block)
}

/// The pieces of a `CertificationRequest`.
struct Parts<'a> {
    info: &'a [u8],
    version: &'a [u8],
    subject: Reader<'a>,
    spki: Element<'a>,
    attributes: Reader<'a>,
    algorithm: Reader<'a>,
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(der: &'a [u8]) -> der::Result<Self> {
        let mut outside = Reader::new(der);
        let mut request = outside.nested(tag::SEQUENCE)?;
        outside.finish()?;
        let info = request.element()?;
        let algorithm = request.nested(tag::SEQUENCE)?;
        let signature = der::whole_bits(request.read(tag::BIT_STRING)?)?;
        request.finish()?;

        let mut whole = Reader::new(info.raw);
        let mut fields = whole.nested(tag::SEQUENCE)?;
        let version = fields.read(tag::INTEGER)?;
        let subject = fields.nested(tag::SEQUENCE)?;
        let spki = fields.element()?;
        let attributes = fields.nested(tag::CONTEXT_0)?;
        fields.finish()?;
        Ok(Self { info: info.raw, version, subject, spki, attributes, algorithm, signature })
    }
}

/// The one list of requested extensions, if there is one (RFC 2985 section 5.4.2: single value).
///
/// Other attributes, a challenge password for example, are ignored, once they are well-formed.
fn extension_request(mut attributes: Reader<'_>) -> Result<Option<Reader<'_>>, Refusal> {
    let mut requested = None;
    if der::in_set_order(attributes) != Ok(true) {
        let message = "the attributes of the certificate request are not in the order of DER";
        return Err(Refusal::new(Code::InvalidCsr, message));
    }
    while !attributes.is_empty() {
        let (oid, mut values) = attribute(&mut attributes).map_err(|_| malformed())?;
        if oid != EXTENSION_REQUEST {
            continue;
        }
        let value = values.nested(tag::SEQUENCE).map_err(|_| malformed())?;
        if requested.replace(value).is_some() || !values.is_empty() {
            let message = "the certificate request has more than one list of requested extensions";
            return Err(Refusal::new(Code::InvalidCsr, message));
        }
    }
    Ok(requested)
}

fn attribute<'a>(attributes: &mut Reader<'a>) -> der::Result<(&'a [u8], Reader<'a>)> {
    let mut attribute = attributes.nested(tag::SEQUENCE)?;
    let oid = attribute.read(tag::OID)?;
    let values = attribute.nested(tag::SET)?;
    attribute.finish()?;
    if values.is_empty() || !der::in_set_order(values)? {
        return Err(Malformed);
    }
    Ok((oid, values))
}

/// The requested name that the subject's common name repeats. Nothing else of the subject is read.
fn common_name(subject: Reader<'_>, names: &[Name]) -> Result<Option<Name>, Refusal> {
    let malformed_name = |message: &str| Err(Refusal::new(Code::InvalidCommonName, message));
    let found = common_names(subject).map_err(|_| malformed())?;
    let value = match found.as_slice() {
        [] => return Ok(None),
        [value] => value,
        _ => return malformed_name("the subject has more than one common name"),
    };
    let is_text = [tag::UTF8_STRING, tag::PRINTABLE_STRING, tag::IA5_STRING].contains(&value.tag);
    let text = std::str::from_utf8(value.content).ok().filter(|_| is_text);
    let Some(text) = text.filter(|text| !text.is_empty() && !text.contains(char::is_control))
    else {
        return malformed_name("the common name of the subject is not plain text");
    };
    if text.chars().count() > MAX_COMMON_NAME {
        return malformed_name(
            "the common name of the subject is over 64 characters; leave it out",
        );
    }
    let Some(name) = names.iter().find(|name| spells(name, text)) else {
        let message = "the common name of the subject is not one of the names in the \
                       subjectAltName extension; leave it out, or repeat one of them";
        return Err(Refusal::new(Code::CommonNameNotAllowed, message));
    };
    Ok(Some(name.clone()))
}

fn spells(name: &Name, text: &str) -> bool {
    match name {
        Name::Dns(_) | Name::Wildcard(_) => name.text().eq_ignore_ascii_case(text),
        Name::Ip(_) | Name::Uri(_) => name.text() == text,
    }
}

fn common_names(mut subject: Reader<'_>) -> der::Result<Vec<Element<'_>>> {
    let mut found = Vec::new();
    while !subject.is_empty() {
        let mut relative = subject.nested(tag::SET)?;
        if !der::in_set_order(relative)? {
            return Err(Malformed);
        }
        let mut types = Vec::new();
        // A relative name has at least one attribute, and one of each type.
        loop {
            let mut attribute = relative.nested(tag::SEQUENCE)?;
            let oid = attribute.read(tag::OID)?;
            let value = attribute.element()?;
            attribute.finish()?;
            // Common software, `rcgen` for one, reads identifiers from 2.40 up as others, and no
            // attribute of a name has one.
            if types.contains(&oid) || !matches!(oid, [0..=119, ..]) {
                return Err(Malformed);
            }
            types.push(oid);
            if oid == COMMON_NAME {
                found.push(value);
            } else if !STRINGS.contains(&value.tag) {
                return Err(Malformed);
            }
            if relative.is_empty() {
                break;
            }
        }
    }
    Ok(found)
}
