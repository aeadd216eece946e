//! `deployer explain`

use std::process::ExitCode;

use super::{Session, build, gather, load, state_file};
use crate::cli::{ExplainArgs, Global};
use crate::error::Result;
use crate::explain::{Explanation, Witness, remembered};
use crate::plan;
use crate::state::Store;
use crate::ui::Ui;

pub(super) async fn run(global: &Global, args: &ExplainArgs, ui: &Ui) -> Result<ExitCode> {
    let stack = load(global)?;
    let address = &stack.called(&args.address)?;
    // Nothing else is gathered or asked for: code that is not its own need not be built.
    let mut alone = stack.clone();
    alone.resources.retain(|other, _| other == address);
    let prepared = gather(global, &alone, &[])?;
    let mut part = stack.clone();
    let closure = stack.closure(address);
    part.resources.retain(|other, _| closure.contains(other));
    let (observed, state, witness) = if args.offline {
        let store = Store::open(state_file(global, &stack.name), &stack.name)?;
        let witness = Witness::State(store.path().display().to_string());
        (remembered(&store.state), store.state, witness)
    } else {
        let mut session = Session::open(global, part, ui).await?;
        // What is left of the state does not tell any more whose it is.
        session.identify().await?;
        session.store.state.resources.retain(|other, _| closure.contains(other));
        let observed = session.observe(ui).await?;
        let place = session.place();
        (observed, session.store.state, Witness::Aws(place))
    };
    let (desired, _) = build(global, &alone, prepared, ui)?;
    let wanted = &desired.resources[address];
    let change = plan::single(&stack.name, (address, wanted), &observed, &state)?;
    ui.explanation(&Explanation::new(&stack, change, witness)?, args.json);
    Ok(ExitCode::SUCCESS)
}
