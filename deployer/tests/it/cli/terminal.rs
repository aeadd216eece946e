//! What a user sees on a terminal: live lines while something is under way, and then the same log as
//! anywhere else.

use expect_test::expect;
use rustix::process::Signal;

use super::gate::Gate;
use super::{CHAIN, CREATE, at, filtered, world_of};
use crate::support::World;
use crate::support::terminal::Terminal;

/// An apply in a terminal, in the middle of its first change.
fn applying(width: u16, arguments: &[&str]) -> (World, Gate, Terminal) {
    let world = world_of(CHAIN);
    world.succeed(&["local", "start"]);
    let instance = world.instance();
    let gate = Gate::closed_for(&instance.endpoint, CREATE);
    let arguments = [&["apply", "--yes"], arguments].concat();
    let mut command = at(&world, &gate.endpoint, &instance.deployer, &arguments);
    let terminal = Terminal::start(&mut command, width);
    gate.await_answer();
    terminal.until("log_group.a creating (");
    (world, gate, terminal)
}

/// What was printed after the plan, as it is without a terminal.
fn after_plan(world: &World, shown: &str) -> String {
    let (_, rest) = shown.split_once("2 to create\n").expect("a plan");
    filtered(world, rest)
}

#[test]
fn live_lines_come_and_go_and_leave_the_usual_log() {
    let log = expect![[r#"
        ✓ log_group.a created ([seconds] s)
        ✓ iam_role.r created ([seconds] s)

        Done: 2 created
        in [seconds] s; 8 calls to AWS, those of the plan included
    "#]];
    for width in [40, 80, 120] {
        let (world, gate, terminal) = applying(width, &[]);
        terminal.until("1 waits for others");
        gate.open();
        let (status, shown) = terminal.end();
        assert_eq!(status, 0, "{shown}");
        log.assert_eq(&after_plan(&world, &shown));
    }
}

#[test]
fn calls_and_interruptions_stand_above_the_live_lines() {
    let (world, gate, terminal) = applying(80, &["-v"]);
    terminal.signal(Signal::INT);
    terminal.until("finishing the calls under way");
    terminal.until("log_group.a creating (");
    gate.open();
    let (status, shown) = terminal.end();
    assert_eq!(status, 130, "{shown}");
    expect![[r#"
          aws IAM.SimulatePrincipalPolicy
        permissions were not checked beforehand: SimulatePrincipalPolicy failed for arn:aws:iam::000000000000:user/deployer: AccessDenied: User: arn:aws:iam::000000000000:user/deployer is not authorized to perform: iam:SimulatePrincipalPolicy because no identity-based policy allows the iam:SimulatePrincipalPolicy action
          aws CloudWatch Logs.CreateLogGroup

        interrupted: finishing the calls under way; Ctrl-C again stops at once
        ✓ log_group.a created ([seconds] s)

        Interrupted: 1 created
        in [seconds] s; 6 calls to AWS, those of the plan included
          CloudWatch Logs 2, IAM 3, STS 1
        - iam_role.r was not begun
        run the same again to go on; what is done stays done
    "#]].assert_eq(&after_plan(&world, &shown));
}

#[test]
fn a_run_that_is_stopped_takes_its_live_lines_along() {
    let (world, _gate, terminal) = applying(80, &[]);
    terminal.signal(Signal::INT);
    terminal.until("finishing the calls under way");
    terminal.signal(Signal::INT);
    let (status, shown) = terminal.end();
    assert_eq!(status, 130, "{shown}");
    expect![[r#"

        interrupted: finishing the calls under way; Ctrl-C again stops at once

        interrupted: stopped at once; run the same again, what is done stays done
    "#]]
    .assert_eq(&after_plan(&world, &shown));
}
