//! One change from start to end, and what is on disk of it meanwhile.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tokio::sync::Notify;

use super::schedule::Schedule;
use super::{Event, Outcome};
use crate::address::Address;
use crate::cloud::Cloud;
use crate::desired::Payloads;
use crate::error::{Error, Result};
use crate::plan::{Action, Change, lookup};
use crate::reference;
use crate::resource::{self, Job, Object};
use crate::state::{Entry, Phase, Store};

/// What all changes of a run share. Everything runs on one thread, and no borrow lives across an await.
pub(super) struct Run<'a> {
    pub(super) payloads: &'a Payloads,
    pub(super) cloud: &'a dyn Cloud,
    pub(super) events: &'a dyn Fn(&Event<'_>),
    pub(super) interrupted: &'a dyn Fn() -> bool,
    pub(super) store: RefCell<&'a mut Store>,
    pub(super) schedule: RefCell<Schedule<'a>>,
    /// Told when something was announced.
    pub(super) news: Notify,
    /// The outputs of objects that are there.
    pub(super) known: RefCell<BTreeMap<Address, Value>>,
    /// What there was nothing of before this run.
    pub(super) anew: RefCell<BTreeSet<Address>>,
    /// The changes that were told to give up waiting.
    pub(super) given_up: RefCell<BTreeSet<Address>>,
    pub(super) outcome: RefCell<Outcome>,
}

impl Run<'_> {
    /// One change from start to end; whether it succeeded.
    pub(super) async fn one<'c>(&self, change: &'c Change) -> (&'c Change, bool) {
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
            self.schedule.borrow_mut().announce(&change.address);
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
