//! What a user sees of the binary: output, exit statuses and errors, as snapshots.
//!
//! What needs no local AWS ends before a call or at a closed port.

mod commands;
mod environments;
mod error_format;
mod explain;
mod faults;
mod gate;
mod graph;
mod guards;
mod init;
mod interrupt;
mod least;
mod lock;
mod places;
mod policy;
mod preflight;
mod saved;
mod schema;
mod secrets;
mod shell;
mod stack_file;
mod state;
mod terminal;
mod troubleshooting;
mod unready;
mod usage;
mod widening;

use std::net::TcpListener;
use std::process::Command;

use aws_credential_types::Credentials;
use deployer::state::Holder;

use crate::support::{Run, World};

/// Two log groups: the smallest stack with an output that takes no function.
const SMALL: &str = "\
stack: small
region: us-east-1
resources:
  log_group.a:
    name: /small/a
    retention_days: 7
  log_group.b:
    name: /small/b
outputs:
  arn: ${log_group.a.arn}
  name: ${log_group.a.name}
";

/// A log group, and a role that cannot be made before it.
const CHAIN: &str = "\
stack: chain
region: us-east-1
resources:
  log_group.a:
    name: /chain/a
  iam_role.r:
    name: chain-r
    trust: lambda.amazonaws.com
    allow:
      - actions: logs:PutLogEvents
        on: ${log_group.a.arn}:*
";

/// The first call that makes something of it.
const CREATE: &str = "Logs_20140328.CreateLogGroup";

/// Who is at work on a state, with this command.
fn ada(command: &str) -> Holder {
    Holder {
        who: "ada@laptop".into(),
        pid: 4711,
        command: command.into(),
        since: "2026-05-08T05:39:10Z".into(),
    }
}

/// A folder with nothing but this stack file.
fn world_of(stack: &str) -> World {
    let world = World::empty();
    world.write("stack.yaml", stack);
    world
}

/// A loopback port at which nobody listens.
fn closed_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// The binary with keys and an endpoint, so that it can never reach AWS itself.
pub(crate) fn at(world: &World, endpoint: &str, keys: &Credentials, arguments: &[&str]) -> Command {
    let mut command = world.command(arguments);
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", keys.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", keys.secret_access_key());
    command
}

/// The binary with an endpoint at which nobody answers.
pub(crate) fn nowhere(world: &World, arguments: &[&str]) -> Command {
    let endpoint = format!("http://127.0.0.1:{}", closed_port());
    at(world, &endpoint, &Credentials::new("AKIANOBODY", "none", None, None, "test"), arguments)
}

/// A run as a snapshot: the status, then what went where.
pub(crate) fn shown(world: &World, run: &Run) -> String {
    let mut text = format!("status {}\n", run.status);
    for (name, stream) in [("stdout", &run.stdout), ("stderr", &run.stderr)] {
        if !stream.is_empty() {
            text += "--- ";
            text += name;
            text += "\n";
            text += &filtered(world, stream);
        }
    }
    text
}

/// Runs a command to its end, as a snapshot.
fn snapshot(world: &World, command: &mut Command) -> String {
    shown(world, &Run::of(command))
}

/// Puts placeholders for what differs from run to run: the folder, ports, times, temporary names.
fn filtered(world: &World, text: &str) -> String {
    let folder = world.path("").display().to_string();
    let text = text.replace(folder.trim_end_matches('/'), "[folder]");
    let text = between(&text, "127.0.0.1:", "[port]", "");
    let text = between(&text, ".state-", "[random]", "\"");
    let text = between(&text, "ed (", "[seconds]", " s)");
    let text = between(&text, "in ", "[seconds]", " s;");
    // Help has lines of nothing but spaces.
    text.lines().flat_map(|line| [line.trim_end(), "\n"]).collect()
}

/// Replaces each stretch of letters, digits and dots between the two texts.
fn between(text: &str, before: &str, placeholder: &str, behind: &str) -> String {
    let mut pieces = text.split(before);
    let mut filtered = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(|c: char| c.is_alphanumeric() || c == '.');
        filtered += before;
        if rest.len() < piece.len() && rest.starts_with(behind) {
            filtered += placeholder;
            filtered += rest;
        } else {
            filtered += piece;
        }
    }
    filtered
}
