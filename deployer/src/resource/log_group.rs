//! A `CloudWatch` Logs group, identified by its name.
//!
//! AWS answers a create of an existing group with an error, so a half-made one is finished instead.
//! Deletes can be refused while a late write is under way.
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html>

use aws_sdk_cloudwatchlogs::types;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::operations::{self as op, Operation, Reach};
use super::tags::{self, Tags};
use super::{Adoption, Fault, Gathered, Job, Live, Place, Reading, ResourceType, Sources};
use crate::address::Address;
use crate::aws::{self, Aws};
use crate::error::Result;

/// The retention that AWS offers, in days.
const RETENTION_DAYS: [i32; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// The resource type `log_group`.
pub struct LogGroup;

/// A log group, as declared and as observed.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// 1 to 512 characters.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_./#-]{1,512}$"))]
    pub name: String,
    /// How long events are kept, in days; left out, for ever.
    #[serde(default)]
    #[schemars(extend("enum" = offered()))]
    pub retention_days: Option<i32>,
    /// Put on it beside the tags of the whole stack and those of ownership.
    #[serde(default)]
    #[schemars(schema_with = "tags::schema")]
    pub tags: Tags,
}

/// What AWS offers, and nothing at all.
fn offered() -> Value {
    RETENTION_DAYS.into_iter().map(Value::from).chain([Value::Null]).collect()
}

/// What a log group is found by.
#[derive(Debug, Serialize, Deserialize)]
pub struct Identity {
    name: String,
}

/// What AWS assigns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outputs {
    /// Without the `:*` that some calls add.
    pub arn: String,
    /// The name again, to be referred to.
    pub name: String,
}

impl ResourceType for LogGroup {
    const KIND: &'static str = "log_group";
    const ABOUT: &'static str = "a log group and its retention";
    const EXAMPLE: &'static str = "\
name: /aws/lambda/example
retention_days: 30
";
    const OUTPUTS: &'static [&'static str] = &["arn", "name"];
    const REPLACE_ON: &'static [&'static str] = &["name"];
    const LINGERS: bool = true;
    const OPERATIONS: &'static [Operation] = &[
        op::reads("DescribeLogGroups", &["logs:DescribeLogGroups"]),
        op::reads("ListTagsForResource", &["logs:ListTagsForResource"]),
        op::makes("CreateLogGroup", &["logs:CreateLogGroup", "logs:TagResource"]),
        op::changes("DeleteRetentionPolicy", &["logs:DeleteRetentionPolicy"]),
        op::changes("PutRetentionPolicy", &["logs:PutRetentionPolicy"])
            .in_making(&["retention_days"])
            .in_changing(&["retention_days"]),
        op::changes("TagResource", &["logs:TagResource"]),
        op::changes("UntagResource", &["logs:UntagResource"]),
        op::removes("DeleteLogGroup", &["logs:DeleteLogGroup"]),
    ];
    /// Groups are found by a list, which cannot be allowed for a single one. What ends in `:*` means
    /// a group to some actions, and what is in it to others.
    const REACH: &'static [Reach] =
        &[("logs:DescribeLogGroups", &["*"]), ("logs:", &["{arn}", "{arn}:*"])];

    /// Lambda makes the group of a function that has none, and a late write that of one just deleted.
    const ADOPTION: Adoption = Adoption::IfBare;

    type Declared = Spec;
    type Identity = Identity;
    type Spec = Spec;
    type Outputs = Outputs;

    fn validate(declared: &Spec) -> Vec<Fault> {
        let mut faults = tags::validate(&declared.tags);
        let name = &declared.name;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_./#-".contains(c);
        if name.is_empty() || name.len() > 512 || !name.chars().all(allowed) {
            faults.push(Fault::new(["name"], "must be 1 to 512 letters, digits and _ - / . #"));
        }
        if declared.retention_days.is_some_and(|days| !RETENTION_DAYS.contains(&days)) {
            let offered: Vec<_> = RETENTION_DAYS.iter().map(ToString::to_string).collect();
            faults.push(Fault::new(
                ["retention_days"],
                format!("AWS offers {} days", offered.join(", ")),
            ));
        }
        faults
    }

    fn foretell(place: &Place, identity: Identity) -> Outputs {
        let arn = place.arn("logs", &format!("log-group:{}", identity.name));
        Outputs { arn, name: identity.name }
    }

    fn gather(declared: Spec, _sources: &Sources<'_>) -> Result<Gathered<Spec>> {
        Ok(Gathered { spec: declared, payload: None })
    }

    async fn read(
        aws: &Aws,
        identity: Identity,
        prior: Option<Outputs>,
        _address: &Address,
    ) -> Result<Reading<Live<Spec, Outputs>>> {
        // Where the ARN is known already, nobody waits for it.
        let known = prior.map(|prior| prior.arn).unwrap_or_default();
        let (group, tags) = tokio::try_join!(find(aws, &identity.name), tags_of(aws, &known))?;
        let Some(group) = group else { return Ok(Reading::Absent) };
        let arn = group.log_group_arn().unwrap_or_default().to_owned();
        let tags = if arn == known { tags } else { tags_of(aws, &arn).await? };
        let Some(tags) = tags else { return Ok(Reading::Absent) };
        Ok(Reading::Present(Live::new(
            Spec { name: identity.name.clone(), retention_days: group.retention_in_days(), tags },
            Outputs { arn, name: identity.name },
        )))
    }

    async fn discover(aws: &Aws, stack: &str) -> Result<Vec<(Address, Identity)>> {
        let listed = aws.logs.describe_log_groups().into_paginator().items().send();
        let groups: Vec<types::LogGroup> = listed
            .collect::<Result<_, _>>()
            .await
            .map_err(|error| aws::failed("DescribeLogGroups", "all log groups", &error))?;
        let tagged = groups.into_iter().map(|group| async move {
            let arn = group.log_group_arn().unwrap_or_default();
            let tags = tags_of(aws, arn).await?.unwrap_or_default();
            let name = group.log_group_name.unwrap_or_default();
            Ok(tags::address_in(&tags, stack, Self::KIND).map(|at| (at, Identity { name })))
        });
        tags::all_tagged(tagged).await
    }

    async fn create(aws: &Aws, job: &Job<'_>, spec: Spec) -> Result<Option<Outputs>> {
        let call = aws.logs.create_log_group().log_group_name(&spec.name);
        let call = call.set_tags(Some(spec.tags.clone().into_iter().collect()));
        if job.create("CreateLogGroup", &spec.name, || call.clone().send()).await?.is_none() {
            return Ok(None);
        }
        let outputs = Outputs {
            arn: aws.place().await?.arn("logs", &format!("log-group:{}", spec.name)),
            name: spec.name.clone(),
        };
        job.announce(&outputs)?;
        if spec.retention_days.is_some() {
            retain(aws, job, &spec).await?;
        }
        Ok(Some(outputs))
    }

    async fn update(
        aws: &Aws,
        job: &Job<'_>,
        live: Live<Spec, Outputs>,
        spec: Spec,
    ) -> Result<Outputs> {
        if live.spec.retention_days != spec.retention_days {
            retain(aws, job, &spec).await?;
        }
        let arn = &live.outputs.arn;
        let (set, remove) = tags::changes(&live.spec.tags, &spec.tags);
        if !set.is_empty() {
            let call =
                aws.logs.tag_resource().resource_arn(arn).set_tags(Some(set.into_iter().collect()));
            job.write("TagResource", arn, || call.clone().send()).await?;
        }
        if !remove.is_empty() {
            let call = aws.logs.untag_resource().resource_arn(arn).set_tag_keys(Some(remove));
            job.write("UntagResource", arn, || call.clone().send()).await?;
        }
        Ok(live.outputs)
    }

    async fn delete(aws: &Aws, job: &Job<'_>, live: Live<Spec, Outputs>) -> Result<Option<String>> {
        let name = &live.spec.name;
        let call = aws.logs.delete_log_group().log_group_name(name);
        job.delete("DeleteLogGroup", name, || call.clone().send()).await?;
        Ok(None)
    }
}

/// The tags of a log group; none where there is no such group, or no ARN to ask with.
async fn tags_of(aws: &Aws, arn: &str) -> Result<Option<Tags>> {
    if arn.is_empty() {
        return Ok(None);
    }
    let listed = aws.logs.list_tags_for_resource().resource_arn(arn).send().await;
    let listed = aws::read("ListTagsForResource", arn, listed)?;
    Ok(listed.map(|listed| tags::from_aws(listed.tags.unwrap_or_default())))
}

async fn find(aws: &Aws, name: &str) -> Result<Option<types::LogGroup>> {
    let mut pages =
        aws.logs.describe_log_groups().log_group_name_prefix(name).into_paginator().items().send();
    while let Some(group) = pages.next().await {
        let group = group.map_err(|error| aws::failed("DescribeLogGroups", name, &error))?;
        if group.log_group_name() == Some(name) {
            return Ok(Some(group));
        }
    }
    Ok(None)
}

async fn retain(aws: &Aws, job: &Job<'_>, spec: &Spec) -> Result<()> {
    let name = &spec.name;
    if let Some(days) = spec.retention_days {
        let call = aws.logs.put_retention_policy().log_group_name(name).retention_in_days(days);
        job.write("PutRetentionPolicy", name, || call.clone().send()).await?;
    } else {
        let call = aws.logs.delete_retention_policy().log_group_name(name);
        job.delete("DeleteRetentionPolicy", name, || call.clone().send()).await?;
    }
    Ok(())
}
