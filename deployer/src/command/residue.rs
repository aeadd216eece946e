//! The end of `deployer destroy`: one more look at everything, since what was deleted may come back,
//! and a word on what is left.

use std::process::ExitCode;

use super::Session;
use crate::address::Address;
use crate::apply::{self, Event};
use crate::desired::Payloads;
use crate::error::{Error, Result};
use crate::plan::{self, Action, Desired, Observed, Plan, Residue};
use crate::refresh::refresh;
use crate::resource::{self, AnyResourceType, Reading};
use crate::ui::{self, Ui};

/// How often what came back is deleted again. Logs that were under way bring a group back once.
const ROUNDS: usize = 3;

/// Deletes again what is there again, and tells what is left of what was `observed` before.
pub(super) async fn clear(
    mut session: Session,
    desired: &Desired,
    mut observed: Observed,
    ui: &Ui,
) -> Result<ExitCode> {
    for _ in 0..ROUNDS {
        observed.extend(look(&session, ui).await?);
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
        observed.extend(gone(&plan));
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

/// What a plan has deleted that was carried out: AWS has said so of each.
pub(super) fn gone(plan: &Plan) -> Observed {
    let deleted = plan.actions().filter(|change| change.action == Action::Delete);
    deleted.map(|change| (change.address.clone(), Reading::Absent)).collect()
}

/// What there is now of what may linger; of the rest AWS need not be asked again.
async fn look(session: &Session, ui: &Ui) -> Result<Observed> {
    let _reading = ui.waiting("looking for what may have come back");
    let lingers =
        |address: &Address| resource::find(&address.kind).is_some_and(AnyResourceType::lingers);
    let (mut stack, mut state) = (session.stack.clone(), session.store.state.clone());
    stack.resources.retain(|address, _| lingers(address));
    state.resources.retain(|address, _| lingers(address));
    refresh(&session.aws, &stack, &state).await
}
