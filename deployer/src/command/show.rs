//! `deployer show`

use std::process::ExitCode;

use time::OffsetDateTime;

use super::{elsewhere, load, state_file};
use crate::cli::{Global, ShowArgs};
use crate::error::Result;
use crate::state::Store;
use crate::ui::Ui;

pub(super) fn run(global: &Global, args: &ShowArgs, ui: &Ui) -> Result<ExitCode> {
    let stack = load(global)?.name;
    let store = Store::open(state_file(global, &stack), &stack)?;
    let whose = if global.local { "the local AWS" } else { "AWS" };
    if store.state.resources.is_empty()
        && let Some(where_else) = elsewhere(global, &stack)
    {
        ui.status(where_else);
    }
    ui.deployed(&store, whose, store.written()?.map(OffsetDateTime::from), args.json);
    Ok(ExitCode::SUCCESS)
}
