//! The error that ends a run, for programs.

use expect_test::expect;
use serde_json::Value;

use super::{at, nowhere, shown, world_of};
use crate::faults::{Failure, Fault, Proxy, Rule, Which};
use crate::support::{Run, World};

const JSON: [&str; 2] = ["--error-format", "json"];

#[test]
fn an_error_is_one_line_of_json() {
    let world = world_of("stack: a\nresources:\n  log_group.a:\n    retention: 7\n");
    let run = world.fail(&["plan", "--error-format=json"]);
    assert_eq!((run.stdout.as_str(), run.stderr.lines().count()), ("", 1));
    let error: Value = serde_json::from_str(&run.stderr).expect("JSON");
    expect![[r#"
        {
          "causes": [],
          "diagnostics": [
            {
              "column": 3,
              "file": "stack.yaml",
              "line": 3,
              "message": "missing field `name`",
              "source": "  log_group.a:"
            },
            {
              "column": 5,
              "file": "stack.yaml",
              "line": 4,
              "message": "unknown field `retention`; did you mean `retention_days`?",
              "source": "    retention: 7"
            }
          ],
          "hints": [
            "nothing was read from or changed in AWS"
          ],
          "message": "stack.yaml has 2 mistakes"
        }
    "#]]
    .assert_eq(&format!("{error:#}\n"));
}

#[test]
fn it_says_the_same_as_the_text() {
    let world = World::empty();
    let text = world.fail(&["plan"]);
    let json = world.fail(&[&JSON[..], &["plan"]].concat());
    expect![[r#"
        status 1
        --- stderr
        error: could not read the stack file stack.yaml
          because: No such file or directory (os error 2)
          hint: run in the folder of your stack.yaml, or name the file with --stack
        status 1
        --- stderr
        {"causes":["No such file or directory (os error 2)"],"diagnostics":[],"hints":["run in the folder of your stack.yaml, or name the file with --stack"],"message":"could not read the stack file stack.yaml"}
    "#]].assert_eq(&(shown(&world, &text) + &shown(&world, &json)));
}

/// A change that fails ends no run, so what is told of it comes with what else was done.
#[test]
fn failed_changes_are_told_with_what_was_done_and_what_was_held_back() {
    let world = world_of(
        "stack: a\nregion: us-east-1\nresources:\n  log_group.a: { name: /a }\n  log_group.b: { name: /b }\n  iam_role.c:\n    name: c\n    allow: [{ actions: logs:PutLogEvents, on: \"${log_group.b.arn}:*\" }]\n",
    );
    world.succeed(&["local", "start"]);
    let instance = world.instance();
    let proxy = Proxy::to(&instance.endpoint);
    let denied = Fault::Answer(Failure::AccessDenied);
    proxy.faults.set(vec![Rule::on("logs.CreateLogGroup", Which::Nth(2), denied)]);
    let arguments = [&JSON[..], &["apply", "--yes"]].concat();
    let run = Run::of(&mut at(&world, &proxy.endpoint, &instance.deployer, &arguments));
    assert_eq!(run.status, 1, "{run:?}");
    let last = run.stderr.lines().last().expect("an error");
    let error: Value = serde_json::from_str(last).expect("JSON");
    let failed = error["failed"].as_array().expect("failures");
    assert_eq!((error["message"].as_str(), failed.len()), (Some("1 failed, 1 held back"), 1));
    assert_eq!(
        (&failed[0]["address"], &error["done"][0]),
        (&"log_group.b".into(), &"log_group.a".into())
    );
    assert_eq!(failed[0]["diagnostics"][0]["line"], 5, "{error:#}");
    assert_eq!(error["held_back"], serde_json::json!(["iam_role.c"]));
    let causes = failed[0]["causes"].to_string();
    assert!(causes.contains("AccessDenied") && causes.contains("request id"), "{causes}");
}

#[test]
fn progress_stays_text_and_the_error_comes_last() {
    let world = world_of(super::SMALL);
    let run = Run::of(&mut nowhere(&world, &["apply", "--yes", "--error-format", "json", "-v"]));
    assert_eq!(run.status, 1);
    let last = run.stderr.lines().last().expect("an error");
    let error: Value = serde_json::from_str(last).expect("JSON");
    assert_eq!(error["diagnostics"], Value::Array(Vec::new()));
    assert!(error["causes"].as_array().is_some_and(|causes| !causes.is_empty()), "{error}");
}
