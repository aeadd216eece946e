//! The Lambda function: environment, policy file, Secrets Manager, and the loop of the runtime.

use std::path::PathBuf;
use std::process::ExitCode;

use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, LambdaEvent, Request, Service as _, service_fn, tracing};
use signer::certificate::ToBeSigned;
use signer::handler::Handler;
use signer::policy::Policy;
use signer::secret::{self, SecretsManager, Store};
use time::{Duration, OffsetDateTime};

// One request at a time comes in, so one thread is enough.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    tracing::init_default_subscriber();
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
        Ok::<_, std::convert::Infallible>(handler.handle(request).await)
    }));
    let service = service_fn(|mut event: LambdaEvent<LambdaRequest>| {
        signer::handler::disarm(&mut event.payload);
        adapter.call(event)
    });
    let ended = lambda_http::lambda_runtime::run(service).await;
    ended.map_err(|error| vec![format!("the runtime ended: {error}")])
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
