//! Days of watching in milliseconds: the clock is the runtime's, which skips what is slept.

use std::cell::{Cell, RefCell};

use tokio::time::Instant;

use super::*;

const NOON: OffsetDateTime = time::macros::datetime!(2026-05-08 12:00 UTC);

/// Certificates of twelve hours, from an issuer and with a hook that fail when they are told to.
struct World {
    begun: Instant,
    /// What the machine's clock gains by being suspended or set.
    leap: Cell<Duration>,
    lifetime: Cell<Option<Lifetime>>,
    hook_pending: Cell<bool>,
    /// The minutes in which the issuer fails, and the hook.
    issuer_fails: std::ops::Range<i64>,
    hook_fails: std::ops::Range<i64>,
    /// Whether each new certificate is over already.
    expired_at_once: bool,
    /// The minute in which it is asked to end.
    ends: i64,
    /// What happened in which minute.
    log: RefCell<Vec<(i64, String)>>,
    /// When the clock leaps, and how far.
    leaps: Option<(i64, Duration)>,
}

impl World {
    fn new(ends: i64) -> Self {
        Self {
            begun: Instant::now(),
            leap: Cell::new(Duration::ZERO),
            lifetime: Cell::new(Some(twelve_hours(NOON))),
            hook_pending: Cell::new(false),
            issuer_fails: 0..0,
            hook_fails: 0..0,
            expired_at_once: false,
            ends,
            log: RefCell::default(),
            leaps: None,
        }
    }

    fn now(&self) -> OffsetDateTime {
        let slept = Duration::try_from(self.begun.elapsed()).expect("a short time");
        if let Some((minute, leap)) = self.leaps
            && slept.whole_minutes() >= minute
        {
            self.leap.set(leap);
        }
        NOON + slept + self.leap.get()
    }

    fn minute(&self) -> i64 {
        (self.now() - NOON).whole_minutes()
    }

    fn note(&self, what: impl Into<String>) {
        self.log.borrow_mut().push((self.minute(), what.into()));
    }

    async fn watched(self) -> Vec<(i64, String)> {
        let tell = |event: &Event<'_>| match event {
            Event::Waiting(_) => {}
            Event::Failed { urgency, .. } => self.note(format!("failed, {urgency:?}")),
            Event::HookFailed(_) => self.note("hook failed"),
        };
        let ended = watch(&self, || self.now(), || 0.0, tell).await.expect("something to go by");
        assert_eq!(ended, Signal::Terminate);
        self.log.into_inner()
    }
}

fn twelve_hours(from: OffsetDateTime) -> Lifetime {
    Lifetime { from, until: from + Duration::hours(12) }
}

impl Work for World {
    fn look(&self, now: OffsetDateTime, chance: f64) -> Result<Look> {
        let lifetime = self.lifetime.get();
        Ok(Look { lifetime, due: lifetime.map_or(now, |lifetime| lifetime.renewal(chance)) })
    }

    async fn renew(&self, now: OffsetDateTime, _: f64) -> Result<()> {
        if self.issuer_fails.contains(&self.minute()) {
            return Err(Error::new("no answer"));
        }
        self.note("renewed");
        let age = if self.expired_at_once { Duration::DAY } else { Duration::ZERO };
        self.lifetime.set(Some(twelve_hours(now - age)));
        self.hook_pending.set(true);
        Ok(())
    }

    fn is_hook_pending(&self) -> bool {
        self.hook_pending.get()
    }

    async fn run_hook(&self) -> Result<()> {
        if self.hook_fails.contains(&self.minute()) {
            return Err(Error::new("no reload"));
        }
        self.note("hook");
        self.hook_pending.set(false);
        Ok(())
    }

    fn rest(&self) -> Option<Signal> {
        (self.minute() >= self.ends).then_some(Signal::Terminate)
    }
}

fn log(entries: &[(i64, &str)]) -> Vec<(i64, String)> {
    entries.iter().map(|(minute, what)| (*minute, (*what).to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn every_eight_hours_there_is_a_new_certificate_and_the_hook_runs() {
    let seen = World::new(25 * 60).watched().await;
    let times = [480, 960, 1440];
    let expected: Vec<_> =
        times.iter().flat_map(|minute| [(*minute, "renewed"), (*minute, "hook")]).collect();
    assert_eq!(seen, log(&expected));
}

#[tokio::test(start_paused = true)]
async fn a_first_certificate_is_asked_for_at_once() {
    let world = World::new(10);
    world.lifetime.set(None);
    assert_eq!(world.watched().await, log(&[(0, "renewed"), (0, "hook")]));
}

#[tokio::test(start_paused = true)]
async fn failures_are_tried_again_ever_more_rarely_and_told_ever_louder() {
    let world = World { issuer_fails: 0..13 * 60, ..World::new(14 * 60) };
    let seen = world.watched().await;
    let failures: Vec<_> = seen.iter().filter(|(_, what)| what.starts_with("failed")).collect();
    let first: Vec<_> = failures.iter().map(|(minute, _)| minute - 480).take(8).collect();
    assert_eq!(first, [0, 0, 0, 0, 1, 2, 5, 10], "10 s, doubled and halved by chance");
    // Half of a quarter of an hour at most, less towards the end.
    let gaps = failures.windows(2).map(|pair| pair[1].0 - pair[0].0);
    assert!(gaps.clone().all(|gap| gap <= 8), "{seen:?}");
    let count = |what: &str| failures.iter().filter(|(_, told)| told.ends_with(what)).count();
    assert!(count("Low") > 10 && count("High") > 10 && count("Expired") > 10, "{seen:?}");
    assert!(failures.len() < 500, "no hurry: {}", failures.len());
    for (minute, told) in &failures {
        let expected = match minute {
            ..648 => "Low",
            648..720 => "High",
            _ => "Expired",
        };
        assert_eq!(told, &format!("failed, {expected}"), "{minute}");
    }
    let (minute, what) = seen.iter().find(|(_, what)| what == "renewed").expect("in the end");
    assert_eq!((*minute, what.as_str()), (780, "renewed"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_hook_is_run_again_each_minute_until_it_succeeds() {
    let seen = World { hook_fails: 480..483, ..World::new(500) }.watched().await;
    let failed = "hook failed";
    let expected = [(480, "renewed"), (480, failed), (481, failed), (482, failed), (483, "hook")];
    assert_eq!(seen, log(&expected));
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_an_earlier_run_left_is_run() {
    let world = World::new(10);
    world.hook_pending.set(true);
    assert_eq!(world.watched().await, log(&[(0, "hook")]));
}

#[tokio::test(start_paused = true)]
async fn a_suspended_machine_renews_within_a_minute_of_waking() {
    let world = World { leaps: Some((60, Duration::hours(9))), ..World::new(60 * 11) };
    let seen = world.watched().await;
    assert_eq!(seen, log(&[(600, "renewed"), (600, "hook")]));
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_holds_up_no_attempt() {
    let leaps = Some((30, Duration::days(-3)));
    let world = World { leaps, issuer_fails: i64::MIN..i64::MAX, ..World::new(i64::MAX) };
    world.lifetime.set(None);
    let tell = |_: &Event<'_>| world.note("failed");
    let watching = watch(&world, || world.now(), || 0.0, tell);
    let hour = std::time::Duration::from_hours(1);
    assert!(tokio::time::timeout(hour, watching).await.is_err(), "it goes on");
    let later = world.log.borrow().iter().filter(|(minute, _)| *minute < 0).count();
    assert!(later > 20, "{later} attempts by the clock that was set back");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_due_at_once_is_not_hurried() {
    // As by a clock that is a day ahead of the issuer's.
    let world = World { expired_at_once: true, ..World::new(30) };
    let seen = world.watched().await;
    let renewals = seen.iter().filter(|(_, what)| what == "renewed").count();
    assert!(renewals <= 31, "{seen:?}");
}
