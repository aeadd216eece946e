//! A Secrets Manager secret and its value, identified by its name.
//!
//! The value is sent from a local file and never read back. Each version's id is the fingerprint of
//! the certificates in it, which are public: so the id of the current version alone tells whether
//! the value is still the one that we sent, and sending it twice makes no second version.
//! <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html>

mod value;

use std::fs;
use std::path::PathBuf;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, Tag};
use aws_smithy_types::date_time::Format;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::operations::{self as op, Operation, Reach};
use super::tags::{self, Tags};
use super::{Fault, Gathered, Job, Live, Payload, Place, Reading, Recovery, ResourceType, Sources};
use crate::address::Address;
use crate::aws::{self, Answer, Aws, EARLIER_SECRET, Verdict};
use crate::error::{Error, Result};

/// The resource type `secret`.
pub struct Secret;

/// A secret, as users declare it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// 1 to 512 characters.
    #[schemars(regex(pattern = r"^(?!.*-[A-Za-z0-9]{6}$)[A-Za-z0-9/_+=.@-]{1,512}$"))]
    pub name: String,
    /// What the secret is for, in at most 2048 characters.
    #[schemars(length(max = 2048))]
    #[serde(default)]
    pub description: String,
    /// The file whose content is the value. It holds the certificates that belong to the key in it.
    pub value_file: PathBuf,
    /// The key that encrypts the secret: an id, an ARN or an alias. Left out, AWS's own.
    #[serde(default)]
    pub kms_key_id: Option<String>,
    /// How long the secret can be brought back after it was deleted: 7 to 30 days, or 0 to delete it
    /// at once.
    #[serde(default = "thirty_days")]
    #[schemars(range(min = 0, max = 30), extend("not" = { "minimum": 1, "maximum": 6 }))]
    pub recovery_window_days: u8,
    /// Put on it beside the tags of the whole stack and those of ownership.
    #[serde(default)]
    #[schemars(schema_with = "tags::schema")]
    pub tags: Tags,
}

/// A secret, as it is to be and as it is observed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spec {
    /// See [`Declared::name`].
    pub name: String,
    /// See [`Declared::description`].
    pub description: String,
    /// The fingerprint of the certificates in the value, or the id of the version that somebody else
    /// has made. None where there is no value yet.
    pub value_sha256: Option<String>,
    /// See [`Declared::kms_key_id`].
    pub kms_key_id: Option<String>,
    /// See [`Declared::recovery_window_days`].
    pub recovery_window_days: Option<u8>,
    /// Tags.
    pub tags: Tags,
}

/// What a secret is found by, and what AWS does not keep of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Identity {
    name: String,
    /// AWS is told of the recovery window only by the deletion, so the last one asked for is taken
    /// as observed.
    #[serde(default)]
    recovery_window_days: Option<u8>,
    /// Whose a deleted secret must be to be brought back.
    #[serde(default)]
    tags: Tags,
}

/// What AWS assigns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outputs {
    /// The full ARN, with the six characters that AWS adds to the name.
    pub arn: String,
    /// The name again, to be referred to.
    pub name: String,
}

fn thirty_days() -> u8 {
    30
}

impl ResourceType for Secret {
    const KIND: &'static str = "secret";
    const ABOUT: &'static str = "a secret, and its value from a local file";
    const EXAMPLE: &'static str = "\
name: example/ca
description: The issuing CA
value_file: ca/issuing-ca.json
recovery_window_days: 30
";
    const OUTPUTS: &'static [&'static str] = &["arn", "name"];
    const REPLACE_ON: &'static [&'static str] = &["name"];
    const LINGERS: bool = true;
    const OPERATIONS: &'static [Operation] = &[
        op::reads("DescribeSecret", &["secretsmanager:DescribeSecret"]),
        op::discovers("ListSecrets", &["secretsmanager:ListSecrets"]),
        op::makes("CreateSecret", &["secretsmanager:CreateSecret", "secretsmanager:TagResource"]),
        op::makes("RestoreSecret", &["secretsmanager:RestoreSecret"]),
        op::changes("PutSecretValue", &["secretsmanager:PutSecretValue"])
            .in_making(&["value_sha256"]),
        op::changes("TagResource", &["secretsmanager:TagResource"]),
        op::changes("UntagResource", &["secretsmanager:UntagResource"]),
        op::changes("UpdateSecret", &["secretsmanager:UpdateSecret"])
            .in_changing(&["description", "kms_key_id"]),
        op::changes("UpdateSecretVersionStage", &["secretsmanager:UpdateSecretVersionStage"]),
        op::removes("DeleteSecret", &["secretsmanager:DeleteSecret"]),
    ];
    /// AWS looks for a secret that is not there under its bare name.
    const REACH: &'static [Reach] = &[(
        "secretsmanager:",
        &["arn:{partition}:secretsmanager:{region}:{account}:secret:{name}", "{arn}"],
    )];

    type Declared = Declared;
    type Identity = Identity;
    type Spec = Spec;
    type Outputs = Outputs;

    fn validate(declared: &Declared) -> Vec<Fault> {
        let mut faults = tags::validate(&declared.tags);
        let name = &declared.name;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
        if name.is_empty() || name.len() > 512 || !name.chars().all(allowed) {
            faults.push(Fault::new(["name"], "must be 1 to 512 letters, digits and / _ + = . @ -"));
        }
        let ending = name.rsplit_once('-').map(|(_, ending)| ending);
        if ending
            .is_some_and(|end| end.len() == 6 && end.bytes().all(|b| b.is_ascii_alphanumeric()))
        {
            faults.push(Fault::new(
                ["name"],
                "must not end in `-` and six characters, as AWS's own suffix does",
            ));
        }
        if declared.description.chars().count() > 2048 {
            faults.push(Fault::new(["description"], "must be at most 2048 characters"));
        }
        if !matches!(declared.recovery_window_days, 0 | 7..=30) {
            faults.push(Fault::new(
                ["recovery_window_days"],
                "must be 7 to 30, or 0 to delete at once",
            ));
        }
        faults
    }

    fn foretell(place: &Place, identity: Identity) -> Outputs {
        let arn = place.arn("secretsmanager", &format!("secret:{}-??????", identity.name));
        Outputs { arn, name: identity.name }
    }

    fn gather(declared: Declared, sources: &Sources<'_>) -> Result<Gathered<Spec>> {
        let path = sources.base.join(&declared.value_file);
        let value = Zeroizing::new(fs::read(&path).map_err(|error| {
            Error::io("read the secret's value from", &path, &error)
                .hint("for a demo CA, make it with `deployer ca init`")
        })?);
        let spec = Spec {
            name: declared.name,
            description: declared.description,
            value_sha256: Some(value::fingerprint(&value, sources.now).map_err(|error| {
                error.within(format!("could not use {} as the secret's value", path.display()))
            })?),
            kms_key_id: declared.kms_key_id,
            recovery_window_days: Some(declared.recovery_window_days),
            tags: declared.tags,
        };
        Ok(Gathered { spec, payload: Some(Payload::Value(value)) })
    }

    /// A key has several names; AWS may answer with a longer one than it was given.
    fn align(mut observed: Spec, desired: &Spec, _last: Option<&Spec>) -> Spec {
        if let (Some(long), Some(short)) = (&observed.kms_key_id, &desired.kms_key_id)
            && long.ends_with(short.as_str())
        {
            observed.kms_key_id.clone_from(&desired.kms_key_id);
        }
        // AWS does not keep the recovery window; where nobody remembers it, there is nothing to differ.
        observed.recovery_window_days =
            observed.recovery_window_days.or(desired.recovery_window_days);
        observed
    }

    async fn read(
        aws: &Aws,
        identity: Identity,
        _prior: Option<Outputs>,
        _address: &Address,
    ) -> Result<Reading<Live<Spec, Outputs>>> {
        let Some(secret) = describe(aws, &identity.name).await? else { return Ok(Reading::Absent) };
        if let Some(until) = secret.deleted_date() {
            let date = until.fmt(Format::DateTime).unwrap_or_default();
            if !is_ours(&secret, &identity.tags) {
                let message =
                    format!("there is a secret named {} that is not this stack's", identity.name);
                return Err(Error::new(message)
                    .because(format!("somebody has deleted it, and AWS keeps it until {date}"))
                    .hint("choose another name, or wait until then"));
            }
            let arn = secret.arn().unwrap_or_default();
            return Ok(Reading::Recoverable(Recovery {
                what: format!("the secret {}", identity.name),
                until: date,
                purge: format!(
                    "aws secretsmanager delete-secret --force-delete-without-recovery --region {} --secret-id {arn}{}",
                    aws.region,
                    aws.endpoint_option(),
                ),
            }));
        }
        let mut live = observe(&secret);
        live.spec.recovery_window_days = identity.recovery_window_days;
        Ok(Reading::Present(live))
    }

    async fn discover(aws: &Aws, stack: &str) -> Result<Vec<(Address, Identity)>> {
        // The filters of Secrets Manager match beginnings, so the tags are looked at again.
        let filter = |key, value: &str| Filter::builder().key(key).values(value).build();
        let pages = aws
            .secrets
            .list_secrets()
            .filters(filter(FilterNameStringType::TagKey, tags::STACK))
            .filters(filter(FilterNameStringType::TagValue, stack))
            .into_paginator()
            .send()
            .collect::<Result<Vec<_>, _>>();
        let pages = pages.await.map_err(|error| aws::failed("ListSecrets", stack, &error))?;
        let secrets = pages.into_iter().flat_map(|page| page.secret_list.unwrap_or_default());
        Ok(secrets
            .filter_map(|secret| {
                let tags = from_aws(secret.tags());
                let address = tags::address_in(&tags, stack, Self::KIND)?;
                let name = secret.name.unwrap_or_default();
                Some((address, Identity { name, recovery_window_days: None, tags }))
            })
            .collect())
    }

    async fn create(aws: &Aws, job: &Job<'_>, spec: Spec) -> Result<Option<Outputs>> {
        let Some(outputs) = make(aws, job, &spec).await? else {
            restore(aws, job, &spec).await?;
            return Ok(None);
        };
        job.announce(&outputs)?;
        value::put(aws, job, &outputs.arn, spec.value_sha256.as_deref(), &[]).await?;
        Ok(Some(outputs))
    }

    async fn update(
        aws: &Aws,
        job: &Job<'_>,
        live: Live<Spec, Outputs>,
        spec: Spec,
    ) -> Result<Outputs> {
        let (old, arn) = (&live.spec, &live.outputs.arn);
        if old.description != spec.description || old.kms_key_id != spec.kms_key_id {
            let call = aws.secrets.update_secret().secret_id(arn).description(&spec.description);
            // AWS has no way to unset the key but to name its own.
            let key = spec
                .kms_key_id
                .clone()
                .or_else(|| old.kms_key_id.as_ref().map(|_| OWN_KEY.to_owned()));
            let call = call.set_kms_key_id(key);
            job.write("UpdateSecret", arn, || call.clone().send()).await?;
        }
        let (set, remove) = tags::changes(&old.tags, &spec.tags);
        if !set.is_empty() {
            let call = aws.secrets.tag_resource().secret_id(arn).set_tags(Some(to_aws(&set)));
            job.write("TagResource", arn, || call.clone().send()).await?;
        }
        if !remove.is_empty() {
            let call = aws.secrets.untag_resource().secret_id(arn).set_tag_keys(Some(remove));
            job.write("UntagResource", arn, || call.clone().send()).await?;
        }
        if old.value_sha256 != spec.value_sha256 {
            let versions = describe(aws, arn)
                .await?
                .map(|secret| value::versions(&secret))
                .unwrap_or_default();
            value::put(aws, job, arn, spec.value_sha256.as_deref(), &versions).await?;
        }
        Ok(live.outputs)
    }

    async fn delete(aws: &Aws, job: &Job<'_>, live: Live<Spec, Outputs>) -> Result<Option<String>> {
        let arn = &live.outputs.arn;
        let days = live.spec.recovery_window_days.unwrap_or_else(thirty_days);
        let call = aws.secrets.delete_secret().secret_id(arn);
        let call = match days {
            0 => call.force_delete_without_recovery(true),
            days => call.recovery_window_in_days(days.into()),
        };
        let deleted = job.delete("DeleteSecret", arn, || call.clone().send()).await?;
        let until = deleted.and_then(|answer| answer.deletion_date).filter(|_| days > 0);
        Ok(until.and_then(|date| date.fmt(Format::DateTime).ok()).map(|date| {
            format!(
                "AWS keeps the secret {} until {date}; until then `apply` restores it",
                live.spec.name
            )
        }))
    }
}

/// The alias of the key that encrypts secrets for which no other was chosen.
const OWN_KEY: &str = "alias/aws/secretsmanager";

async fn describe(aws: &Aws, id: &str) -> Result<Option<DescribeSecretOutput>> {
    let described = aws.secrets.describe_secret().secret_id(id).send().await;
    aws::read("DescribeSecret", id, described)
}

fn observe(secret: &DescribeSecretOutput) -> Live<Spec, Outputs> {
    let name = secret.name().unwrap_or_default().to_owned();
    let current = value::versions(secret)
        .into_iter()
        .find(|version| version.current)
        .map(|version| version.id);
    Live::new(
        Spec {
            name: name.clone(),
            description: secret.description().unwrap_or_default().to_owned(),
            value_sha256: current,
            kms_key_id: secret
                .kms_key_id()
                .filter(|key| !key.ends_with(OWN_KEY))
                .map(str::to_owned),
            recovery_window_days: None,
            tags: from_aws(secret.tags()),
        },
        Outputs { arn: secret.arn().unwrap_or_default().to_owned(), name },
    )
}

/// Makes the secret without a value; `None` where one of this name is there already. AWS refuses the
/// name also while it is still removing a secret for good, of which nothing can be seen any more.
async fn make(aws: &Aws, job: &Job<'_>, spec: &Spec) -> Result<Option<Outputs>> {
    let call = aws.secrets.create_secret().name(&spec.name).description(&spec.description);
    let call = call.set_kms_key_id(spec.kms_key_id.clone()).set_tags(Some(to_aws(&spec.tags)));
    let call = call.set_client_request_token(spec.value_sha256.clone());
    let made = aws::poll(job.note, || async {
        match aws::judge("CreateSecret", &spec.name, call.clone().send().await)? {
            Verdict::Done(Answer::Exists(error)) if describe(aws, &spec.name).await?.is_none() => {
                Ok(Verdict::NotYet(EARLIER_SECRET, error))
            }
            verdict => Ok(verdict),
        }
    });
    let made = made.await?.created()?;
    Ok(made.map(|made| Outputs { arn: made.arn.unwrap_or_default(), name: spec.name.clone() }))
}

/// Whether a secret carries these ownership tags.
fn is_ours(secret: &DescribeSecretOutput, owner: &Tags) -> bool {
    tags::is_same_owner(&observe(secret).spec.tags, owner)
}

/// Brings back the secret that is in the way, if it is ours and was deleted.
async fn restore(aws: &Aws, job: &Job<'_>, spec: &Spec) -> Result<()> {
    let Some(secret) = describe(aws, &spec.name).await? else { return Ok(()) };
    if is_ours(&secret, &spec.tags) && secret.deleted_date().is_some() {
        let call = aws.secrets.restore_secret().secret_id(&spec.name);
        job.write("RestoreSecret", &spec.name, || call.clone().send()).await?;
    }
    Ok(())
}

fn from_aws(tags: &[Tag]) -> Tags {
    let tags = tags.iter().filter_map(|tag| Some((tag.key()?, tag.value().unwrap_or_default())));
    tags::from_aws(tags)
}

fn to_aws(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}
