//! The one AWS client, made from what Lambda puts into the environment.
//!
//! `aws-config` would also look for profiles, for roles to assume and for metadata services, none of
//! which a function has, and brings the clients of three more services for it.

mod roots;

use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config::retry::RetryConfig;
use aws_sdk_secretsmanager::config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::config::{
    BehaviorVersion, Builder, Config, Credentials, Region, SharedHttpClient,
};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_runtime_api::client::http::{SharedHttpConnector, http_client_fn};

use roots::Roots;

/// The longest wait for Secrets Manager, retries included. It must end before the function's own
/// time is up, or callers get API Gateway's error in place of ours.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The longest wait for a connection, as in every AWS SDK.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3100);

/// A client for Secrets Manager, as the environment wants it: credentials, region, endpoint, FIPS and
/// dual-stack endpoints, retries and proxies, under the names that all AWS SDKs use.
///
/// # Errors
/// What is missing or cannot be used.
pub fn secrets_manager(variable: impl Fn(&str) -> Option<String>) -> Result<Client, String> {
    config(variable).map(Client::from_conf)
}

fn config(variable: impl Fn(&str) -> Option<String>) -> Result<Config, String> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let required = |name: &str| {
        variable(name).ok_or_else(|| format!("the environment variable {name} is not set"))
    };
    let is_true =
        |name: &str| variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let region = variable("AWS_REGION").map_or_else(|| required("AWS_DEFAULT_REGION"), Ok)?;
    let credentials = Credentials::new(
        required("AWS_ACCESS_KEY_ID")?,
        required("AWS_SECRET_ACCESS_KEY")?,
        variable("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    let endpoint = variable("AWS_ENDPOINT_URL_SECRETS_MANAGER")
        .or_else(|| variable("AWS_ENDPOINT_URL"))
        .filter(|_| !is_true("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"));
    let own_bundle = ["SSL_CERT_FILE", "SSL_CERT_DIR"].iter().any(|name| variable(name).is_some());
    let roots = Roots::of(endpoint.as_deref(), &region, own_bundle);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_timeout(TIMEOUT)
        .build();
    let mut builder = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(credentials)
        .retry_config(retries(&variable)?)
        .timeout_config(timeouts)
        .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"))
        .http_client(http_client(roots));
    builder.set_endpoint_url(endpoint);
    Ok(builder.build())
}

fn retries(variable: &impl Fn(&str) -> Option<String>) -> Result<RetryConfig, String> {
    let retries = match variable("AWS_RETRY_MODE").as_deref() {
        None | Some("standard") => RetryConfig::standard(),
        Some("adaptive") => RetryConfig::adaptive(),
        Some(other) => {
            return Err(format!("AWS_RETRY_MODE is `{other}`, not standard or adaptive"));
        }
    };
    match variable("AWS_MAX_ATTEMPTS") {
        None => Ok(retries),
        Some(text) => match text.parse() {
            Ok(attempts @ 1..) => Ok(retries.with_max_attempts(attempts)),
            _ => Err(format!("AWS_MAX_ATTEMPTS is `{text}`, not a number of at least 1")),
        },
    }
}

/// HTTP over rustls, with these roots and the proxies of the environment.
fn http_client(roots: Roots) -> SharedHttpClient {
    // The SDK asks for a connector with each call, and means the same one.
    let connector = OnceLock::new();
    http_client_fn(move |settings, components| {
        let make = || {
            let mut builder = Connector::builder()
                .connector_settings(settings.clone())
                .proxy_config(ProxyConfig::from_env())
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc));
            builder.set_sleep_impl(components.sleep_impl());
            if let Ok(context) = TlsContext::builder().with_trust_store(roots.store()).build() {
                builder.set_tls_context(context);
            }
            SharedHttpConnector::new(builder.build())
        };
        connector.get_or_init(make).clone()
    })
}
