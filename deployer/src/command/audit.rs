//! `deployer audit`

use std::process::ExitCode;

use signer::audit::Decision;

use super::{Who, now, start_local, target};
use crate::audit::{Gathering, Question};
use crate::aws::{Aws, Calls};
use crate::cli::{AuditArgs, Global};
use crate::error::{Error, Result};
use crate::stack::Stack;
use crate::ui::{self, Ui};

pub(super) async fn run(global: &Global, args: AuditArgs, ui: &Ui) -> Result<ExitCode> {
    let now = now();
    let since = args.since.milliseconds(now);
    let until = args.until.map_or(i64::MAX, |until| until.milliseconds(now));
    if since > until {
        return Err(Error::new("could not read the audit log")
            .because("--since is later than --until, so there is nothing in between"));
    }
    // Who names the log group needs no stack file.
    let stack = if args.log_group.is_none() || global.stack.exists() {
        Some(Stack::load(&global.stack)?)
    } else {
        None
    };
    let group = match (args.log_group, &stack) {
        (Some(group), _) => group,
        (None, Some(stack)) => log_group(stack)?,
        (None, None) => return Err(Error::new("could not tell which log group to read")),
    };
    let decision = match (args.issued, args.refused) {
        (true, _) => Some(Decision::Issued),
        (_, true) => Some(Decision::Refused),
        _ => None,
    };
    let question = Question {
        decision,
        caller: args.caller,
        name: args.name,
        code: args.code,
        serial: args.serial,
        limit: args.limit,
    };
    let aws = connect(global, stack.as_ref(), ui).await?;
    let mut gathering = Gathering::new(&question);
    aws.log_events(&group, &question.filter(), since..=until, |event| gathering.take(event))
        .await
        .map_err(|error| {
            error.hint(format!("reading takes logs:FilterLogEvents on the log group {group}"))
        })?;
    if global.verbose {
        ui.detail(&format!("{} events of {group} are no audit lines", gathering.skipped));
    }
    ui.audit(&gathering.finish(), args.format);
    Ok(ExitCode::SUCCESS)
}

/// The log group of the signer: the only one that the stack declares.
fn log_group(stack: &Stack) -> Result<String> {
    let declared = stack.resources.iter().filter(|(address, _)| address.kind == "log_group");
    let names: Vec<&str> =
        declared.filter_map(|(_, declaration)| declaration.declared["name"].as_str()).collect();
    if let [name] = names.as_slice() {
        return Ok((*name).to_owned());
    }
    let file = &stack.source.file;
    let because = if names.is_empty() {
        format!("{file} declares none")
    } else {
        format!("{file} declares {}", names.join(", "))
    };
    Err(Error::new("could not tell which log group to read")
        .because(because)
        .hint("name it: --log-group NAME"))
}

/// Connects as somebody who may read logs. Asking who that is takes no permission.
async fn connect(global: &Global, stack: Option<&Stack>, ui: &Ui) -> Result<Aws> {
    let local = start_local(global, ui).await?;
    let who = local.as_ref().map(|instance| (instance, Who::Auditor));
    let target = target(stack.and_then(|stack| stack.region.clone()), who);
    let calls = if global.verbose { Calls::observed_by(ui::call) } else { Calls::default() };
    let aws = Aws::connect(&target, calls).await?;
    if let (None, Some(stack)) = (&local, stack) {
        stack.check_account(&aws.account)?;
    }
    Ok(aws)
}
