//! What a saved plan refuses, and what it says has moved.

use std::os::unix::fs::PermissionsExt as _;

use expect_test::{Expect, expect};
use serde_json::json;

use super::*;
use crate::cloud::fake::{FakeCloud, gather};

const STACK: &str = r#"
stack: demo
resources:
  secret.ca: { name: demo/ca, value_file: ca.json }
  log_group.a: { name: /demo, retention_days: 30 }
  iam_role.a: { name: demo, allow: [{ actions: "a:B", on: "${secret.ca.arn}" }] }
"#;

fn basis() -> Basis {
    Basis {
        local: true,
        stack: "demo".into(),
        account: "111111111111".into(),
        region: "eu-west-1".into(),
        lineage: "1234".into(),
        serial: 7,
    }
}

/// The plan for a stack as things stand, as if it had just been saved.
fn saved(cloud: &FakeCloud, text: &str) -> SavedPlan {
    let stack = Stack::parse(text, "stack.yaml", ".".into()).expect("a stack");
    let plan = cloud.plan(text).expect("a plan");
    SavedPlan::new(&stack, &gather(&stack), false, basis(), plan)
}

fn path() -> &'static Path {
    Path::new("plan.json")
}

fn says(error: &Error, expected: &Expect) {
    expected.assert_eq(&format!(
        "{}\n{}\n{}\n",
        error.message,
        error.causes.join("\n"),
        error.hints.join("\n")
    ));
}

#[test]
fn a_saved_plan_is_read_as_it_was_written_by_its_owner_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plan.json");
    let cloud = FakeCloud::new();
    cloud.apply(STACK);
    let plan = saved(&cloud, &STACK.replace("30", "7").replace("name: demo,", "name: other,"));
    plan.write(&path).expect("a file");
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    let read = SavedPlan::read(&path).expect("a plan");
    assert!(read.plan.actions().count() > 0);
    assert_eq!(read, plan);
    plan.write(&path).expect("a plan gives way to another");
    read.check_plan(&plan, &path).expect("the same plan");
}

#[test]
fn no_other_file_gives_way_to_a_plan() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("stack.yaml");
    let cloud = FakeCloud::new();
    for content in [STACK, "{}", ""] {
        fs::write(&path, content).expect("a file");
        let error = saved(&cloud, STACK).write(&path).expect_err("a refusal");
        assert!(error.causes[0].contains("no saved plan"), "{error:?}");
        assert_eq!(fs::read_to_string(&path).expect("a file"), content);
    }
}

#[test]
fn what_is_no_whole_plan_of_this_release_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("plan.json");
    let mut all = String::new();
    let mut refuse = |path: &Path| {
        let error = SavedPlan::read(path).expect_err("a refusal");
        assert!(!error.hints.is_empty(), "{error:?}");
        let text = format!("{}: {}\n", error.message, error.causes.join(": "));
        all += &text.replace(&folder.path().display().to_string(), "[folder]");
    };
    refuse(&path);
    refuse(folder.path());
    let whole = serde_json::to_string(&saved(&FakeCloud::new(), STACK)).expect("JSON");
    let newer = whole.replace("\"deployer_plan\":1", "\"deployer_plan\":2");
    let more = whole.replace("\"destroy\"", "\"more\":1,\"destroy\"");
    let of_plan_json = r#"{"format":1,"stack":"demo","changes":[]}"#;
    for text in ["", "\0\u{1}", &whole[..200], of_plan_json, "{}", "7", &newer, &more] {
        fs::write(&path, text).expect("a file");
        refuse(&path);
    }
    expect![[r#"
        could not read the plan file [folder]/plan.json: No such file or directory (os error 2)
        could not read the plan file [folder]: Is a directory (os error 21)
        could not understand the plan file [folder]/plan.json: it is not what `deployer plan --out` writes: EOF while parsing a value at line 1 column 0
        could not understand the plan file [folder]/plan.json: it is not what `deployer plan --out` writes: expected value at line 1 column 1
        could not understand the plan file [folder]/plan.json: it is not what `deployer plan --out` writes: EOF while parsing a string at line 1 column 200
        could not understand the plan file [folder]/plan.json: it is not what `deployer plan --out` writes
        could not understand the plan file [folder]/plan.json: it is not what `deployer plan --out` writes
        could not understand the plan file [folder]/plan.json: it is not what `deployer plan --out` writes
        could not understand the plan file [folder]/plan.json: its format is version 2, and this release knows 1
        could not understand the plan file [folder]/plan.json: unknown field `more`, expected one of `deployer_plan`, `destroy`, `basis`, `given`, `declared`, `wanted`, `adopt`, `allow_widening`, `plan` at line 1 column 25
    "#]].assert_eq(&all);
}

#[test]
fn another_place_is_refused() {
    let plan = saved(&FakeCloud::new(), STACK);
    plan.check_basis(&basis(), path()).expect("the same place");
    let elsewhere = Basis {
        local: false,
        stack: "other".into(),
        account: "222222222222".into(),
        region: "us-east-1".into(),
        lineage: "5678".into(),
        serial: 7,
    };
    says(
        &plan.check_basis(&elsewhere, path()).expect_err("a refusal"),
        &expect![[r#"
            the plan in plan.json was made against something else
            it was made for the local AWS, and this is AWS
            it was made for the stack demo, and this is the stack other
            it was made for account 111111111111, and this is account 222222222222
            it was made for region eu-west-1, and this is region us-east-1
            it was made with the state 1234, and this is 5678
            nothing was changed; make a new plan with `deployer plan --local --out plan.json`
        "#]],
    );
    let later = Basis { serial: 9, ..basis() };
    says(
        &plan.check_basis(&later, path()).expect_err("a refusal"),
        &expect![[r#"
            the plan in plan.json was made against something else
            the state has changed since: its serial was 7 and is 9 now
            nothing was changed; make a new plan with `deployer plan --local --out plan.json`
        "#]],
    );
    plan.check_place(true, path()).expect("the same AWS");
    says(
        &plan.check_place(false, path()).expect_err("a refusal"),
        &expect![[r#"
        the plan in plan.json was made against something else
        it was made for the local AWS, and this is AWS
        add --local to carry it out where it belongs
    "#]],
    );
}

#[test]
fn what_has_moved_is_told_by_address_and_field() {
    let cloud = FakeCloud::new();
    cloud.apply(STACK);
    let edited = STACK.replace("30", "7");
    let then = saved(&cloud, &edited);

    let again = edited
        .replace("days: 7", "days: 14")
        .replace("iam_role.a: { name: demo", "iam_role.b: { name: demo-b");
    let in_stack = then.check_plan(&saved(&cloud, &again), path()).expect_err("a refusal");
    says(
        &in_stack,
        &expect![[r#"
        the plan in plan.json does not hold any more
        in stack.yaml, iam_role.a was there and is not now
        in stack.yaml, iam_role.b was not there and is now
        in stack.yaml, log_group.a retention_days was 7 and is 14 now
        nothing was changed; make a new plan with `deployer plan --local --out plan.json`
    "#]],
    );

    let mut now = saved(&cloud, &edited);
    let secret = "secret.ca".parse().expect("an address");
    let other = json!("another fingerprint");
    now.wanted.get_mut(&secret).expect("a secret")["value_sha256"] = other.clone();
    let change = now.plan.changes.iter_mut().find(|change| change.address == secret);
    change.expect("a secret").spec.as_mut().expect("a spec")["value_sha256"] = other;
    let in_files = then.check_plan(&now, path()).expect_err("a refusal");
    says(
        &in_files,
        &expect![[r#"
            the plan in plan.json does not hold any more
            in the local files, secret.ca value_sha256 was "sha256 of \"ca.json\"" and is "another fingerprint" now
            nothing was changed; make a new plan with `deployer plan --local --out plan.json`
        "#]],
    );

    cloud.tamper("log_group", |live| live.spec["retention_days"] = 90.into());
    cloud.remove("iam_role");
    let in_aws = then.check_plan(&saved(&cloud, &edited), path()).expect_err("a refusal");
    says(
        &in_aws,
        &expect![[r#"
        the plan in plan.json does not hold any more
        in AWS, iam_role.a was there and is not now
        in AWS, log_group.a retention_days was 30 and is 90 now
        nothing was changed; make a new plan with `deployer plan --local --out plan.json`
    "#]],
    );
}

#[test]
fn what_cannot_be_explained_is_refused_all_the_same() {
    let cloud = FakeCloud::new();
    let then = saved(&cloud, STACK);
    let mut now = then.clone();
    now.plan.changes[0].reasons.clear();
    assert!(then.check_plan(&now, path()).is_err());
    let mut now = then.clone();
    now.plan.changes.swap(0, 1);
    assert!(then.check_plan(&now, path()).is_err());
}

#[test]
fn a_comment_in_the_stack_file_moves_nothing() {
    let cloud = FakeCloud::new();
    let then = saved(&cloud, STACK);
    then.check_plan(&saved(&cloud, &format!("# a word\n{STACK}")), path()).expect("the same plan");
}
