//! Certificate requests made by hand, so that each of their parts can be wrong.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{KeyPair, PublicKeyData as _, SigningKey as _};

pub(crate) const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
pub(crate) const EXTENSION_REQUEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x0e];
/// 2.999.1, an arc for documentation, which `rcgen` cannot write.
pub(crate) const OID_2_999_1: &[u8] = &[0x88, 0x37, 0x01];
pub(crate) const SAN: &[u8] = &[0x55, 0x1d, 0x11];
pub(crate) const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];

/// One element from its parts.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut element = vec![tag];
    match u16::try_from(content.len()).unwrap() {
        short @ ..=0x7f => element.push(short.to_be_bytes()[1]),
        long @ 0x80..=0xff => element.extend([0x81, long.to_be_bytes()[1]]),
        longer => element.extend([&[0x82][..], &longer.to_be_bytes()].concat()),
    }
    element.extend(content);
    element
}

pub(crate) fn oid(content: &[u8]) -> Vec<u8> {
    tlv(6, &[content])
}

pub(crate) fn extension(id: &[u8], value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&oid(id), &tlv(4, &[value])])
}

/// A subjectAltName from pairs of tag and content.
pub(crate) fn san(names: &[(u8, &[u8])]) -> Vec<u8> {
    let names: Vec<_> = names.iter().map(|(tag, content)| tlv(*tag, &[content])).collect();
    extension(SAN, &tlv(0x30, &[&names.concat()]))
}

pub(crate) fn dns(name: &str) -> Vec<u8> {
    san(&[(0x82, name.as_bytes())])
}

/// The attribute that asks for extensions, given each of its values as a list of extensions.
pub(crate) fn extension_request(values: &[&[Vec<u8>]]) -> Vec<u8> {
    let values: Vec<_> = values.iter().map(|each| tlv(0x30, &[&each.concat()])).collect();
    tlv(0x30, &[&oid(EXTENSION_REQUEST), &tlv(0x31, &[&values.concat()])])
}

/// A subject of one attribute for each triple of identifier, tag and value.
pub(crate) fn subject(attributes: &[(&[u8], u8, &[u8])]) -> Vec<u8> {
    let all = attributes
        .iter()
        .map(|(id, tag, value)| tlv(0x31, &[&tlv(0x30, &[&oid(id), &tlv(*tag, &[value])])]));
    tlv(0x30, &[&all.collect::<Vec<_>>().concat()])
}

/// The parts of a certificate request; `Csr::new` makes a good one.
pub(crate) struct Csr {
    pub(crate) key: KeyPair,
    pub(crate) version: u8,
    pub(crate) subject: Vec<u8>,
    pub(crate) spki: Vec<u8>,
    /// With its tag, or empty to leave it out.
    pub(crate) attributes: Vec<u8>,
    /// Put behind the attributes, inside of what is signed.
    pub(crate) extra: Vec<u8>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) flip_signature: bool,
}

impl Csr {
    pub(crate) fn new(extensions: &[Vec<u8>]) -> Self {
        Self::with_attributes(&[extension_request(&[extensions])])
    }

    pub(crate) fn with_attributes(attributes: &[Vec<u8>]) -> Self {
        let key = KeyPair::generate().unwrap();
        let spki = key.subject_public_key_info();
        Self {
            key,
            version: 0,
            subject: subject(&[]),
            spki,
            attributes: tlv(0xa0, &[&attributes.concat()]),
            extra: Vec::new(),
            algorithm: tlv(0x30, &[&oid(ECDSA_SHA256)]),
            flip_signature: false,
        }
    }

    pub(crate) fn with_subject(attributes: &[(&[u8], u8, &[u8])]) -> Self {
        Self { subject: subject(attributes), ..Self::new(&[dns("api.example.com")]) }
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        let info = tlv(
            0x30,
            &[&[2, 1, self.version], &self.subject, &self.spki, &self.attributes, &self.extra],
        );
        let mut signature = self.key.sign(&info).unwrap();
        if self.flip_signature {
            *signature.last_mut().unwrap() ^= 1;
        }
        tlv(0x30, &[&info, &self.algorithm, &tlv(3, &[&[0], &signature])])
    }

    pub(crate) fn pem(&self) -> String {
        pem("CERTIFICATE REQUEST", &self.der())
    }
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<_> =
        base64.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

pub(crate) fn fixture(name: &str) -> String {
    let path = format!("{}/tests/fixtures/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}
