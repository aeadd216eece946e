//! Each resource type against the local AWS, through the real binary: made, changed field by field,
//! changed and deleted by somebody else, replaced and removed. What came of it is asked of AWS with
//! other clients, as the account's root.

mod http_api;
mod http_route;
mod iam_role;
mod lambda_function;
mod least_privilege;
mod log_group;
mod secret;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use deployer::aws::Aws;
use deployer::diff;
use serde_json::Value;

use crate::support::World;

/// A small stack that is deployed on a local AWS of its own, and clients of root to look at it and to
/// meddle with it.
struct Deployed {
    world: World,
    root: Aws,
}

/// One edit of the stack file and all that is to come of it.
struct Edit {
    /// What is replaced in the stack file.
    from: &'static str,
    /// What it is replaced by.
    to: &'static str,
    /// The fields that the plan names.
    plan: &'static str,
    /// The calls that change something in AWS.
    calls: &'static str,
    /// What is different in AWS afterwards; everything else is as it was.
    live: &'static str,
}

impl Deployed {
    /// Deploys these entries in a folder of their own.
    async fn new(resources: &str) -> Self {
        Self::within(World::empty(), resources).await
    }

    /// Deploys these entries, and sees that doing so again changes nothing.
    async fn within(world: World, resources: &str) -> Self {
        world.write("stack.yaml", &format!("stack: trial\nresources:\n{resources}"));
        world.succeed(&["--local", "apply", "--yes", "--no-verify"]);
        let root = world.root().await;
        let deployed = Self { world, root };
        assert_eq!(deployed.apply(), "", "a second apply changes nothing");
        deployed
    }

    /// What is planned, one change a line: action, address, and the fields that differ, or the reason
    /// where there is nothing to compare.
    fn plan(&self) -> String {
        let run = self.world.succeed(&["--local", "plan", "--json"]);
        let plan: Value = serde_json::from_str(&run.stdout).expect("a plan in JSON");
        let changes = plan["changes"].as_array().expect("changes");
        let shown = changes.iter().filter(|change| change["action"] != "no_op").map(one);
        shown.collect::<Vec<_>>().join("\n")
    }

    /// Applies; the calls that may have changed something, in their order.
    fn apply(&self) -> String {
        let run = self.world.succeed(&["--local", "-v", "apply", "--yes", "--no-verify"]);
        let calls = run.stderr.lines().filter_map(|line| line.trim().strip_prefix("aws "));
        let operations = calls.filter_map(|call| call.rsplit_once('.')).map(|(_, name)| name);
        let reads = ["Get", "Describe", "List", "Simulate"];
        let writes = operations.filter(|name| !reads.iter().any(|read| name.starts_with(read)));
        writes.collect::<Vec<_>>().join(", ")
    }

    /// What is to be planned, and by which calls it is to be carried out. What an apply leaves undone
    /// is found by the next plan, which must hold nothing else either.
    fn converges(&self, plan: &str, calls: &str) {
        assert_eq!(self.plan(), plan);
        assert_eq!(self.apply(), calls, "the calls for: {plan}");
    }

    /// The same, where some of the calls are sent at once.
    fn converges_in_any_order(&self, plan: &str, calls: &str) {
        let sorted = |calls: &str| {
            let mut calls: Vec<_> = calls.split(", ").map(str::to_owned).collect();
            calls.sort();
            calls
        };
        assert_eq!(self.plan(), plan);
        assert_eq!(sorted(&self.apply()), sorted(calls), "the calls for: {plan}");
    }

    /// Makes one edit after another; each must change what it says of the one resource, in place,
    /// and nothing else.
    async fn follows(&self, address: &str, edits: &[Edit], live: impl AsyncFn(&Aws) -> Value) {
        for edit in edits {
            let before = live(&self.root).await;
            self.world.edit(edit.from, edit.to);
            self.converges(&format!("update {address}: {}", edit.plan), edit.calls);
            assert_eq!(changes(&before, &live(&self.root).await), edit.live);
        }
    }

    /// Replaces all entries of the stack file.
    fn declares(&self, resources: &str) {
        self.world.write("stack.yaml", &format!("stack: trial\nresources:\n{resources}"));
    }

    /// Removes all entries from the stack file.
    fn declares_nothing(&self) {
        self.world.write("stack.yaml", "stack: trial\nresources: {}\n");
    }

    /// Loses what the deployer remembers.
    fn loses_state(&self) {
        fs::remove_dir_all(self.world.path("state")).expect("a state to lose");
    }
}

impl Drop for Deployed {
    /// The last apply has left nothing to do.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.plan(), "", "what the last apply has left to do");
        }
    }
}

/// A planned change in one line.
pub(crate) fn one(change: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let action = text(&change["action"]);
    let details = if action == "update" || action == "replace" {
        change["fields"].as_array().into_iter().flatten().map(field).collect::<Vec<_>>()
    } else {
        change["reasons"].as_array().into_iter().flatten().map(reason).collect()
    };
    format!("{action} {}: {}", text(&change["address"]), details.join(", "))
}

fn field(field: &Value) -> String {
    let mut text = field["path"].as_str().expect("a path").to_owned();
    for mark in ["drift", "forces_replacement"] {
        if field[mark] == true {
            text = format!("{text} ({mark})");
        }
    }
    text
}

/// A reason, without the date that it may come with.
fn reason(reason: &Value) -> String {
    let named = reason.as_object().and_then(|reason| reason.keys().next().cloned());
    named.unwrap_or_else(|| reason.as_str().expect("a reason").to_owned())
}

/// What differs between two looks at AWS. Whole documents are too long to show.
fn changes(before: &Value, after: &Value) -> String {
    let lines = diff::between(before, after).into_iter().map(|difference| {
        let (before, after) = (difference.before.as_ref(), difference.after.as_ref());
        if before.is_some_and(Value::is_object) || after.is_some_and(Value::is_object) {
            return format!("{}: …", difference.path);
        }
        let show = |value: Option<&Value>| value.cloned().unwrap_or_default().to_string();
        format!("{}: {} → {}", difference.path, show(before), show(after))
    });
    lines.collect::<Vec<_>>().join("; ")
}

/// A time as AWS tells it, as text.
fn date(time: Option<&DateTime>) -> String {
    time.expect("a time").fmt(Format::DateTime).expect("a time to format")
}

/// What the local AWS serves at a URL.
fn download(url: &str) -> Vec<u8> {
    let (host, path) =
        url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect(url);
    let port = host.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port");
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the local AWS");
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
        .expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("headers");
    answer.split_off(end + 4)
}

/// Tags, or whatever comes as a map, in order.
fn sorted(map: Option<std::collections::HashMap<String, String>>) -> BTreeMap<String, String> {
    map.unwrap_or_default().into_iter().collect()
}
