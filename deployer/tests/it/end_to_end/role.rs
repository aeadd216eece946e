//! What the function may do: read its own secret, and write to its own log group.

use aws_sdk_lambda::types::Environment;
use deployer::aws::Aws;

use super::authorization::{assert_denied, assume};
use super::{FUNCTION, LOG_GROUP, deployed};
use crate::support::World;

/// Somebody else's secret, which holds perfectly good CA material.
const OTHER_SECRET: &str = "cert-issuer/other";

#[tokio::test]
async fn the_function_may_read_its_own_secret_and_write_its_own_log_and_no_more() {
    let world = deployed();
    let root = world.root().await;
    let material = super::read(&world.path("ca/issuing-ca.json"));
    let made = root.secrets.create_secret().name(OTHER_SECRET).secret_string(material);
    let other = made.send().await.expect("another secret").arn.expect("an ARN");
    root.logs.create_log_group().log_group_name("/other").send().await.expect("a log group");

    let role = root.iam.get_role().role_name("cert-issuer-signer").send().await;
    let role = role.expect("the role").role.expect("the role").arn;
    let session = world.aws(assume(&world, &role).await).await;
    secrets_are_out_of_reach_but_one(&session).await;
    logs_are_out_of_reach_but_one(&session, &root, &role).await;
    assert_denied("ListRoles", session.iam.list_roles().send().await);
    assert_denied("Invoke", session.lambda.invoke().function_name(FUNCTION).send().await);

    the_other_secret_is_of_no_use_to_the_function(&world, &root, &other).await;
}

async fn secrets_are_out_of_reach_but_one(session: &Aws) {
    let get = |id: &str| session.secrets.get_secret_value().secret_id(id).send();
    get("cert-issuer/ca").await.expect("its own secret");
    assert_denied("another's secret", get(OTHER_SECRET).await);
    assert_denied("ListSecrets", session.secrets.list_secrets().send().await);
    let put = session.secrets.put_secret_value().secret_id("cert-issuer/ca").secret_string("{}");
    assert_denied("PutSecretValue", put.send().await);
    let delete = session.secrets.delete_secret().secret_id("cert-issuer/ca");
    assert_denied("DeleteSecret", delete.send().await);
}

/// The local AWS compares a log group's ARN without what follows its name, so it refuses what AWS
/// allows: hence the simulator, which is told the ARN.
async fn logs_are_out_of_reach_but_one(session: &Aws, root: &Aws, role: &str) {
    let place = session.place().await.expect("a local AWS that answers");
    let arn = |group: &str| place.arn("logs", &format!("log-group:{group}:log-stream:test"));
    for (action, group, allowed) in [
        ("logs:CreateLogStream", LOG_GROUP, true),
        ("logs:PutLogEvents", LOG_GROUP, true),
        ("logs:CreateLogStream", "/other", false),
        ("logs:PutLogEvents", "/other", false),
        ("logs:PutLogEvents", "/cert-issuer/signer2", false),
        ("logs:CreateLogGroup", LOG_GROUP, false),
        ("logs:DeleteLogStream", LOG_GROUP, false),
        ("logs:FilterLogEvents", LOG_GROUP, false),
    ] {
        let call = root.iam.simulate_principal_policy().policy_source_arn(role);
        let call = call.action_names(action).resource_arns(arn(group));
        let answer = call.send().await.expect("a simulation");
        let decision = answer.evaluation_results()[0].eval_decision().as_str() == "allowed";
        assert_eq!(decision, allowed, "{action} on {}", arn(group));
    }
    let logs = &session.logs;
    let make = logs.create_log_group().log_group_name("/made").send().await;
    assert_denied("CreateLogGroup", make);
    let read = logs.filter_log_events().log_group_name(LOG_GROUP).send().await;
    assert_denied("FilterLogEvents", read);
    let other = logs.create_log_stream().log_group_name("/other").log_stream_name("test");
    assert_denied("CreateLogStream", other.send().await);
}

/// Points the function at the other secret: callers then hear that the CA is unavailable, and
/// nothing about secrets. The next apply mends it.
async fn the_other_secret_is_of_no_use_to_the_function(world: &World, root: &Aws, other: &str) {
    let environment = Environment::builder().variables("CA_SECRET_ARN", other).build();
    let update = root.lambda.update_function_configuration().function_name(FUNCTION);
    update.environment(environment).send().await.expect("another environment");
    let issue = ["--local", "issue", "--dns", "a.internal.example"];
    let refused = world.fail(&issue);
    assert!(refused.stderr.contains("ca_unavailable: "), "{}", refused.stderr);
    assert!(refused.stderr.contains("HTTP 503"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("arn:aws"), "{}", refused.stderr);
    assert!(!world.path("certs").exists(), "no file is written");

    let plan = world.run(&["--local", "plan", "--detailed-exitcode"]);
    assert_eq!(plan.status, 2, "{plan:?}");
    assert!(plan.stdout.contains("CA_SECRET_ARN"), "{}", plan.stdout);
    world.succeed(&["--local", "apply", "--yes"]);
    world.succeed(&issue);
}
