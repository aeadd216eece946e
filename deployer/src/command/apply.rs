//! `deployer apply` and `deployer destroy`: the same, but for what is desired.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::Value;

use super::{Session, caller, gather};
use crate::address::Address;
use crate::apply;
use crate::aws::Aws;
use crate::cli::{ApplyArgs, Global};
use crate::desired::{self, Payloads};
use crate::error::Result;
use crate::plan::{self, Desired, lookup};
use crate::reference;
use crate::refresh::refresh;
use crate::stack::Stack;
use crate::state::State;
use crate::ui::{self, Ui};
use crate::verify;

/// Brings AWS to what the stack file declares.
pub(super) async fn apply(global: &Global, args: &ApplyArgs, ui: &Ui) -> Result<ExitCode> {
    let stack = Stack::load(&global.stack)?;
    let (desired, payloads) = gather(global, &stack, ui)?;
    let session = Session::open(global, stack, ui).await?;
    let region = session.stack.region.clone();
    let state = converge(session, &desired, &payloads, args, "Apply these changes?", ui).await?;
    let Some((aws, state)) = state else { return Ok(ExitCode::FAILURE) };
    if args.no_verify {
        return Ok(ExitCode::SUCCESS);
    }
    let caller = caller(global, region, ui).await?;
    let note = |address: &Address, text: &str| ui.detail(&format!("  {address} {text}"));
    let checks = verify::verify(&aws, &caller, &state, &note).await?;
    Ok(if ui.checks(&checks) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Removes everything that belongs to the stack: the plan against an empty one.
pub(super) async fn destroy(global: &Global, args: &ApplyArgs, ui: &Ui) -> Result<ExitCode> {
    let mut stack = Stack::load(&global.stack)?;
    stack.outputs.clear();
    let desired = desired::nothing(&stack);
    let session = Session::open(global, stack, ui).await?;
    let payloads = Payloads::new();
    let ended = converge(session, &desired, &payloads, args, "Delete all of this?", ui).await?;
    Ok(if ended.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Plans, asks, and carries out; the state that was reached, unless something failed.
async fn converge(
    mut session: Session,
    desired: &Desired,
    payloads: &Payloads,
    args: &ApplyArgs,
    question: &str,
    ui: &Ui,
) -> Result<Option<(Aws, State)>> {
    let observed = refresh(&session.aws, &session.stack, &session.store.state).await?;
    let plan = plan::plan(desired, &observed, &session.store.state)?;
    ui.plan(&plan, &session.place, false);
    let idle = ui::is_empty(&plan);
    if !idle && !args.yes {
        ui.confirm(question)?;
    }
    session.aws.permit(&plan);
    let events = |event: &apply::Event<'_>| ui.event(event);
    let outcome = apply::apply(&plan, payloads, &session.aws, &mut session.store, &events).await?;
    if !idle {
        ui.outcome(&outcome, session.aws.calls.count());
    }
    let outputs = outputs(&session.stack, &session.store.state);
    session.store.change(|state| state.outputs.clone_from(&outputs))?;
    if !outputs.is_empty() {
        ui.heading("Outputs");
        ui.outputs(&outputs);
    }
    Ok(outcome.failed.is_empty().then_some((session.aws, session.store.state)))
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
