//! Sending calls: each repeated for as long as the table of meanings says to wait, and answered in
//! the terms of a reconciler.

use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::meaning::{self, Meaning};
use super::wait::{Verdict, poll};
use crate::error::{Error, Result};
use crate::resource::Job;

/// How a call can fail.
pub type SdkError<E> = aws_smithy_runtime_api::client::result::SdkError<E, HttpResponse>;

/// What came of one call.
pub enum Answer<T> {
    /// AWS did it.
    Done(T),
    /// There is such an object already.
    Exists(Error),
    /// There is no such object.
    Gone(Error),
}

impl<T> Answer<T> {
    /// The answer to a change of something that is there.
    pub fn written(self) -> Result<T> {
        match self {
            Self::Done(answer) => Ok(answer),
            Self::Exists(error) | Self::Gone(error) => Err(error),
        }
    }

    /// The answer to a create; `None` where there is such a thing already.
    pub fn created(self) -> Result<Option<T>> {
        match self {
            Self::Done(answer) => Ok(Some(answer)),
            Self::Exists(_) => Ok(None),
            Self::Gone(error) => Err(error),
        }
    }

    /// The answer to a delete; `None` where there is no such thing any more.
    pub fn deleted(self) -> Result<Option<T>> {
        match self {
            Self::Done(answer) => Ok(Some(answer)),
            Self::Gone(_) => Ok(None),
            Self::Exists(error) => Err(error),
        }
    }
}

/// An error type of an operation of the SDK.
pub trait ServiceError: ProvideErrorMetadata + std::error::Error + 'static {}

impl<E: ProvideErrorMetadata + std::error::Error + 'static> ServiceError for E {}

/// Judges the result of one call by the table of meanings.
pub fn judge<T, E: ServiceError>(
    operation: &str,
    subject: &str,
    result: Result<T, SdkError<E>>,
) -> Result<Verdict<Answer<T>>> {
    let error = match result {
        Ok(answer) => return Ok(Verdict::Done(Answer::Done(answer))),
        Err(error) => error,
    };
    let failure = failed(operation, subject, &error);
    match meaning_of(operation, &error).0 {
        Meaning::Wait(wait) => Ok(Verdict::NotYet(wait, failure)),
        Meaning::Exists => Ok(Verdict::Done(Answer::Exists(failure))),
        Meaning::Gone => Ok(Verdict::Done(Answer::Gone(failure))),
        Meaning::Final => Err(failure),
    }
}

/// Calls that change something. Each is repeated for as long as AWS says that it will take it later.
impl Job<'_> {
    /// Changes something that is there.
    pub async fn write<T, E: ServiceError, F: Future<Output = Result<T, SdkError<E>>>>(
        &self,
        operation: &str,
        subject: &str,
        send: impl FnMut() -> F,
    ) -> Result<T> {
        self.settled(operation, subject, send).await?.written()
    }

    /// Makes something; `None` where there is such a thing already.
    pub async fn create<T, E: ServiceError, F: Future<Output = Result<T, SdkError<E>>>>(
        &self,
        operation: &str,
        subject: &str,
        send: impl FnMut() -> F,
    ) -> Result<Option<T>> {
        self.settled(operation, subject, send).await?.created()
    }

    /// Removes something; `None` where there is no such thing any more.
    pub async fn delete<T, E: ServiceError, F: Future<Output = Result<T, SdkError<E>>>>(
        &self,
        operation: &str,
        subject: &str,
        send: impl FnMut() -> F,
    ) -> Result<Option<T>> {
        self.settled(operation, subject, send).await?.deleted()
    }

    async fn settled<T, E: ServiceError, F: Future<Output = Result<T, SdkError<E>>>>(
        &self,
        operation: &str,
        subject: &str,
        mut send: impl FnMut() -> F,
    ) -> Result<Answer<T>> {
        poll(self.note, || {
            let call = send();
            async move { judge(operation, subject, call.await) }
        })
        .await
    }
}

/// Judges a call that the SDK was told not to repeat, because a second one would make a second
/// object: where the answer was lost, the caller has to look before it tries again.
pub fn judge_once<T, E: ServiceError>(
    operation: &str,
    subject: &str,
    result: Result<T, SdkError<E>>,
) -> Result<Verdict<Answer<T>>> {
    match result {
        Err(error) if is_lost(&error) => {
            Ok(Verdict::NotYet(meaning::ANSWER, failed(operation, subject, &error)))
        }
        result => judge(operation, subject, result),
    }
}

/// Whether AWS may have carried a call out, or would on another try: what the SDK would repeat.
fn is_lost<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => true,
        SdkError::DispatchFailure(failure) => failure.as_connector_error().is_some(),
        SdkError::ServiceError(answer) => {
            matches!(answer.raw().status().as_u16(), 429 | 500..=599)
        }
        _ => false,
    }
}

/// Looks something up; `None` where there is no such thing. Nothing is waited for.
pub fn read<T, E: ServiceError>(
    operation: &str,
    subject: &str,
    result: Result<T, SdkError<E>>,
) -> Result<Option<T>> {
    match judge(operation, subject, result)? {
        Verdict::Done(Answer::Done(answer)) => Ok(Some(answer)),
        Verdict::Done(Answer::Gone(_)) => Ok(None),
        Verdict::Done(Answer::Exists(error)) | Verdict::NotYet(_, error) => Err(error),
    }
}

/// Links in the SDK's chains of errors that are there for programs.
const SAYS_NOTHING: [&str; 4] = ["dispatch failure", "io error", "other", "service error"];

/// The error of a failed call: operation and subject; AWS's code, message and request id, or why
/// AWS could not be reached; and what to do about it.
pub fn failed<E: ServiceError>(operation: &str, subject: &str, error: &SdkError<E>) -> Error {
    let summary = Error::new(format!("{operation} failed for {subject}"));
    let hint = meaning_of(operation, error).1;
    let request = request_id(error).map(|id| format!(" (request id {id})")).unwrap_or_default();
    let summary = match (error.code(), answered(error)) {
        (Some(code), _) => {
            let message = error.message().unwrap_or("AWS gave no message");
            summary.because(format!("{code}: {message}{request}"))
        }
        (None, Some((status, text))) => {
            summary.because(format!("AWS answered with status {status}: {text}{request}"))
        }
        (None, None) => {
            let mut summary = summary.caused_by(error);
            summary.causes.retain(|cause| !SAYS_NOTHING.contains(&cause.as_str()));
            unanswered(summary, error)
        }
    };
    match hint {
        Some(hint) => summary.hint(hint),
        None => summary,
    }
}

fn meaning_of<E: ServiceError>(
    operation: &str,
    error: &SdkError<E>,
) -> (Meaning, Option<&'static str>) {
    match (error.code(), answered(error)) {
        (Some(code), _) => meaning::of(operation, code, error.message().unwrap_or_default()),
        (None, Some((_, text))) => meaning::of(operation, "", &text),
        (None, None) => (Meaning::Final, None),
    }
}

/// The longest answer without a type that is shown, in characters.
const LONGEST_ANSWER: usize = 300;

/// What AWS has answered, where that was no error of a known shape.
fn answered<E>(error: &SdkError<E>) -> Option<(u16, String)> {
    let response = error.raw_response()?;
    let status = response.status().as_u16();
    let text = String::from_utf8_lossy(response.body().bytes().unwrap_or_default());
    (status >= 400).then(|| (status, text.trim().chars().take(LONGEST_ANSWER).collect()))
}

/// The hint for a call that never got an answer from AWS.
fn unanswered<E>(summary: Error, error: &SdkError<E>) -> Error {
    let credentials = "check your AWS credentials: `aws sts get-caller-identity` must succeed";
    match error {
        SdkError::ConstructionFailure(_) => summary.hint(credentials),
        SdkError::DispatchFailure(failure) if failure.as_connector_error().is_none() => {
            summary.hint(credentials)
        }
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => summary.hint(
            "check the network, AWS_ENDPOINT_URL and the region; for the local AWS, `deployer local status`",
        ),
        _ => summary,
    }
}

fn request_id<E>(error: &SdkError<E>) -> Option<String> {
    let headers = error.raw_response()?.headers();
    ["x-amzn-requestid", "x-amz-request-id", "apigw-requestid"]
        .iter()
        .find_map(|name| headers.get(*name))
        .map(ToOwned::to_owned)
}
