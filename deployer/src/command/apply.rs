//! `deployer apply` and `deployer destroy`: the same, but for what is desired.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::Value;

use super::{Session, aim, basis, build, caller, given, residue};
use crate::address::Address;
use crate::apply;
use crate::aws::Aws;
use crate::cli::{ApplyArgs, DestroyArgs, Global};
use crate::desired::Payloads;
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::plan::{self, Desired, Observed, Plan, lookup};
use crate::preflight;
use crate::reference;
use crate::saved::SavedPlan;
use crate::stack::Stack;
use crate::state::State;
use crate::ui::{self, Ui};
use crate::verify;

/// On whose word changes are made.
enum Consent {
    /// Somebody's who is asked, with this question.
    Asked(&'static str),
    /// `--yes`.
    Given,
    /// Somebody's who has reviewed the plan in this file.
    Reviewed(PathBuf, Box<SavedPlan>),
}

/// What a run is asked for beside what the stack file declares.
struct Order<'a> {
    /// The command, for those who wait for it.
    command: &'static str,
    /// Whether all is to go.
    destroy: bool,
    /// What becomes the stack's whatever its tags say.
    adopt: &'a [Address],
    /// Whether what is allowed may become wider.
    allow_widening: bool,
    /// Whether to ask IAM first.
    preflight: bool,
}

/// How a run ended.
enum Ended {
    /// All that was planned is done: what was observed before, without what was deleted.
    Reached(Box<Session>, Box<Desired>, Observed),
    /// Something failed, or the run was to end.
    Short(ExitCode),
}

/// Brings AWS to what the stack file declares, or carries out a saved plan.
pub(super) async fn apply(global: &Global, args: &ApplyArgs, ui: &Ui) -> Result<ExitCode> {
    let consent = match &args.plan {
        Some(path) => Consent::Reviewed(path.clone(), Box::new(SavedPlan::read(path)?)),
        None if args.yes => Consent::Given,
        None => Consent::Asked("Apply these changes?"),
    };
    let (destroy, adopt, reviewed) = match &consent {
        Consent::Reviewed(_, saved) => {
            (saved.destroy, saved.adopt.iter().cloned().collect(), saved.allow_widening)
        }
        _ => (false, args.adopt.clone(), false),
    };
    let allow_widening = args.allow_widening || reviewed;
    let order = Order {
        command: "apply",
        destroy,
        adopt: &adopt,
        allow_widening,
        preflight: !args.no_preflight,
    };
    match Box::pin(converge(global, &order, &consent, ui)).await? {
        Ended::Reached(session, desired, observed) if destroy => {
            residue::clear(*session, &desired, observed, ui).await
        }
        Ended::Reached(session, ..) if !args.no_verify => verify(global, *session, ui).await,
        Ended::Reached(..) => Ok(ExitCode::SUCCESS),
        Ended::Short(status) => Ok(status),
    }
}

/// Removes everything that belongs to the stack: the plan against an empty one.
pub(super) async fn destroy(global: &Global, args: &DestroyArgs, ui: &Ui) -> Result<ExitCode> {
    let consent = if args.yes { Consent::Given } else { Consent::Asked("Delete all of this?") };
    let order = Order {
        command: "destroy",
        destroy: true,
        adopt: &[],
        allow_widening: false,
        preflight: !args.no_preflight,
    };
    match Box::pin(converge(global, &order, &consent, ui)).await? {
        Ended::Reached(session, desired, observed) => {
            residue::clear(*session, &desired, observed, ui).await
        }
        Ended::Short(status) => Ok(status),
    }
}

/// Asks what was applied whether it works; the state is free for others meanwhile.
async fn verify(global: &Global, session: Session, ui: &Ui) -> Result<ExitCode> {
    let Session { stack, store, aws, .. } = session;
    let state = store.state.clone();
    drop(store);
    let caller = caller(global, stack.region, ui).await?;
    let asking = ui.waiting("asking whether it works");
    let note = |address: &Address, text: &str| ui.note(&asking, &format!("{address} {text}"));
    let checks = verify::verify(&aws, &caller, &state, &note).await?;
    drop(asking);
    Ok(if ui.checks(&checks) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Plans, asks, and carries out.
async fn converge(global: &Global, order: &Order<'_>, consent: &Consent, ui: &Ui) -> Result<Ended> {
    let Order { destroy, adopt, .. } = *order;
    let interrupt = Interrupt::listen(ui::interrupted)?;
    let mut given = given(global);
    if let Consent::Reviewed(path, saved) = consent {
        saved.check_place(global.local, path)?;
        saved.check_given(&given, path)?;
        given = saved.given.clone();
    }
    let (stack, prepared) = aim(global, &given, destroy, adopt)?;
    let mut session = Session::open_locked(global, stack, order.command, ui).await?;
    if let Consent::Reviewed(path, saved) = consent {
        // Who carries a plan out elsewhere need not be told what cannot be read there.
        session.identify().await?;
        saved.check_basis(&basis(global, &session), path)?;
    }
    let mut observed = session.observe(ui).await?;
    let (desired, payloads) = build(global, &session.stack, prepared, ui)?;
    let plan = plan::plan(&desired, &observed, &session.store.state)?;
    if let Consent::Reviewed(path, saved) = consent {
        let basis = basis(global, &session);
        let again = SavedPlan::new(&session.stack, &desired, destroy, basis, plan.clone());
        saved.check_plan(&again, path)?;
    }
    ui.plan(&plan, &session.place(), false);
    if !order.allow_widening {
        let stack = &session.stack;
        plan.refuse_widening(|address, it| stack.locate(address, &it.field, &it.texts()))?;
    }
    // The user that deploys to the local AWS may do all of it, and may not ask.
    if order.preflight && !global.local {
        look_ahead(global, &session.aws, &plan, order.command, ui).await?;
    }
    if let (Consent::Asked(question), false) = (consent, ui::is_empty(&plan)) {
        ui.confirm(question)?;
    }
    observed.extend(residue::gone(&plan));
    let short = carry_out(&plan, &payloads, destroy, &mut session, &interrupt, ui).await?;
    Ok(match short {
        Some(status) => Ended::Short(status),
        None => Ended::Reached(Box::new(session), Box::new(desired), observed),
    })
}

/// Refuses what IAM would refuse halfway. Where IAM cannot be asked, that shows on the way.
async fn look_ahead(global: &Global, aws: &Aws, plan: &Plan, command: &str, ui: &Ui) -> Result<()> {
    let asking = ui.waiting("asking IAM for permissions that the plan lacks");
    let missing = preflight::missing(aws, plan).await;
    drop(asking);
    match missing {
        Ok(missing) if missing.is_empty() => Ok(()),
        Ok(missing) => Err(preflight::refusal(&missing, command)),
        Err(error) => {
            if global.verbose {
                let causes = error.causes.iter().map(|cause| format!(": {cause}"));
                let why: String = std::iter::once(error.to_string()).chain(causes).collect();
                ui.detail(&format!("permissions were not checked beforehand: {why}"));
            }
            Ok(())
        }
    }
}

/// The status of a run that fell short, if it did.
async fn carry_out(
    plan: &Plan,
    payloads: &Payloads,
    destroy: bool,
    session: &mut Session,
    interrupt: &Interrupt,
    ui: &Ui,
) -> Result<Option<ExitCode>> {
    let Session { stack, store, aws, .. } = session;
    aws.permit(plan);
    let changes = ui.changes(plan);
    let events = |event: &apply::Event<'_>| changes.event(event);
    let interrupted = || interrupt.asked().is_some();
    interrupt.changing();
    let mut outcome = apply::apply(plan, payloads, &*aws, store, &events, &interrupted).await?;
    for (address, error) in &mut outcome.failed {
        error.diagnostics.extend(stack.declared(address));
    }
    if destroy && outcome.failed.is_empty() {
        // The report at the end tells all of it, and more.
        outcome.kept.clear();
    }
    if !ui::is_empty(plan) {
        changes.outcome(&outcome, &aws.calls);
    }
    let outputs = outputs(stack, &store.state);
    store.change(|state| state.outputs.clone_from(&outputs))?;
    interrupt.changed();
    if let Some(signal) = interrupt.asked() {
        return Ok(Some(ExitCode::from(signal.status())));
    }
    if !outputs.is_empty() {
        ui.heading("Outputs");
        ui.outputs(&outputs);
    }
    Ok((!outcome.failed.is_empty()).then_some(ExitCode::FAILURE))
}

/// The outputs whose references all have values.
fn outputs(stack: &Stack, state: &State) -> Vec<(String, String)> {
    let known: BTreeMap<Address, Value> =
        state.all_made().map(|(address, entry)| (address.clone(), entry.outputs.clone())).collect();
    stack
        .outputs
        .iter()
        .map(|(name, text)| {
            (name.clone(), reference::resolve_text(text, &|found| lookup(&known, found)))
        })
        .filter(|(_, value)| reference::in_text(value).0.is_empty())
        .collect()
}
