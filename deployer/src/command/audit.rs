//! `deployer audit`

use std::process::ExitCode;

use signer::audit::Decision;

use super::{Who, clients, load, now};
use crate::audit::{Gathering, Question};
use crate::aws::Aws;
use crate::cli::{AuditArgs, Global};
use crate::error::{Error, Result};
use crate::stack::{Declaration, Stack};
use crate::ui::Ui;

pub(super) async fn run(global: &Global, args: AuditArgs, ui: &Ui) -> Result<ExitCode> {
    let (now, format) = (now(), args.format);
    let since = args.since.milliseconds(now);
    let until = args.until.map(|until| until.milliseconds(now));
    if until.is_some_and(|until| until < since) {
        return Err(Error::new("could not read the audit log")
            .because("--since is later than --until, so there is nothing in between")
            .hint("without --since, only the last 24 hours are looked at"));
    }
    let (group, stack) = place(global, args.log_group.clone())?;
    let question = question(args);
    let aws = connect(global, stack.as_ref(), ui).await?;
    let mut gathering = Gathering::new(&question);
    let filter = question.filter();
    aws.log_events(&group, Some(&filter), (since, until), |event| gathering.take(event)).await?;
    if global.verbose {
        ui.detail(&format!("{} events that AWS let through are no audit lines", gathering.skipped));
    }
    ui.audit(&gathering.finish(), format);
    Ok(ExitCode::SUCCESS)
}

fn question(args: AuditArgs) -> Question {
    let decision = match (args.issued, args.refused) {
        (true, _) => Some(Decision::Issued),
        (_, true) => Some(Decision::Refused),
        _ => None,
    };
    let AuditArgs { caller, name, code, serial, limit, .. } = args;
    Question { decision, caller, name, code, serial, limit }
}

/// The log group, and the stack file if there is one: who names the log group needs none.
fn place(global: &Global, named: Option<String>) -> Result<(String, Option<Stack>)> {
    if let Some(group) = named {
        let stack = if global.stack.exists() { Some(load(global)?) } else { None };
        return Ok((group, stack));
    }
    let stack = load(global)?;
    Ok((log_group(&stack)?, Some(stack)))
}

/// The log group of the signer: the only one that the stack declares.
fn log_group(stack: &Stack) -> Result<String> {
    let name = |log_group: &Declaration| {
        log_group.declared["name"].as_str().unwrap_or_default().to_owned()
    };
    let found = stack.only("log_group", |_, log_group| name(log_group));
    found.map(|(_, log_group)| name(log_group)).map_err(|because| {
        Error::new("could not tell which log group to read")
            .because(because)
            .hint("name it: --log-group NAME")
    })
}

/// Connects as somebody who may read logs. Asking who that is takes no permission.
pub(super) async fn connect(global: &Global, stack: Option<&Stack>, ui: &Ui) -> Result<Aws> {
    let region = stack.and_then(|stack| stack.region.clone());
    let aws = clients(global, region, Who::Auditor, ui).await?;
    let account = &aws.identity().await?.account;
    if let (false, Some(stack)) = (global.local, stack) {
        stack.check_account(account)?;
    }
    Ok(aws)
}
