//! The statement in a function's resource policy by which one route of one API may invoke it.

use serde_json::{Value, json};

use super::execution_arn;
use crate::address::Address;
use crate::aws::{self, Aws};
use crate::error::{Context, Result};
use crate::resource::Job;

/// API Gateway's name for itself.
const PRINCIPAL: &str = "apigateway.amazonaws.com";

/// Our statement's id: letters, digits and `-_` only.
fn statement_id(address: &Address) -> String {
    format!("deployer-{}-{}", address.kind, address.name)
}

/// Which calls our statement lets through, as the part of the source ARN behind the API's id. A
/// statement that is not as we write them is told whole; `None` where there is none.
pub(super) async fn read(
    aws: &Aws,
    function: &str,
    api: &str,
    address: &Address,
) -> Result<Option<String>> {
    let found = aws::optional(aws.lambda.get_policy().function_name(function).send().await);
    let found = found.map_err(|error| aws::failed("GetPolicy", function, &error))?;
    let Some(policy) = found.and_then(|found| found.policy) else { return Ok(None) };
    let policy: Value = serde_json::from_str(&policy)
        .context(|| format!("could not read the resource policy of {function}"))?;
    let id = statement_id(address);
    let statements = policy["Statement"].as_array().into_iter().flatten();
    Ok(statements
        .filter(|statement| statement["Sid"] == id.as_str())
        .map(|statement| source_of(statement, function, &execution_arn(aws, api)))
        .next())
}

/// The source of a statement, short if the statement is otherwise as we write it.
fn source_of(statement: &Value, function: &str, api: &str) -> String {
    let source = statement["Condition"]["ArnLike"]["AWS:SourceArn"].as_str().unwrap_or_default();
    let ours = json!({
        "Sid": statement["Sid"],
        "Effect": "Allow",
        "Principal": {"Service": PRINCIPAL},
        "Action": "lambda:InvokeFunction",
        "Resource": function,
        "Condition": {"ArnLike": {"AWS:SourceArn": source}},
    });
    match source.strip_prefix(api).and_then(|rest| rest.strip_prefix('/')) {
        Some(short) if *statement == ours => short.to_owned(),
        _ => statement.to_string(),
    }
}

/// Sees to it that the statement is there and is right. AWS cannot change one, so a wrong one is
/// removed first.
pub(super) async fn ensure(
    aws: &Aws,
    job: &Job<'_>,
    function: &str,
    api: &str,
    source: Option<&str>,
) -> Result<()> {
    let source = source.unwrap_or_default();
    let make = async {
        match read(aws, function, api, job.address).await? {
            Some(live) if live == source => return Ok(()),
            Some(_) => delete(aws, function, job.address).await?,
            None => {}
        }
        let call = aws
            .lambda
            .add_permission()
            .function_name(function)
            .statement_id(statement_id(job.address));
        let call = call.action("lambda:InvokeFunction").principal(PRINCIPAL);
        let arn = format!("{}/{source}", execution_arn(aws, api));
        call.source_arn(arn)
            .send()
            .await
            .map_err(|error| aws::failed("AddPermission", function, &error))?;
        Ok(())
    };
    // AWS loses permissions of one function that are added at the same time.
    aws.in_turn(function, make).await
}

pub(super) async fn remove(aws: &Aws, function: &str, address: &Address) -> Result<()> {
    aws.in_turn(function, delete(aws, function, address)).await
}

async fn delete(aws: &Aws, function: &str, address: &Address) -> Result<()> {
    let call =
        aws.lambda.remove_permission().function_name(function).statement_id(statement_id(address));
    aws::optional(call.send().await)
        .map_err(|error| aws::failed("RemovePermission", function, &error))?;
    Ok(())
}
