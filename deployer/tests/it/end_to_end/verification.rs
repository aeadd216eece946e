//! An apply asks what it has deployed whether it works, and fails where it does not.

use aws_sdk_apigatewayv2::types::AuthorizationType;

use super::deployed;
use crate::support::World;

#[tokio::test]
async fn an_apply_fails_if_what_it_deployed_does_not_work() {
    let world = deployed();
    let applied = world.succeed(&["--local", "apply", "--yes"]);
    for sentence in [
        "✓ its authorization, its function and its permission are as declared",
        "✓ no route of the API is public",
        "✓ a call without a signature is refused",
        "✓ a signed call is answered by the function",
        "✓ GET /issue-cert leads nowhere",
        "✓ POST /deployer-verifies-that-nothing-is-here leads nowhere",
    ] {
        assert!(applied.stderr.contains(sentence), "{sentence}:\n{}", applied.stderr);
    }
    a_public_route_that_others_have_made_is_shouted_about(&world).await;
    a_function_that_is_switched_off_is_not_said_to_work(&world);
    a_function_that_does_not_start_is_found_out(&world);
}

fn a_function_that_is_switched_off_is_not_said_to_work(world: &World) {
    let (on, off) = ("    memory_mb: 256\n", "    memory_mb: 256\n    reserved_concurrency: 0\n");
    world.edit(on, off);
    let applied = world.succeed(&["--local", "apply", "--yes"]);
    assert!(!applied.stderr.contains("✓ a signed call"), "{}", applied.stderr);
    assert!(applied.stderr.contains("the function switched off"), "{}", applied.stderr);
    world.edit(off, on);
    let applied = world.succeed(&["--local", "apply", "--yes"]);
    assert!(applied.stderr.contains("✓ a signed call"), "{}", applied.stderr);
}

async fn a_public_route_that_others_have_made_is_shouted_about(world: &World) {
    let apigateway = world.root().await.apigateway;
    let apis = apigateway.get_apis().send().await.expect("APIs").items.expect("one");
    let api = apis[0].api_id().expect("an id");
    let route = apigateway.create_route().api_id(api).route_key("PUT /admin");
    let route = route.authorization_type(AuthorizationType::None).send().await.expect("a route");

    let refused = world.fail(&["--local", "apply", "--yes"]);
    assert!(refused.stderr.contains("PUBLIC: anybody can call PUT /admin"), "{}", refused.stderr);
    world.succeed(&["--local", "apply", "--yes", "--no-verify"]);

    let id = route.route_id().expect("an id");
    apigateway.delete_route().api_id(api).route_id(id).send().await.expect("a route to delete");
    world.succeed(&["--local", "apply", "--yes"]);
}

/// AWS has taken everything as it was declared, and yet no certificate can be had.
fn a_function_that_does_not_start_is_found_out(world: &World) {
    world.edit("CA_SECRET_ARN:", "CA_SECRET_AAN:");
    // What is running already goes on until its code is another.
    world.edit("max: 24", "max: 23");
    let refused = world.fail(&["--local", "apply", "--yes"]);
    let what = "it does not hold that a signed call is answered by the function";
    assert!(refused.stderr.contains(what), "{}", refused.stderr);
}
