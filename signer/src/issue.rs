//! The way of one request, without the world around it: time and randomness are arguments.
//!
//! It is cut in two where the CA material is needed, so that a request which is refused anyway costs
//! no look at the secret.

use time::OffsetDateTime;

use crate::ca::Ca;
use crate::caller::Caller;
use crate::certificate::ToBeSigned;
use crate::check::{Mismatch, Validity, check};
use crate::csr::{self, VerifiedRequest};
use crate::notation::{hex, sha256};
use crate::pem;
use crate::policy::{Grant, Policy};
use crate::refusal::{Code, Refusal};
use crate::request::Request;

/// What was learnt about a request on its way, for the audit line of a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// SHA-256 of the public key (`SubjectPublicKeyInfo`), once possession of it is proved.
    pub spki_sha256: Option<String>,
    /// The requested names, kind first, once they are known to be well-formed.
    pub names: Vec<String>,
    /// The rule of the policy that grants them.
    pub rule: Option<String>,
}

/// What signs a decision with the CA's key: [`ToBeSigned::sign`], or in tests something faulty.
pub type Sign = fn(&ToBeSigned, &Ca) -> Result<Vec<u8>, rcgen::Error>;

/// A request that may be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    request: VerifiedRequest,
    grant: Grant,
}

/// A certificate that was issued and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The certificate alone, as PEM.
    pub certificate: String,
    /// The issuing certificate and further intermediates, as PEM, the root left out.
    pub chain: String,
    /// The validity that the certificate states.
    pub validity: Validity,
    /// The serial number in hexadecimal.
    pub serial: String,
    /// SHA-256 of the certificate (DER) in hexadecimal.
    pub sha256: String,
    /// SHA-256 of the issuing certificate (DER) in hexadecimal.
    pub ca_sha256: String,
}

/// Reads a request, verifies it and asks the policy.
///
/// # Errors
/// The first thing wrong with it; nothing later was looked at then.
pub fn approve(
    body: &[u8],
    caller: &Caller,
    policy: &Policy,
    evidence: &mut Evidence,
) -> Result<Approved, Refusal> {
    let wanted = Request::from_json(body)?;
    let request = csr::verify(&wanted.csr)?;
    evidence.spki_sha256 = Some(sha256(request.spki()));
    evidence.names = request.names().iter().map(ToString::to_string).collect();
    let grant = policy.decide(caller, &request.wanted(wanted.ttl_hours))?;
    evidence.rule = Some(grant.rule.clone());
    Ok(Approved { request, grant })
}

impl Approved {
    /// Signs the certificate and compares it with the decision.
    ///
    /// # Errors
    /// `ca_expiring`, `unsupported_key`, `name_outside_ca`, `usage_outside_ca`, or `internal` if
    /// the outcome is not what was decided.
    pub fn issue(
        &self,
        ca: &Ca,
        now: OffsetDateTime,
        random: [u8; 20],
        sign: Sign,
    ) -> Result<Issued, Refusal> {
        let internal = |detail: String| {
            let message = "the issuer made an error; nothing was issued";
            Refusal::new(Code::Internal, message).with_detail(detail)
        };
        let decided = ToBeSigned::decide(&self.request, &self.grant, ca, now, random)?;
        let der =
            sign(&decided, ca).map_err(|error| internal(format!("could not sign: {error}")))?;
        let validity = check(&der, &decided, ca).map_err(|Mismatch(field)| {
            internal(format!("the signed certificate differs from the decision: {field}"))
        })?;
        Ok(Issued {
            certificate: pem::encode("CERTIFICATE", &der),
            chain: ca.chain().to_owned(),
            validity,
            serial: hex(&decided.serial),
            sha256: sha256(&der),
            ca_sha256: ca.fingerprint(),
        })
    }
}
