//! A cloud in memory, stricter than the real one: it refuses what AWS would let pass and the engine
//! must never do. It counts calls, and fails at any of them on request.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Cloud;
use crate::address::Address;
use crate::apply::{self, Event, Outcome};
use crate::desired::{self, Payloads};
use crate::error::{Error, Result};
use crate::plan::{self, Action, Change, Desired, Plan, Wanted};
use crate::reference;
use crate::refresh::refresh;
use crate::resource::{self, Job, Made, Object, Promise, Reading};
use crate::stack::Stack;
use crate::state::{Holder, Store};

/// An object's key: its kind, and what identifies it.
type Key = (String, String);

/// Objects in memory, a stack's state, and what is to go wrong.
pub(crate) struct FakeCloud {
    /// What exists.
    pub(crate) objects: RefCell<BTreeMap<Key, Object>>,
    /// The mutating calls so far, such as `create log_group.signer`.
    pub(crate) calls: RefCell<Vec<String>>,
    /// The mutating call that fails, counted from 1.
    pub(crate) fail_at: Cell<Option<usize>>,
    /// Whether the failing call is carried out all the same, and only its answer lost.
    pub(crate) lose_answer: Cell<bool>,
    /// What is made, but fails before it is complete.
    pub(crate) fail_after_announcing: RefCell<Option<Address>>,
    /// What the plan that is carried out makes anew: until then, what needs it has to do without.
    replaced: RefCell<Vec<Address>>,
    /// How many ids were given so far. None is ever given again.
    ids: Cell<u32>,
    /// The ARNs of what the plan that is carried out deletes.
    deleted: RefCell<Vec<Value>>,
    folder: tempfile::TempDir,
}

impl FakeCloud {
    /// An empty cloud.
    pub(crate) fn new() -> Self {
        Self {
            objects: RefCell::default(),
            calls: RefCell::default(),
            fail_at: Cell::default(),
            lose_answer: Cell::default(),
            fail_after_announcing: RefCell::default(),
            replaced: RefCell::default(),
            ids: Cell::default(),
            deleted: RefCell::default(),
            // Every call writes the state to disk twice; in memory that costs nothing.
            folder: tempfile::tempdir_in("/dev/shm")
                .or_else(|_| tempfile::tempdir())
                .expect("a temporary folder"),
        }
    }

    /// The stack's state as it is on disk.
    pub(crate) fn store(&self, stack: &str) -> Store {
        let holder = Holder {
            who: "ada@laptop".into(),
            pid: 4711,
            command: "deployer apply".into(),
            since: "2026-05-08T05:39:10Z".into(),
        };
        let path = self.folder.path().join("state.json");
        let mut store = Store::open_locked(path, stack, &holder, "1234".into()).expect("a state");
        store.bind("111111111111", "eu-west-1").expect("always the same account");
        store
    }

    /// Forgets the state file.
    pub(crate) fn lose_state(&self) {
        let _ = std::fs::remove_file(self.folder.path().join("state.json"));
    }

    /// The plan for a stack file as things stand.
    pub(crate) fn plan(&self, text: &str) -> Result<Plan> {
        let stack = Stack::parse(text, "stack.yaml", ".".into())?;
        self.plan_for(&stack, &gather(&stack))
    }

    /// The plan for a stack file that adopts these.
    pub(crate) fn plan_adopting(&self, text: &str, addresses: &[&str]) -> Result<Plan> {
        let stack = Stack::parse(text, "stack.yaml", ".".into())?;
        let addresses: Vec<_> =
            addresses.iter().map(|address| address.parse().expect("an address")).collect();
        let adopt = desired::adopt(&stack, &addresses)?;
        self.plan_for(&stack, &Desired { adopt, ..gather(&stack) })
    }

    /// The plan to destroy a stack.
    pub(crate) fn plan_destroy(&self, text: &str) -> Result<Plan> {
        let stack = Stack::parse(text, "stack.yaml", ".".into())?;
        self.plan_for(&stack, &desired::nothing(&stack))
    }

    fn plan_for(&self, stack: &Stack, desired: &Desired) -> Result<Plan> {
        let store = self.store(&stack.name);
        let observed = block_on(refresh(self, stack, &store.state))?;
        plan::plan(desired, &observed, &store.state)
    }

    /// Carries a plan out.
    pub(crate) fn carry_out(&self, plan: &Plan) -> Outcome {
        self.carry_out_until(plan, &|| false)
    }

    /// Carries a plan out until it is interrupted.
    pub(crate) fn carry_out_until(&self, plan: &Plan, interrupted: &dyn Fn() -> bool) -> Outcome {
        self.carry_out_telling(plan, &|_| (), interrupted)
    }

    /// Carries a plan out until it is interrupted, and tells how.
    pub(crate) fn carry_out_telling(
        &self,
        plan: &Plan,
        events: &dyn Fn(&Event<'_>),
        interrupted: &dyn Fn() -> bool,
    ) -> Outcome {
        let replaced = plan.actions().filter(|change| change.action == Action::Replace);
        self.replaced.replace(replaced.map(|change| change.address.clone()).collect());
        let deleted = plan.actions().filter(|change| change.action == Action::Delete);
        let arn = |change: &Change| Some(change.live.as_ref()?.outputs["arn"].clone());
        self.deleted.replace(deleted.filter_map(arn).collect());
        let mut store = self.store(&plan.stack);
        block_on(apply::apply(plan, &Payloads::new(), self, &mut store, events, interrupted))
            .expect("a state to write")
    }

    /// Plans and applies; the calls that it took.
    pub(crate) fn apply(&self, text: &str) -> Vec<String> {
        self.calls.borrow_mut().clear();
        let plan = self.plan(text).expect("a plan");
        let outcome = self.carry_out(&plan);
        assert!(outcome.failed.is_empty(), "{:?}", outcome.failed);
        self.calls.borrow().clone()
    }

    /// Plans and destroys; the calls that it took.
    pub(crate) fn destroy(&self, text: &str) -> Vec<String> {
        self.calls.borrow_mut().clear();
        let plan = self.plan_destroy(text).expect("a plan");
        let outcome = self.carry_out(&plan);
        assert!(outcome.failed.is_empty(), "{:?}", outcome.failed);
        self.calls.borrow().clone()
    }

    /// Changes an object behind the deployer's back.
    pub(crate) fn tamper(&self, kind: &str, change: impl FnOnce(&mut Object)) {
        let mut objects = self.objects.borrow_mut();
        let (_, object) = objects.iter_mut().find(|((k, _), _)| k == kind).expect("such an object");
        change(object);
    }

    /// Removes an object behind the deployer's back.
    pub(crate) fn remove(&self, kind: &str) {
        self.objects.borrow_mut().retain(|(k, _), _| k != kind);
    }

    /// Counts a mutating call, and says whether it fails before or after it is carried out.
    fn call(
        &self,
        verb: &str,
        address: &Address,
        carry_out: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        self.calls.borrow_mut().push(format!("{verb} {address}"));
        let fails = self.fail_at.get() == Some(self.calls.borrow().len());
        if fails && !self.lose_answer.get() {
            return Err(Error::new("injected failure"));
        }
        carry_out()?;
        if fails { Err(Error::new("the answer was lost")) } else { Ok(()) }
    }
}

/// What identifies an object of a kind.
fn key(address: &Address, document: &Value) -> Key {
    let identity = match address.kind.as_str() {
        "http_api" => document["tags"]["deployer:address"].to_string(),
        "http_route" => format!("{} {}", document["api"], document["route"]),
        _ => document["name"].to_string(),
    };
    (address.kind.clone(), identity)
}

/// What AWS would assign.
fn outputs(address: &Address, spec: &Value, id: u32) -> Value {
    let name = spec["name"].as_str().or(spec["route"].as_str()).unwrap_or_default();
    let arn = format!("arn:aws:{}:{name}", address.kind);
    let route = (address.kind == "http_route").then(|| format!("route-{id}"));
    json!({"arn": arn, "id": format!("id-{id}"), "name": name, "execution_arn": arn,
        "endpoint": format!("https://{name}"), "route_id": route, "integration_id": null})
}

impl Cloud for FakeCloud {
    fn read<'a>(
        &'a self,
        address: &'a Address,
        identity: Value,
        prior: Option<Value>,
    ) -> Promise<'a, Reading<Object>> {
        let objects = self.objects.borrow();
        // A route that has got another key is found by its id.
        let route = prior.map(|prior| prior["route_id"].clone()).filter(|id| !id.is_null());
        let known = route.and_then(|id| objects.values().find(|it| it.outputs["route_id"] == id));
        let found = known.or_else(|| objects.get(&key(address, &identity))).cloned();
        Box::pin(async move { Ok(found.map_or(Reading::Absent, Reading::Present)) })
    }

    fn create<'a>(&'a self, job: &'a Job<'a>, spec: Value) -> Promise<'a, Made> {
        Box::pin(async move {
            assert!(!reference::is_unknown(&spec), "{} is created before it is known", job.address);
            self.ids.set(self.ids.get() + 1);
            let outputs = outputs(job.address, &spec, self.ids.get());
            self.call("create", job.address, || {
                let live = Object::new(spec.clone(), outputs.clone());
                let mut objects = self.objects.borrow_mut();
                let key = key(job.address, &spec);
                assert!(!objects.contains_key(&key), "{} is created twice", job.address);
                objects.insert(key, live);
                Ok(())
            })?;
            (job.announce)(outputs.clone())?;
            if self.fail_after_announcing.borrow().as_ref() == Some(job.address) {
                // Others begin meanwhile, and end before it does.
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                }
                return Err(Error::new("the rest of it is refused"));
            }
            (job.note)("waiting for it to be known everywhere")?;
            tokio::task::yield_now().await;
            Ok(Made { outputs, anew: true })
        })
    }

    fn update<'a>(&'a self, job: &'a Job<'a>, live: Object, spec: Value) -> Promise<'a, Value> {
        Box::pin(async move {
            assert!(!reference::is_unknown(&spec), "{} is changed before it is known", job.address);
            self.call("update", job.address, || {
                let mut objects = self.objects.borrow_mut();
                let mut object =
                    objects.remove(&key(job.address, &live.spec)).expect("it was observed");
                object.spec.clone_from(&spec);
                objects.insert(key(job.address, &spec), object);
                Ok(())
            })?;
            Ok(live.outputs)
        })
    }

    fn delete<'a>(&'a self, job: &'a Job<'a>, live: Object) -> Promise<'a, Option<String>> {
        Box::pin(async move {
            self.call("delete", job.address, || {
                let mut objects = self.objects.borrow_mut();
                let arn = live.outputs["arn"].as_str().unwrap_or_default();
                let lives_here = |other: &Object| other.spec["api"] == live.outputs["id"];
                // An API takes its routes along. Their permissions stay, unless the functions go.
                let goes_along = |other: &Object| {
                    lives_here(other) && self.deleted.borrow().contains(&other.spec["function"])
                };
                let used = objects.values().any(|other| {
                    other.spec["role"] == arn || (lives_here(other) && !goes_along(other))
                });
                let used = used && !self.replaced.borrow().contains(job.address);
                assert!(!used, "{} is deleted while something still needs it", job.address);
                objects.retain(|_, other| !lives_here(other));
                objects.remove(&key(job.address, &live.spec));
                Ok(())
            })?;
            Ok(None)
        })
    }
}

/// What a stack wants, with made-up fingerprints in the place of local files.
pub(crate) fn gather(stack: &Stack) -> Desired {
    let resources = stack.resources.iter().map(|(address, declaration)| {
        let mut spec = declaration.declared.clone();
        let fields = spec.as_object_mut().expect("an entry is a mapping");
        match address.kind.as_str() {
            "secret" => {
                let file = fields.remove("value_file").unwrap_or_default();
                fields.insert("value_sha256".into(), format!("sha256 of {file}").into());
            }
            "lambda_function" => {
                let code = fields.remove("code").unwrap_or_default();
                let files = code.get("files").cloned();
                if code.get("zip").is_none() {
                    fields.insert("files".into(), files.unwrap_or_else(|| json!({})));
                }
                fields.insert("code_sha256".into(), format!("sha256 of {code}").into());
                fields.insert("runtime".into(), "provided.al2023".into());
                fields.insert("log_format".into(), "JSON".into());
            }
            "http_route" => {
                fields.insert("payload_format".into(), "2.0".into());
                fields.insert("invoke_from".into(), "$default/POST/issue-cert".into());
            }
            _ => {}
        }
        let kind = resource::find(&address.kind).expect("a known kind");
        let spec = kind.normalise(&spec).expect("a spec");
        (address.clone(), Wanted { spec, depends_on: declaration.depends_on.clone() })
    });
    Desired { resources: resources.collect(), ..desired::nothing(stack) }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}
