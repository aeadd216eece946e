//! Waiting until Lambda has carried a change out.

use std::time::Duration;

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::{LastUpdateStatus, LastUpdateStatusReasonCode, State, StateReasonCode};

use crate::aws::{self, Answer, Aws, Verdict, Wait};
use crate::error::{Error, Result};
use crate::resource::Job;

/// Lambda takes about a second; ten minutes are what the field's tools allow.
const WAIT: Wait = Wait { what: "Lambda to finish the function", at_most: Duration::from_mins(10) };

/// Waits until a function can be invoked as it was made or changed last; its revision then.
pub(super) async fn settled(aws: &Aws, job: &Job<'_>, name: &str) -> Result<Option<String>> {
    aws::poll_later(job.note, || async {
        let found = aws.lambda.get_function_configuration().function_name(name).send().await;
        let function = match aws::judge("GetFunctionConfiguration", name, found)? {
            Verdict::Done(Answer::Done(function)) => function,
            // What was made a moment ago may not be known everywhere.
            Verdict::Done(Answer::Gone(error) | Answer::Exists(error))
            | Verdict::NotYet(_, error) => return Ok(Verdict::NotYet(WAIT, error)),
        };
        let reason =
            Error::new(format!("Lambda has not finished with {name}")).because(reason(&function));
        if is_failed(function.state(), function.last_update_status()) {
            return Err(reason.within(format!("Lambda could not carry out the change of {name}")));
        }
        if is_settled(function.state(), function.last_update_status()) {
            return Ok(Verdict::Done(function.revision_id));
        }
        Ok(Verdict::NotYet(WAIT, reason))
    })
    .await
}

/// Whether Lambda has done all that it was told. What it says nothing of is done.
pub(super) fn is_settled(state: Option<&State>, update: Option<&LastUpdateStatus>) -> bool {
    matches!(state, None | Some(State::Active | State::Inactive))
        && matches!(update, None | Some(LastUpdateStatus::Successful))
}

/// Whether Lambda has given up.
fn is_failed(state: Option<&State>, update: Option<&LastUpdateStatus>) -> bool {
    matches!(state, Some(State::Failed)) || matches!(update, Some(LastUpdateStatus::Failed))
}

fn reason(function: &GetFunctionConfigurationOutput) -> String {
    let reasons = [
        function.state_reason_code().map(StateReasonCode::as_str),
        function.state_reason(),
        function.last_update_status_reason_code().map(LastUpdateStatusReasonCode::as_str),
        function.last_update_status_reason(),
    ];
    reasons.into_iter().flatten().collect::<Vec<_>>().join(": ")
}
