//! `deployer state`: what is remembered, and what to do when that is wrong.

use std::process::ExitCode;

use super::{open_locked, state_file};
use crate::address::Address;
use crate::cli::{Global, StateCommand};
use crate::error::{Error, Result};
use crate::stack::Stack;
use crate::state::{Entry, State, Store};
use crate::ui::Ui;

pub(super) fn run(global: &Global, command: &StateCommand, ui: &Ui) -> Result<ExitCode> {
    let stack = Stack::load(&global.stack)?.name;
    match command {
        StateCommand::List { json } => ui.state_list(&read(global, &stack)?, *json),
        StateCommand::Show { address: None, json } => {
            ui.state(&read(global, &stack)?, *json);
        }
        StateCommand::Show { address: Some(address), json } => {
            let state = read(global, &stack)?;
            ui.entry(address, entry(&state, address)?, *json);
        }
        StateCommand::Forget { address, yes } => forget(global, &stack, address, *yes, ui)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn read(global: &Global, stack: &str) -> Result<State> {
    Store::open(state_file(global, stack), stack).map(|store| store.state)
}

fn entry<'s>(state: &'s State, address: &Address) -> Result<&'s Entry> {
    state.resources.get(address).ok_or_else(|| {
        Error::new(format!("the state remembers no {address}"))
            .hint("`deployer state list` shows what it remembers")
    })
}

/// The object is not even looked at: this must work when AWS cannot be reached.
fn forget(global: &Global, stack: &str, address: &Address, yes: bool, ui: &Ui) -> Result<()> {
    let mut store = open_locked(global, stack, "state forget")?;
    ui.entry(address, entry(&store.state, address)?, false);
    if !yes {
        ui.confirm(&format!("Forget {address}?"))?;
    }
    store.change(|state| drop(state.resources.remove(address)))?;
    ui.status(&format!("forgot {address}; AWS keeps the object"));
    ui.detail(
        "declared in stack.yaml, it is found again by its name and tags; otherwise it is yours",
    );
    Ok(())
}
