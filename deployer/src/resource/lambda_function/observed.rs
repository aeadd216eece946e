//! A function as Lambda tells it.

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use aws_sdk_lambda::types::{self, FunctionConfiguration, LastUpdateStatus, State};

use super::{Outputs, Spec, settle};
use crate::aws::{self, Aws};
use crate::error::{Error, Result};
use crate::package::Architecture;
use crate::resource::{Live, tags};

/// The function as it is, with its revision once Lambda is done with it: until then it moves on by
/// itself, and there is nothing to hold a change to.
pub(super) async fn look(aws: &Aws, name: &str) -> Result<Option<Live<Spec, Outputs>>> {
    let found = aws.lambda.get_function().function_name(name).send().await;
    let found = aws::read("GetFunction", name, found)?;
    // Without `lambda:ListTags` AWS answers all the same, but without the tags.
    if let Some(error) = found.as_ref().and_then(|found| found.tags_error.as_ref()) {
        return Err(Error::new(format!("GetFunction told no tags of {name}"))
            .because(format!("{}: {}", error.error_code(), error.message()))
            .hint("the caller needs lambda:ListTags as well: add it to its IAM policy"));
    }
    Ok(found.and_then(from_aws))
}

fn from_aws(found: GetFunctionOutput) -> Option<Live<Spec, Outputs>> {
    let configuration = found.configuration?;
    let (state, update) = (configuration.state.as_ref(), configuration.last_update_status.as_ref());
    let failure = change_failure(&configuration);
    let creation_failure = creation_failure(&configuration);
    let revision = configuration.revision_id.filter(|_| settle::is_settled(state, update));
    let logging = configuration.logging_config;
    let name = configuration.function_name.unwrap_or_default();
    let arm = configuration.architectures.unwrap_or_default().contains(&types::Architecture::Arm64);
    let environment = configuration.environment.and_then(|environment| environment.variables);
    Some(Live {
        revision,
        spec: Spec {
            name: name.clone(),
            description: configuration.description.unwrap_or_default(),
            role: configuration.role.unwrap_or_default(),
            code_sha256: configuration.code_sha256.unwrap_or_default(),
            files: None,
            architecture: if arm { Architecture::Arm64 } else { Architecture::X86_64 },
            runtime: configuration
                .runtime
                .map(|runtime| runtime.as_str().to_owned())
                .unwrap_or_default(),
            handler: configuration.handler.unwrap_or_default(),
            failure,
            creation_failure,
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

/// Why Lambda could not make a function.
fn creation_failure(function: &FunctionConfiguration) -> Option<String> {
    let failed = matches!(function.state(), Some(State::Failed));
    failed.then(|| told(function.state_reason()))
}

/// Why Lambda could not carry out the last change of a function, which runs as it was before that.
fn change_failure(function: &FunctionConfiguration) -> Option<String> {
    let failed = matches!(function.last_update_status(), Some(LastUpdateStatus::Failed));
    failed.then(|| told(function.last_update_status_reason()))
}

fn told(reason: Option<&str>) -> String {
    reason.filter(|reason| !reason.is_empty()).unwrap_or("Lambda tells no reason").to_owned()
}
