//! The POST: where it may go, and its signature (AWS Signature Version 4, service `execute-api`).

use std::time::{Duration, SystemTime};

use ::http::header::CONTENT_TYPE;
use ::http::{Method, Uri};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign as sign_http};
use aws_sigv4::sign::v4;

use super::http;
use crate::error::{Context as _, Error, Result};

/// API Gateway gives up after 30 seconds, so a later answer cannot come.
pub(super) const DEADLINE: Duration = Duration::from_secs(35);

/// A URL that a request may be sent to.
#[derive(Debug, Clone)]
pub(super) struct Target(Uri);

impl Target {
    /// Accepts `https`, and `http` to this machine itself.
    pub(super) fn parse(url: &str) -> Result<Self> {
        let refused =
            || Error::new(format!("`{}` is no URL to ask for a certificate", url.escape_debug()));
        let hint = "take it from `deployer output`, for example \
                    https://abc123.execute-api.eu-central-1.amazonaws.com/issue-cert";
        let uri: Uri = url.parse().map_err(|source| refused().because(source).hint(hint))?;
        let host = uri.host().unwrap_or_default();
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(refused().because("it holds a user name").hint(hint));
        }
        match uri.scheme_str() {
            Some("https") if !host.is_empty() => Ok(Self(uri)),
            Some("http") if http::is_loopback(host) => Ok(Self(uri)),
            Some("http") => Err(refused()
                .because("plain http is accepted only to this machine itself")
                .hint("use https")),
            _ => Err(refused().because("it does not begin with https://").hint(hint)),
        }
    }

    /// The host, and the port if it is not the usual one.
    pub(super) fn authority(&self) -> &str {
        self.0.authority().map_or("", ::http::uri::Authority::as_str)
    }
}

/// The signed POST of `body`.
///
/// The payload's hash goes into the signature, but not into a header of its own: the local AWS
/// trusts such a header without looking at the body, and AWS needs it for S3 alone.
pub(super) fn sign(
    target: &Target,
    region: &str,
    credentials: &Credentials,
    now: SystemTime,
    body: Vec<u8>,
) -> Result<::http::Request<Vec<u8>>> {
    let message = || format!("could not sign the request to {}", target.authority());
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("execute-api")
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .context(message)?
        .into();
    let mut request = unsigned(target, body).context(message)?;
    let signable = SignableRequest::new(
        "POST",
        target.0.to_string(),
        [("content-type", "application/json")].into_iter(),
        SignableBody::Bytes(request.body()),
    )
    .context(message)?;
    let (instructions, _signature) = sign_http(signable, &params).context(message)?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}

fn unsigned(target: &Target, body: Vec<u8>) -> Result<::http::Request<Vec<u8>>, ::http::Error> {
    ::http::Request::builder()
        .method(Method::POST)
        .uri(target.0.clone())
        .header(CONTENT_TYPE, "application/json")
        .body(body)
}

/// Sends `body` without a signature, to show that it is refused; yields the status and the body of
/// the answer.
///
/// # Errors
///
/// When the URL is unusable or no answer came.
pub async fn send_unsigned(url: &str, body: &str) -> Result<(u16, String)> {
    let target = Target::parse(url)?;
    let request = unsigned(&target, body.as_bytes().to_vec())
        .context(|| format!("could not make a request to {}", target.authority()))?;
    let response = http::send(request, DEADLINE).await?;
    Ok((response.status, String::from_utf8_lossy(&response.body).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(url: &str, token: Option<&str>) -> ::http::Request<Vec<u8>> {
        let credentials = Credentials::new(
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            token.map(str::to_owned),
            None,
            "test",
        );
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_778_218_750);
        let target = Target::parse(url).expect("a URL");
        sign(&target, "eu-central-1", &credentials, now, b"{}".to_vec()).expect("a signature")
    }

    #[test]
    fn the_signature_has_the_right_scope_and_headers() {
        let request = signed("https://abc.execute-api.eu-central-1.amazonaws.com/issue-cert", None);
        let authorization = request.headers()["authorization"].to_str().expect("text");
        assert!(
            authorization.starts_with(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260508/eu-central-1/execute-api/aws4_request, \
                 SignedHeaders=content-type;host;x-amz-date, Signature="
            ),
            "{authorization}"
        );
        assert_eq!(request.headers()["x-amz-date"], "20260508T053910Z");
        assert!(!request.headers().contains_key("x-amz-content-sha256"));
        assert_eq!(request.headers()["content-type"], "application/json");
    }

    #[test]
    fn a_session_token_is_signed_along() {
        let request = signed("https://abc.execute-api.eu-central-1.amazonaws.com/a", Some("token"));
        let authorization = request.headers()["authorization"].to_str().expect("text");
        assert!(authorization.contains("host;x-amz-date;x-amz-security-token,"), "{authorization}");
        assert_eq!(request.headers()["x-amz-security-token"], "token");
    }

    #[test]
    fn plain_http_leaves_the_machine_never() {
        for good in [
            "http://abc.execute-api.localhost:4566/issue-cert",
            "http://127.0.0.1:1/a",
            "http://[::1]:1/a",
            "https://example.com/issue-cert",
        ] {
            assert!(Target::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://example.com/issue-cert",
            "http://localhost.example.com/",
            "http://localhost@example.com/",
            "https://user@example.com/",
            "ftp://localhost/",
            "example.com",
            "/issue-cert",
            "",
        ] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }
}
