//! The answer to the POST, if it is a certificate.

use serde::Deserialize;

use super::refusal::{self, Asked};
use crate::call::http::Response;
use crate::error::{Error, Result};

/// What the signer answers.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    /// The leaf, PEM.
    pub(super) certificate: String,
    /// The intermediate certificates, PEM, the leaf's issuer first.
    pub(super) chain: String,
    /// The end of the validity, RFC 3339.
    pub(super) not_after: String,
}

/// Reads the answer, or says who refused and why.
pub(super) fn read(response: &Response, asked: &Asked) -> Result<Answer> {
    if response.status != 200 {
        return Err(refusal::explain(response, asked));
    }
    serde_json::from_slice(&response.body).map_err(|source| {
        Error::new("the answer is not the issuer's")
            .because(source)
            .because(format!("it begins with: {}", refusal::beginning(&response.body)))
            .hint("check that the URL is the issuer's: `deployer output` shows it")
    })
}
