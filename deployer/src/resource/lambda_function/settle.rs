//! Waiting until Lambda has carried a change out, and the errors by which it says "not yet".

use std::time::Duration;

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::{LastUpdateStatus, State};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::aws::{self, Aws, NOT_FOUND, SdkError, Verdict};
use crate::error::{Error, Result};
use crate::resource::Job;

/// Lambda takes about a second; ten minutes are what the field's tools allow.
const LIMIT: Duration = Duration::from_mins(10);

/// Whether Lambda cannot use the role yet, or cannot use it yet as its policy has it. Lambda has but
/// one code for all wrong parameters, so the message has to tell them apart.
pub(super) fn unsettled_role<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    const NOT_YET: [&str; 3] = [
        "cannot be assumed by Lambda",
        "execution role does not have permissions",
        "KMS key is invalid for CreateGrant",
    ];
    aws::is(error, &["InvalidParameterValueException"])
        && error
            .as_service_error()
            .and_then(ProvideErrorMetadata::message)
            .is_some_and(|message| NOT_YET.iter().any(|text| message.contains(text)))
}

/// Whether another change of the function is still under way.
pub(super) fn busy<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    aws::is(error, &["ResourceConflictException"])
}

/// Waits until a new function can be invoked.
pub(super) async fn active(aws: &Aws, job: &Job<'_>, name: &str) -> Result<()> {
    wait(aws, job, name, "the function to become active", |function| match function.state() {
        Some(State::Active) | None => Some(true),
        Some(State::Failed) => None,
        _ => Some(false),
    })
    .await
}

/// Waits until a change of a function has taken effect.
pub(super) async fn updated(aws: &Aws, job: &Job<'_>, name: &str) -> Result<()> {
    wait(aws, job, name, "the function's update", |function| match function.last_update_status() {
        Some(LastUpdateStatus::Successful) | None => Some(true),
        Some(LastUpdateStatus::Failed) => None,
        _ => Some(false),
    })
    .await
}

/// Polls until `done` says yes; `None` from it means that Lambda gave up.
async fn wait(
    aws: &Aws,
    job: &Job<'_>,
    name: &str,
    what: &str,
    done: impl Fn(&GetFunctionConfigurationOutput) -> Option<bool>,
) -> Result<()> {
    aws::poll(what, LIMIT, job.note, || async {
        let found = aws.lambda.get_function_configuration().function_name(name).send().await;
        let function = match found {
            Ok(function) => function,
            Err(error) => {
                let failure = aws::failed("GetFunctionConfiguration", name, &error);
                // What was made a moment ago may not be known everywhere.
                let unknown = aws::is(&error, NOT_FOUND);
                return if unknown { Ok(Verdict::NotYet(failure)) } else { Err(failure) };
            }
        };
        let reason = || {
            let reasons = [
                function.state_reason_code().map(aws_sdk_lambda::types::StateReasonCode::as_str),
                function.state_reason(),
                function
                    .last_update_status_reason_code()
                    .map(aws_sdk_lambda::types::LastUpdateStatusReasonCode::as_str),
                function.last_update_status_reason(),
            ];
            Error::new(format!("Lambda has not finished with {name}"))
                .because(reasons.into_iter().flatten().collect::<Vec<_>>().join(": "))
        };
        match done(&function) {
            Some(true) => Ok(Verdict::Done(())),
            Some(false) => Ok(Verdict::NotYet(reason())),
            None => {
                Err(reason().within(format!("Lambda could not carry out the change of {name}")))
            }
        }
    })
    .await
}
