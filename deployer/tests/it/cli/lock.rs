//! Whoever finds the state locked is told by whom, before anything else.

use deployer::state::{Holder, Store};
use expect_test::expect;

use super::{SMALL, nowhere, snapshot, world_of};
use crate::support::Run;

#[test]
fn a_locked_state_is_refused_before_any_call_and_free_when_its_holder_is_gone() {
    let world = world_of(SMALL);
    let holder = Holder {
        who: "ada@laptop".into(),
        pid: 4711,
        command: "deployer destroy".into(),
        since: "2026-05-08T05:39:10Z".into(),
    };
    let path = world.path("state/small.json");
    let held = Store::open_locked(path.clone(), "small", &holder, "1234".into()).expect("a lock");
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
