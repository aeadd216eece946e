//! HTTP APIs with their stage.

use aws_sdk_apigatewayv2::types::ProtocolType;
use deployer::aws::Aws;
use serde_json::{Value, json};

use super::{Deployed, Edit, changes, date, sorted};

const ADDRESS: &str = "http_api.api";

const ENTRY: &str = "  http_api.api:
    name: trial
    description: First
    tags: { team: a, tier: low }
";

/// What creates an API.
const CREATE: &str = "CreateApi, CreateStage";

/// Every API by its id, with all that AWS tells of it and its stages.
pub(super) async fn apis(root: &Aws) -> Value {
    let mut all = json!({});
    for api in root.apigateway.get_apis().send().await.expect("APIs").items() {
        let id = api.api_id().expect("an id");
        let stages = root.apigateway.get_stages().api_id(id).send().await.expect("stages");
        let stages = stages.items().iter();
        let arn = format!("arn:aws:apigateway:us-east-1::/apis/{id}");
        let tags = root.apigateway.get_tags().resource_arn(arn).send().await.expect("tags");
        all[id] = json!({
            "id": id,
            "name": api.name(),
            "description": api.description(),
            "endpoint": api.api_endpoint(),
            "made": date(api.created_date()),
            "protocol": api.protocol_type().map(ProtocolType::as_str),
            "stages": stages.map(|stage| json!([stage.stage_name(), stage.auto_deploy()])).collect::<Value>(),
            "tags": sorted(tags.tags),
        });
    }
    all
}

/// The one API that there is.
pub(super) async fn api(root: &Aws) -> Value {
    let all = apis(root).await;
    let mut found = all.as_object().expect("APIs").values();
    let api = found.next().expect("an API").clone();
    assert_eq!(found.next(), None, "one API only");
    api
}

async fn id(root: &Aws) -> String {
    api(root).await["id"].as_str().expect("an id").to_owned()
}

async fn delete(root: &Aws) {
    root.apigateway.delete_api().api_id(id(root).await).send().await.expect("an API to delete");
}

#[tokio::test]
async fn an_api_follows_its_entry_field_by_field() {
    let deployed = Deployed::new(ENTRY).await;
    let root = &deployed.root;
    let made = api(root).await;
    assert_eq!(made["stages"], json!([["$default", true]]));
    assert_eq!(made["protocol"], "HTTP");
    let arn = format!("arn:aws:apigateway:us-east-1::/apis/{}", id(root).await);
    let call = root.apigateway.tag_resource().resource_arn(arn).tags("owner", "somebody");
    call.send().await.expect("a foreign tag");
    assert_eq!(deployed.plan(), "", "a foreign tag is none of our business");

    deployed.follows(ADDRESS, &EDITS, api).await;
    let end = api(root).await;
    assert_eq!((&end["id"], &end["made"]), (&made["id"], &made["made"]));
    assert_eq!(end["tags"]["owner"], "somebody");
}

const EDITS: [Edit; 5] = [
    Edit {
        from: "name: trial\n",
        to: "name: renamed\n",
        plan: "name",
        calls: "UpdateApi",
        live: r#"name: "trial" → "renamed""#,
    },
    Edit {
        from: "description: First",
        to: "description: Second",
        plan: "description",
        calls: "UpdateApi",
        live: r#"description: "First" → "Second""#,
    },
    Edit {
        from: "    description: Second\n",
        to: "",
        plan: "description",
        calls: "UpdateApi",
        live: r#"description: "Second" → """#,
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
async fn what_others_do_to_an_api_is_mended() {
    let deployed = Deployed::new(ENTRY).await;
    let (root, made) = (&deployed.root, api(&deployed.root).await);
    let id = id(root).await;

    let call = root.apigateway.update_api().api_id(&id).name("theirs");
    call.send().await.expect("another name");
    deployed.converges("update http_api.api: name (drift)", "UpdateApi");
    assert_eq!(api(root).await, made);

    let call = root.apigateway.update_api().api_id(&id).description("theirs");
    call.send().await.expect("another description");
    deployed.converges("update http_api.api: description (drift)", "UpdateApi");
    assert_eq!(api(root).await, made);

    let call = root.apigateway.update_stage().api_id(&id).stage_name("$default");
    call.auto_deploy(false).send().await.expect("a stage that stays as it is");
    deployed.converges("update http_api.api: auto_deploy (drift)", "UpdateStage");
    assert_eq!(api(root).await, made);

    let call = root.apigateway.delete_stage().api_id(&id).stage_name("$default");
    call.send().await.expect("a stage to delete");
    deployed.converges("update http_api.api: auto_deploy (drift)", "CreateStage");
    assert_eq!(api(root).await, made);

    let arn = format!("arn:aws:apigateway:us-east-1::/apis/{id}");
    let call = root.apigateway.untag_resource().resource_arn(&arn).tag_keys("tier");
    call.tag_keys("deployer:stack").send().await.expect("fewer tags");
    let call = root.apigateway.tag_resource().resource_arn(&arn).tags("team", "z");
    call.send().await.expect("another tag");
    let plan = "update http_api.api: \
                tags.deployer:stack (drift), tags.team (drift), tags.tier (drift)";
    deployed.converges(plan, "TagResource");
    assert_eq!(api(root).await, made);

    delete(root).await;
    deployed.converges("create http_api.api: deleted_outside", CREATE);
    let again = api(root).await;
    assert_ne!(again["id"], made["id"]);
    assert!(
        ["name", "description", "stages", "tags"].iter().all(|part| again[part] == made[part]),
        "{}",
        changes(&made, &again)
    );
}

#[tokio::test]
async fn an_api_is_found_by_its_tags_when_the_state_is_lost() {
    let deployed = Deployed::new("  {}\n").await;
    let root = &deployed.root;
    // Names are not unique: others of the same name must not be taken for ours.
    for tags in [vec![], vec![("deployer:stack", "other"), ("deployer:address", ADDRESS)]] {
        let mut call = root.apigateway.create_api().name("trial").protocol_type("HTTP".into());
        for (key, value) in tags {
            call = call.tags(key, value);
        }
        call.send().await.expect("another API");
    }
    deployed.declares(ENTRY);
    deployed.converges("create http_api.api: new", CREATE);
    let before = apis(root).await;

    deployed.loses_state();
    deployed.converges("", "");
    assert_eq!(apis(root).await, before);

    deployed.loses_state();
    deployed.world.edit("description: First", "description: Second");
    deployed.converges("update http_api.api: description", "UpdateApi");
    let mut mine = before.as_object().expect("APIs").values();
    let mine = mine.find(|api| api["tags"]["deployer:stack"] == "trial").expect("our API");
    let id = mine["id"].as_str().expect("an id");
    let changed = format!(r#"{id}.description: "First" → "Second""#);
    assert_eq!(changes(&before, &apis(root).await), changed);
}

#[tokio::test]
async fn an_api_that_is_not_declared_any_more_goes_with_its_stage() {
    let deployed = Deployed::new(ENTRY).await;
    let root = &deployed.root;
    deployed.declares_nothing();
    deployed.converges("delete http_api.api: not_declared", "DeleteApi");
    assert_eq!(apis(root).await, json!({}));

    deployed.declares(ENTRY);
    deployed.converges("create http_api.api: new", CREATE);
    delete(root).await;
    deployed.declares_nothing();
    deployed.converges("", "");
    assert_eq!(apis(root).await, json!({}));
}
