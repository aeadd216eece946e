//! The calls that make and change a function.

use std::future::Future;

use aws_sdk_lambda::operation::create_function::CreateFunctionOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{self, Environment, FunctionCode, LogFormat, LoggingConfig, Runtime};

use super::{Spec, configuration, observed, settle};
use crate::aws::Aws;
use crate::error::Result;
use crate::package::Architecture;
use crate::resource::Job;

/// The new function, as AWS tells it; `None` where there is one of this name already.
pub(super) async fn make(
    aws: &Aws,
    job: &Job<'_>,
    spec: &Spec,
) -> Result<Option<CreateFunctionOutput>> {
    let zip = Blob::new(job.zip().await?);
    let call = aws
        .lambda
        .create_function()
        .function_name(&spec.name)
        .description(&spec.description)
        .role(&spec.role)
        .code(FunctionCode::builder().zip_file(zip).build())
        .runtime(Runtime::from(spec.runtime.as_str()))
        .handler(&spec.handler)
        .architectures(to_aws(spec.architecture))
        .memory_size(spec.memory_mb)
        .timeout(spec.timeout_seconds)
        .environment(environment(spec))
        .logging_config(logging(spec))
        .set_tags(Some(spec.tags.clone().into_iter().collect()));
    job.create("CreateFunction", &spec.name, || call.clone().send()).await
}

/// Sends only what differs, so that nothing else can be overwritten, and only if the function is
/// still as it was observed; the revision when Lambda is done.
pub(super) async fn configure(
    aws: &Aws,
    job: &Job<'_>,
    (old, revision): (&Spec, Option<String>),
    spec: &Spec,
) -> Result<Option<String>> {
    let mut call = aws.lambda.update_function_configuration().function_name(&spec.name);
    call = call.set_revision_id(revision);
    if old.description != spec.description {
        call = call.description(&spec.description);
    }
    if old.role != spec.role {
        call = call.role(&spec.role);
    }
    if old.runtime != spec.runtime {
        call = call.runtime(Runtime::from(spec.runtime.as_str()));
    }
    if old.handler != spec.handler {
        call = call.handler(&spec.handler);
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
    let sent = job.write("UpdateFunctionConfiguration", &spec.name, || call.clone().send());
    carried_out(aws, sent, spec, |live| configuration(live) == configuration(spec)).await?;
    settle::settled(aws, job, &spec.name).await
}

/// Sends the code, if the function is still as it was observed; the revision when Lambda is done.
pub(super) async fn upload(
    aws: &Aws,
    job: &Job<'_>,
    revision: Option<String>,
    spec: &Spec,
) -> Result<Option<String>> {
    let zip = Blob::new(job.zip().await?);
    let call = aws.lambda.update_function_code().function_name(&spec.name).zip_file(zip);
    let call = call.architectures(to_aws(spec.architecture)).set_revision_id(revision);
    let sent = job.write("UpdateFunctionCode", &spec.name, || call.clone().send());
    let code = |spec: &Spec| (spec.code_sha256.clone(), spec.architecture);
    carried_out(aws, sent, spec, |live| code(live) == code(spec)).await?;
    settle::settled(aws, job, &spec.name).await
}

/// A change whose answer was lost is refused when it is sent again, because the function is not as it
/// was observed any more. What counts is whether it is now as it should be.
async fn carried_out<T>(
    aws: &Aws,
    change: impl Future<Output = Result<T>>,
    spec: &Spec,
    done: impl Fn(&Spec) -> bool,
) -> Result<()> {
    let Err(error) = change.await else { return Ok(()) };
    match observed::look(aws, &spec.name).await {
        Ok(Some(live)) if done(&live.spec) => Ok(()),
        _ => Err(error),
    }
}

pub(super) async fn reserve(aws: &Aws, job: &Job<'_>, spec: &Spec) -> Result<()> {
    let name = &spec.name;
    if let Some(count) = spec.reserved_concurrency {
        let call = aws.lambda.put_function_concurrency().function_name(name);
        let call = call.reserved_concurrent_executions(count);
        job.write("PutFunctionConcurrency", name, || call.clone().send()).await?;
    } else {
        let call = aws.lambda.delete_function_concurrency().function_name(name);
        job.write("DeleteFunctionConcurrency", name, || call.clone().send()).await?;
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
