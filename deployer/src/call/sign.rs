//! A request: where it may go, and its signature (AWS Signature Version 4, service `execute-api`).

use ::http::header::CONTENT_TYPE;
use ::http::{Method, Request, Uri};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign as sign_http};
use aws_sigv4::sign::v4;

use super::{Caller, http};
use crate::error::{Context as _, Error, Result};

const JSON: &str = "application/json";

/// A URL that a request may be sent to.
#[derive(Debug, Clone)]
pub struct Target(Uri);

impl Target {
    /// Accepts `https`, and `http` to this machine itself.
    pub fn parse(url: &str) -> Result<Self> {
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

    /// The region, if AWS's own name of an API tells it.
    pub fn region(&self) -> Option<&str> {
        let (_, rest) = self.0.host()?.split_once(".execute-api.")?;
        let (region, domain) = rest.split_once('.')?;
        ["amazonaws.com", "amazonaws.com.cn"].contains(&domain).then_some(region)
    }

    /// The host, and the port if it is not the usual one.
    pub fn authority(&self) -> &str {
        self.0.authority().map_or("", ::http::uri::Authority::as_str)
    }
}

/// The request with its signature.
///
/// The payload's hash goes into the signature, but not into a header of its own: the local AWS
/// trusts such a header without looking at the body, and AWS needs it for S3 alone.
pub(super) fn sign(
    target: &Target,
    mut request: Request<Vec<u8>>,
    caller: &Caller,
) -> Result<Request<Vec<u8>>> {
    let message = || format!("could not sign the request to {}", target.authority());
    let identity = caller.credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&caller.region)
        .name("execute-api")
        .time((caller.clock)())
        .settings(SigningSettings::default())
        .build()
        .context(message)?
        .into();
    let signable = SignableRequest::new(
        request.method().as_str(),
        target.0.to_string(),
        [("content-type", JSON)].into_iter(),
        SignableBody::Bytes(request.body()),
    )
    .context(message)?;
    let (instructions, _signature) = sign_http(signable, &params).context(message)?.into_parts();
    instructions.apply_to_request_http1x(&mut request);
    Ok(request)
}

pub(super) fn unsigned(
    target: &Target,
    method: &Method,
    body: Vec<u8>,
) -> Result<Request<Vec<u8>>> {
    Request::builder()
        .method(method)
        .uri(target.0.clone())
        .header(CONTENT_TYPE, JSON)
        .body(body)
        .context(|| format!("could not make a request to {}", target.authority()))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use aws_credential_types::Credentials;

    use super::*;

    fn signed(url: &str, token: Option<&str>) -> Request<Vec<u8>> {
        let credentials = Credentials::new(
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            token.map(str::to_owned),
            None,
            "test",
        );
        let clock = || SystemTime::UNIX_EPOCH + Duration::from_secs(1_778_218_750);
        let caller = Caller { credentials, region: "eu-central-1".into(), clock };
        let target = Target::parse(url).expect("a URL");
        let request = unsigned(&target, &Method::POST, b"{}".to_vec()).expect("a request");
        sign(&target, request, &caller).expect("a signature")
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
    fn the_region_is_that_of_the_api() {
        let region = |url: &str| Target::parse(url).expect("a URL").region().map(str::to_owned);
        let api = |domain: &str| region(&format!("https://abc.execute-api.{domain}/issue-cert"));
        assert_eq!(api("eu-west-1.amazonaws.com").as_deref(), Some("eu-west-1"));
        assert_eq!(api("cn-north-1.amazonaws.com.cn").as_deref(), Some("cn-north-1"));
        assert_eq!(api("eu-west-1.amazonaws.com.example.org"), None);
        assert_eq!(api("localhost:4566"), None);
        assert_eq!(region("https://certificates.example.org/issue-cert"), None);
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
