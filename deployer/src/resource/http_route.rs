//! A route of an HTTP API that invokes a Lambda function, with all that it takes: the route itself,
//! its integration, and the permission by which the API may invoke the function.
//!
//! A route is identified by its key within its API. Three objects make it up, so a create finds and
//! finishes what an interrupted one has left.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

mod integration;
mod permission;
mod route;
mod verify;

use aws_sdk_apigatewayv2::types::{AuthorizationType, Route};
use futures_util::future::try_join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::integration::function_of;

use super::operations::{self as op, Operation, Reach};
use super::{Adoption, Check, Fault, Gathered, Job, Live, Place, Reading, ResourceType, Sources};
use super::{http_api, tags};
use crate::address::Address;
use crate::aws::Aws;
use crate::call::Caller;
use crate::error::{Error, Result};
use crate::reference;

/// What an `AWS_PROXY` integration speaks: the event format that the signer reads.
const PAYLOAD_FORMAT: &str = "2.0";

/// The one stage that our APIs have.
const STAGE: &str = "$default";

/// Methods that a route can be for.
const METHODS: [&str; 8] = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/// The resource type `http_route`.
pub struct HttpRoute;

/// A route, as users declare it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// The id of the API that it belongs to, as a reference such as `${http_api.issuer.id}`.
    #[schemars(regex(pattern = reference::PATTERN))]
    pub api: String,
    /// Method and path, such as `POST /issue-cert`.
    #[schemars(regex(pattern = routes()))]
    pub route: String,
    /// Who may call it: always `AWS_IAM`, callers whom IAM allows `execute-api:Invoke`.
    #[serde(default = "aws_iam")]
    #[schemars(extend("const" = aws_iam()))]
    pub authorization: String,
    /// The ARN of the function that answers.
    pub function: String,
}

/// A route, as it is to be and as it is observed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spec {
    api: String,
    route: String,
    authorization: String,
    /// None where the route leads nowhere.
    function: Option<String>,
    /// The version of the event that the function gets.
    payload_format: Option<String>,
    /// Which calls may invoke the function, as the part of the source ARN behind the API's id. None
    /// where the permission is missing.
    invoke_from: Option<String>,
}

/// What a route is found by.
#[derive(Debug, Serialize, Deserialize)]
pub struct Identity {
    api: String,
    route: String,
    function: String,
}

/// What AWS assigns.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outputs {
    /// What policies for callers name: `arn:…:execute-api:REGION:ACCOUNT:API/$default/POST/issue-cert`.
    pub arn: String,
    /// The route's id within its API; none until it is made.
    pub route_id: Option<String>,
    /// The integration's id within its API.
    pub integration_id: Option<String>,
    /// The function whose resource policy holds our permission, also when the route leads elsewhere.
    #[serde(default)]
    pub permitted: Option<String>,
}

/// What routes look like, as a regular expression.
fn routes() -> String {
    format!(r"^({}) /[\x21-\x7e]{{0,511}}$", METHODS.join("|"))
}

fn aws_iam() -> String {
    AuthorizationType::AwsIam.as_str().to_owned()
}

impl ResourceType for HttpRoute {
    const KIND: &'static str = "http_route";
    const ABOUT: &'static str =
        "a route of an HTTP API, with its integration and its invoke permission";
    const EXAMPLE: &'static str = "\
api: ${http_api.issuer.id}
route: POST /issue-cert
authorization: AWS_IAM
function: ${lambda_function.signer.arn}
";
    const OUTPUTS: &'static [&'static str] = &["arn"];
    const REPLACE_ON: &'static [&'static str] = &["api"];
    /// The permission is the function's, route and integration are the API's. As long as the API is
    /// there, the route is found, and with it what is left of it.
    const LIVES_IN: &'static [&'static str] = &["lambda_function", "http_api"];
    const OPERATIONS: &'static [Operation] = &[
        op::reads("GetIntegration", &["apigateway:GET"]),
        op::reads("GetApi", &["apigateway:GET"]),
        op::reads("GetApis", &["apigateway:GET"]),
        op::reads("GetIntegrations", &["apigateway:GET"]),
        op::reads("GetPolicy", &["lambda:GetPolicy"]),
        op::reads("GetRoute", &["apigateway:GET"]),
        op::reads("GetRoutes", &["apigateway:GET"]),
        op::makes("CreateRoute", &["apigateway:POST"]),
        op::changes("AddPermission", &["lambda:AddPermission"]).in_making(&["invoke_from"]),
        op::changes("CreateIntegration", &["apigateway:POST"]),
        op::changes("UpdateIntegration", &["apigateway:PATCH"]),
        op::changes("UpdateRoute", &["apigateway:PATCH"]).in_changing(&["authorization", "route"]),
        op::removes_parts("RemovePermission", &["lambda:RemovePermission"]),
        op::removes("DeleteIntegration", &["apigateway:DELETE"]),
        op::removes("DeleteRoute", &["apigateway:DELETE"]),
    ];
    const REACH: &'static [Reach] = &[
        (
            "apigateway:GET",
            &[
                "arn:{partition}:apigateway:{region}::/apis",
                "arn:{partition}:apigateway:{region}::/apis/{api}",
                "arn:{partition}:apigateway:{region}::/apis/{api}/*",
            ],
        ),
        ("apigateway:", &["arn:{partition}:apigateway:{region}::/apis/{api}/*"]),
        ("execute-api:", &["{arn}"]),
        ("lambda:", &["{function}"]),
    ];

    const ADOPTION: Adoption =
        Adoption::Never("a route is its API's: there is nothing to adopt but the API");

    type Declared = Declared;
    type Identity = Identity;
    type Spec = Spec;
    type Outputs = Outputs;

    fn validate(declared: &Declared) -> Vec<Fault> {
        let mut faults = Vec::new();
        let fits = declared.route.split_once(' ').is_some_and(|(method, path)| {
            METHODS.contains(&method)
                && path.starts_with('/')
                && path.len() <= 512
                && path.chars().all(|c| c.is_ascii_graphic())
        });
        if !fits {
            let methods = METHODS.join(", ");
            faults.push(Fault::new(
                ["route"],
                format!("must be a method ({methods}), a space and a path"),
            ));
        }
        if !reference::is_unknown(&declared.api.as_str().into()) {
            let message = "must refer to an API of this stack, such as `${http_api.issuer.id}`";
            faults.push(Fault::new(["api"], message));
        }
        if declared.authorization != aws_iam() {
            faults.push(Fault::new(
                ["authorization"],
                "must be AWS_IAM: the function trusts no other caller",
            ));
        }
        faults
    }

    fn foretell(place: &Place, identity: Identity) -> Outputs {
        outputs(place, &identity.api, &identity.route)
    }

    fn gather(declared: Declared, _sources: &Sources<'_>) -> Result<Gathered<Spec>> {
        let invoke_from = Some(source(&declared.route));
        let spec = Spec {
            api: declared.api,
            route: declared.route,
            authorization: declared.authorization,
            function: Some(declared.function),
            payload_format: Some(PAYLOAD_FORMAT.to_owned()),
            invoke_from,
        };
        Ok(Gathered { spec, payload: None })
    }

    fn alarm(live: &Spec) -> Option<String> {
        let Spec { api, route, authorization, .. } = live;
        if *authorization == aws_iam() {
            return None;
        }
        Some(if authorization == AuthorizationType::None.as_str() {
            format!("PUBLIC: anybody can call {route} of the API {api}")
        } else {
            format!("{route} of the API {api} is open to callers that IAM does not know")
        })
    }

    async fn read(
        aws: &Aws,
        identity: Identity,
        prior: Option<Outputs>,
        address: &Address,
    ) -> Result<Reading<Live<Spec, Outputs>>> {
        // What an earlier run was told is asked for at once; mostly it is still so.
        let known = prior.as_ref().and_then(|prior| prior.integration_id.clone());
        let (route, integration, invoke_from) = tokio::try_join!(
            route::find(aws, &identity, prior),
            integration::read(aws, &identity.api, known.as_deref()),
            permission::read(aws, &identity.function, &identity.api, address),
        )?;
        let Some(route) = route else { return Ok(Reading::Absent) };
        let target =
            route.target.as_deref().and_then(|target| target.strip_prefix("integrations/"));
        let integration = if target == known.as_deref() {
            integration
        } else {
            integration::read(aws, &identity.api, target).await?
        };
        let permitted = invoke_from.is_some().then(|| identity.function.clone());
        let authorization = route.authorization_type.unwrap_or(AuthorizationType::None);
        let spec = Spec {
            api: identity.api.clone(),
            route: route.route_key.unwrap_or_default(),
            authorization: authorization.as_str().to_owned(),
            function: integration.as_ref().and_then(|found| found.function.clone()),
            payload_format: integration.as_ref().and_then(|found| found.payload_format.clone()),
            invoke_from,
        };
        let outputs = Outputs {
            route_id: route.route_id,
            integration_id: integration.map(|integration| integration.id),
            permitted,
            ..outputs(&aws.place().await?, &identity.api, &identity.route)
        };
        Ok(Reading::Present(Live::new(spec, outputs)))
    }

    /// Routes carry no tags, but live in APIs that do, and lead to integrations that carry a mark.
    async fn discover(aws: &Aws, stack: &str) -> Result<Vec<(Address, Identity)>> {
        let apis =
            http_api::list(aws, |tags| tags::address_in(tags, stack, http_api::HttpApi::KIND));
        let ids = apis.await?.into_iter().filter_map(|(_, api)| api.api_id);
        let found = try_join_all(ids.map(|api| async move {
            let (routes, marked) =
                tokio::try_join!(route::list(aws, &api), integration::marked(aws, &api))?;
            let led_by = |target: &str| {
                let led = |route: &&Route| route.target.as_deref() == Some(target);
                routes.iter().find(led).and_then(|route| route.route_key.clone())
            };
            Ok::<_, Error>(
                marked
                    .into_iter()
                    .filter(|(address, _)| address.kind == Self::KIND)
                    .filter_map(|(address, integration)| {
                        let route = led_by(&format!("integrations/{}", integration.id))?;
                        let function = integration.function.unwrap_or_default();
                        Some((address, Identity { api: api.clone(), route, function }))
                    })
                    .collect::<Vec<_>>(),
            )
        }));
        Ok(found.await?.into_iter().flatten().collect())
    }

    async fn create(aws: &Aws, job: &Job<'_>, spec: Spec) -> Result<Option<Outputs>> {
        let function = function(&spec)?;
        let identity = Identity {
            api: spec.api.clone(),
            route: spec.route.clone(),
            function: function.to_owned(),
        };
        if !job.fresh && route::find(aws, &identity, None).await?.is_some() {
            return Ok(None);
        }
        // Noted before it is so: whatever becomes of the rest, what was permitted is found again.
        let permitted = Some(function.to_owned());
        let place = aws.place().await?;
        let mut outputs = Outputs { permitted, ..outputs(&place, &spec.api, &spec.route) };
        job.record(&outputs)?;
        let source = spec.invoke_from.as_deref();
        let permit = permission::ensure(aws, job, function, &spec.api, source);
        let lead = async {
            let integration = integration::ensure(aws, job, &spec.api, None, function).await?;
            outputs.integration_id = Some(integration.clone());
            job.record(&outputs)?;
            outputs.route_id = route::make(aws, job, &spec, &identity, &integration).await?;
            Ok::<_, Error>(outputs)
        };
        // Neither is cut off where the other fails: an answer that nobody hears is lost.
        match tokio::join!(lead, permit) {
            (Ok(outputs), Ok(())) => Ok(Some(outputs).filter(|outputs| outputs.route_id.is_some())),
            (Err(error), Ok(())) | (Ok(_), Err(error)) => Err(error),
            (Err(one), Err(other)) => Err(one.and(other)),
        }
    }

    async fn update(
        aws: &Aws,
        job: &Job<'_>,
        live: Live<Spec, Outputs>,
        spec: Spec,
    ) -> Result<Outputs> {
        let (old, mut known) = (&live.spec, live.outputs.clone());
        let function = function(&spec)?;
        let same = (&old.function, &old.payload_format) == (&spec.function, &spec.payload_format);
        // The permission lives on the function and goes when that is made anew, so it is looked at
        // again whenever the function may have been; and first, so that a run that is interrupted
        // here leaves a difference behind to find.
        if !same || old.invoke_from != spec.invoke_from {
            permission::ensure(aws, job, function, &spec.api, spec.invoke_from.as_deref()).await?;
            known.permitted = Some(function.to_owned());
        }
        if !same || known.integration_id.is_none() {
            // Somebody may have led the route to an integration of theirs, which is not ours to change.
            let led = known.integration_id.as_deref();
            let ours = integration::ensure(aws, job, &spec.api, led, function).await?;
            known.integration_id = Some(ours);
            job.record(&known)?;
        }
        let rerouted = live.outputs.integration_id != known.integration_id;
        if rerouted || (&old.route, &old.authorization) != (&spec.route, &spec.authorization) {
            let call = aws.apigateway.update_route().api_id(&spec.api).route_key(&spec.route);
            let call = call
                .route_id(known.route_id.as_deref().unwrap_or_default())
                .authorization_type(AuthorizationType::from(spec.authorization.as_str()))
                .set_target(known.integration_id.as_ref().map(|id| format!("integrations/{id}")));
            let write = job.write("UpdateRoute", &spec.route, || call.clone().send());
            aws.in_turn(&spec.api, write).await?;
        }
        if let Some(former) = live.outputs.permitted.filter(|former| former != function) {
            permission::remove(aws, job, &former).await?;
        }
        Ok(Outputs { arn: outputs(&aws.place().await?, &spec.api, &spec.route).arn, ..known })
    }

    /// The route first: an integration that a route uses cannot be deleted.
    async fn delete(aws: &Aws, job: &Job<'_>, live: Live<Spec, Outputs>) -> Result<Option<String>> {
        let (spec, outputs) = (&live.spec, &live.outputs);
        if let Some(id) = &outputs.route_id {
            let call = aws.apigateway.delete_route().api_id(&spec.api).route_id(id);
            let delete = job.delete("DeleteRoute", &spec.route, || call.clone().send());
            aws.in_turn(&spec.api, delete).await?;
        }
        let ours = integration::find(aws, &spec.api, job.address).await?;
        if let Some(id) = ours.as_ref().or(outputs.integration_id.as_ref()) {
            integration::delete(aws, job, &spec.api, id).await?;
        }
        if let Some(function) = &outputs.permitted {
            permission::remove(aws, job, function).await?;
        }
        Ok(None)
    }

    async fn verify(
        aws: &Aws,
        job: &Job<'_>,
        caller: &Caller,
        live: Live<Spec, Outputs>,
    ) -> Result<Vec<Check>> {
        let identity = Identity {
            api: live.spec.api.clone(),
            route: live.spec.route.clone(),
            function: function(&live.spec)?.to_owned(),
        };
        // The SDK's futures are large, and this one holds six of them.
        let now =
            Box::pin(Self::read(aws, identity, Some(live.outputs.clone()), job.address)).await?;
        let mut checks = vec![verify::is_as_declared(&live.spec, &now)];
        checks.extend(verify::verify(aws, job, caller, &live).await?);
        Ok(checks)
    }
}

fn function(spec: &Spec) -> Result<&str> {
    spec.function
        .as_deref()
        .ok_or_else(|| Error::new(format!("the route {} has no function", spec.route)))
}

/// What AWS will assign; the ids are not known before.
fn outputs(place: &Place, api: &str, route: &str) -> Outputs {
    let arn = place.arn("execute-api", &format!("{api}/{}", source(route)));
    Outputs { arn, route_id: None, integration_id: None, permitted: None }
}

/// The narrowest source ARN of a route's calls, behind the API's id: stage, method and path, with
/// `*` for what a path leaves open.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html>
pub(crate) fn source(route: &str) -> String {
    let (method, path) = route.split_once(' ').unwrap_or((route, "/"));
    let method = if method == "ANY" { "*" } else { method };
    let segments: Vec<_> = path
        .split('/')
        .map(|segment| if segment.starts_with('{') { "*" } else { segment })
        .collect();
    format!("{STAGE}/{method}{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_as_narrow_as_the_route() {
        assert_eq!(source("POST /issue-cert"), "$default/POST/issue-cert");
        assert_eq!(source("ANY /a/{id}/b"), "$default/*/a/*/b");
        assert_eq!(source("GET /{proxy+}"), "$default/GET/*");
        assert_eq!(source("GET /"), "$default/GET/");
    }
}
