//! `deployer plan`

use std::process::ExitCode;

use super::{Session, aim, basis, build, given};
use crate::cli::{Global, PlanArgs};
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::plan;
use crate::saved::SavedPlan;
use crate::ui::{self, Ui};

/// The exit status of `--detailed-exitcode` for "there are changes".
const CHANGES: u8 = 2;

pub(super) async fn run(global: &Global, args: &PlanArgs, ui: &Ui) -> Result<ExitCode> {
    let _interrupt = Interrupt::listen(ui::interrupted)?;
    let (stack, prepared) = aim(global, &given(global), args.destroy, &args.adopt)?;
    let mut session = Session::open(global, stack, ui).await?;
    let observed = session.observe(ui).await?;
    let (desired, _) = build(global, &session.stack, prepared, ui)?;
    let plan = plan::plan(&desired, &observed, &session.store.state)?;
    ui.plan(&plan, &session.place(), args.json);
    let idle = ui::is_empty(&plan);
    if let Some(path) = &args.out {
        let basis = basis(global, &session);
        let is_refused = !args.allow_widening && plan.widenings().next().is_some();
        let consent = if is_refused { " --allow-widening" } else { "" };
        let saved = SavedPlan::new(&session.stack, &desired, args.destroy, basis, plan);
        SavedPlan { allow_widening: args.allow_widening, ..saved }.write(path)?;
        // The environment is in the plan.
        let place = Global { env: None, ..global.clone() }.whereabouts();
        let path = path.display();
        ui.status(&format!(
            "saved: `deployer{place} apply {path}{consent}` carries out exactly this plan"
        ));
    }
    if args.detailed_exitcode && !idle {
        return Ok(ExitCode::from(CHANGES));
    }
    Ok(ExitCode::SUCCESS)
}
