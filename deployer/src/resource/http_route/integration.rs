//! The integration that leads a route to its function.

use std::cell::Cell;
use std::fmt::Display;

use aws_sdk_apigatewayv2::types::{self, IntegrationType};

use super::PAYLOAD_FORMAT;
use crate::address::Address;
use crate::aws::{self, Aws, Verdict};
use crate::error::{Error, Result};
use crate::resource::Job;

/// What is observed of an integration.
pub(super) struct Integration {
    pub(super) id: String,
    pub(super) function: Option<String>,
    pub(super) payload_format: Option<String>,
}

pub(super) async fn read(aws: &Aws, api: &str, id: Option<&str>) -> Result<Option<Integration>> {
    let Some(id) = id else { return Ok(None) };
    let found = aws.apigateway.get_integration().api_id(api).integration_id(id).send().await;
    let found = aws::read("GetIntegration", id, found)?;
    Ok(found.map(|found| Integration {
        id: id.to_owned(),
        function: found.integration_uri.as_deref().map(function_of),
        payload_format: found.payload_format_version,
    }))
}

/// AWS takes and gives a function's ARN also wrapped into that of its invocation.
pub(crate) fn function_of(uri: &str) -> String {
    let inner =
        uri.split_once("/functions/").and_then(|(_, rest)| rest.strip_suffix("/invocations"));
    inner.unwrap_or(uri).to_owned()
}

/// How the mark of our integrations ends.
const MARK: &str = " (made by deployer)";

/// The mark by which an integration is known again that no route leads to.
fn mark(address: impl Display) -> String {
    format!("{address}{MARK}")
}

/// The integration that is ours, whether or not the route leads to it: an interrupted run may not have
/// come so far, and others may have led the route elsewhere.
pub(super) async fn find(aws: &Aws, api: &str, address: impl Display) -> Result<Option<String>> {
    let mark = mark(address);
    let ours = |found: &types::Integration| found.description.as_deref() == Some(&mark);
    Ok(list(aws, api).await?.into_iter().find(ours).and_then(|found| found.integration_id))
}

/// The integrations that carry a mark of ours, and whose they are.
pub(super) async fn marked(aws: &Aws, api: &str) -> Result<Vec<(Address, Integration)>> {
    let whose = |found: &types::Integration| {
        found.description.as_deref()?.strip_suffix(MARK)?.parse::<Address>().ok()
    };
    let all = list(aws, api).await?.into_iter();
    Ok(all
        .filter_map(|found| {
            let integration = Integration {
                id: found.integration_id.clone()?,
                function: found.integration_uri.as_deref().map(function_of),
                payload_format: found.payload_format_version.clone(),
            };
            Some((whose(&found)?, integration))
        })
        .collect())
}

/// All integrations of an API; none where there is no such API.
async fn list(aws: &Aws, api: &str) -> Result<Vec<types::Integration>> {
    let mut integrations = Vec::new();
    let mut page = None;
    loop {
        let call = aws.apigateway.get_integrations().api_id(api).set_next_token(page).send().await;
        let Some(answer) = aws::read("GetIntegrations", api, call)? else {
            return Ok(integrations);
        };
        integrations.extend(answer.items.unwrap_or_default());
        page = answer.next_token.filter(|token| !token.is_empty());
        if page.is_none() {
            return Ok(integrations);
        }
    }
}

/// Brings our integration to the function, or the one that is known where ours has lost its mark, or
/// makes it; its id. AWS makes another one each time it is asked to, so we look before we ask, but for
/// the first time in an API that is new.
pub(super) async fn ensure(
    aws: &Aws,
    job: &Job<'_>,
    api: &str,
    known: Option<&str>,
    function: &str,
) -> Result<String> {
    let mark = mark(job.address);
    let call = aws.apigateway.create_integration().api_id(api).description(&mark);
    let call = call.integration_type(IntegrationType::AwsProxy).integration_uri(function);
    let call = call.payload_format_version(PAYLOAD_FORMAT);
    let look = Cell::new(!job.fresh);
    let made = aws::poll(job.note, || async {
        let ours = if look.replace(true) { find(aws, api, job.address).await? } else { None };
        if let Some(id) = ours.or_else(|| known.map(str::to_owned)) {
            return Ok(Verdict::Done((id, false)));
        }
        let sent = call.clone().customize().config_override(aws::once()).send().await;
        Ok(match aws::judge_once("CreateIntegration", api, sent)? {
            Verdict::NotYet(wait, error) => Verdict::NotYet(wait, error),
            Verdict::Done(answer) => {
                let told_nothing = || Error::new(format!("CreateIntegration told no id for {api}"));
                let id = answer.written()?.integration_id.ok_or_else(told_nothing)?;
                Verdict::Done((id, true))
            }
        })
    });
    aws.in_turn(api, async {
        let (id, is_new) = made.await?;
        if !is_new {
            // AWS wants the type with every update, though it cannot change.
            let call = aws.apigateway.update_integration().api_id(api).integration_id(&id);
            let call = call.integration_type(IntegrationType::AwsProxy).integration_uri(function);
            let call = call.payload_format_version(PAYLOAD_FORMAT).description(&mark);
            job.write("UpdateIntegration", &id, || call.clone().send()).await?;
        }
        Ok(id)
    })
    .await
}

pub(super) async fn delete(aws: &Aws, job: &Job<'_>, api: &str, id: &str) -> Result<()> {
    let call = aws.apigateway.delete_integration().api_id(api).integration_id(id);
    aws.in_turn(api, job.delete("DeleteIntegration", id, || call.clone().send())).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_function_uri_are_one() {
        let arn = "arn:aws:lambda:eu-west-1:111111111111:function:signer";
        let wrapped = format!(
            "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn}/invocations"
        );
        assert_eq!(function_of(arn), arn);
        assert_eq!(function_of(&wrapped), arn);
    }
}
