//! The route itself, apart from what it leads to: found by its id or its key, and made once.

use std::cell::Cell;

use aws_sdk_apigatewayv2::types::{AuthorizationType, Route};

use super::{Identity, Outputs, Spec};
use crate::aws::{self, Aws, Verdict};
use crate::error::Result;
use crate::resource::Job;

/// Makes the route, which was looked for: its id, or `None` where there is one of its key by now. AWS
/// refuses a second one of the same key; where the answer to the first was lost, we look before we ask
/// again.
pub(super) async fn make(
    aws: &Aws,
    job: &Job<'_>,
    spec: &Spec,
    identity: &Identity,
    integration: &str,
) -> Result<Option<String>> {
    let target = format!("integrations/{integration}");
    let call = aws
        .apigateway
        .create_route()
        .api_id(&spec.api)
        .route_key(&spec.route)
        .authorization_type(AuthorizationType::from(spec.authorization.as_str()))
        .target(&target);
    let asked = Cell::new(false);
    let made = aws::poll(job.note, || async {
        if asked.replace(true)
            && let Some(route) = find(aws, identity, None).await?
        {
            let ours = route.target.as_deref() == Some(&target);
            return Ok(Verdict::Done(route.route_id.filter(|_| ours)));
        }
        let sent = call.clone().customize().config_override(aws::once()).send().await;
        Ok(match aws::judge_once("CreateRoute", &spec.route, sent)? {
            Verdict::Done(answer) => {
                Verdict::Done(answer.created()?.and_then(|made| made.route_id))
            }
            Verdict::NotYet(wait, error) => Verdict::NotYet(wait, error),
        })
    });
    aws.in_turn(&spec.api, made).await
}

/// The route by the id that an earlier run was told, or by its key.
pub(super) async fn find(
    aws: &Aws,
    identity: &Identity,
    prior: Option<Outputs>,
) -> Result<Option<Route>> {
    let api = &identity.api;
    if let Some(id) = prior.and_then(|prior| prior.route_id) {
        let found = aws.apigateway.get_route().api_id(api).route_id(&id).send().await;
        if let Some(route) = aws::read("GetRoute", &identity.route, found)? {
            let route = Route::builder()
                .set_route_id(route.route_id)
                .set_route_key(route.route_key)
                .set_target(route.target)
                .set_authorization_type(route.authorization_type)
                .build();
            return Ok(Some(route));
        }
    }
    let routes = list(aws, api).await?;
    Ok(routes.into_iter().find(|route| route.route_key.as_deref() == Some(&identity.route)))
}

/// All routes of an API; none where there is no such API.
pub(super) async fn list(aws: &Aws, api: &str) -> Result<Vec<Route>> {
    let mut routes = Vec::new();
    let mut page = None;
    loop {
        let call = aws.apigateway.get_routes().api_id(api).set_next_token(page).send().await;
        let Some(answer) = aws::read("GetRoutes", api, call)? else { return Ok(routes) };
        routes.extend(answer.items.unwrap_or_default());
        page = answer.next_token.filter(|token| !token.is_empty());
        if page.is_none() {
            return Ok(routes);
        }
    }
}
