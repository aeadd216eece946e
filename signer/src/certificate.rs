//! From a grant to a signed certificate. Every field is decided here; none is copied from the
//! request but the public key. Pure.
//!
//! `rcgen::CertificateSigningRequestParams` is never used: it copies what the request asks for, and
//! it takes the type of the key from the signature, which corrupts P-384 keys.

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyIdMethod, KeyUsagePurpose, SanType, SerialNumber, SubjectPublicKeyInfo,
};
use time::{Duration, OffsetDateTime};

use crate::ca::Ca;
use crate::csr::VerifiedRequest;
use crate::der::{self, Reader, tag};
use crate::name::Name;
use crate::notation::utc;
use crate::policy::{Grant, Usage};
use crate::refusal::{Code, Refusal};

/// How far back validity begins, for verifiers whose clock is behind ours.
pub const BACKDATE: Duration = Duration::seconds(60);

/// `id-ce-noRevAvail` (RFC 9608): there is no revocation information, and none is needed.
pub(crate) const NO_REV_AVAIL: &[u64] = &[2, 5, 29, 56];

/// An encoded NULL, the value of that extension.
pub(crate) const NULL: &[u8] = &[0x05, 0x00];

/// Everything that a certificate says, decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToBeSigned {
    /// 158 random bits in exactly 20 bytes, positive (RFC 5280 section 4.1.2.2).
    pub serial: [u8; 20],
    /// In whole seconds.
    pub not_before: OffsetDateTime,
    /// In whole seconds, included in the validity (RFC 5280 section 4.1.2.5).
    pub not_after: OffsetDateTime,
    /// The only attribute of the subject, if any.
    pub common_name: Option<String>,
    /// The subject alternative names; critical if the subject is empty.
    pub names: Vec<Name>,
    /// The extended key usages.
    pub usages: Vec<Usage>,
    /// The public key as the DER of its `SubjectPublicKeyInfo`.
    pub spki: Vec<u8>,
}

impl ToBeSigned {
    /// Decides on every field. `now` and `random` are the only things that differ between two runs.
    ///
    /// The certificate is valid for the granted time counted from `now`, not from its backdated
    /// start, and its last second is included.
    ///
    /// # Errors
    /// `ca_expiring` if it would outlive its CA; `unsupported_key` for the key of the CA itself;
    /// `name_outside_ca` and `usage_outside_ca` for what the CA may not certify.
    pub fn decide(
        request: &VerifiedRequest,
        grant: &Grant,
        ca: &Ca,
        now: OffsetDateTime,
        random: [u8; 20],
    ) -> Result<Self, Refusal> {
        if request.spki() == ca.spki() {
            let message = "the public key is the one of the issuing CA";
            return Err(Refusal::new(Code::UnsupportedKey, message));
        }
        check_within(grant, ca)?;
        let now = now.replace_nanosecond(0).unwrap_or(now);
        if now < ca.not_before() {
            let message = format!("the issuing CA is not valid before {}", utc(ca.not_before()));
            return Err(Refusal::new(Code::CaExpiring, message));
        }
        let lifetime = Duration::hours(i64::from(grant.ttl_hours)) - Duration::SECOND;
        let not_after = now.checked_add(lifetime).filter(|end| *end <= ca.not_after());
        let Some(not_after) = not_after else {
            let end = utc(ca.not_after());
            let message = format!(
                "the issuing CA is valid until {end}, and no certificate may outlive it; \
                 ask for fewer hours, or have the CA renewed"
            );
            return Err(Refusal::new(Code::CaExpiring, message));
        };
        let mut serial = random;
        serial[0] = (serial[0] & 0x7f) | 0x40;
        Ok(Self {
            serial,
            // A CA made a moment ago is no reason to refuse: only the backdating is cut.
            not_before: now.saturating_sub(BACKDATE).max(ca.not_before()),
            not_after,
            common_name: grant.common_name.as_ref().map(Name::text),
            names: grant.names.clone(),
            usages: grant.usages.clone(),
            spki: request.spki().to_vec(),
        })
    }

    /// SHA-1 of the public key's bits, which identifies it (RFC 5280 section 4.2.1.2, method 1).
    pub fn key_identifier(&self) -> Vec<u8> {
        let bits = || -> der::Result<&[u8]> {
            let mut fields = Reader::new(&self.spki).nested(tag::SEQUENCE)?;
            fields.nested(tag::SEQUENCE)?;
            der::whole_bits(fields.read(tag::BIT_STRING)?)
        };
        // What was verified has bits; without them the self-check refuses the certificate.
        digest(&SHA1_FOR_LEGACY_USE_ONLY, bits().unwrap_or_default()).as_ref().to_vec()
    }

    /// Signs with the key of the CA and returns the certificate as DER.
    ///
    /// # Errors
    /// Only those of a fault in this crate or its dependencies.
    pub fn sign(&self, ca: &Ca) -> Result<Vec<u8>, rcgen::Error> {
        let key = SubjectPublicKeyInfo::from_der(&self.spki)?;
        Ok(self.params()?.signed_by(&key, &ca.issuer()?)?.der().to_vec())
    }

    fn params(&self) -> Result<CertificateParams, rcgen::Error> {
        let mut params = CertificateParams::default();
        params.serial_number = Some(SerialNumber::from_slice(&self.serial));
        params.not_before = self.not_before;
        params.not_after = self.not_after;
        // The default is no empty name but one of rcgen's own.
        params.distinguished_name = DistinguishedName::new();
        if let Some(common_name) = &self.common_name {
            params.distinguished_name.push(DnType::CommonName, common_name.as_str());
        }
        params.subject_alt_names = self.names.iter().map(san).collect::<Result<_, _>>()?;
        // Without the explicit form rcgen leaves out the subject key identifier, too.
        params.is_ca = IsCa::ExplicitNoCa;
        // No keyEncipherment: it is forbidden for EC keys (RFC 8813) and good for nothing in TLS 1.3.
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = self.usages.iter().copied().map(purpose).collect();
        params.use_authority_key_identifier_extension = true;
        params.key_identifier_method = KeyIdMethod::PreSpecified(self.key_identifier());
        params.custom_extensions =
            vec![CustomExtension::from_oid_content(NO_REV_AVAIL, NULL.to_vec())];
        Ok(params)
    }
}

/// Refuses what no client would accept under this CA.
fn check_within(grant: &Grant, ca: &Ca) -> Result<(), Refusal> {
    let outside = |code, items: Vec<String>| {
        let message = format!("the issuing CA is not allowed to certify: {}", items.join(", "));
        if items.is_empty() { Ok(()) } else { Err(Refusal::new(code, message)) }
    };
    let names = grant.names.iter().filter(|name| !ca.may_certify(name)).map(Name::to_string);
    let common_name = host_in_common_name(grant).filter(|host| !ca.may_certify(host));
    let common_name = common_name.map(|host| format!("the common name {}", host.text()));
    outside(Code::NameOutsideCa, names.chain(common_name).collect())?;
    let usages = grant.usages.iter().filter(|usage| !ca.may_certify_for(**usage));
    outside(Code::UsageOutsideCa, usages.map(Usage::to_string).collect())
}

/// The common name as OpenSSL holds it against constraints on host names. It does where there is no
/// host name beside it, and takes the dots and digits of an IPv4 address for one.
fn host_in_common_name(grant: &Grant) -> Option<Name> {
    let is_host = |name: &Name| matches!(name, Name::Dns(_) | Name::Wildcard(_));
    match &grant.common_name {
        Some(Name::Ip(IpAddr::V4(address))) if !grant.names.iter().any(is_host) => {
            Some(Name::Dns(address.to_string()))
        }
        _ => None,
    }
}

fn san(name: &Name) -> Result<SanType, rcgen::Error> {
    Ok(match name {
        Name::Dns(_) | Name::Wildcard(_) => SanType::DnsName(name.text().try_into()?),
        Name::Ip(address) => SanType::IpAddress(*address),
        Name::Uri(uri) => SanType::URI(uri.as_str().try_into()?),
    })
}

fn purpose(usage: Usage) -> ExtendedKeyUsagePurpose {
    match usage {
        Usage::Server => ExtendedKeyUsagePurpose::ServerAuth,
        Usage::Client => ExtendedKeyUsagePurpose::ClientAuth,
    }
}
