//! An API as its callers see it: HTTP requests from outside, signed or not.

pub(crate) mod http;
mod sign;

use std::time::{Duration, SystemTime};

use ::http::Method;
use aws_credential_types::Credentials;

pub use self::http::Response;
pub use self::sign::Target;

use crate::error::Result;

/// API Gateway gives up after 30 seconds, so a later answer cannot come.
const DEADLINE: Duration = Duration::from_secs(35);

/// Somebody who signs requests.
pub struct Caller {
    /// Whose IAM identity calls.
    pub credentials: Credentials,
    /// The region that requests are signed for.
    pub region: String,
    /// Tells the time of a signature.
    pub clock: fn() -> SystemTime,
}

impl Caller {
    /// Sends a signed POST of JSON; an answer of any status is none of the errors.
    pub async fn post(&self, target: &Target, body: Vec<u8>) -> Result<Response> {
        let request = sign::unsigned(target, &Method::POST, body)?;
        http::send(sign::sign(target, request, self)?, DEADLINE).await
    }
}

/// Sends a request that is not signed.
///
/// # Errors
/// When no answer came; an answer of any status is none.
pub async fn send_unsigned(target: &Target, method: &Method, body: &str) -> Result<Response> {
    http::send(sign::unsigned(target, method, body.as_bytes().to_vec())?, DEADLINE).await
}
