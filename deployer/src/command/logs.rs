//! `deployer logs`

use std::process::ExitCode;
use std::time::Duration;

use super::audit::connect;
use super::{load, now};
use crate::audit::Event;
use crate::aws::Aws;
use crate::cli::{Global, LogsArgs};
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::logs::{self, Tail};
use crate::ui::{self, Ui};

/// How long until the next look. AWS allows five looks a second for the whole account.
const PAUSE: Duration = Duration::from_secs(2);

pub(super) async fn run(global: &Global, args: &LogsArgs, ui: &Ui) -> Result<ExitCode> {
    let interrupt = Interrupt::listen(ui::logs_interrupted)?;
    let stack = load(global)?;
    let group = logs::group(&stack, args.function.as_ref())?;
    let aws = connect(global, Some(&stack), ui).await?;
    let mut tail = Tail::new(args.since.milliseconds(now()));
    let mut any = false;
    loop {
        let news = tail.news(look(&aws, &group, tail.start()).await?);
        any |= !news.is_empty();
        // Whoever reads along gets whole lines, also when asked to end meanwhile.
        interrupt.changing();
        ui.logs(&news, args.json);
        if let Some(signal) = interrupt.rest() {
            return Ok(ExitCode::from(signal.status()));
        }
        if !args.follow || !ui.is_read() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    if !any {
        ui.status(&format!("nothing was logged to {group} since then"));
    }
    Ok(ExitCode::SUCCESS)
}

async fn look(aws: &Aws, group: &str, from: i64) -> Result<Vec<Event>> {
    let mut found = Vec::new();
    aws.log_events(group, None, (from, None), |event| found.push(event)).await?;
    Ok(found)
}
