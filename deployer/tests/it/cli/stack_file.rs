//! A stack file full of mistakes, and files that are none.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use expect_test::{expect, expect_file};

use super::{SMALL, shown, world_of};
use crate::support::{Run, World};

/// Far more than any of these files takes, and far less than a parser that runs away.
const FAST: Duration = Duration::from_secs(5);

#[test]
fn every_mistake_is_reported_in_one_go() {
    let world = world_of(include_str!("mistakes.yaml"));
    let run = world.fail(&["apply", "--yes"]);
    expect_file!["mistakes.txt"].assert_eq(&shown(&world, &run));
    assert!(!world.path("state").exists());
}

/// What a plan says of a file with these bytes.
fn of_bytes(bytes: &[u8]) -> String {
    let world = World::empty();
    fs::write(world.path("stack.yaml"), bytes).expect("a file to write");
    shown(&world, &world.fail(&["plan"]))
}

#[test]
fn files_that_hold_no_text_are_refused() {
    let large = of_bytes(&vec![b'#'; 10_000_000]);
    let binary = of_bytes(b"\x7fELF\x02\x01\x01\0\0\0");
    let latin = of_bytes(b"stack: a\ndescription: gr\xf6\xdfe\n");
    expect![[r#"
        status 1
        --- stderr
        error: could not read the stack file stack.yaml
          because: it is larger than 1 MiB
          hint: is this the file that you meant?
        status 1
        --- stderr
        error: could not read the stack file stack.yaml
          because: it is a binary file
          hint: is this the file that you meant?
        status 1
        --- stderr
        error: could not read the stack file stack.yaml
          because: line 2 is not UTF-8 text
          hint: save the file in UTF-8
    "#]]
    .assert_eq(&[large, binary, latin].concat());
}

#[test]
fn paths_that_lead_to_no_file_are_refused() {
    let world = World::empty();
    fs::create_dir(world.path("folder")).expect("a folder");
    let runs = [
        world.fail(&["plan"]),
        world.fail(&["plan", "--stack", "folder"]),
        world.fail(&["plan", "--stack", "folder/none.yaml"]),
    ];
    let all: Vec<_> = runs.iter().map(|run| shown(&world, run)).collect();
    expect![[r#"
        status 1
        --- stderr
        error: could not read the stack file stack.yaml
          because: No such file or directory (os error 2)
          hint: run in the folder of your stack.yaml, or name the file with --stack
        status 1
        --- stderr
        error: could not read the stack file folder
          because: it is a folder
          hint: name the file in it, such as --stack FOLDER/stack.yaml
        status 1
        --- stderr
        error: could not read the stack file folder/none.yaml
          because: No such file or directory (os error 2)
          hint: run in the folder of your stack.yaml, or name the file with --stack
    "#]]
    .assert_eq(&all.concat());
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let world = world_of(SMALL);
    // Not even root can read the first page of a process.
    let run = world.fail(&["plan", "--stack", "/proc/self/mem"]);
    expect![[r#"
        status 1
        --- stderr
        error: could not read the stack file /proc/self/mem
          because: Input/output error (os error 5)
    "#]]
    .assert_eq(&shown(&world, &run));

    let path = world.path("stack.yaml");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).expect("permissions");
    // Root may read any other file, so there is nothing to see for it.
    if fs::read(&path).is_err() {
        let run = world.fail(&["plan"]);
        assert!(run.stderr.contains("Permission denied"), "{}", run.stderr);
    }
}

#[test]
fn bombs_are_refused_at_once() {
    let doubling: Vec<_> = (1..9)
        .map(|i| format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(", ")))
        .collect();
    let texts = [
        format!("stack: {}", "[".repeat(500_000)),
        format!("stack: {}{}", "[".repeat(500), "]".repeat(500)),
        format!("stack: {}", "{a: ".repeat(200_000)),
        "- ".repeat(200_000),
        "? ".repeat(200_000),
        format!("a0: &a0 [x, x, x]\n{}", doubling.concat()),
    ];
    for text in texts {
        let begin = Instant::now();
        let said = of_bytes(text.as_bytes());
        assert!(begin.elapsed() < FAST, "took {:?}: {said}", begin.elapsed());
        assert!(said.contains("stack.yaml has 1 mistake"), "{said}");
        assert!(said.len() < 1000, "{said}");
    }
}

#[test]
fn a_reference_is_needed_for_a_cycle_and_an_entry_for_a_reference() {
    let world = world_of(&SMALL.replace("/small/b", "x-${log_group.b.arn}"));
    let run = world.fail(&["plan"]);
    assert!(
        run.stderr.contains("these need each other: log_group.b → log_group.b"),
        "{}",
        run.stderr
    );
    let world = world_of(&SMALL.replace("/small/b", "x-${log_group.c.arn}"));
    let run = world.fail(&["plan"]);
    assert!(
        run.stderr.contains("`log_group.c` is referred to, but not declared"),
        "{}",
        run.stderr
    );
}

#[test]
fn the_log_group_of_an_audit_must_be_plain() {
    let world = world_of(SMALL);
    let several = super::nowhere(&world, &["audit"]);
    let none = World::empty();
    let none = super::nowhere(&none, &["audit"]);
    let backwards = super::nowhere(&world, &["audit", "--since", "1h", "--until", "2h"]);
    let all = [several, none, backwards].map(|mut command| shown(&world, &Run::of(&mut command)));
    expect![[r#"
        status 1
        --- stderr
        error: could not tell which log group to read
          because: stack.yaml declares /small/a, /small/b
          hint: name it: --log-group NAME

        status 1
        --- stderr
        error: could not read the stack file stack.yaml
          because: No such file or directory (os error 2)
          hint: run in the folder of your stack.yaml, or name the file with --stack

        status 1
        --- stderr
        error: could not read the audit log
          because: --since is later than --until, so there is nothing in between
          hint: without --since, only the last 24 hours are looked at
    "#]]
    .assert_eq(&all.join("\n"));
}
