//! Waiting for AWS to become consistent: bounded, visible, and honest at its end.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use super::meaning::Wait;
use crate::error::{Error, Result};

/// The first pause; each further one is half as long again, up to [`LONGEST_PAUSE`]. Most waits end
/// within a second, and a role takes ten to propagate.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Looks only after a first pause, for what is never so at once.
pub async fn poll_later<T, F>(
    note: &dyn Fn(&str) -> Result<()>,
    look: impl FnMut() -> F,
) -> Result<T>
where
    F: Future<Output = Result<Verdict<T>>>,
{
    tokio::time::sleep(FIRST_PAUSE).await;
    poll(note, look).await
}

/// What one look told.
pub enum Verdict<T> {
    /// It is as it should be.
    Done(T),
    /// Not yet, and why: this error is the answer if time runs out.
    NotYet(Wait, Error),
}

/// Looks again and again until it is done, fails for good, or takes longer than what is waited for
/// may take; then AWS's own last words are the error. `note` is told what is waited for,
/// and may give up.
pub async fn poll<T, F>(note: &dyn Fn(&str) -> Result<()>, mut look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<Verdict<T>>>,
{
    let start = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        // The SDK's futures are large, and callers keep this one within theirs.
        let (Wait { what, at_most }, last) = match Box::pin(look()).await? {
            Verdict::Done(value) => return Ok(value),
            Verdict::NotYet(wait, last) => (wait, last),
        };
        let waited = start.elapsed();
        if waited >= at_most {
            return Err(last
                .within(format!("gave up waiting for {what} after {} s", waited.as_secs()))
                .hint("run again: what is done stays done"));
        }
        let (so_far, limit) = (waited.as_secs(), at_most.as_secs());
        note(&format!("waiting for {what}, {so_far} s of at most {limit} s"))?;
        tokio::time::sleep(pause.min(at_most.saturating_sub(waited))).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}
