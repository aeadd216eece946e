//! Roles.

use deployer::aws::Aws;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{Deployed, Edit, changes, date};

const ADDRESS: &str = "iam_role.writer";
const NAME: &str = "trial-writer";

const ENTRY: &str = "  iam_role.writer:
    name: trial-writer
    description: Writes
    trust: lambda.amazonaws.com
    allow:
      - actions: [logs:CreateLogStream, logs:PutLogEvents]
        on: arn:aws:logs:us-east-1:000000000000:log-group:/trial:*
    tags: { team: a, tier: low }
";

/// A role with all that AWS tells of it, its policies included.
pub(super) async fn role(root: &Aws, name: &str) -> Value {
    let answer = root.iam.get_role().role_name(name).send().await.expect("a role");
    let role = answer.role().expect("a role");
    let listed = root.iam.list_role_policies().role_name(name).send().await.expect("policies");
    let mut policies = json!({});
    for policy in listed.policy_names() {
        let call = root.iam.get_role_policy().role_name(name).policy_name(policy);
        let found = call.send().await.expect("a policy");
        policies[policy.as_str()] = document(found.policy_document());
    }
    let tags = role.tags().iter().map(|tag| (tag.key().to_owned(), tag.value().into()));
    json!({
        "arn": role.arn(),
        "id": role.role_id(),
        "made": date(Some(role.create_date())),
        "description": role.description(),
        "trust": document(role.assume_role_policy_document().expect("a trust policy")),
        "policies": policies,
        "tags": tags.collect::<serde_json::Map<_, _>>(),
    })
}

/// A policy, which IAM tells URL-encoded.
fn document(encoded: &str) -> Value {
    let text = percent_decode_str(encoded).decode_utf8().expect("UTF-8");
    serde_json::from_str(&text).expect("a policy in JSON")
}

async fn writer(root: &Aws) -> Value {
    role(root, NAME).await
}

async fn exists(root: &Aws, name: &str) -> bool {
    let roles = root.iam.list_roles().send().await.expect("roles");
    roles.roles().iter().any(|role| role.role_name() == name)
}

/// Somebody else's version of the role's own policy.
async fn put(root: &Aws, name: &str, policy: &Value) {
    let call = root.iam.put_role_policy().role_name(NAME).policy_name(name);
    call.policy_document(policy.to_string()).send().await.expect("a policy to put");
}

/// A policy of somebody else, beside the role's own.
fn foreign_policy() -> Value {
    let statement = json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [statement]})
}

async fn trust(root: &Aws, policy: &Value) {
    let call = root.iam.update_assume_role_policy().role_name(NAME);
    call.policy_document(policy.to_string()).send().await.expect("a trust policy to put");
}

async fn delete(root: &Aws) {
    let call = root.iam.delete_role_policy().role_name(NAME).policy_name("deployer");
    call.send().await.expect("a policy to delete");
    root.iam.delete_role().role_name(NAME).send().await.expect("a role to delete");
}

#[tokio::test]
async fn a_role_follows_its_entry_field_by_field() {
    let deployed = Deployed::new(ENTRY).await;
    let root = &deployed.root;
    let made = writer(root).await;
    assert_eq!(
        made["policies"],
        json!({"deployer": {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": ["arn:aws:logs:us-east-1:000000000000:log-group:/trial:*"],
        }]}})
    );
    let call = root.iam.tag_role().role_name(NAME);
    let tag = aws_sdk_iam::types::Tag::builder().key("owner").value("somebody").build();
    call.tags(tag.expect("a tag")).send().await.expect("a foreign tag");
    put(root, "extra", &foreign_policy()).await;
    assert_eq!(deployed.plan(), "", "foreign tags and policies are none of our business");

    deployed.follows(ADDRESS, &EDITS, writer).await;
    let end = writer(root).await;
    assert_eq!((&end["arn"], &end["id"]), (&made["arn"], &made["id"]));
    assert_eq!(end["trust"]["Statement"][0]["Principal"]["Service"], json!(["ec2.amazonaws.com"]));
    assert_eq!(end["tags"]["owner"], "somebody");
}

const EDITS: [Edit; 6] = [
    Edit {
        from: "description: Writes",
        to: "description: Writes logs",
        plan: "description",
        calls: "UpdateRoleDescription",
        live: r#"description: "Writes" → "Writes logs""#,
    },
    Edit {
        from: "trust: lambda",
        to: "trust: ec2",
        plan: "trust",
        calls: "UpdateAssumeRolePolicy",
        live: "trust: …",
    },
    Edit {
        from: "[logs:CreateLogStream, logs:PutLogEvents]",
        to: "logs:PutLogEvents",
        plan: "allow",
        calls: "PutRolePolicy",
        live: "policies.deployer: …",
    },
    Edit {
        from: "team: a",
        to: "team: b",
        plan: "tags.team",
        calls: "TagRole",
        live: r#"tags.team: "a" → "b""#,
    },
    Edit {
        from: ", tier: low",
        to: ", cost: x.1",
        plan: "tags.cost, tags.tier",
        calls: "TagRole, UntagRole",
        live: r#"tags.cost: null → "x.1"; tags.tier: "low" → null"#,
    },
    Edit {
        from: "    allow:
      - actions: logs:PutLogEvents
        on: arn:aws:logs:us-east-1:000000000000:log-group:/trial:*
",
        to: "",
        plan: "allow",
        calls: "DeleteRolePolicy",
        live: "policies.deployer: …",
    },
];

#[tokio::test]
async fn policies_that_mean_the_same_are_no_drift_and_others_are_mended() {
    let deployed = Deployed::new(ENTRY).await;
    let root = &deployed.root;
    let made = writer(root).await;

    let rewritten = json!({"Statement": {
        "Sid": "Renamed",
        "Action": ["LOGS:PutLogEvents", "logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": ["arn:aws:logs:us-east-1:000000000000:log-group:/trial:*"],
        "Effect": "Allow",
    }, "Version": "2012-10-17"});
    put(root, "deployer", &rewritten).await;
    let principal = json!({"Service": ["lambda.amazonaws.com"]});
    let assume = json!([{"Effect": "Allow", "Principal": principal, "Action": ["sts:AssumeRole"]}]);
    trust(root, &json!({"Version": "2012-10-17", "Statement": assume})).await;
    assert_eq!(deployed.plan(), "", "only the wording differs");

    let mut wide = rewritten.clone();
    wide["Statement"]["Resource"] = "*".into();
    put(root, "deployer", &wide).await;
    deployed.converges("update iam_role.writer: allow (drift)", "PutRolePolicy");
    assert_eq!(writer(root).await["policies"], made["policies"]);

    let anybody =
        json!([{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]);
    trust(root, &json!({"Version": "2012-10-17", "Statement": anybody})).await;
    deployed.converges("update iam_role.writer: trust (drift)", "UpdateAssumeRolePolicy");
    assert_eq!(writer(root).await, made);

    let call = root.iam.delete_role_policy().role_name(NAME).policy_name("deployer");
    call.send().await.expect("a policy to delete");
    deployed.converges("update iam_role.writer: allow (drift)", "PutRolePolicy");
    assert_eq!(writer(root).await, made);
}

/// A role that others made keeps its policy under the name that they gave it.
#[tokio::test]
async fn the_policy_moves_to_the_name_that_is_declared() {
    let deployed = Deployed::new(ENTRY).await;
    let (theirs, ours) = ("    policy_name: theirs\n    tags:", "    tags:");
    let moves = [(ours, theirs, "deployer", "theirs"), (theirs, ours, "theirs", "deployer")];
    for (from, to, old, new) in moves {
        let before = writer(&deployed.root).await;
        deployed.world.edit(from, to);
        deployed.converges(
            &format!("update {ADDRESS}: policy_name"),
            "PutRolePolicy, DeleteRolePolicy",
        );
        let after = writer(&deployed.root).await;
        assert_eq!(after["policies"], json!({new: before["policies"][old]}));
    }
}

#[tokio::test]
async fn what_others_do_to_a_role_is_mended() {
    let deployed = Deployed::new(ENTRY).await;
    let root = &deployed.root;
    let made = writer(root).await;

    let call = root.iam.update_role_description().role_name(NAME).description("Mine");
    call.send().await.expect("another description");
    deployed.converges("update iam_role.writer: description (drift)", "UpdateRoleDescription");
    assert_eq!(writer(root).await, made);

    let tag = aws_sdk_iam::types::Tag::builder().key("team").value("z").build().expect("a tag");
    root.iam.tag_role().role_name(NAME).tags(tag).send().await.expect("another tag");
    let call = root.iam.untag_role().role_name(NAME).tag_keys("tier").tag_keys("deployer:address");
    call.send().await.expect("fewer tags");
    let plan = "update iam_role.writer: \
                tags.deployer:address (drift), tags.team (drift), tags.tier (drift)";
    deployed.converges(plan, "TagRole");
    assert_eq!(writer(root).await, made);

    delete(root).await;
    deployed.converges("create iam_role.writer: deleted_outside", "CreateRole, PutRolePolicy");
    let again = writer(root).await;
    assert_ne!(again["id"], made["id"]);
    assert!(
        ["policies", "trust", "tags", "description"].iter().all(|part| again[part] == made[part]),
        "{}",
        changes(&made, &again)
    );
}

#[tokio::test]
async fn a_role_is_replaced_under_another_name_and_goes_when_it_is_not_declared() {
    let deployed = Deployed::new(ENTRY).await;
    let root = &deployed.root;
    deployed.world.edit("name: trial-writer", "name: trial-renamed");
    deployed.converges(
        "replace iam_role.writer: name (forces_replacement)",
        "DeleteRolePolicy, DeleteRole, CreateRole, PutRolePolicy",
    );
    assert!(!exists(root, NAME).await && exists(root, "trial-renamed").await);

    deployed.declares_nothing();
    deployed.converges("delete iam_role.writer: not_declared", "DeleteRolePolicy, DeleteRole");
    assert!(!exists(root, "trial-renamed").await);

    deployed.declares(ENTRY);
    deployed.converges("create iam_role.writer: new", "CreateRole, PutRolePolicy");
    delete(root).await;
    deployed.declares_nothing();
    deployed.converges("", "");
    assert!(!exists(root, NAME).await);
}

#[tokio::test]
async fn what_somebody_else_has_hung_on_a_role_keeps_it_from_going() {
    let deployed = Deployed::new(ENTRY).await;
    let root = &deployed.root;
    put(root, "extra", &foreign_policy()).await;
    deployed.declares_nothing();
    let refused = deployed.world.fail(&["--local", "apply", "--yes", "--no-verify"]);
    let why = "because: somebody else has hung on it: the inline policy extra";
    assert!(refused.stderr.contains(why), "{}", refused.stderr);
    assert_eq!(writer(root).await["policies"].as_object().map(serde_json::Map::len), Some(1));

    let call = root.iam.delete_role_policy().role_name(NAME).policy_name("extra");
    call.send().await.expect("a policy to delete");
    deployed.converges("delete iam_role.writer: not_declared", "DeleteRolePolicy, DeleteRole");
    assert!(!exists(root, NAME).await);
}
