//! What the function of a deployed stack logs, shown and followed.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use rustix::process::Signal;

use super::{LOG_GROUP, deployed};
use crate::support::World;
use crate::support::running::Running;

const ALARM: &str =
    r#"{"time":"t","alarm":"ca_refresh_failed","request_id":"","detail":"\u001b[2J"}"#;

#[tokio::test]
async fn the_log_is_shown_and_followed() {
    let world = deployed();
    let issue = |name| drop(world.succeed(&["--local", "issue", "--dns", name]));
    issue("a.internal.example");
    log(&world, ALARM).await;
    shown(&world);
    let mut follow = follow(&world);
    follow.until("dns:a.internal.example");
    issue("b.internal.example");
    follow.until("dns:b.internal.example");
    follow.signal(Signal::TERM);
    let ended = follow.end();
    assert_eq!(ended.status, 143, "{ended:?}");
    assert!(ended.stderr.contains("\nasked to terminate: no more is shown\n"), "{ended:?}");
    // The second was not there at the first look, so the first has been found twice at least.
    for name in ["dns:a.internal.example", "dns:b.internal.example", "ALARM"] {
        assert_eq!(ended.stderr.matches(name).count(), 1, "{name} in {}", ended.stderr);
    }
    nobody_reads(&world);
}

/// Something else that is logged into the group.
async fn log(world: &World, message: &str) {
    let logs = world.root().await.logs;
    let make = logs.create_log_stream().log_group_name(LOG_GROUP).log_stream_name("foreign");
    make.send().await.expect("a stream");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    let now = i64::try_from(now.as_millis()).expect("a time");
    let event = InputLogEvent::builder().timestamp(now).message(message).build().expect("an event");
    let call = logs.put_log_events().log_group_name(LOG_GROUP).log_stream_name("foreign");
    call.log_events(event).send().await.expect("logged");
}

fn shown(world: &World) {
    let text = world.succeed(&["--local", "logs"]).stdout;
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} in {text}"));
    // An apply asks whether the function answers.
    assert!(at("  refused ") < at("  issued  dns:a.internal.example  for arn:aws:iam::"), "{text}");
    assert!(at("issued") < at("!!  ALARM ca_refresh_failed: \\u001b[2J"), "{text}");
    let function = ["--function", "lambda_function.signer", "--json", "--since", "1h"];
    let raw = world.succeed(&[&["--local", "logs"], &function[..]].concat()).stdout;
    assert_eq!(raw.lines().count(), text.lines().count(), "{raw}{text}");
    assert!(raw.lines().any(|line| line == ALARM), "{raw}");
    let none = world.succeed(&["--local", "logs", "--since", "2200-01-01T00:00:00Z"]);
    assert_eq!(none.stdout, "");
    assert_eq!(none.stderr, format!("nothing was logged to {LOG_GROUP} since then\n"));
}

/// A run that follows the log, with its data among what it says.
fn follow(world: &World) -> Running {
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" \"$@\" >&2", env!("CARGO_BIN_EXE_deployer")]);
    command.args(["--local", "logs", "--follow"]).env_clear().current_dir(world.path(""));
    let usual = world.command(&[]);
    command.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Running::start(command.stdin(Stdio::null()))
}

/// A run that follows the log for somebody who has gone away ends by itself.
fn nobody_reads(world: &World) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = world.command(&["--local", "logs", "--follow"]);
    let mut child = command.stdout(writer).spawn().expect("a process");
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a process") {
            break status;
        }
        if begun.elapsed() > Duration::from_mins(1) {
            let _ = child.kill();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(status.code(), Some(0));
}
