//! Keeping a certificate fresh for as long as the program runs.
//!
//! The loop looks at the files and the wall clock at least once a minute: so it survives a machine
//! that was suspended, a clock that was set, and files that somebody else has replaced or removed.

use time::{Duration, OffsetDateTime};

use super::schedule::{self, Lifetime, Urgency};
use crate::error::{Error, Result};
use crate::interrupt::Signal;

/// What the loop finds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Of the present certificate, if there is one.
    pub(crate) lifetime: Option<Lifetime>,
    /// When it is to be renewed: now, if it has come to that.
    pub(crate) due: OffsetDateTime,
}

/// What the loop does to the world.
pub(crate) trait Work {
    /// Looks at the files.
    fn look(&self, now: OffsetDateTime, chance: f64) -> Result<Look>;
    /// Replaces the files by new ones.
    async fn renew(&self, now: OffsetDateTime, chance: f64) -> Result<()>;
    /// Whether there is a hook that has yet to succeed.
    fn is_hook_pending(&self) -> bool;
    /// Runs it.
    async fn run_hook(&self) -> Result<()>;
    /// Nothing is under way any more; the request to end that has come meanwhile.
    fn rest(&self) -> Option<Signal>;
}

/// What people are told.
#[derive(Debug)]
pub enum Event<'a> {
    /// Nothing is to be done until then.
    Waiting(OffsetDateTime),
    /// There is no new certificate.
    Failed {
        /// Why.
        error: &'a Error,
        /// How long until the next attempt.
        pause: Duration,
        /// How much it matters.
        urgency: Urgency,
        /// The end of the present certificate.
        until: Option<OffsetDateTime>,
    },
    /// The hook failed; it is tried again.
    HookFailed(&'a Error),
}

/// What the loop remembers from one look to the next.
struct Memory {
    /// Of the present certificate: it stays, so that the date does.
    chance: f64,
    failures: u32,
    /// No attempt before this.
    not_before: OffsetDateTime,
    hook_not_before: OffsetDateTime,
    /// The date that people were told last.
    told: Option<OffsetDateTime>,
    /// Of the certificate that was seen last.
    lifetime: Option<Lifetime>,
}

/// Renews whenever it is time, until asked to end.
///
/// # Errors
///
/// Only if the first look finds nothing to go by: later failures may pass, so they are told, and
/// tried again.
pub(crate) async fn watch(
    work: &impl Work,
    clock: impl Fn() -> OffsetDateTime,
    chance: impl Fn() -> f64,
    tell: impl Fn(&Event<'_>),
) -> Result<Signal> {
    let begun = clock();
    let mut memory = Memory {
        chance: chance(),
        failures: 0,
        not_before: begun,
        hook_not_before: begun,
        told: None,
        lifetime: None,
    };
    work.look(begun, memory.chance)?;
    loop {
        let next = turn(work, &mut memory, &clock, &chance, &tell).await;
        if let Some(signal) = work.rest() {
            return Ok(signal);
        }
        let nap = schedule::nap(clock(), next).unsigned_abs();
        // Never none at all: a request to end must get its turn.
        tokio::time::sleep(nap.max(std::time::Duration::from_millis(100))).await;
    }
}

/// Does what there is to do now; when there may be something again.
async fn turn(
    work: &impl Work,
    memory: &mut Memory,
    clock: &impl Fn() -> OffsetDateTime,
    chance: &impl Fn() -> f64,
    tell: &impl Fn(&Event<'_>),
) -> OffsetDateTime {
    let now = clock();
    let look = work.look(now, memory.chance);
    if let Ok(look) = &look {
        memory.lifetime = look.lifetime;
    }
    let lifetime = memory.lifetime;
    let next = match look {
        Ok(look) if look.due > now => {
            if memory.told.replace(look.due) != Some(look.due) {
                tell(&Event::Waiting(look.due));
            }
            look.due
        }
        _ if schedule::is_ahead(now, memory.not_before) => memory.not_before,
        Ok(_) => match work.renew(now, memory.chance).await {
            Ok(()) => {
                (memory.failures, memory.chance) = (0, chance());
                memory.hook_not_before = now;
                // A certificate that is due at once, by a wrong clock say, must not make us hurry.
                memory.not_before = now + schedule::NAP;
                now
            }
            Err(error) => memory.failed(&error, lifetime, clock(), chance(), tell),
        },
        Err(error) => memory.failed(&error, lifetime, now, chance(), tell),
    };
    if work.is_hook_pending()
        && !schedule::is_ahead(now, memory.hook_not_before)
        && let Err(error) = work.run_hook().await
    {
        tell(&Event::HookFailed(&error));
        memory.hook_not_before = clock() + schedule::NAP;
    }
    next
}

impl Memory {
    /// Tells of a failure, and sets the time of the next attempt.
    fn failed(
        &mut self,
        error: &Error,
        lifetime: Option<Lifetime>,
        now: OffsetDateTime,
        chance: f64,
        tell: &impl Fn(&Event<'_>),
    ) -> OffsetDateTime {
        self.failures = self.failures.saturating_add(1);
        let pause = schedule::pause(self.failures, lifetime, now, chance);
        let urgency = schedule::urgency(lifetime, now);
        tell(&Event::Failed { error, pause, urgency, until: lifetime.map(|one| one.until) });
        self.not_before = now + pause;
        self.not_before
    }
}

#[cfg(test)]
mod tests;
