//! From Terraform's objects on the local AWS to a stack that issues certificates.

use std::collections::HashMap;
use std::fs;

use aws_sdk_apigatewayv2::types::{AuthorizationType, IntegrationType, ProtocolType};
use aws_sdk_cloudwatchlogs::types::LogGroup;
use aws_sdk_iam::types::Tag as IamTag;
use aws_sdk_lambda::types::{
    Architecture, Environment, FunctionCode, LogFormat, LoggingConfig, Runtime,
};
use aws_sdk_secretsmanager::types::Tag;
use aws_smithy_types::Blob;
use deployer::aws::Aws;
use deployer::ca;
use deployer::package::{self, Code, Host};
use deployer::resource::Place;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{STATE, clean, needles};
use crate::resources::one;
use crate::support::{World, default_stack};

const NAME: &str = "cert-issuer-signer";

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}]}"#;

/// Replacements in Terraform's state: its ids by those that the local AWS has given.
type Ids = Vec<(&'static str, String)>;

#[tokio::test]
async fn what_terraform_made_goes_on_as_the_same_objects() {
    let world = World::empty();
    world.succeed(&["local", "start"]);
    let root = world.root().await;
    let ca = ca::init(&world.path("ca"), OffsetDateTime::now_utc()).expect("a demo CA");
    let value = fs::read_to_string(&ca.issuing_secret).expect("the CA");
    let ids = make(&world, &root, &value).await;
    let state = state(&ids, &value);
    world.write("terraform.tfstate", &state);
    let before = objects(&root).await;

    let adopted = world.succeed(&[
        "--local",
        "adopt",
        "--from",
        "terraform.tfstate",
        "--stack-name",
        "cert-issuer",
    ]);
    let missing = world.fail(&["--local", "plan"]);
    assert!(missing.stderr.contains("ca/ca.json"), "{}", missing.stderr);
    fs::copy(&ca.issuing_secret, world.path("ca/ca.json")).expect("a copy");

    let drift = world.succeed(&["--local", "drift"]);
    assert!(drift.stdout.contains("No drift"), "what is remembered is what is: {}", drift.stdout);
    assert_eq!(planned(&world), PLAN);
    let plan = world.succeed(&["--local", "plan", "--out", "plan.json"]);
    assert_eq!(objects(&root).await, before, "neither has changed anything");

    let applied = world.succeed(&["--local", "apply", "--yes"]);
    assert!(applied.stderr.contains("Done: 6 changed"), "{}", applied.stderr);
    assert_eq!(planned(&world), "");
    assert_eq!(objects(&root).await, before, "they are the same objects");
    let texts = [&adopted, &plan, &applied].map(|run| run.stdout.clone() + &run.stderr);
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    clean(&needles(&state), &world, &texts, &["stack.yaml", LOCAL_STATE, "plan.json"]);
    world.succeed(&["--local", "issue", "--dns", "a.internal.example"]);

    world.succeed(&["--local", "destroy", "--yes"]);
    assert_eq!(objects(&root).await, json!([null, null, null, null, [], []]));
}

const LOCAL_STATE: &str = "state/cert-issuer.local.json";

/// What differs for us from what Terraform has left: the tags, the version of the secret that tells
/// its value, and the permission of the route alone.
const PLAN: &str = "\
update http_api.issuer: tags.deployer:address, tags.deployer:stack
update log_group.signer: tags.deployer:address, tags.deployer:stack
update secret.ca: tags.deployer:address, tags.deployer:stack, value_sha256
update iam_role.signer: tags.deployer:address, tags.deployer:stack
update lambda_function.signer: tags.deployer:address, tags.deployer:stack
update http_route.issue_cert: invoke_from";

/// The planned changes, one a line.
fn planned(world: &World) -> String {
    let run = world.succeed(&["--local", "plan", "--json"]);
    let plan: Value = serde_json::from_str(&run.stdout).expect("a plan in JSON");
    let changes = plan["changes"].as_array().expect("changes");
    let shown = changes.iter().filter(|change| change["action"] != "no_op").map(one);
    shown.collect::<Vec<_>>().join("\n")
}

/// What tells each object from another one in its place.
async fn objects(root: &Aws) -> Value {
    let secret = root.secrets.describe_secret().secret_id("cert-issuer/ca").send().await.ok();
    let secret = secret.filter(|secret| secret.deleted_date().is_none());
    let role = root.iam.get_role().role_name(NAME).send().await.ok().and_then(|found| found.role);
    let groups = root.logs.describe_log_groups().send().await.expect("log groups");
    let group = groups.log_groups().iter().find(|group| group.log_group_name() == Some(LOG_GROUP));
    let function = root.lambda.get_function().function_name(NAME).send().await.ok();
    let function = function.and_then(|found| found.configuration);
    let apis = root.apigateway.get_apis().send().await.expect("APIs");
    let mut routes = Vec::new();
    for api in apis.items() {
        let api = api.api_id().expect("an id");
        let found = root.apigateway.get_routes().api_id(api).send().await.expect("routes");
        routes.extend(found.items().iter().map(|route| json!([route.route_id(), route.target()])));
    }
    json!([
        secret.and_then(|secret| secret.arn),
        role.map(|role| role.role_id),
        group.and_then(LogGroup::creation_time),
        function.and_then(|function| function.code_sha256),
        apis.items().iter().map(|api| api.api_id()).collect::<Vec<_>>(),
        routes,
    ])
}

const LOG_GROUP: &str = "/cert-issuer/signer";

/// Terraform's state of what was made, with the CA in it.
fn state(ids: &Ids, value: &str) -> String {
    let state = ids.iter().fold(STATE.to_owned(), |state, (from, to)| {
        assert!(state.contains(from), "{from} is in the state");
        state.replace(from, to)
    });
    let mut state: Value = serde_json::from_str(&state).expect("a state");
    let resources = state["resources"].as_array_mut().expect("resources");
    let version =
        resources.iter_mut().find(|one| one["type"] == "aws_secretsmanager_secret_version");
    version.expect("a version")["instances"][0]["attributes"]["secret_string"] = value.into();
    serde_json::to_string_pretty(&state).expect("JSON")
}

/// Makes what the Terraform state tells of, without tags of ours.
async fn make(world: &World, root: &Aws, value: &str) -> Ids {
    let (mut ids, secret) = make_secret(root, value).await;
    let call = root.logs.create_log_group().log_group_name(LOG_GROUP).tags("env", "prod");
    call.send().await.expect("a log group");
    let keep = root.logs.put_retention_policy().log_group_name(LOG_GROUP).retention_in_days(30);
    keep.send().await.expect("a retention");
    let (role, id) = make_role(root, &secret).await;
    ids.push(("AROAEXAMPLESIGNER0001", id));
    let (function, sha) = make_function(world, root, &role, &secret).await;
    ids.push(("cMRPZ5RHyD4DStzYhx0t1JKG5YvCWiyJ0KHxJ5Nvx5Y=", sha));
    ids.extend(make_api(root, &function).await);
    ids.push(("eu-west-1", root.region.clone()));
    ids.push(("111122223333", place(root).await.account));
    ids
}

async fn make_secret(root: &Aws, value: &str) -> (Ids, String) {
    let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
    let call = root.secrets.create_secret().name("cert-issuer/ca");
    let call = call.description("The issuing CA of cert-issuer");
    let call = call.tags(tag("env", "prod")).tags(tag("team", "platform"));
    let arn = call.send().await.expect("a secret").arn.expect("an ARN");
    let call = root.secrets.put_secret_value().secret_id(&arn).secret_string(value);
    let version = call.send().await.expect("a value").version_id.expect("a version");
    let suffix = arn.rsplit('/').next().expect("a name").to_owned();
    let ids = vec![("ca-AbCdEf", suffix), ("terraform-20260301101500000000000002", version)];
    (ids, arn)
}

async fn place(root: &Aws) -> Place {
    root.place().await.expect("a local AWS that answers")
}

async fn make_role(root: &Aws, secret: &str) -> (String, String) {
    let tag = |key: &str, value: &str| IamTag::builder().key(key).value(value).build().ok();
    let call = root.iam.create_role().role_name(NAME).assume_role_policy_document(TRUST);
    let call = call.description("What the signer of cert-issuer may do");
    let tags = [tag("env", "prod"), tag("team", "platform")].into_iter().flatten().collect();
    let made = call.set_tags(Some(tags)).send().await.expect("a role").role.expect("a role");
    let group = place(root).await.arn("logs", &format!("log-group:{LOG_GROUP}:*"));
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": secret},
        {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": group},
    ]});
    let call = root.iam.put_role_policy().role_name(NAME).policy_name("signer");
    call.policy_document(policy.to_string()).send().await.expect("a policy");
    (made.arn, made.role_id)
}

/// The function, of a zip that Terraform's `filename` leads to.
async fn make_function(world: &World, root: &Aws, role: &str, secret: &str) -> (String, String) {
    let stack: Value = serde_yaml::from_str(&default_stack()).expect("the default stack");
    let code = stack["resources"]["lambda_function.signer"]["code"].clone();
    let code: Code = serde_json::from_value(code).expect("the code");
    let requirement = Host::ThisMachine.requirement(package::Architecture::default());
    let package =
        package::package(&code, &world.path(""), &requirement, None, &|_| {}).expect("a zip");
    fs::write(world.path("signer.zip"), package.zip().expect("a zip")).expect("a zip");
    let call = root.lambda.create_function().function_name(NAME).role(role).handler("bootstrap");
    let call = call.runtime(Runtime::Providedal2023).architectures(Architecture::X8664);
    let call = call.description("Issues short-lived certificates").memory_size(256).timeout(10);
    let logging = LoggingConfig::builder().log_format(LogFormat::Json).log_group(LOG_GROUP);
    let environment = Environment::builder().variables("CA_SECRET_ARN", secret);
    let code =
        FunctionCode::builder().zip_file(Blob::new(package.zip().expect("a zip").into_owned()));
    let call = call.logging_config(logging.build()).environment(environment.build());
    let call = call.code(code.build()).tags("env", "prod");
    let made = call.send().await.expect("a function");
    let arn = made.function_arn.expect("an ARN");
    (arn, made.code_sha256.expect("a hash"))
}

async fn make_api(root: &Aws, function: &str) -> Ids {
    let tags = HashMap::from([("env".to_owned(), "prod".to_owned())]);
    let call = root.apigateway.create_api().name("cert-issuer").protocol_type(ProtocolType::Http);
    let call = call.description("Issues certificates to callers that IAM knows");
    let made = call.set_tags(Some(tags)).send().await.expect("an API");
    let id = made.api_id.expect("an id");
    let stage = root.apigateway.create_stage().api_id(&id).stage_name("$default");
    stage.auto_deploy(true).send().await.expect("a stage");
    let uri = format!(
        "arn:aws:apigateway:{}:lambda:path/2015-03-31/functions/{function}/invocations",
        root.region
    );
    let call = root.apigateway.create_integration().api_id(&id).integration_uri(uri);
    let call = call.integration_type(IntegrationType::AwsProxy).payload_format_version("2.0");
    let integration = call.send().await.expect("an integration").integration_id.expect("an id");
    let call = root.apigateway.create_route().api_id(&id).route_key("POST /issue-cert");
    let call = call.authorization_type(AuthorizationType::AwsIam);
    let route = call.target(format!("integrations/{integration}")).send().await.expect("a route");
    let source = place(root).await.arn("execute-api", &format!("{id}/*/*/issue-cert"));
    let call = root.lambda.add_permission().function_name(NAME).source_arn(source);
    let call = call.statement_id("AllowExecutionFromAPIGateway");
    let call = call.action("lambda:InvokeFunction").principal("apigateway.amazonaws.com");
    call.send().await.expect("a permission");
    vec![
        (
            "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
            made.api_endpoint.expect("an endpoint"),
        ),
        ("a1b2c3d4e5", id),
        ("i9n8t7e", integration),
        ("r6o5u4t", route.route_id.expect("an id")),
    ]
}
