//! `aws_apigatewayv2_route` with its `aws_apigatewayv2_integration`. The permission to invoke the
//! function, an `aws_lambda_permission`, is one statement among others: the route gets its own, as
//! narrow as it is, and Terraform's is left to Terraform.

use serde::Deserialize;
use serde_json::json;

use super::draft::{Context, Draft};
use super::terraform::Instance;
use crate::resource::http_route::{function_of, source};

const KNOWN: &[&str] = &["api_id", "authorization_type", "id", "route_key", "target"];

const KNOWN_OF_INTEGRATION: &[&str] =
    &["api_id", "id", "integration_type", "integration_uri", "payload_format_version"];

/// What the signer reads.
const PAYLOAD_FORMAT: &str = "2.0";

#[derive(Deserialize)]
struct Attributes {
    id: String,
    api_id: String,
    route_key: String,
    authorization_type: Option<String>,
    target: Option<String>,
}

#[derive(Deserialize)]
struct Integration {
    id: String,
    api_id: String,
    #[serde(rename = "integration_type")]
    kind: String,
    #[serde(rename = "integration_uri")]
    uri: Option<String>,
    payload_format_version: Option<String>,
}

#[derive(Deserialize)]
struct Api {
    id: String,
    execution_arn: String,
}

#[derive(Deserialize)]
struct Permission {
    function_name: String,
    statement_id: String,
    source_arn: Option<String>,
}

pub(super) fn draft(instance: &Instance<'_>, context: &Context<'_>) -> Result<Draft, String> {
    let route: Attributes = instance.read()?;
    let mut draft = Draft::new(instance);
    draft.leaves("", &instance.unknown(KNOWN, &[]));
    let authorization = authorization(&route, &mut draft)?;
    let api = context.parts::<Api>("aws_apigatewayv2_api").into_iter();
    let api = api.map(|(_, api)| api).find(|api| api.id == route.api_id);
    let api = api.ok_or("its API is not in this state")?;
    let integration = integration(&route, &mut draft, context)?;
    let function = function_of(integration.uri.as_deref().unwrap_or_default());
    if integration.payload_format_version.as_deref() != Some(PAYLOAD_FORMAT) {
        let note = format!("an apply has its function called with payload format {PAYLOAD_FORMAT}");
        draft.notes.push(note);
    }
    draft.declare("api", route.api_id.clone());
    draft.declare("route", route.route_key.clone());
    draft.declare("authorization", "AWS_IAM");
    draft.declare("function", function.clone());
    draft.spec = json!({
        "api": route.api_id,
        "route": route.route_key,
        "authorization": authorization,
        "function": function,
        "payload_format": integration.payload_format_version,
        "invoke_from": null,
    });
    draft.outputs = json!({
        "arn": format!("{}/{}", api.execution_arn, source(&route.route_key)),
        "route_id": route.id,
        "integration_id": integration.id,
    });
    Ok(draft)
}

/// Who may call the route.
fn authorization(route: &Attributes, draft: &mut Draft) -> Result<String, String> {
    let authorization = route.authorization_type.clone().unwrap_or_else(|| "NONE".to_owned());
    match authorization.as_str() {
        "AWS_IAM" => {}
        "NONE" => draft.notes.push(
            "PUBLIC: anybody can call it; an apply lets in only callers that IAM allows".to_owned(),
        ),
        other => {
            return Err(format!(
                "its callers are known by {other}, and only AWS_IAM can be declared"
            ));
        }
    }
    Ok(authorization)
}

/// What the route leads to. A route has an integration of its own here.
fn integration(
    route: &Attributes,
    draft: &mut Draft,
    context: &Context<'_>,
) -> Result<Integration, String> {
    let target = route.target.as_deref().and_then(|target| target.strip_prefix("integrations/"));
    let target = target.ok_or("it leads to no integration")?;
    let all = context.parts::<Integration>("aws_apigatewayv2_integration").into_iter();
    let mut all = all.filter(|(_, found)| found.api_id == route.api_id);
    let found = all.find(|(_, found)| found.id == target);
    let (part, found) = found.ok_or("its integration is not in this state")?;
    if found.kind != "AWS_PROXY" || !is_function(&found) {
        return Err("it does not lead to a Lambda function".to_owned());
    }
    if (context.taken)(&part.address) {
        return Err("it shares its integration with another route, which was adopted".to_owned());
    }
    let usual = [
        ("connection_type", json!("INTERNET")),
        ("integration_method", json!("POST")),
        ("passthrough_behavior", json!("WHEN_NO_MATCH")),
        ("timeout_milliseconds", json!(30_000)),
    ];
    draft.leaves("its integration", &part.unknown(KNOWN_OF_INTEGRATION, &usual));
    draft.terraform.push(part.address.clone());
    Ok(found)
}

fn is_function(integration: &Integration) -> bool {
    let uri = integration.uri.as_deref().unwrap_or_default();
    function_of(uri).contains(":function:")
}

/// Why a permission is left, and how to be rid of one that is for an API that was adopted.
pub(super) fn permission(instance: &Instance<'_>, is_api: impl Fn(&str) -> bool) -> String {
    match instance.read::<Permission>() {
        Ok(Permission { function_name, statement_id, source_arn: Some(source) })
            if is_api(source.split('/').next().unwrap_or_default()) =>
        {
            format!(
                "routes get permissions of their own; once applied, remove this one with `aws lambda \
                 remove-permission --function-name {function_name} --statement-id {statement_id}`"
            )
        }
        Ok(_) => {
            "it is for no route that was adopted; it stays, and goes with its function".to_owned()
        }
        Err(reason) => reason,
    }
}
