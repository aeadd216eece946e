//! `deployer state`: what is remembered, and what to do when that is wrong.

use std::process::ExitCode;

use super::{Session, holder, lineage, load, open_locked, state_file};
use crate::address::Address;
use crate::cli::{Global, StateCommand};
use crate::discover::{discover, remember};
use crate::error::{Error, Result};
use crate::stack::Stack;
use crate::state::{Entry, State, Store};
use crate::ui::Ui;

pub(super) async fn run(global: &Global, command: &StateCommand, ui: &Ui) -> Result<ExitCode> {
    let loaded = load(global)?;
    let stack = loaded.name.clone();
    match command {
        StateCommand::List { json } => ui.state_list(&read(global, &stack)?, *json),
        StateCommand::Show { address: None, json } => {
            ui.state(&read(global, &stack)?, *json);
        }
        StateCommand::Show { address: Some(address), json } => {
            let state = read(global, &stack)?;
            ui.entry(address, entry(&state, address)?, *json);
        }
        StateCommand::Rebuild { yes } => rebuild(global, loaded, *yes, ui).await?,
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

/// Makes the state again from what AWS holds; the old file is not even read, as it may be torn.
async fn rebuild(global: &Global, stack: Stack, yes: bool, ui: &Ui) -> Result<()> {
    let path = state_file(global, &stack.name);
    let store = Store::anew(path, &stack.name, &holder(global, "state rebuild"), lineage()?)?;
    let edges =
        stack.resources.iter().map(|(address, it)| (address.clone(), it.depends_on.clone()));
    let edges = edges.collect();
    let mut session = Session::over(global, stack, store, ui).await?;
    session.identify().await?;
    ui.detail(&format!("looking for all that carries the tags of {}", session.stack.name));
    let found = discover(&session.aws, &session.stack.name).await?;
    let count = found.len();
    let mut rebuilt = session.store.state.clone();
    rebuilt.resources = remember(found, &edges);
    ui.state_list(&rebuilt, false);
    if !yes {
        ui.confirm("Remember this, and nothing else?")?;
    }
    let aside = session.store.set_aside()?;
    session.store.begin(|state| state.resources = rebuilt.resources)?;
    ui.status(&format!(
        "{} remembers {count} objects of the stack {}",
        session.store.path().display(),
        session.stack.name
    ));
    if let Some(aside) = aside {
        ui.detail(&format!("what it held before is in {}", aside.display()));
    }
    ui.detail("run `deployer apply` for the outputs, and to see that nothing differs");
    Ok(())
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
