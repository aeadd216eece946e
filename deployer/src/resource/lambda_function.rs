//! A Lambda function on the `provided.al2023` runtime, identified by its name.
//!
//! Its code is a zip whose bytes depend on nothing but its content, so code drift is the difference
//! of two hashes. Every change must wait until the one before has settled.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html>

mod settle;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{self, Environment, FunctionCode, LogFormat, LoggingConfig, Runtime};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::tags::{self, Tags};
use super::{Fault, Gathered, Job, Live, Reading, ResourceType, Sources};
use crate::address::Address;
use crate::aws::{self, ALREADY_EXISTS, Aws, Verdict};
use crate::error::{Error, Result};
use crate::package::{self, Architecture, Code};

/// A role that was made a moment ago cannot be assumed yet, and a function that is being changed
/// refuses further changes. Five minutes are what the field's tools allow.
const CHANGE_LIMIT: Duration = Duration::from_mins(5);

/// AWS's limit on all names and values of the environment together, in bytes.
const LARGEST_ENVIRONMENT: usize = 4096;

/// The resource type `lambda_function`.
pub struct LambdaFunction;

/// A function, as users declare it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// 1 to 64 characters.
    pub name: String,
    /// At most 256 characters.
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
    pub memory_mb: i32,
    /// 1 to 900 seconds.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: i32,
    /// Environment variables.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// How many instances may run at once, kept free for it; left out, as many as the account has.
    #[serde(default)]
    pub reserved_concurrency: Option<i32>,
    /// The name of the log group that it writes to, in JSON.
    pub log_group: String,
    /// Tags.
    #[serde(default)]
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
    architecture: Architecture,
    /// Always `provided.al2023` for us; somebody else may have changed it.
    runtime: String,
    memory_mb: i32,
    timeout_seconds: i32,
    environment: BTreeMap<String, String>,
    reserved_concurrency: Option<i32>,
    log_group: Option<String>,
    /// Always `JSON` for us.
    log_format: Option<String>,
    tags: Tags,
}

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

fn default_memory() -> i32 {
    128
}

fn default_timeout() -> i32 {
    3
}

impl ResourceType for LambdaFunction {
    const KIND: &'static str = "lambda_function";
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
    const REPLACE_ON: &'static [&'static str] = &["name"];
    const ACTIONS: &'static [&'static str] = &[
        "iam:PassRole",
        "lambda:CreateFunction",
        "lambda:DeleteFunction",
        "lambda:DeleteFunctionConcurrency",
        "lambda:GetFunction",
        "lambda:GetFunctionConfiguration",
        "lambda:PutFunctionConcurrency",
        "lambda:TagResource",
        "lambda:UntagResource",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
    ];

    type Declared = Declared;
    type Identity = Identity;
    type Spec = Spec;
    type Outputs = Outputs;

    fn validate(declared: &Declared) -> Vec<Fault> {
        let mut faults = tags::validate(&declared.tags);
        let mut unless = |fits: bool, path: &str, message: &str| {
            if !fits {
                faults.push(Fault::new([path], message));
            }
        };
        let name = &declared.name;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
        unless(
            !name.is_empty() && name.len() <= 64 && name.chars().all(allowed),
            "name",
            "must be 1 to 64 letters, digits and _ -",
        );
        unless(
            declared.description.chars().count() <= 256,
            "description",
            "must be at most 256 characters",
        );
        unless(
            (128..=10_240).contains(&declared.memory_mb),
            "memory_mb",
            "must be 128 to 10240 MiB",
        );
        unless(
            (1..=900).contains(&declared.timeout_seconds),
            "timeout_seconds",
            "must be 1 to 900 seconds",
        );
        unless(
            declared.reserved_concurrency.is_none_or(|count| count >= 0),
            "reserved_concurrency",
            "must be 0 or more",
        );
        let size: usize =
            declared.environment.iter().map(|(key, value)| key.len() + value.len()).sum();
        unless(size <= LARGEST_ENVIRONMENT, "environment", "must be at most 4096 bytes in all");
        faults.extend(declared.environment.keys().filter_map(|key| variable(key)));
        faults.extend(issuing_policy(&declared.code));
        faults
    }

    fn gather(declared: Declared, sources: &Sources<'_>) -> Result<Gathered<Spec>> {
        let requirement = sources.host.requirement(declared.architecture);
        let package =
            package::package(&declared.code, &sources.base, &requirement, sources.report)?;
        let spec = Spec {
            name: declared.name,
            description: declared.description,
            role: declared.role,
            code_sha256: package.sha256_base64,
            architecture: declared.architecture,
            runtime: Runtime::Providedal2023.as_str().to_owned(),
            memory_mb: declared.memory_mb,
            timeout_seconds: declared.timeout_seconds,
            environment: declared.environment,
            reserved_concurrency: declared.reserved_concurrency,
            log_group: Some(declared.log_group),
            log_format: Some(LogFormat::Json.as_str().to_owned()),
            tags: declared.tags,
        };
        Ok(Gathered { spec, payload: Some(Zeroizing::new(package.zip)) })
    }

    async fn read(
        aws: &Aws,
        identity: Identity,
        _prior: Option<Outputs>,
        _address: &Address,
    ) -> Result<Reading<Live<Spec, Outputs>>> {
        let found =
            aws::optional(aws.lambda.get_function().function_name(&identity.name).send().await);
        let found = found.map_err(|error| aws::failed("GetFunction", &identity.name, &error))?;
        Ok(found.and_then(from_aws).map_or(Reading::Absent, Reading::Present))
    }

    async fn create(aws: &Aws, job: &Job<'_>, spec: Spec) -> Result<Outputs> {
        // A name clash and an unsettled role are the same error on create, so look first.
        let identity = Identity { name: spec.name.clone() };
        if let Reading::Present(live) = Self::read(aws, identity, None, job.address).await? {
            if live.spec.tags.get(tags::ADDRESS) != spec.tags.get(tags::ADDRESS) {
                return Err(Error::new(format!(
                    "the function {} was made by somebody else meanwhile",
                    spec.name
                ))
                .hint("run again to see whose it is"));
            }
            return Self::update(aws, job, live, spec).await;
        }
        let arn = make(aws, job, &spec).await?;
        let outputs = Outputs { arn, name: spec.name.clone() };
        job.record(&outputs)?;
        settle::active(aws, job, &spec.name).await?;
        if spec.reserved_concurrency.is_some() {
            reserve(aws, &spec).await?;
        }
        Ok(outputs)
    }

    async fn update(
        aws: &Aws,
        job: &Job<'_>,
        live: Live<Spec, Outputs>,
        spec: Spec,
    ) -> Result<Outputs> {
        let old = &live.spec;
        if configuration(old) != configuration(&spec) {
            configure(aws, job, old, &spec).await?;
            settle::updated(aws, job, &spec.name).await?;
        }
        if (&old.code_sha256, old.architecture) != (&spec.code_sha256, spec.architecture) {
            upload(aws, job, &spec).await?;
            settle::updated(aws, job, &spec.name).await?;
        }
        if old.reserved_concurrency != spec.reserved_concurrency {
            reserve(aws, &spec).await?;
        }
        let arn = &live.outputs.arn;
        let (set, remove) = tags::changes(&old.tags, &spec.tags);
        if !set.is_empty() {
            let call =
                aws.lambda.tag_resource().resource(arn).set_tags(Some(set.into_iter().collect()));
            call.send().await.map_err(|error| aws::failed("TagResource", arn, &error))?;
        }
        if !remove.is_empty() {
            let call = aws.lambda.untag_resource().resource(arn).set_tag_keys(Some(remove));
            call.send().await.map_err(|error| aws::failed("UntagResource", arn, &error))?;
        }
        Ok(live.outputs)
    }

    async fn delete(
        aws: &Aws,
        _job: &Job<'_>,
        live: Live<Spec, Outputs>,
    ) -> Result<Option<String>> {
        let name = &live.spec.name;
        let deleted = aws::optional(aws.lambda.delete_function().function_name(name).send().await);
        deleted.map_err(|error| aws::failed("DeleteFunction", name, &error))?;
        Ok(None)
    }
}

/// The rules for the name of an environment variable.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>.
fn variable(key: &str) -> Option<Fault> {
    const RESERVED: [&str; 11] = [
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    ];
    let path = ["environment", key];
    let allowed = key.len() >= 2
        && key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if RESERVED.contains(&key) || key.starts_with("AWS_LAMBDA_") {
        Some(Fault::new(path, format!("`{key}` is reserved by Lambda")))
    } else if !allowed {
        Some(Fault::new(path, "must be two or more letters, digits and _, a letter first"))
    } else {
        None
    }
}

/// The issuing policy goes along with the package; the signer's own parser says now what it would
/// otherwise say at the function's start.
fn issuing_policy(code: &Code) -> Vec<Fault> {
    let file = code.files.iter().find(|(name, _)| name.as_str() == signer::policy::FILE_NAME);
    let Some((name, policy)) = file else { return Vec::new() };
    let problems = match signer::policy::Policy::from_json(policy.to_string().as_bytes()) {
        Ok(_) => Vec::new(),
        Err(problems) => problems,
    };
    problems
        .into_iter()
        .map(|problem| {
            let inner = problem.path.split(['.', '[']).map(|step| step.trim_end_matches(']'));
            Fault::new(["code", "files", name.as_str()].into_iter().chain(inner), problem.message)
        })
        .collect()
}

fn from_aws(found: GetFunctionOutput) -> Option<Live<Spec, Outputs>> {
    let configuration = found.configuration?;
    let logging = configuration.logging_config;
    let name = configuration.function_name.unwrap_or_default();
    let arm = configuration.architectures.unwrap_or_default().contains(&types::Architecture::Arm64);
    let environment = configuration.environment.and_then(|environment| environment.variables);
    Some(Live {
        spec: Spec {
            name: name.clone(),
            description: configuration.description.unwrap_or_default(),
            role: configuration.role.unwrap_or_default(),
            code_sha256: configuration.code_sha256.unwrap_or_default(),
            architecture: if arm { Architecture::Arm64 } else { Architecture::X86_64 },
            runtime: configuration
                .runtime
                .map(|runtime| runtime.as_str().to_owned())
                .unwrap_or_default(),
            memory_mb: configuration.memory_size.unwrap_or_default(),
            timeout_seconds: configuration.timeout.unwrap_or_default(),
            environment: environment.unwrap_or_default().into_iter().collect(),
            reserved_concurrency: found
                .concurrency
                .and_then(|concurrency| concurrency.reserved_concurrent_executions),
            log_group: logging.as_ref().and_then(|logging| logging.log_group.clone()),
            log_format: logging
                .and_then(|logging| logging.log_format)
                .map(|format| format.as_str().to_owned()),
            tags: tags::from_aws(found.tags.unwrap_or_default()),
        },
        outputs: Outputs { arn: configuration.function_arn.unwrap_or_default(), name },
    })
}

/// The part of a spec that `UpdateFunctionConfiguration` sets.
fn configuration(spec: &Spec) -> impl PartialEq {
    let spec = spec.clone();
    (
        (spec.description, spec.role, spec.runtime, spec.memory_mb, spec.timeout_seconds),
        (spec.environment, spec.log_group, spec.log_format),
    )
}

async fn make(aws: &Aws, job: &Job<'_>, spec: &Spec) -> Result<String> {
    let zip = Blob::new(job.payload()?.to_vec());
    aws::poll("the role to be usable by Lambda", CHANGE_LIMIT, job.note, || async {
        let call = aws
            .lambda
            .create_function()
            .function_name(&spec.name)
            .description(&spec.description)
            .role(&spec.role)
            .code(FunctionCode::builder().zip_file(zip.clone()).build())
            .runtime(Runtime::from(spec.runtime.as_str()))
            .handler("bootstrap")
            .architectures(to_aws(spec.architecture))
            .memory_size(spec.memory_mb)
            .timeout(spec.timeout_seconds)
            .environment(environment(spec))
            .logging_config(logging(spec))
            .set_tags(Some(spec.tags.clone().into_iter().collect()));
        match call.send().await {
            Ok(made) => Ok(Verdict::Done(made.function_arn.unwrap_or_default())),
            Err(error) if settle::unsettled_role(&error) => {
                Ok(Verdict::NotYet(aws::failed("CreateFunction", &spec.name, &error)))
            }
            Err(error) if aws::is(&error, ALREADY_EXISTS) => {
                Err(aws::failed("CreateFunction", &spec.name, &error)
                    .hint("run again to see whose it is"))
            }
            Err(error) => Err(aws::failed("CreateFunction", &spec.name, &error)),
        }
    })
    .await
}

/// Sends only what differs, so that nothing else can be overwritten.
async fn configure(aws: &Aws, job: &Job<'_>, old: &Spec, spec: &Spec) -> Result<()> {
    aws::poll("the function to take a change", CHANGE_LIMIT, job.note, || async {
        let mut call = aws.lambda.update_function_configuration().function_name(&spec.name);
        if old.description != spec.description {
            call = call.description(&spec.description);
        }
        if old.role != spec.role {
            call = call.role(&spec.role);
        }
        if old.runtime != spec.runtime {
            call = call.runtime(Runtime::from(spec.runtime.as_str()));
        }
        if old.memory_mb != spec.memory_mb {
            call = call.memory_size(spec.memory_mb);
        }
        if old.timeout_seconds != spec.timeout_seconds {
            call = call.timeout(spec.timeout_seconds);
        }
        if old.environment != spec.environment {
            call = call.environment(environment(spec));
        }
        if (&old.log_group, &old.log_format) != (&spec.log_group, &spec.log_format) {
            call = call.logging_config(logging(spec));
        }
        match call.send().await {
            Ok(_) => Ok(Verdict::Done(())),
            Err(error) if settle::unsettled_role(&error) || settle::busy(&error) => {
                Ok(Verdict::NotYet(aws::failed("UpdateFunctionConfiguration", &spec.name, &error)))
            }
            Err(error) => Err(aws::failed("UpdateFunctionConfiguration", &spec.name, &error)),
        }
    })
    .await
}

async fn upload(aws: &Aws, job: &Job<'_>, spec: &Spec) -> Result<()> {
    let zip = Blob::new(job.payload()?.to_vec());
    aws::poll("the function to take new code", CHANGE_LIMIT, job.note, || async {
        let call =
            aws.lambda.update_function_code().function_name(&spec.name).zip_file(zip.clone());
        match call.architectures(to_aws(spec.architecture)).send().await {
            Ok(_) => Ok(Verdict::Done(())),
            Err(error) if settle::busy(&error) => {
                Ok(Verdict::NotYet(aws::failed("UpdateFunctionCode", &spec.name, &error)))
            }
            Err(error) => Err(aws::failed("UpdateFunctionCode", &spec.name, &error)),
        }
    })
    .await
}

async fn reserve(aws: &Aws, spec: &Spec) -> Result<()> {
    let name = &spec.name;
    if let Some(count) = spec.reserved_concurrency {
        let call = aws.lambda.put_function_concurrency().function_name(name);
        let call = call.reserved_concurrent_executions(count).send().await;
        call.map_err(|error| aws::failed("PutFunctionConcurrency", name, &error))?;
    } else {
        let call = aws.lambda.delete_function_concurrency().function_name(name).send().await;
        call.map_err(|error| aws::failed("DeleteFunctionConcurrency", name, &error))?;
    }
    Ok(())
}

fn environment(spec: &Spec) -> Environment {
    Environment::builder()
        .set_variables(Some(spec.environment.clone().into_iter().collect()))
        .build()
}

fn logging(spec: &Spec) -> LoggingConfig {
    LoggingConfig::builder()
        .set_log_format(spec.log_format.as_deref().map(LogFormat::from))
        .set_log_group(spec.log_group.clone())
        .build()
}

fn to_aws(architecture: Architecture) -> types::Architecture {
    match architecture {
        Architecture::X86_64 => types::Architecture::X8664,
        Architecture::Arm64 => types::Architecture::Arm64,
    }
}
