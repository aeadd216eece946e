//! One resource by itself, among what it depends on.

use super::{Change, Desired, Observed, Planner, Wanted};
use crate::address::Address;
use crate::error::Result;
use crate::resource::Reading;
use crate::state::State;

/// What would become of one resource, whether it may be or not: a change that is only ever shown.
/// References lead to what was observed.
pub fn single(
    stack: &str,
    (address, wanted): (&Address, &Wanted),
    observed: &Observed,
    state: &State,
) -> Result<Change> {
    let known = observed.iter().filter_map(|(address, reading)| match reading {
        Reading::Present(live) => Some((address.clone(), live.outputs.clone())),
        Reading::Absent | Reading::Recoverable(_) => None,
    });
    let known = known.collect();
    let desired = Desired { stack: stack.to_owned(), ..Desired::default() };
    Planner { desired: &desired, observed, state, known }.wanted(address, wanted)
}
