//! Where AWS is and whom to be there: what every AWS tool would use here, checked before the first
//! call.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use crate::error::{Error, Result};

/// Throttling and transient faults are the SDK's to retry; three attempts, its default, are too few
/// for an account in which other tools are at work.
const ATTEMPTS: u32 = 10;

/// A host that does not even answer the TCP handshake for this long is not there.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

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
    let provider = config.credentials_provider().ok_or_else(|| no_credentials(&[]))?;
    provider.provide_credentials().await.map_err(|error| no_credentials(&reasons(&error)))
}

fn no_credentials(reasons: &[String]) -> Error {
    let mut error = Error::new("no AWS credentials were found");
    if let Some(profile) = std::env::var_os("AWS_PROFILE") {
        let profile = profile.display();
        error = error
            .because(format!("AWS_PROFILE says `{profile}`, and that gives none"))
            .hint(format!("look for `[profile {profile}]` in ~/.aws/config, and log in: `aws sso login --profile {profile}`"));
    }
    reasons.iter().fold(error, Error::because).hint(
        "set AWS_PROFILE, log in with `aws sso login`, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use --local",
    )
}

/// Why there are no credentials, as people need to know it: the SDK says first, and again of each
/// place where it has looked, that it was not configured.
fn reasons(error: &dyn std::error::Error) -> Vec<String> {
    const IDLE: &str = "the credential provider was not enabled";
    let all = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string);
    all.filter(|said| said != IDLE)
        .map(|said| said.replace(&format!("{IDLE}: "), "").replace(IDLE, "not configured"))
        .collect()
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
