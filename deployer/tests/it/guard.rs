//! The client refuses, before anything is sent, whatever no change of a plan may do.

use deployer::aws::{Aws, Calls, Target, failed};
use deployer::plan::Plan;
use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn nothing_is_changed_but_by_an_operation_that_the_plan_has_for_the_resource() {
    let world = World::empty();
    world.succeed(&["local", "start"]);
    let instance = world.instance();
    let target = Target {
        region: Some(instance.region),
        local: Some((instance.endpoint, instance.deployer)),
    };
    let aws = Aws::at(&target, Calls::default()).await.expect("a local AWS");

    let refused = create(&aws).await.expect_err("no plan");
    assert!(refused.contains("no change of a plan is under way"), "{refused}");

    aws.permit(&plan("update"));
    let refused = create(&aws).await.expect_err("not within the change");
    assert!(refused.contains("no change of a plan is under way"), "{refused}");
    let here = "log_group.a".parse().expect("an address");
    let refused = aws.within_plan(&here, create(&aws)).await.expect_err("not of this change");
    assert!(refused.contains("the plan has no CloudWatch Logs.CreateLogGroup"), "{refused}");
    let elsewhere = "log_group.b".parse().expect("an address");
    aws.permit(&plan("create"));
    let refused = aws.within_plan(&elsewhere, create(&aws)).await.expect_err("of another one");
    assert!(refused.contains("the plan has no"), "{refused}");
    let groups = aws.logs.describe_log_groups().send().await.expect("a list").log_groups;
    assert_eq!(groups.unwrap_or_default().len(), 0, "nothing was sent");

    aws.within_plan(&here, create(&aws)).await.expect("what the plan holds");
}

/// Makes a log group; the error's chain in one line.
async fn create(aws: &Aws) -> Result<(), String> {
    let made = aws.logs.create_log_group().log_group_name("/a").send().await;
    made.map(drop).map_err(|error| format!("{:?}", failed("CreateLogGroup", "/a", &error)))
}

/// A plan with this one change.
fn plan(action: &str) -> Plan {
    let change = json!({
        "address": "log_group.a", "action": action, "reasons": [], "fields": [], "after": [],
        "spec": null, "depends_on": [], "live": null,
    });
    serde_json::from_value(json!({"stack": "trial", "changes": [change]})).expect("a plan")
}
