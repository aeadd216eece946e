//! The IAM users of a new local AWS.
//!
//! The root key checks nothing, so a command that used it would prove nothing. It is used in this
//! file alone, to make users whose signatures and permissions are checked as on AWS.

use aws_sdk_iam::Client;
use aws_sdk_iam::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_iam::error::ProvideErrorMetadata as _;
use aws_smithy_http_client::Builder;

use super::REGION;
use super::record::{AccessKey, Users};
use crate::error::{Context as _, Error, Result};

/// The key that is root on every local AWS, whatever the secret.
const ROOT: &str = "test";

const DEPLOYER: &str = "deployer";
const CLIENT: &str = "client";
const AUDITOR: &str = "auditor";

/// All that a client of the issuer may do, on any stage of any API.
const CLIENT_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:*/*/POST/issue-cert"}]}"#;

/// All that a reader of audit lines may do.
const AUDITOR_POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:FilterLogEvents","Resource":"arn:aws:logs:*:*:log-group:*"}]}"#;

/// Makes the users, their policies and their keys.
pub(super) async fn users(endpoint: &str, deployer_policy: &str) -> Result<Users> {
    let iam = root(endpoint);
    Ok(Users {
        deployer: user(&iam, DEPLOYER, deployer_policy).await?,
        client: user(&iam, CLIENT, CLIENT_POLICY).await?,
        auditor: Some(user(&iam, AUDITOR, AUDITOR_POLICY).await?),
    })
}

/// Makes the user that an instance lacks which an earlier version has started; whether it did.
pub(super) async fn complete(endpoint: &str, users: Option<&mut Users>) -> Result<bool> {
    let Some(users) = users.filter(|users| users.auditor.is_none()) else { return Ok(false) };
    users.auditor = Some(user(&root(endpoint), AUDITOR, AUDITOR_POLICY).await?);
    Ok(true)
}

/// Gives the deployer another policy.
pub(super) async fn put_deployer_policy(endpoint: &str, policy: &str) -> Result<()> {
    put_policy(&root(endpoint), DEPLOYER, policy).await
}

fn root(endpoint: &str) -> Client {
    let config = aws_sdk_iam::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new(ROOT, ROOT, None, None, "the local AWS's root"))
        .http_client(Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

async fn user(iam: &Client, name: &str, policy: &str) -> Result<AccessKey> {
    let message = || format!("could not make the IAM user `{name}` in the local AWS");
    let made = iam.create_user().user_name(name).send().await;
    // A start that was interrupted may have left it.
    if !made.as_ref().is_err_and(|error| error.code() == Some("EntityAlreadyExists")) {
        made.context(message)?;
    }
    put_policy(iam, name, policy).await?;
    let made = iam.create_access_key().user_name(name).send().await.context(message)?;
    let key = made.access_key.ok_or_else(|| Error::new(message()).because("it got no key"))?;
    Ok(AccessKey { access_key_id: key.access_key_id, secret_access_key: key.secret_access_key })
}

async fn put_policy(iam: &Client, user: &str, policy: &str) -> Result<()> {
    iam.put_user_policy()
        .user_name(user)
        .policy_name(user)
        .policy_document(policy)
        .send()
        .await
        .map(drop)
        .context(|| format!("could not give the IAM user `{user}` its policy in the local AWS"))
}
