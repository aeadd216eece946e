//! The answer to the POST: a certificate, or a refusal in the words of whoever refused.
//!
//! Three parties can refuse: the signer (its body has an `error.code`), API Gateway (a bare
//! `message`, and often `x-amzn-errortype`), or something in between. Each calls for another remedy.

use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::call::http::Response;
use crate::error::{Error, Result};

/// AWS refuses signatures that are further than this from its own clock.
const SKEW_LIMIT: time::Duration = time::Duration::minutes(5);

/// The most of a foreign body that an error shows.
const SHOWN: usize = 300;

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

#[derive(Deserialize)]
struct Refusal {
    error: Cause,
    request_id: Option<String>,
}

#[derive(Deserialize)]
struct Cause {
    code: String,
    message: String,
}

/// Reads the answer, or says who refused and why.
pub(super) fn read(response: &Response, now: OffsetDateTime) -> Result<Answer> {
    if response.status == 200 {
        return serde_json::from_slice(&response.body).map_err(|source| {
            Error::new("the answer is not the issuer's")
                .because(source)
                .because(format!("it begins with: {}", beginning(&response.body)))
                .hint("check that the URL is the issuer's: `deployer output` shows it")
        });
    }
    if let Ok(refusal) = serde_json::from_slice::<Refusal>(&response.body) {
        return Err(from_signer(response, refusal));
    }
    Err(from_gateway(response, now))
}

fn from_signer(response: &Response, refusal: Refusal) -> Error {
    let Cause { code, message } = refusal.error;
    let summary = if response.status < 500 {
        "the issuer refused the request"
    } else {
        "the issuer could not answer the request"
    };
    let hint = match response.status {
        403 => {
            "ask for names and a lifetime that the issuing policy in stack.yaml grants to this \
             caller, or extend the policy"
        }
        429 => "wait a minute and try again",
        503 => "try again in a minute; if it persists, check the secret and the function's log",
        500.. => "look the request id up in the function's log group",
        _ => "change the request as the message says",
    };
    let id = refusal.request_id.or_else(|| request_id(response));
    Error::new(summary)
        .because(format!("{code}: {}", single_line(&message)))
        .because(status(response.status, id.as_deref()))
        .hint(hint)
}

fn from_gateway(response: &Response, now: OffsetDateTime) -> Error {
    let message = message(&response.body);
    let kind = response
        .header("x-amzn-errortype")
        .map(|kind| kind.split(':').next().unwrap_or(kind).to_owned());
    let error = Error::new(match response.status {
        401 | 403 => "API Gateway refused the caller",
        404 => "there is no such route",
        _ => "API Gateway did not pass the request on to the issuer",
    })
    .because(match kind {
        Some(kind) => format!("{kind}: {message}"),
        None => message.clone(),
    })
    .because(status(response.status, request_id(response).as_deref()));
    match skew(response, now) {
        Some(skew) => error
            .because(format!("this machine's clock is {} seconds off", skew.whole_seconds().abs()))
            .hint("set the clock: AWS accepts signatures that are at most five minutes old"),
        None => error.hint(gateway_hint(response.status, &message)),
    }
}

fn gateway_hint(status: u16, message: &str) -> &'static str {
    let says = |part: &str| message.to_ascii_lowercase().contains(part);
    match status {
        _ if says("expired") && says("token") => "renew the session: its token has expired",
        _ if says("expired") || says("not yet current") => "set this machine's clock",
        _ if says("signature") || says("credential") => {
            "check the credentials and the region: the signature is made for the region's \
             `execute-api`"
        }
        401 | 403 => {
            "allow this caller `execute-api:Invoke` on the route, and check that the credentials \
             are the ones meant"
        }
        404 => "take the URL from `deployer output`, with its path `/issue-cert`",
        429 => "wait a minute and try again: the route is throttled",
        _ => "try again; if it persists, look at the function's log group",
    }
}

/// How far this machine's clock is from the server's, if it is too far.
fn skew(response: &Response, now: OffsetDateTime) -> Option<time::Duration> {
    let theirs = OffsetDateTime::parse(response.header("date")?, &Rfc2822).ok()?;
    let skew = now - theirs;
    (skew.abs() > SKEW_LIMIT).then_some(skew)
}

/// What a body says in the ways that AWS's services have.
fn message(body: &[u8]) -> String {
    let value: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text =
        ["message", "Message", "errorMessage"].into_iter().find_map(|key| value[key].as_str());
    text.map_or_else(|| beginning(body), single_line)
}

/// The beginning of a foreign text, on one line and without control characters.
fn beginning(body: &[u8]) -> String {
    single_line(&String::from_utf8_lossy(body))
}

fn single_line(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .take(SHOWN)
        .collect();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if clean.is_empty() { "(nothing)".into() } else { clean }
}

fn status(status: u16, request_id: Option<&str>) -> String {
    match request_id {
        Some(id) => format!("HTTP {status}, request id {}", single_line(id)),
        None => format!("HTTP {status}"),
    }
}

fn request_id(response: &Response) -> Option<String> {
    ["apigw-requestid", "x-amzn-requestid"]
        .into_iter()
        .find_map(|name| response.header(name))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: u16, headers: &[(&'static str, &str)], body: &str) -> Error {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (http::HeaderName::from_static(name), value.parse().expect("a value"))
            })
            .collect();
        let now = time::macros::datetime!(2026-05-08 05:39:10 UTC);
        read(&Response { status, headers, body: body.into() }, now).expect_err("an error")
    }

    #[test]
    fn the_signers_refusal_is_shown_in_its_words() {
        let body = r#"{"error":{"code":"name_not_allowed","message":"not a.b"},"request_id":"r1"}"#;
        let error = error(403, &[], body);
        assert_eq!(error.message, "the issuer refused the request");
        assert_eq!(error.causes, ["name_not_allowed: not a.b", "HTTP 403, request id r1"]);
        assert!(error.hints[0].contains("policy"), "{error:?}");
    }

    #[test]
    fn the_signers_failure_is_no_refusal() {
        let body = r#"{"error":{"code":"internal","message":"sorry"},"request_id":"r1"}"#;
        assert_eq!(error(500, &[], body).message, "the issuer could not answer the request");
    }

    #[test]
    fn api_gateway_speaks_for_itself() {
        let id = ("apigw-requestid", "g1");
        let error = error(403, &[id], r#"{"message":"Forbidden"}"#);
        assert_eq!(error.message, "API Gateway refused the caller");
        assert_eq!(error.causes, ["Forbidden", "HTTP 403, request id g1"]);
        assert!(error.hints[0].contains("execute-api:Invoke"), "{error:?}");
    }

    #[test]
    fn a_wrong_clock_is_named() {
        let date = ("date", "Fri, 08 May 2026 05:59:10 GMT");
        let error = error(403, &[date], r#"{"message":"Forbidden"}"#);
        assert!(error.causes[2].contains("1200 seconds off"), "{error:?}");
        assert!(error.hints[0].starts_with("set the clock"), "{error:?}");
    }

    #[test]
    fn a_bad_signature_points_to_credentials_and_region() {
        let kind = ("x-amzn-errortype", "InvalidSignatureException:http://example.com/");
        let error = error(403, &[kind], r#"{"message":"The request signature does not match"}"#);
        assert!(error.causes[0].starts_with("InvalidSignatureException: The"), "{error:?}");
        assert!(error.hints[0].contains("region"), "{error:?}");
    }

    #[test]
    fn foreign_bodies_are_shown_tamed() {
        let error = error(502, &[], "<html>\u{1b}[31m\nbad gateway</html>");
        assert_eq!(error.causes[0], "<html> [31m bad gateway</html>");
        assert_eq!(super::message(b""), "(nothing)");
    }

    #[test]
    fn a_200_of_something_else_is_no_answer() {
        assert_eq!(error(200, &[], "<html>").message, "the answer is not the issuer's");
        assert_eq!(error(404, &[], r#"{"message":"Not Found"}"#).message, "there is no such route");
    }
}
