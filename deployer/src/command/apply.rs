//! `deployer apply` and `deployer destroy`: the same, but for what is desired.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::Value;

use super::{Session, gather};
use crate::address::Address;
use crate::apply;
use crate::cli::{ApplyArgs, Global};
use crate::desired::{self, Payloads};
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::plan::{self, Desired, lookup};
use crate::reference;
use crate::refresh::refresh;
use crate::stack::Stack;
use crate::state::State;
use crate::ui::{self, Ui};

/// Brings AWS to what the stack file declares.
pub(super) async fn apply(global: &Global, args: &ApplyArgs, ui: &Ui) -> Result<ExitCode> {
    let interrupt = Interrupt::listen(ui::interrupted)?;
    let stack = Stack::load(&global.stack)?;
    let (desired, payloads) = gather(global, &stack, ui)?;
    let session = Session::open_locked(global, stack, "apply", ui).await?;
    converge(session, &desired, &payloads, args, &interrupt, "Apply these changes?", ui).await
}

/// Removes everything that belongs to the stack: the plan against an empty one.
pub(super) async fn destroy(global: &Global, args: &ApplyArgs, ui: &Ui) -> Result<ExitCode> {
    let interrupt = Interrupt::listen(ui::interrupted)?;
    let mut stack = Stack::load(&global.stack)?;
    stack.outputs.clear();
    let desired = desired::nothing(&stack);
    let session = Session::open_locked(global, stack, "destroy", ui).await?;
    converge(session, &desired, &Payloads::new(), args, &interrupt, "Delete all of this?", ui).await
}

async fn converge(
    mut session: Session,
    desired: &Desired,
    payloads: &Payloads,
    args: &ApplyArgs,
    interrupt: &Interrupt,
    question: &str,
    ui: &Ui,
) -> Result<ExitCode> {
    let observed = refresh(&session.aws, &session.stack, &session.store.state).await?;
    let plan = plan::plan(desired, &observed, &session.store.state)?;
    ui.plan(&plan, &session.place, false);
    let idle = ui::is_empty(&plan);
    if !idle && !args.yes {
        ui.confirm(question)?;
    }
    let events = |event: &apply::Event<'_>| ui.event(event);
    let interrupted = || interrupt.asked().is_some();
    interrupt.changing();
    let outcome = apply::apply(
        &plan,
        payloads,
        &session.aws,
        &mut session.store,
        &events,
        &interrupted,
    )
    .await?;
    if !idle {
        ui.outcome(&outcome, session.aws.calls.count());
    }
    let outputs = outputs(&session.stack, &session.store.state);
    session.store.change(|state| state.outputs.clone_from(&outputs))?;
    interrupt.changed();
    if !outputs.is_empty() {
        ui.heading("Outputs");
        ui.outputs(&outputs);
    }
    if let Some(signal) = interrupt.asked() {
        return Ok(ExitCode::from(signal.status()));
    }
    Ok(if outcome.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The outputs whose references all have values.
fn outputs(stack: &Stack, state: &State) -> Vec<(String, String)> {
    let known: BTreeMap<Address, Value> = state
        .resources
        .iter()
        .map(|(address, entry)| (address.clone(), entry.outputs.clone()))
        .collect();
    stack
        .outputs
        .iter()
        .map(|(name, text)| {
            (name.clone(), reference::resolve_text(text, &|found| lookup(&known, found)))
        })
        .filter(|(_, value)| reference::in_text(value).0.is_empty())
        .collect()
}
