//! The JSON body of a request, read strictly.

use serde::{Deserialize, Deserializer};
use serde_json::error::Category;

use crate::refusal::{Code, Refusal};

/// The longest body in bytes. A request for 100 names with an RSA-4096 key needs a tenth of it.
pub const MAX_BODY: usize = 64 * 1024;

/// The longest certificate request in bytes of PEM.
pub const MAX_CSR: usize = 16 * 1024;

const SHAPE: &str = "the body must be a JSON object with \"csr\" (a PEM string) and, if wanted, \
    \"ttl_hours\" (a whole number), each once, and nothing else";

/// What a caller asks for.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// The certificate request as PEM, not looked at yet.
    pub csr: String,
    /// How long the certificate shall be valid; the policy's default if absent.
    pub ttl_hours: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    csr: String,
    // A value, not a number: `null`, `"12"` and `12.5` then get a refusal that names the field.
    #[serde(default, deserialize_with = "present")]
    ttl_hours: Option<serde_json::Value>,
}

/// Keeps an explicit `null` apart from an absent field.
fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(from).map(Some)
}

/// Refuses a body that is too long to be read.
///
/// # Errors
/// `too_large`.
pub fn check_size(body: &[u8]) -> Result<(), Refusal> {
    if body.len() <= MAX_BODY {
        return Ok(());
    }
    Err(Refusal::new(Code::TooLarge, format!("the body is over {MAX_BODY} bytes")))
}

impl Request {
    /// Reads the body of a request, whose size has been checked.
    ///
    /// # Errors
    /// `too_large` for the certificate request in it, `empty_body`, `invalid_json`, `invalid_request` or `invalid_ttl`.
    pub fn from_json(body: &[u8]) -> Result<Self, Refusal> {
        let Some(first) = body.iter().find(|byte| !byte.is_ascii_whitespace()) else {
            return Err(Refusal::new(Code::EmptyBody, SHAPE));
        };
        // Derived deserializers read a struct from an array too, which is not the contract.
        let body: Body = match serde_json::from_slice(body) {
            Ok(body) if *first == b'{' => body,
            Err(error) if !matches!(error.classify(), Category::Data) => {
                return Err(Refusal::new(Code::InvalidJson, "the body is not valid JSON")
                    .with_detail(place(&error)));
            }
            Ok(_) => return Err(Refusal::new(Code::InvalidRequest, SHAPE)),
            Err(error) => {
                return Err(Refusal::new(Code::InvalidRequest, SHAPE).with_detail(place(&error)));
            }
        };
        if body.csr.len() > MAX_CSR {
            return Err(Refusal::new(Code::TooLarge, format!("csr is over {MAX_CSR} bytes")));
        }
        Ok(Self { csr: body.csr, ttl_hours: body.ttl_hours.map(|ttl| hours(&ttl)).transpose()? })
    }
}

/// Where an error is. The error itself may quote the body, in which there may be a private key.
fn place(error: &serde_json::Error) -> String {
    format!("line {}, column {}", error.line(), error.column())
}

fn hours(value: &serde_json::Value) -> Result<u32, Refusal> {
    let hours = value.as_u64().filter(|hours| *hours > 0).ok_or_else(|| {
        let message =
            "ttl_hours must be a whole number of at least 1; leave it out for the default";
        Refusal::new(Code::InvalidTtl, message)
    })?;
    // Whatever does not fit is above every maximum, and the policy names the maximum.
    Ok(u32::try_from(hours).unwrap_or(u32::MAX))
}
