//! Runs that are asked to end: they end in good order, with the status that shells expect, and the
//! next run goes on.

use std::process::{Command, Stdio};

use deployer::local::Instance;
use expect_test::expect;
use rustix::process::Signal;

use super::gate::Gate;
use super::{CHAIN, CREATE, at, filtered, world_of};
use crate::support::running::Running;
use crate::support::{Run, World};

const READ: &str = "Logs_20140328.DescribeLogGroups";

/// A world with the chain, and a local AWS.
fn world() -> (World, Instance) {
    let world = world_of(&format!("{CHAIN}outputs:\n  role: ${{iam_role.r.arn}}\n"));
    world.succeed(&["local", "start"]);
    let instance = world.instance();
    (world, instance)
}

/// A run that goes through a gate.
fn start(world: &World, gate: &Gate, arguments: &[&str]) -> Running {
    let keys = world.instance().deployer;
    Running::start(&mut at(world, &gate.endpoint, &keys, arguments))
}

/// Starts an apply by way of another program, which decides what becomes of signals.
fn start_below(program: &[&str], world: &World, gate: &Gate) -> Running {
    let usual = at(world, &gate.endpoint, &world.instance().deployer, &[]);
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).args([env!("CARGO_BIN_EXE_deployer"), "apply", "--yes"]);
    command.env_clear().current_dir(world.path("")).stdin(Stdio::null());
    command.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
    Running::start(&mut command)
}

/// A whole run without a gate.
fn run(world: &World, arguments: &[&str]) -> Run {
    let instance = world.instance();
    Run::of(&mut at(world, &instance.endpoint, &instance.deployer, arguments))
}

/// The phases that the state remembers.
fn phases(world: &World) -> String {
    let list = run(world, &["state", "list"]);
    assert_eq!(list.status, 0, "{}", list.stderr);
    let words = |line: &str| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    // What was deleted is remembered until it was looked for once more.
    let there = list.stdout.lines().map(words).filter(|line| !line.ends_with(" deleted"));
    there.collect::<Vec<_>>().join(", ")
}

/// The next run gets there, and the one after it has nothing to do.
fn converges(world: &World) {
    let apply = run(world, &["apply", "--yes"]);
    assert_eq!(apply.status, 0, "{}", apply.stderr);
    assert_eq!(phases(world), "iam_role.r ready, log_group.a ready");
    let plan = run(world, &["plan", "--detailed-exitcode"]);
    assert_eq!(plan.status, 0, "{}", plan.stdout);
}

fn destroy(world: &World) {
    assert_eq!(run(world, &["destroy", "--yes"]).status, 0);
}

#[test]
fn asked_once_a_run_finishes_its_calls_and_begins_nothing_new() {
    let (world, instance) = world();
    let asked = |signals: &[Signal]| {
        let gate = Gate::closed_for(&instance.endpoint, CREATE);
        // Whoever runs the tests may have no terminal to lose, and children take after their parents.
        let mut apply = start_below(&["env", "--default-signal=HUP"], &world, &gate);
        gate.await_answer();
        for signal in signals {
            apply.signal(*signal);
            apply.until("finishing the calls under way");
        }
        gate.open();
        apply.end()
    };
    let interrupted = asked(&[Signal::INT]);
    assert_eq!(interrupted.status, 130);
    expect![[r#"
          log_group.a creating …

        interrupted: finishing the calls under way; Ctrl-C again stops at once
        ✓ log_group.a created ([seconds] s)

        Interrupted: 1 created
        in [seconds] s; 6 calls to AWS, those of the plan included
        - iam_role.r was not begun
        run the same again to go on; what is done stays done
    "#]]
    .assert_eq(&filtered(&world, &interrupted.stderr));
    assert_eq!(phases(&world), "log_group.a ready");
    converges(&world);
    destroy(&world);
    // Systems tell a lost terminal more than once.
    for (signals, status) in [(&[Signal::TERM][..], 143), (&[Signal::HUP, Signal::HUP], 129)] {
        assert_eq!(asked(signals).status, status);
        assert_eq!(phases(&world), "log_group.a ready");
        converges(&world);
        destroy(&world);
    }
}

#[test]
fn asked_twice_a_run_stops_at_once() {
    let (world, instance) = world();
    let gate = Gate::closed_for(&instance.endpoint, CREATE);
    let mut apply = start(&world, &gate, &["apply", "--yes"]);
    gate.await_answer();
    apply.signal(Signal::INT);
    apply.until("finishing the calls under way");
    apply.signal(Signal::INT);
    // The gate is closed still.
    let stopped = apply.end();
    assert_eq!(stopped.status, 130, "{}", stopped.stderr);
    expect![[r#"
          log_group.a creating …

        interrupted: finishing the calls under way; Ctrl-C again stops at once

        interrupted: stopped at once; run the same again, what is done stays done
    "#]]
    .assert_eq(&filtered(&world, &stopped.stderr));
    assert_eq!(phases(&world), "log_group.a creating");
    converges(&world);
}

#[test]
fn a_run_that_has_changed_nothing_ends_at_once_and_says_so() {
    let (world, instance) = world();
    for arguments in [&["plan"][..], &["apply", "--yes"], &["destroy"]] {
        let gate = Gate::closed_for(&instance.endpoint, READ);
        let looking = start(&world, &gate, arguments);
        gate.await_answer();
        looking.signal(Signal::INT);
        let ended = looking.end();
        assert_eq!((ended.status, ended.stdout.as_str()), (130, ""));
        assert_eq!(ended.stderr, "\ninterrupted: nothing was changed\n");
        assert!(!world.path("state/chain.json").exists());
    }
}

#[test]
fn readers_that_go_away_stop_no_apply() {
    let (world, instance) = world();
    let gate = Gate::closed_for(&instance.endpoint, CREATE);
    let mut command = at(&world, &gate.endpoint, &instance.deployer, &["apply", "--yes"]);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a process");
    gate.await_answer();
    drop((child.stdout.take(), child.stderr.take()));
    gate.open();
    assert_eq!(child.wait().expect("an end").code(), Some(0));
    assert_eq!(phases(&world), "iam_role.r ready, log_group.a ready");
    let plan = run(&world, &["plan", "--detailed-exitcode"]);
    assert_eq!(plan.status, 0, "{}", plan.stdout);
}

#[test]
fn a_run_below_nohup_outlives_its_terminal() {
    let (world, instance) = world();
    let gate = Gate::closed_for(&instance.endpoint, CREATE);
    let apply = start_below(&["nohup"], &world, &gate);
    gate.await_answer();
    apply.signal(Signal::HUP);
    gate.open();
    let ended = apply.end();
    assert_eq!(ended.status, 0, "{}", ended.stderr);
    assert_eq!(phases(&world), "iam_role.r ready, log_group.a ready");
}

#[test]
fn a_state_is_changed_by_one_run_at_a_time() {
    let (world, instance) = world();
    let gate = Gate::closed_for(&instance.endpoint, CREATE);
    let first = start(&world, &gate, &["apply", "--yes"]);
    gate.await_answer();
    for arguments in [&["apply", "--yes"][..], &["destroy", "--yes"]] {
        let second = run(&world, arguments);
        assert_eq!((second.status, second.stdout.as_str()), (1, ""));
        let holder = format!("as process {}", first.id());
        assert!(second.stderr.contains(&holder), "{}", second.stderr);
    }
    assert_eq!(run(&world, &["plan"]).status, 0, "looking needs no lock");
    first.signal(Signal::KILL);
    assert_eq!(first.end().status, -1);
    converges(&world);
}
