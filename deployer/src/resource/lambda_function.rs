//! A Lambda function on the `provided.al2023` runtime, identified by its name.
//!
//! Its code is a zip whose bytes depend on nothing but its content, so code drift is the difference
//! of two hashes. Every change must wait until the one before has settled.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html>

mod calls;
mod issuing;
mod limits;
mod observed;
mod settle;

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_lambda::types::{FunctionConfiguration, LogFormat, Runtime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::operations::{self as op, Operation, Reach};
use super::tags::{self, Tags};
use super::{Fault, Gathered, Job, Live, Opening, Payload, Place, Reading, ResourceType, Sources};
use crate::address::Address;
use crate::aws::{self, Aws};
use crate::error::Result;
use crate::package::{self, Architecture, Code, FileName};

/// The resource type `lambda_function`.
pub struct LambdaFunction;

/// A function, as users declare it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// 1 to 64 characters.
    #[schemars(regex(pattern = r"^[A-Za-z0-9_-]{1,64}$"))]
    pub name: String,
    /// At most 256 characters.
    #[schemars(length(max = 256))]
    #[serde(default)]
    pub description: String,
    /// The ARN of the role that the function runs as.
    pub role: String,
    /// Where its code comes from.
    pub code: Code,
    /// What it runs on.
    #[serde(default)]
    pub architecture: Architecture,
    /// 128 to 10240 MiB.
    #[serde(default = "default_memory")]
    #[schemars(range(min = 128, max = 10240))]
    pub memory_mb: i32,
    /// 1 to 900 seconds.
    #[serde(default = "default_timeout")]
    #[schemars(range(min = 1, max = 900))]
    pub timeout_seconds: i32,
    /// Environment variables.
    #[serde(default)]
    #[schemars(schema_with = "limits::environment")]
    pub environment: BTreeMap<String, String>,
    /// How many instances may run at once, kept free for it; left out, as many as the account has.
    #[serde(default)]
    #[schemars(range(min = 0))]
    pub reserved_concurrency: Option<i32>,
    /// The name of the log group that it writes to, in JSON.
    pub log_group: String,
    /// Put on it beside the tags of the whole stack and those of ownership.
    #[serde(default)]
    #[schemars(schema_with = "tags::schema")]
    pub tags: Tags,
}

/// A function, as it is to be and as it is observed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spec {
    name: String,
    description: String,
    role: String,
    /// The SHA-256 of the zip, in base64, as AWS tells it.
    code_sha256: String,
    /// What lies beside the program in it, unless it comes as a zip, or is not remembered: AWS does
    /// not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    files: Option<Files>,
    architecture: Architecture,
    /// Always `provided.al2023` for us; somebody else may have changed it.
    runtime: String,
    /// Always `bootstrap` for us, which the runtime does not read.
    #[serde(default = "handler")]
    handler: String,
    /// Why Lambda could not carry out the last change; none for us.
    #[serde(default)]
    failure: Option<String>,
    /// Why Lambda could not make the function, which then can only be deleted and made again; none for us.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html>
    #[serde(default, skip_serializing_if = "Option::is_none")]
    creation_failure: Option<String>,
    memory_mb: i32,
    timeout_seconds: i32,
    environment: BTreeMap<String, String>,
    reserved_concurrency: Option<i32>,
    log_group: Option<String>,
    /// Always `JSON` for us.
    log_format: Option<String>,
    tags: Tags,
}

/// Files by their names.
type Files = BTreeMap<FileName, Value>;

/// What a function is found by.
#[derive(Debug, Serialize, Deserialize)]
pub struct Identity {
    name: String,
}

/// What AWS assigns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outputs {
    /// The ARN, without a version.
    pub arn: String,
    /// The name again, to be referred to.
    pub name: String,
}

fn handler() -> String {
    "bootstrap".to_owned()
}

fn default_memory() -> i32 {
    128
}

fn default_timeout() -> i32 {
    3
}

impl ResourceType for LambdaFunction {
    const KIND: &'static str = "lambda_function";
    const ABOUT: &'static str = "a function on provided.al2023, and its code";
    const EXAMPLE: &'static str = "\
name: example
role: ${iam_role.signer.arn}
code: { cargo: signer }
architecture: x86_64
memory_mb: 128
timeout_seconds: 3
environment: {}
log_group: ${log_group.signer.name}
";
    const OUTPUTS: &'static [&'static str] = &["arn", "name"];
    const REPLACE_ON: &'static [&'static str] = &["name", "creation_failure"];
    const OPERATIONS: &'static [Operation] = &[
        op::reads("GetFunction", &["lambda:GetFunction", "lambda:ListTags"]),
        op::follows("GetFunctionConfiguration", &["lambda:GetFunctionConfiguration"]),
        op::discovers("ListFunctions", &["lambda:ListFunctions"]),
        op::discovers("ListTags", &["lambda:ListTags"]),
        op::makes(
            "CreateFunction",
            &["lambda:CreateFunction", "lambda:TagResource", "iam:PassRole"],
        ),
        op::changes("DeleteFunctionConcurrency", &["lambda:DeleteFunctionConcurrency"]),
        op::changes("PutFunctionConcurrency", &["lambda:PutFunctionConcurrency"])
            .in_making(&["reserved_concurrency"])
            .in_changing(&["reserved_concurrency"]),
        op::changes("TagResource", &["lambda:TagResource"]),
        op::changes("UntagResource", &["lambda:UntagResource"]),
        op::changes("UpdateFunctionCode", &["lambda:UpdateFunctionCode"]).in_changing(&[
            "architecture",
            "code_sha256",
            "failure",
            "files",
        ]),
        op::changes(
            "UpdateFunctionConfiguration",
            &["lambda:UpdateFunctionConfiguration", "iam:PassRole"],
        )
        .in_changing(&[
            "description",
            "environment",
            "handler",
            "log_format",
            "log_group",
            "memory_mb",
            "role",
            "runtime",
            "timeout_seconds",
        ]),
        op::removes("DeleteFunction", &["lambda:DeleteFunction"]),
    ];
    const REACH: &'static [Reach] = &[("iam:PassRole", &["{role}"]), ("lambda:", &["{arn}"])];

    type Declared = Declared;
    type Identity = Identity;
    type Spec = Spec;
    type Outputs = Outputs;

    fn validate(declared: &Declared) -> Vec<Fault> {
        limits::validate(declared)
    }

    fn foretell(place: &Place, identity: Identity) -> Outputs {
        let arn = place.arn("lambda", &format!("function:{}", identity.name));
        Outputs { arn, name: identity.name }
    }

    fn builds(declared: &Declared) -> bool {
        declared.code.is_built()
    }

    fn gather(declared: Declared, sources: &Sources<'_>) -> Result<Gathered<Spec>> {
        let requirement = sources.host.requirement(declared.architecture);
        let cache = sources.cache.as_deref();
        let package =
            package::package(&declared.code, &sources.base, &requirement, cache, sources.report)?;
        let spec = Spec {
            name: declared.name,
            description: declared.description,
            role: declared.role,
            code_sha256: package.sha256_base64.clone(),
            files: (!declared.code.is_zip()).then_some(declared.code.files),
            architecture: declared.architecture,
            runtime: Runtime::Providedal2023.as_str().to_owned(),
            handler: handler(),
            failure: None,
            creation_failure: None,
            memory_mb: declared.memory_mb,
            timeout_seconds: declared.timeout_seconds,
            environment: declared.environment,
            reserved_concurrency: declared.reserved_concurrency,
            log_group: Some(declared.log_group),
            log_format: Some(LogFormat::Json.as_str().to_owned()),
            tags: declared.tags,
        };
        Ok(Gathered { spec, payload: Some(Payload::Code(Arc::new(package))) })
    }

    /// Equal hashes stand for equal files. Of code that somebody else has put there the files are not
    /// known: what counts is what was applied last.
    fn align(observed: Spec, desired: &Spec, last: Option<&Spec>) -> Spec {
        let mut known = [Some(desired), last].into_iter().flatten();
        let same = known.find(|known| known.code_sha256 == observed.code_sha256);
        let none = desired.files.as_ref().filter(|files| files.is_empty());
        let files = same.or(last).map_or(none, |known| known.files.as_ref());
        Spec { files: files.cloned(), ..observed }
    }

    fn widens(
        before: &dyn Fn() -> Result<Vec<Spec>>,
        desired: &Spec,
    ) -> Result<Vec<(String, Opening)>> {
        issuing::widens(before, desired)
    }

    async fn read(
        aws: &Aws,
        identity: Identity,
        _prior: Option<Outputs>,
        _address: &Address,
    ) -> Result<Reading<Live<Spec, Outputs>>> {
        Ok(observed::look(aws, &identity.name).await?.map_or(Reading::Absent, Reading::Present))
    }

    async fn discover(aws: &Aws, stack: &str) -> Result<Vec<(Address, Identity)>> {
        let listed = aws.lambda.list_functions().into_paginator().items().send();
        let functions: Vec<FunctionConfiguration> = listed
            .collect::<Result<_, _>>()
            .await
            .map_err(|error| aws::failed("ListFunctions", "all functions", &error))?;
        let tagged = functions.into_iter().map(|function| async move {
            let arn = function.function_arn.unwrap_or_default();
            let tags = aws.lambda.list_tags().resource(&arn).send().await;
            let tags = aws::read("ListTags", &arn, tags)?.and_then(|found| found.tags);
            let tags = tags::from_aws(tags.unwrap_or_default());
            let name = function.function_name.unwrap_or_default();
            Ok(tags::address_in(&tags, stack, Self::KIND).map(|at| (at, Identity { name })))
        });
        tags::all_tagged(tagged).await
    }

    async fn create(aws: &Aws, job: &Job<'_>, spec: Spec) -> Result<Option<Outputs>> {
        let Some(made) = calls::make(aws, job, &spec).await? else { return Ok(None) };
        let is_settled = settle::is_settled(made.state(), made.last_update_status());
        let arn = made.function_arn.unwrap_or_default();
        let outputs = Outputs { arn, name: spec.name.clone() };
        // What leads to the function may be made while Lambda is busy with it, but not before it is
        // limited, which may be to no calls at all.
        let is_limited = spec.reserved_concurrency.is_some();
        if is_limited {
            job.record(&outputs)?;
        } else {
            job.announce(&outputs)?;
        }
        if !is_settled {
            settle::settled(aws, job, &spec.name).await?;
        }
        if is_limited {
            calls::reserve(aws, job, &spec).await?;
        }
        Ok(Some(outputs))
    }

    async fn update(
        aws: &Aws,
        job: &Job<'_>,
        live: Live<Spec, Outputs>,
        spec: Spec,
    ) -> Result<Outputs> {
        let old = &live.spec;
        let code = |spec: &Spec| (spec.code_sha256.clone(), spec.architecture);
        let revision = if old.failure.is_some() {
            // Another change is what gets over one that Lambda could not carry out, and until then there is
            // nothing to wait for.
            calls::upload(aws, job, None, &spec).await?
        } else if live.revision.is_none() {
            settle::settled(aws, job, &spec.name).await?
        } else {
            live.revision
        };
        let revision = if configuration(old) == configuration(&spec) {
            revision
        } else {
            calls::configure(aws, job, (old, revision), &spec).await?
        };
        if old.failure.is_none() && code(old) != code(&spec) {
            calls::upload(aws, job, revision, &spec).await?;
        }
        if old.reserved_concurrency != spec.reserved_concurrency {
            calls::reserve(aws, job, &spec).await?;
        }
        let arn = &live.outputs.arn;
        let (set, remove) = tags::changes(&old.tags, &spec.tags);
        if !set.is_empty() {
            let call =
                aws.lambda.tag_resource().resource(arn).set_tags(Some(set.into_iter().collect()));
            job.write("TagResource", arn, || call.clone().send()).await?;
        }
        if !remove.is_empty() {
            let call = aws.lambda.untag_resource().resource(arn).set_tag_keys(Some(remove));
            job.write("UntagResource", arn, || call.clone().send()).await?;
        }
        Ok(live.outputs)
    }

    async fn delete(aws: &Aws, job: &Job<'_>, live: Live<Spec, Outputs>) -> Result<Option<String>> {
        let name = &live.spec.name;
        let call = aws.lambda.delete_function().function_name(name);
        job.delete("DeleteFunction", name, || call.clone().send()).await?;
        Ok(None)
    }
}

/// The part of a spec that `UpdateFunctionConfiguration` sets.
fn configuration(spec: &Spec) -> impl PartialEq {
    let spec = spec.clone();
    (
        (spec.description, spec.role, spec.runtime, spec.handler, spec.memory_mb),
        spec.timeout_seconds,
        (spec.environment, spec.log_group, spec.log_format),
    )
}
