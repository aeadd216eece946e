//! The Lambda function: environment, policy file, Secrets Manager, and the loop of the runtime.

use std::convert::Infallible;
use std::path::PathBuf;
use std::pin::Pin;
use std::process::ExitCode;

use lambda_http::request::LambdaRequest;
use lambda_http::tracing::level_filters::LevelFilter;
use lambda_http::{
    Adapter, Body, IntoResponse, LambdaEvent, Request, Response, Service as _, service_fn, tracing,
};
use signer::certificate::ToBeSigned;
use signer::handler::Handler;
use signer::policy::Policy;
use signer::secret::{self, SecretsManager, Store};
use time::{Duration, OffsetDateTime};

// One request at a time comes in, so one thread is enough.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    init_tracing();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problems) => {
            for problem in problems {
                tracing::error!("{problem}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Vec<String>> {
    let policy = policy()?;
    let arn = variable("CA_SECRET_ARN")?;
    let refresh = refresh()?;
    let client = signer::client::secrets_manager(|name| std::env::var(name).ok())
        .map_err(|problem| vec![problem])?;
    let handler = Handler {
        policy,
        store: Store::new(SecretsManager { client, arn }, refresh),
        now: Box::new(OffsetDateTime::now_utc),
        sign: ToBeSigned::sign,
        log: Box::new(write_line),
    };
    handler.prepare().await;
    let handler = &handler;
    let mut adapter = Adapter::from(service_fn(|request: Request| async move {
        Ok::<_, Infallible>(Ready(handler.handle(request).await))
    }));
    let service = service_fn(|mut event: LambdaEvent<LambdaRequest>| {
        signer::handler::disarm(&mut event.payload);
        adapter.call(event)
    });
    let ended = lambda_http::lambda_runtime::run(service).await;
    ended.map_err(|error| vec![format!("the runtime ended: {error}")])
}

/// Logs as Lambda's advanced logging controls want it. The default subscriber of `lambda_http` does
/// the same, but brings an engine for regular expressions to choose modules by.
fn init_tracing() {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"].iter().find_map(|name| variable(name).ok());
    let level = level.and_then(|level| level.parse::<LevelFilter>().ok());
    let subscriber = tracing::subscriber::fmt()
        .with_target(false)
        .without_time()
        .with_max_level(level.unwrap_or(LevelFilter::INFO));
    match variable("AWS_LAMBDA_LOG_FORMAT") {
        Ok(format) if format.eq_ignore_ascii_case("json") => subscriber.json().init(),
        _ => subscriber.init(),
    }
}

/// A response that is text already. Other responses bring tables for all the encodings of the world.
struct Ready(Response<Body>);

impl IntoResponse for Ready {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        Box::pin(std::future::ready(self.0))
    }
}

/// `policy.json` beside the executable.
fn policy() -> Result<Policy, Vec<String>> {
    let path = PathBuf::from(variable("LAMBDA_TASK_ROOT")?).join(signer::policy::FILE_NAME);
    let json = std::fs::read(&path)
        .map_err(|error| vec![format!("could not read {}: {error}", path.display())])?;
    Policy::from_json(&json).map_err(|problems| {
        problems.iter().map(|problem| format!("{}: {problem}", path.display())).collect()
    })
}

/// How long CA material is used before the secret is looked at again.
fn refresh() -> Result<Duration, Vec<String>> {
    let Ok(text) = std::env::var("CA_REFRESH_SECONDS") else { return Ok(secret::REFRESH) };
    match text.parse::<u32>() {
        Ok(seconds @ 1..=86_400) => Ok(Duration::seconds(seconds.into())),
        _ => Err(vec![format!("CA_REFRESH_SECONDS is `{text}`, not a number from 1 to 86400")]),
    }
}

fn variable(name: &str) -> Result<String, Vec<String>> {
    std::env::var(name).map_err(|_| vec![format!("the environment variable {name} is not set")])
}

#[expect(
    clippy::print_stdout,
    reason = "Lambda takes each line of standard output as one log event"
)]
fn write_line(line: &str) {
    println!("{line}");
}
