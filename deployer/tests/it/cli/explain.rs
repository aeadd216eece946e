//! `deployer explain` and `deployer show`: all about one entry, and all that is deployed.

use expect_test::expect;
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::{nowhere, shown, snapshot, world_of};
use crate::support::{Run, World};

/// A log group that a role and an output refer to.
const CHAIN: &str = "\
stack: chain
region: us-east-1
resources:
  # Comments and blank lines count.

  log_group.a:
    name: /chain/a
    retention_days: 7
    protect: true
  iam_role.r:
    name: chain-r
    trust: lambda.amazonaws.com
    allow:
      - actions: logs:PutLogEvents
        on: [\"${log_group.a.arn}\", \"${log_group.a.arn}:*\"]
outputs:
  name: ${log_group.a.name}
";

#[test]
fn an_entry_is_explained_before_and_after_it_is_there() {
    let world = world_of(CHAIN);
    world.succeed(&["local", "start"]);
    before(&world);
    world.succeed(&["--local", "apply", "--yes"]);
    after(&world);
    shown_in_short(&world);
    for_programs(&world);
    when_it_differs(&world);
    without_aws(&world);
}

fn for_programs(world: &World) {
    let json = |arguments: &[&str]| -> Value {
        serde_json::from_str(&world.succeed(arguments).stdout).expect("JSON")
    };
    let group = json(&["--local", "explain", "log_group.a", "--json"]);
    let seen = ["address", "place", "protection"].map(|field| group[field].as_str());
    assert_eq!(seen, [Some("log_group.a"), Some("stack.yaml:6"), Some("declared")]);
    assert_eq!(group["needed_by"][0]["address"], "iam_role.r");
    assert_eq!(group["outputs"], json!(["name"]));
    assert_eq!(group["change"]["live"]["spec"]["name"], "/chain/a");
    let made = json!({
        "purpose": "make",
        "operation": "CreateLogGroup",
        "actions": ["logs:CreateLogGroup", "logs:TagResource"],
    });
    let operations = group["operations"].as_array().expect("operations");
    assert!(operations.contains(&made), "{group:#}");

    let all = json(&["--local", "show", "--json"]);
    assert_eq!(all["stack"], "chain");
    assert_eq!(all["outputs"], json!({"name": "/chain/a"}));
    let resources = all["resources"].as_array().expect("resources").iter();
    let addresses: Vec<_> = resources.map(|one| one["address"].clone()).collect();
    assert_eq!(addresses, ["iam_role.r", "log_group.a"]);
}

fn before(world: &World) {
    let nothing = world.succeed(&["--local", "show"]).stdout;
    assert_eq!(nothing, "chain: nothing is deployed, as far as state/chain.local.json remembers\n");
    let text = world.succeed(&["--local", "explain", "iam_role.r"]).stdout;
    assert!(text.contains("not there: new in stack.yaml\n\nDepends on\n"), "{text}");
    assert!(!text.contains("all of it"), "{text}");
}

fn after(world: &World) {
    let whole = world.succeed(&["--local", "explain", "iam_role.r"]).stdout;
    assert_eq!(world.succeed(&["--local", "explain", "r"]).stdout, whole, "by its name alone");
    let unknown = world.fail(&["--local", "explain", "signer"]).stderr;
    assert!(unknown.contains("hint: there are iam_role.r, log_group.a\n"), "{unknown}");
    let elsewhere = world.succeed(&["show"]).stderr;
    assert_eq!(elsewhere, "the local AWS has it: add --local\n");
    let elsewhere = world.fail(&["output"]).stderr;
    assert!(elsewhere.contains("hint: the local AWS has it: add --local\n"), "{elsewhere}");
    a_stack_file_elsewhere_has_its_state_beside_it(world);
    let group = world.run(&["--local", "explain", "log_group.a"]);
    expect![[r#"
        status 0
        --- stdout
        log_group.a  a log group and its retention
        declared at stack.yaml:6, protected: neither to be deleted nor replaced

        In AWS now (the local AWS, account 000000000000, us-east-1)
          as declared
          assigned by AWS
            arn   "arn:aws:logs:us-east-1:000000000000:log-group:/chain/a"
            name  "/chain/a"
          all of it
            name                     "/chain/a"
            retention_days           7
            tags.deployer:address    "log_group.a"
            tags.deployer:protected  "true"
            tags.deployer:stack      "chain"

        Depends on
            nothing

        Needed by
            iam_role.r (arn)
            the output name

        Replaced if this changes
            name

        Managed with (purpose, operation of AWS, IAM actions)
            read    DescribeLogGroups      logs:DescribeLogGroups
            read    ListTagsForResource    logs:ListTagsForResource
            make    CreateLogGroup         logs:CreateLogGroup, logs:TagResource
            change  DeleteRetentionPolicy  logs:DeleteRetentionPolicy
            change  PutRetentionPolicy     logs:PutRetentionPolicy
            change  TagResource            logs:TagResource
            change  UntagResource          logs:UntagResource
            remove  DeleteLogGroup         logs:DeleteLogGroup
    "#]]
    .assert_eq(&shown(world, &group));
    let calls = world.succeed(&["--local", "explain", "log_group.a", "-v"]).stderr;
    assert!(calls.contains("DescribeLogGroups") && !calls.contains("GetRole"), "{calls}");
    let role = world.succeed(&["--local", "explain", "iam_role.r"]).stdout;
    assert!(role.contains("\nDepends on\n    log_group.a (arn)\n"), "{role}");
    assert!(role.contains("  as declared\n"), "references lead to what AWS assigned: {role}");
}

/// `deployer show`: the same state, for people.
fn shown_in_short(world: &World) {
    let text = world.succeed(&["--local", "show"]).stdout;
    let (before, rest) = text.split_once("written ").expect("a time");
    let (time, after) = rest.split_at("2026-05-08T05:39:10Z".len());
    let now = OffsetDateTime::now_utc();
    let time = OffsetDateTime::parse(time, &Rfc3339).expect("a time");
    assert!(time <= now && now - time < Duration::minutes(5), "{text}");
    expect![[r#"
        chain (the local AWS, account 000000000000, us-east-1)
        state/chain.local.json, serial 8, written [time]

        iam_role.r  ready  needs log_group.a
            arn  arn:aws:iam::000000000000:role/chain-r

        log_group.a  ready
            arn  arn:aws:logs:us-east-1:000000000000:log-group:/chain/a

        Outputs
            name  /chain/a
    "#]]
    .assert_eq(&[before, "written [time]", after].concat());
}

fn when_it_differs(world: &World) {
    world.edit("retention_days: 7", "retention_days: 14");
    world.edit("protect: true", "protect: false");
    let text = world.succeed(&["--local", "explain", "log_group.a"]).stdout;
    let (_, rest) = text.split_once("stack.yaml:6, ").expect("the line of the address");
    let (part, _) = rest.split_once("  assigned by AWS").expect("values");
    expect![[r#"
        protected in AWS until the next apply lifts that

        In AWS now (the local AWS, account 000000000000, us-east-1)
          not as declared: stack.yaml changed; an apply would change it
            retention_days           7 → 14
            tags.deployer:protected  "true" → (none)
    "#]]
    .assert_eq(part);
}

fn without_aws(world: &World) {
    std::fs::rename(world.path("state/chain.local.json"), world.path("state/chain.json"))
        .expect("a state");
    let text = snapshot(world, &mut nowhere(world, &["explain", "log_group.a", "--offline"]));
    let (part, _) = text.split_once("  assigned by AWS").expect("values");
    expect![[r#"
        status 0
        --- stdout
        log_group.a  a log group and its retention
        declared at stack.yaml:6, protected in AWS until the next apply lifts that

        As the last apply left it (state/chain.json)
          not as declared: stack.yaml changed; an apply would change it
            retention_days           7 → 14
            tags.deployer:protected  "true" → (none)
    "#]]
    .assert_eq(part);
}

#[test]
fn what_is_not_declared_cannot_be_explained() {
    let world = world_of(CHAIN);
    expect![[r#"
        status 1
        --- stderr
        error: stack.yaml does not declare log_group.b
          hint: did you mean log_group.a?
    "#]]
    .assert_eq(&snapshot(&world, &mut nowhere(&world, &["explain", "log_group.b"])));
}

fn a_stack_file_elsewhere_has_its_state_beside_it(world: &World) {
    let folder = world.path("elsewhere");
    std::fs::create_dir(&folder).expect("a folder");
    let remembered = ["--local", "explain", "iam_role.r", "--offline"];
    let here = world.succeed(&remembered).stdout;
    let arguments = [&["--stack", "../stack.yaml"], &remembered[..]].concat();
    let there = Run::of(world.command(&arguments).current_dir(&folder));
    assert_eq!(there.stdout.replace("../", ""), here, "{there:?}");
}
