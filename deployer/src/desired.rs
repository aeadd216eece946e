//! From a checked stack file to what is desired: local files are read, built and fingerprinted.

use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::error::{Error, Result};
use crate::plan::{Declared, Desired, Wanted, by_tag};
use crate::resource::{self, Adoption, Gathered, Payload, Sources, tags};
use crate::stack::Stack;

/// The bytes that fingerprints stand for, by address. They go to AWS and nowhere else.
pub type Payloads = BTreeMap<Address, Payload>;

/// What is desired of a stack that is to be destroyed.
pub fn nothing(stack: &Stack) -> Desired {
    let declared = stack.resources.iter().map(|(address, declaration)| {
        let declared = Declared {
            depends_on: declaration.depends_on.clone(),
            protected: declaration.protected,
            place: declaration.place.clone(),
        };
        (address.clone(), declared)
    });
    Desired { stack: stack.name.clone(), declared: declared.collect(), ..Desired::default() }
}

/// The objects that are to become the stack's whatever their tags say.
///
/// # Errors
/// An address that the stack file does not declare, or whose type is not adopted by name.
pub fn adopt(stack: &Stack, addresses: &[Address]) -> Result<BTreeSet<Address>> {
    for address in addresses {
        let declaration = stack.entry(address)?;
        if let Adoption::Never(why) = resource::of(address)?.adoption() {
            let refused = Error::new(format!("{address} cannot be adopted by its name"));
            let has_tags = tags::owner(&declaration.declared).is_some();
            let hint = has_tags.then(|| format!("{} instead", by_tag(&stack.name, address)));
            return Err(hint.into_iter().fold(refused.because(why), Error::hint));
        }
    }
    Ok(addresses.iter().cloned().collect())
}

/// What a stack declares, short of what has to be built first: that takes minutes, and what else
/// is wrong is told before.
#[must_use]
pub struct Prepared {
    desired: Desired,
    payloads: Payloads,
    unbuilt: Vec<Address>,
}

impl Prepared {
    /// Nothing, of a stack that is to be destroyed.
    pub fn nothing(stack: &Stack) -> Self {
        Self { desired: nothing(stack), payloads: Payloads::new(), unbuilt: Vec::new() }
    }

    /// What a stack declares, with the objects that are to become its own whatever their tags say.
    ///
    /// # Errors
    /// Everything that is wrong with the local files, in one error.
    pub fn gather(stack: &Stack, own: &[Address], sources: &Sources<'_>) -> Result<Self> {
        let mut prepared = Self::nothing(stack);
        prepared.desired.adopt = adopt(stack, own)?;
        let ready;
        (prepared.unbuilt, ready) =
            stack.resources.keys().cloned().partition(|address| builds(stack, address));
        prepared.add(stack, ready, sources)?;
        Ok(prepared)
    }

    /// Builds what is left, and is complete with it.
    ///
    /// # Errors
    /// Everything that could not be built, in one error.
    pub fn build(mut self, stack: &Stack, sources: &Sources<'_>) -> Result<(Desired, Payloads)> {
        let unbuilt = std::mem::take(&mut self.unbuilt);
        self.add(stack, unbuilt, sources)?;
        Ok((self.desired, self.payloads))
    }

    fn add(&mut self, stack: &Stack, entries: Vec<Address>, sources: &Sources<'_>) -> Result<()> {
        let mut failures = Vec::new();
        for address in entries {
            let declaration = stack.entry(&address)?;
            match resource::of(&address)?.gather(&declaration.declared, sources) {
                Ok(Gathered { spec, payload }) => {
                    let depends_on = declaration.depends_on.clone();
                    self.payloads.extend(payload.map(|payload| (address.clone(), payload)));
                    self.desired.resources.insert(address, Wanted { spec, depends_on });
                }
                Err(error) => failures.push((address, error)),
            }
        }
        in_one(failures)
    }
}

/// All that could not be gathered.
fn in_one(mut failures: Vec<(Address, Error)>) -> Result<()> {
    match failures.len() {
        0 => Ok(()),
        1 => {
            let (address, error) = failures.remove(0);
            Err(error.within(format!("could not prepare {address}")))
        }
        count => {
            let mut all = Error::new(format!("could not prepare {count} resources"));
            for (address, error) in failures {
                let causes = std::iter::once(error.message).chain(error.causes).collect::<Vec<_>>();
                all = all.because(format!("{address}: {}", causes.join(": ")));
                all.hints.extend(error.hints);
            }
            Err(all)
        }
    }
}

/// Whether gathering an entry builds something.
fn builds(stack: &Stack, address: &Address) -> bool {
    let kind = resource::find(&address.kind);
    kind.is_some_and(|kind| kind.builds(&stack.resources[address].declared))
}
