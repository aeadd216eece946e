//! Between API Gateway's event and the pure pipeline: method, path, media type, identity, and the
//! shape of responses.

use std::sync::Arc;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext as Context;
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::http::{HeaderMap, Method, header};
use lambda_http::request::{LambdaRequest, RequestContext};
use lambda_http::{Body, Request, RequestExt as _, Response, tracing};
use serde_json::json;
use time::OffsetDateTime;

use crate::audit;
use crate::ca::Ca;
use crate::caller::Caller;
use crate::issue::{self, Evidence, Issued, Sign};
use crate::notation::utc;
use crate::policy::Policy;
use crate::refusal::{Code, Refusal};
use crate::request::check_size;
use crate::secret::{Held, Source, Store};

/// The one path, behind the stage's prefix if there is one.
const PATH: &str = "/issue-cert";

/// Answers requests.
pub struct Handler<S> {
    /// Decides what callers may have.
    pub policy: Policy,
    /// Holds the CA material.
    pub store: Store<S>,
    /// Tells the time.
    pub now: Box<dyn Fn() -> OffsetDateTime + Send + Sync>,
    /// Signs.
    pub sign: Sign,
    /// Takes each line of the log as it is to be written, without a line break.
    pub log: Box<dyn Fn(&str) + Send + Sync>,
}

impl<S: Source> Handler<S> {
    /// Loads the CA material, so that the first request need not wait for it. A failure raises the
    /// alarm, and is tried again later.
    pub async fn prepare(&self) {
        if let Err(refusal) = self.ca("").await {
            self.alarm(refusal.code.as_str(), "", &refusal.detail.unwrap_or_default());
        }
    }

    /// Answers one request. Every outcome is a response and an audit line.
    pub async fn handle(&self, request: Request) -> Response<Body> {
        let started = Instant::now();
        let context = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => Some(context),
            _ => None,
        };
        let request_id = request_id(context).to_owned();
        let caller = context.and_then(caller);
        let mut evidence = Evidence::default();
        let outcome = self.decide(&request, context, caller.as_ref(), &mut evidence).await;
        if let Err(Refusal { code, detail, .. }) = &outcome {
            let detail = detail.as_deref().unwrap_or_default();
            if code.status() >= 500 {
                self.alarm(code.as_str(), &request_id, detail);
            } else {
                tracing::debug!(request_id, code = code.as_str(), detail, "refused");
            }
        }
        let source_ip = context.and_then(|context| context.http.source_ip.clone());
        let line = audit::Line::new(
            ((self.now)(), started.elapsed()),
            (request_id.clone(), source_ip),
            caller.as_ref(),
            evidence,
            &outcome,
        );
        (self.log)(&line.to_json());
        respond(outcome, &request_id)
    }

    async fn decide(
        &self,
        request: &Request,
        context: Option<&Context>,
        caller: Option<&Caller>,
        evidence: &mut Evidence,
    ) -> Result<Issued, Refusal> {
        check_route(request, context)?;
        check_media_type(request.headers())?;
        let body: &[u8] = request.body().as_ref();
        check_size(body)?;
        let caller = caller.ok_or_else(|| {
            let message =
                "the request carries no IAM identity; the route must use AWS_IAM authorization";
            Refusal::new(Code::NoIdentity, message)
        })?;
        let approved = issue::approve(body, caller, &self.policy, evidence)?;
        let ca = self.ca(request_id(context)).await?;
        let mut random = [0; 20];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| {
            let message = "the issuer made an error; nothing was issued";
            Refusal::new(Code::Internal, message).with_detail("no randomness")
        })?;
        approved.issue(&ca, (self.now)(), random, self.sign)
    }

    async fn ca(&self, request_id: &str) -> Result<Arc<Ca>, Refusal> {
        let Held { ca, trouble } = self.store.ca((self.now)()).await?;
        if let Some(cause) = trouble {
            self.alarm("ca_refresh_failed", request_id, &cause);
        }
        Ok(ca)
    }

    fn alarm(&self, alarm: &str, request_id: &str, detail: &str) {
        let time = utc((self.now)());
        (self.log)(&audit::Alarm { time, alarm, request_id, detail }.to_json());
    }
}

/// Takes from an event what `lambda_http` panics on when it makes a request of it.
///
/// It puts a URL together from headers and query, which callers choose, and panics where that makes
/// none: `X-Forwarded-Proto: a b` is enough. Nothing here reads the URL, so it is better not made than
/// made with care. The raw path has a place of its own and stays, if it is one. It also panics on a
/// body that is not the base64 that it is said to be; such a body is none.
pub fn disarm(event: &mut LambdaRequest) {
    if let LambdaRequest::ApiGatewayV2(event) = event {
        event.headers.remove(header::HOST);
        event.request_context.domain_name = None;
        event.raw_query_string = None;
        event.query_string_parameters = QueryMap::default();
        // Without a slash it would go on with the host's name.
        event.raw_path = event.raw_path.take().filter(|path| path.starts_with('/'));
        if event.is_base64_encoded {
            event.body = event.body.take().filter(|body| STANDARD.decode(body).is_ok());
        }
    }
}

fn request_id(context: Option<&Context>) -> &str {
    context.and_then(|context| context.request_id.as_deref()).unwrap_or_default()
}

/// Who signed the request, if API Gateway verified that.
fn caller(context: &Context) -> Option<Caller> {
    let iam = context.authorizer.as_ref()?.iam.as_ref()?;
    let present = |field: &Option<String>| field.clone().filter(|value| !value.is_empty());
    Some(Caller { arn: present(&iam.user_arn)?, user_id: present(&iam.user_id)? })
}

fn check_route(request: &Request, context: Option<&Context>) -> Result<(), Refusal> {
    let path = request.raw_http_path();
    // The raw path begins with the stage's name, unless the stage is $default.
    let without_stage = context
        .and_then(|context| context.stage.as_deref())
        .and_then(|stage| path.strip_prefix('/')?.strip_prefix(stage));
    if path != PATH && without_stage != Some(PATH) {
        return Err(Refusal::new(Code::NotFound, format!("there is only POST {PATH}")));
    }
    if request.method() != Method::POST {
        return Err(Refusal::new(Code::MethodNotAllowed, format!("use POST {PATH}")));
    }
    Ok(())
}

/// `application/json`, in UTF-8 if it says so at all, and not compressed.
fn check_media_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let mut parts = text(header::CONTENT_TYPE).unwrap_or_default().split(';').map(str::trim);
    let json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    });
    let plain =
        text(header::CONTENT_ENCODING).is_none_or(|value| value.eq_ignore_ascii_case("identity"));
    if json && utf8 && plain {
        return Ok(());
    }
    let message = "send the body with Content-Type: application/json, in UTF-8 and not compressed";
    Err(Refusal::new(Code::UnsupportedMediaType, message))
}

fn respond(outcome: Result<Issued, Refusal>, request_id: &str) -> Response<Body> {
    let (status, body) = match outcome {
        Ok(issued) => {
            let body = json!({
                "certificate": issued.certificate,
                "chain": issued.chain,
                "not_after": utc(issued.validity.not_after),
            });
            (200, body)
        }
        Err(Refusal { code, message, .. }) => {
            let error = json!({"code": code.as_str(), "message": message});
            (code.status(), json!({"error": error, "request_id": request_id}))
        }
    };
    let mut response = Response::new(Body::Text(body.to_string()));
    *response.status_mut() = lambda_http::http::StatusCode::from_u16(status)
        .unwrap_or(lambda_http::http::StatusCode::INTERNAL_SERVER_ERROR);
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
