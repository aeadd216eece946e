//! `deployer local`

use std::process::ExitCode;

use crate::cli::LocalCommand;
use crate::error::Result;
use crate::local::{self, Dirs, Instance};
use crate::permissions;
use crate::step::Step;
use crate::ui::Ui;

pub(super) async fn run(command: LocalCommand, ui: &Ui) -> Result<ExitCode> {
    match command {
        LocalCommand::Start { port } => {
            let instance = start(port, ui).await?;
            ui.status("the local AWS is running");
            describe(&instance, ui)?;
        }
        LocalCommand::Stop => {
            let steps = ui.steps();
            let running = local::stop(&dirs()?, &|step| steps.tell(step)).await?;
            steps.done();
            ui.status(if running {
                "stopped the local AWS; everything in it is gone"
            } else {
                "the local AWS was not running"
            });
        }
        LocalCommand::Status => {
            if let Some(instance) = local::status(&dirs()?)? {
                ui.status("the local AWS is running");
                describe(&instance, ui)?;
            } else {
                ui.status("the local AWS is not running; `deployer local start` starts it");
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The running local AWS, started and first of all installed if need be.
pub(super) async fn start(port: Option<u16>, ui: &Ui) -> Result<Instance> {
    let steps = ui.steps();
    let report = |step: &Step<'_>| steps.tell(step);
    let instance = local::start(&dirs()?, &permissions::policy(), port, &report).await?;
    steps.done();
    Ok(instance)
}

pub(super) fn dirs() -> Result<Dirs> {
    Dirs::from_environment(|name| std::env::var_os(name))
}

/// How to reach it with other tools; the keys themselves stay in their files.
fn describe(instance: &Instance, ui: &Ui) -> Result<()> {
    let folder = dirs()?.instance;
    ui.data(&format!("endpoint  {}", instance.endpoint));
    ui.data(&format!("account   {} in {}", instance.account, instance.region));
    ui.data(&format!("process   {}", instance.pid));
    ui.data(&format!("deployer  source {}", folder.join("deployer.env").display()));
    ui.data(&format!("client    source {}", folder.join("client.env").display()));
    ui.data(&format!("auditor   source {}", folder.join("auditor.env").display()));
    Ok(())
}
