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
    let stages = context.parts::<Stage>("aws_apigatewayv2_stage").into_iter();
    let stage = stages
        .filter(|(_, stage)| stage.api_id == api.id)
        .find(|(_, stage)| stage.name == "$default");
    match &stage {
        Some((part, stage)) => {
            draft.leaves("its stage", &part.unknown(KNOWN_OF_STAGE, &[]));
            draft.terraform.push(part.address.clone());
            if stage.auto_deploy != Some(true) {
                draft.notes.push("an apply makes its stage deploy changes by itself".to_owned());
            }
        }
        None => draft.notes.push("it has no stage $default: an apply makes it".to_owned()),
    }
    let auto_deploy = stage.map(|(_, stage)| stage.auto_deploy.unwrap_or_default());
    let description = api.description.unwrap_or_default();
    let tags = api.tags.all();
    draft.declare("name", api.name.clone());
    draft.declare_if_any("description", description.clone());
    draft.declare_if_any("tags", tags.clone());
    draft.spec = json!({
        "name": api.name,
        "description": description,
        "auto_deploy": auto_deploy,
        "tags": tags,
    });
    draft.outputs = json!({
        "id": api.id,
        "endpoint": api.api_endpoint,
        "execution_arn": api.execution_arn,
    });
    Ok(draft)
}
