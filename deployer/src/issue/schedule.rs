//! When to renew: a certificate's lifetime, the time and a random number make a date. Pure.

use time::{Duration, OffsetDateTime};

/// A certificate is renewed when this much of its lifetime has passed, …
const SHARE: f64 = 2.0 / 3.0;

/// … or up to this much of it earlier, so that what was issued together is not renewed together.
const JITTER: f64 = 0.1;

/// The wall clock is looked at this often: sleep does not count while a machine is suspended.
pub(super) const NAP: Duration = Duration::MINUTE;

/// The first pause after a failure; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::seconds(10);

/// Pauses grow to this, or to this part of the time that is left, whichever is shorter.
const LONGEST_PAUSE: Duration = Duration::minutes(15);
const LONGEST_PART: i32 = 10;

/// From when until when a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// The beginning.
    pub from: OffsetDateTime,
    /// The end.
    pub until: OffsetDateTime,
}

/// How much it matters that a renewal failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// There is time for many more attempts.
    Low,
    /// Less than a tenth of the lifetime is left.
    High,
    /// There is no valid certificate.
    Expired,
}

impl Lifetime {
    /// When to renew. `chance` lies between 0 and 1, and decides on how much earlier than at two
    /// thirds.
    pub fn renewal(self, chance: f64) -> OffsetDateTime {
        self.from + (self.until - self.from) * (SHARE - JITTER * chance)
    }

    fn urgency(self, now: OffsetDateTime) -> Urgency {
        match self.until - now {
            left if left <= Duration::ZERO => Urgency::Expired,
            left if left * 10 < self.until - self.from => Urgency::High,
            _ => Urgency::Low,
        }
    }
}

/// How much a failure at this time matters, to somebody who may have no certificate yet.
pub(super) fn urgency(lifetime: Option<Lifetime>, now: OffsetDateTime) -> Urgency {
    lifetime.map_or(Urgency::Expired, |lifetime| lifetime.urgency(now))
}

/// How long to wait after the given number of failures in a row, the first of which is 1.
pub(super) fn pause(
    failures: u32,
    lifetime: Option<Lifetime>,
    now: OffsetDateTime,
    chance: f64,
) -> Duration {
    let doubled = FIRST_PAUSE * 2_i32.saturating_pow(failures.saturating_sub(1).min(16));
    let left = lifetime.map_or(Duration::ZERO, |lifetime| lifetime.until - now);
    // Without a valid certificate there is nothing to lose by waiting, but for its absence.
    let part = if left > Duration::ZERO { left / LONGEST_PART } else { Duration::MINUTE };
    let longest = doubled.min(LONGEST_PAUSE).min(part).max(FIRST_PAUSE);
    longest * (0.5 + chance / 2.0)
}

/// How long to sleep before looking at the clock again, on the way to `next`.
pub(super) fn nap(now: OffsetDateTime, next: OffsetDateTime) -> Duration {
    (next - now).clamp(Duration::ZERO, NAP)
}

/// Whether a pause is to be kept. One that would be longer than any was set by another clock.
pub(super) fn is_ahead(now: OffsetDateTime, then: OffsetDateTime) -> bool {
    now < then && then - now <= LONGEST_PAUSE
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: OffsetDateTime = time::macros::datetime!(2026-05-08 12:00 UTC);
    const HALF_DAY: Lifetime =
        Lifetime { from: NOON, until: time::macros::datetime!(2026-05-09 00:00 UTC) };

    #[test]
    fn renewal_comes_at_two_thirds_or_somewhat_earlier() {
        let after = |chance| (HALF_DAY.renewal(chance) - NOON).whole_minutes();
        assert_eq!(after(0.0), 8 * 60);
        assert_eq!(after(1.0), 8 * 60 - 72);
        assert_eq!(after(0.5), 8 * 60 - 36);
    }

    #[test]
    fn pauses_double_up_to_a_quarter_of_an_hour() {
        let now = NOON + Duration::hours(8);
        let pauses = |chance| {
            [1, 2, 3, 7, 8, u32::MAX].map(|n| pause(n, Some(HALF_DAY), now, chance).whole_seconds())
        };
        assert_eq!(pauses(1.0), [10, 20, 40, 640, 900, 900]);
        assert_eq!(pauses(0.0), [5, 10, 20, 320, 450, 450]);
    }

    #[test]
    fn pauses_shrink_as_the_end_comes_near() {
        let at = |left| pause(20, Some(HALF_DAY), HALF_DAY.until - left, 1.0).whole_seconds();
        assert_eq!(at(Duration::hours(1)), 6 * 60);
        assert_eq!(at(Duration::minutes(10)), 60);
        assert_eq!(at(Duration::seconds(3)), 10);
        assert_eq!(at(Duration::hours(-1)), 60);
        assert_eq!(pause(20, None, NOON, 1.0).whole_seconds(), 60);
    }

    #[test]
    fn failures_matter_more_towards_the_end() {
        let at = |left| urgency(Some(HALF_DAY), HALF_DAY.until - left);
        assert_eq!(at(Duration::hours(4)), Urgency::Low);
        assert_eq!(at(Duration::minutes(71)), Urgency::High);
        assert_eq!(at(Duration::ZERO), Urgency::Expired);
        assert_eq!(urgency(None, NOON), Urgency::Expired);
    }

    #[test]
    fn pauses_end_when_the_clock_is_set_back() {
        assert!(is_ahead(NOON, NOON + Duration::SECOND));
        assert!(!is_ahead(NOON, NOON));
        assert!(!is_ahead(NOON, NOON + Duration::HOUR));
    }

    #[test]
    fn naps_are_short_and_never_negative() {
        assert_eq!(nap(NOON, NOON + Duration::hours(8)), Duration::MINUTE);
        assert_eq!(nap(NOON, NOON + Duration::seconds(5)), Duration::seconds(5));
        assert_eq!(nap(NOON, NOON - Duration::DAY), Duration::ZERO);
    }
}
