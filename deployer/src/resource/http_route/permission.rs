//! The statement in a function's resource policy by which one route of one API may invoke it.

use std::cell::Cell;

use aws_sdk_lambda::operation::get_policy::GetPolicyOutput;
use serde_json::{Value, json};

use crate::address::Address;
use crate::aws::{self, Answer, Aws, KNOWN, Verdict};
use crate::error::{Context, Error, Result};
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
    let Some(policy) = policy(aws, function).await?.and_then(|found| found.policy) else {
        return Ok(None);
    };
    statement(&policy, function, &aws.place().await?.arn("execute-api", api), address)
}

async fn policy(aws: &Aws, function: &str) -> Result<Option<GetPolicyOutput>> {
    let found = aws.lambda.get_policy().function_name(function).send().await;
    aws::read("GetPolicy", function, found)
}

/// Our statement in a resource policy, as [`read`] tells it.
fn statement(policy: &str, function: &str, api: &str, address: &Address) -> Result<Option<String>> {
    let policy: Value = serde_json::from_str(policy)
        .context(|| format!("could not read the resource policy of {function}"))?;
    let id = statement_id(address);
    let statements = policy["Statement"].as_array().into_iter().flatten();
    Ok(statements
        .filter(|statement| statement["Sid"] == id.as_str())
        .map(|statement| source_of(statement, function, api))
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
/// removed first. Each call holds only for the policy that was looked at, which a new function has
/// none of; where that has changed meanwhile, or an answer was lost, we look again.
pub(super) async fn ensure(
    aws: &Aws,
    job: &Job<'_>,
    function: &str,
    api: &str,
    source: Option<&str>,
) -> Result<()> {
    let source = source.unwrap_or_default();
    let api = aws.place().await?.arn("execute-api", api);
    let call = aws
        .lambda
        .add_permission()
        .function_name(function)
        .statement_id(statement_id(job.address))
        .action("lambda:InvokeFunction")
        .principal(PRINCIPAL)
        .source_arn(format!("{api}/{source}"));
    let look = Cell::new(!job.fresh);
    let make = aws::poll(job.note, || async {
        let found = if look.replace(true) { policy(aws, function).await? } else { None };
        let (policy, revision) =
            found.map(|found| (found.policy, found.revision_id)).unwrap_or_default();
        let live = policy.map(|policy| statement(&policy, function, &api, job.address));
        match live.transpose()?.flatten() {
            Some(live) if live == source => Ok(Verdict::Done(())),
            Some(wrong) => {
                delete(aws, job, function, revision).await?;
                let gone = Error::new(format!("a wrong permission of {function} was removed"));
                Ok(Verdict::NotYet(KNOWN, gone.because(wrong)))
            }
            None => {
                let sent = call.clone().set_revision_id(revision).send().await;
                match aws::judge("AddPermission", function, sent)? {
                    Verdict::Done(Answer::Done(_)) => Ok(Verdict::Done(())),
                    Verdict::Done(Answer::Exists(error) | Answer::Gone(error)) => {
                        Ok(Verdict::NotYet(KNOWN, error))
                    }
                    Verdict::NotYet(wait, error) => Ok(Verdict::NotYet(wait, error)),
                }
            }
        }
    });
    // AWS loses permissions of one function that are added at the same time.
    aws.in_turn(function, make).await
}

pub(super) async fn remove(aws: &Aws, job: &Job<'_>, function: &str) -> Result<()> {
    aws.in_turn(function, delete(aws, job, function, None)).await
}

async fn delete(aws: &Aws, job: &Job<'_>, function: &str, revision: Option<String>) -> Result<()> {
    let call = aws.lambda.remove_permission().function_name(function);
    let call = call.statement_id(statement_id(job.address)).set_revision_id(revision);
    job.delete("RemovePermission", function, || call.clone().send()).await?;
    Ok(())
}
