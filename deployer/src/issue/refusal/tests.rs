//! Refusals of all three parties.

use super::*;

const NOW: OffsetDateTime = time::macros::datetime!(2026-05-08 05:39:10 UTC);

fn response(status: u16, headers: &[(&'static str, &str)], body: &str) -> Response {
    let headers = headers
        .iter()
        .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().expect("a value")))
        .collect();
    Response { status, headers, body: body.into() }
}

fn error(status: u16, headers: &[(&'static str, &str)], body: &str) -> Error {
    let asked = Asked { now: NOW, session_end: None };
    crate::issue::answer::read(&response(status, headers, body), &asked).expect_err("an error")
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

fn code(status: u16, code: &str) -> Response {
    let body = format!(r#"{{"error":{{"code":"{code}","message":"m"}},"request_id":"r1"}}"#);
    response(status, &[], &body)
}

#[test]
fn each_code_of_the_signer_has_its_own_way_on() {
    let asked = Asked { now: NOW, session_end: None };
    for (status, name, hint) in [
        (403, "caller_not_allowed", "deployer policy check --caller ARN --dns NAME"),
        (403, "name_not_allowed", "deployer policy check"),
        (403, "usage_not_allowed", "deployer policy check"),
        (403, "key_type_not_allowed", "deployer policy check"),
        (403, "common_name_not_allowed", "deployer policy check"),
        (403, "a_code_to_come", "deployer policy check"),
        (403, "name_outside_ca", "the issuing CA itself"),
        (403, "usage_outside_ca", "with --usage"),
        (403, "no_identity", "AWS_IAM"),
        (400, "ttl_too_long", "--ttl-hours"),
        (400, "weak_key", "as the message says"),
        (503, "ca_unavailable", "check the secret"),
        (503, "ca_expiring", "issuing CA renewed"),
        (500, "internal", "log group"),
    ] {
        let error = explain(&code(status, name), &asked);
        assert_eq!(error.causes[0], format!("{name}: m"));
        assert!(error.hints[0].contains(hint), "{name}: {error:?}");
    }
}

#[test]
fn only_what_may_pass_is_worth_another_try() {
    let bare = |status| response(status, &[], r#"{"message":"m"}"#);
    for passing in [code(503, "ca_unavailable"), code(429, "new"), bare(429), bare(503)] {
        assert!(may_pass(&passing), "{passing:?}");
    }
    let others = [code(503, "ca_expiring"), code(403, "name_not_allowed"), code(500, "internal")];
    for lasting in others.into_iter().chain([bare(403), bare(500), bare(200)]) {
        assert!(!may_pass(&lasting), "{lasting:?}");
    }
}

/// Texts as AWS's services write them, with the type that comes along.
#[test]
fn the_ways_in_which_api_gateway_refuses_are_told_apart() {
    for (status, kind, text, summary, hint) in [
        (403, "ForbiddenException", "Forbidden", "refused the caller", "execute-api:Invoke"),
        (
            403,
            "AccessDeniedException",
            "User: arn:aws:iam::1:user/a is not authorized to perform: execute-api:Invoke",
            "refused the caller",
            "execute-api:Invoke",
        ),
        (
            403,
            "ExpiredTokenException",
            "The security token included in the request is expired",
            "its token has expired",
            "renew the session",
        ),
        (
            403,
            "InvalidSignatureException",
            "Signature expired: 20260508T053910Z is now earlier than 20260508T055410Z",
            "the time of the signature",
            "set the clock",
        ),
        (
            403,
            "InvalidSignatureException",
            "Signature not yet current: 20260508T053910Z is still later than 20260508T051910Z",
            "the time of the signature",
            "set the clock",
        ),
        (
            403,
            "InvalidSignatureException",
            "Credential should be scoped to a valid region, not 'us-east-1'.",
            "another region",
            "AWS_REGION",
        ),
        (
            403,
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            "does not know the credentials",
            "get-caller-identity",
        ),
        (
            403,
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided.",
            "refused the signature",
            "secret key",
        ),
        (
            403,
            "IncompleteSignatureException",
            "Authorization header requires 'Signature' parameter.",
            "no signature reached",
            "proxy",
        ),
        (
            403,
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
            "no signature reached",
            "proxy",
        ),
        (429, "TooManyRequestsException", "Too Many Requests", "too much", "throttled"),
        (429, "LimitExceededException", "Limit Exceeded", "too much", "throttled"),
        (500, "InternalServerErrorException", "Internal Server Error", "function failed", "log"),
        (503, "ServiceUnavailableException", "Service Unavailable", "not be called", "timeout"),
    ] {
        let kind = format!("{kind}:http://internal.amazon.com/coral/com.amazon.coral.service/");
        let body = format!(r#"{{"message":"{text}"}}"#);
        let error = error(status, &[("x-amzn-errortype", &kind)], &body);
        assert!(error.message.contains(summary), "{text}: {error:?}");
        assert!(error.hints[0].contains(hint), "{text}: {error:?}");
    }
}

#[test]
fn a_session_that_is_known_to_be_over_is_named() {
    let end = NOW - time::Duration::SECOND;
    let asked = Asked { now: NOW, session_end: Some(end) };
    let forbidden = response(403, &[], r#"{"message":"Forbidden"}"#);
    let error = explain(&forbidden, &asked);
    assert!(error.message.contains("token has expired"), "{error:?}");
    assert!(error.causes[2].contains("ended at 2026-05-08"), "{error:?}");
    let alive = Asked { now: NOW, session_end: Some(NOW + time::Duration::SECOND) };
    assert_eq!(explain(&forbidden, &alive).message, "API Gateway refused the caller");
}

#[test]
fn a_clock_that_is_slightly_off_is_not_blamed() {
    let date = ("date", "Fri, 08 May 2026 05:43:10 GMT");
    let error = error(403, &[date], r#"{"message":"Forbidden"}"#);
    assert_eq!(error.message, "API Gateway refused the caller");
}
