//! Secrets.

use std::fs;

use aws_sdk_secretsmanager::types::Tag;
use deployer::aws::Aws;
use deployer::ca;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::iam_role::role;
use super::{Deployed, Edit, changes, date};
use crate::support::World;

const ADDRESS: &str = "secret.ca";
const NAME: &str = "trial/ca";

const ENTRY: &str = "  secret.ca:
    name: trial/ca
    description: The CA
    value_file: ca/issuing-ca.json
    recovery_window_days: 7
    tags: { team: a, tier: low }
";

/// What creates a secret.
const CREATE: &str = "CreateSecret, PutSecretValue";

/// A world with two demo CAs, of which the first is deployed.
async fn deployed(entries: &str) -> Deployed {
    let world = World::empty();
    for dir in ["ca", "other"] {
        ca::init(&world.path(dir), OffsetDateTime::now_utc()).expect("a demo CA");
    }
    Deployed::within(world, entries).await
}

/// Every secret by its name, those that wait for their deletion included.
async fn secrets(root: &Aws) -> Value {
    let listed = root.secrets.list_secrets().include_planned_deletion(true).send().await;
    let mut all = json!({});
    for secret in listed.expect("secrets").secret_list() {
        let name = secret.name().expect("a name");
        all[name] = secret_named(root, name).await;
    }
    all
}

/// A secret with all that AWS tells of it but its value.
async fn secret_named(root: &Aws, name: &str) -> Value {
    let secret = root.secrets.describe_secret().secret_id(name).send().await.expect("a secret");
    let tags = secret.tags().iter().map(|tag| Some((tag.key()?.to_owned(), tag.value()?.into())));
    let mut versions = json!({});
    for (id, stages) in secret.version_ids_to_stages().into_iter().flatten() {
        let mut stages = stages.clone();
        stages.sort();
        versions[id] = stages.into();
    }
    json!({
        "arn": secret.arn(),
        "made": date(secret.created_date()),
        "description": secret.description(),
        "key": secret.kms_key_id(),
        "deleted": secret.deleted_date().is_some(),
        "tags": tags.collect::<Option<serde_json::Map<_, _>>>(),
        "versions": versions,
    })
}

async fn secret(root: &Aws) -> Value {
    secret_named(root, NAME).await
}

/// The id of the version that readers get. The local AWS also makes an empty one with each secret.
fn current(secret: &Value) -> Option<&str> {
    let mut versions = secret["versions"].as_object()?.iter();
    versions.find(|(_, stages)| **stages == json!(["AWSCURRENT"])).map(|(id, _)| id.as_str())
}

/// The value that readers of the secret get.
async fn value(root: &Aws) -> String {
    let answer = root.secrets.get_secret_value().secret_id(NAME).send().await.expect("a value");
    answer.secret_string().expect("a text").to_owned()
}

fn file(deployed: &Deployed, name: &str) -> String {
    fs::read_to_string(deployed.world.path(name)).expect("a file")
}

async fn put(root: &Aws, value: &str) {
    let call = root.secrets.put_secret_value().secret_id(NAME).secret_string(value);
    call.send().await.expect("another version");
}

async fn delete(root: &Aws, force: bool) {
    let call = root.secrets.delete_secret().secret_id(NAME);
    let call = call.force_delete_without_recovery(force);
    call.send().await.expect("a secret to delete");
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

#[tokio::test]
async fn a_secret_follows_its_entry_field_by_field() {
    let deployed = deployed(ENTRY).await;
    let root = &deployed.root;
    let made = secret(root).await;
    let call = root.secrets.tag_resource().secret_id(NAME).tags(tag("owner", "somebody"));
    call.send().await.expect("a foreign tag");
    assert_eq!(deployed.plan(), "", "a foreign tag is none of our business");

    deployed.follows(ADDRESS, &EDITS, secret).await;
    let end = secret(root).await;
    assert_eq!((&end["arn"], &end["made"]), (&made["arn"], &made["made"]));
    assert_eq!(end["versions"], made["versions"], "the value was sent once only");
    assert_eq!(end["tags"]["owner"], "somebody");
}

const EDITS: [Edit; 6] = [
    Edit {
        from: "description: The CA",
        to: "description: Our CA",
        plan: "description",
        calls: "UpdateSecret",
        live: r#"description: "The CA" → "Our CA""#,
    },
    Edit {
        from: "    recovery_window_days: 7",
        to: "    kms_key_id: alias/ours\n    recovery_window_days: 7",
        plan: "kms_key_id",
        calls: "UpdateSecret",
        live: r#"key: null → "alias/ours""#,
    },
    Edit {
        from: "    kms_key_id: alias/ours\n",
        to: "",
        plan: "kms_key_id",
        calls: "UpdateSecret",
        live: r#"key: "alias/ours" → "alias/aws/secretsmanager""#,
    },
    // AWS hears of the window with the deletion only.
    Edit {
        from: "recovery_window_days: 7",
        to: "recovery_window_days: 8",
        plan: "recovery_window_days",
        calls: "",
        live: "",
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
];

#[tokio::test]
async fn a_value_is_sent_when_it_changes_and_only_then() {
    let deployed = deployed(ENTRY).await;
    let root = &deployed.root;
    assert_eq!(value(root).await, file(&deployed, "ca/issuing-ca.json"));
    let first = secret(root).await;

    deployed.world.write("copy.json", &file(&deployed, "ca/issuing-ca.json"));
    deployed.world.edit("ca/issuing-ca.json", "copy.json");
    assert_eq!(deployed.plan(), "", "the same value from another file");

    deployed.world.edit("copy.json", "other/issuing-ca.json");
    deployed.converges("update secret.ca: value_sha256", "PutSecretValue");
    assert_eq!(value(root).await, file(&deployed, "other/issuing-ca.json"));
    let second = secret(root).await;
    assert_eq!(second["versions"].as_object().map(serde_json::Map::len), Some(2));
    assert_eq!(second["arn"], first["arn"]);

    deployed.world.edit("other/issuing-ca.json", "ca/issuing-ca.json");
    deployed.converges("update secret.ca: value_sha256", "UpdateSecretVersionStage");
    assert_eq!(value(root).await, file(&deployed, "ca/issuing-ca.json"));

    let state = file(&deployed, "state/trial.local.json");
    let material: Value =
        serde_json::from_str(&file(&deployed, "ca/issuing-ca.json")).expect("JSON");
    let key = material["private_key"].as_str().expect("a key");
    for line in key.lines() {
        assert!(!state.contains(line), "the state knows the key: {line}");
    }
}

#[tokio::test]
async fn a_value_that_somebody_else_has_put_is_put_right() {
    let deployed = deployed(ENTRY).await;
    let root = &deployed.root;
    let (mine, made) = (value(root).await, secret(root).await);

    put(root, "theirs").await;
    deployed.converges("update secret.ca: value_sha256 (drift)", "UpdateSecretVersionStage");
    assert_eq!(value(root).await, mine);

    // After two more versions AWS has no label on ours any more.
    put(root, "theirs").await;
    put(root, "theirs again").await;
    deployed.converges("update secret.ca: value_sha256 (drift)", "PutSecretValue");
    assert_eq!(value(root).await, mine);
    let mended = secret(root).await;
    assert!(current(&made).is_some());
    assert_eq!(current(&mended), current(&made), "the same version, not a copy of it");
    assert_eq!((&mended["arn"], &mended["tags"]), (&made["arn"], &made["tags"]));
}

#[tokio::test]
async fn what_others_do_to_a_secret_is_mended() {
    let deployed = deployed(ENTRY).await;
    let root = &deployed.root;
    let made = secret(root).await;

    let call = root.secrets.update_secret().secret_id(NAME).description("Mine");
    call.send().await.expect("another description");
    deployed.converges("update secret.ca: description (drift)", "UpdateSecret");
    assert_eq!(secret(root).await, made);

    let call = root.secrets.update_secret().secret_id(NAME).kms_key_id("alias/theirs");
    call.send().await.expect("another key");
    deployed.converges("update secret.ca: kms_key_id (drift)", "UpdateSecret");
    assert_eq!(
        changes(&made, &secret(root).await),
        r#"key: null → "alias/aws/secretsmanager""#,
        "AWS can be told to use its own key, not to forget that it was told"
    );

    let call = root.secrets.tag_resource().secret_id(NAME).tags(tag("team", "z"));
    call.send().await.expect("another tag");
    let call = root.secrets.untag_resource().secret_id(NAME).tag_keys("tier");
    call.tag_keys("deployer:stack").send().await.expect("fewer tags");
    let plan = "update secret.ca: \
                tags.deployer:stack (drift), tags.team (drift), tags.tier (drift)";
    deployed.converges(plan, "TagResource");
    assert_eq!(secret(root).await["tags"], made["tags"]);

    delete(root, false).await;
    deployed.converges("restore secret.ca: recoverable", "CreateSecret, RestoreSecret");
    let restored = secret(root).await;
    assert_eq!((&restored["arn"], &restored["versions"]), (&made["arn"], &made["versions"]));

    delete(root, true).await;
    deployed.converges("create secret.ca: deleted_outside", CREATE);
    let again = secret(root).await;
    assert_ne!(again["arn"], made["arn"]);
    assert_eq!((current(&again), &again["tags"]), (current(&made), &made["tags"]));
}

#[tokio::test]
async fn a_deleted_secret_can_be_brought_back_within_its_window() {
    let deployed = deployed(ENTRY).await;
    let root = &deployed.root;
    let made = secret(root).await;

    deployed.declares_nothing();
    let gone = deployed.world.succeed(&["--local", "apply", "--yes", "--no-verify"]);
    assert!(gone.stderr.contains("AWS keeps the secret trial/ca until 20"), "{}", gone.stderr);
    assert_eq!(changes(&made, &secret(root).await), "deleted: false → true");
    assert_eq!(deployed.apply(), "", "it is gone");

    deployed.declares(&ENTRY.replace("The CA", "Our CA"));
    deployed
        .converges("restore secret.ca: recoverable", "CreateSecret, RestoreSecret, UpdateSecret");
    assert_eq!(changes(&made, &secret(root).await), r#"description: "The CA" → "Our CA""#);
}

#[tokio::test]
async fn without_a_window_a_secret_is_gone_at_once() {
    let entry = ENTRY.replace("recovery_window_days: 7", "recovery_window_days: 0");
    let deployed = deployed(&entry).await;
    let root = &deployed.root;
    deployed.declares_nothing();
    deployed.converges("delete secret.ca: not_declared", "DeleteSecret");
    assert_eq!(secrets(root).await, json!({}));

    deployed.declares(&entry);
    deployed.converges("create secret.ca: new", CREATE);
    delete(root, true).await;
    deployed.declares_nothing();
    deployed.converges("", "");
    assert_eq!(secrets(root).await, json!({}));
}

#[tokio::test]
async fn a_secret_is_replaced_under_another_name_and_its_readers_follow() {
    let reader = "  iam_role.reader:
    name: trial-reader
    allow: [{ actions: secretsmanager:GetSecretValue, on: \"${secret.ca.arn}\" }]
";
    let deployed = deployed(&format!("{ENTRY}{reader}")).await;
    let root = &deployed.root;
    deployed.world.edit("name: trial/ca", "name: trial/renamed");
    deployed.converges(
        "replace secret.ca: name (forces_replacement)\nupdate iam_role.reader: allow",
        "DeleteSecret, CreateSecret, PutSecretValue, PutRolePolicy",
    );
    let all = secrets(root).await;
    assert_eq!(all[NAME]["deleted"], true);
    assert_eq!(all["trial/renamed"]["deleted"], false);
    let reader = role(root, "trial-reader").await;
    assert_eq!(
        reader["policies"]["deployer"]["Statement"][0]["Resource"],
        json!([all["trial/renamed"]["arn"]])
    );
}
