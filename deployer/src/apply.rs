//! Apply: carries a plan out, as much at once as its dependencies allow. It decides nothing but the
//! order. What it is about to do and what it has done is on disk at every moment.

mod change;
#[cfg(test)]
mod properties;
mod schedule;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use tokio::sync::Notify;

use self::change::Run;
use self::schedule::Schedule;
use crate::address::Address;
use crate::cloud::Cloud;
use crate::desired::Payloads;
use crate::error::{Error, Result};
use crate::plan::{Action, Change, Plan};
use crate::state::{Entry, Phase, State, Store};

/// Calls of different resources that may be under way at once: enough for any stack that a person
/// wrote, and few enough not to be throttled.
const PARALLEL: usize = 10;

/// What happens while a plan is carried out.
pub enum Event<'a> {
    /// A change begins.
    Started(&'a Change),
    /// A change waits for something.
    Note(&'a Address, &'a str),
    /// A change is done; what AWS keeps of a deleted object.
    Finished(&'a Change, Option<&'a str>),
    /// A change failed.
    Failed(&'a Change, &'a Error),
    /// A change was given up while it waited, because the run is to end.
    GivenUp(&'a Change, &'a Error),
    /// A change was held back, because the one at the address failed or was held back itself.
    Skipped(&'a Change, &'a Address),
}

/// How it went.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The changes that were carried out.
    pub done: Vec<(Address, Action)>,
    /// The changes that failed.
    pub failed: Vec<(Address, Error)>,
    /// The changes that were held back.
    pub skipped: Vec<Address>,
    /// The changes that were given up while they waited, because the run was to end.
    pub unfinished: Vec<Address>,
    /// The changes that the run did not come to, because it was to end.
    pub not_begun: Vec<Address>,
    /// What AWS keeps for a while of what was deleted.
    pub kept: Vec<String>,
}

/// Carries a plan out. Once `interrupted` says so, nothing new is begun, calls under way are
/// finished, and waits, which change nothing, are given up.
///
/// # Errors
/// Only if the state cannot be written before anything was begun. Failures of single changes are in
/// the outcome.
pub async fn apply(
    plan: &Plan,
    payloads: &Payloads,
    cloud: &dyn Cloud,
    store: &mut Store,
    events: &dyn Fn(&Event<'_>),
    interrupted: &dyn Fn() -> bool,
) -> Result<Outcome> {
    remember(plan, store)?;
    Ok(carry_out(plan, payloads, cloud, store, events, interrupted).await)
}

/// Carries a plan out, and leaves what else the state remembers as it is.
pub async fn carry_out(
    plan: &Plan,
    payloads: &Payloads,
    cloud: &dyn Cloud,
    store: &mut Store,
    events: &dyn Fn(&Event<'_>),
    interrupted: &dyn Fn() -> bool,
) -> Outcome {
    let run = Run {
        payloads,
        cloud,
        events,
        interrupted,
        store: RefCell::new(store),
        schedule: RefCell::new(Schedule::new(plan.actions())),
        news: Notify::new(),
        known: RefCell::new(known(plan)),
        anew: RefCell::default(),
        given_up: RefCell::default(),
        outcome: RefCell::default(),
    };
    all(&run).await;
    // The journal holds all of it, so nothing is lost if there is no room for more.
    let _ = run.store.borrow_mut().settle();
    run.outcome.into_inner()
}

/// Brings the state in line with what was observed, before anything is changed: objects that are as
/// they should be are remembered, and those that are gone and not wanted are forgotten. Writing now
/// also finds out that the disk is full while nothing is lost by it, and raises the serial, by which
/// an older saved plan is told to be old.
fn remember(plan: &Plan, store: &mut Store) -> Result<()> {
    let planned: BTreeSet<_> = plan.changes.iter().map(|change| &change.address).collect();
    let observed = |state: &mut State| {
        state.resources.retain(|address, _| planned.contains(address));
        for change in &plan.changes {
            if let (Action::NoOp, Some(spec), Some(live)) =
                (change.action, &change.spec, &change.live)
            {
                let entry = Entry {
                    phase: Phase::Ready,
                    spec: spec.clone(),
                    outputs: live.outputs.clone(),
                    depends_on: change.depends_on.clone(),
                };
                state.resources.insert(change.address.clone(), entry);
            }
        }
    };
    if plan.actions().next().is_some() { store.begin(observed) } else { store.change(observed) }
}

/// The outputs of objects that stay.
fn known(plan: &Plan) -> BTreeMap<Address, Value> {
    plan.changes
        .iter()
        .filter(|change| matches!(change.action, Action::NoOp | Action::Update))
        .filter_map(|change| Some((change.address.clone(), change.live.as_ref()?.outputs.clone())))
        .collect()
}

/// Starts each change as soon as it need wait no more.
async fn all(run: &Run<'_>) {
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < PARALLEL
            && !(run.interrupted)()
            && let Some(change) = run.schedule.borrow_mut().begin()
        {
            running.push(run.one(change));
        }
        let ended = tokio::select! {
            biased;
            ended = running.next() => ended,
            () = run.news.notified() => continue,
        };
        let Some((change, succeeded)) = ended else { break };
        let held_back = run.schedule.borrow_mut().end(&change.address, succeeded);
        for (change, cause) in held_back {
            hold_back(run, change, cause);
        }
    }
    let waiting = run.schedule.borrow();
    let not_begun = waiting.waiting().map(|change| change.address.clone());
    run.outcome.borrow_mut().not_begun.extend(not_begun);
}

/// Once the run is to end, what is held back would not have been begun in any case.
fn hold_back(run: &Run<'_>, change: &Change, cause: &Address) {
    let mut outcome = run.outcome.borrow_mut();
    if (run.interrupted)() {
        outcome.not_begun.push(change.address.clone());
    } else {
        (run.events)(&Event::Skipped(change, cause));
        outcome.skipped.push(change.address.clone());
    }
}
