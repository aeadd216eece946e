//! Log groups.

use deployer::aws::Aws;
use serde_json::{Value, json};

use super::iam_role::role;
use super::{Deployed, Edit, changes, sorted};

const ADDRESS: &str = "log_group.logs";

const ENTRY: &str = "  log_group.logs:
    name: /trial/logs
    retention_days: 30
    tags: { team: a, tier: low }
";

/// Every log group below `/trial/`, by its name, with all that AWS tells of it.
async fn groups(root: &Aws) -> Value {
    let answer = root.logs.describe_log_groups().log_group_name_prefix("/trial/").send().await;
    let mut all = json!({});
    for group in answer.expect("log groups").log_groups() {
        let arn = group.log_group_arn().expect("an ARN");
        let tags = root.logs.list_tags_for_resource().resource_arn(arn).send().await;
        all[group.log_group_name().expect("a name")] = json!({
            "arn": arn,
            "made": group.creation_time(),
            "retention": group.retention_in_days(),
            "tags": sorted(tags.expect("tags").tags),
        });
    }
    all
}

/// The one log group there is.
async fn group(root: &Aws) -> Value {
    let all = groups(root).await;
    assert_eq!(all.as_object().map(serde_json::Map::len), Some(1), "{all}");
    all["/trial/logs"].clone()
}

async fn delete(root: &Aws) {
    let deleted = root.logs.delete_log_group().log_group_name("/trial/logs").send().await;
    deleted.expect("a log group to delete");
}

#[tokio::test]
async fn a_log_group_follows_its_entry_field_by_field() {
    let deployed = Deployed::new(ENTRY).await;
    let made = group(&deployed.root).await;
    assert_eq!(made["retention"], 30);
    assert_eq!(
        made["tags"],
        json!({
            "deployer:address": ADDRESS, "deployer:stack": "trial", "team": "a", "tier": "low",
        })
    );
    let foreign = deployed.root.logs.tag_resource().tags("owner", "somebody");
    let tagged = foreign.resource_arn(made["arn"].as_str().expect("an ARN")).send().await;
    tagged.expect("a foreign tag");
    assert_eq!(deployed.plan(), "", "a foreign tag is none of our business");

    deployed.follows(ADDRESS, &EDITS, group).await;
    let end = group(&deployed.root).await;
    assert_eq!((&end["arn"], &end["made"]), (&made["arn"], &made["made"]));
    assert_eq!(end["tags"]["owner"], "somebody");
}

const EDITS: [Edit; 5] = [
    Edit {
        from: "retention_days: 30",
        to: "retention_days: 7",
        plan: "retention_days",
        calls: "PutRetentionPolicy",
        live: "retention: 30 → 7",
    },
    Edit {
        from: "    retention_days: 7\n",
        to: "",
        plan: "retention_days",
        calls: "DeleteRetentionPolicy",
        live: "retention: 7 → null",
    },
    Edit {
        from: "team: a",
        to: "team: b",
        plan: "tags.team",
        calls: "TagResource",
        live: r#"tags.team: "a" → "b""#,
    },
    Edit {
        from: ", tier: low",
        to: ", cost: x.1",
        plan: "tags.cost, tags.tier",
        calls: "TagResource, UntagResource",
        live: r#"tags.cost: null → "x.1"; tags.tier: "low" → null"#,
    },
    Edit {
        from: "    tags: { team: b, cost: x.1 }\n",
        to: "",
        plan: "tags.cost, tags.team",
        calls: "UntagResource",
        live: r#"tags.cost: "x.1" → null; tags.team: "b" → null"#,
    },
];

#[tokio::test]
async fn what_others_do_to_a_log_group_is_mended() {
    let deployed = Deployed::new(ENTRY).await;
    let (root, made) = (&deployed.root, group(&deployed.root).await);
    let arn = made["arn"].as_str().expect("an ARN");

    let retention = root.logs.put_retention_policy().log_group_name("/trial/logs");
    retention.retention_in_days(1).send().await.expect("another retention");
    deployed.converges("update log_group.logs: retention_days (drift)", "PutRetentionPolicy");
    assert_eq!(group(root).await, made);

    let retention = root.logs.delete_retention_policy().log_group_name("/trial/logs");
    retention.send().await.expect("no retention");
    let shown = deployed.world.succeed(&["--local", "plan"]).stdout;
    assert!(shown.contains("(none) → 30  (drift)"), "{shown}");
    deployed.converges("update log_group.logs: retention_days (drift)", "PutRetentionPolicy");
    assert_eq!(group(root).await, made);

    let retagged = root.logs.tag_resource().resource_arn(arn).tags("team", "z");
    retagged.send().await.expect("another tag");
    let untagged = root.logs.untag_resource().resource_arn(arn).tag_keys("tier");
    untagged.tag_keys("deployer:stack").send().await.expect("fewer tags");
    let plan = "update log_group.logs: \
                tags.deployer:stack (drift), tags.team (drift), tags.tier (drift)";
    deployed.converges(plan, "TagResource");
    assert_eq!(group(root).await, made);

    delete(root).await;
    let shown = deployed.world.succeed(&["--local", "plan"]).stdout;
    assert!(shown.contains("+ log_group.logs"), "{shown}");
    assert!(shown.contains("deleted outside of deployer"), "{shown}");
    deployed
        .converges("create log_group.logs: deleted_outside", "CreateLogGroup, PutRetentionPolicy");
    let again = group(root).await;
    assert!(changes(&made, &again).starts_with("made: "), "{again}");
    assert_eq!((&again["retention"], &again["tags"]), (&made["retention"], &made["tags"]));
}

#[tokio::test]
async fn a_log_group_is_replaced_under_another_name_and_its_dependents_follow() {
    let writer = "  iam_role.writer:
    name: trial-writer
    allow: [{ actions: logs:PutLogEvents, on: \"${log_group.logs.arn}:*\" }]
";
    let deployed = Deployed::new(&format!("{ENTRY}{writer}")).await;
    let root = &deployed.root;
    let before = role(root, "trial-writer").await;

    deployed.world.edit("name: /trial/logs", "name: /trial/renamed");
    deployed.converges(
        "replace log_group.logs: name (forces_replacement)\nupdate iam_role.writer: allow",
        "DeleteLogGroup, CreateLogGroup, PutRetentionPolicy, PutRolePolicy",
    );
    let after = groups(root).await;
    let names: Vec<_> = after.as_object().expect("log groups").keys().collect();
    assert_eq!(names, ["/trial/renamed"]);
    assert_eq!(after["/trial/renamed"]["retention"], 30);
    let followed = role(root, "trial-writer").await;
    assert_eq!(changes(&before, &followed), "policies.deployer: …");
    let on = &followed["policies"]["deployer"]["Statement"][0]["Resource"];
    assert_eq!(*on, json!(["arn:aws:logs:us-east-1:000000000000:log-group:/trial/renamed:*"]));
}

#[tokio::test]
async fn a_log_group_that_is_not_declared_any_more_goes() {
    let deployed = Deployed::new(ENTRY).await;
    let root = &deployed.root;
    deployed.declares_nothing();
    deployed.converges("delete log_group.logs: not_declared", "DeleteLogGroup");
    assert_eq!(groups(root).await, json!({}));

    // Somebody else was faster.
    deployed.declares(ENTRY);
    deployed.converges("create log_group.logs: new", "CreateLogGroup, PutRetentionPolicy");
    delete(root).await;
    deployed.declares_nothing();
    deployed.converges("", "");
    assert_eq!(groups(root).await, json!({}));
}
