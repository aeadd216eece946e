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
    converge(&mut session, &desired, &payloads, Aim::Apply, args.yes, ui).await
}

/// Removes everything that belongs to the stack: the plan against an empty one.
pub(super) async fn destroy(global: &Global, args: &DestroyArgs, ui: &Ui) -> Result<ExitCode> {
    let mut stack = Stack::load(&global.stack)?;
    stack.outputs.clear();
    let desired = desired::nothing(&stack);
    let mut session = Session::open(global, stack, ui).await?;
    let (nothing, aim) = (Payloads::new(), Aim::Destroy);
    let status = converge(&mut session, &desired, &nothing, aim, args.yes, ui).await?;
    if status != ExitCode::SUCCESS {
        return Ok(status);
    }
    residue::clear(&mut session, &desired, ui).await
}

/// What a change of everything is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aim {
    Apply,
    Destroy,
}

async fn converge(
    session: &mut Session,
    desired: &Desired,
    payloads: &Payloads,
    aim: Aim,
    yes: bool,
    ui: &Ui,
) -> Result<ExitCode> {
    let observed = refresh(&session.aws, &session.stack, &session.store.state).await?;
    let plan = plan::plan(desired, &observed, &session.store.state)?;
    ui.plan(&plan, &session.place, false);
    let idle = ui::is_empty(&plan);
    if !idle && !yes {
        ui.confirm(match aim {
            Aim::Apply => "Apply these changes?",
            Aim::Destroy => "Delete all of this?",
        })?;
    }
    let events = |event: &apply::Event<'_>| ui.event(event);
    let mut outcome =
        apply::apply(&plan, payloads, &session.aws, &mut session.store, &events).await?;
    if aim == Aim::Destroy && outcome.failed.is_empty() {
        // The report at the end tells all of it, and more.
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
