//! The two certificates: the root's, which signs itself, and an issuing CA's below a root.

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DistinguishedName, DnType, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PublicKeyData, SerialNumber,
};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::constraints::{self, Constraints};
use crate::error::{Context as _, Error, Result};

/// Long, because every client pins the root and has to be visited to change it.
pub(super) const ROOT_DAYS: u16 = 3650;

/// Leaf certificates are backdated by minutes for clients whose clocks are behind, and must not
/// begin before their issuer does.
const BACKDATE: Duration = Duration::hours(1);

/// A CA that has just been made, not yet written anywhere.
pub(super) struct Made {
    pub(super) key: Zeroizing<KeyPair>,
    pub(super) der: Vec<u8>,
    pub(super) pem: String,
}

/// Whose certificate it is: one attribute of each type, because rcgen drops repeated ones, and then
/// the issuer of what this CA signs would not be this subject.
pub(super) struct Subject {
    pub(super) organization: Option<String>,
    pub(super) common_name: String,
}

/// From when to when a certificate is valid, both included.
#[derive(Clone, Copy)]
pub(super) struct Validity {
    pub(super) begins: OffsetDateTime,
    pub(super) ends: OffsetDateTime,
}

impl Validity {
    /// From about now on.
    pub(super) fn of_days(days: u16, now: OffsetDateTime) -> Result<Self> {
        // Certificates have whole seconds, so these are compared.
        let now = now.replace_nanosecond(0).unwrap_or(now);
        let begins = now.checked_sub(BACKDATE);
        let ends = now.checked_add(Duration::days(days.into()));
        let (begins, ends) = begins
            .zip(ends)
            .ok_or_else(|| Error::new("could not date a certificate: the clock is out of range"))?;
        Ok(Self { begins, ends })
    }
}

/// Makes a root: a new key, and a certificate that it signs itself.
pub(super) fn root(subject: &Subject, validity: Validity) -> Result<(Made, CertificateParams)> {
    let key = key()?;
    let params = params(subject, BasicConstraints::Unconstrained, validity, &key)?;
    let signed =
        params.self_signed(&*key).context(|| "could not sign the root certificate".into())?;
    Ok((made(key, &signed), params))
}

/// Makes an issuing CA below a root. Its `pathlen:0` lets it issue leaf certificates only.
pub(super) fn issuing(
    root: &Issuer<'_, &KeyPair>,
    key: Zeroizing<KeyPair>,
    subject: &Subject,
    validity: Validity,
    constraints: &Constraints,
) -> Result<Made> {
    let mut params = params(subject, BasicConstraints::Constrained(0), validity, &key)?;
    params.use_authority_key_identifier_extension = true;
    if !constraints.is_empty() {
        // rcgen's own name constraints have no URIs.
        let mut extension = CustomExtension::from_oid_content(&constraints::OID, constraints.der());
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    }
    let signed = params
        .signed_by(&*key, root)
        .context(|| "could not sign the issuing CA's certificate".into())?;
    Ok(made(key, &signed))
}

fn made(key: Zeroizing<KeyPair>, signed: &rcgen::Certificate) -> Made {
    // rcgen writes CRLF on some platforms; one form everywhere keeps the files comparable.
    Made { key, der: signed.der().to_vec(), pem: signed.pem().replace('\r', "") }
}

/// A new key.
pub(super) fn key() -> Result<Zeroizing<KeyPair>> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
        .map(Zeroizing::new)
        .context(|| "could not make a P-256 key".into())
}

fn params(
    subject: &Subject,
    constraints: BasicConstraints,
    validity: Validity,
    key: &KeyPair,
) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    if let Some(organization) = &subject.organization {
        params.distinguished_name.push(DnType::OrganizationName, organization.as_str());
    }
    params.distinguished_name.push(DnType::CommonName, subject.common_name.as_str());
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(serial()?);
    params.not_before = validity.begins;
    params.not_after = validity.ends;
    params.key_identifier_method = rcgen::KeyIdMethod::PreSpecified(key_identifier(key));
    Ok(params)
}

/// The subject key identifier as the SHA-256 method of RFC 7093 has it: over the key itself, where
/// rcgen alone would hash its wrapping as well.
pub(super) fn key_identifier(key: &KeyPair) -> Vec<u8> {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key.der_bytes());
    digest.as_ref()[..20].to_vec()
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
