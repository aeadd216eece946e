//! `deployer apply` and `deployer destroy`: the same, but for what is desired.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::Value;

use super::{Session, gather, residue};
use crate::address::Address;
use crate::apply;
use crate::cli::{ApplyArgs, DestroyArgs, Global};
use crate::desired::{self, Payloads};
use crate::error::Result;
use crate::plan::{self, Desired, lookup};
use crate::reference;
use crate::refresh::refresh;
use crate::stack::Stack;
use crate::state::{Phase, State};
use crate::ui::{self, Ui};

/// Brings AWS to what the stack file declares.
pub(super) async fn apply(global: &Global, args: &ApplyArgs, ui: &Ui) -> Result<ExitCode> {
    let stack = Stack::load(&global.stack)?;
    let (desired, payloads) = gather(global, &stack, &args.adopt, ui)?;
    let mut session = Session::open(global, stack, ui).await?;
    let question = (!args.yes).then_some("Apply these changes?");
    converge(&mut session, &desired, &payloads, question, ui).await
}

/// Removes everything that belongs to the stack: the plan against an empty one.
pub(super) async fn destroy(global: &Global, args: &DestroyArgs, ui: &Ui) -> Result<ExitCode> {
    let mut stack = Stack::load(&global.stack)?;
    stack.outputs.clear();
    let desired = desired::nothing(&stack);
    let mut session = Session::open(global, stack, ui).await?;
    let question = (!args.yes).then_some("Delete all of this?");
    let status = converge(&mut session, &desired, &Payloads::new(), question, ui).await?;
    if status != ExitCode::SUCCESS {
        return Ok(status);
    }
    residue::clear(&mut session, &desired, ui).await
}

async fn converge(
    session: &mut Session,
    desired: &Desired,
    payloads: &Payloads,
    question: Option<&str>,
    ui: &Ui,
) -> Result<ExitCode> {
    let observed = refresh(&session.aws, &session.stack, &session.store.state).await?;
    let plan = plan::plan(desired, &observed, &session.store.state)?;
    ui.plan(&plan, &session.place, false);
    let idle = ui::is_empty(&plan);
    if let Some(question) = question.filter(|_| !idle) {
        ui.confirm(question)?;
    }
    let events = |event: &apply::Event<'_>| ui.event(event);
    let mut outcome =
        apply::apply(&plan, payloads, &session.aws, &mut session.store, &events).await?;
    if desired.resources.is_empty() && outcome.failed.is_empty() {
        // The end of a destroy tells all of it, and more.
        outcome.kept.clear();
    }
    if !idle {
        ui.outcome(&outcome, session.aws.calls.count());
    }
    let outputs = outputs(&session.stack, &session.store.state);
    session.store.change(|state| state.outputs.clone_from(&outputs))?;
    if !outputs.is_empty() {
        ui.heading("Outputs");
        ui.outputs(&outputs);
    }
    Ok(if outcome.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The outputs whose references all have values.
fn outputs(stack: &Stack, state: &State) -> Vec<(String, String)> {
    let known: BTreeMap<Address, Value> = state
        .resources
        .iter()
        .filter(|(_, entry)| entry.phase != Phase::Deleted)
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
