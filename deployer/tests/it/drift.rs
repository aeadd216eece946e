//! What others do to a deployed stack behind the deployer's back: `drift` names it, `apply` mends it,
//! and then there is none. Each row is one scenario; one stack sees them all.

use aws_sdk_lambda::types::Environment;
use deployer::aws::Aws;
use deployer::ca;
use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::support::{World, write_program};

const STACK: &str = r#"
stack: drift
resources:
  secret.ca: { name: drift/ca, description: Ours, value_file: ca/issuing-ca.json, recovery_window_days: 7 }
  log_group.fn: { name: /drift, retention_days: 30 }
  iam_role.fn:
    name: drift
    description: Ours
    allow: [{ actions: "secretsmanager:GetSecretValue", on: "${secret.ca.arn}" }]
  lambda_function.fn:
    name: drift
    role: ${iam_role.fn.arn}
    code: { bootstrap: one }
    log_group: ${log_group.fn.name}
    environment: { ONE: "1" }
  http_api.api: { name: drift, description: Ours }
  http_route.issue:
    api: ${http_api.api.id}
    route: POST /issue
    function: ${lambda_function.fn.arn}
"#;

/// What is done behind our back, and what `drift` says of it: what happened to which object, and the
/// fields.
const SCENARIOS: [(&str, &str); 37] = [
    ("secret: another description", "changed secret.ca: description"),
    ("secret: another key", "changed secret.ca: kms_key_id"),
    ("secret: another value", "changed secret.ca: value_sha256"),
    ("secret: its tags are gone", "changed secret.ca: tags.deployer:address, tags.deployer:stack"),
    ("secret: scheduled for deletion", "scheduled_for_deletion secret.ca"),
    ("secret: deleted at once", "deleted secret.ca"),
    ("log group: another retention", "changed log_group.fn: retention_days"),
    ("log group: kept for ever", "changed log_group.fn: retention_days"),
    ("log group: deleted", "deleted log_group.fn"),
    (
        "log group: made anew by a late write",
        "changed log_group.fn: retention_days, tags.deployer:address, tags.deployer:stack",
    ),
    ("role: another description", "changed iam_role.fn: description"),
    ("role: trusts another account", "changed iam_role.fn: trust"),
    ("role: its policy is widened", "changed iam_role.fn: allow"),
    ("role: its policy is deleted", "changed iam_role.fn: allow"),
    ("role: its tags are gone", "changed iam_role.fn: tags.deployer:stack"),
    ("role: deleted", "deleted iam_role.fn"),
    (
        "role: made anew behind the function",
        "changed iam_role.fn: allow, description, tags.deployer:address, tags.deployer:stack, id",
    ),
    ("function: more memory", "changed lambda_function.fn: memory_mb"),
    ("function: more time", "changed lambda_function.fn: timeout_seconds"),
    ("function: other variables", "changed lambda_function.fn: environment.ONE, environment.TWO"),
    ("function: other code", "changed lambda_function.fn: code_sha256"),
    ("function: its tags are gone", "changed lambda_function.fn: tags.deployer:stack"),
    ("function: limited", "changed lambda_function.fn: reserved_concurrency"),
    (
        "function: deleted, and its permission with it",
        "deleted lambda_function.fn\nchanged http_route.issue: invoke_from",
    ),
    ("permission: removed", "changed http_route.issue: invoke_from"),
    ("permission: for the whole API", "changed http_route.issue: invoke_from"),
    ("permission: for everybody", "changed http_route.issue: invoke_from"),
    ("API: another description", "changed http_api.api: description"),
    ("API: its tags are gone", "changed http_api.api: tags.deployer:stack"),
    ("stage: deploys no changes", "changed http_api.api: auto_deploy"),
    ("stage: deleted", "changed http_api.api: auto_deploy"),
    ("route: open to all", "PUBLIC changed http_route.issue: authorization"),
    ("route: another key", "changed http_route.issue: route"),
    ("route: deleted", "deleted http_route.issue"),
    ("integration: leads elsewhere", "changed http_route.issue: function, payload_format"),
    ("integration: deleted", "changed http_route.issue: function, payload_format"),
    ("API: deleted", "deleted http_api.api\ndeleted http_route.issue"),
];

#[tokio::test]
async fn whatever_drifts_is_named_mended_and_gone() {
    let world = World::empty();
    ca::init(&world.path("ca"), OffsetDateTime::now_utc()).expect("a demo CA");
    write_program(&world, "one", 62);
    world.write("stack.yaml", STACK);
    let unknown = world.fail(&["--local", "drift"]);
    assert!(unknown.stderr.contains("there is no last apply"), "{}", unknown.stderr);
    world.succeed(&["--local", "apply", "--yes"]);
    assert_eq!(drift(&world), (0, String::new()));
    let root = world.root().await;
    for (scenario, found) in SCENARIOS {
        tamper(scenario, &root).await;
        assert_eq!(drift(&world), (2, found.to_owned()), "{scenario}");
        world.succeed(&["--local", "apply", "--yes"]);
        assert_eq!(drift(&world), (0, String::new()), "{scenario}: mended");
    }
    as_people_read_it(&world, &root).await;
}

/// The exit status of `drift`, and what it found, a line for each object.
fn drift(world: &World) -> (i32, String) {
    let run = world.run(&["--local", "drift", "--json"]);
    let document: Value = serde_json::from_str(&run.stdout).expect(&run.stderr);
    let found = document["drift"].as_array().expect("a list").iter().map(finding);
    (run.status, found.collect::<Vec<_>>().join("\n"))
}

fn finding(found: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let fields = found["fields"].as_array().into_iter().flatten();
    let fields: Vec<_> = fields.map(|field| text(&field["path"])).collect();
    let alarm = if text(&found["alarm"]).starts_with("PUBLIC: ") { "PUBLIC " } else { "" };
    let scheduled = found["drift"] == "scheduled_for_deletion";
    assert_eq!(scheduled, text(&found["until"]).starts_with("20"), "a date: {found}");
    let colon = if fields.is_empty() { "" } else { ": " };
    let (what, address) = (text(&found["drift"]), text(&found["address"]));
    format!("{alarm}{what} {address}{colon}{}", fields.join(", "))
}

async fn tamper(scenario: &str, root: &Aws) {
    match scenario.split(':').next().expect("an object") {
        "secret" => secret(scenario, root).await,
        "log group" => log_group(scenario, root).await,
        "role" => role(scenario, root).await,
        "function" => function(scenario, root).await,
        "permission" => permission(scenario, root).await,
        _ => api(scenario, root).await,
    }
}

async fn secret(scenario: &str, root: &Aws) {
    let update = || root.secrets.update_secret().secret_id("drift/ca");
    let delete = || root.secrets.delete_secret().secret_id("drift/ca");
    let done = match scenario {
        "secret: another description" => update().description("Theirs").send().await.is_ok(),
        "secret: another key" => update().kms_key_id("alias/theirs").send().await.is_ok(),
        "secret: another value" => {
            let put = root.secrets.put_secret_value().secret_id("drift/ca");
            put.secret_string("theirs").send().await.is_ok()
        }
        "secret: its tags are gone" => {
            let untag = root.secrets.untag_resource().secret_id("drift/ca");
            let untag = untag.tag_keys("deployer:stack").tag_keys("deployer:address");
            untag.send().await.is_ok()
        }
        "secret: scheduled for deletion" => delete().send().await.is_ok(),
        "secret: deleted at once" => {
            delete().force_delete_without_recovery(true).send().await.is_ok()
        }
        _ => false,
    };
    assert!(done, "{scenario}");
}

async fn log_group(scenario: &str, root: &Aws) {
    let delete = || root.logs.delete_log_group().log_group_name("/drift").send();
    let done = match scenario {
        "log group: another retention" => {
            let put = root.logs.put_retention_policy().log_group_name("/drift");
            put.retention_in_days(1).send().await.is_ok()
        }
        "log group: kept for ever" => {
            let delete = root.logs.delete_retention_policy().log_group_name("/drift");
            delete.send().await.is_ok()
        }
        "log group: deleted" => delete().await.is_ok(),
        "log group: made anew by a late write" => {
            delete().await.expect("a log group");
            root.logs.create_log_group().log_group_name("/drift").send().await.is_ok()
        }
        _ => false,
    };
    assert!(done, "{scenario}");
}

async fn role(scenario: &str, root: &Aws) {
    let trust = |principal: &Value| {
        let statement =
            json!({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"});
        json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
    };
    let delete = async || {
        let policy = root.iam.delete_role_policy().role_name("drift").policy_name("deployer");
        policy.send().await.expect("a policy");
        root.iam.delete_role().role_name("drift").send().await.is_ok()
    };
    let done = match scenario {
        "role: another description" => {
            let update = root.iam.update_role_description().role_name("drift");
            update.description("Theirs").send().await.is_ok()
        }
        "role: trusts another account" => {
            let update = root.iam.update_assume_role_policy().role_name("drift");
            let theirs = trust(&json!({"AWS": "arn:aws:iam::222222222222:root"}));
            update.policy_document(theirs).send().await.is_ok()
        }
        "role: its policy is widened" => {
            let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
            let all = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
            let put = root.iam.put_role_policy().role_name("drift").policy_name("deployer");
            put.policy_document(all).send().await.is_ok()
        }
        "role: its policy is deleted" => {
            let delete = root.iam.delete_role_policy().role_name("drift").policy_name("deployer");
            delete.send().await.is_ok()
        }
        "role: its tags are gone" => {
            let untag = root.iam.untag_role().role_name("drift").tag_keys("deployer:stack");
            untag.send().await.is_ok()
        }
        "role: deleted" => delete().await,
        "role: made anew behind the function" => {
            assert!(delete().await);
            let create = root.iam.create_role().role_name("drift");
            let ours = trust(&json!({"Service": "lambda.amazonaws.com"}));
            create.assume_role_policy_document(ours).send().await.is_ok()
        }
        _ => false,
    };
    assert!(done, "{scenario}");
}

async fn function(scenario: &str, root: &Aws) {
    let configure = || root.lambda.update_function_configuration().function_name("drift");
    let done = match scenario {
        "function: more memory" => configure().memory_size(512).send().await.is_ok(),
        "function: more time" => configure().timeout(9).send().await.is_ok(),
        "function: other variables" => {
            let theirs = Environment::builder().variables("ONE", "z").variables("TWO", "2");
            configure().environment(theirs.build()).send().await.is_ok()
        }
        "function: other code" => {
            let update = root.lambda.update_function_code().function_name("drift");
            update.zip_file(empty_zip().into()).send().await.is_ok()
        }
        "function: its tags are gone" => {
            let arn = "arn:aws:lambda:us-east-1:000000000000:function:drift";
            let untag = root.lambda.untag_resource().resource(arn).tag_keys("deployer:stack");
            untag.send().await.is_ok()
        }
        "function: limited" => {
            let limit = root.lambda.put_function_concurrency().function_name("drift");
            limit.reserved_concurrent_executions(1).send().await.is_ok()
        }
        "function: deleted, and its permission with it" => {
            root.lambda.delete_function().function_name("drift").send().await.is_ok()
        }
        _ => false,
    };
    assert!(done, "{scenario}");
}

/// A zip archive without entries.
fn empty_zip() -> Vec<u8> {
    let mut end = b"PK\x05\x06".to_vec();
    end.resize(22, 0);
    end
}

async fn permission(scenario: &str, root: &Aws) {
    let ours = "deployer-http_route-issue";
    let remove = root.lambda.remove_permission().function_name("drift").statement_id(ours);
    remove.send().await.expect("a permission to remove");
    let source = format!("arn:aws:execute-api:us-east-1:000000000000:{}", api_id(root).await);
    let add = root.lambda.add_permission().function_name("drift").statement_id(ours);
    let add = add.action("lambda:InvokeFunction");
    let done = match scenario {
        "permission: removed" => true,
        "permission: for the whole API" => {
            let add = add.principal("apigateway.amazonaws.com");
            add.source_arn(format!("{source}/*")).send().await.is_ok()
        }
        "permission: for everybody" => {
            let add = add.principal("*");
            add.source_arn(format!("{source}/$default/POST/issue")).send().await.is_ok()
        }
        _ => false,
    };
    assert!(done, "{scenario}");
}

async fn api_id(root: &Aws) -> String {
    let apis = root.apigateway.get_apis().send().await.expect("APIs");
    let [api] = apis.items() else { panic!("one API: {apis:?}") };
    api.api_id().expect("an id").to_owned()
}

async fn api(scenario: &str, root: &Aws) {
    let (gateway, id) = (&root.apigateway, api_id(root).await);
    let routes = gateway.get_routes().api_id(&id).send().await.expect("routes");
    let route = routes.items()[0].route_id().expect("an id");
    let integrations = gateway.get_integrations().api_id(&id).send().await.expect("integrations");
    let integration = integrations.items()[0].integration_id().expect("an id");
    let update_route = || gateway.update_route().api_id(&id).route_id(route);
    let done = match scenario {
        "API: another description" => {
            gateway.update_api().api_id(&id).description("Theirs").send().await.is_ok()
        }
        "API: its tags are gone" => {
            let arn = format!("arn:aws:apigateway:us-east-1::/apis/{id}");
            let untag = gateway.untag_resource().resource_arn(arn);
            untag.tag_keys("deployer:stack").send().await.is_ok()
        }
        "API: deleted" => gateway.delete_api().api_id(&id).send().await.is_ok(),
        "stage: deploys no changes" => {
            let update = gateway.update_stage().api_id(&id).stage_name("$default");
            update.auto_deploy(false).send().await.is_ok()
        }
        "stage: deleted" => {
            gateway.delete_stage().api_id(&id).stage_name("$default").send().await.is_ok()
        }
        "route: open to all" => {
            update_route().authorization_type("NONE".into()).send().await.is_ok()
        }
        "route: another key" => update_route().route_key("POST /theirs").send().await.is_ok(),
        "route: deleted" => gateway.delete_route().api_id(&id).route_id(route).send().await.is_ok(),
        "integration: leads elsewhere" => {
            let update = gateway.update_integration().api_id(&id).integration_id(integration);
            let elsewhere = "arn:aws:lambda:us-east-1:000000000000:function:theirs";
            let update = update.integration_uri(elsewhere).integration_type("AWS_PROXY".into());
            update.payload_format_version("1.0").send().await.is_ok()
        }
        "integration: deleted" => {
            let delete = gateway.delete_integration().api_id(&id).integration_id(integration);
            delete.send().await.is_ok()
        }
        _ => false,
    };
    assert!(done, "{scenario}");
}

/// Several at once, and what came back after it was deleted, as text.
async fn as_people_read_it(world: &World, root: &Aws) {
    for scenario in ["route: open to all", "role: its policy is widened", "function: more memory"] {
        tamper(scenario, root).await;
    }
    tamper("secret: scheduled for deletion", root).await;
    let run = world.run(&["--local", "drift"]);
    assert_eq!(run.status, 2, "{}", run.stderr);
    let (id, account) = (api_id(root).await, "account 000000000000, us-east-1)");
    let shown = run.stdout.replace(&id, "[api]");
    let dates = shown.split(" on 20").skip(1).filter_map(|rest| rest.split('\n').next());
    let dates: Vec<_> = dates.map(|rest| format!(" on 20{rest}")).collect();
    let shown = dates.iter().fold(shown.clone(), |shown, date| shown.replace(date, " on [date]"));
    let secret = root.secrets.describe_secret().secret_id("drift/ca").send().await;
    let arn = secret.expect("a secret").arn().expect("an ARN").to_owned();
    expect_test::expect![[r#"
        Drift of drift since the last apply (the local AWS, …)

        - secret.ca  it was deleted: AWS has it scheduled for deletion on [date]

        ~ iam_role.fn  it was changed, from what was applied
            allow
              - Allow secretsmanager:GetSecretValue
              -   on [secret]
              + Allow *
              +   on *

        ~ lambda_function.fn  it was changed, from what was applied
            memory_mb  128 → 512

        ~ http_route.issue  it was changed, from what was applied
        !!  PUBLIC: anybody can call POST /issue of the API [api]
            authorization  "AWS_IAM" → "NONE"

        Summary: 4 of 6 drifted; `deployer --local plan` shows how an apply would mend it
    "#]]
    .assert_eq(&shown.replace(account, "…)").replace(&arn, "[secret]"));
    let plan = world.succeed(&["--local", "plan"]);
    assert!(plan.stdout.contains("\n!!  PUBLIC: anybody can call POST /issue"), "{}", plan.stdout);

    world.succeed(&["--local", "destroy", "--yes"]);
    assert_eq!(drift(world), (0, String::new()));
    root.logs.create_log_group().log_group_name("/drift").send().await.expect("a late write");
    assert_eq!(drift(world), (2, "came_back log_group.fn".to_owned()));
    world.succeed(&["--local", "destroy", "--yes"]);
    assert_eq!(drift(world), (0, String::new()));
}
