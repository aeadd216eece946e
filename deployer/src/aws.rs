//! The AWS account: one configuration, one client for each service, and how its errors read.

mod calls;
mod wait;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

pub use calls::Calls;
pub use wait::{Verdict, poll};

use tokio::sync::Mutex;

use crate::error::{Error, Result};
use crate::resource::Job;

/// How a call can fail.
pub type SdkError<E> = aws_smithy_runtime_api::client::result::SdkError<E, HttpResponse>;

/// Throttling and transient faults are the SDK's to retry; three attempts, its default, are too few
/// for an account in which other tools are at work.
const ATTEMPTS: u32 = 10;

/// The first call decides whether AWS can be reached at all, and somebody waits for the answer.
const FIRST_ATTEMPTS: u32 = 3;

/// A host that does not even answer the TCP handshake for this long is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The account that objects live in, and the clients to reach it.
pub struct Aws {
    /// Twelve digits.
    pub account: String,
    /// Such as `eu-west-1`.
    pub region: String,
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
    /// Every call that was made.
    pub calls: Calls,
    /// API Gateway, HTTP APIs.
    pub apigateway: aws_sdk_apigatewayv2::Client,
    /// `CloudWatch` Logs.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// IAM.
    pub iam: aws_sdk_iam::Client,
    /// Lambda.
    pub lambda: aws_sdk_lambda::Client,
    /// Secrets Manager.
    pub secrets: aws_sdk_secretsmanager::Client,
    turns: RefCell<BTreeMap<String, Rc<Mutex<()>>>>,
}

/// Where to find AWS and whom to be, where that is not left to the environment.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// The region that `stack.yaml` names.
    pub region: Option<String>,
    /// The local AWS: its endpoint, and the keys of the user to act as.
    pub local: Option<(String, Credentials)>,
}

/// The configuration that every AWS tool would use here: environment, profiles, single sign-on.
pub async fn configure(target: &Target) -> Result<SdkConfig> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT_TIMEOUT).build());
    if let Some(region) = &target.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some((endpoint, credentials)) = &target.local {
        loader = loader
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(credentials.clone()));
    }
    let config = loader.load().await;
    if config.region().is_none() {
        return Err(Error::new("no AWS region is configured").hint(
            "set `region:` in stack.yaml, AWS_REGION, or a region in your AWS profile; or use --local",
        ));
    }
    check_endpoint(&config)?;
    check_keys(&config, target).await?;
    Ok(config)
}

/// The credentials that a configuration leads to.
pub async fn credentials(config: &SdkConfig) -> Result<Credentials> {
    let missing = || {
        Error::new("no AWS credentials were found").hint(
            "set AWS_PROFILE, log in with `aws sso login`, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use --local",
        )
    };
    let provider = config.credentials_provider().ok_or_else(missing)?;
    provider.provide_credentials().await.map_err(|error| missing().caused_by(&error))
}

/// What the SDK makes of a malformed URL is not for people.
fn check_endpoint(config: &SdkConfig) -> Result<()> {
    let Some(url) = config.endpoint_url() else { return Ok(()) };
    if url.starts_with("http://") || url.starts_with("https://") {
        return Ok(());
    }
    Err(Error::new(format!("`{url}` is not the URL of an AWS endpoint"))
        .because("it does not begin with http:// or https://")
        .hint("check AWS_ENDPOINT_URL and `endpoint_url` in your AWS profile"))
}

/// There must be keys; and those that only a local AWS takes must never be sent to the real one.
async fn check_keys(config: &SdkConfig, target: &Target) -> Result<()> {
    let key = credentials(config).await?.access_key_id().to_owned();
    if target.local.is_some() || config.endpoint_url().is_some() {
        return Ok(());
    }
    let dummy = key == "test" || (key.len() == 12 && key.bytes().all(|byte| byte.is_ascii_digit()));
    if dummy {
        return Err(Error::new("the AWS credentials are the dummy keys of a local AWS")
            .because(format!("the access key id is `{key}`, and no AWS_ENDPOINT_URL is set"))
            .hint("use --local, set AWS_ENDPOINT_URL, or configure real credentials"));
    }
    Ok(())
}

/// Who the credentials belong to. This is the first call, so it also finds out whether AWS answers.
async fn identity(config: &SdkConfig, calls: &Calls) -> Result<GetCallerIdentityOutput> {
    let sts = aws_sdk_sts::Client::from_conf(
        aws_sdk_sts::config::Builder::from(config)
            .interceptor(calls.clone())
            .retry_config(RetryConfig::standard().with_max_attempts(FIRST_ATTEMPTS))
            .build(),
    );
    sts.get_caller_identity().send().await.map_err(|error| {
        let endpoint = config.endpoint_url().unwrap_or("AWS");
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let tried = match error {
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => {
                format!(", tried {FIRST_ATTEMPTS} times")
            }
            _ => String::new(),
        };
        failed("GetCallerIdentity", &format!("{endpoint} in {region}{tried}"), &error)
            .within("could not find out which AWS account this is")
    })
}

impl Aws {
    /// Connects: finds out which account the credentials belong to.
    pub async fn connect(target: &Target, calls: Calls) -> Result<Self> {
        Self::over(&configure(target).await?, calls).await
    }

    /// Connects with a configuration that is made already; tests put faults into its HTTP client.
    pub async fn over(config: &SdkConfig, calls: Calls) -> Result<Self> {
        let region = config.region().map(ToString::to_string).unwrap_or_default();
        let identity = identity(config, &calls).await?;
        let arn = identity.arn().unwrap_or_default();
        Ok(Self {
            account: identity.account().unwrap_or_default().to_owned(),
            partition: arn.split(':').nth(1).unwrap_or("aws").to_owned(),
            region,
            apigateway: aws_sdk_apigatewayv2::Client::from_conf(
                aws_sdk_apigatewayv2::config::Builder::from(config)
                    .interceptor(calls.clone())
                    .build(),
            ),
            logs: aws_sdk_cloudwatchlogs::Client::from_conf(
                aws_sdk_cloudwatchlogs::config::Builder::from(config)
                    .interceptor(calls.clone())
                    .build(),
            ),
            iam: aws_sdk_iam::Client::from_conf(
                aws_sdk_iam::config::Builder::from(config).interceptor(calls.clone()).build(),
            ),
            lambda: aws_sdk_lambda::Client::from_conf(
                aws_sdk_lambda::config::Builder::from(config).interceptor(calls.clone()).build(),
            ),
            secrets: aws_sdk_secretsmanager::Client::from_conf(
                aws_sdk_secretsmanager::config::Builder::from(config)
                    .interceptor(calls.clone())
                    .build(),
            ),
            calls,
            turns: RefCell::default(),
        })
    }

    /// Carries out a write only when no other write to the same object is under way: API Gateway
    /// answers parallel writes within one API with conflicts, and Lambda loses permissions.
    pub async fn in_turn<T>(&self, object: &str, write: impl Future<Output = T>) -> T {
        let turn = Rc::clone(self.turns.borrow_mut().entry(object.to_owned()).or_default());
        let _held = turn.lock().await;
        write.await
    }

    /// A write within an API: one at a time, and again for as long as API Gateway says that another
    /// one is under way.
    pub async fn change_api<T, E, F>(
        &self,
        job: &Job<'_>,
        api: &str,
        write: impl FnMut() -> F,
    ) -> Result<T, SdkError<E>>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        self.in_turn(api, wait::settled(job, write)).await
    }
}

/// Links in the SDK's chains of errors that are there for programs.
const SAYS_NOTHING: [&str; 4] = ["dispatch failure", "io error", "other", "service error"];

/// The error of a failed call: operation and subject; AWS's code, message and request id, or why
/// AWS could not be reached; and what to do about it.
pub fn failed<E>(operation: &str, subject: &str, error: &SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let summary = Error::new(format!("{operation} failed for {subject}"));
    let Some(code) = error.code() else {
        let mut summary = summary.caused_by(error);
        summary.causes.retain(|cause| !SAYS_NOTHING.contains(&cause.as_str()));
        return hinted(summary, error);
    };
    let request = request_id(error).map(|id| format!(" (request id {id})")).unwrap_or_default();
    let message = error.message().unwrap_or("AWS gave no message");
    let summary = summary.because(format!("{code}: {message}{request}"));
    match remedy(code) {
        Some(hint) => summary.hint(hint),
        None => summary,
    }
}

/// The hint for a call that never got an answer from AWS.
fn hinted<E>(summary: Error, error: &SdkError<E>) -> Error {
    match error {
        SdkError::ConstructionFailure(_) => {
            summary.hint("check your AWS credentials: `aws sts get-caller-identity` must succeed")
        }
        SdkError::DispatchFailure(failure) if failure.as_connector_error().is_none() => {
            summary.hint("check your AWS credentials: `aws sts get-caller-identity` must succeed")
        }
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => summary.hint(
            "check the network, AWS_ENDPOINT_URL and the region; for the local AWS, `deployer local status`",
        ),
        _ => summary,
    }
}

fn request_id<E>(error: &SdkError<E>) -> Option<String> {
    let headers = error.raw_response()?.headers();
    ["x-amzn-requestid", "x-amz-request-id", "apigw-requestid"]
        .iter()
        .find_map(|name| headers.get(*name))
        .map(ToOwned::to_owned)
}

/// What to do about the errors that users meet most.
fn remedy(code: &str) -> Option<&'static str> {
    Some(match code {
        "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "InvalidAccessKeyId" => {
            "the credentials are wrong or deactivated: check AWS_PROFILE, the AWS_* variables and this machine's clock"
        }
        "ExpiredToken" | "ExpiredTokenException" => {
            "the credentials have expired: log in again, for example with `aws sso login`"
        }
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" => {
            "the caller lacks this permission: add the action to its IAM policy, then run again"
        }
        "Throttling" | "ThrottlingException" | "TooManyRequestsException" => {
            "AWS is limiting the rate of calls: wait a minute and run again, what is done stays done"
        }
        "LimitExceeded" | "LimitExceededException" | "CodeStorageExceededException" => {
            "a quota of the account is used up: raise it in Service Quotas, or delete what is not needed"
        }
        _ => return None,
    })
}

/// The answer of a read, or `None` where AWS says that there is no such thing.
pub fn optional<T, E>(
    result: std::result::Result<T, SdkError<E>>,
) -> std::result::Result<Option<T>, SdkError<E>>
where
    E: ProvideErrorMetadata,
{
    match result {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if is(&error, NOT_FOUND) => Ok(None),
        Err(error) => Err(error),
    }
}

/// How the services say that something is not there.
pub const NOT_FOUND: &[&str] =
    &["NoSuchEntity", "NoSuchEntityException", "NotFoundException", "ResourceNotFoundException"];

/// How the services say that something is there already.
pub const ALREADY_EXISTS: &[&str] = &[
    "ConflictException",
    "EntityAlreadyExists",
    "EntityAlreadyExistsException",
    "ResourceAlreadyExistsException",
    "ResourceConflictException",
    "ResourceExistsException",
];

/// Whether AWS answered with one of these codes.
pub fn is<E: ProvideErrorMetadata>(error: &SdkError<E>, codes: &[&str]) -> bool {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
        .is_some_and(|code| codes.contains(&code))
}
