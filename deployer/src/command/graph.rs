//! `deployer graph`

use std::process::ExitCode;

use crate::cli::{Global, GraphArgs};
use crate::error::Result;
use crate::stack::Stack;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &GraphArgs, ui: &Ui) -> Result<ExitCode> {
    ui.graph(&Stack::load(&global.stack)?, args.format);
    Ok(ExitCode::SUCCESS)
}
