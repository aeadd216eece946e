//! What is left after everything was deleted.

use super::{Desired, Observed, ownership};
use crate::address::Address;
use crate::resource::{Reading, Recovery};
use crate::state::{Phase, State};

/// What is left of a stack after a destroy, and what is not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Residue {
    /// How many objects were deleted and are gone.
    pub gone: usize,
    /// What AWS keeps for a while.
    pub kept: Vec<(Address, Recovery)>,
    /// What was left alone because it is not this stack's: whose it is.
    pub others: Vec<(Address, String)>,
}

impl Residue {
    /// What a look at AWS after the last delete tells.
    pub fn of(desired: &Desired, observed: &Observed, state: &State) -> Self {
        let mut residue = Self::default();
        for (address, reading) in observed {
            let entry = state.resources.get(address);
            match reading {
                Reading::Absent => {
                    let deleted = entry.is_some_and(|entry| entry.phase == Phase::Deleted);
                    residue.gone += usize::from(deleted);
                }
                Reading::Recoverable(kept) => residue.kept.push((address.clone(), kept.clone())),
                Reading::Present(live) => {
                    if !ownership::may_delete(&desired.stack, address, live, entry) {
                        residue.others.push((address.clone(), ownership::whose(live)));
                    }
                }
            }
        }
        residue
    }
}
