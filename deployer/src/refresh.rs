//! Refresh: reads every object that the stack file or the state knows of, as many at once as
//! possible. An object within another one, such as a route of an API, is read once that one is found.

use std::collections::BTreeMap;
use std::future::Future;

use futures_util::future::join_all;
use serde_json::Value;

use crate::address::Address;
use crate::cloud::Cloud;
use crate::error::Result;
use crate::plan::{Observed, lookup};
use crate::reference;
use crate::resource::{self, Object, Reading};
use crate::stack::Stack;
use crate::state::State;

/// What an object is looked up by.
struct Lead {
    /// The last spec that was applied, or the declaration: the identity is a part of it.
    document: Value,
    /// What an earlier run was told by AWS.
    prior: Option<Value>,
}

/// Observes everything that the stack file or the state knows of.
pub async fn refresh(cloud: &dyn Cloud, stack: &Stack, state: &State) -> Result<Observed> {
    let mut leads = leads(stack, state);
    let mut observed = Observed::new();
    let mut outputs: BTreeMap<Address, Value> = BTreeMap::new();
    loop {
        let readings = join_all(reads(cloud, &leads, &outputs)?).await;
        if readings.is_empty() {
            // What is left lives within something that is not there.
            observed.extend(leads.into_keys().map(|address| (address, Reading::Absent)));
            return Ok(observed);
        }
        for (address, reading) in readings {
            let reading = reading.map_err(|mut error| {
                error.diagnostics.extend(stack.declared(&address));
                error.within(format!("could not read {address}"))
            })?;
            if let Reading::Present(live) = &reading {
                outputs.insert(address.clone(), live.outputs.clone());
            }
            leads.remove(&address);
            observed.insert(address, reading);
        }
    }
}

/// The reads of everything whose identity is known by now.
fn reads<'a>(
    cloud: &'a dyn Cloud,
    leads: &BTreeMap<Address, Lead>,
    outputs: &BTreeMap<Address, Value>,
) -> Result<Vec<impl Future<Output = (Address, Result<Reading<Object>>)> + use<'a>>> {
    let mut reads = Vec::new();
    for (address, lead) in leads {
        let kind = resource::of(address)?;
        let document = reference::resolve(&lead.document, &|found| lookup(outputs, found));
        let identity = kind.identity(&document)?;
        if reference::is_unknown(&identity) {
            continue;
        }
        let (address, prior) = (address.clone(), lead.prior.clone());
        reads.push(async move {
            let reading = cloud.read(&address, identity, prior).await;
            (address, reading)
        });
    }
    Ok(reads)
}

/// The state knows where an object is, even when the stack file has since given it another name.
fn leads(stack: &Stack, state: &State) -> BTreeMap<Address, Lead> {
    let declared = stack.resources.iter().map(|(address, declaration)| {
        (address.clone(), Lead { document: declaration.declared.clone(), prior: None })
    });
    let remembered = state.resources.iter().map(|(address, entry)| {
        (address.clone(), Lead { document: entry.spec.clone(), prior: Some(entry.outputs.clone()) })
    });
    declared.chain(remembered).collect()
}
