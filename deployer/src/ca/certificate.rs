//! The two certificates of the demo CA.

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SerialNumber,
};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::error::{Context as _, Error, Result};

/// Long, because every client pins the root and has to be visited to change it.
const ROOT_VALIDITY: Duration = Duration::days(3650);

/// Short, because this is the key that works online; a year makes its replacement a routine.
const ISSUING_VALIDITY: Duration = Duration::days(365);

/// Leaf certificates are backdated by minutes for clients whose clocks are behind, and must not
/// begin before their issuer does.
const BACKDATE: Duration = Duration::hours(1);

/// The new CA, not yet written anywhere.
pub(super) struct Made {
    pub(super) root_key: Zeroizing<KeyPair>,
    pub(super) root_pem: String,
    pub(super) issuing_key: Zeroizing<KeyPair>,
    pub(super) issuing_pem: String,
}

/// Makes both keys and both certificates.
pub(super) fn make(now: OffsetDateTime) -> Result<Made> {
    let root_key = key()?;
    let mut root_params =
        params("Demo Root CA", BasicConstraints::Unconstrained, now, ROOT_VALIDITY)?;
    set_subject_key_identifier(&mut root_params, &root_key);
    let root = root_params
        .self_signed(&*root_key)
        .context(|| "could not sign the root certificate".into())?;

    let issuing_key = key()?;
    let mut issuing_params =
        params("Demo Issuing CA", BasicConstraints::Constrained(0), now, ISSUING_VALIDITY)?;
    set_subject_key_identifier(&mut issuing_params, &issuing_key);
    issuing_params.use_authority_key_identifier_extension = true;
    let issuing = issuing_params
        .signed_by(&*issuing_key, &Issuer::from_params(&root_params, &*root_key))
        .context(|| "could not sign the issuing CA's certificate".into())?;

    // rcgen writes CRLF on some platforms; one form everywhere keeps the files comparable.
    let (root_pem, issuing_pem) = (root.pem().replace('\r', ""), issuing.pem().replace('\r', ""));
    Ok(Made { root_key, root_pem, issuing_key, issuing_pem })
}

fn key() -> Result<Zeroizing<KeyPair>> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
        .map(Zeroizing::new)
        .context(|| "could not make a P-256 key".into())
}

fn params(
    common_name: &str,
    constraints: BasicConstraints,
    now: OffsetDateTime,
    validity: Duration,
) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    // One attribute of each type: rcgen drops repeated ones, and then the leaves' issuer would not
    // be this subject.
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "deployer demo");
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(serial()?);
    let out_of_range = || Error::new("could not date a certificate: the clock is out of range");
    params.not_before = now.checked_sub(BACKDATE).ok_or_else(out_of_range)?;
    params.not_after = now.checked_add(validity).ok_or_else(out_of_range)?;
    Ok(params)
}

/// Fixes the subject key identifier as the SHA-256 method of RFC 7093 has it: over the key itself,
/// where rcgen alone would hash its wrapping as well.
fn set_subject_key_identifier(params: &mut CertificateParams, key: &KeyPair) {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key.der_bytes());
    params.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(digest.as_ref()[..20].to_vec());
}

/// 20 octets with the sign bit clear and the next one set: positive, never shorter, 158 random bits
/// (RFC 5280, 4.1.2.2).
fn serial() -> Result<SerialNumber> {
    let mut bytes = [0; 20];
    SystemRandom::new()
        .fill(&mut bytes)
        .context(|| "could not get random bytes for a serial number".into())?;
    bytes[0] = (bytes[0] & 0x7f) | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}
