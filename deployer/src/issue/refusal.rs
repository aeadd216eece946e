//! A refusal in the words of whoever refused.
//!
//! Three parties can refuse: the signer (its body has an `error.code`), API Gateway (a bare
//! `message`, and often `x-amzn-errortype`), or something in between. Each calls for another remedy.

mod remedies;

use serde::Deserialize;
use signer::notation::utc;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use self::remedies::{EXPIRED_SESSION, WRONG_CLOCK, of_gateway, of_signer};
use crate::call::http::Response;
use crate::error::Error;

/// AWS refuses signatures that are further than this from its own clock.
const SKEW_LIMIT: time::Duration = time::Duration::minutes(5);

/// The most of a foreign body that an error shows.
const SHOWN: usize = 300;

/// When a request was signed, and with what.
pub(super) struct Asked {
    pub(super) now: OffsetDateTime,
    /// The end of the caller's session, if it has one and knows it.
    pub(super) session_end: Option<OffsetDateTime>,
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

/// Says who refused and why, and what to do about it.
pub(super) fn explain(response: &Response, asked: &Asked) -> Error {
    match signers(response) {
        Some(refusal) => from_signer(response, refusal),
        None => from_gateway(response, asked),
    }
}

/// Whether the same request may get another answer in a moment: somebody was too busy.
pub(super) fn may_pass(response: &Response) -> bool {
    match signers(response) {
        Some(refusal) => of_signer(&refusal.error.code, response.status).may_pass,
        None => matches!(response.status, 429 | 503),
    }
}

fn signers(response: &Response) -> Option<Refusal> {
    serde_json::from_slice(&response.body).ok()
}

fn from_signer(response: &Response, refusal: Refusal) -> Error {
    let Cause { code, message } = refusal.error;
    let summary = if response.status < 500 {
        "the issuer refused the request"
    } else {
        "the issuer could not answer the request"
    };
    let id = refusal.request_id.or_else(|| request_id(response));
    Error::new(summary)
        .because(format!("{}: {}", single_line(&code), single_line(&message)))
        .because(status(response.status, id.as_deref()))
        .hint(of_signer(&code, response.status).hint)
}

fn from_gateway(response: &Response, asked: &Asked) -> Error {
    let text = message(&response.body);
    let kind = response
        .header("x-amzn-errortype")
        .map(|kind| single_line(kind.split(':').next().unwrap_or(kind)));
    let text = match kind {
        Some(kind) => format!("{kind}: {text}"),
        None => text,
    };
    let error = |summary: &str| {
        Error::new(summary)
            .because(&text)
            .because(status(response.status, request_id(response).as_deref()))
    };
    // What is known here tells more than the words, which are often a bare `Forbidden`.
    if matches!(response.status, 400 | 401 | 403) {
        if let Some(skew) = skew(response, asked.now) {
            let off = format!("this machine's clock is {} seconds off", skew.whole_seconds().abs());
            return error(WRONG_CLOCK.summary).because(off).hint(WRONG_CLOCK.hint);
        }
        if let Some(end) = asked.session_end.filter(|end| *end <= asked.now) {
            let ended = format!("the caller's session ended at {}", utc(end));
            return error(EXPIRED_SESSION.summary).because(ended).hint(EXPIRED_SESSION.hint);
        }
    }
    let remedy = of_gateway(response.status, &text);
    error(remedy.summary).hint(remedy.hint)
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
pub(super) fn beginning(body: &[u8]) -> String {
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
mod tests;
