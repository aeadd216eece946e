//! What keeps people from working in the wrong place, and from losing what must not be lost.

use aws_credential_types::Credentials;
use expect_test::expect;

use super::{SMALL, at, shown, snapshot, world_of};
use crate::support::Run;

#[test]
fn a_stack_is_put_into_no_account_but_its_own() {
    let world = world_of(&format!("account: 123456789012\n{SMALL}"));
    world.succeed(&["local", "start"]);
    let instance = world.instance();
    // To the local AWS, a key id of twelve digits is the root of that account.
    let other = Credentials::new("111111111111", "any", None, None, "test");
    for command in [&["plan"][..], &["apply", "--yes"], &["destroy", "--yes"]] {
        let mut command = at(&world, &instance.endpoint, &other, command);
        expect![[r#"
            status 1
            --- stderr
            error: the stack `small` is for account 123456789012, and the credentials are for account 111111111111

             --> stack.yaml:1:10
            1 | account: 123456789012
              |          ^ no other account is meant

              hint: nothing was read from or changed in AWS
              hint: use credentials for 123456789012, for example with AWS_PROFILE
        "#]]
        .assert_eq(&snapshot(&world, &mut command));
    }
    assert!(!world.path("state").exists());

    world.edit("123456789012", "\"111111111111\"");
    let plan = Run::of(&mut at(&world, &instance.endpoint, &other, &["plan"]));
    assert!(plan.stdout.contains("2 to create"), "{}", shown(&world, &plan));
    // The local AWS is never the wrong account.
    world.succeed(&["--local", "plan"]);
}
