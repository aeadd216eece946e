use expect_test::expect_file;
use serde_json::{Value, json};

use super::*;
use crate::error::Result;
use crate::stack::Stack;

/// The system of this project as Terraform deploys it.
const STATE: &str = include_str!("../../tests/it/adopt/terraform.tfstate");

fn state() -> Value {
    serde_json::from_str(STATE).expect("a state")
}

/// The attributes of the one resource of a type.
fn attributes<'s>(state: &'s mut Value, kind: &str) -> &'s mut Value {
    let resources = state["resources"].as_array_mut().expect("resources");
    let found = resources.iter_mut().find(|resource| resource["type"] == kind);
    &mut found.expect(kind)["instances"][0]["attributes"]
}

fn remove(state: &mut Value, kind: &str) {
    let resources = state["resources"].as_array_mut().expect("resources");
    resources.retain(|resource| resource["type"] != kind);
}

fn taken_over(state: &Value) -> Result<Takeover> {
    let text = state.to_string();
    let takeover = adopt(&terraform::read(&text, "")?, "issuer", &|path| format!("infra/{path}"))?;
    // Whatever is made, is a stack file.
    let stack = Stack::parse(&takeover.stack, "stack.yaml", ".".into())?;
    assert!(stack.resources.keys().eq(takeover.entries.keys()));
    for (address, declaration) in &stack.resources {
        assert_eq!(declaration.depends_on, takeover.entries[address].depends_on, "{address}");
    }
    Ok(takeover)
}

/// A state with one thing changed.
fn with(kind: &str, name: &str, value: Value) -> Takeover {
    let mut state = state();
    attributes(&mut state, kind)[name] = value;
    taken_over(&state).expect("something to adopt")
}

fn notes(takeover: &Takeover, address: &str) -> String {
    let found = takeover.adopted.iter().find(|adopted| adopted.address.to_string() == address);
    found.expect(address).notes.join("\n")
}

fn reason<'t>(takeover: &'t Takeover, terraform: &str) -> &'t str {
    let found = takeover.left.iter().find(|left| left.terraform == terraform);
    &found.expect(terraform).reason
}

#[test]
fn the_whole_system_becomes_a_stack_file() {
    let takeover = taken_over(&state()).expect("a takeover");
    expect_file!["tests/stack.yaml"].assert_eq(&takeover.stack);
    let left: Vec<_> = takeover.left.iter().map(|left| left.terraform.as_str()).collect();
    assert_eq!(left, ["aws_cloudwatch_metric_alarm.errors", "aws_lambda_permission.api"]);
    assert!(reason(&takeover, left[1]).contains("--statement-id AllowExecutionFromAPIGateway"));
    assert_eq!(
        (takeover.account.as_str(), takeover.region.as_str()),
        ("111122223333", "eu-west-1")
    );
}

#[test]
fn the_state_remembers_what_terraform_knows() {
    let entries = taken_over(&state()).expect("a takeover").entries;
    let all: BTreeMap<_, _> = entries
        .iter()
        .map(|(address, entry)| (address.to_string(), json!([entry.spec, entry.outputs])))
        .collect();
    let all = serde_json::to_string_pretty(&all).expect("JSON") + "\n";
    expect_file!["tests/remembered.json"].assert_eq(&all);
}

#[test]
fn modules_and_indices_make_names_and_each_resource_has_its_own() {
    let mut state = state();
    let resources = state["resources"].as_array_mut().expect("resources");
    let group = resources.iter().find(|one| one["type"] == "aws_cloudwatch_log_group").cloned();
    let mut more = group.expect("a log group");
    for (number, key) in [json!(0), json!("a-b"), json!("a.b")].into_iter().enumerate() {
        let name = format!("/more/{number}");
        more["instances"][0]["index_key"] = key;
        more["instances"][0]["attributes"]["name"] = name.clone().into();
        more["instances"][0]["attributes"]["arn"] =
            format!("arn:aws:logs:eu-west-1:111122223333:log-group:{name}").into();
        more["module"] = "module.logs[\"eu\"]".into();
        resources.push(more.clone());
    }
    let takeover = taken_over(&state).expect("a takeover");
    let groups: Vec<_> = takeover
        .adopted
        .iter()
        .filter(|adopted| adopted.address.kind == "log_group")
        .map(|adopted| format!("{} {}", adopted.address, adopted.terraform[0]))
        .collect();
    assert_eq!(
        groups,
        [
            "log_group.signer aws_cloudwatch_log_group.signer",
            r#"log_group.logs_eu_signer_a_b module.logs["eu"].aws_cloudwatch_log_group.signer["a-b"]"#,
            r#"log_group.logs_eu_signer_a_b_2 module.logs["eu"].aws_cloudwatch_log_group.signer["a.b"]"#,
            r#"log_group.logs_eu_signer_0 module.logs["eu"].aws_cloudwatch_log_group.signer[0]"#,
        ]
    );
}

#[test]
fn what_is_not_managed_here_is_named() {
    let function = "lambda_function.signer";
    let vpc = json!([{"subnet_ids": ["subnet-1"], "security_group_ids": [], "vpc_id": "vpc-1"}]);
    let cases = [
        ("aws_lambda_function", "vpc_config", vpc, function, "made anew: vpc_config"),
        ("aws_lambda_function", "layers", json!(["arn:layer"]), function, "made anew: layers"),
        ("aws_lambda_function", "not_known_yet", json!("x"), function, "made anew: not_known_yet"),
        ("aws_lambda_function", "logging_config", json!([]), function, "log in JSON"),
        ("aws_lambda_function", "handler", json!("main"), function, "handler"),
        (
            "aws_iam_role",
            "managed_policy_arns",
            json!(["arn:aws:iam::aws:policy/A"]),
            "iam_role.signer",
            "the attached policy arn:aws:iam::aws:policy/A is not managed here",
        ),
        ("aws_iam_role", "path", json!("/x/"), "iam_role.signer", "made anew: path"),
        ("aws_secretsmanager_secret", "policy", json!("{}"), "secret.ca", "made anew: policy"),
        (
            "aws_apigatewayv2_stage",
            "access_log_settings",
            json!([{"format": "$context.requestId"}]),
            "http_api.issuer",
            "access_log_settings, default_route_settings",
        ),
        (
            "aws_apigatewayv2_api",
            "cors_configuration",
            json!([{"allow_origins": ["*"]}]),
            "http_api.issuer",
            "made anew: cors_configuration",
        ),
        ("aws_apigatewayv2_stage", "name", json!("v1"), "http_api.issuer", "no stage $default"),
        (
            "aws_apigatewayv2_integration",
            "timeout_milliseconds",
            json!(5000),
            "http_route.issue_cert",
            "made anew: timeout_milliseconds (of its integration)",
        ),
        (
            "aws_apigatewayv2_route",
            "authorization_type",
            json!("NONE"),
            "http_route.issue_cert",
            "PUBLIC",
        ),
    ];
    for (kind, name, value, address, note) in cases {
        let notes = notes(&with(kind, name, value), address);
        assert!(notes.contains(note), "{kind} {name}: {notes}");
    }
}

#[test]
fn what_cannot_be_declared_is_left_with_the_reason() {
    let cases = [
        ("aws_lambda_function", "runtime", json!("python3.13"), "signer", "it runs python3.13"),
        ("aws_lambda_function", "package_type", json!("Image"), "signer", "a container image"),
        ("aws_lambda_function", "memory_size", json!("x"), "signer", "its `memory_size` is not as"),
        ("aws_lambda_function", "description", json!("${a.b.c}"), "signer", "holds `${`"),
        ("aws_apigatewayv2_api", "protocol_type", json!("WEBSOCKET"), "issuer", "only HTTP APIs"),
        (
            "aws_apigatewayv2_route",
            "authorization_type",
            json!("JWT"),
            "issue_cert",
            "known by JWT",
        ),
        (
            "aws_apigatewayv2_route",
            "route_key",
            json!("$default"),
            "issue_cert",
            "its route must be",
        ),
        ("aws_apigatewayv2_route", "target", json!(null), "issue_cert", "no integration"),
        (
            "aws_apigatewayv2_integration",
            "integration_type",
            json!("HTTP_PROXY"),
            "signer",
            "no route that was adopted leads to it",
        ),
        ("aws_cloudwatch_log_group", "retention_in_days", json!(4), "signer", "AWS offers"),
        ("aws_iam_role", "tags_all", json!({"deployer:stack": "a"}), "signer", "reserved"),
        ("aws_iam_role", "assume_role_policy", json!("{"), "signer", "not JSON"),
    ];
    for (kind, name, value, resource, expected) in cases {
        let takeover = with(kind, name, value);
        let reason = reason(&takeover, &format!("{kind}.{resource}"));
        assert!(reason.contains(expected), "{kind} {name}: {reason}");
    }
}

#[test]
fn what_refers_to_what_is_left_holds_the_arn_itself() {
    let takeover = with("aws_lambda_function", "runtime", json!("nodejs22.x"));
    let function = "function: arn:aws:lambda:eu-west-1:111122223333:function:cert-issuer-signer\n";
    assert!(takeover.stack.contains(function), "{}", takeover.stack);
    let mut state = state();
    remove(&mut state, "aws_apigatewayv2_api");
    let takeover = taken_over(&state).expect("a takeover");
    let route = reason(&takeover, "aws_apigatewayv2_route.issue_cert");
    assert_eq!(route, "its API is not in this state");
}

#[test]
fn the_one_policy_of_a_role_is_the_resource_or_the_block() {
    let mut state = state();
    remove(&mut state, "aws_iam_role_policy");
    let mut second = attributes(&mut state, "aws_iam_role")["inline_policy"][0].clone();
    second["name"] = "another".into();
    let blocks = attributes(&mut state, "aws_iam_role")["inline_policy"].as_array_mut();
    blocks.expect("blocks").push(second);
    let takeover = taken_over(&state).expect("a takeover");
    assert!(takeover.stack.contains("policy_name: signer"), "{}", takeover.stack);
    let notes = notes(&takeover, "iam_role.signer");
    assert!(notes.contains("the inline policy another is not managed here"), "{notes}");
}

#[test]
fn code_in_a_bucket_is_to_be_fetched() {
    let mut state = state();
    let function = attributes(&mut state, "aws_lambda_function");
    function["filename"] = Value::Null;
    function["s3_bucket"] = "artefacts".into();
    function["s3_key"] = "a/signer-1.zip".into();
    let takeover = taken_over(&state).expect("a takeover");
    assert!(takeover.stack.contains("zip: signer-1.zip"), "{}", takeover.stack);
    let notes = notes(&takeover, "lambda_function.signer");
    assert!(notes.contains("aws s3 cp s3://artefacts/a/signer-1.zip signer-1.zip"), "{notes}");
}

#[test]
fn a_permission_of_others_is_not_to_be_removed() {
    let ours = taken_over(&state()).expect("a takeover");
    assert!(reason(&ours, "aws_lambda_permission.api").contains("remove-permission"));
    let bucket = json!("arn:aws:s3:::uploads");
    let theirs = with("aws_lambda_permission", "source_arn", bucket);
    let reason = reason(&theirs, "aws_lambda_permission.api");
    assert_eq!(reason, "it is for no route that was adopted; it stays, and goes with its function");
}

#[test]
fn what_is_shown_is_on_one_line_and_nothing_to_a_terminal() {
    let policy = json!(["arn:aws:iam::aws:policy/\u{1b}[2J\nA"]);
    let notes = notes(&with("aws_iam_role", "managed_policy_arns", policy), "iam_role.signer");
    assert!(notes.contains("policy/?[2J?A is not managed here"), "{notes}");
}

#[test]
fn several_places_and_nothing_at_all_are_refused() {
    let elsewhere = "arn:aws:logs:us-west-2:111122223333:log-group:/cert-issuer/signer";
    let mut scattered = state();
    attributes(&mut scattered, "aws_cloudwatch_log_group")["arn"] = elsewhere.into();
    let error = taken_over(&scattered).err().expect("a refusal");
    assert_eq!(error.causes[1], "and the regions eu-west-1, us-west-2");

    let error = taken_over(&json!({"version": 4, "resources": []})).err().expect("a refusal");
    assert_eq!(error.message, "there is nothing to adopt in this Terraform state");
}
