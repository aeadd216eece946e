//! Drift: what has changed in AWS since the last apply, whatever `stack.yaml` asks for by now.

use super::{Action, Desired, FieldChange, Observed, Plan, Reason, Wanted, draft};
use crate::diff;
use crate::error::Result;
use crate::resource;
use crate::state::{Phase, State};

/// What would bring AWS back to what the last apply left: a plan that is only ever shown.
pub fn drift(observed: &Observed, state: &State) -> Result<Plan> {
    let applied = state.resources.iter().filter(|(_, entry)| entry.phase == Phase::Ready);
    let resources = applied.map(|(address, entry)| {
        let (spec, depends_on) = (entry.spec.clone(), entry.depends_on.clone());
        (address.clone(), Wanted { spec, depends_on })
    });
    let desired = Desired {
        stack: state.stack.clone(),
        resources: resources.collect(),
        ..Desired::default()
    };
    let mut plan = draft(&desired, observed, state)?;
    // What an interrupted run has left is no drift, but for the next apply to finish.
    plan.changes.retain(|change| change.spec.is_some() || change.reasons == [Reason::CameBack]);
    for change in &mut plan.changes {
        let Some((live, entry)) = change.live.as_ref().zip(state.made(&change.address)) else {
            continue;
        };
        // What AWS assigns tells an object from another one that was put in its place.
        let assigned = resource::of(&change.address)?.outputs();
        let other = diff::between(&live.outputs, &entry.outputs)
            .into_iter()
            .filter(|difference| assigned.contains(&difference.path.as_str()))
            .map(|difference| FieldChange {
                path: difference.path,
                before: difference.before,
                after: difference.after,
                drift: true,
                forces_replacement: false,
                effect: None,
            });
        change.fields.extend(other);
        if change.action == Action::NoOp && !change.fields.is_empty() {
            change.action = Action::Update;
        }
    }
    Ok(plan)
}
