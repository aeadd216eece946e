//! Routes with their integration and their permission.

use aws_sdk_apigatewayv2::types::{AuthorizationType, IntegrationType};
use deployer::aws::Aws;
use serde_json::{Value, json};

use super::Deployed;
use super::http_api::api;
use crate::support::{World, write_program};

const FUNCTIONS: &str = "  iam_role.fn: { name: trial-fn }
  lambda_function.one: { name: trial-one, role: \"${iam_role.fn.arn}\", code: { bootstrap: one }, log_group: /trial }
  lambda_function.two: { name: trial-two, role: \"${iam_role.fn.arn}\", code: { bootstrap: one }, log_group: /trial }
  http_api.api: { name: trial }
";

const ENTRY: &str = "  http_route.issue:
    api: ${http_api.api.id}
    route: POST /issue
    authorization: AWS_IAM
    function: ${lambda_function.one.arn}
";

/// What creates a route.
const CREATE: &str = "CreateIntegration, CreateRoute, AddPermission";

async fn deployed() -> Deployed {
    let world = World::empty();
    write_program(&world, "one", 62);
    Deployed::within(world, &format!("{FUNCTIONS}{ENTRY}")).await
}

async fn id(root: &Aws) -> String {
    api(root).await["id"].as_str().expect("an id").to_owned()
}

/// All routes and integrations of the one API, and who may invoke the two functions.
async fn routing(root: &Aws) -> Value {
    let api = id(root).await;
    let mut all = json!({"routes": {}, "integrations": {}, "statements": {}});
    let routes = root.apigateway.get_routes().api_id(&api).send().await.expect("routes");
    for route in routes.items() {
        all["routes"][route.route_id().expect("an id")] = json!({
            "key": route.route_key(),
            "authorization": route.authorization_type().map(AuthorizationType::as_str),
            "target": route.target(),
        });
    }
    let integrations = root.apigateway.get_integrations().api_id(&api).send().await;
    for integration in integrations.expect("integrations").items() {
        all["integrations"][integration.integration_id().expect("an id")] = json!({
            "type": integration.integration_type().map(IntegrationType::as_str),
            "uri": integration.integration_uri(),
            "format": integration.payload_format_version(),
        });
    }
    for function in ["trial-one", "trial-two"] {
        all["statements"][function] = statements(root, function).await;
    }
    all
}

async fn statements(root: &Aws, function: &str) -> Value {
    let answer = root.lambda.get_policy().function_name(function).send().await;
    let policy = answer.ok().and_then(|answer| answer.policy).unwrap_or_else(|| "{}".to_owned());
    let mut policy: Value = serde_json::from_str(&policy).expect("a policy in JSON");
    let all = policy["Statement"].take();
    if all.is_null() { json!([]) } else { all }
}

/// The one statement that lets calls of a route from its API, and nothing else, invoke a function.
fn permission(api: &str, function: &str, call: &str) -> Value {
    json!({
        "Sid": "deployer-http_route-issue",
        "Effect": "Allow",
        "Principal": {"Service": "apigateway.amazonaws.com"},
        "Action": "lambda:InvokeFunction",
        "Resource": format!("arn:aws:lambda:us-east-1:000000000000:function:{function}"),
        "Condition": {"ArnLike": {"AWS:SourceArn":
            format!("arn:aws:execute-api:us-east-1:000000000000:{api}/$default/{call}")}},
    })
}

/// The only id in a part of the routing.
fn only<'r>(routing: &'r Value, part: &str) -> &'r str {
    let mut ids = routing[part].as_object().expect("a part").keys();
    let id = ids.next().expect("one");
    assert_eq!(ids.next(), None, "one of the {part} only: {routing}");
    id
}

/// What is expected of a deployed route: one of everything, and each as narrow as it can be.
fn assert_routed(routing: &Value, api: &str, key: &str, function: &str, other: &str) {
    let (route, integration) = (only(routing, "routes"), only(routing, "integrations"));
    let target = format!("integrations/{integration}");
    let expected = json!({"key": key, "authorization": "AWS_IAM", "target": target});
    assert_eq!(routing["routes"][route], expected);
    let uri = format!("arn:aws:lambda:us-east-1:000000000000:function:{function}");
    let expected = json!({"type": "AWS_PROXY", "uri": uri, "format": "2.0"});
    assert_eq!(routing["integrations"][integration], expected);
    let call = key.replace(' ', "");
    assert_eq!(routing["statements"][function], json!([permission(api, function, &call)]));
    assert_eq!(routing["statements"][other], json!([]));
}

#[tokio::test]
async fn a_route_follows_its_entry_in_place() {
    let deployed = deployed().await;
    let root = &deployed.root;
    let api = id(root).await;
    let made = routing(root).await;
    assert_routed(&made, &api, "POST /issue", "trial-one", "trial-two");

    deployed.world.edit("POST /issue", "PUT /sign");
    let plan = "update http_route.issue: invoke_from, route";
    deployed.converges(plan, "RemovePermission, AddPermission, UpdateRoute");
    let renamed = routing(root).await;
    assert_routed(&renamed, &api, "PUT /sign", "trial-one", "trial-two");
    assert_eq!(only(&renamed, "routes"), only(&made, "routes"));

    deployed.world.edit("lambda_function.one.arn", "lambda_function.two.arn");
    let plan = "update http_route.issue: function";
    deployed.converges(plan, "AddPermission, UpdateIntegration, RemovePermission");
    let retargeted = routing(root).await;
    assert_routed(&retargeted, &api, "PUT /sign", "trial-two", "trial-one");
    assert_eq!(only(&retargeted, "integrations"), only(&made, "integrations"));

    deployed.loses_state();
    deployed.converges("", "");
    assert_eq!(routing(root).await, retargeted);
}

#[tokio::test]
async fn a_route_that_others_have_opened_or_led_astray_is_mended() {
    let deployed = deployed().await;
    let root = &deployed.root;
    let (api, made) = (id(root).await, routing(root).await);
    let (route, integration) = (only(&made, "routes"), only(&made, "integrations"));
    let update = || root.apigateway.update_route().api_id(&api).route_id(route);

    let call = update().authorization_type("NONE".into());
    call.send().await.expect("a route that is open to all");
    deployed.converges("update http_route.issue: authorization (drift)", "UpdateRoute");
    assert_eq!(routing(root).await, made);

    update().route_key("POST /theirs").send().await.expect("another key");
    deployed.converges("update http_route.issue: route (drift)", "UpdateRoute");
    assert_eq!(routing(root).await, made);

    let two = "arn:aws:lambda:us-east-1:000000000000:function:trial-two";
    let call = root.apigateway.update_integration().api_id(&api).integration_id(integration);
    let call = call.integration_uri(two).integration_type("AWS_PROXY".into());
    call.payload_format_version("1.0").send().await.expect("another function");
    let plan = "update http_route.issue: function (drift), payload_format (drift)";
    deployed.converges(plan, "UpdateIntegration");
    assert_eq!(routing(root).await, made);

    // Our route led to an integration of somebody else: theirs stays as it is, ours is used again.
    let call = root.apigateway.create_integration().api_id(&api).integration_uri(two);
    let call = call.integration_type("AWS_PROXY".into()).payload_format_version("2.0");
    let theirs = call.send().await.expect("an integration").integration_id.expect("an id");
    let with_theirs = routing(root).await;
    update().target(format!("integrations/{theirs}")).send().await.expect("another target");
    deployed
        .converges("update http_route.issue: function (drift)", "UpdateIntegration, UpdateRoute");
    assert_eq!(routing(root).await, with_theirs);
}

#[tokio::test]
async fn parts_of_a_route_that_others_have_deleted_are_made_again_once() {
    let deployed = deployed().await;
    let root = &deployed.root;
    let (api, made) = (id(root).await, routing(root).await);
    let (route, integration) = (only(&made, "routes"), only(&made, "integrations"));

    let call = root.apigateway.delete_integration().api_id(&api).integration_id(integration);
    call.send().await.expect("an integration to delete");
    let plan = "update http_route.issue: function (drift), payload_format (drift)";
    deployed.converges(plan, "CreateIntegration, UpdateRoute");
    let mended = routing(root).await;
    assert_routed(&mended, &api, "POST /issue", "trial-one", "trial-two");
    assert_eq!(only(&mended, "routes"), route);

    let call = root.apigateway.delete_route().api_id(&api).route_id(route);
    call.send().await.expect("a route to delete");
    deployed
        .converges("create http_route.issue: deleted_outside", "UpdateIntegration, CreateRoute");
    let again = routing(root).await;
    assert_routed(&again, &api, "POST /issue", "trial-one", "trial-two");
    assert_eq!(only(&again, "integrations"), only(&mended, "integrations"));

    let call = root.apigateway.delete_api().api_id(&api);
    call.send().await.expect("an API to delete");
    let plan = "create http_api.api: deleted_outside\ncreate http_route.issue: deleted_outside";
    deployed.converges_in_any_order(
        plan,
        "CreateApi, CreateStage, CreateIntegration, CreateRoute, RemovePermission, AddPermission",
    );
    let anew = id(root).await;
    assert_ne!(anew, api);
    assert_routed(&routing(root).await, &anew, "POST /issue", "trial-one", "trial-two");
}

#[tokio::test]
async fn the_permission_is_kept_as_narrow_as_it_was_and_others_are_left_alone() {
    let deployed = deployed().await;
    let root = &deployed.root;
    let made = routing(root).await;
    let ours = "deployer-http_route-issue";
    let remove = || root.lambda.remove_permission().function_name("trial-one").statement_id(ours);
    let add = |id: &str| {
        let call = root.lambda.add_permission().function_name("trial-one").statement_id(id);
        call.action("lambda:InvokeFunction").principal("apigateway.amazonaws.com")
    };

    remove().send().await.expect("a permission to remove");
    deployed.converges("update http_route.issue: invoke_from (drift)", "AddPermission");
    assert_eq!(routing(root).await, made);

    let source = format!("arn:aws:execute-api:us-east-1:000000000000:{}", id(root).await);
    let exact = format!("{source}/$default/POST/issue");
    for widened in [
        add(ours),
        add(ours).source_arn(format!("{source}/*")),
        add(ours)
            .source_arn("arn:aws:execute-api:us-east-1:000000000000:other/$default/POST/issue"),
        add(ours).source_arn(&exact).principal("*"),
        add(ours).source_arn(&exact).action("lambda:*"),
    ] {
        remove().send().await.expect("a permission to remove");
        widened.send().await.expect("a wider permission");
        let plan = "update http_route.issue: invoke_from (drift)";
        deployed.converges(plan, "RemovePermission, AddPermission");
        assert_eq!(routing(root).await, made);
    }

    add("theirs").send().await.expect("a permission of somebody else");
    deployed.converges("", "");
    assert_eq!(statements(root, "trial-one").await.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_route_follows_its_function_and_its_api_when_they_are_made_anew() {
    let deployed = deployed().await;
    let root = &deployed.root;
    let (api, made) = (id(root).await, routing(root).await);

    let call = root.lambda.delete_function().function_name("trial-one");
    call.send().await.expect("a function to delete");
    deployed.converges(
        "create lambda_function.one: deleted_outside\n\
         update http_route.issue: function, invoke_from (drift)",
        "CreateFunction, AddPermission, UpdateIntegration",
    );
    assert_eq!(routing(root).await, made);

    deployed.world.edit("name: trial-one", "name: trial-three");
    deployed.converges(
        "replace lambda_function.one: name (forces_replacement)\nupdate http_route.issue: function",
        "DeleteFunction, CreateFunction, AddPermission, UpdateIntegration, RemovePermission",
    );
    let moved = routing(root).await;
    assert_eq!(only(&moved, "routes"), only(&made, "routes"));
    let statement = permission(&api, "trial-three", "POST/issue");
    assert_eq!(statements(root, "trial-three").await, json!([statement]));

    deployed.world.edit("http_api.api: {", "http_api.renamed: {");
    deployed.world.edit("http_api.api.id", "http_api.renamed.id");
    let plan = deployed.plan();
    assert!(plan.contains("replace http_route.issue: api (forces_replacement)"), "{plan}");
    deployed.apply();
    let anew = id(root).await;
    assert_ne!(anew, api);
    only(&routing(root).await, "routes");
    let statement = permission(&anew, "trial-three", "POST/issue");
    assert_eq!(statements(root, "trial-three").await, json!([statement]));
}

#[tokio::test]
async fn a_route_that_is_not_declared_any_more_goes_with_all_its_parts() {
    let deployed = deployed().await;
    let root = &deployed.root;
    let empty = json!({
        "routes": {}, "integrations": {}, "statements": {"trial-one": [], "trial-two": []},
    });
    deployed.declares(FUNCTIONS);
    let delete = "DeleteRoute, DeleteIntegration, RemovePermission";
    deployed.converges("delete http_route.issue: not_declared", delete);
    assert_eq!(routing(root).await, empty);

    // Its integration was led to another function, or deleted: the permission still goes.
    let (api, two) = (id(root).await, "arn:aws:lambda:us-east-1:000000000000:function:trial-two");
    for gone in [false, true] {
        deployed.declares(&format!("{FUNCTIONS}{ENTRY}"));
        deployed.converges_in_any_order("create http_route.issue: new", CREATE);
        let made = routing(root).await;
        let integration = only(&made, "integrations");
        if gone {
            let call = root.apigateway.delete_integration().api_id(&api);
            call.integration_id(integration).send().await.expect("an integration to delete");
        } else {
            let call = root.apigateway.update_integration().api_id(&api);
            let call = call.integration_id(integration).integration_type("AWS_PROXY".into());
            call.integration_uri(two).send().await.expect("another function");
        }
        deployed.declares(FUNCTIONS);
        assert_eq!(deployed.plan(), "delete http_route.issue: not_declared");
        deployed.apply();
        assert_eq!(routing(root).await, empty);
    }
}
