//! Verification: what was applied is asked whether it works, as its users would see it.

use futures_util::future::join_all;
use serde_json::Value;

use crate::address::Address;
use crate::aws::Aws;
use crate::call::Caller;
use crate::error::Result;
use crate::resource::{self, Check, Job, Object};
use crate::state::{Phase, State};

/// Asks everything that is in the state and ready; the checks of each resource that has any.
pub async fn verify(
    aws: &Aws,
    caller: &Caller,
    state: &State,
    note: &dyn Fn(&Address, &str),
) -> Result<Vec<(Address, Vec<Check>)>> {
    let ready = state.resources.iter().filter(|(_, entry)| entry.phase == Phase::Ready);
    let all = join_all(ready.map(|(address, entry)| async move {
        let note = |text: &str| {
            note(address, text);
            Ok(())
        };
        let ignore = |_: Value| Ok(());
        let job = Job {
            address,
            payload: None,
            fresh: false,
            journal: &ignore,
            announce: &ignore,
            note: &note,
        };
        let live = Object::new(entry.spec.clone(), entry.outputs.clone());
        let checks = resource::of(address)?.verify(aws, &job, caller, live).await;
        checks
            .map(|checks| (address.clone(), checks))
            .map_err(|error| error.within(format!("could not verify {address}")))
    }));
    let all: Vec<_> = all.await.into_iter().collect::<Result<_>>()?;
    Ok(all.into_iter().filter(|(_, checks)| !checks.is_empty()).collect())
}
