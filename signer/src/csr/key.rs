//! Which public keys and signatures are accepted, and the proof of possession.
//!
//! Algorithms are compared as the bytes of their identifiers. The kind of key comes from the key
//! alone, never from the signature: OpenSSL signs requests of P-384 keys with SHA-256 by default, and
//! taking the curve from the signature would put such a key into its certificate as P-256.

use std::fmt;

use aws_lc_rs::signature::{self, ParsedPublicKey, VerificationAlgorithm};
use serde::{Deserialize, Serialize};

use super::{roca, small_order};
use crate::der::{self, Element, Malformed, Reader, tag};
use crate::refusal::{Code, Refusal};

/// 1.2.840.10045.2.1 (RFC 5480 section 2.1.1).
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
/// The named curve 1.2.840.10045.3.1.7, tag and length included.
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// The named curve 1.3.132.0.34, tag and length included.
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
/// 1.2.840.113549.1.1.1 (RFC 3279 section 2.3.1).
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.3.101.112, both of the key and of the signature (RFC 8410 section 3).
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// 1.2.840.10045.4.3.2 and .3 (RFC 5758 section 3.2).
const ECDSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02];
const ECDSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
/// 1.2.840.113549.1.1.11, .12 and .13 (RFC 4055 section 5).
const RSA_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
const RSA_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c];
const RSA_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d];
/// An encoded NULL, the parameters of RSA algorithms.
const NULL: &[u8] = &[tag::NULL, 0];

/// A kind of public key that certificates are issued for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum KeyType {
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
    /// RSA with 2048 to 4096 bits.
    Rsa,
    /// Ed25519.
    Ed25519,
}

impl KeyType {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::P256, Self::P384, Self::Rsa, Self::Ed25519];
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P256 => "p256",
            Self::P384 => "p384",
            Self::Rsa => "rsa",
            Self::Ed25519 => "ed25519",
        })
    }
}

/// Verifies that the holder of the private key to `spki` signed `message`; yields the key's kind.
pub(super) fn verify(
    spki: Element<'_>,
    algorithm: Reader<'_>,
    message: &[u8],
    signature: &[u8],
) -> Result<KeyType, Refusal> {
    let (kind, key) = public_key(spki).map_err(|_| {
        Refusal::new(Code::InvalidCsr, "the public key of the certificate request is malformed")
    })??;
    match kind {
        KeyType::Rsa => check_rsa(key)?,
        KeyType::Ed25519 if small_order::is_small(key) => {
            let message = "the Ed25519 key is a point of small order, with which anybody can sign";
            return Err(Refusal::new(Code::WeakKey, message));
        }
        KeyType::P256 | KeyType::P384 | KeyType::Ed25519 => {}
    }
    let algorithm = verification(kind, algorithm)?;
    let key = ParsedPublicKey::new(algorithm, key).map_err(|error| {
        Refusal::new(Code::UnsupportedKey, "the public key is not a valid key of its kind")
            .with_detail(error)
    })?;
    key.verify_sig(message, signature).map_err(|_| {
        let message = "the signature of the certificate request does not match its public key";
        Refusal::new(Code::BadCsrSignature, message)
    })?;
    Ok(kind)
}

/// The kind of a `SubjectPublicKeyInfo` and the key in its bit string.
fn public_key(spki: Element<'_>) -> der::Result<Result<(KeyType, &[u8]), Refusal>> {
    let mut outside = Reader::new(spki.raw);
    let mut fields = outside.nested(tag::SEQUENCE)?;
    let (oid, parameters) = identifier(fields.nested(tag::SEQUENCE)?)?;
    let key = der::whole_bits(fields.read(tag::BIT_STRING)?)?;
    fields.finish()?;
    let kind = match (oid, parameters) {
        (EC_PUBLIC_KEY, Some(P256)) if matches!(key, [4, point @ ..] if point.len() == 64) => {
            KeyType::P256
        }
        (EC_PUBLIC_KEY, Some(P384)) if matches!(key, [4, point @ ..] if point.len() == 96) => {
            KeyType::P384
        }
        (RSA, Some(NULL)) => KeyType::Rsa,
        (ED25519, None) => KeyType::Ed25519,
        _ => {
            let message = "the public key must be P-256 or P-384 (named curve, uncompressed point), \
                           RSA of 2048 to 4096 bits, or Ed25519";
            return Ok(Err(Refusal::new(Code::UnsupportedKey, message)));
        }
    };
    Ok(Ok((kind, key)))
}

/// The object identifier of an `AlgorithmIdentifier`, and its parameters with tag and length.
fn identifier(mut algorithm: Reader<'_>) -> der::Result<(&[u8], Option<&[u8]>)> {
    let oid = algorithm.read(tag::OID)?;
    let parameters = if algorithm.is_empty() { None } else { Some(algorithm.element()?.raw) };
    algorithm.finish()?;
    Ok((oid, parameters))
}

/// Size and exponent as in the CA/Browser Forum's Baseline Requirements, section 6.1.6.
fn check_rsa(key: &[u8]) -> Result<(), Refusal> {
    let (modulus, exponent) = rsa_numbers(key).map_err(|Malformed| {
        Refusal::new(Code::InvalidCsr, "the RSA key of the certificate request is malformed")
    })?;
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = modulus.len() * 8 - leading;
    match bits {
        ..2048 => Err(Refusal::new(
            Code::WeakKey,
            format!("the RSA key has {bits} bits, not 2048 to 4096"),
        )),
        4097.. => {
            let message = format!("the RSA key has {bits} bits, not 2048 to 4096");
            Err(Refusal::new(Code::KeyTooLarge, message))
        }
        _ if bits % 8 != 0 => {
            let message = "the number of bits of the RSA key is not a multiple of 8";
            Err(Refusal::new(Code::UnsupportedKey, message))
        }
        _ if exponent != [1, 0, 1] => {
            Err(Refusal::new(Code::WeakKey, "the exponent of the RSA key is not 65537"))
        }
        _ if roca::is_marked(modulus) => {
            let message = "the RSA key was made by a device whose keys can be factored \
                           (CVE-2017-15361); make another one elsewhere";
            Err(Refusal::new(Code::WeakKey, message))
        }
        _ => Ok(()),
    }
}

fn rsa_numbers(key: &[u8]) -> der::Result<(&[u8], &[u8])> {
    let mut outside = Reader::new(key);
    let mut numbers = outside.nested(tag::SEQUENCE)?;
    outside.finish()?;
    let modulus = der::positive(numbers.read(tag::INTEGER)?)?;
    let exponent = der::positive(numbers.read(tag::INTEGER)?)?;
    numbers.finish()?;
    Ok((modulus, exponent))
}

fn verification(
    kind: KeyType,
    algorithm: Reader<'_>,
) -> Result<&'static dyn VerificationAlgorithm, Refusal> {
    let algorithm: &'static dyn VerificationAlgorithm = match (kind, identifier(algorithm)) {
        (KeyType::P256, Ok((ECDSA_SHA256, None))) => &signature::ECDSA_P256_SHA256_ASN1,
        (KeyType::P256, Ok((ECDSA_SHA384, None))) => &signature::ECDSA_P256_SHA384_ASN1,
        (KeyType::P384, Ok((ECDSA_SHA256, None))) => &signature::ECDSA_P384_SHA256_ASN1,
        (KeyType::P384, Ok((ECDSA_SHA384, None))) => &signature::ECDSA_P384_SHA384_ASN1,
        // RFC 4055 section 5 wants NULL written, and absence understood.
        (KeyType::Rsa, Ok((RSA_SHA256, None | Some(NULL)))) => {
            &signature::RSA_PKCS1_2048_8192_SHA256
        }
        (KeyType::Rsa, Ok((RSA_SHA384, None | Some(NULL)))) => {
            &signature::RSA_PKCS1_2048_8192_SHA384
        }
        (KeyType::Rsa, Ok((RSA_SHA512, None | Some(NULL)))) => {
            &signature::RSA_PKCS1_2048_8192_SHA512
        }
        (KeyType::Ed25519, Ok((ED25519, None))) => &signature::ED25519,
        _ => {
            let message = "the certificate request must be signed with ECDSA (SHA-256 or SHA-384), \
                           RSA PKCS#1 v1.5 (SHA-256, SHA-384 or SHA-512) or Ed25519, fitting its key";
            return Err(Refusal::new(Code::UnsupportedSignature, message));
        }
    };
    Ok(algorithm)
}
