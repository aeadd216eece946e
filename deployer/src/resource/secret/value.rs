//! A secret's value: known by the certificates in it, sent once, never read back.

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use signer::ca::Ca;
use signer::notation::sha256;
use time::OffsetDateTime;

use crate::aws::Aws;
use crate::error::{Error, Result};
use crate::resource::Job;

/// AWS's limit on a secret's value, in bytes.
const LARGEST_VALUE: usize = 65_536;

/// The stage label of the version that readers get.
const CURRENT: &str = "AWSCURRENT";

/// A version of a secret's value.
pub(super) struct Version {
    pub(super) id: String,
    pub(super) current: bool,
}

/// The versions that AWS lists: those with a label.
pub(super) fn versions(secret: &DescribeSecretOutput) -> Vec<Version> {
    let stages = secret.version_ids_to_stages().into_iter().flatten();
    stages
        .map(|(id, stages)| Version {
            id: id.clone(),
            current: stages.iter().any(|stage| stage == CURRENT),
        })
        .collect()
}

/// The SHA-256 of the certificates in a secret's value: enough to know the value by, and public.
pub(super) fn fingerprint(value: &[u8], now: OffsetDateTime) -> Result<String> {
    if value.len() > LARGEST_VALUE {
        return Err(Error::new(format!(
            "it is larger than the {LARGEST_VALUE} bytes that AWS takes"
        )));
    }
    let ca = Ca::from_json(value, now).map_err(|error| {
        Error::new("it is not the material of an issuing CA")
            .because(error)
            .hint("`deployer ca init` makes a demo CA; docs/guide/rotation.md shows the format for your own")
    })?;
    Ok(sha256(ca.chain().as_bytes()))
}

/// Makes the version with this fingerprint the current one: sends it, or where AWS still has it,
/// moves the label back to it.
pub(super) async fn put(
    aws: &Aws,
    job: &Job<'_>,
    arn: &str,
    id: Option<&str>,
    versions: &[Version],
) -> Result<()> {
    let id = id.unwrap_or_default();
    if versions.iter().any(|version| version.id == id) {
        return promote(aws, job, arn, id, versions).await;
    }
    let value = std::str::from_utf8(job.value()?)
        .map_err(|error| Error::new(format!("the value of {arn} is not text")).because(error))?;
    let call =
        aws.secrets.put_secret_value().secret_id(arn).client_request_token(id).secret_string(value);
    let sent = job.write("PutSecretValue", arn, || call.clone().send()).await?;
    // AWS keeps versions without a label for a while, does not list them, and ignores a value that
    // it has already.
    if sent.version_stages().iter().any(|stage| stage == CURRENT) {
        return Ok(());
    }
    promote(aws, job, arn, id, versions).await
}

/// Moves the label to a version that AWS has already.
async fn promote(
    aws: &Aws,
    job: &Job<'_>,
    arn: &str,
    id: &str,
    versions: &[Version],
) -> Result<()> {
    let current = versions.iter().find(|version| version.current).map(|version| version.id.clone());
    let call = aws.secrets.update_secret_version_stage().secret_id(arn).version_stage(CURRENT);
    let call = call.move_to_version_id(id).set_remove_from_version_id(current);
    job.write("UpdateSecretVersionStage", arn, || call.clone().send()).await?;
    Ok(())
}
