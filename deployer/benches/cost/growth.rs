//! How the time of what is pure grows with the stack: reading it, ordering it, and planning against
//! objects that are all there, one in ten of them changed by somebody.

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use deployer::desired::Prepared;
use deployer::package::Host;
use deployer::plan::{self, Desired, Observed};
use deployer::resource::{Object, Reading, Sources};
use deployer::stack::Stack;
use deployer::state::{Entry, Phase, State};
use serde_json::json;
use time::OffsetDateTime;

/// The sizes, each ten times the one before.
const SIZES: [usize; 3] = [100, 1_000, 10_000];

/// The least of so many runs counts.
const RUNS: usize = 5;

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

/// All of it in AWS, one in ten with another description or retention.
fn observed(desired: &Desired) -> (Observed, State) {
    let (mut observed, mut state) = (Observed::new(), State::empty("growth"));
    for (n, (address, wanted)) in desired.resources.iter().enumerate() {
        let name = &wanted.spec["name"];
        let outputs = json!({"arn": format!("arn:aws:any:::{name}"), "id": "AROA", "name": name});
        let mut spec = wanted.spec.clone();
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

pub(crate) fn measure() {
    println!("growth: time for each entry, as a ratio to that in a stack of {}", SIZES[0]);
    println!("{:>8} {:>12} {:>12} {:>12}", "entries", "read", "plan", "graph");
    let mut first: Option<[f64; 3]> = None;
    for size in SIZES {
        let text = text(size);
        let parse = || Stack::parse(&text, "stack.yaml", ".".into()).expect("a stack");
        let stack = parse();
        let desired = gathered(&stack);
        let (observed, state) = observed(&desired);
        let times = [
            least(|| drop(black_box(parse()))),
            least(|| drop(black_box(plan::plan(&desired, &observed, &state).expect("a plan")))),
            least(|| drop(black_box(stack.edges()))),
        ];
        let count = f64::from(u32::try_from(size).unwrap_or(u32::MAX));
        let each = times.map(|time| time.as_secs_f64() * 1e6 / count);
        let base = *first.get_or_insert(each);
        let shown = [0, 1, 2].map(|n| format!("{:.1} µs ×{:.2}", each[n], each[n] / base[n]));
        println!("{size:>8} {:>12} {:>12} {:>12}", shown[0], shown[1], shown[2]);
    }
}
