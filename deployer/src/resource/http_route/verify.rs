//! What a route must do, as its callers see it: refuse the unsigned, answer the signed, and lead
//! nowhere else. It is asked from outside, because what AWS lists need not be what it does.

use std::time::Duration;

use aws_sdk_apigatewayv2::types::AuthorizationType;
use http::Method;

use super::{Outputs, Spec, route};
use crate::aws::{self, Aws, Verdict, Wait};
use crate::call::{self, Caller, Response, Target};
use crate::error::{Error, Result};
use crate::resource::{Check, Job, Live, Reading};

/// A change of an API is live within seconds.
const LIVE: Wait =
    Wait { what: "API Gateway to deploy the route", at_most: Duration::from_secs(30) };

/// A path that nobody declares.
const ELSEWHERE: &str = "/deployer-verifies-that-nothing-is-here";

pub(super) async fn verify(
    aws: &Aws,
    job: &Job<'_>,
    caller: &Caller,
    live: &Live<Spec, Outputs>,
) -> Result<Vec<Check>> {
    let (spec, api) = (&live.spec, &live.spec.api);
    let (found, routes) =
        tokio::join!(aws.apigateway.get_api().api_id(api).send(), route::list(aws, api));
    let gone = || Error::new(format!("the API {api} is not there any more"));
    let endpoint = aws::read("GetApi", api, found)?.ok_or_else(gone)?.api_endpoint;
    let routes = routes?;
    let public = routes.iter().filter(|route| {
        route.authorization_type.as_ref().is_none_or(|who| *who == AuthorizationType::None)
    });
    let public: Vec<_> = public.filter_map(|route| route.route_key.clone()).collect();
    let declared: Vec<_> = routes.iter().filter_map(|route| route.route_key.as_deref()).collect();

    let endpoint = endpoint.unwrap_or_default();
    let (method, path) = spec.route.split_once(' ').unwrap_or(("POST", "/"));
    let mut checks = vec![nobody_else_gets_in(&public)];
    // There is no telling what to send to a route that stands for many paths.
    if path.contains('{') {
        return Ok(checks);
    }
    let target = Target::parse(&format!("{endpoint}{path}"))?;
    checks.push(unsigned(job, &target, &method.parse().unwrap_or(Method::POST)).await);
    if method == "POST" {
        checks.push(signed(job, caller, &target).await);
    }
    // Where a route stands for any path, what is not declared leads somewhere by intention.
    if declared.iter().any(|key| key.contains('{') || *key == "$default") {
        return Ok(checks);
    }
    let is_free = |method: &Method| {
        ![format!("{method} {path}"), format!("ANY {path}")]
            .iter()
            .any(|key| declared.contains(&key.as_str()))
    };
    let other = [Method::GET, Method::PUT, Method::DELETE].into_iter().find(is_free);
    if let Some(other) = other {
        checks.push(nothing(job, &target, &other, path).await);
    }
    let elsewhere = Target::parse(&format!("{endpoint}{ELSEWHERE}"))?;
    checks.push(nothing(job, &elsewhere, &Method::POST, ELSEWHERE).await);
    Ok(checks)
}

/// What decides who gets in, and to what, must be in AWS as it was declared.
pub(super) fn is_as_declared(spec: &Spec, now: &Reading<Live<Spec, Outputs>>) -> Check {
    let what = "its authorization, its function and its permission are as declared";
    let tell = |spec: &Spec| {
        let (function, from) = (spec.function.as_deref(), spec.invoke_from.as_deref());
        format!(
            "{}, {}, invoked from {}",
            spec.authorization,
            function.unwrap_or("no function"),
            from.unwrap_or("nowhere")
        )
    };
    match now {
        Reading::Present(live) if tell(&live.spec) == tell(spec) => Check::holds(what),
        Reading::Present(live) => Check::fails(
            what,
            Error::new(format!("it is {}", tell(&live.spec)))
                .because(format!("declared is {}", tell(spec)))
                .hint("somebody has changed it meanwhile: run apply again"),
        ),
        Reading::Absent | Reading::Recoverable(_) => {
            Check::fails(what, Error::new("the route is not there any more"))
        }
    }
}

fn nobody_else_gets_in(public: &[String]) -> Check {
    let what = "no route of the API is public";
    if public.is_empty() {
        return Check::holds(what);
    }
    let error = Error::new(format!("PUBLIC: anybody can call {}", public.join(", ")))
        .because("these routes of the API have no authorization")
        .hint("delete them, or give them AWS_IAM: the function trusts API Gateway to know its callers");
    Check::fails(what, error)
}

/// API Gateway must refuse who does not sign, before the function hears of it.
async fn unsigned(job: &Job<'_>, target: &Target, method: &Method) -> Check {
    let what = "a call without a signature is refused";
    let result = settled(
        job,
        || call::send_unsigned(target, method, "{}"),
        |status| match status {
            401 | 403 => Some(Ok(())),
            404 | 500..=599 => None,
            _ => Some(Err("it must be 403: anybody may call this route")),
        },
    );
    Check::of(what, result.await)
}

/// A signed call must get to the function. What is sent is no request of any kind, so that nothing
/// comes of it.
async fn signed(job: &Job<'_>, caller: &Caller, target: &Target) -> Check {
    let what = "a signed call is answered by the function";
    let sent = settled(
        job,
        || caller.post(target, b"{}".to_vec()),
        |status| match status {
            404 | 500..=599 => None,
            told => Some(Ok(told)),
        },
    );
    match sent.await {
        Ok(403) => Check::unproven(
            what,
            "these credentials may not call the route: they lack execute-api:Invoke on it",
        ),
        Ok(429) => Check::unproven(
            what,
            "nothing was free to answer it (status 429): the route is throttled or, with `reserved_concurrency: 0`, the function switched off",
        ),
        Ok(_) => Check::holds(what),
        Err(error) => Check::fails(what, error),
    }
}

/// Other methods and paths must lead nowhere.
async fn nothing(job: &Job<'_>, target: &Target, method: &Method, path: &str) -> Check {
    let what = format!("{method} {path} leads nowhere");
    let result = settled(
        job,
        || call::send_unsigned(target, method, ""),
        |status| match status {
            404 => Some(Ok(())),
            500..=599 => None,
            _ => Some(Err("it must be 404: something that is not declared answers there")),
        },
    );
    Check::of(what, result.await)
}

/// Sends a call until its status tells something: `judge` yields none for one that may yet change.
async fn settled<T, F: Future<Output = Result<Response>>>(
    job: &Job<'_>,
    mut send: impl FnMut() -> F,
    judge: impl Fn(u16) -> Option<Result<T, &'static str>>,
) -> Result<T> {
    aws::poll(job.note, || {
        let (call, judge) = (send(), &judge);
        async move {
            let answer = call.await?;
            let body = String::from_utf8_lossy(&answer.body);
            let told = Error::new(format!("the answer was {}", answer.status))
                .because(body.chars().take(300).collect::<String>());
            match judge(answer.status) {
                Some(Ok(value)) => Ok(Verdict::Done(value)),
                Some(Err(why)) => Err(told.because(why)),
                None => Ok(Verdict::NotYet(LIVE, told)),
            }
        }
    })
    .await
}
