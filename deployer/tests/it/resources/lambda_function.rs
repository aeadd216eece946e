//! Functions.

use std::io::Cursor;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment, LogFormat, LoggingConfig, Runtime};
use deployer::aws::Aws;
use deployer::cloud::Cloud as _;
use deployer::resource::{Job, Reading};
use serde_json::{Value, json};
use zip::ZipArchive;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::{Deployed, Edit, changes, download, sorted};
use crate::support::{World, write_program};

const ADDRESS: &str = "lambda_function.fn";
const NAME: &str = "trial-fn";

const ROLES: &str = "  iam_role.a: { name: trial-a }
  iam_role.b: { name: trial-b }
";

const ENTRY: &str = "  lambda_function.fn:
    name: trial-fn
    description: First
    role: ${iam_role.a.arn}
    code: { bootstrap: one, files: { policy.json: { rules: [{ name: a, callers: ['*'], dns: [a.example], ttl_hours: { default: 1, max: 2 } }] } } }
    memory_mb: 128
    timeout_seconds: 3
    environment: { ONE: \"1\", TWO: \"2\" }
    log_group: /trial/fn
    tags: { team: a, tier: low }
";

/// What creates a function.
const CREATE: &str = "CreateFunction";

async fn deployed() -> Deployed {
    let world = World::empty();
    for (name, machine) in [("one", 62), ("two", 62), ("arm", 183)] {
        write_program(&world, name, machine);
    }
    Deployed::within(world, &format!("{ROLES}{ENTRY}")).await
}

/// A function with all that AWS tells of it, but for what differs after every change.
async fn function(root: &Aws) -> Value {
    let answer = root.lambda.get_function().function_name(NAME).send().await.expect("a function");
    let function = answer.configuration.expect("a configuration");
    let environment = function.environment.and_then(|environment| environment.variables);
    let logging = function.logging_config.expect("a logging configuration");
    json!({
        "arn": function.function_arn,
        "description": function.description,
        "role": function.role,
        "code": function.code_sha256,
        "architectures": function.architectures.map(|all| format!("{all:?}")),
        "runtime": function.runtime.map(|runtime| runtime.as_str().to_owned()),
        "handler": function.handler,
        "memory": function.memory_size,
        "timeout": function.timeout,
        "environment": sorted(environment),
        "concurrency": answer.concurrency.and_then(|c| c.reserved_concurrent_executions),
        "log_group": logging.log_group,
        "log_format": logging.log_format.map(|format| format.as_str().to_owned()),
        "tags": sorted(answer.tags),
    })
}

async fn names(root: &Aws) -> Vec<String> {
    let listed = root.lambda.list_functions().send().await.expect("functions");
    listed.functions().iter().filter_map(|each| each.function_name().map(str::to_owned)).collect()
}

async fn delete(root: &Aws) {
    let call = root.lambda.delete_function().function_name(NAME);
    call.send().await.expect("a function to delete");
}

/// The zip that AWS holds.
async fn code(root: &Aws) -> Vec<u8> {
    let answer = root.lambda.get_function().function_name(NAME).send().await.expect("a function");
    download(answer.code().and_then(|code| code.location()).expect("where the code is"))
}

#[tokio::test]
async fn a_function_follows_its_entry_field_by_field() {
    let deployed = deployed().await;
    let root = &deployed.root;
    let made = function(root).await;
    let arn = made["arn"].as_str().expect("an ARN");
    let call = root.lambda.tag_resource().resource(arn).tags("owner", "somebody");
    call.send().await.expect("a foreign tag");
    assert_eq!(deployed.plan(), "", "a foreign tag is none of our business");

    deployed.follows(ADDRESS, &EDITS, function).await;
    let end = function(root).await;
    assert_eq!(end["arn"], made["arn"]);
    assert_eq!(end["tags"]["owner"], "somebody");
}

const EDITS: [Edit; 9] = [
    Edit {
        from: "description: First",
        to: "description: Second",
        plan: "description",
        calls: "UpdateFunctionConfiguration",
        live: r#"description: "First" → "Second""#,
    },
    Edit {
        from: "memory_mb: 128",
        to: "memory_mb: 256",
        plan: "memory_mb",
        calls: "UpdateFunctionConfiguration",
        live: "memory: 128 → 256",
    },
    Edit {
        from: "timeout_seconds: 3",
        to: "timeout_seconds: 4",
        plan: "timeout_seconds",
        calls: "UpdateFunctionConfiguration",
        live: "timeout: 3 → 4",
    },
    Edit {
        from: r#"{ ONE: "1", TWO: "2" }"#,
        to: r#"{ ONE: "x", THREE: "3" }"#,
        plan: "environment.ONE, environment.THREE, environment.TWO",
        calls: "UpdateFunctionConfiguration",
        live: r#"environment.ONE: "1" → "x"; environment.THREE: null → "3"; environment.TWO: "2" → null"#,
    },
    Edit {
        from: "log_group: /trial/fn",
        to: "log_group: /trial/other",
        plan: "log_group",
        calls: "UpdateFunctionConfiguration",
        live: r#"log_group: "/trial/fn" → "/trial/other""#,
    },
    Edit {
        from: "role: ${iam_role.a.arn}",
        to: "role: ${iam_role.b.arn}",
        plan: "role",
        calls: "UpdateFunctionConfiguration",
        live: r#"role: "arn:aws:iam::000000000000:role/trial-a" → "arn:aws:iam::000000000000:role/trial-b""#,
    },
    Edit {
        from: "    memory_mb: 256\n",
        to: "    memory_mb: 256\n    reserved_concurrency: 5\n",
        plan: "reserved_concurrency",
        calls: "PutFunctionConcurrency",
        live: "concurrency: null → 5",
    },
    Edit {
        from: "    reserved_concurrency: 5\n",
        to: "",
        plan: "reserved_concurrency",
        calls: "DeleteFunctionConcurrency",
        live: "concurrency: 5 → null",
    },
    Edit {
        from: "team: a, tier: low",
        to: "team: b, cost: x.1",
        plan: "tags.cost, tags.team, tags.tier",
        calls: "TagResource, UntagResource",
        live: r#"tags.cost: null → "x.1"; tags.team: "a" → "b"; tags.tier: "low" → null"#,
    },
];

#[tokio::test]
async fn new_code_is_uploaded_and_foreign_code_is_replaced() {
    let deployed = deployed().await;
    let root = &deployed.root;
    let mut archive = ZipArchive::new(Cursor::new(code(root).await)).expect("a zip");
    assert_eq!(archive.by_name("bootstrap").expect("a program").unix_mode(), Some(0o100_755));
    assert_eq!(archive.by_name("policy.json").expect("a policy").unix_mode(), Some(0o100_644));
    let before = function(root).await;

    deployed.world.edit("bootstrap: one", "bootstrap: two");
    deployed.converges("update lambda_function.fn: code_sha256", "UpdateFunctionCode");
    let second = function(root).await;
    assert!(changes(&before, &second).starts_with("code: ") && second["arn"] == before["arn"]);
    deployed.world.edit("max: 2", "max: 1");
    let plan = "update lambda_function.fn: code_sha256, files.policy.json.rules[0].ttl_hours.max";
    deployed.converges(plan, "UpdateFunctionCode");

    deployed.world.edit("bootstrap: two", "bootstrap: arm");
    deployed.world.edit("    memory_mb", "    architecture: arm64\n    memory_mb");
    let plan = "update lambda_function.fn: architecture, code_sha256";
    deployed.converges(plan, "UpdateFunctionCode");
    let mine = function(root).await;
    assert_eq!(mine["architectures"], "[Arm64]");

    let mut theirs = ZipWriter::new(Cursor::new(Vec::new()));
    theirs.start_file("bootstrap", SimpleFileOptions::default()).expect("an entry");
    let theirs = theirs.finish().expect("a zip").into_inner();
    let call = root.lambda.update_function_code().function_name(NAME);
    let call = call.zip_file(Blob::new(theirs)).architectures("x86_64".into());
    call.send().await.expect("other code");
    let plan = "update lambda_function.fn: architecture (drift), code_sha256 (drift)";
    deployed.converges(plan, "UpdateFunctionCode");
    assert_eq!(function(root).await, mine);
}

#[tokio::test]
async fn what_others_do_to_a_function_is_mended() {
    let deployed = deployed().await;
    let root = &deployed.root;
    let made = function(root).await;
    let arn = made["arn"].as_str().expect("an ARN");
    let configure = || root.lambda.update_function_configuration().function_name(NAME);
    let logging = LoggingConfig::builder().log_group("/theirs").log_format(LogFormat::Text);
    let environment = Environment::builder().variables("ONE", "z").variables("NEW", "n").build();
    let role = "arn:aws:iam::000000000000:role/trial-b";
    for (call, fields) in [
        (configure().description("Theirs"), "description (drift)"),
        (configure().memory_size(512), "memory_mb (drift)"),
        (configure().timeout(9), "timeout_seconds (drift)"),
        (configure().runtime(Runtime::Providedal2), "runtime (drift)"),
        (configure().role(role), "role (drift)"),
        (configure().logging_config(logging.build()), "log_format (drift), log_group (drift)"),
        (
            configure().environment(environment),
            "environment.NEW (drift), environment.ONE (drift), environment.TWO (drift)",
        ),
    ] {
        call.send().await.expect("another configuration");
        let plan = format!("update lambda_function.fn: {fields}");
        deployed.converges(&plan, "UpdateFunctionConfiguration");
        assert_eq!(function(root).await, made, "after {plan}");
    }

    let call = root.lambda.put_function_concurrency().function_name(NAME);
    call.reserved_concurrent_executions(1).send().await.expect("a reservation");
    let plan = "update lambda_function.fn: reserved_concurrency (drift)";
    deployed.converges(plan, "DeleteFunctionConcurrency");
    let call = root.lambda.untag_resource().resource(arn).tag_keys("team");
    call.tag_keys("deployer:stack").tag_keys("deployer:address").send().await.expect("fewer tags");
    let plan = "update lambda_function.fn: \
                tags.deployer:address (drift), tags.deployer:stack (drift), tags.team (drift)";
    deployed.converges(plan, "TagResource");
    assert_eq!(function(root).await, made);

    delete(root).await;
    deployed.converges("create lambda_function.fn: deleted_outside", CREATE);
    assert_eq!(function(root).await, made);
}

#[tokio::test]
async fn a_function_is_replaced_under_another_name_and_goes_when_it_is_not_declared() {
    let deployed = deployed().await;
    let root = &deployed.root;
    deployed
        .world
        .edit("    memory_mb: 128\n", "    memory_mb: 128\n    reserved_concurrency: 2\n");
    deployed.world.edit("name: trial-fn", "name: trial-renamed");
    deployed.converges(
        "replace lambda_function.fn: name (forces_replacement), reserved_concurrency",
        "DeleteFunction, CreateFunction, PutFunctionConcurrency",
    );
    assert_eq!(names(root).await, ["trial-renamed"]);

    deployed.declares(ROLES);
    deployed.converges("delete lambda_function.fn: not_declared", "DeleteFunction");
    assert_eq!(names(root).await, [""; 0]);

    deployed.declares(&format!("{ROLES}{ENTRY}"));
    deployed.converges("create lambda_function.fn: new", CREATE);
    delete(root).await;
    deployed.declares(ROLES);
    deployed.converges("", "");
    assert_eq!(names(root).await, [""; 0]);
}

#[tokio::test]
async fn a_function_follows_its_role_to_another_name() {
    let deployed = deployed().await;
    let before = function(&deployed.root).await;
    deployed.world.edit("name: trial-a", "name: trial-c");
    deployed.converges(
        "replace iam_role.a: name (forces_replacement)\nupdate lambda_function.fn: role",
        "DeleteRolePolicy, DeleteRole, CreateRole, DeleteRolePolicy, UpdateFunctionConfiguration",
    );
    assert_eq!(
        changes(&before, &function(&deployed.root).await),
        r#"role: "arn:aws:iam::000000000000:role/trial-a" → "arn:aws:iam::000000000000:role/trial-c""#
    );
}

/// The plan is older than what somebody else has done since.
#[tokio::test]
async fn a_change_is_made_to_no_other_revision_than_the_one_that_was_looked_at() {
    let deployed = deployed().await;
    let instance = deployed.world.instance();
    let aws = deployed.world.aws(instance.deployer).await;
    let address = ADDRESS.parse().expect("an address");
    let reading = aws.read(&address, json!({"name": NAME}), None).await.expect("a look");
    let Reading::Present(live) = reading else { panic!("{reading:?}") };
    let call = deployed.root.lambda.update_function_configuration().function_name(NAME);
    call.memory_size(512).send().await.expect("somebody else's change");
    let changed = function(&deployed.root).await;

    let job = Job {
        address: &address,
        payload: None,
        fresh: false,
        journal: &|_| Ok(()),
        announce: &|_| Ok(()),
        note: &|_| Ok(()),
    };
    let mut spec = live.spec.clone();
    spec["timeout_seconds"] = 9.into();
    let error = aws.update(&job, live, spec).await.expect_err("another revision");
    assert!(error.causes[0].starts_with("PreconditionFailedException"), "{error:?}");
    assert!(error.hints[0].contains("somebody has changed it since the plan"), "{error:?}");
    assert_eq!(function(&deployed.root).await, changed);
    deployed
        .converges(&format!("update {ADDRESS}: memory_mb (drift)"), "UpdateFunctionConfiguration");
}
