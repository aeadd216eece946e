//! Everything in the account that is of a stack, whoever remembers it; and what there should be.

use deployer::aws::Aws;
use serde_json::Value;

use super::trial::Version;

/// What there should be of a deployed stack: one of each.
pub(crate) fn expected(name: &str, version: Version) -> Vec<String> {
    let Version { edit, naming, .. } = version;
    let mut all = vec![
        format!("secret {name}/ca-{naming}"),
        format!("log group /{name}/{naming}"),
        format!("role {name}-{naming}"),
        format!("policy deployer of {name}-{naming}"),
        format!("function {name}-{naming}"),
        format!("api {name}"),
        "stage $default".to_owned(),
        format!("integration with {name}-{naming}"),
        format!("route POST /edit-{edit} to the integration"),
        format!("permission of $default/POST/edit-{edit} for {name}-{naming}"),
    ];
    all.sort();
    all
}

/// What there is, asked of each service as the account's root: by name, and APIs by their tags too.
pub(crate) async fn of(root: &Aws, name: &str) -> Vec<String> {
    let mut all = Vec::new();
    let secrets = root.secrets.list_secrets().include_planned_deletion(true).send().await;
    let secrets = secrets.expect("secrets");
    let secrets = secrets.secret_list().iter().filter_map(|one| one.name());
    all.extend(beginning(secrets, &format!("{name}/")).map(|one| format!("secret {one}")));

    let groups = root.logs.describe_log_groups().send().await.expect("log groups");
    let groups = groups.log_groups().iter().filter_map(|one| one.log_group_name());
    all.extend(beginning(groups, &format!("/{name}/")).map(|one| format!("log group {one}")));

    let roles = root.iam.list_roles().send().await.expect("roles");
    for role in beginning(
        roles.roles().iter().map(aws_sdk_iam::types::Role::role_name),
        &format!("{name}-"),
    ) {
        all.push(format!("role {role}"));
        let policies = root.iam.list_role_policies().role_name(role).send().await;
        let policies = policies.expect("policies");
        all.extend(policies.policy_names().iter().map(|one| format!("policy {one} of {role}")));
    }

    let mut apis = Vec::new();
    for api in root.apigateway.get_apis().send().await.expect("APIs").items() {
        let tagged = api
            .tags()
            .is_some_and(|tags| tags.get("deployer:stack").is_some_and(|stack| stack == name));
        if api.name() == Some(name) || tagged {
            let id = api.api_id().expect("an id").to_owned();
            all.push(format!("api {}", api.name().unwrap_or_default()));
            all.extend(within(root, &id).await);
            apis.push(id);
        }
    }

    let functions = root.lambda.list_functions().send().await.expect("functions");
    let functions = functions.functions().iter().filter_map(|one| one.function_name());
    for function in beginning(functions, &format!("{name}-")) {
        all.push(format!("function {function}"));
        all.extend(permissions(root, function, &apis).await);
    }
    all.sort();
    all
}

fn beginning<'a>(
    names: impl Iterator<Item = &'a str>,
    start: &str,
) -> impl Iterator<Item = &'a str> {
    names.filter(move |name| name.starts_with(start))
}

/// What is within an API.
async fn within(root: &Aws, id: &str) -> Vec<String> {
    let api = &root.apigateway;
    let stages = api.get_stages().api_id(id).send().await.expect("stages");
    let mut all: Vec<_> = stages
        .items()
        .iter()
        .map(|stage| format!("stage {}", stage.stage_name().unwrap_or_default()))
        .collect();
    let integrations = api.get_integrations().api_id(id).send().await.expect("integrations");
    let mut ids = Vec::new();
    for integration in integrations.items() {
        let function = integration.integration_uri().unwrap_or_default();
        let function = function.rsplit(':').next().unwrap_or_default();
        all.push(format!("integration with {function}"));
        ids.push(format!("integrations/{}", integration.integration_id().unwrap_or_default()));
    }
    let routes = api.get_routes().api_id(id).send().await.expect("routes");
    for route in routes.items() {
        let led = route.target().is_some_and(|target| ids.iter().any(|id| id == target));
        let to = if led { "the integration" } else { "nowhere" };
        all.push(format!("route {} to {to}", route.route_key().unwrap_or_default()));
    }
    all
}

/// Who may invoke a function.
async fn permissions(root: &Aws, function: &str, apis: &[String]) -> Vec<String> {
    let policy = root.lambda.get_policy().function_name(function).send().await;
    let policy = policy.ok().and_then(|answer| answer.policy).unwrap_or_else(|| "{}".to_owned());
    let policy: Value = serde_json::from_str(&policy).expect("a policy in JSON");
    let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
    let source = |statement: &Value| {
        let arn = statement["Condition"]["ArnLike"]["AWS:SourceArn"].as_str().unwrap_or_default();
        let call = arn.rsplit(':').next().unwrap_or_default();
        // Of an API that is there: of another one it would be of no use.
        let known = apis.iter().find_map(|id| call.strip_prefix(id.as_str())?.strip_prefix('/'));
        format!("permission of {} for {function}", known.unwrap_or(call))
    };
    statements.iter().map(source).collect()
}
