//! `deployer graph`

use std::process::ExitCode;

use super::load;
use crate::cli::{Global, GraphArgs};
use crate::error::Result;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &GraphArgs, ui: &Ui) -> Result<ExitCode> {
    ui.graph(&load(global)?, args.format);
    Ok(ExitCode::SUCCESS)
}
