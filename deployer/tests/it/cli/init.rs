//! A stack file to begin with.

use std::fs;

use expect_test::expect;

use super::shown;
use crate::support::{World, workspace};

#[test]
fn a_stack_file_is_written_with_its_schema_and_the_way_on_is_told() {
    let world = World::empty();
    expect![[r#"
        status 0
        --- stderr
        wrote stack.yaml, and for editors stack.schema.json

        Say in it who may get which names, and where the function's code comes from. Then:

          deployer ca init                           a demo CA, unless you have your own issuing CA
          deployer plan                              what would be in AWS; add --local for a local AWS
          deployer apply                             make it so
          deployer issue --dns web.internal.example  get a certificate
    "#]].assert_eq(&shown(&world, &world.run(&["init"])));
    for file in ["stack.yaml", "stack.schema.json"] {
        let written = fs::read_to_string(world.path(file)).expect(file);
        let ours = fs::read_to_string(workspace().join(file)).expect(file);
        assert_eq!(
            written, ours,
            "the repository's {file} is not what `init` writes: put it back, or edit deployer/src/stack/default.yaml, too"
        );
    }
}

#[test]
fn everything_in_it_is_named_after_the_stack() {
    let world = World::empty();
    world.succeed(&["init", "--name", "second"]);
    let written = fs::read_to_string(world.path("stack.yaml")).expect("a stack file");
    assert!(written.contains("stack: second\n"), "{written}");
    assert!(!written.contains("cert-issuer"), "{written}");
    for name in ["Second", "a: b", "", "x\ny: z", &"a".repeat(41)] {
        let refused = World::empty();
        let run = refused.fail(&["init", "--name", name]);
        assert!(run.stderr.contains("cannot be the name of a stack"), "{}", run.stderr);
        assert!(!refused.path("stack.yaml").exists());
    }
}

#[test]
fn what_is_there_is_not_overwritten() {
    let world = World::empty();
    world.write("stack.yaml", "mine");
    expect![[r#"
        status 1
        --- stderr
        error: could not write stack.yaml
          because: File exists (os error 17)
          hint: it stays as it is; name another file with --stack
    "#]]
    .assert_eq(&shown(&world, &world.run(&["init"])));
    assert_eq!(fs::read_to_string(world.path("stack.yaml")).expect("a file"), "mine");
    assert!(!world.path("stack.schema.json").exists());

    world.write("stack.schema.json", "mine too");
    world.succeed(&["init", "--stack", "other.yaml"]);
    assert!(world.path("other.yaml").exists());
    assert_eq!(fs::read_to_string(world.path("stack.schema.json")).expect("a file"), "mine too");
}
