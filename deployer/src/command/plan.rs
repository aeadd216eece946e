//! `deployer plan`

use std::process::ExitCode;

use super::{Session, gather};
use crate::cli::{Global, PlanArgs};
use crate::error::Result;
use crate::plan;
use crate::refresh::refresh;
use crate::stack::Stack;
use crate::ui::{self, Ui};

/// The exit status of `--detailed-exitcode` for "there are changes".
const CHANGES: u8 = 2;

pub(super) async fn run(global: &Global, args: &PlanArgs, ui: &Ui) -> Result<ExitCode> {
    let stack = Stack::load(&global.stack)?;
    let (desired, _) = gather(global, &stack, &args.adopt, ui)?;
    let session = Session::open(global, stack, ui).await?;
    let observed = refresh(&session.aws, &session.stack, &session.store.state).await?;
    let plan = plan::plan(&desired, &observed, &session.store.state)?;
    ui.plan(&plan, &session.place, args.json);
    if args.detailed_exitcode && !ui::is_empty(&plan) {
        return Ok(ExitCode::from(CHANGES));
    }
    Ok(ExitCode::SUCCESS)
}
