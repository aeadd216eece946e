//! What is logged: for each request, issued or refused, one flat JSON object, and one more for
//! whatever calls for the operator.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::caller::Caller;
use crate::issue::{Evidence, Issued};
use crate::notation::utc;
use crate::refusal::Refusal;

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// With a certificate.
    Issued,
    /// Without one; the line's `code` says why.
    Refused,
}

/// What is recorded of a request. Fields that do not apply are `null`, never absent, so that queries
/// need not tell the two apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// When the request was decided on, RFC 3339 in UTC.
    pub time: String,
    /// API Gateway's request id, which the caller gets to see, too.
    pub request_id: String,
    /// The ARN of the caller.
    pub caller_arn: Option<String>,
    /// The unique id of the caller.
    pub user_id: Option<String>,
    /// The address that the request came from.
    pub source_ip: Option<String>,
    /// How the request ended.
    pub decision: Decision,
    /// The rule of the policy that granted the request.
    pub rule: Option<String>,
    /// Why it was refused.
    pub code: Option<String>,
    /// The serial number in hexadecimal.
    pub serial: Option<String>,
    /// SHA-256 of the public key (`SubjectPublicKeyInfo`).
    pub spki_sha256: Option<String>,
    /// SHA-256 of the certificate.
    pub certificate_sha256: Option<String>,
    /// The names, kind first: `dns:api.example.com`.
    pub names: Vec<String>,
    /// When the certificate begins to be valid.
    pub not_before: Option<String>,
    /// The last second of its validity.
    pub not_after: Option<String>,
    /// SHA-256 of the issuing certificate.
    pub ca_sha256: Option<String>,
    /// How long the decision took, in milliseconds.
    pub duration_ms: u64,
}

impl Line {
    /// The line about one request.
    pub fn new(
        (time, duration): (OffsetDateTime, Duration),
        (request_id, source_ip): (String, Option<String>),
        caller: Option<&Caller>,
        evidence: Evidence,
        outcome: &Result<Issued, Refusal>,
    ) -> Self {
        let issued = outcome.as_ref().ok();
        Self {
            time: utc(time),
            request_id,
            caller_arn: caller.map(|caller| caller.arn.clone()),
            user_id: caller.map(|caller| caller.user_id.clone()),
            source_ip,
            decision: if issued.is_some() { Decision::Issued } else { Decision::Refused },
            rule: evidence.rule,
            code: outcome.as_ref().err().map(|refusal| refusal.code.as_str().to_owned()),
            serial: issued.map(|issued| issued.serial.clone()),
            spki_sha256: evidence.spki_sha256,
            certificate_sha256: issued.map(|issued| issued.sha256.clone()),
            names: evidence.names,
            not_before: issued.map(|issued| utc(issued.validity.not_before)),
            not_after: issued.map(|issued| utc(issued.validity.not_after)),
            ca_sha256: issued.map(|issued| issued.ca_sha256.clone()),
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// The line as JSON, without a line break, its fields in the order above.
    pub fn to_json(&self) -> String {
        // Strings and numbers alone cannot fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Something that calls for the operator, whatever its request may have been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm<'a> {
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// What: the code of a refusal that is the issuer's fault, or `ca_refresh_failed`.
    pub alarm: &'a str,
    /// The request that it happened in; empty at the start.
    pub request_id: &'a str,
    /// The cause.
    pub detail: &'a str,
}

impl Alarm<'_> {
    /// The alarm as JSON, without a line break.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
