//! Errors as AWS sends them: each protocol wraps code and message in another way, and each service
//! has its own codes for the same thing.

use bytes::Bytes;
use http::Response;
use serde_json::json;

use super::operation::Service;

/// The request id of every answer that is made up here.
pub(crate) const REQUEST_ID: &str = "fa017000-0000-4000-8000-000000000000";

/// An answer that says no.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// Too many calls.
    Throttled,
    /// AWS has failed.
    Internal,
    /// AWS is down for a moment.
    Unavailable,
    /// There is no such thing.
    NotFound,
    /// The caller may not do that.
    AccessDenied,
    /// This status, code and message.
    Typed(u16, &'static str, &'static str),
    /// This status and message, in JSON, without a code.
    Untyped(u16, &'static str),
    /// This status, and a message that is not even JSON.
    PlainText(u16, &'static str),
}

impl Failure {
    /// The answer of a service.
    pub(crate) fn of(&self, service: Service) -> Response<Bytes> {
        match *self {
            Self::Throttled => throttled(service),
            Self::Internal => match service {
                Service::Iam | Service::Sts => typed(service, 500, "ServiceFailure", BROKEN),
                Service::Lambda => typed(service, 500, "ServiceException", BROKEN),
                Service::ApiGateway => untyped(500, "Internal Server Error"),
                _ => typed(service, 500, "InternalServiceError", BROKEN),
            },
            Self::Unavailable => match service {
                Service::ApiGateway | Service::Lambda => untyped(503, "Service Unavailable"),
                Service::Logs => typed(service, 503, "ServiceUnavailableException", BROKEN),
                _ => typed(service, 503, "ServiceUnavailable", BROKEN),
            },
            Self::NotFound => not_found(service),
            Self::AccessDenied => {
                let message = "User: arn:aws:iam::000000000000:user/deployer is not authorized";
                match service {
                    Service::Iam | Service::Sts => typed(service, 403, "AccessDenied", message),
                    Service::ApiGateway | Service::Lambda => {
                        typed(service, 403, "AccessDeniedException", message)
                    }
                    _ => typed(service, 400, "AccessDeniedException", message),
                }
            }
            Self::Typed(status, code, message) => typed(service, status, code, message),
            Self::Untyped(status, message) => untyped(status, message),
            Self::PlainText(status, message) => answer(status, "text/plain", message.to_owned()),
        }
    }
}

const BROKEN: &str = "The request processing has failed because of an unknown error.";

fn throttled(service: Service) -> Response<Bytes> {
    match service {
        Service::Iam | Service::Sts => typed(service, 400, "Throttling", "Rate exceeded"),
        Service::Lambda => typed(service, 429, "TooManyRequestsException", "Rate Exceeded."),
        Service::ApiGateway => typed(service, 429, "TooManyRequestsException", "Too Many Requests"),
        _ => typed(service, 400, "ThrottlingException", "Rate exceeded"),
    }
}

fn not_found(service: Service) -> Response<Bytes> {
    match service {
        Service::Iam | Service::Sts => {
            typed(service, 404, "NoSuchEntity", "The role with that name cannot be found.")
        }
        Service::Lambda => {
            typed(service, 404, "ResourceNotFoundException", "Function not found: arn:aws:lambda")
        }
        Service::ApiGateway => {
            typed(service, 404, "NotFoundException", "Invalid API identifier specified")
        }
        Service::Logs => typed(
            service,
            400,
            "ResourceNotFoundException",
            "The specified log group does not exist.",
        ),
        Service::SecretsManager => typed(
            service,
            400,
            "ResourceNotFoundException",
            "Secrets Manager can't find the specified secret.",
        ),
    }
}

/// An error in the service's protocol.
fn typed(service: Service, status: u16, code: &str, message: &str) -> Response<Bytes> {
    match service {
        Service::Logs | Service::SecretsManager => {
            let body = json!({"__type": code, "message": message}).to_string();
            answer(status, "application/x-amz-json-1.1", body)
        }
        Service::ApiGateway | Service::Lambda => {
            let mut answer = untyped(status, message);
            answer.headers_mut().insert("x-amzn-errortype", code.parse().expect("a code"));
            answer
        }
        Service::Iam | Service::Sts => {
            let kind = if status < 500 { "Sender" } else { "Receiver" };
            let error =
                format!("<Type>{kind}</Type><Code>{code}</Code><Message>{message}</Message>");
            let body = format!(
                "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error>{error}</Error><RequestId>{REQUEST_ID}</RequestId></ErrorResponse>"
            );
            answer(status, "text/xml", body)
        }
    }
}

/// An error of a REST service that forgot to say which.
fn untyped(status: u16, message: &str) -> Response<Bytes> {
    answer(status, "application/json", json!({"message": message}).to_string())
}

fn answer(status: u16, content_type: &str, body: String) -> Response<Bytes> {
    Response::builder()
        .status(status)
        .header("content-type", content_type)
        .header("x-amzn-requestid", REQUEST_ID)
        .body(Bytes::from(body))
        .expect("an answer")
}
