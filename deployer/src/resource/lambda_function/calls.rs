//! The calls that change a function, each repeated for as long as Lambda is not ready for it.

use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{self, Environment, FunctionCode, LogFormat, LoggingConfig, Runtime};

use super::{Spec, settle};
use crate::aws::{self, ALREADY_EXISTS, Aws, Verdict};
use crate::error::Result;
use crate::package::Architecture;
use crate::resource::Job;

/// A role that was made a moment ago cannot be assumed yet, and a function that is being changed
/// refuses further changes. Five minutes are what the field's tools allow.
const CHANGE_LIMIT: Duration = Duration::from_mins(5);

/// The new function's ARN; `None` where there is one of this name already.
pub(super) async fn make(aws: &Aws, job: &Job<'_>, spec: &Spec) -> Result<Option<String>> {
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
            Ok(made) => Ok(Verdict::Done(made.function_arn)),
            Err(error) if settle::unsettled_role(&error) => {
                Ok(Verdict::NotYet(aws::failed("CreateFunction", &spec.name, &error)))
            }
            Err(error) if aws::is(&error, ALREADY_EXISTS) => Ok(Verdict::Done(None)),
            Err(error) => Err(aws::failed("CreateFunction", &spec.name, &error)),
        }
    })
    .await
}

/// Sends only what differs, so that nothing else can be overwritten.
pub(super) async fn configure(aws: &Aws, job: &Job<'_>, old: &Spec, spec: &Spec) -> Result<()> {
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

pub(super) async fn upload(aws: &Aws, job: &Job<'_>, spec: &Spec) -> Result<()> {
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

pub(super) async fn reserve(aws: &Aws, spec: &Spec) -> Result<()> {
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
