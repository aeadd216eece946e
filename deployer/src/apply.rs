//! Apply: carries a plan out, as much at once as its dependencies allow. It decides nothing but the
//! order. What it is about to do and what it has done is on disk at every moment.

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use tokio::sync::Notify;

use crate::address::Address;
use crate::cloud::Cloud;
use crate::desired::Payloads;
use crate::error::{Error, Result};
use crate::plan::{Action, Change, Plan, lookup};
use crate::reference;
use crate::resource::{self, Job, Object};
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
        known: RefCell::new(known(plan)),
        anew: RefCell::default(),
        announced: RefCell::default(),
        news: Notify::new(),
        given_up: RefCell::default(),
        outcome: RefCell::default(),
    };
    run.all(plan).await;
    // The journal holds all of it, so nothing is lost if there is no room for more.
    let _ = run.store.borrow_mut().settle();
    run.outcome.into_inner()
}

/// Brings the state in line with what was observed, before anything is changed: objects that are as
/// they should be are remembered, and those that are gone and not wanted are forgotten. Writing now
/// also finds out that the disk is full while nothing is lost by it, and raises the serial, by which
/// an older saved plan is told to be old.
fn remember(plan: &Plan, store: &mut Store) -> Result<()> {
    let observed = |state: &mut State| {
        state
            .resources
            .retain(|address, _| plan.changes.iter().any(|change| change.address == *address));
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

/// Where a field refers to what this run has made anew, AWS may still hold on to the old one behind
/// the same name: a function keeps its key grant for the unique id of a role. So what such a field
/// held does not count, and it is sent again.
fn with_stale_references(mut live: Object, change: &Change) -> Object {
    if let (Value::Object(seen), Some(Value::Object(wanted))) = (&mut live.spec, &change.spec) {
        for (field, value) in wanted.iter().filter(|(_, value)| reference::is_unknown(value)) {
            seen.insert(field.clone(), value.clone());
        }
    }
    live
}

/// What has ended is closed when all that it was begun on is: until then others must not build on it,
/// and if some of that is broken, they must not at all.
fn close<'c>(
    ended: &mut Vec<&'c Change>,
    open: &mut BTreeSet<&'c Address>,
    broken: &mut BTreeSet<&'c Address>,
) {
    while let Some(n) =
        ended.iter().position(|change| !change.after.iter().any(|need| open.contains(need)))
    {
        let change = ended.swap_remove(n);
        open.remove(&change.address);
        if change.after.iter().any(|need| broken.contains(need)) {
            broken.insert(&change.address);
        }
    }
}

struct Run<'a> {
    payloads: &'a Payloads,
    cloud: &'a dyn Cloud,
    events: &'a dyn Fn(&Event<'_>),
    interrupted: &'a dyn Fn() -> bool,
    /// Everything runs on one thread, and no borrow lives across an await.
    store: RefCell<&'a mut Store>,
    known: RefCell<BTreeMap<Address, Value>>,
    /// What there was nothing of before this run.
    anew: RefCell<BTreeSet<Address>>,
    /// What is not complete, but has all that others need to be made.
    announced: RefCell<BTreeSet<Address>>,
    /// Told when there is more of that.
    news: Notify,
    /// The changes that were told to give up waiting.
    given_up: RefCell<BTreeSet<Address>>,
    outcome: RefCell<Outcome>,
}

impl Run<'_> {
    /// Starts each change as soon as it need wait no more.
    async fn all(&self, plan: &Plan) {
        let mut waiting: Vec<&Change> = plan.actions().collect();
        let mut open: BTreeSet<&Address> = waiting.iter().map(|change| &change.address).collect();
        let mut broken: BTreeSet<&Address> = BTreeSet::new();
        let mut ended: Vec<&Change> = Vec::new();
        let mut running = FuturesUnordered::new();
        loop {
            waiting.retain(|change| {
                if (self.interrupted)() {
                    return true;
                }
                if let Some(cause) = change.after.iter().find(|need| broken.contains(need)) {
                    (self.events)(&Event::Skipped(change, cause));
                    self.outcome.borrow_mut().skipped.push(change.address.clone());
                    open.remove(&change.address);
                    broken.insert(&change.address);
                    return false;
                }
                let ready = running.len() < PARALLEL
                    && change
                        .after
                        .iter()
                        .all(|need| !open.contains(need) || self.does(need, change));
                if ready {
                    running.push(self.one(change));
                }
                !ready
            });
            // Changes come in an order in which they could be done one by one, so one pass over them
            // either starts something or has skipped all that cannot be started.
            let next = tokio::select! {
                biased;
                next = running.next() => next,
                () = self.news.notified() => continue,
            };
            let Some((change, done)) = next else { break };
            if !done {
                broken.insert(&change.address);
            }
            ended.push(change);
            close(&mut ended, &mut open, &mut broken);
        }
        let not_begun = waiting.into_iter().map(|change| change.address.clone());
        self.outcome.borrow_mut().not_begun = not_begun.collect();
    }

    /// Whether what is not complete yet does for a change. It does to make something, which nobody
    /// uses yet; what is in use must not lead to what is half made.
    fn does(&self, need: &Address, change: &Change) -> bool {
        change.action == Action::Create && self.announced.borrow().contains(need)
    }

    /// One change from start to end; whether it succeeded.
    async fn one<'c>(&self, change: &'c Change) -> (&'c Change, bool) {
        (self.events)(&Event::Started(change));
        let result = self.carry_out(change).await;
        let mut outcome = self.outcome.borrow_mut();
        match result {
            Ok(kept) => {
                (self.events)(&Event::Finished(change, kept.as_deref()));
                outcome.done.push((change.address.clone(), change.action));
                outcome.kept.extend(kept);
                (change, true)
            }
            Err(error) if self.given_up.borrow().contains(&change.address) => {
                (self.events)(&Event::GivenUp(change, &error));
                outcome.unfinished.push(change.address.clone());
                (change, false)
            }
            Err(error) => {
                (self.events)(&Event::Failed(change, &error));
                outcome.failed.push((change.address.clone(), error));
                (change, false)
            }
        }
    }

    async fn carry_out(&self, change: &Change) -> Result<Option<String>> {
        match (change.action, &change.live) {
            (Action::Create | Action::Restore, _) => self.create(change).await.map(|()| None),
            (Action::Update, Some(live)) => self.update(change, live).await.map(|()| None),
            (Action::Replace, Some(live)) => {
                let kept = self.delete(change, live).await?;
                self.create(change).await.map(|()| kept)
            }
            (Action::Delete, Some(live)) => self.delete(change, live).await,
            _ => Ok(None),
        }
    }

    async fn create(&self, change: &Change) -> Result<()> {
        let spec = self.resolve(change)?;
        self.enter(change, Phase::Creating, &spec, Value::Null)?;
        let journal = |outputs| self.enter(change, Phase::Creating, &spec, outputs);
        let announce = |outputs: Value| {
            self.enter(change, Phase::Creating, &spec, outputs.clone())?;
            self.known.borrow_mut().insert(change.address.clone(), outputs);
            self.anew.borrow_mut().insert(change.address.clone());
            self.announced.borrow_mut().insert(change.address.clone());
            self.news.notify_one();
            Ok(())
        };
        let note = self.note(change);
        let job = Job { announce: &announce, ..self.job(change, &journal, &note) };
        let made = self.cloud.create(&job, spec.clone()).await?;
        if made.anew {
            self.anew.borrow_mut().insert(change.address.clone());
        }
        self.made(change, &spec, made.outputs)
    }

    async fn update(&self, change: &Change, live: &Object) -> Result<()> {
        let spec = self.resolve(change)?;
        let journal = |outputs: Value| self.record(change, &spec, outputs);
        let note = self.note(change);
        let job = self.job(change, &journal, &note);
        let live = with_stale_references(live.clone(), change);
        let outputs = self.cloud.update(&job, live, spec.clone()).await?;
        self.made(change, &spec, outputs)
    }

    async fn delete(&self, change: &Change, live: &Object) -> Result<Option<String>> {
        if change.goes_along {
            return self.bury(change, live).map(|()| None);
        }
        if let Some(entry) = self.remembered(change) {
            self.put(change, Entry { phase: Phase::Deleting, ..entry })?;
        }
        let journal = |_| Ok(());
        let note = self.note(change);
        let job = self.job(change, &journal, &note);
        let kept = self.cloud.delete(&job, live.clone()).await?;
        self.bury(change, live)?;
        Ok(kept)
    }

    /// What was deleted is remembered until a later run has looked once more.
    fn bury(&self, change: &Change, live: &Object) -> Result<()> {
        if let Some(entry) = self.remembered(change) {
            return self.put(change, Entry { phase: Phase::Deleted, ..entry });
        }
        // A lost state knows only what was observed, which must do to find it again.
        if resource::of(&change.address)?.identity(&live.spec).is_err() {
            return Ok(());
        }
        self.enter(change, Phase::Deleted, &live.spec, live.outputs.clone())
    }

    fn job<'j>(
        &'j self,
        change: &'j Change,
        journal: &'j dyn Fn(Value) -> Result<()>,
        note: &'j dyn Fn(&str) -> Result<()>,
    ) -> Job<'j> {
        let anew = self.anew.borrow();
        Job {
            address: &change.address,
            payload: self.payloads.get(&change.address),
            fresh: change.depends_on.iter().all(|needed| anew.contains(needed)),
            journal,
            announce: journal,
            note,
        }
    }

    fn note<'j>(&'j self, change: &'j Change) -> impl Fn(&str) -> Result<()> + 'j {
        |text| {
            if (self.interrupted)() {
                self.given_up.borrow_mut().insert(change.address.clone());
                return Err(Error::new(format!("interrupted while {text}")));
            }
            (self.events)(&Event::Note(&change.address, text));
            Ok(())
        }
    }

    /// The spec with everything resolved that was known only after apply.
    fn resolve(&self, change: &Change) -> Result<Value> {
        let spec = change.spec.as_ref().unwrap_or(&Value::Null);
        let resolved = reference::resolve(spec, &|found| lookup(&self.known.borrow(), found));
        if let Some(missing) = reference::in_document(&resolved).first() {
            return Err(Error::new(format!(
                "{} refers to what AWS has not assigned",
                change.address
            ))
            .because(format!("`${{{}.{}}}` has no value", missing.address, missing.attribute)));
        }
        resource::of(&change.address)?.normalise(&resolved)
    }

    fn enter(&self, change: &Change, phase: Phase, spec: &Value, outputs: Value) -> Result<()> {
        let depends_on = change.depends_on.clone();
        self.put(change, Entry { phase, spec: spec.clone(), outputs, depends_on })
    }

    /// Outputs that changed in the middle of an update; the spec is not reached yet.
    fn record(&self, change: &Change, spec: &Value, outputs: Value) -> Result<()> {
        match self.remembered(change) {
            Some(entry) => self.put(change, Entry { outputs, ..entry }),
            None => self.enter(change, Phase::Creating, spec, outputs),
        }
    }

    fn remembered(&self, change: &Change) -> Option<Entry> {
        self.store.borrow().state.resources.get(&change.address).cloned()
    }

    fn put(&self, change: &Change, entry: Entry) -> Result<()> {
        self.store.borrow_mut().put(&change.address, entry)
    }

    fn made(&self, change: &Change, spec: &Value, outputs: Value) -> Result<()> {
        self.enter(change, Phase::Ready, spec, outputs.clone())?;
        self.known.borrow_mut().insert(change.address.clone(), outputs);
        Ok(())
    }
}
