//! Who got which certificates, as the log of a deployed signer tells it.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use serde_json::Value;

use super::authorization::assert_denied;
use super::{FUNCTION, LOG_GROUP, deployed};
use crate::faults::{Fault, Proxy, Rule, Which};
use crate::support::{Run, World};

#[tokio::test]
async fn the_log_tells_who_got_what_and_who_was_refused() {
    let world = deployed();
    let issue = |name| ["--local", "issue", "--dns", name];
    world.succeed(&issue("a.internal.example"));
    world.fail(&issue("bad.example"));
    world.succeed(&issue("b.internal.example"));
    foreign_lines(&world).await;

    every_form_tells_the_same(&world);
    filters_narrow_what_is_told(&world);
    pages_are_read_to_the_last(&world);
    the_auditor_may_do_nothing_else(&world).await;
    what_cannot_be_read_is_explained(&world);
}

/// Something else that logs into the group: now, and before what is asked about.
async fn foreign_lines(world: &World) {
    let logs = world.root().await.logs;
    let make = logs.create_log_stream().log_group_name(LOG_GROUP).log_stream_name("foreign");
    make.send().await.expect("a stream");
    let event = |age: Duration, message: &str| {
        let time = SystemTime::now() - age;
        let time = time.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis();
        let time = i64::try_from(time).expect("a time");
        InputLogEvent::builder().timestamp(time).message(message).build().expect("an event")
    };
    let old = r#"{"time":"2026-05-08T05:39:10Z","request_id":"r","decision":"issued","names":["dns:old.internal.example"],"duration_ms":1}"#;
    let call = logs.put_log_events().log_group_name(LOG_GROUP).log_stream_name("foreign");
    let call = call.log_events(event(Duration::from_hours(30), old));
    let call = call.log_events(event(Duration::ZERO, "no JSON"));
    call.log_events(event(Duration::ZERO, r#"{"level":"INFO"}"#)).send().await.expect("logged");
}

fn audit(world: &World, arguments: &[&str]) -> Run {
    world.succeed(&[&["--local", "audit"], arguments].concat())
}

/// The names in the lines that are told, in their order.
fn names(run: &Run) -> Vec<String> {
    let lines = run.stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    lines
        .map(|line| {
            line["names"].as_array().expect("names").iter().map(ToString::to_string).collect()
        })
        .collect()
}

fn every_form_tells_the_same(world: &World) {
    let json = audit(world, &["--format", "json", "-v"]);
    let told = names(&json);
    // An apply asks whether the function answers, which is a refusal without names.
    let [first, rest @ ..] = told.as_slice() else { panic!("{json:?}") };
    assert_eq!(first, "");
    let [a, bad, b] = ["a.internal", "bad", "b.internal"].map(|n| format!("\"dns:{n}.example\""));
    assert_eq!(rest, [a, bad, b]);
    assert!(json.stderr.contains("events that AWS let through are no audit lines"), "{json:?}");
    let calls: Vec<_> =
        json.stderr.lines().filter_map(|line| line.trim().strip_prefix("aws ")).collect();
    assert!(calls.len() >= 2, "{calls:?}");
    assert!(
        calls
            .iter()
            .all(|call| call.ends_with("FilterLogEvents") || call.ends_with("GetCallerIdentity")),
        "{calls:?}"
    );

    let table = audit(world, &[]).stdout;
    let rows: Vec<Vec<&str>> = table.lines().map(|row| row.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["time", "result", "caller", "names", "serial"]);
    assert_eq!(rows.len(), 5, "{table}");
    assert_eq!(rows[2][1..4], ["issued", "user/client", "dns:a.internal.example"]);
    assert_eq!(rows[3][1..], ["name_not_allowed", "user/client", "dns:bad.example", "-"]);
    let serial = rows[2][4];
    assert_eq!(serial.len(), 40);

    let csv = audit(world, &["--format", "csv"]).stdout;
    assert_eq!(csv.lines().count(), 5, "{csv}");
    assert!(csv.starts_with("time,request_id,caller_arn,"), "{csv}");
    let issued = csv.lines().nth(2).expect("the first that was issued");
    assert!(issued.contains(",arn:aws:iam::000000000000:user/client,"), "{issued}");
    assert!(issued.contains(&format!(",{serial},")), "{issued}");

    let one = audit(world, &["--format", "json", "--serial", &serial.to_uppercase()]);
    assert_eq!(names(&one), ["\"dns:a.internal.example\""]);
}

fn filters_narrow_what_is_told(world: &World) {
    let told = |arguments: &[&str]| {
        let run = audit(world, &[&["--format", "json"], arguments].concat());
        names(&run)
            .iter()
            .map(|name| name.replace(['"'], "").replace("dns:", ""))
            .collect::<Vec<_>>()
    };
    let (a, b, bad, old) =
        ("a.internal.example", "b.internal.example", "bad.example", "old.internal.example");
    assert_eq!(told(&["--issued"]), [a, b]);
    assert_eq!(told(&["--refused"]), ["", bad]);
    assert_eq!(told(&["--code", "name_not_allowed"]), [bad]);
    assert_eq!(told(&["--limit", "2"]), [bad, b]);
    assert_eq!(told(&["--caller", "user/client", "--issued"]), [a, b]);
    assert_eq!(told(&["--caller", "arn:aws:iam::*:user/client", "--refused"]), ["", bad]);
    assert_eq!(told(&["--caller", "user/other"]), Vec::<String>::new());
    assert_eq!(told(&["--name", "*.internal.example"]), [a, b]);
    assert_eq!(told(&["--name", "dns:bad"]), [bad]);
    assert_eq!(told(&["--since", "2d", "--until", "1h"]), [old]);
    assert_eq!(told(&["--since", "2d", "--issued"]), [old, a, b]);
    let none = audit(world, &["--code", "no_names"]);
    assert_eq!((none.stdout.as_str(), none.stderr.as_str()), ("", "no such audit lines\n"));
}

/// AWS parts long logs into pages, and may begin with an empty one.
fn pages_are_read_to_the_last(world: &World) {
    let instance = world.instance();
    let proxy = Proxy::to(&instance.endpoint);
    let audit = |faults: Vec<Rule>| {
        proxy.faults.set(faults);
        let mut command = world.command(&["audit", "--format", "json", "--log-group", LOG_GROUP]);
        keys(&mut command, &proxy.endpoint, &instance.auditor);
        let run = Run::of(&mut command);
        assert_eq!(run.status, 0, "{run:?}");
        let calls = proxy.faults.calls();
        let pages = calls.iter().filter(|call| call.operation.name == "FilterLogEvents").count();
        (names(&run), pages)
    };
    let (whole, pages) = audit(Vec::new());
    assert_eq!((whole.len(), pages), (4, 1));
    let (parted, pages) = audit(vec![Rule::on_each(Which::Every, Fault::Pages)]);
    assert_eq!(parted, whole);
    assert!(pages > whole.len(), "{pages}");
}

fn keys(command: &mut std::process::Command, endpoint: &str, keys: &Credentials) {
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", keys.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", keys.secret_access_key());
}

async fn the_auditor_may_do_nothing_else(world: &World) {
    let aws = world.aws(world.instance().auditor).await;
    let read = aws.logs.filter_log_events().log_group_name(LOG_GROUP).send().await;
    read.expect("what it is for");
    let delete = aws.logs.delete_log_group().log_group_name(LOG_GROUP).send().await;
    assert_denied("DeleteLogGroup", delete);
    assert_denied("DescribeLogGroups", aws.logs.describe_log_groups().send().await);
    let secret = aws.secrets.get_secret_value().secret_id("cert-issuer/ca").send().await;
    assert_denied("GetSecretValue", secret);
    assert_denied("Invoke", aws.lambda.invoke().function_name(FUNCTION).send().await);
    assert_denied("ListUsers", aws.iam.list_users().send().await);
    for other in [world.instance().deployer, world.instance().client] {
        let logs = world.aws(other).await.logs;
        let read = logs.filter_log_events().log_group_name(LOG_GROUP).send().await;
        assert_denied("FilterLogEvents", read);
    }
}

fn what_cannot_be_read_is_explained(world: &World) {
    let missing = world.fail(&["--local", "audit", "--log-group", "/missing"]).stderr;
    assert!(missing.contains("FilterLogEvents failed for /missing"), "{missing}");
    assert!(missing.contains("--log-group"), "{missing}");
    let mut command = world.command(&["audit"]);
    keys(&mut command, &world.instance().endpoint, &world.instance().client);
    let denied = Run::of(&mut command);
    assert_eq!((denied.status, denied.stdout.as_str()), (1, ""), "{denied:?}");
    assert!(denied.stderr.contains("logs:FilterLogEvents on the log group"), "{denied:?}");
}
