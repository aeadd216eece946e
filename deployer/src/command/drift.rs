//! `deployer drift`

use std::process::ExitCode;

use super::{Session, load};
use crate::cli::{DriftArgs, Global};
use crate::error::{Error, Result};
use crate::plan;
use crate::ui::{self, Ui};

/// The exit status for "something has changed".
const DRIFT: u8 = 2;

pub(super) async fn run(global: &Global, args: &DriftArgs, ui: &Ui) -> Result<ExitCode> {
    let mut stack = load(global)?;
    // What the file asks for by now is for `plan` to say.
    stack.resources.clear();
    let mut session = Session::open(global, stack, ui).await?;
    if session.store.state.serial == 0 {
        return Err(Error::new("there is no last apply to compare AWS with")
            .because(format!("{} remembers nothing", session.store.path().display()))
            .hint(
                "`deployer plan` compares AWS with stack.yaml; an apply remembers what it made",
            ));
    }
    let observed = session.observe(ui).await?;
    let drift = plan::drift(&observed, &session.store.state)?;
    ui.drift(&drift, &session.place(), args.json);
    Ok(if ui::is_empty(&drift) { ExitCode::SUCCESS } else { ExitCode::from(DRIFT) })
}
