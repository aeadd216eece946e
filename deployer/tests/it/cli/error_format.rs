//! The error that ends a run, for programs.

use expect_test::expect;
use serde_json::Value;

use super::{nowhere, shown, world_of};
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
