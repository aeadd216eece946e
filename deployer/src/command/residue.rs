//! The end of `deployer destroy`: one more look at everything, since what was deleted may come back,
//! and a word on what is left.

use std::process::ExitCode;

use super::Session;
use crate::apply::{self, Event};
use crate::desired::Payloads;
use crate::error::{Error, Result};
use crate::plan::{self, Desired, Residue};
use crate::ui::{self, Ui};

/// How often what came back is deleted again. Logs that were under way bring a group back once.
const ROUNDS: usize = 3;

/// Deletes again what is there again, and tells what is left.
pub(super) async fn clear(mut session: Session, desired: &Desired, ui: &Ui) -> Result<ExitCode> {
    for _ in 0..ROUNDS {
        let observed = session.observe(ui).await?;
        let plan = plan::plan(desired, &observed, &session.store.state)?;
        if ui::is_empty(&plan) {
            ui.residue(&Residue::of(desired, &observed, &session.store.state));
            return Ok(ExitCode::SUCCESS);
        }
        for change in plan.actions() {
            ui.status(&format!("{} is there again", change.address));
        }
        let changes = ui.changes(&plan);
        let (store, events) = (&mut session.store, |event: &Event<'_>| changes.event(event));
        session.aws.permit(&plan);
        let (none, aws) = (Payloads::new(), &session.aws);
        let outcome = apply::carry_out(&plan, &none, aws, store, &events, &|| false).await;
        if let Some((address, error)) = outcome.failed.into_iter().next() {
            return Err(
                error.within(format!("{address} came back, and could not be deleted again"))
            );
        }
    }
    Err(Error::new("what was deleted came back each time")
        .because(format!("it was deleted {ROUNDS} times more"))
        .hint("run `deployer destroy` again when whatever brings it back has ended"))
}
