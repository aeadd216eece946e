//! Whoever finds the state locked is told by whom, before anything else.

use std::thread;

use deployer::state::Store;
use expect_test::expect;

use super::{SMALL, ada, at, nowhere, snapshot, world_of};
use crate::support::Run;

#[test]
fn a_locked_state_is_refused_before_any_call_and_free_when_its_holder_is_gone() {
    let world = world_of(SMALL);
    let path = world.path("state/small.json");
    let held = Store::open_locked(path.clone(), "small", &ada("deployer destroy"), "1234".into())
        .expect("a lock");
    let refused = snapshot(&world, &mut nowhere(&world, &["apply", "--yes"]));
    expect![[r#"
        status 1
        --- stderr
        error: another run is changing the state file state/small.json
          because: ada@laptop has been running `deployer destroy` since 2026-05-08T05:39:10Z, as process 4711
          hint: wait until it has ended, then run again; its lock ends with it, even if it is killed
    "#]].assert_eq(&refused);
    assert_eq!(snapshot(&world, &mut nowhere(&world, &["destroy", "--yes"])), refused);
    let forget = nowhere(&world, &["state", "forget", "log_group.a", "--yes"]);
    assert_eq!(snapshot(&world, &mut { forget }), refused);
    let looking = Run::of(&mut nowhere(&world, &["state", "list"]));
    assert_eq!((looking.status, looking.stdout.as_str()), (0, "nothing is remembered\n"));
    drop(held);
    let free = Run::of(&mut nowhere(&world, &["apply", "--yes"]));
    assert!(free.stderr.contains("could not find out which AWS account"), "{}", free.stderr);
    assert!(!path.exists());
}

/// As many runs at once as a careless pipeline starts.
const RUNS: usize = 8;

#[tokio::test]
async fn of_several_runs_at_once_each_either_converges_or_names_the_one_that_does() {
    let world = world_of(SMALL);
    world.succeed(&["local", "start"]);
    let instance = world.instance();
    let apply =
        || Run::of(&mut at(&world, &instance.endpoint, &instance.deployer, &["apply", "--yes"]));
    let runs: Vec<Run> = thread::scope(|scope| {
        let started: Vec<_> = (0..RUNS).map(|_| scope.spawn(apply)).collect();
        started.into_iter().map(|run| run.join().expect("a run")).collect()
    });
    for run in &runs {
        let refused =
            run.stderr.contains("another run is changing the state file state/small.json");
        assert!(run.status == 0 || (run.status == 1 && refused), "{run:?}");
    }
    assert!(runs.iter().any(|run| run.status == 0), "{runs:?}");
    let groups = world.root().await.logs.describe_log_groups().send().await.expect("a list");
    assert_eq!(groups.log_groups().len(), 2);
    let plan = at(&world, &instance.endpoint, &instance.deployer, &["plan", "--detailed-exitcode"]);
    assert_eq!(Run::of(&mut { plan }).status, 0);
}
