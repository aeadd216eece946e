//! Waiting for AWS to become consistent: bounded, visible, and honest at its end.

use std::future::Future;
use std::time::Duration;

use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;

use super::SdkError;
use crate::error::{Error, Result};
use crate::resource::Job;

/// The first pause; each further one is half as long again, up to [`LONGEST_PAUSE`]. Most waits end
/// within a second, and a role takes ten to propagate.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long another change of the same API may take.
const CONFLICT_LIMIT: Duration = Duration::from_mins(2);

/// What one look told.
pub enum Verdict<T> {
    /// It is as it should be.
    Done(T),
    /// Not yet, and why: this error is the answer if time runs out.
    NotYet(Error),
}

/// Looks again and again until it is done, fails for good, or `limit` has passed; then AWS's own
/// last words are the error. `note` is told what is waited for and for how long,
/// and may give up.
pub async fn poll<T, F>(
    what: &str,
    limit: Duration,
    note: &dyn Fn(&str) -> Result<()>,
    mut look: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<Verdict<T>>>,
{
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        let last = match look().await? {
            Verdict::Done(value) => return Ok(value),
            Verdict::NotYet(last) => last,
        };
        let waited = start.elapsed();
        if waited >= limit {
            return Err(last
                .within(format!("gave up waiting for {what} after {} s", waited.as_secs()))
                .hint("run again: what is done stays done"));
        }
        note(&format!(
            "waiting for {what}, {} s of at most {} s",
            waited.as_secs(),
            limit.as_secs()
        ))?;
        tokio::time::sleep(pause.min(limit.saturating_sub(waited))).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

/// Repeats a call within an API for as long as API Gateway says that another one is under way.
pub(super) async fn settled<T, E, F>(
    job: &Job<'_>,
    mut call: impl FnMut() -> F,
) -> Result<T, SdkError<E>>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E>>>,
{
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match call().await {
            Err(error) if concurrent(&error) && start.elapsed() < CONFLICT_LIMIT => {
                let waiting = format!(
                    "waiting for another change of the API, {} s of at most {} s",
                    start.elapsed().as_secs(),
                    CONFLICT_LIMIT.as_secs()
                );
                if (job.note)(&waiting).is_err() {
                    return Err(error);
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 3 / 2).min(LONGEST_PAUSE);
            }
            result => return result,
        }
    }
}

/// AWS sends this error without its type at times, so its text counts as well.
fn concurrent<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let message = error.as_service_error().and_then(ProvideErrorMetadata::message);
    message.is_some_and(|message| message.contains("concurrent modification"))
}
