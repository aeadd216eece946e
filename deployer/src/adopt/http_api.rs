//! `aws_apigatewayv2_api` and its `aws_apigatewayv2_stage` named `$default`.

use serde::Deserialize;
use serde_json::json;

use super::draft::{Context, Draft, Tagged};
use super::terraform::Instance;

const KNOWN: &[&str] = &[
    "api_endpoint",
    "arn",
    "description",
    "execution_arn",
    "id",
    "name",
    "protocol_type",
    "tags",
    "tags_all",
];

const KNOWN_OF_STAGE: &[&str] = &[
    "api_id",
    "arn",
    "auto_deploy",
    "deployment_id",
    "execution_arn",
    "id",
    "invoke_url",
    "name",
    "tags",
];

#[derive(Deserialize)]
struct Attributes {
    id: String,
    name: String,
    description: Option<String>,
    protocol_type: String,
    api_endpoint: String,
    execution_arn: String,
    #[serde(flatten)]
    tags: Tagged,
}

#[derive(Deserialize)]
struct Stage {
    api_id: String,
    name: String,
    auto_deploy: Option<bool>,
}

pub(super) fn draft(instance: &Instance<'_>, context: &Context<'_>) -> Result<Draft, String> {
    let api: Attributes = instance.read()?;
    if api.protocol_type != "HTTP" {
        return Err("only HTTP APIs can be declared".to_owned());
    }
    let mut draft = Draft::new(instance);
    let usual = [
        ("api_key_selection_expression", json!("$request.header.x-api-key")),
        ("route_selection_expression", json!("$request.method $request.path")),
        ("ip_address_type", json!("ipv4")),
    ];
    draft.leaves("", &instance.unknown(KNOWN, &usual));
    let auto_deploy = stage(&api.id, &mut draft, context);
    draft.spec = json!({
        "name": api.name,
        "description": api.description.unwrap_or_default(),
        "auto_deploy": auto_deploy,
        "tags": api.tags.all(),
    });
    draft.declare_as_is(&["name", "description", "tags"]);
    draft.outputs = json!({
        "id": api.id,
        "endpoint": api.api_endpoint,
        "execution_arn": api.execution_arn,
    });
    Ok(draft)
}

/// Whether the stage `$default` deploys changes by itself, if there is one.
fn stage(api: &str, draft: &mut Draft, context: &Context<'_>) -> Option<bool> {
    let mut stages = context.parts::<Stage>("aws_apigatewayv2_stage").into_iter();
    let found = stages.find(|(_, stage)| stage.api_id == api && stage.name == "$default");
    let Some((part, stage)) = found else {
        draft.notes.push("it has no stage $default: an apply makes it".to_owned());
        return None;
    };
    draft.leaves("its stage", &part.unknown(KNOWN_OF_STAGE, &[]));
    draft.terraform.push(part.address.clone());
    let auto_deploy = stage.auto_deploy.unwrap_or_default();
    if !auto_deploy {
        draft.notes.push("an apply makes its stage deploy changes by itself".to_owned());
    }
    Some(auto_deploy)
}
