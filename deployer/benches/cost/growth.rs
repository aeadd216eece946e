//! How the work on this side grows with the stack: reading it, ordering it, planning against objects
//! that are all there, one in ten of them changed by somebody, and making all of it on a cloud in
//! memory, with the state on disk.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use deployer::address::Address;
use deployer::apply;
use deployer::cloud::Cloud;
use deployer::desired::{Payloads, Prepared};
use deployer::package::Host;
use deployer::plan::{self, Desired, Observed, Plan};
use deployer::resource::{Job, Made, Object, Promise, Reading, Sources};
use deployer::stack::Stack;
use deployer::state::{Entry, Holder, Phase, State, Store};
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::callgrind;

/// The sizes, each ten times the one before.
const SIZES: [usize; 3] = [100, 1_000, 10_000];

/// The least of so many runs counts.
const RUNS: usize = 5;

/// The argument by which this program does one errand only, for its instructions to be counted.
const ERRAND: &str = "--grow";

/// A stack of this many entries: roles, and log groups that they may write to.
fn text(entries: usize) -> String {
    let mut text = "stack: growth\nregion: eu-west-1\nresources:\n".to_owned();
    for n in 0..entries / 2 {
        let _ = write!(
            text,
            "  log_group.g{n}: {{ name: /growth/{n}, retention_days: 30 }}\n  iam_role.r{n}:\n    name: growth-{n}\n    trust: lambda.amazonaws.com\n    allow: [{{ actions: logs:PutLogEvents, on: \"${{log_group.g{n}.arn}}:*\" }}]\n"
        );
    }
    text
}

fn gathered(stack: &Stack) -> Desired {
    let report = |_: &deployer::step::Step<'_>| ();
    let now = OffsetDateTime::UNIX_EPOCH;
    let (base, host) = (PathBuf::from("."), Host::Lambda);
    let sources = Sources { base, host, cache: None, now, report: &report };
    let prepared = Prepared::gather(stack, &[], &sources).expect("nothing but the stack file");
    prepared.build(stack, &sources).expect("nothing to build").0
}

/// What AWS assigns to an object.
fn outputs(spec: &Value) -> Value {
    let name = &spec["name"];
    json!({"arn": format!("arn:aws:any:::{name}"), "id": "AROA", "name": name})
}

/// All of it in AWS, one in ten with another description or retention.
fn observed(desired: &Desired) -> (Observed, State) {
    let (mut observed, mut state) = (Observed::new(), State::empty("growth"));
    for (n, (address, wanted)) in desired.resources.iter().enumerate() {
        let mut spec = wanted.spec.clone();
        let outputs = outputs(&spec);
        let entry = Entry {
            phase: Phase::Ready,
            spec: spec.clone(),
            outputs: outputs.clone(),
            depends_on: wanted.depends_on.clone(),
        };
        state.resources.insert(address.clone(), entry);
        if n % 10 == 0 {
            let field = if address.kind == "log_group" { "retention_days" } else { "description" };
            spec[field] = if field == "description" { "of somebody".into() } else { 7.into() };
        }
        observed.insert(address.clone(), Reading::Present(Object::new(spec, outputs)));
    }
    (observed, state)
}

fn least(mut work: impl FnMut()) -> Duration {
    let once = |work: &mut dyn FnMut()| {
        let since = Instant::now();
        work();
        since.elapsed()
    };
    (0..RUNS).map(|_| once(&mut work)).min().unwrap_or_default()
}

/// The parts that are measured.
#[derive(Clone, Copy)]
enum Part {
    Read,
    Plan,
    Graph,
    Apply,
}

const PARTS: [(&str, Part); 4] =
    [("read", Part::Read), ("plan", Part::Plan), ("graph", Part::Graph), ("apply", Part::Apply)];

/// A part of the work on a stack of this size, ready to be done again and again.
fn work(part: Part, entries: usize) -> Box<dyn FnMut()> {
    let text = text(entries);
    let parse = move || Stack::parse(&text, "stack.yaml", ".".into()).expect("a stack");
    match part {
        Part::Read => Box::new(move || drop(black_box(parse()))),
        Part::Plan => {
            let desired = gathered(&parse());
            let (observed, state) = observed(&desired);
            Box::new(move || {
                drop(black_box(plan::plan(&desired, &observed, &state).expect("a plan")));
            })
        }
        Part::Graph => {
            let stack = parse();
            Box::new(move || drop(black_box(stack.edges())))
        }
        Part::Apply => {
            let desired = gathered(&parse());
            let absent = desired.resources.keys().map(|each| (each.clone(), Reading::Absent));
            let plan = plan::plan(&desired, &absent.collect(), &State::empty("growth"));
            let plan = plan.expect("a plan");
            Box::new(move || apply(&plan))
        }
    }
}

/// A cloud on which everything can be made, and nothing is kept.
struct Nowhere;

impl Cloud for Nowhere {
    fn read<'a>(
        &'a self,
        _: &'a Address,
        _: Value,
        _: Option<Value>,
    ) -> Promise<'a, Reading<Object>> {
        Box::pin(async { Ok(Reading::Absent) })
    }

    fn create<'a>(&'a self, _: &'a Job<'a>, spec: Value) -> Promise<'a, Made> {
        let outputs = outputs(&spec);
        Box::pin(async { Ok(Made { outputs, anew: true }) })
    }

    fn update<'a>(&'a self, _: &'a Job<'a>, live: Object, _: Value) -> Promise<'a, Value> {
        Box::pin(async { Ok(live.outputs) })
    }

    fn delete<'a>(&'a self, _: &'a Job<'a>, _: Object) -> Promise<'a, Option<String>> {
        Box::pin(async { Ok(None) })
    }
}

/// Carries a plan out, with a state of its own.
fn apply(plan: &Plan) {
    let folder = tempfile::tempdir().expect("a folder");
    let holder = Holder {
        who: "bench".to_owned(),
        pid: 1,
        command: "apply".to_owned(),
        since: "2026-05-08T05:39:10Z".to_owned(),
    };
    let path = folder.path().join("growth.json");
    let store = Store::open_locked(path, "growth", &holder, "growth".to_owned());
    let mut store = store.expect("a state");
    let payloads = Payloads::new();
    let applied = apply::apply(plan, &payloads, &Nowhere, &mut store, &|_| (), &|| false);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let outcome = runtime.block_on(applied).expect("a state to write");
    assert_eq!(outcome.done.len(), plan.actions().count());
}

/// Does the errand that the arguments name, if it is one of these: a part, a size, and how often.
pub(crate) fn run(arguments: &[String]) -> bool {
    let [errand, part, entries, times] = arguments else { return false };
    if errand != ERRAND {
        return false;
    }
    let (_, part) = PARTS.into_iter().find(|(name, _)| name == part).expect("a part");
    let mut work = work(part, entries.parse().expect("a size"));
    (0..times.parse().expect("a number")).for_each(|_| work());
    true
}

/// Instructions of a part: the difference of two and one, which have the rest in common.
fn instructions(part: &str, entries: usize) -> u64 {
    let count = |times: &str| callgrind::count_own(&[ERRAND, part, &entries.to_string(), times]);
    count("2") - count("1")
}

pub(crate) fn measure() {
    println!("growth, for each entry, and as a ratio to that in a stack of {}", SIZES[0]);
    let names = PARTS.map(|(name, _)| format!("{name:>18}")).join(" ");
    println!("{:>8} {names}", "entries");
    row("µs", |part, _, entries| least(work(part, entries)).as_secs_f64() * 1e6);
    if callgrind::is_installed() {
        #[expect(clippy::cast_precision_loss, reason = "it is about three digits")]
        row("k instr.", |_, name, entries| instructions(name, entries) as f64 / 1000.0);
    }
}

fn row(unit: &str, take: impl Fn(Part, &str, usize) -> f64) {
    let mut first = None;
    for size in SIZES {
        let count = f64::from(u32::try_from(size).unwrap_or(u32::MAX));
        let each = PARTS.map(|(name, part)| take(part, name, size) / count);
        let base = *first.get_or_insert(each);
        let ratios = each
            .iter()
            .zip(base)
            .map(|(each, base)| format!("{:>18}", format!("{each:.1} {unit} ×{:.2}", each / base)));
        println!("{size:>8} {}", ratios.collect::<Vec<_>>().join(" "));
    }
}
